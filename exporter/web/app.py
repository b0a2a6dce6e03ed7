"""The HTTP application."""

import asyncio
import json
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain

from aiohttp import HttpVersion11, web

from exporter.aside import NoThreadError, beside
from exporter.errors import UserError
from exporter.exposition.negotiation import CONTENT_TYPES, Format, negotiate, takes_gzip
from exporter.plaintext import lines, one_line
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import TooManyDebugPassesError
from exporter.reading.transport.exchange import Exchange
from exporter.web.debug import debug_page
from exporter.web.pages import add_pages
from exporter.web.parameters import TIMEOUT_HEADER, RequestError, check_known, scrape_seconds
from exporter.web.prefix import METRICS, USUAL, Paths
from exporter.web.probe import probed_device
from exporter.web.security import HEALTHY, READY, Guard
from exporter.web.state import State

log = logging.getLogger(__name__)

STATE = web.AppKey("state", State)
_STREAM = web.RequestKey("stream", web.StreamResponse)
_SENDING = web.RequestKey("sending", float)

_COLLECT = ("exporter", "devices")
_END: Mapping[Format, Sequence[str]] = {"text": (), "openmetrics": ("# EOF\n",)}
_GZIP_FORM = 31  # what zlib calls a gzip header and the largest window
_LARGE = 1 << 20  # bytes of a page from which on it is sent as it is made
_TURN = 4 * 1024  # characters of a page after which others run
_FIRST = 16 * 1024  # the same at its beginning: the page of a single UPS is made in one turn
_GZIP_LEVEL = 1  # level 9 takes 25 times as long for a page a third smaller (peers.md 3.7)


def create_app(state: State, guard: Guard | None = None, paths: Paths = USUAL) -> web.Application:
    """The application; the guard stands in front of all its paths."""
    prefix = paths.prefix
    app = web.Application(client_max_size=64 * 1024)
    (guard or Guard()).watch_over(app)
    app.middlewares.append(_plain_errors)
    app[STATE] = state
    add_pages(app, state, prefix)
    for path in {METRICS, paths.metrics}:
        app.router.add_get(f"{prefix}{path}", _metrics)
    app.router.add_get(f"{prefix}/probe", _probe)
    app.router.add_get(f"{prefix}/sd", _service_discovery)
    app.router.add_get(f"{prefix}/config", _config)
    app.router.add_get(f"{prefix}/-/healthy", _healthy, name=HEALTHY)
    app.router.add_get(f"{prefix}/-/ready", _ready, name=READY)
    app.router.add_post(f"{prefix}/-/reload", _reload)
    if prefix:
        app.router.add_get("/", _to_the_prefix)
        app.router.add_get(prefix, _to_the_prefix)
    return app


async def _to_the_prefix(request: web.Request) -> web.StreamResponse:
    path = request.app.router[HEALTHY].canonical.removesuffix("/-/healthy")
    raise web.HTTPFound(f"{path}/")


@web.middleware
async def _plain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except RequestError as error:
        return web.Response(text=f"{lines(str(error))}\n", status=error.status)
    except NoThreadError as error:
        return web.Response(text=f"{error}\n", status=503)
    except web.HTTPNotFound:
        return web.Response(text=f'unknown path "{one_line(request.path)}"\n', status=404)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        text = f"{one_line(request.path)} takes {allowed}, not {request.method}\n"
        return web.Response(text=text, status=405, headers={"Allow": allowed})
    except web.HTTPException:
        raise
    except Exception:
        log.exception("request failed", extra={"path": request.path_qs})
        if _STREAM in request:  # half of it is there: what breaks off is a failed scrape, as it must be
            if request.transport is not None:
                request.transport.abort()
            return request[_STREAM]
        return web.Response(
            text=f"{request.path}: an error inside the exporter; its log says more\n", status=500
        )


async def _metrics(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    check_known(request, ("collect[]",))
    halves = request.query.getall("collect[]", list(_COLLECT))
    for half in halves:
        if half not in _COLLECT:
            choice = ", ".join(_COLLECT)
            raise RequestError(f'unknown value "{half}" of collect[] (there are: {choice})')
    form = negotiate(request.headers.get("Accept"))
    loop = asyncio.get_running_loop()
    snapshots: Sequence[Snapshot] = ()
    over = 0.0
    if "devices" in halves:
        deadline = _deadline(request)
        deadline -= state.reserve.of(len(state.config.devices), deadline - loop.time())
        snapshots = await state.fleet.scrape(deadline)
        over = min(deadline, loop.time())
    own = state.own_metrics.render(state.exporter_state(), form) if "exporter" in halves else ()
    answer = await _page(request, own, snapshots, form)
    if snapshots and request.method == "GET":
        state.reserve.note(loop.time() - over - request.get(_SENDING, 0.0))
    return answer


async def _probe(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    device, debug = probed_device(request, state.fleet)
    deadline = _deadline(request)
    if debug:
        exchanges: list[Exchange] = []
        with state.place_for_a_probe():
            try:
                snapshot = await device.debug(deadline, exchanges.append)
            except TooManyDebugPassesError as error:
                raise RequestError(str(error), 503) from None
        return web.Response(text=debug_page(device, snapshot, exchanges, state.renderer))
    # scrapes of a configured device share its passes: however many come, and however many such devices are
    # down, they take no place from each other
    with nullcontext() if state.fleet.is_configured(device) else state.place_for_a_probe():
        snapshot = await device.scrape(deadline)
    return await _page(request, (), [snapshot], negotiate(request.headers.get("Accept")))


async def _service_discovery(request: web.Request) -> web.Response:
    check_known(request, ())
    entries = []
    for device in request.app[STATE].config.devices:
        labels = {
            "__meta_generex_target": device.target.url,
            "__meta_generex_module": device.module,
            "__meta_generex_unit": str(device.target.unit),
        }
        labels |= {f"__meta_generex_label_{name}": value for name, value in device.labels.items()}
        entries.append({"targets": [device.name], "labels": labels})
    return web.json_response(entries, dumps=lambda data: json.dumps(data, ensure_ascii=False))


async def _config(request: web.Request) -> web.Response:
    check_known(request, ())
    # a thousand devices take a second: others run meanwhile
    return web.Response(text=await beside(request.app[STATE].config.dump))


async def _healthy(request: web.Request) -> web.Response:
    check_known(request, ())
    return web.Response(text="Healthy\n")


async def _ready(request: web.Request) -> web.Response:
    check_known(request, ())
    # the port opens only once the configuration is loaded; a device that is down is no reason to restart
    return web.Response(text="Ready\n")


async def _reload(request: web.Request) -> web.Response:
    check_known(request, ())
    try:
        await asyncio.shield(request.app[STATE].reload())  # seen through, also if the client leaves
    except UserError as error:
        return web.Response(text=f"failed to reload config: {error}\n", status=500)
    return web.Response(text="reloaded\n")


def _deadline(request: web.Request) -> float:
    seconds = scrape_seconds(request.headers.get(TIMEOUT_HEADER), request.app[STATE].timeout_offset)
    return asyncio.get_running_loop().time() + seconds


async def _page(
    request: web.Request, own: Iterable[str], snapshots: Sequence[Snapshot], form: Format
) -> web.StreamResponse:
    """The page with its length in front; a large one goes out while it is made, so that it is never kept."""
    headers = {"Content-Type": CONTENT_TYPES[form], "Vary": "Accept, Accept-Encoding"}
    compress = None
    if takes_gzip(request.headers.get("Accept-Encoding")):
        headers["Content-Encoding"] = "gzip"
        compress = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORM)
    body = bytearray()
    stream: web.StreamResponse | None = None
    made = _TURN - _FIRST
    for text in chain(own, request.app[STATE].renderer.devices(snapshots, form), _END[form]):
        if made > _TURN:
            await asyncio.sleep(0)  # others run between the pieces
            made = 0
        made += len(text)
        if len(body) > _LARGE:
            if stream is None:
                stream = request[_STREAM] = web.StreamResponse(headers=headers)
                if request.version < HttpVersion11:  # its pages end with the connection
                    stream.force_close()
                await stream.prepare(request)
                if request.method == "HEAD":
                    return stream
            await _send(request, stream, body)
            body = bytearray()
        body += compress.compress(text.encode()) if compress else text.encode()
    if compress:
        body += compress.flush()
    if stream is None:
        return web.Response(body=body, headers=headers)
    await _send(request, stream, body)
    return stream


async def _send(request: web.Request, stream: web.StreamResponse, body: bytearray) -> None:
    """Send a piece of a page, and note how long the client took for it: a slow one is no slow page."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await stream.write(body)
    request[_SENDING] = request.get(_SENDING, 0.0) + loop.time() - began
