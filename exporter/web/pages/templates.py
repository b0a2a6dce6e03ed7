"""The templates of the pages, and the style, script and icon that go with them."""

import functools
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = {"style.css": "text/css", "refresh.js": "text/javascript", "icon.svg": "image/svg+xml"}


@functools.cache
def template_texts() -> Mapping[str, str]:
    """The text of each template, by its file."""
    folder = files("exporter.web").joinpath("templates")
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


@functools.cache
def static_content(name: str) -> bytes:
    """The bytes of a file of STATIC."""
    return files("exporter.web").joinpath("static", name).read_bytes()


@functools.cache
def templates() -> "Environment":
    """The templates. jinja2 is loaded with the first page: `serve` must start quickly."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    from exporter import __version__

    environment = Environment(
        loader=DictLoader(template_texts()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = __version__
    environment.globals["static"] = {
        name: f"static/{name}?v={hashlib.sha256(static_content(name)).hexdigest()[:12]}" for name in STATIC
    }
    return environment
