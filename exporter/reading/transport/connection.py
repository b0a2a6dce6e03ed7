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


class Connection(ABC):
    """What TCP and serial lines have in common. One caller at a time; the line in front sees to that.

    `sent` counts the requests that went out.
    """

    def __init__(self, address: str, opener: Opener) -> None:
        self.address = address
        self.sent = 0
        self._opener = opener
        self._wire: Wire | None = None
        self._ready_at = 0.0

    @property
    def connected(self) -> bool:
        """Whether there is an open connection."""
        return self._wire is not None and not self._wire.lost

    @property
    def owed(self) -> bool:
        """Whether an answer to an earlier request may still come over the next connection."""
        return False

    def busy_until(self, unit: int) -> float:
        """Until when (loop time) the far side may be busy with a request to another unit; else 0."""
        return 0.0

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
    def _begin(self, wire: Wire, unit: int, request: Request) -> bytes:
        """The bytes of a request that is sent now; what came before it is not its answer."""

    @abstractmethod
    def _parse(self, wire: Wire, expected: Expected) -> list[int] | None:
        """The answer in what came; None when more bytes are needed. Raises LinkError."""

    @abstractmethod
    def _answered(self, unit: int, took: float, timeout: float) -> None:
        """The unit has answered, be it with an exception; that took so many seconds."""

    @abstractmethod
    def _unanswered(
        self, wire: Wire, expected: Expected, timeout: float, sent: float, error: LinkError | None
    ) -> None:
        """There was no good answer to what was `sent` then, or (no error) nobody waits for it any more."""

    def _patience(self, unit: int, timeout: float) -> float:
        """The seconds to wait for an answer that the unit is given `timeout` for."""
        return timeout

    def _no_answer(self, wire: Wire) -> LinkError:
        """What is wrong when the time for an answer is over."""
        if wire.buffer:
            return LinkError("frame", f"{self.address}: no whole answer came in time")
        return LinkError("timeout", f"{self.address}: no answer in time")

    async def _connect(self, manner: Manner, deadline: Deadline) -> Wire:
        if self._wire is not None and not self._wire.lost:
            return self._wire
        self.close()
        loop = asyncio.get_running_loop()
        self._wire = await self._opener.open(manner.timeout, deadline)
        self._ready_at = loop.time() + manner.connect_delay
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
        loop = asyncio.get_running_loop()
        if (pause := self._ready_at - loop.time()) > 0:
            if pause >= deadline.left:
                raise NotAskedError("no time left after connect_delay")
            await asyncio.sleep(pause)
        if wire.transport is None or wire.lost:
            raise wire.closed()
        started = loop.time()
        expected = Expected(unit, request.function, request.count)
        frame = self._begin(wire, unit, request)
        wire.transport.write(frame)
        self.sent += 1
        values, error = None, ""
        try:
            values = await self._answer(wire, expected, self._patience(unit, manner.timeout), deadline)
        except BaseException as failure:
            error = f"{failure.reason}: {failure}" if isinstance(failure, LinkError) else "cancelled"
            link_error = failure if isinstance(failure, LinkError) else None
            if link_error is not None and link_error.exception_code is not None:
                self._answered(unit, loop.time() - started, manner.timeout)
            else:
                self._unanswered(wire, expected, manner.timeout, started, link_error)
            raise
        else:
            self._answered(unit, loop.time() - started, manner.timeout)
            return values
        finally:
            exchange = Exchange(request, frame, wire.received, loop.time() - started, values, error)
            for observe in observers:
                observe(exchange)
            wire.clear()

    async def _answer(self, wire: Wire, expected: Expected, timeout: float, deadline: Deadline) -> list[int]:
        try:
            async with deadline.within(timeout):
                return await wire.answer(lambda _: self._parse(wire, expected))
        except TimeoutError:
            if wire.answered:
                return wire.answered.result()
            raise self._no_answer(wire) from None
