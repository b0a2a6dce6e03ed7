"""The requests for the words wanted from one device, by what is known of it. Pure."""

from collections.abc import Iterable, Sequence

from exporter.reading.layout import DeviceMap
from exporter.reading.memory import Memory
from exporter.reading.plan import Ranges, Span, plan

Request = tuple[Span, list[Span]]
"""A request with the spans it covers."""


def make_requests(
    spans: Sequence[Span], device: DeviceMap, memory: Memory, max_words: int = 0
) -> list[Request]:
    """The fewest requests for `spans`, of at most `max_words` words if given."""
    limit = min(max_words or memory.max_words, memory.max_words, device.device.options.max_words)
    # a value that is longer than what was found to be taken at once is still asked for
    longest = max((span.count for span in spans), default=1)
    result = []
    ordered = iter(sorted(spans))
    span = next(ordered, None)
    for request in plan(spans, _readable(device, memory), max(limit, longest)):
        inside = []
        while span is not None and span.function == request.function and span.end <= request.end:
            inside.append(span)
            span = next(ordered, None)
        result.append((request, inside))
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
