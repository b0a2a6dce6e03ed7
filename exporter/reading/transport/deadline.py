"""A deadline that may move while something waits for it."""

import asyncio
import math
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """The loop time by which a pass ends.

    A pass ends at the latest deadline of the scrapes that share it, and a scrape may join while a request is
    in flight: that request, too, then has longer.
    """

    def __init__(self, at: float) -> None:
        self.at = at
        self._loop = asyncio.get_running_loop()
        self._timeout: asyncio.Timeout | None = None  # of what waited last: it moves with the deadline
        self._limit = 0.0  # but never beyond this

    @property
    def left(self) -> float:
        """The seconds left; below 0 when it is over."""
        return self.at - self._loop.time()

    def extend(self, at: float) -> bool:
        """Move the deadline to `at`, if that is later. False when it is over: what ends by it is ending."""
        if self.left <= 0:
            return False
        if at > self.at:
            self.at = at
            if self._timeout is not None:
                with suppress(RuntimeError):  # what waited is over
                    self._timeout.reschedule(min(self._limit, at))
        return True

    def within(self, seconds: float) -> asyncio.Timeout:
        """At most `seconds` from now and never beyond the deadline; one at a time. Raises TimeoutError."""
        self._limit = self._loop.time() + seconds
        self._timeout = asyncio.timeout_at(min(self._limit, self.at))
        return self._timeout

    async def wait(self, future: "asyncio.Future[T | None]", seconds: float) -> T | None:
        """What `future` gives within the same time; None when that is over. Cheaper, for what comes often."""
        self._expire(future, self._loop.time() + seconds)
        try:
            return await future
        finally:
            self._timer.cancel()

    def _expire(self, future: "asyncio.Future[T | None]", limit: float, waited: float = -math.inf) -> None:
        until = min(limit, self.at)
        if until > waited:  # it begins to wait, or the deadline was moved meanwhile
            self._timer = self._loop.call_at(until, self._expire, future, limit, until)
        elif not future.done():
            future.set_result(None)
