"""The connection to one endpoint: opening it, one request in flight, and telling what became of it.

Bytes are checked here and not by pymodbus' client: it waits out the whole timeout when the peer closes, takes
answers of the wrong length or function, and on a serial line returns the late answer to an earlier request
as the answer to the next one. Reads only: no other function code can be sent from here.
"""

import asyncio
from abc import ABC, abstractmethod

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import LinkError, NotAskedError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Ask, Exchange, Manner, Observers
from exporter.reading.transport.opening import Opener
from exporter.reading.transport.wire import Wire


class Connection(ABC):
    """What TCP and serial lines have in common. One caller at a time; the line in front sees to that.

    `sent` counts the requests that went out.
    """

    def __init__(self, address: str, opener: Opener) -> None:
        self.address = address
        self.sent = 0
        self._foreign = 0  # answers to other clients, until an exchange reports them
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
        ask = Ask(unit, request, manner, deadline, observers)
        kept = self.connected
        try:
            return await self._read(ask)
        except LinkError as error:
            # a kept connection may have been closed from the other side just now: that is no failure
            if not kept or error.reason != "closed":
                raise
        return await self._read(ask)

    def close(self) -> None:
        """Close the connection at once; a request under way fails."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    @abstractmethod
    async def _read(self, ask: Ask) -> list[int]:
        """`read`, once."""

    @abstractmethod
    def _begin(self, wire: Wire, ask: Ask) -> bytes:
        """The bytes of a request that is sent now; what came before it is not its answer."""

    @abstractmethod
    def _parse(self, wire: Wire, ask: Ask) -> list[int] | None:
        """The answer in what came; None when more bytes are needed. Raises LinkError."""

    @abstractmethod
    def _answered(self, ask: Ask, took: float) -> None:
        """The unit has answered, be it with an exception; that took so many seconds."""

    @abstractmethod
    def _unanswered(self, wire: Wire, ask: Ask, sent: float, error: LinkError | None) -> None:
        """There was no good answer to what was `sent` then, or (no error) nobody waits for it any more."""

    def _patience(self, ask: Ask) -> float:
        """The seconds to wait for an answer."""
        return ask.manner.timeout

    def _no_answer(self, wire: Wire) -> LinkError:
        """What is wrong when the time for an answer is over."""
        if wire.buffer:
            return LinkError("frame", f"{self.address}: no whole answer came in time")
        return LinkError("timeout", f"{self.address}: no answer in time")

    async def _connect(self, ask: Ask) -> Wire:
        if self._wire is None or self._wire.lost:
            self.close()
            self._wire = await self._opener(ask.manner.timeout, ask.deadline)
            self._ready_at = asyncio.get_running_loop().time() + ask.manner.connect_delay
        return self._wire

    async def _exchange(self, wire: Wire, ask: Ask) -> list[int]:
        loop = asyncio.get_running_loop()
        pause = max(self._ready_at - loop.time(), 0.0)
        if pause >= ask.deadline.left:
            raise NotAskedError("no time left after connect_delay" if pause else "no time left")
        if pause:
            await asyncio.sleep(pause)
        if wire.transport is None or wire.lost:
            raise wire.closed()
        started = loop.time()
        frame = self._begin(wire, ask)
        wire.transport.write(frame)
        self.sent += 1
        values, error = None, ""
        try:
            answer = wire.answer(lambda: self._parse(wire, ask))
            values = await ask.deadline.wait(answer, self._patience(ask))
            if values is None:
                raise self._no_answer(wire)
        except LinkError as failure:
            error = f"{failure.reason}: {failure}"
            if failure.exception_code is None:
                self._unanswered(wire, ask, started, failure)
            else:
                self._answered(ask, loop.time() - started)
            raise
        except BaseException:
            error = "cancelled"
            self._unanswered(wire, ask, started, None)
            raise
        else:
            self._answered(ask, loop.time() - started)
            return values
        finally:
            took, foreign, self._foreign = loop.time() - started, self._foreign, 0
            exchange = Exchange(ask.request, frame, wire.received, took, values, error, foreign)
            for observe in ask.observers:
                observe(exchange)
            wire.end()
