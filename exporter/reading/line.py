"""The queue in front of a link: one pass at a time, in rotating order among the units behind it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from exporter.reading.link import Link, Trace
from exporter.reading.plan import Span


@dataclass(order=True)
class _Waiter:
    failed: bool
    served_at: int
    unit: int = field(compare=False)
    granted: asyncio.Future[None] = field(compare=False)


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
        self._retired = False

    @asynccontextmanager
    async def turn(self, unit: int, *, failed: bool, idle_close: float) -> AsyncIterator[None]:
        """Hold the line for a pass over `unit`; `failed` says that its last pass read nothing."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(failed, self._served.get(unit, 0), unit, loop.create_future())
        self._waiting.append(waiter)
        self._grant_soon(loop)
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.granted.done() and not waiter.granted.cancelled():
                self._release(loop)
            raise
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        try:
            yield
        finally:
            if idle_close > 0 and not self._retired:
                self._idle_timer = loop.call_later(idle_close, self._close_if_idle)
            else:
                self.link.close()
            self._release(loop)

    async def read(
        self, unit: int, span: Span, *, timeout: float, deadline: float, pacing: float, trace: Trace | None
    ) -> list[int]:
        """One request; only while holding the line. Raises LinkError."""
        loop = asyncio.get_running_loop()
        if (pause := self._next_request_at - loop.time()) > 0:
            await asyncio.sleep(min(pause, max(deadline - loop.time(), 0)))
        try:
            return await self.link.read(unit, span, timeout=timeout, deadline=deadline, trace=trace)
        finally:
            self._next_request_at = loop.time() + pacing

    def close(self) -> None:
        """Close the connection; passes under way fail."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self.link.close()

    def retire(self) -> None:
        """No device is here any more: close the connection, as soon as no pass uses it."""
        self._retired = True
        if not self._busy and not self._waiting:
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
        waiting = [waiter for waiter in self._waiting if not waiter.granted.done()]  # done: cancelled just now
        if self._busy or not waiting:
            return
        waiter = min(waiting)
        self._waiting.remove(waiter)
        self._served[waiter.unit] = next(self._turns)
        self._busy = True
        waiter.granted.set_result(None)

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        self._busy = False
        if self._waiting:
            self._grant_soon(loop)
