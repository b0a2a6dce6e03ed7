"""The connection to one endpoint: opening it, one request in flight, and telling what became of it.

Bytes are checked here and not by pymodbus' client: it waits out the whole timeout when the peer closes, takes
answers of the wrong length or function, and on a serial line returns the late answer to an earlier request
as the answer to the next one. Reads only: no other function code can be sent from here.
"""

import asyncio
from abc import ABC, abstractmethod

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected, LinkError, NotAskedError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Exchange, Manner, Observers
from exporter.reading.transport.opening import Opener
from exporter.reading.transport.wire import Wire

_BACKOFF = (0.1, 1.0)


class Connection(ABC):
    """What TCP and serial lines have in common. One caller at a time; the line in front sees to that.

    `sent` counts the requests that went out.
    """

    def __init__(self, address: str, opener: Opener) -> None:
        self.address = address
        self.sent = 0
        self._opener = opener
        self._wire: Wire | None = None
        self._failures = 0
        self._failed_at = 0.0

    @property
    def connected(self) -> bool:
        """Whether there is an open connection."""
        return self._wire is not None and not self._wire.lost

    @property
    def owed(self) -> bool:
        """Whether an answer to an earlier request may still come over the next connection."""
        return False

    async def read(
        self, unit: int, request: Request, manner: Manner, deadline: Deadline, observers: Observers = ()
    ) -> list[int]:
        """The registers (or bits) of `request`.

        Waits for the connection and again for the answer, and never beyond `deadline`. Raises LinkError.
        """
        kept = self.connected
        try:
            return await self._read(unit, request, manner, deadline, observers)
        except LinkError as error:
            # a kept connection may have been closed from the other side just now: that is no failure
            if not kept or error.reason != "closed":
                raise
        return await self._read(unit, request, manner, deadline, observers)

    def close(self) -> None:
        """Close the connection at once; a request under way fails."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    @abstractmethod
    async def _read(
        self, unit: int, request: Request, manner: Manner, deadline: Deadline, observers: Observers
    ) -> list[int]:
        """`read`, once."""

    @abstractmethod
    def _frame(self, unit: int, request: Request) -> bytes:
        """The bytes of a request that is to be sent now."""

    @abstractmethod
    def _parse(self, buffer: bytearray, expected: Expected) -> list[int] | None:
        """The answer in what came; None when more bytes are needed. Raises LinkError."""

    @abstractmethod
    def _answered(self, unit: int) -> None:
        """The unit has answered, be it with an exception."""

    @abstractmethod
    def _unanswered(self, expected: Expected, timeout: float) -> None:
        """There was no good answer, or nobody waits for it any more."""

    async def _connect(self, manner: Manner, deadline: Deadline) -> Wire:
        if self._wire is not None and not self._wire.lost:
            return self._wire
        self.close()
        loop = asyncio.get_running_loop()
        if self._failures:
            pause = self._failed_at + min(_BACKOFF[0] * 2 ** (self._failures - 1), _BACKOFF[1]) - loop.time()
            if 0 < pause < deadline.left / 2:
                await asyncio.sleep(pause)
        try:
            self._wire = await self._opener.open(manner.timeout, deadline)
        except LinkError:
            self._failures = min(self._failures + 1, 10)
            self._failed_at = loop.time()
            raise
        self._failures = 0
        return self._wire

    async def _exchange(
        self,
        wire: Wire,
        unit: int,
        request: Request,
        manner: Manner,
        deadline: Deadline,
        observers: Observers,
    ) -> list[int]:
        if deadline.left <= 0:
            raise NotAskedError("no time left")
        if wire.transport is None or wire.lost:
            raise wire.closed()
        loop = asyncio.get_running_loop()
        started = loop.time()
        expected = Expected(unit, request.function, request.count)
        frame = self._frame(unit, request)
        wire.buffer.clear()
        wire.transport.write(frame)
        self.sent += 1
        values, error = None, ""
        try:
            values = await self._answer(wire, expected, manner.timeout, deadline)
        except BaseException as failure:
            error = f"{failure.reason}: {failure}" if isinstance(failure, LinkError) else "cancelled"
            if isinstance(failure, LinkError) and failure.exception_code is not None:
                self._answered(unit)
            else:
                self._unanswered(expected, manner.timeout)
            raise
        else:
            self._answered(unit)
            return values
        finally:
            exchange = Exchange(request, frame, bytes(wire.buffer), loop.time() - started, values, error)
            for observe in observers:
                observe(exchange)
            wire.buffer.clear()

    async def _answer(self, wire: Wire, expected: Expected, timeout: float, deadline: Deadline) -> list[int]:
        try:
            async with deadline.within(timeout):
                return await wire.answer(lambda buffer: self._parse(buffer, expected))
        except TimeoutError:
            if wire.answered:
                return wire.answered.result()
            if wire.buffer:
                raise LinkError("frame", f"{self.address}: no whole answer came in time") from None
            raise LinkError("timeout", f"{self.address}: no answer in time") from None
