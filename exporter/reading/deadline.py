"""A deadline that may move while something waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Deadline:
    """The loop time by which a pass ends.

    A pass ends at the latest deadline of the scrapes that share it, and a scrape may join while a request is
    in flight: that request, too, then has longer.
    """

    def __init__(self, at: float) -> None:
        self.at = at
        self._scope: asyncio.Timeout | None = None
        self._limit = 0.0

    @property
    def left(self) -> float:
        """The seconds left; below 0 when it is over."""
        return self.at - asyncio.get_running_loop().time()

    def extend(self, at: float) -> None:
        """Move the deadline to `at`, if that is later."""
        if at <= self.at:
            return
        self.at = at
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(min(self._limit, at))

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """At most `seconds` and never beyond the deadline; one at a time. Raises TimeoutError."""
        self._limit = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(min(self._limit, self.at)) as self._scope:
                yield
        finally:
            self._scope = None
