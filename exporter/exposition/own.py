"""What the exporter says about itself, rendered by prometheus-client."""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client import exposition as text_encoder
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as ClientMetric
from prometheus_client.openmetrics import exposition as openmetrics_encoder

from exporter import __version__
from exporter.exposition.negotiation import Format
from exporter.maps.model import Metric
from exporter.reading.decode.series import Raw, Series
from exporter.reading.device.counters import Counters


@dataclass
class ExporterState:
    """What the exporter says about itself."""

    counters: Iterable[tuple[str, Counters]]
    reload_successful: bool
    reloaded_at: float
    pushes: tuple[int, int] | None = None  # attempts and failures, where OTLP is configured


class ExporterMetrics:
    """The exporter's own page: build, reload, process, and what all passes together asked for.

    Threads may use it: one page is made after the other.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._registry.register(self)
        self._state: ExporterState | None = None

    def render(self, state: ExporterState, form: Format) -> str:
        """The page as text, without the `# EOF` of OpenMetrics."""
        with self._lock:
            self._state = state
            if form == "openmetrics":
                page: bytes = openmetrics_encoder.generate_latest(self._registry)  # type: ignore[no-untyped-call]
                return page.decode().removesuffix("# EOF\n")
            return text_encoder.generate_latest(self._registry).decode()

    def readings(self, state: ExporterState) -> list[tuple[Series, Raw]]:
        """The same as the page, as readings like those of a device."""
        with self._lock:
            self._state = state
            families = list(self._registry.collect())
        found = []
        for family in families:
            for sample in family.samples:
                unit = next((unit for unit in ("seconds", "bytes") if family.name.endswith(f"_{unit}")), "")
                kind: Literal["gauge", "counter"] = "counter" if family.type == "counter" else "gauge"
                metric = Metric(sample.name, family.documentation, kind, unit)
                found.append((Series(metric, tuple(sample.labels.items())), sample.value))
        return found

    def collect(self) -> Iterator[ClientMetric]:
        """The families, for prometheus-client's registry."""
        state = self._state
        if state is None:  # asked for its names at registration
            return
        python = platform.python_version()
        build = GaugeMetricFamily(
            "generex_exporter_build_info",
            "Always 1; the labels say what is running.",
            labels=["version", "pythonversion"],
        )
        build.add_metric([__version__, python], 1)
        yield build
        yield GaugeMetricFamily(
            "generex_exporter_config_last_reload_successful",
            "Whether the last attempt to load the configuration was good.",
            value=float(state.reload_successful),
        )
        yield GaugeMetricFamily(
            "generex_exporter_config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded successfully.",
            value=state.reloaded_at,
        )
        requests = CounterMetricFamily(
            "generex_exporter_modbus_requests",
            "Modbus requests sent, repeated ones included.",
            labels=["device"],
        )
        errors = CounterMetricFamily(
            "generex_exporter_modbus_errors",
            "Modbus requests that got no usable answer.",
            labels=["device", "reason"],
        )
        echoes = CounterMetricFamily(
            "generex_exporter_modbus_echoes",
            "Modbus requests that came back from a serial line that echoes; they are skipped.",
            labels=["device"],
        )
        coalesced = CounterMetricFamily(
            "generex_exporter_scrapes_coalesced",
            "Scrapes that shared a pass already under way.",
            labels=["device"],
        )
        for name, counters in state.counters:
            requests.add_metric([name], counters.requests)
            echoes.add_metric([name], counters.echoes)
            coalesced.add_metric([name], counters.coalesced)
            for reason, count in counters.errors.items():
                errors.add_metric([name, reason], count)
        yield from (requests, errors, echoes, coalesced)
        if state.pushes is not None:
            exports, failures = state.pushes
            yield CounterMetricFamily(
                "generex_exporter_otlp_exports", "Pushes over OTLP, failed ones included.", value=exports
            )
            yield CounterMetricFamily(
                "generex_exporter_otlp_export_failures", "Pushes over OTLP that failed.", value=failures
            )
