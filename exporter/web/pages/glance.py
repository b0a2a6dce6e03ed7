"""Looking at devices for a page: passes are shared, no more frequent than scrapes, never waited for long."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from weakref import WeakKeyDictionary

from aiohttp import web

from exporter.reading.device.device import Device
from exporter.web.parameters import DEFAULT_TIMEOUT

_FRESH = 15.0  # seconds for which a pass, whoever asked for it, is good enough for a page
_PATIENCE = 1.0  # seconds that a page waits for devices

log = logging.getLogger(__name__)


class Glance:
    """Reads the devices of a page that nobody has read lately. A pass goes on when its page is gone."""

    def __init__(self) -> None:
        self._asked: WeakKeyDictionary[Device, float] = WeakKeyDictionary()
        self._running: dict[Device, asyncio.Task[None]] = {}

    async def at(self, devices: Iterable[Device]) -> frozenset[Device]:
        """See to it that the devices' histories are fresh; those that are still being read then."""
        now = asyncio.get_running_loop().time()
        chosen = list(devices)
        for device in chosen:
            history = device.history
            known = history.last_at if history is not None and history.last is not None else float("-inf")
            if now - max(known, self._asked.get(device, float("-inf"))) >= _FRESH:
                self._start(device, now)
        running = {self._running[device] for device in chosen if device in self._running}
        if running:
            await asyncio.wait(running, timeout=_PATIENCE)
        return frozenset(device for device in chosen if device in self._running)

    async def close(self, app: web.Application) -> None:
        """Give up the passes under way."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task

    def _start(self, device: Device, now: float) -> None:
        async def read() -> None:
            await device.scrape(now + DEFAULT_TIMEOUT)

        self._asked[device] = now
        task = self._running[device] = asyncio.create_task(read(), name=f"page {device.config.name}")
        task.add_done_callback(lambda _: self._running.pop(device))
