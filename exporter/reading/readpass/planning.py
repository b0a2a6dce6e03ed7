"""The requests for a device, by its map and what is remembered of it."""

from collections.abc import Sequence

from exporter.maps.model import Group
from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.decode.layout import Layout
from exporter.reading.plan.cover import plan, plan_in_turns, with_holes
from exporter.reading.plan.order import Part
from exporter.reading.plan.spans import Request, Span
from exporter.reading.readpass.memory import Memory


def make_requests(
    spans: Sequence[Span], device: DeviceMap, memory: Memory, max_words: int = 0
) -> Sequence[Request]:
    """The fewest requests for `spans`, of at most `max_words` words if given."""
    if not spans:
        return ()
    limits = memory.limits
    limit = min(max_words or limits.max_words, limits.max_words, device.config.options.max_words)
    # a value that is longer than what was found to be taken at once is still asked for
    limit = max(limit, *(span.count for span in spans), 1)
    avoided = memory.refusals.spans | memory.suspects.spans.difference(spans)
    holes = {(s.function, address) for s in avoided for address in range(s.address, s.end)}
    readable = with_holes(device.readable, holes | limits.unreadable)
    numbered = device.config.target.endpoint.numbers_requests
    return (plan if numbered else plan_in_turns)(spans, readable, limit)


def parts(device: DeviceMap, layout: Layout, memory: Memory) -> list[Part]:
    """The groups of a layout, as their order is made of them."""
    sections = {trust.section for trust in device.trusts}

    def part(group: Group) -> Part:
        counting = device.counting_group(group) if group.repeat else group
        return Part(
            layout.group_spans[group.name],
            repeats=group.repeat is not None,
            sure=not counting.optional or counting.name in memory.presence.found,
            optional=counting.optional,
            vouches=any(word.section in sections for word in group.words),
        )

    return [part(group) for group in device.groups if group.name in layout.group_spans]
