"""Query parameters and headers, strictly: what is missing, repeated or unknown is named."""

import re
from collections.abc import Collection, Sequence

from aiohttp import web

DEFAULT_TIMEOUT = 10.0  # seconds, without the scraper's header (design 2.6)
TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
_LONGEST = 1_000_000  # seconds; a header beyond has another unit
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


class RequestError(Exception):
    """Answered as plain text with `status`."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def check_known(request: web.Request, known: Collection[str]) -> None:
    """Refuse query parameters that this path does not have."""
    for name in request.query:
        if name not in known:
            choice = f"there are: {', '.join(known)}" if known else "this path takes none"
            raise RequestError(f'unknown parameter "{name}" ({choice})')


def one(request: web.Request, name: str) -> str | None:
    """The value of a parameter that may stand once."""
    values: Sequence[str] = request.query.getall(name, [])
    if len(values) > 1:
        raise RequestError(f'parameter "{name}" is given {len(values)} times: once is right')
    if values and not values[0]:
        raise RequestError(f'parameter "{name}" is empty')
    return values[0] if values else None


def scrape_seconds(header: str | None, offset: float) -> float:
    """How long a scrape may take, by the scraper's header: less the offset, but never below half of it."""
    if header is None:
        return DEFAULT_TIMEOUT
    seconds = float(header) if _DECIMAL.fullmatch(header) else 0.0
    if not 0 < seconds < _LONGEST:
        text = f"a number of seconds above 0 and below {_LONGEST} is right"
        raise RequestError(f'bad header {TIMEOUT_HEADER} "{header}": {text}')
    return max(seconds - offset, seconds / 2)
