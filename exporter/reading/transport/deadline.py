"""A deadline that may move while something waits for it."""

import asyncio
from types import TracebackType


class Deadline:
    """The loop time by which a pass ends.

    A pass ends at the latest deadline of the scrapes that share it, and a scrape may join while a request is
    in flight: that request, too, then has longer.
    """

    def __init__(self, at: float) -> None:
        self.at = at
        self._clock = asyncio.get_running_loop().time
        self._scope: _Scope | None = None

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
            if self._scope is not None and not self._scope.timeout.expired():
                self._scope.timeout.reschedule(min(self._scope.limit, at))
        return True

    def within(self, seconds: float) -> "_Scope":
        """A scope of at most `seconds` and never beyond the deadline; one at a time. Raises TimeoutError."""
        return _Scope(self, self._clock() + seconds)


class _Scope:
    """What is done within a deadline: `timeout` moves with it, but never beyond `limit`."""

    def __init__(self, deadline: Deadline, limit: float) -> None:
        self.limit = limit
        self.timeout = asyncio.timeout_at(min(limit, deadline.at))
        self._deadline = deadline

    async def __aenter__(self) -> None:
        await self.timeout.__aenter__()
        self._deadline._scope = self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline._scope = None
        await self.timeout.__aexit__(kind, error, trace)
