"""The formats of a page of metrics, and which of them a scraper takes by its headers."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

Format = Literal["text", "openmetrics"]

CONTENT_TYPES: Mapping[Format, str] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
_HEADERS = 64  # Accept headers whose meaning is remembered: a scraper always sends the same one


@lru_cache(_HEADERS)
def negotiate(accept: str | None) -> Format:
    """The format that an Accept header asks for, read by its q; text where it asks for nothing we have."""
    text = _quality(accept or "", ("*/*", "text/*", "text/plain"), "0.0.4")
    openmetrics = _quality(accept or "", ("*/*", "application/*", "application/openmetrics-text"), "1.0.0")
    return "openmetrics" if openmetrics[0] > 0 and openmetrics > text else "text"


@lru_cache(_HEADERS)
def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header asks for gzip."""
    return _quality(accept_encoding or "", ("*", "gzip"))[0] > 0


def _quality(header: str, ranges: Sequence[str], version: str = "") -> tuple[float, int]:
    """How much a header wants an offer: the q of the most specific range that fits, and how specific that is.

    `ranges` are the names that fit the offer, the most specific last. (0, 0) when none of them is there.
    """
    best = (0, 0.0)
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        options = {key.strip(): value.strip(' "') for key, _, value in (p.partition("=") for p in parameters)}
        try:
            quality = float(options.get("q", "1"))
        except ValueError:
            continue
        if name not in ranges or options.get("version", version) != version or not 0 <= quality <= 1:
            continue
        best = max(best, (ranges.index(name) + 1 + ("version" in options), quality))
    return best[1], best[0]
