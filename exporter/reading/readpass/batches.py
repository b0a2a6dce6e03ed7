"""The requests for the words wanted from one device, by what is known of it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.plan.cover import plan
from exporter.reading.plan.spans import Ranges, Request, Span
from exporter.reading.readpass.memory import Memory


def make_requests(
    spans: Sequence[Span], device: DeviceMap, memory: Memory, max_words: int = 0
) -> Sequence[Request]:
    """The fewest requests for `spans`, of at most `max_words` words if given."""
    limit = min(max_words or memory.max_words, memory.max_words, device.config.options.max_words)
    # a value that is longer than what was found to be taken at once is still asked for
    longest = max((span.count for span in spans), default=1)
    ordered = sorted(spans)
    readable = _readable(device, memory)
    most = max(limit, longest)
    if device.config.target.endpoint.numbers_requests:
        return plan(ordered, readable, most)
    return _varied(ordered, readable, most, longest)


def _varied(
    spans: Sequence[Span], readable: Mapping[int, Ranges], limit: int, longest: int
) -> Sequence[Request]:
    """The same for a serial line, but that no two requests in a row are for as many registers.

    RTU has no transaction number: an answer that comes twice is told from the next one by its length.
    """
    result: list[Request] = []
    requests: Sequence[Request] = plan(spans, readable, limit)
    while requests:
        first, *requests = requests
        same = bool(result) and (first.function, first.count) == (result[-1].function, result[-1].count)
        shorter = same and first.function in (3, 4) and first.count > longest
        if shorter:
            first = plan(spans, readable, first.count - 1)[0]
        result.append(first)
        spans = [span for span in spans if span >= Span(first.function, first.end, 0)]
        if shorter:
            requests = plan(spans, readable, limit)
    return result


def _readable(device: DeviceMap, memory: Memory) -> dict[int, Ranges]:
    holes = {(s.function, address) for s in memory.refused for address in range(s.address, s.end)}
    holes |= memory.unreadable
    result: dict[int, Ranges] = dict(device.readable)
    for function, hole in holes:
        ranges = result.get(function, ())
        result[function] = [part for low, high in ranges for part in _cut(low, high, hole)]
    return result


def _cut(low: int, high: int, hole: int) -> Iterable[tuple[int, int]]:
    if not low <= hole <= high:
        return [(low, high)]
    return [(a, b) for a, b in ((low, hole - 1), (hole + 1, high)) if a <= b]
