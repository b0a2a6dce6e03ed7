"""Runs the application until a signal says stop."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from exporter import __version__
from exporter.errors import UserError
from exporter.web.app import create_app
from exporter.web.listen import ListenAddress
from exporter.web.state import State

__all__ = ["ListenAddress", "serve"]

log = logging.getLogger(__name__)

_GRACE = 0.25  # seconds that scrapes under way are given at the end, and again to be cancelled


async def serve(
    state: State,
    addresses: Sequence[ListenAddress],
    *,
    on_ready: Callable[[Sequence[str]], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads. Raises UserError when a port cannot be opened."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        with contextlib.suppress(UserError):  # logged there, and the metric says so
            await state.reload()

    def on_hangup() -> None:
        task = loop.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)
    runner = web.AppRunner(
        create_app(state), access_log=None, handle_signals=False, shutdown_timeout=_GRACE,
        handler_cancellation=True,  # a scraper that has left waits for no device any more
    )  # fmt: skip
    await runner.setup()
    pushing: asyncio.Task[None] | None = None
    try:
        for address in addresses:
            try:
                await web.TCPSite(runner, address.host or None, address.port, reuse_address=True).start()
            except (OSError, UnicodeError) as error:  # a name may be one that no lookup takes
                raise UserError(f"cannot listen on {address}: {_reason(error)}") from None
        open_at = [str(ListenAddress(name[0], name[1])) for name in runner.addresses]
        log.info(
            "listening",
            extra={
                "address": ",".join(open_at),
                "devices": len(state.config.devices),
                "version": __version__,
            },
        )
        if on_ready is not None:
            await on_ready(open_at)
        pushing = loop.create_task(state.pusher.run(), name="otlp")
        await stop.wait()
        log.info("stopping")
    finally:
        if pushing is not None:
            pushing.cancel()
        state.pusher.close()
        await runner.cleanup()
        state.fleet.close()


def _reason(error: OSError | UnicodeError) -> str:
    # asyncio wraps the system's words into a sentence of its own; name lookups have numbers of their own
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)
