"""How many requests are let through."""

from exporter.web.security.schema import RateEntry


class TokenBucket:
    """Holds up to `burst` tokens and gains one every `interval` seconds; a request takes one."""

    def __init__(self, limit: RateEntry, now: float) -> None:
        self._limit = limit
        self._tokens = float(limit.burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Whether there was a token at the monotonic time `now`, in seconds."""
        gained = (now - self._at) / self._limit.interval
        self._tokens = min(self._tokens + gained, self._limit.burst)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
