"""Answers are checked byte by byte; the frame with a source is that of the CS121 manual (device.md 2.8)."""

import struct
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.reading.transport.answers import Expected, LinkError, parse_rtu, parse_tcp
from tests.hostile import crc


def test_the_manuals_frame() -> None:
    assert parse_rtu(bytearray.fromhex("010402 1234 B447"), Expected(1, 4, 1)) == [0x1234]
    assert parse_tcp(bytearray.fromhex("0007 0000 0005 01 0402 1234"), Expected(1, 4, 1), 7) == [0x1234]


def test_bits_come_lowest_first_and_the_padding_is_left_out() -> None:
    assert parse_tcp(bytearray.fromhex("0001 0000 0005 01 0102 0502"), Expected(1, 1, 10), 1) == [
        1, 0, 1, 0, 0, 0, 0, 0, 0, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("size", range(12))
def test_a_frame_that_is_not_whole_yet_is_waited_for(size: int) -> None:
    whole = bytes.fromhex("0007 0000 0007 01 0404 1234 5678")
    assert parse_tcp(bytearray(whole[:size]), Expected(1, 4, 2), 7) is None


def test_an_answer_that_comes_twice_is_said_to() -> None:
    whole = bytes.fromhex("0007 0000 0005 01 0402 1234")
    for rest, says in (
        (whole, "the same answer came twice, one behind the other"),
        (whole[:-1], "10 bytes too many behind the answer"),
        (whole[:-1] + b"\x35", "11 bytes too many behind the answer"),
    ):
        with pytest.raises(LinkError, match=says) as raised:
            parse_tcp(bytearray(whole + rest), Expected(1, 4, 1), 7)
        assert raised.value.reason == "frame"


@given(st.binary(max_size=300), st.integers(1, 2), st.integers(1, 4), st.integers(1, 4))
@example(b"\x01\x03\x02\x00\x07", 1, 3, 1)
def test_nothing_but_a_right_frame_gives_values(noise: bytes, unit: int, function: int, count: int) -> None:
    expected = Expected(unit, function, count)
    body = bytes((unit, function, expected.byte_count)) + bytes(range(expected.byte_count))
    right = body + crc(body)
    for buffer in (noise, noise + right[:-1], noise + right[:-1] + bytes((right[-1] ^ 0x55,))):
        try:
            values = parse_rtu(bytearray(buffer), expected)
        except LinkError:
            continue
        # only if the noise happens to be a frame
        assert values is None or any(
            buffer[i : i + 3] == body[:3] and crc(buffer[i : i + len(body)]) == buffer[i + len(body) :][:2]
            for i in range(len(buffer))
        )
    try:
        assert parse_rtu(bytearray(noise + right), expected) is not None
    except LinkError as error:
        # noise that is itself a whole exception answer of this unit
        assert error.exception_code is not None  # noqa: PT017
    with suppress(LinkError):
        assert parse_tcp(bytearray(noise), expected, 0x0102) is None or noise[:2] == b"\x01\x02"


@given(
    st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125), st.integers(0, 255), st.sampled_from([3, 4])
)
def test_every_right_frame_gives_its_values(words: list[int], unit: int, function: int) -> None:
    pdu = bytes((function, 2 * len(words))) + struct.pack(f">{len(words)}H", *words)
    body = bytes((unit,)) + pdu
    expected = Expected(unit, function, len(words))
    assert parse_rtu(bytearray(body + crc(body)), expected) == words
    head = struct.pack(">HHH", 9, 0, len(body))
    assert parse_tcp(bytearray(head + body), expected, 9) == words
