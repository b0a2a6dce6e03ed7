"""The path in front of all endpoints: `--web.external-url` and `--web.route-prefix`, as in Prometheus."""

from urllib.parse import urlsplit

from aiohttp import web


def route_prefix(external_url: str | None, prefix: str | None) -> str:
    """The path in front of all endpoints, "" or like "/ups": `prefix`, or else the path of `external_url`.

    Raises ValueError that names the flag and the value.
    """
    parts = urlsplit(external_url or "")
    if external_url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(
            f'bad --web.external-url "{external_url}": write a URL like https://ups.example/generex'
        )
    if parts.query or parts.fragment:
        raise ValueError(f'bad --web.external-url "{external_url}": it ends with its path')
    path = parts.path if prefix is None else prefix
    if path.strip("/") and not all(part.strip(".") for part in path.strip("/").split("/")):
        raise ValueError(f'bad --web.route-prefix "{path}": write a path like /generex')
    if any(character in path for character in "{}?#") or not path.isprintable() or " " in path:
        raise ValueError(f'bad --web.route-prefix "{path}": write a path like /generex')
    return "/" + path.strip("/") if path.strip("/") else ""


def root_of(request: web.Request, prefix: str) -> str:
    """How a page leads to the exporter's first page, relative to itself: "./", "../" or deeper.

    A relative link is right below every prefix, also one that a proxy takes off.
    """
    below = request.rel_url.raw_path.removeprefix(prefix).lstrip("/")
    return "../" * below.count("/") or "./"
