"""In which order words are asked for, by what is sure to be there and what was left over."""

import pytest

from exporter.reading.plan.order import Part, in_order
from exporter.reading.plan.spans import Span


def spans(*addresses: int) -> tuple[Span, ...]:
    return tuple(Span(3, address, 1) for address in addresses)


UPS = Part(spans(97, 98), vouches=True)
BACS = Part(spans(1000, 1001), optional=True, vouches=True)
MAYBE = Part(spans(1000, 1001), optional=True, sure=False)
MODULES = Part(spans(1060, 1061, 1062), repeats=True, optional=True)
SENSORS = Part(spans(143))


@pytest.mark.parametrize(
    ("parts", "left_over", "order"),
    [
        ([], [], []),
        # what does not repeat comes first, and of it what vouches for others
        ([MODULES, SENSORS, BACS, UPS], [], [97, 98, 143, 1000, 1001, 1060, 1061, 1062]),
        # what may not be there comes last
        ([MAYBE, UPS, MODULES], [], [97, 98, 1060, 1061, 1062, 1000, 1001]),
        # modules that were left over come before the other modules, after the alarms
        ([UPS, BACS, MODULES], [1062], [97, 98, 1000, 1001, 1062, 1060, 1061]),
        # alarms that were left over come first of all
        ([UPS, BACS, MODULES], [1001, 1061], [1001, 1061, 97, 98, 1000, 1060, 1062]),
        # what is not there any more is not asked for
        ([UPS], [1060], [97, 98]),
    ],
)
def test_order(parts: list[Part], left_over: list[int], order: list[int]) -> None:
    places = in_order(parts, spans(*left_over))
    assert [span.address for span in sorted(places, key=places.__getitem__)] == order
    assert sorted(places.values()) == list(range(len(order)))
