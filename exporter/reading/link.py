"""The Modbus link to one endpoint: a connection, one request in flight, and every answer checked.

pymodbus builds the frames and drives the serial port. Its client is not used: it waits out the whole
timeout when the peer closes, takes answers of the wrong length or function, and on a serial line returns
the late answer to an earlier request as the answer to the next one. Reads only: no other function code
can be sent from here.
"""

import asyncio
import contextlib
import logging
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest
from pymodbus.transport.serialtransport import create_serial_connection

from exporter.reading.plan import Span
from exporter.reading.resolve import Resolver
from exporter.targets import Endpoint

# pymodbus logs the last frames of all devices with every error: nothing of that is for our users
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

REASONS = (
    "resolve", "connect", "timeout", "closed", "frame", "unit", "function", "length", "transaction",
    *(f"exception_{code}" for code in (1, 2, 3, 4, 5, 6, 10, 11)),
)  # fmt: skip
"""The reasons a request can fail for, as generex_exporter_modbus_errors_total shows them."""

_REQUESTS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsRequest, 2: ReadDiscreteInputsRequest, 3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest,
}  # fmt: skip
_EXCEPTIONS = {
    1: "illegal function", 2: "illegal data address", 3: "illegal data value", 4: "device failure",
    5: "acknowledge", 6: "device busy", 10: "gateway path unavailable", 11: "gateway target did not respond",
}  # fmt: skip
_MAX_FRAME = 260
_QUIET = 0.05  # silence between two frames on a serial line, far above 3.5 characters at 9600 baud
_BACKOFF = (0.1, 1.0)
_OWED_FOR = 10  # times the timeout: after that long without a byte no late answer is expected any more


class LinkError(Exception):
    """A request that got no usable answer. `reason` is one of REASONS (or another exception_N)."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def exception_code(self) -> int | None:
        """The Modbus exception code, when the device answered with one."""
        return int(self.reason.removeprefix("exception_")) if self.reason.startswith("exception_") else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as they went over the wire, for debugging."""

    span: Span
    sent: bytes
    received: bytes
    seconds: float
    error: str


Trace = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the answer to a request must look like."""

    unit: int
    function: int
    count: int

    @property
    def byte_count(self) -> int:
        return (self.count + 7) // 8 if self.function in (1, 2) else self.count * 2


class _Wire(asyncio.Protocol):
    """The bytes of one connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.lost = False
        self.last_byte = 0.0
        self.changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.changed.set()

    def data_received(self, data: bytes) -> None:
        self.last_byte = asyncio.get_running_loop().time()
        # a device that floods must not fill the memory: nothing beyond a few frames is ever needed
        if len(self.buffer) < 16 * _MAX_FRAME:
            self.buffer += data
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.changed.set()

    def close(self) -> None:
        if self.transport is not None and not self.lost:
            self.lost = True
            self.transport.abort()


@dataclass
class Link:
    """The connection to one endpoint. One caller at a time; the line in front of it sees to that."""

    endpoint: Endpoint
    resolver: Resolver
    _wire: _Wire | None = None
    _transaction: int = 0
    _failures: int = 0
    _failed_at: float = 0.0
    # serial lines only: requests whose answer never came, and the time until which it may still come
    _owed: list[_Expected] = field(default_factory=list)
    _settled_at: float = 0.0
    _strikes: int = 0

    @property
    def connected(self) -> bool:
        """Whether there is an open connection."""
        return self._wire is not None and not self._wire.lost

    async def read(
        self, unit: int, span: Span, *, timeout: float, deadline: float, trace: Trace | None = None
    ) -> list[int]:
        """The registers (or bits) of `span`.

        Waits at most `timeout` seconds for the connection and again for the answer, and never beyond
        `deadline` (loop time). Raises LinkError.
        """
        loop = asyncio.get_running_loop()
        wire = await self._connect(timeout, deadline)
        try:
            if self.endpoint.transport != "tcp":
                await self._settle(wire, unit, span, timeout, deadline)
            values = await self._exchange(wire, unit, span, min(loop.time() + timeout, deadline), trace)
            self._strikes = 0
            return values
        except BaseException as error:
            # the stream can only be trusted again when every byte of the old answer is accounted for
            if not (isinstance(error, LinkError) and error.exception_code is not None):
                self._distrust(wire, timeout, loop.time())
            raise

    def close(self) -> None:
        """Close the connection at once."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _distrust(self, wire: _Wire, timeout: float, now: float) -> None:
        self._settled_at = now + timeout
        self._strikes += 1
        # A fresh Modbus/TCP connection cannot deliver an old answer. Behind a serial server it can, so there the
        # old one is kept to see the late answer come, until it looks dead itself.
        if self.endpoint.transport == "tcp" or (self.endpoint.transport == "rtu-tcp" and self._strikes > 1):
            self.close()
        wire.buffer.clear()

    async def _connect(self, timeout: float, deadline: float) -> _Wire:
        if self._wire is not None and not self._wire.lost:
            return self._wire
        self.close()
        loop = asyncio.get_running_loop()
        if self._failures:
            pause = self._failed_at + min(_BACKOFF[0] * 2 ** (self._failures - 1), _BACKOFF[1]) - loop.time()
            if 0 < pause < (deadline - loop.time()) / 2:
                await asyncio.sleep(pause)
        try:
            async with asyncio.timeout_at(min(loop.time() + timeout, deadline)):
                self._wire = await self._open(loop)
        except (OSError, ValueError, termios.error, LinkError) as error:  # TimeoutError is an OSError
            self._failures = min(self._failures + 1, 10)
            self._failed_at = loop.time()
            if isinstance(error, LinkError):
                raise
            text = "no answer" if isinstance(error, TimeoutError) else str(getattr(error, "strerror", "") or error)
            raise LinkError("connect", f"cannot connect to {self.endpoint.address}: {text}") from None
        self._failures = 0
        return self._wire

    async def _open(self, loop: asyncio.AbstractEventLoop) -> _Wire:
        endpoint = self.endpoint
        if endpoint.transport == "rtu":
            _, protocol = await create_serial_connection(
                loop, _Wire, endpoint.path, baudrate=endpoint.baudrate, bytesize=8, parity=endpoint.parity,
                stopbits=endpoint.stopbits, timeout=0,
            )  # fmt: skip
            wire = cast(_Wire, protocol)
            while wire.transport is None:
                await wire.changed.wait()
            return wire
        host = await self.resolver.address(endpoint.host)
        if host is None:
            raise LinkError("resolve", f'cannot resolve "{endpoint.host}"')
        _, wire = await loop.create_connection(_Wire, host, endpoint.port)
        return wire

    async def _settle(self, wire: _Wire, unit: int, span: Span, timeout: float, deadline: float) -> None:
        """Let late answers on a serial line run out before the next request goes out.

        RTU has no transaction number. After a request without an answer the line is first left alone until it
        was silent for a whole timeout. If the late answer did not come then, it may still come: so the next
        request is one that the late answer cannot fit, a read of another length, and as a device answers in
        order, its answer ends the matter.
        """
        loop = asyncio.get_running_loop()
        while (remaining := max(self._settled_at, wire.last_byte + _QUIET) - loop.time()) > 0:
            if loop.time() + remaining >= deadline or wire.lost:
                raise LinkError("timeout", f"{self.endpoint.address} still owes an answer")
            await asyncio.sleep(remaining)
        if loop.time() > max(self._settled_at, wire.last_byte) + (_OWED_FOR - 1) * timeout:
            self._owed.clear()
        self._collect_late(wire)
        expected = _Expected(unit, span.function, span.count)
        if any(owed.byte_count == expected.byte_count and owed.unit == unit for owed in self._owed):
            taken = {owed.byte_count for owed in self._owed}
            count = next(n for n in range(1, 125) if _Expected(unit, span.function, n).byte_count not in taken)
            probe = Span(span.function, min(span.address, 0x10000 - count), count)
            try:
                await self._exchange(wire, unit, probe, min(loop.time() + timeout, deadline), None)
            except LinkError as error:
                if error.exception_code is None:
                    raise

    def _collect_late(self, wire: _Wire) -> None:
        """Take what came while nothing was asked for; a whole late answer settles its request."""
        late = bytes(wire.buffer)
        wire.buffer.clear()
        for owed in list(self._owed):
            with contextlib.suppress(LinkError):
                if _parse_rtu(bytearray(late), owed) is not None:
                    self._owed.clear()
                    return

    async def _exchange(
        self, wire: _Wire, unit: int, span: Span, until: float, trace: Trace | None
    ) -> list[int]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        expected = _Expected(unit, span.function, span.count)
        request = _REQUESTS[span.function](address=span.address, count=span.count, dev_id=unit)
        tcp = self.endpoint.transport == "tcp"
        self._transaction = self._transaction % 0xFFFF + 1
        request.transaction_id = self._transaction if tcp else 0
        frame = (_SOCKET if tcp else _RTU).buildFrame(request)
        wire.buffer.clear()
        received = b""
        error = ""
        try:
            if wire.transport is None or wire.lost:
                raise LinkError("closed", f"{self.endpoint.address} closed the connection")
            wire.transport.write(frame)
            return await self._answer(wire, expected, until, tcp)
        except LinkError as failure:
            error = f"{failure.reason}: {failure}"
            raise
        finally:
            received = bytes(wire.buffer)
            wire.buffer.clear()
            if trace is not None:
                trace(Exchange(span, frame, received, loop.time() - started, error))

    async def _answer(self, wire: _Wire, expected: _Expected, until: float, tcp: bool) -> list[int]:
        try:
            async with asyncio.timeout_at(until):
                while True:
                    wire.changed.clear()
                    if tcp:
                        values = _parse_tcp(wire.buffer, expected, self._transaction)
                    else:
                        values = self._parse_line(wire, expected)
                    if values is not None:
                        self._owed.clear()
                        return values
                    if wire.lost:
                        raise LinkError("closed", f"{self.endpoint.address} closed the connection")
                    await wire.changed.wait()
        except TimeoutError:
            if not tcp:
                self._owed = [*self._owed[-8:], expected]
            if wire.buffer:
                raise LinkError("frame", f"{self.endpoint.address}: no whole answer came in time") from None
            raise LinkError("timeout", f"{self.endpoint.address}: no answer in time") from None
        except asyncio.CancelledError:
            if not tcp:
                self._owed = [*self._owed[-8:], expected]
            raise

    def _parse_line(self, wire: _Wire, expected: _Expected) -> list[int] | None:
        try:
            return _parse_rtu(wire.buffer, expected)
        except LinkError:
            # while an earlier answer is owed, what does not fit may be just that: pass over it and wait on
            if not self._owed:
                raise
            self._owed.pop(0)
            wire.buffer.clear()
            return None


_SOCKET = FramerSocket(DecodePDU(is_server=False))
_RTU = FramerRTU(DecodePDU(is_server=False))


def _parse_tcp(buffer: bytearray, expected: _Expected, transaction: int) -> list[int] | None:
    """The values of a whole, right answer; None when more bytes are needed. Raises LinkError."""
    if len(buffer) < 8:
        return None
    protocol, length = int.from_bytes(buffer[2:4], "big"), int.from_bytes(buffer[4:6], "big")
    if protocol != 0 or not 3 <= length <= _MAX_FRAME - 6:
        raise LinkError("frame", f"answer is no Modbus/TCP frame: {buffer[:8].hex()}")
    if (answered := int.from_bytes(buffer[0:2], "big")) != transaction:
        raise LinkError("transaction", f"answer to transaction {answered}, not {transaction}")
    if len(buffer) < 6 + length:
        return None
    if len(buffer) > 6 + length:
        raise LinkError("frame", f"{len(buffer) - 6 - length} bytes too many behind the answer")
    return _check_pdu(buffer[6], bytes(buffer[7 : 6 + length]), expected)


def _parse_rtu(buffer: bytearray, expected: _Expected) -> list[int] | None:
    """The same for a serial line; noise in front of the frame is skipped."""
    # the right answer first, wherever it starts; only then what else it could be
    for start in range(max(1, len(buffer) - 4)):
        if len(buffer) - start < 5 or buffer[start] != expected.unit:
            continue
        function = buffer[start + 1]
        if function == expected.function | 0x80:
            size = 5
        elif function == expected.function and buffer[start + 2] == expected.byte_count:
            size = 5 + expected.byte_count
        else:
            continue
        frame = bytes(buffer[start : start + size])
        if len(frame) == size and _crc_is_right(frame):
            return _check_pdu(frame[0], frame[1:-2], expected)
    if len(buffer) >= 5:
        size = 5 if buffer[1] & 0x80 else 5 + buffer[2]
        frame = bytes(buffer[:size])
        if len(frame) == size and _crc_is_right(frame):
            return _check_pdu(frame[0], frame[1:-2], expected)
    return None


def _crc_is_right(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def _check_pdu(unit: int, pdu: bytes, expected: _Expected) -> list[int]:
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
            "length", f"answer says {pdu[1]} bytes and has {len(pdu) - 2}; {expected.byte_count} were asked for"
        )
    data = pdu[2:]
    if expected.function in (1, 2):
        return [data[index // 8] >> index % 8 & 1 for index in range(expected.count)]
    return [int.from_bytes(data[index : index + 2], "big") for index in range(0, len(data), 2)]
