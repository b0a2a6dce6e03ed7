"""The read plan: which requests fetch the words wanted. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

from exporter.reading.plan.spans import MAX_BITS, MAX_REGISTERS, Ranges, Request, Span


def plan(
    wanted: Iterable[Span], readable: Mapping[int, Ranges], max_words: int = MAX_REGISTERS
) -> tuple[Request, ...]:
    """The fewest requests that cover all wanted spans, and of those the ones that read the least besides.

    `readable` are, per function code, the inclusive address ranges in which unwanted words may be read too.
    A request takes at most `max_words` registers (16 times as many bits for functions 1 and 2). Spans do not
    overlap. Raises ValueError when a span alone is longer than a request may be.
    """
    by_function: dict[int, list[Span]] = {}
    for span in sorted(set(wanted)):
        by_function.setdefault(span.function, []).append(span)
    requests: list[Request] = []
    for function, spans in by_function.items():
        limit = min(max_words * 16, MAX_BITS) if function in (1, 2) else min(max_words, MAX_REGISTERS)
        for span in spans:
            if span.count > limit:
                raise ValueError(f"a value of {span.count} words does not fit into requests of {limit} words")
        requests += _cover(spans, readable.get(function, ()), limit)
    return tuple(requests)


def _cover(spans: list[Span], readable: Ranges, limit: int) -> list[Request]:
    # A request is filled from the left up to its limit, which needs the fewest; ending it earlier helps
    # only at a gap, by not reading the gap. So the search is for the shortest path over the places where a
    # request may end, with (requests, words read) as the length; `best` has that, and where the last begins.
    ends = [span.end for span in spans]
    gaps = [index for index in range(1, len(spans)) if spans[index].address > ends[index - 1]]
    walls = [index for index in gaps if not _inside(ends[index - 1], spans[index].address - 1, readable)]
    walls.append(len(spans))
    best: dict[int, tuple[int, int, int]] = {0: (0, 0, 0)}
    for start, span in enumerate(spans):
        if start not in best:
            continue
        count, words, _ = best[start]
        full = min(bisect_right(ends, span.address + limit), walls[bisect_right(walls, start)])
        for stop in (*gaps[bisect_right(gaps, start) : bisect_left(gaps, full)], full):
            path = count + 1, words + ends[stop - 1] - span.address, start
            if stop not in best or path[:2] < best[stop][:2]:
                best[stop] = path
    requests: list[Request] = []
    stop = len(spans)
    while stop:
        start = best[stop][2]
        requests.insert(0, Request.of(*spans[start:stop]))
        stop = start
    return requests


def _inside(low: int, high: int, ranges: Ranges) -> bool:
    return any(first <= low and high <= last for first, last in ranges)


def plan_in_turns(
    wanted: Iterable[Span], readable: Mapping[int, Ranges], max_words: int = MAX_REGISTERS
) -> tuple[Request, ...]:
    """The same for a serial line, but that no two requests in a row are for as many registers.

    RTU has no transaction number: only its length distinguishes a repeated answer from the next one.
    """
    spans = tuple(wanted)
    result: list[Request] = []
    requests: Sequence[Request] = plan(spans, readable, max_words)
    while requests:
        first, *requests = requests
        same = bool(result) and (first.function, first.count) == (result[-1].function, result[-1].count)
        if same and first.function in (3, 4) and len(first.spans) > 1:
            first = plan(first.spans, readable, first.count - 1)[0]
            behind = Span(first.function, first.end, 0)
            requests = plan([span for span in spans if span >= behind], readable, max_words)
        result.append(first)
    return tuple(result)


def with_holes(readable: Mapping[int, Ranges], holes: Iterable[tuple[int, int]]) -> dict[int, Ranges]:
    """The ranges that may be read over, without the `holes`: pairs of function and address."""
    result: dict[int, Ranges] = dict(readable)
    for function, hole in holes:
        ranges = result.get(function, ())
        result[function] = [part for low, high in ranges for part in _cut(low, high, hole)]
    return result


def _cut(low: int, high: int, hole: int) -> Iterable[tuple[int, int]]:
    return [(a, b) for a, b in ((low, min(high, hole - 1)), (max(low, hole + 1), high)) if a <= b]
