"""The requests for a device on a serial line: no two in a row whose answers could be taken for each other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.reading.decode.device_map import DeviceMap, device_map
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.plan.spans import Span
from exporter.reading.readpass.memory import Limits, Memory
from exporter.reading.readpass.planning import make_requests
from tests import hostile


def a_map(target: str) -> DeviceMap:
    config = hostile.config({"name": "a", "target": target, "module": "cs141"})
    return device_map(config.devices[0], config.maps)


SERIAL, TCP = a_map("rtu:///dev/ttyS0"), a_map("tcp://10.0.0.1")


def lengths(spans: list[Span], device: DeviceMap, max_words: int = 125) -> list[int]:
    memory = Memory(FrameWatch(60.0), limits=Limits(max_words))
    return [request.count for request in make_requests(spans, device, memory)]


@pytest.mark.parametrize(
    ("modules", "max_words", "serial"),
    [
        # 330 modules of 5 words are 1650: 14 requests either way
        (330, 125, [*[125, 124] * 6, 125, 31]),
        (40, 125, [125, 75]),
        (50, 125, [125, 124, 1]),
        (60, 100, [100, 99, 100, 1]),
    ],
)
def test_lengths_take_turns(modules: int, max_words: int, serial: list[int]) -> None:
    spans = [Span(3, address, 1) for address in range(1060, 1060 + 5 * modules)]
    assert lengths(spans, SERIAL, max_words) == serial
    tcp = lengths(spans, TCP, max_words)
    assert tcp[:-1] == [max_words] * (len(tcp) - 1)
    assert len(tcp) >= len(serial) - 1


@pytest.mark.parametrize(
    ("values", "serial"),
    [
        # (address, registers): what is one value stays whole, whatever else the device has
        ([(0, 4), (10, 4), (20, 1)], [4, 4, 1]),
        ([(0, 4), (10, 2), (12, 1), (20, 2), (22, 1)], [4, 3, 2, 1]),
        ([(0, 1), (2, 1), (4, 1), (6, 1)], [1, 1, 1, 1]),
        # the second of two is shortened, and what comes then may be as long again
        ([(0, 1), (1, 1), (10, 1), (11, 1), (20, 1), (21, 1)], [2, 1, 1, 2]),
    ],
)
def test_values_stay_whole_where_lengths_take_turns(values: list[tuple[int, int]], serial: list[int]) -> None:
    for function in (3, 4):
        spans = [Span(function, address, registers) for address, registers in values]
        assert lengths(spans, SERIAL) == serial


def test_bits_keep_their_lengths() -> None:
    # answers differ in whole bytes only, so one bit less would tell nothing
    assert lengths([Span(1, address, 1) for address in range(64)], SERIAL, 2) == [32, 32]


@given(
    st.sets(st.integers(0, 400), max_size=200), st.integers(1, 4), st.integers(2, 40), st.sampled_from([3, 4])
)
def test_every_word_is_asked_for_once_and_no_two_lengths_are_alike(
    addresses: set[int], size: int, max_words: int, function: int
) -> None:
    spans = [Span(function, size * address, size) for address in addresses]
    memory = Memory(FrameWatch(60.0), limits=Limits(max_words))
    requests = make_requests(spans, SERIAL, memory)
    assert [span for request in requests for span in request.spans] == sorted(spans)
    for request in requests:
        assert request.count <= max(max_words, size)
        assert all(request.address <= span.address and span.end <= request.end for span in request.spans)
    for one, other in pairwise(requests):
        # what cannot be made shorter stays as it is: single values
        assert one.count != other.count or other.count == size
