"""The queue in front of a connection: one pass at a time, in rotating order among the units behind it."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import BUSY, NOBODY_THERE, LinkError, NotAskedError
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner, Observers


@dataclass(eq=False)
class Turn:
    """A pass on its line: it holds the line, waits for it, or has stood back for the others.

    `later` says that the others go first: it makes way for them, or its unit is silent or may be.
    """

    unit: int
    later: bool = False
    heard: bool = False


class Line:
    """One endpoint's connection with its queue.

    Of the units that wait, those that may be silent go last, and else the one served longest ago goes first:
    when the deadline cuts a round short, it is not always the same unit that goes without. A pass whose
    unit is silent or busy stands back: it goes on after the others, and not while a gateway may still be
    busy with a request to another silent unit.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._passes: set[Turn] = set()
        self._waiting: dict[Turn, asyncio.Future[None]] = {}
        self._holder: Turn | None = None
        self._served: dict[int, int] = {}  # when each unit was asked last, as a count; 0 for never
        self._silent: set[int] = set()  # units from which nothing came in the last pass that asked them
        self._numbers = itertools.count(1)
        self._next_request_at = 0.0
        self._next_grant: asyncio.Handle | None = None  # soon, or later while only silent units wait
        self._idle_timer: asyncio.TimerHandle | None = None
        self.retired = False

    @property
    def in_use(self) -> bool:
        """Whether any pass is under way or waits."""
        return bool(self._passes)

    @asynccontextmanager
    async def turn(self, turn: Turn, *, idle_close: float) -> AsyncIterator[None]:
        """A pass, from when it has the line."""
        self._passes.add(turn)
        turn.later = turn.later or self.may_be_silent(turn.unit)
        self._served.setdefault(turn.unit, 0)
        try:
            await self._acquire(turn)
            yield
        finally:
            self._passes.remove(turn)
            self._stop_idle_timer()
            if self._holder in (turn, None):
                if idle_close > 0 and not self.retired:
                    loop = asyncio.get_running_loop()
                    self._idle_timer = loop.call_later(idle_close, self._close_if_idle)
                else:
                    self.connection.close()
            self.stand_back(turn)

    def may_be_silent(self, unit: int) -> bool:
        """Whether a unit was silent in its last pass, or was never asked where another one is silent."""
        return unit in self._silent or (bool(self._silent) and not self._served.get(unit))

    def stand_back(self, turn: Turn) -> None:
        """Let the others go first: the pass is over, or has a pause to make."""
        if self._holder is turn:
            self._holder = None
            if self._waiting:
                self._grant_soon()

    async def read(
        self,
        turn: Turn,
        request: Request,
        manner: Manner,
        deadline: Deadline,
        observers: Observers = (),
    ) -> list[int]:
        """One request. Raises LinkError; when that means silence or busy, the others go first."""
        loop = asyncio.get_running_loop()
        if self._holder is not turn:
            try:
                async with deadline.within(math.inf):
                    await self._acquire(turn)
            except TimeoutError:
                raise NotAskedError("no time left after the others on the line") from None
        if (pause := min(self._next_request_at - loop.time(), deadline.left)) > 0:
            await asyncio.sleep(pause)
        sent = self.connection.sent
        try:
            values = await self.connection.read(turn.unit, request, manner, deadline, observers)
            self._hear(turn)
            return values
        except LinkError as error:
            if error.exception_code is None or error.exception_code in (*BUSY, *NOBODY_THERE):
                turn.later = True
                if deadline.left > 0 and self.connection.sent != sent and not turn.heard:
                    self._silent.add(turn.unit)
                self.stand_back(turn)
            else:
                self._hear(turn)
            raise
        finally:
            if self.connection.sent != sent:  # else there was no time to ask
                self._served[turn.unit] = next(self._numbers)
            self._next_request_at = loop.time() + manner.pacing

    def _hear(self, turn: Turn) -> None:
        turn.heard = True
        self._silent.discard(turn.unit)

    def close(self) -> None:
        """Close the connection for good; passes under way fail."""
        self.retired = True
        self._stop_idle_timer()
        self.connection.close()

    def retire(self) -> None:
        """No device is here any more: close the connection, as soon as no pass uses it."""
        self.retired = True
        if not self.in_use:
            self.close()

    def _stop_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def _close_if_idle(self) -> None:
        if not self.in_use:
            self.connection.close()

    async def _acquire(self, turn: Turn) -> None:
        if self._is_alone(turn):
            self._holder = turn
            return
        self._waiting[turn] = granted = asyncio.get_running_loop().create_future()
        self._grant_soon()
        try:
            await granted
        except asyncio.CancelledError:
            self.stand_back(turn)  # it may have been granted at the same moment
            raise
        finally:
            self._waiting.pop(turn, None)

    def _is_alone(self, turn: Turn) -> bool:
        """Whether no other may go before it: its unit answers, and is the only one that ever came."""
        return (
            not turn.later
            and self._passes == {turn}
            and len(self._served) == 1
            and self._served[turn.unit] > 0
        )

    def _place(self, turn: Turn) -> tuple[bool, int]:
        return turn.later, self._served[turn.unit]

    def _grant_soon(self) -> None:
        # not at once: the passes of one scrape arrive one after the other, and the order is among all of them
        if self._next_grant is not None:
            self._next_grant.cancel()
        self._next_grant = asyncio.get_running_loop().call_soon(self._grant)

    def _grant(self) -> None:
        self._next_grant = None
        # one that was cancelled just now takes itself out a moment later
        waiting = [turn for turn, granted in self._waiting.items() if not granted.done()]
        if self._holder is None and waiting:
            first = min(waiting, key=self._place)
            # asked for one silent unit after the other, a gateway would have no time left for the living
            pause = self.connection.busy_until(first.unit) if first.later else 0.0
            loop = asyncio.get_running_loop()
            if pause > loop.time():
                self._next_grant = loop.call_at(pause, self._grant)
                return
            self._holder = first
            self._waiting[first].set_result(None)
