"""Requests as bytes, what their answers must look like, and what is wrong with one that does not. Pure."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from exporter.reading.link import checksum
from exporter.reading.plan.spans import Request

_EXCEPTIONS = {
    1: "illegal function", 2: "illegal data address", 3: "illegal data value", 4: "device failure",
    5: "acknowledge", 6: "device busy", 10: "gateway path unavailable", 11: "gateway target did not respond",
}  # fmt: skip
REASONS = (
    "resolve", "connect", "timeout", "closed", "frame", "unit", "function", "length", "transaction",
    *(f"exception_{code}" for code in _EXCEPTIONS),
)  # fmt: skip
"""The reasons a request can fail for, as generex_exporter_modbus_errors_total shows them."""

REFUSED = (1, 2, 3)  # some devices say 1 of a request that is too long, others of one word
CANNOT = 4  # a CS121 says so of what it cannot serve (device.md 4); but so does any device in trouble
BUSY = (5, 6)
NOBODY_THERE = (10, 11)  # behind a gateway
BUSY_PAUSE = (0.1, 1.0)  # seconds until a busy device is asked again; the first pause, and the longest
NO_PLACE = ("connect", "closed")  # the answer of a device whose few connections are all taken
PLACE_WAIT, PLACE_PAUSE = 1.0, 0.1  # seconds that it may take until there is one, and between two tries

MAX_FRAME = 260
_HEADER = struct.Struct(">HH")  # of a Modbus/TCP frame, behind its transaction: protocol and length
_READS = (1, 2, 3, 4)  # coils, discrete inputs, holding and input registers: nothing else is ever sent


class LinkError(Exception):
    """A request that got no usable answer. `reason` is one of REASONS (or another exception_N)."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def exception_code(self) -> int | None:
        """The Modbus exception code, when the device answered with one."""
        return int(self.reason.removeprefix("exception_")) if self.reason.startswith("exception_") else None


class NotAskedError(LinkError):
    """There was no time left to send the request at all: that says nothing about the device."""

    def __init__(self, text: str) -> None:
        super().__init__("timeout", text)


class Expected(NamedTuple):
    """The answer that a request for `count` registers (or bits) must get."""

    unit: int
    function: int
    count: int  # type: ignore[assignment]  # in place of the method of tuples

    @property
    def byte_count(self) -> int:
        """How many bytes of data the answer carries."""
        return (self.count + 7) // 8 if self.function in (1, 2) else self.count * 2


def build_tcp(unit: int, request: Request, transaction: int) -> bytes:
    """A request as a Modbus/TCP frame. Raises ValueError for a function that does not read."""
    return struct.pack(">HHH", transaction, 0, 6) + _body(unit, request)


def build_rtu(unit: int, request: Request) -> bytes:
    """A request as an RTU frame, with its checksum. Raises ValueError for a function that does not read."""
    body = _body(unit, request)
    return body + checksum(body).to_bytes(2)


def _body(unit: int, request: Request) -> bytes:
    if request.function not in _READS:
        raise ValueError(f"function {request.function} does not read")
    return struct.pack(">BBHH", unit, request.function, request.address, request.count)


def size_of_tcp(buffer: bytearray) -> int:
    """The bytes of the frame whose first 8 or more are in `buffer`. Raises LinkError when it is none."""
    protocol, length = _HEADER.unpack_from(buffer, 2)
    if protocol != 0 or not 3 <= length <= MAX_FRAME - 6:
        raise LinkError("frame", f"answer is no Modbus/TCP frame: {buffer[:8].hex()}")
    return 6 + int(length)


def frames_of_tcp(buffer: bytearray) -> list[bytearray]:
    """The whole frames that `buffer` begins with."""
    frames: list[bytearray] = []
    while len(buffer) >= 8:
        try:
            size = size_of_tcp(buffer)
        except LinkError:
            break  # a broken frame is found, and reported, at the front of the buffer
        if len(buffer) < size:
            break
        frames.append(buffer[:size])
        buffer = buffer[size:]
    return frames


def parse_tcp(buffer: bytearray, expected: Expected, transaction: int) -> list[int] | None:
    """The values of a whole, right answer; None when more bytes are needed. Raises LinkError."""
    if len(buffer) < 8:
        return None
    size = size_of_tcp(buffer)
    if (answered := int.from_bytes(buffer[0:2], "big")) != transaction:
        raise LinkError("transaction", f"answer to transaction {answered}, not {transaction}")
    if len(buffer) < size:
        return None
    if buffer == buffer[:size] * 2:
        raise LinkError("frame", "the same answer came twice, one behind the other")
    if len(buffer) > size:
        raise LinkError("frame", f"{len(buffer) - size} bytes too many behind the answer")
    return _check(buffer[6], bytes(buffer[7:size]), expected)


def parse_rtu(buffer: bytearray, expected: Expected) -> list[int] | None:
    """The same for a serial line; noise in front of the frame is skipped."""
    starts = range(max(len(buffer) - 4, 0))
    # the right answer first, wherever it starts; only then what else stands at the beginning
    unit, function = expected.unit, expected.function
    right = bytes((unit, function, expected.byte_count)), bytes((unit, function | 0x80))
    for start in (*(at for at in starts if buffer.startswith(right, at)), *starts[:1]):
        size = 5 if buffer[start + 1] & 0x80 else 5 + buffer[start + 2]
        frame = bytes(buffer[start : start + size])
        if len(frame) == size and checksum(frame) == 0:
            return _check(frame[0], frame[1:-2], expected)
    return None


def without_echoes(buffer: bytearray, requests: Sequence[bytes]) -> bytearray | None:
    """What came from a serial line without `requests` that came back; None for the beginning of one.

    RS485 transceivers may hear what they send. A request is a whole frame with a right checksum, and at some
    addresses it would pass as an answer.
    """
    for request in requests:
        buffer = buffer.replace(request, b"", 1)
    if buffer and any(request.startswith(buffer) for request in requests):
        return None
    return buffer


def answers(buffer: bytearray, expected: Expected) -> bool:
    """Whether a serial line's `buffer` holds a whole answer to what `expected` is for, be it an exception."""
    try:
        return parse_rtu(buffer, expected) is not None
    except LinkError as error:
        return error.exception_code is not None


def _check(unit: int, pdu: bytes, expected: Expected) -> list[int]:
    if unit != expected.unit:
        raise LinkError("unit", f"answer from unit {unit}, not {expected.unit}")
    if pdu[0] == expected.function | 0x80:
        if len(pdu) != 2:
            raise LinkError("length", f"exception answer of {len(pdu)} bytes")
        raise LinkError(f"exception_{pdu[1]}", f"exception {pdu[1]} ({_EXCEPTIONS.get(pdu[1], 'unknown')})")
    if pdu[0] != expected.function:
        raise LinkError("function", f"answer to function {pdu[0]}, not {expected.function}")
    if pdu[1] != expected.byte_count or len(pdu) != 2 + expected.byte_count:
        raise LinkError(
            "length",
            f"answer says {pdu[1]} bytes and has {len(pdu) - 2}; {expected.byte_count} were asked for",
        )
    data = pdu[2:]
    if expected.function in (1, 2):
        return [data[index // 8] >> index % 8 & 1 for index in range(expected.count)]
    return list(struct.unpack(f">{expected.count}H", data))
