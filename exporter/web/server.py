"""Runs the application until a signal says stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from aiohttp import web

from exporter import __version__
from exporter.errors import UserError
from exporter.serialports import warn_of_passing_names
from exporter.web.app import create_app
from exporter.web.limits import connection_limit
from exporter.web.listen import ListenAddress
from exporter.web.notify import READY, STOPPING, notify, reloading, status
from exporter.web.prefix import USUAL, Paths
from exporter.web.security import IDLE_TIMEOUT, CurrentWebConfig, Doors, Guard
from exporter.web.state import State

__all__ = ["ListenAddress", "serve"]

log = logging.getLogger(__name__)

# Seconds after which a thread at work hands the interpreter over. A push and a reload work in threads, and
# each of the dozens of turns that a scrape takes would wait Python's 5 ms beside them.
_SWITCH_INTERVAL = 0.0005
_GRACE = 0.25  # seconds that scrapes under way are given at the end, and again to be cancelled


async def serve(
    state: State,
    addresses: Sequence[ListenAddress | socket.socket],
    *,
    web_config: CurrentWebConfig | None = None,
    paths: Paths = USUAL,
    on_ready: Callable[[Sequence[str]], Awaitable[None]] | None = None,
) -> None:
    """Serve at addresses or sockets that are open until SIGTERM or SIGINT; SIGHUP reloads.

    Raises UserError when a port cannot be opened.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL)
    gc.freeze()  # what lasts as long as the program is never looked through for garbage
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        notify(reloading())
        outcome = "reload failed, the old configuration stays"
        with contextlib.suppress(UserError):  # logged there, and the metric says so
            await state.reload()
            outcome = _devices(state)
        notify(READY, status(outcome))

    def on_hangup() -> None:
        task = loop.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)
    runner = new_runner(state, web_config, paths)
    await runner.setup()
    pushing: asyncio.Task[None] | None = None
    doors = Doors(cast(web.Server, runner.server), web_config, max_connections=connection_limit())
    listening: list[asyncio.Server] = []
    try:
        for address in addresses:
            if isinstance(address, socket.socket):
                listening.append(await loop.create_server(doors, sock=address))
                continue
            try:
                host = address.host or None
                listening.append(await loop.create_server(doors, host, address.port, reuse_address=True))
            except (OSError, UnicodeError) as error:  # a name may be one that no lookup takes
                raise UserError(f"cannot listen on {address}: {_reason(error)}") from None
        names = [it.getsockname() for server in listening for it in server.sockets]
        open_at = [str(ListenAddress(name[0], name[1])) for name in names]
        log.info(
            "listening",
            extra={
                "address": ",".join(open_at),
                "tls": "on" if web_config and web_config.config.tls else "off",
                "devices": len(state.config.devices),
                "version": __version__,
            },
        )
        warn_of_passing_names(device.target for device in state.config.devices)
        notify(READY, status(_devices(state)))
        if on_ready is not None:
            await on_ready(open_at)
        pushing = loop.create_task(state.pusher.run(), name="otlp")
        await stop.wait()
        notify(STOPPING)
        log.info("stopping")
    finally:
        if pushing is not None:
            pushing.cancel()
        state.pusher.close()
        for server in listening:
            server.close()
        await runner.cleanup()
        state.fleet.close()


def new_runner(
    state: State,
    web_config: CurrentWebConfig | None = None,
    paths: Paths = USUAL,
    *,
    idle_timeout: float = IDLE_TIMEOUT,
) -> web.AppRunner:
    """The HTTP server; a connection is closed when it brings no whole request for `idle_timeout` seconds."""
    return web.AppRunner(
        create_app(state, Guard(web_config), paths),
        access_log=None, handle_signals=False, shutdown_timeout=_GRACE,
        handler_cancellation=True,  # a scraper that has left waits for no device any more
        keepalive_timeout=idle_timeout,
    )  # fmt: skip


def _devices(state: State) -> str:
    return f"devices configured: {len(state.config.devices)}"


def _reason(error: OSError | UnicodeError) -> str:
    # asyncio wraps the system's words into a sentence of its own; name lookups have numbers of their own
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)
