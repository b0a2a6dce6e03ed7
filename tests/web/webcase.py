"""The HTTP application in this process, on a free port, and a client for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientResponse, ClientSession, web
from yarl import URL

from exporter.config import load_config
from exporter.web.app import create_app
from exporter.web.prefix import Paths
from exporter.web.state import State


@dataclass(frozen=True)
class Client:
    """Asks the application; paths are sent exactly as written."""

    session: ClientSession
    base: str
    state: State

    async def ask(self, path: str, method: str = "GET", **headers: str) -> ClientResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(self.base + path, encoded=True)
        response = await self.session.request(method, url, headers=names)
        await response.read()
        return response

    async def text(self, path: str, status: int = 200, method: str = "GET", **headers: str) -> str:
        response = await self.ask(path, method, **headers)
        text = await response.text()
        assert response.status == status, text
        return text


@asynccontextmanager
async def serving(
    config: Path | None = None, *, targets: Sequence[str] = (), timeout_offset: float = 0.5, prefix: str = ""
) -> AsyncIterator[Client]:
    """A running application with this configuration."""
    state = State(lambda: load_config(config, targets=targets), timeout_offset)
    app = create_app(state, paths=Paths(prefix))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with ClientSession() as session:
            yield Client(session, f"http://127.0.0.1:{runner.addresses[0][1]}", state)
            await asyncio.sleep(0)
    finally:
        await runner.cleanup()
        state.fleet.close()


def value(page: str, series: str) -> float:
    """The value of the one sample line that starts with `series` and a blank or a brace."""
    found = [line for line in page.splitlines() if line.startswith((series + " ", series + "{"))]
    assert len(found) == 1, f"{series}: {found}"
    return float(found[0].rpartition(" ")[2])


def put(path: Path, text: str) -> None:
    """Write a small file, from a coroutine too."""
    path.write_text(text)


async def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` is true; 20 seconds at most."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0.005)
