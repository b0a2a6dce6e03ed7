"""Where the endpoints stand: `--web.external-url`, `--web.route-prefix` and `--web.telemetry-path`.

They mean what they mean in Prometheus and its exporters.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from exporter.hosts import web_host

if TYPE_CHECKING:  # `healthy` runs every few seconds beside an exporter, and needs no web server
    from aiohttp import web

METRICS = "/metrics"
_TAKEN = frozenset({"probe", "sd", "config", "device", "docs", "static", "-"})
"""What the paths of other endpoints begin with."""


@dataclass(frozen=True)
class Paths:
    """Where the endpoints stand: all below `prefix`; `metrics` is a second path of the page /metrics."""

    prefix: str = ""
    metrics: str = METRICS


USUAL = Paths()


def route_prefix(external_url: str | None, prefix: str | None) -> str:
    """The path in front of all endpoints, "" or like "/ups": `prefix`, or else the path of `external_url`.

    Raises ValueError that names the flag and the value.
    """
    if external_url and web_host(external_url) is None:
        raise ValueError(
            f'bad --web.external-url "{external_url}": write a URL like https://ups.example/generex'
        )
    parts = urlsplit(external_url or "")
    if parts.query or parts.fragment:
        raise ValueError(f'bad --web.external-url "{external_url}": it ends with its path')
    path = parts.path if prefix is None else prefix
    if not _is_path(path):
        raise ValueError(f'bad --web.route-prefix "{path}": write a path like /generex')
    return "/" + path.strip("/") if path.strip("/") else ""


def telemetry_path(path: str) -> str:
    """The path that was asked for, like "/ups/metrics". Raises ValueError where something else stands."""
    bare = path.strip("/")
    if not bare or not _is_path(path):
        raise ValueError(f'bad --web.telemetry-path "{path}": write a path like /metrics')
    if bare.split("/")[0] in _TAKEN:
        raise ValueError(f'bad --web.telemetry-path "{path}": something else stands there')
    return f"/{bare}"


def _is_path(text: str) -> bool:
    parts = text.strip("/").split("/")
    whole = parts == [""] or all(part.strip(".") for part in parts)
    return whole and text.isprintable() and not any(character in text for character in "{}?# ")


def root_of(request: "web.Request", prefix: str) -> str:
    """How a page leads to the exporter's first page, relative to itself: "./", "../" or deeper.

    A relative link is right below every prefix, also one that a proxy takes off.
    """
    below = request.rel_url.raw_path.removeprefix(prefix).lstrip("/")
    return "../" * below.count("/") or "./"
