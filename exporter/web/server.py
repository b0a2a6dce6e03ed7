"""Runs the application until a signal says stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from exporter import __version__
from exporter.errors import UserError
from exporter.web.app import create_app
from exporter.web.state import State

log = logging.getLogger(__name__)

_GRACE = 0.5  # seconds that scrapes under way are given at the end


@dataclass(frozen=True)
class ListenAddress:
    """Where to listen; an empty host is every address of the machine."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "ListenAddress":
        """Read `:10141`, `127.0.0.1:10141` or `[::1]:10141`. Raises ValueError."""
        host, separator, port = text.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in bare and bare == host):
            raise ValueError(f'bad listen address "{text}": write :10141, 127.0.0.1:10141 or [::1]:10141')
        return cls(bare, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def serve(
    state: State, addresses: Sequence[ListenAddress], *, on_ready: Callable[[Sequence[str]], Awaitable[None]] | None = None
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
    runner = web.AppRunner(create_app(state), access_log=None, handle_signals=False, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        for address in addresses:
            try:
                await web.TCPSite(runner, address.host or None, address.port, reuse_address=True).start()
            except OSError as error:
                raise UserError(f"cannot listen on {address}: {error.strerror or error}") from None
        open_at = [str(ListenAddress(name[0], name[1])) for name in runner.addresses]
        log.info(
            "listening",
            extra={"address": ",".join(open_at), "devices": len(state.config.devices), "version": __version__},
        )
        if on_ready is not None:
            await on_ready(open_at)
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
        state.fleet.close()
