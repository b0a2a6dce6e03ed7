"""The pages for people: `/` and `/device/NAME`, with the style and script that they need."""

import asyncio
import functools
import hashlib
import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aiohttp import web

from exporter.web.pages.glance import Glance
from exporter.web.parameters import RequestError, check_known, one
from exporter.web.state import State

if TYPE_CHECKING:
    from jinja2 import Environment

_STATIC = {"style.css": "text/css", "refresh.js": "text/javascript", "icon.svg": "image/svg+xml"}
_EVERY = 15  # seconds between refreshes, the interval of scrapes that the rules expect
_SOON = 3  # the same while a device is still being read


def add_pages(app: web.Application, state: State) -> None:
    """Add the paths of the pages. jinja2 is loaded with the first page: `serve` must start quickly."""
    glance = Glance()

    async def overview(request: web.Request) -> web.Response:
        check_known(request, ("refresh",))
        from exporter.web.pages.overview import overview_data

        fleet = state.fleet
        being_read = await glance.at(fleet.devices.values())
        now = asyncio.get_running_loop().time()
        return await _page(request, "overview.html", lambda: overview_data(fleet, being_read, now))

    async def device(request: web.Request) -> web.Response:
        check_known(request, ("refresh", "name"))
        from exporter.web.pages.device import device_data

        name = request.match_info.get("name") or one(request, "name")
        if name is None:
            raise RequestError('parameter "name" is missing: the name of a configured device')
        found = state.fleet.devices.get(name)
        if found is None:
            raise RequestError(f'no device is configured by the name "{name}"', 404)
        being_read = await glance.at([found])
        now = asyncio.get_running_loop().time()
        return await _page(request, "device.html", lambda: device_data(found, bool(being_read), now))

    app.router.add_get("/", overview)
    app.router.add_get("/device", device)
    app.router.add_get("/device/{name:.+}", device)
    app.router.add_get("/static/{file}", _static)
    app.on_shutdown.append(glance.close)


async def _page(request: web.Request, template: str, data: Callable[[], Mapping[str, Any]]) -> web.Response:
    """A page made in a thread of its own: hundreds of devices take a while, and scrapes must not wait."""
    refresh = one(request, "refresh") or "on"
    if refresh not in ("on", "off"):
        raise RequestError(f'parameter "refresh" is on or off, not "{refresh}"')

    def render() -> str:
        content = data()
        every = _SOON if content["being_read"] else _EVERY
        paused = refresh == "off"
        made = time.strftime("%H:%M:%S %Z")
        return _templates().get_template(template).render(**content, paused=paused, every=every, made=made)

    response = web.Response(text=await asyncio.to_thread(render), content_type="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.enable_compression()
    return response


async def _static(request: web.Request) -> web.Response:
    check_known(request, ("v",))
    name = request.match_info["file"]
    if name not in _STATIC:
        raise web.HTTPNotFound
    # the address holds a digest of the content, so that a new version has a new one
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=_content(name), content_type=_STATIC[name], charset="utf-8", headers=headers)


@functools.cache
def _content(name: str) -> bytes:
    return files("exporter.web").joinpath("static", name).read_bytes()


@functools.cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from exporter import __version__

    environment = Environment(
        loader=PackageLoader("exporter.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = __version__
    environment.globals["static"] = {
        name: f"/static/{name}?v={hashlib.sha256(_content(name)).hexdigest()[:12]}" for name in _STATIC
    }
    return environment
