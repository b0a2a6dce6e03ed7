"""A deadline that may move while something waits for it."""

import asyncio
from contextlib import suppress


class Deadline:
    """The loop time by which a pass ends.

    A pass ends at the latest deadline of the scrapes that share it, and a scrape may join while a request is
    in flight: that request, too, then has longer.
    """

    def __init__(self, at: float) -> None:
        self.at = at
        self._clock = asyncio.get_running_loop().time
        self._timeout: asyncio.Timeout | None = None  # of what waited last: it moves with the deadline
        self._limit = 0.0  # but never beyond this

    @property
    def left(self) -> float:
        """The seconds left; below 0 when it is over."""
        return self.at - self._clock()

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
        self._limit = self._clock() + seconds
        self._timeout = asyncio.timeout_at(min(self._limit, self.at))
        return self._timeout
