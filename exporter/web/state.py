"""What the HTTP handlers share: the fleet, the renderer, and how the last reload went."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from exporter.aside import beside
from exporter.assess.measured import measured
from exporter.config import Config
from exporter.exposition.lines import Renderer
from exporter.exposition.own import SCRAPED_ADDRESS, ExporterMetrics, ExporterState, WebAddress
from exporter.garbage import no_full_looks
from exporter.pushing import Pusher
from exporter.reading.decode.series import Raw, Series
from exporter.reading.device.fleet import Fleet
from exporter.serialports import warn_of_passing_names
from exporter.web.parameters import RequestError
from exporter.web.reserve import Reserve

log = logging.getLogger(__name__)


class State:
    """The running exporter. `load` reads the configuration again; it raises UserError."""

    def __init__(
        self, load: Callable[[], Config], timeout_offset: float, web: WebAddress = SCRAPED_ADDRESS
    ) -> None:
        self._load = load
        self._web = web
        self.timeout_offset = timeout_offset
        with no_full_looks():
            self.fleet = Fleet(load(), check_names=True, judge=measured)
        self.renderer = Renderer()
        self.own_metrics = ExporterMetrics()
        self.reserve = Reserve()
        self.probes = 0
        self._reload_successful = True
        self._reloaded_at = time.time()
        self._reload_lock = asyncio.Lock()
        self.pusher = Pusher(self.fleet, self._own_readings)
        self.pusher.use(self.pusher.prepare(self.config.otlp))

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.fleet.config

    def exporter_state(self) -> ExporterState:
        """What the exporter's own metrics are made of; the counters are those that go on counting."""
        counters = tuple(self.fleet.counters())
        return ExporterState(
            counters, self._reload_successful, self._reloaded_at, self.pusher.counts, self._web
        )

    def _own_readings(self) -> Callable[[], list[tuple[Series, Raw]]]:
        """The exporter's own readings as they are now, to be put together in a thread."""
        state = self.exporter_state()
        now = tuple((name, counters.copy()) for name, counters in state.counters)
        return partial(self.own_metrics.readings, replace(state, counters=now))

    @contextmanager
    def place_for_a_probe(self) -> Iterator[None]:
        """A place among the probes of other addresses and the debug probes. Raises RequestError (503)."""
        limit = self.config.probe.max_concurrent
        if self.probes >= limit:
            text = f"{limit} probes are running already, and probe.max_concurrent allows no more"
            raise RequestError(text, 503)
        self.probes += 1
        try:
            yield
        finally:
            self.probes -= 1

    async def reload(self) -> None:
        """Read the configuration again and go over to it; raises UserError, and then nothing has changed."""
        async with self._reload_lock:
            try:
                with no_full_looks():
                    config = await beside(self._load)
                    prepared = await beside(partial(self.fleet.prepare, config))
                sender = await beside(partial(self.pusher.prepare, config.otlp))
                for _ in self.fleet.go_over(prepared):
                    await asyncio.sleep(0)
                self.pusher.use(sender)
            except Exception as error:
                self._reload_successful = False
                log.error("configuration not reloaded, the old one stays", extra={"error": str(error)})
                raise
            self._reload_successful = True
            self._reloaded_at = time.time()
            warn_of_passing_names([device.target for device in config.devices])
            log.info("configuration reloaded", extra={"devices": len(config.devices)})
