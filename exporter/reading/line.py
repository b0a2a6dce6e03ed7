"""The queue in front of a link: one pass at a time, in rotating order among the units behind it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from exporter.reading.deadline import Deadline
from exporter.reading.link import Exchange, Link, Trace
from exporter.reading.plan import Span


@dataclass(eq=False)
class _Waiter:
    unit: int
    failed: bool
    served_at: int
    granted: asyncio.Future[None]


class Line:
    """One endpoint's link with its queue.

    Of the units that wait, those whose last pass was good go first, and among them the one served longest
    ago: when the deadline cuts a round short, it is not always the same unit that goes without.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._waiting: list[_Waiter] = []
        self._busy = False
        self._granting = False
        self._served: dict[int, int] = {}
        self._turns = itertools.count(1)
        self._next_request_at = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None
        self.retired = False

    @property
    def in_use(self) -> bool:
        """Whether a pass holds the line or waits for it."""
        return self._busy or bool(self._waiting)

    @asynccontextmanager
    async def turn(self, unit: int, *, failed: bool, idle_close: float) -> AsyncIterator[None]:
        """Hold the line for a pass over `unit`; `failed` says that its last pass read nothing."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(unit, failed, self._served.get(unit, 0), loop.create_future())
        self._waiting.append(waiter)
        self._grant_soon(loop)
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:  # it was granted at the same moment
                self._release(loop)
            raise
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        try:
            yield
        finally:
            if idle_close > 0 and not self.retired:
                self._idle_timer = loop.call_later(idle_close, self._close_if_idle)
            else:
                self.link.close()
            self._release(loop)

    async def read(
        self, unit: int, span: Span, *, timeout: float, deadline: Deadline, pacing: float, trace: Trace | None
    ) -> list[int]:
        """One request; only while holding the line. Raises LinkError."""
        loop = asyncio.get_running_loop()
        if (pause := min(self._next_request_at - loop.time(), deadline.left)) > 0:
            await asyncio.sleep(pause)

        def sent(exchange: Exchange) -> None:
            self._served[unit] = next(self._turns)  # not when granted: there may be no time left to ask
            if trace is not None:
                trace(exchange)

        try:
            return await self.link.read(unit, span, timeout=timeout, deadline=deadline, trace=sent)
        finally:
            self._next_request_at = loop.time() + pacing

    def close(self) -> None:
        """Close the connection for good; passes under way fail."""
        self.retired = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self.link.close()

    def retire(self) -> None:
        """No device is here any more: close the connection, as soon as no pass uses it."""
        self.retired = True
        if not self.in_use:
            self.close()

    def _close_if_idle(self) -> None:
        if not self._busy:
            self.link.close()

    def _grant_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        # not at once: the passes of one scrape arrive one after the other, and the order is among all of them
        if not self._busy and not self._granting:
            self._granting = True
            loop.call_soon(self._grant)

    def _grant(self) -> None:
        self._granting = False
        # one that was cancelled just now takes itself out a moment later
        waiting = [waiter for waiter in self._waiting if not waiter.granted.done()]
        if self._busy or not waiting:
            return
        waiter = min(waiting, key=lambda waiter: (waiter.failed, waiter.served_at))
        self._waiting.remove(waiter)
        self._busy = True
        waiter.granted.set_result(None)

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        self._busy = False
        if self._waiting:
            self._grant_soon(loop)
