"""The pages for people: `/` and `/device/NAME`, with the style and script that they need."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from exporter.aside import beside
from exporter.web.pages.device import device_data
from exporter.web.pages.glance import Glance
from exporter.web.pages.manual import add_manual
from exporter.web.pages.overview import STATE_KEYS, URGENCIES, overview_data
from exporter.web.pages.templates import STATIC, static_content, template_texts, templates
from exporter.web.parameters import RequestError, check_known, one
from exporter.web.prefix import root_of
from exporter.web.state import State

__all__ = ["add_pages", "templates"]

_EVERY = 15  # seconds between refreshes, the interval of scrapes that the rules expect
_SOON = 3  # the same while a device is still being read


def add_pages(app: web.Application, state: State, prefix: str = "") -> None:
    """Add the paths of the pages below `prefix`.

    What they are made of is read now: an upgrade may replace the files while this runs.
    """
    template_texts()
    for name in STATIC:
        static_content(name)
    glance = Glance()

    async def overview(request: web.Request) -> web.Response:
        check_known(request, ("refresh", "state", "urgency"))
        fleet = state.fleet
        chosen = _chosen(request)
        being_read = await glance.at(fleet.devices.values())
        now = asyncio.get_running_loop().time()
        root = root_of(request, prefix)
        return await _page(
            request, "overview.html", root, lambda: overview_data(fleet, being_read, now, chosen)
        )

    async def device(request: web.Request) -> web.Response:
        check_known(request, ("refresh", "name"))
        name = request.match_info.get("name") or one(request, "name")
        if name is None:
            raise RequestError('parameter "name" is missing: the name of a configured device')
        found = state.fleet.devices.get(name)
        if found is None:
            raise RequestError(f'no configured device has the name "{name}"', 404)
        being_read = await glance.at([found])
        grafana = state.config.grafana
        now = asyncio.get_running_loop().time()
        root = root_of(request, prefix)
        return await _page(
            request, "device.html", root, lambda: device_data(found, bool(being_read), now, grafana)
        )

    app.router.add_get(f"{prefix}/", overview)
    app.router.add_get(f"{prefix}/device", device)
    app.router.add_get(prefix + "/device/{name:.+}", device)
    app.router.add_get(prefix + "/static/{file}", _static)
    add_manual(app, state, prefix)
    app.on_shutdown.append(glance.close)


def _chosen(request: web.Request) -> dict[str, str]:
    """The filter of the list: a state or an urgency by its key. Raises RequestError for what is none."""
    keys = {"state": STATE_KEYS, "urgency": tuple(urgency.name.lower() for urgency in URGENCIES)}
    chosen = {name: value for name in keys if (value := one(request, name))}
    for name, value in chosen.items():
        if value not in keys[name]:
            raise RequestError(f'parameter "{name}" is one of {", ".join(keys[name])}, not "{value}"')
    return chosen


async def _page(
    request: web.Request, template: str, root: str, data: Callable[[], Mapping[str, Any]]
) -> web.Response:
    """A page made in a thread of its own: hundreds of devices take a while, and scrapes must not wait."""
    refresh = one(request, "refresh") or "on"
    if refresh not in ("on", "off"):
        raise RequestError(f'parameter "refresh" is on or off, not "{refresh}"')

    def render() -> str:
        content = data()
        every = _SOON if content["being_read"] else _EVERY
        paused = refresh == "off"
        made = time.strftime("%H:%M:%S %Z")
        page = templates().get_template(template)
        return page.render(**content, root=root, paused=paused, every=every, made=made)

    response = web.Response(text=await beside(render), content_type="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.enable_compression()
    return response


async def _static(request: web.Request) -> web.Response:
    check_known(request, ("v",))
    name = request.match_info["file"]
    if name not in STATIC:
        raise web.HTTPNotFound
    # the address holds a digest of the content, so that a new version has a new one
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(
        body=static_content(name), content_type=STATIC[name], charset="utf-8", headers=headers
    )
