"""Simulated devices and the exporter's application in a thread, and pages of it in a real Chromium."""

import asyncio
import threading
import time
import urllib.request
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from exporter.config import load_config
from exporter.simulator.scenarios import Scenario, load_scenario
from exporter.simulator.server import Simulator
from exporter.web.app import create_app
from exporter.web.state import State

T = TypeVar("T")

# a time of day on a page; around midnight it may be of yesterday
CLOCK = r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d"

# the strictest policy under which the pages must work: nothing inline, nothing from elsewhere
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'"
)


def turned(
    strings: int = 2, modules: int = 8, personality: str = "cs141", listen: str = "127.0.0.1:0", **knobs: Any
) -> Simulator:
    """A simulated device that stands as its knobs say."""
    steps = [{"at": "0s", "set": knobs}] if knobs else []
    entry = {
        "name": "stage", "description": "-", "personality": personality, "lasts": "1h", "timeline": steps,
    }  # fmt: skip
    scenario = Scenario.model_validate(entry)
    return Simulator(scenario, listen=listen, strings=strings, modules=modules)


def played(scenario: str, at: float, *, modules: int = 40) -> Simulator:
    """A simulated device that stands still, `at` seconds into a scenario; a gateway's counter goes on."""
    now, began = [0.0], time.monotonic()
    moves = load_scenario(scenario).personality == "prof"

    def clock() -> float:
        return now[0] + (time.monotonic() - began if moves else 0)

    simulator = Simulator(scenario, listen="127.0.0.1:0", modules=modules, clock=clock)
    simulator.image()
    now[0] = at
    simulator.image()
    return simulator


class Stage:
    """Everything that runs in the thread; `base` is the address of the application."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.base = ""
        self.state: State | None = None
        self._runner: web.AppRunner | None = None
        self._simulators: list[Simulator] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def start(self, simulators: Sequence[Simulator]) -> list[str]:
        """Start simulators; their targets."""

        async def start() -> None:
            await asyncio.gather(*(simulator.start() for simulator in simulators))

        self._simulators += simulators
        self.run(start())
        return [simulator.target for simulator in simulators]

    def turn(self, simulator: Simulator, **knobs: Any) -> None:
        async def turn() -> None:
            simulator.turn(**knobs)

        self.run(turn())

    def get(self, path: str) -> str:
        """Ask for a path as a scraper would."""
        with urllib.request.urlopen(self.base + path, timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    def read(self) -> None:
        """Have every device read once, however long that takes: a page waits a second for it."""
        self.get("/metrics?collect[]=devices")

    def requests(self, device: str) -> int:
        """How many Modbus requests went to a device since the start."""
        assert self.state is not None
        return self.state.fleet.devices[device].counters.requests

    def serve(self, config: Path, port: int = 0) -> None:
        """Serve the application with this configuration, at a port of its own unless one is given."""

        async def begin() -> None:
            state = self.state = State(lambda: load_config(config), 0.5)
            app = create_app(state)
            app.on_response_prepare.append(_with_policy)
            self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
            self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

        self.run(begin())

    async def stop(self) -> None:
        """Stop the application, as when the exporter ends."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self.state is not None:
            self.state.fleet.close()

    async def end(self) -> None:
        await self.stop()
        await asyncio.gather(*(simulator.stop() for simulator in self._simulators))


async def _with_policy(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = POLICY


@contextmanager
def stage() -> Iterator[Stage]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="stage")
    thread.start()
    it = Stage(loop)
    try:
        yield it
    finally:
        it.run(it.end())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
