"""The Modbus link to one endpoint: a connection, one request in flight, and every answer checked.

pymodbus builds the requests and drives the serial port. Its client is not used: it waits out the whole
timeout when the peer closes, takes answers of the wrong length or function, and on a serial line returns
the late answer to an earlier request as the answer to the next one. Reads only: no other function code
can be sent from here.

Not told apart on a serial line: an answer that comes twice, the second time just after the next request of
the same unit, function and length went out. Within a pass no two requests in a row are alike
(`exporter/reading/readpass/batches.py`); the last of one pass and the first of the next may be.
"""

import asyncio
import errno
import logging
import os
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest
from pymodbus.transport.serialtransport import create_serial_connection

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected, LinkError, NotAskedError, parse_rtu, parse_tcp
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.late import LateAnswers
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.wire import Wire
from exporter.targets import Endpoint

# pymodbus logs the last frames of all devices with every error: nothing of that is for our users
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

_REQUESTS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsRequest, 2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest,
}  # fmt: skip
_QUIET = 0.05  # silence between two frames on a serial line, far above 3.5 characters at 9600 baud
_BACKOFF = (0.1, 1.0)
_OWED_FOR = (10, 30.0)  # times the timeout, but at least seconds: so long a late answer may still come

_SOCKET = FramerSocket(DecodePDU(is_server=False))
_RTU = FramerRTU(DecodePDU(is_server=False))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as they went over the wire, for debugging."""

    request: Request
    sent: bytes
    received: bytes
    seconds: float
    error: str

    @property
    def answered(self) -> bool:
        """Whether the device said something to the point, be it an exception."""
        return not self.error or self.error.startswith("exception_")


Trace = Callable[[Exchange], None]


@dataclass
class Link:
    """The connection to one endpoint. One caller at a time; the line in front of it sees to that."""

    endpoint: Endpoint
    resolver: Resolver
    permits: Callable[[str], bool] = lambda address: True
    """Whether an address that the host's name was resolved to may be connected to."""
    _wire: Wire | None = None
    _transaction: int = 0
    _failures: int = 0
    _failed_at: float = 0.0
    # serial lines only: what may still come, until when a silent unit is not asked, failures in a row
    _late: LateAnswers = field(default_factory=LateAnswers)
    _silent_until: dict[int, float] = field(default_factory=dict)
    _strikes: int = 0

    @property
    def connected(self) -> bool:
        """Whether there is an open connection."""
        return self._wire is not None and not self._wire.lost

    @property
    def owed(self) -> bool:
        """Whether an answer to an earlier request may still come, over this connection or the next."""
        self._late.expire(asyncio.get_running_loop().time())
        return bool(self._late)

    async def read(
        self, unit: int, request: Request, *, timeout: float, deadline: Deadline, trace: Trace | None = None
    ) -> list[int]:
        """The registers (or bits) of `request`.

        Waits at most `timeout` seconds for the connection and again for the answer, and never beyond
        `deadline`. Raises LinkError.
        """
        kept = self.connected
        try:
            return await self._read(unit, request, timeout, deadline, trace)
        except LinkError as error:
            # a kept connection may have been closed from the other side just now: that is no failure
            if not kept or error.reason != "closed":
                raise
        return await self._read(unit, request, timeout, deadline, trace)

    def close(self) -> None:
        """Close the connection at once; a request under way fails."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _read(
        self, unit: int, request: Request, timeout: float, deadline: Deadline, trace: Trace | None
    ) -> list[int]:
        wire = await self._connect(timeout, deadline)
        if self.endpoint.transport != "tcp":
            await self._settle(wire, unit, request, timeout, deadline, trace)
            wire = await self._connect(timeout, deadline)  # a serial server may have closed it meanwhile
        return await self._exchange(wire, unit, request, timeout, deadline, trace)

    async def _connect(self, timeout: float, deadline: Deadline) -> Wire:
        if self._wire is not None and not self._wire.lost:
            return self._wire
        self.close()
        loop = asyncio.get_running_loop()
        if self._failures:
            pause = self._failed_at + min(_BACKOFF[0] * 2 ** (self._failures - 1), _BACKOFF[1]) - loop.time()
            if 0 < pause < deadline.left / 2:
                await asyncio.sleep(pause)
        try:
            async with deadline.within(timeout):
                self._wire = await self._open(loop, timeout)
        except (OSError, ValueError, termios.error, LinkError) as error:  # TimeoutError is an OSError
            self._failures = min(self._failures + 1, 10)
            self._failed_at = loop.time()
            if isinstance(error, LinkError):
                raise
            text = f"cannot connect to {self.endpoint.address}: {self._why(error)}"
            raise LinkError("connect", text) from None
        self._failures = 0
        return self._wire

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return "no answer"
        if isinstance(error, OSError) and error.errno:
            if self.endpoint.transport == "rtu" and error.errno in (errno.EAGAIN, errno.EBUSY):
                return "another program has the port"
            # asyncio and pyserial wrap the system's words into sentences of their own
            return os.strerror(error.errno)
        return str(error.args[-1] if error.args else error)

    async def _open(self, loop: asyncio.AbstractEventLoop, timeout: float) -> Wire:
        endpoint = self.endpoint
        new_wire = partial(Wire, endpoint.address)
        if endpoint.transport == "rtu":
            transport, protocol = await create_serial_connection(
                loop, new_wire, endpoint.path, baudrate=endpoint.baudrate, bytesize=8, parity=endpoint.parity,
                stopbits=endpoint.stopbits, timeout=0,
            )  # fmt: skip
            wire = cast(Wire, protocol)
            try:
                await wire.opened.wait()
            except BaseException:
                transport.abort()
                raise
            return wire
        hosts = await self.resolver.addresses(endpoint.host)
        if not hosts:
            raise LinkError("resolve", f'cannot resolve "{endpoint.host}"')
        # what was looked up and checked is what is connected to: the name is not asked for again
        if refused := next((host for host in hosts if not self.permits(host)), None):
            raise LinkError(
                "resolve", f'"{endpoint.host}" leads to {refused}, which probe.allow does not cover'
            )
        for host in hosts:
            try:
                async with asyncio.timeout(
                    timeout / len(hosts)
                ):  # one that is silent leaves time for the others
                    _, wire = await loop.create_connection(new_wire, host, endpoint.port)
                return wire
            except OSError:
                if host == hosts[-1]:
                    raise
        raise AssertionError("unreachable")

    async def _settle(
        self, wire: Wire, unit: int, request: Request, timeout: float, deadline: Deadline, trace: Trace | None
    ) -> None:
        """Let late answers on a serial line run out before the next request goes out.

        RTU has no transaction number. After a request without an answer the unit is first left alone until it
        was silent for a whole timeout; the other units are not: their number tells their answers apart. If
        the late answer did not come then, it may still come: so the next request to the unit is one that the
        late answer cannot fit, and as a device answers in order, its answer ends the matter.
        """
        loop = asyncio.get_running_loop()
        silent_until = self._silent_until.get(unit, 0.0)
        while (remaining := max(silent_until, wire.last_byte + _QUIET) - loop.time()) > 0:
            if remaining >= deadline.left:
                raise NotAskedError(f"{self.endpoint.address} may still send an earlier answer")
            await asyncio.sleep(remaining)
        self._late.expire(loop.time())
        self._late.strike_off(wire.buffer)
        if self._late.owes(unit, request.function):
            probe = self._late.probe(unit, request)
            try:
                await self._exchange(wire, unit, probe, timeout, deadline, trace)
            except LinkError as error:
                if error.exception_code is None:
                    raise

    async def _exchange(
        self, wire: Wire, unit: int, request: Request, timeout: float, deadline: Deadline, trace: Trace | None
    ) -> list[int]:
        if deadline.left <= 0:
            raise NotAskedError("no time left")
        if wire.transport is None or wire.lost:
            raise wire.closed()
        loop = asyncio.get_running_loop()
        started = loop.time()
        expected = Expected(unit, request.function, request.count)
        pdu = _REQUESTS[request.function](address=request.address, count=request.count, dev_id=unit)
        tcp = self.endpoint.transport == "tcp"
        self._transaction = self._transaction % 0xFFFF + 1
        pdu.transaction_id = self._transaction if tcp else 0
        frame = (_SOCKET if tcp else _RTU).buildFrame(pdu)
        wire.buffer.clear()
        wire.transport.write(frame)
        error = ""
        try:
            values = await self._answer(wire, expected, timeout, deadline)
        except BaseException as failure:
            error = f"{failure.reason}: {failure}" if isinstance(failure, LinkError) else "cancelled"
            if isinstance(failure, LinkError) and failure.exception_code is not None:
                self._trust(unit)
            else:
                self._distrust(expected, timeout, loop.time())
            raise
        else:
            self._trust(unit)
            return values
        finally:
            if trace is not None:
                trace(Exchange(request, frame, bytes(wire.buffer), loop.time() - started, error))
            wire.buffer.clear()

    def _trust(self, unit: int) -> None:
        self._late.settle(unit)
        self._silent_until.pop(unit, None)
        self._strikes = 0

    def _distrust(self, expected: Expected, timeout: float, now: float) -> None:
        # A fresh Modbus/TCP connection cannot deliver an old answer. Behind a serial server it can, so there
        # the old one is kept to see the late answer come, until it looks dead itself.
        if self.endpoint.transport == "tcp":
            self.close()
            return
        self._late.add(expected, now + max(_OWED_FOR[0] * timeout, _OWED_FOR[1]))
        self._silent_until[expected.unit] = now + timeout
        self._strikes += 1
        if self.endpoint.transport == "rtu-tcp" and self._strikes > 1:
            self.close()

    async def _answer(self, wire: Wire, expected: Expected, timeout: float, deadline: Deadline) -> list[int]:
        if self.endpoint.transport == "tcp":
            parse = partial(parse_tcp, expected=expected, transaction=self._transaction)
        else:
            parse = partial(self._parse_line, expected=expected)
        try:
            async with deadline.within(timeout):
                return await wire.answer(parse)
        except TimeoutError:
            if wire.answered:
                return wire.answered.result()
            if wire.buffer:
                raise LinkError("frame", f"{self.endpoint.address}: no whole answer came in time") from None
            raise LinkError("timeout", f"{self.endpoint.address}: no answer in time") from None

    def _parse_line(self, buffer: bytearray, expected: Expected) -> list[int] | None:
        try:
            return parse_rtu(buffer, expected)
        except LinkError as error:
            # while an earlier answer is owed, what does not fit may be just that: pass over it and wait on
            if not self._late:
                raise
            if error.exception_code is not None:
                if not self._late.owes(expected.unit, expected.function):
                    raise
                buffer.clear()
            return None
