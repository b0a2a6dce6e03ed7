"""What the exporter says about itself."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from exporter import __version__
from exporter.exposition.lines import plain_page
from exporter.exposition.negotiation import Format
from exporter.exposition.process import ProcessMetrics
from exporter.maps.model import Metric
from exporter.reading.decode.series import Raw, Sample, Series
from exporter.reading.device.counters import Counters

_BUILD = Metric("generex_exporter_build_info", "Always 1; the labels give the versions.")
_PAGES = Metric(
    "generex_exporter_web_info",
    "Always 1; the labels give the address of the pages. Alerts link to the runbook there.",
)
_RELOADED = Metric(
    "generex_exporter_config_last_reload_successful",
    "Whether the last attempt to load the configuration succeeded.",
)
_RELOADED_AT = Metric(
    "generex_exporter_config_last_reload_success_timestamp_seconds",
    "When the configuration was last loaded successfully.",
    unit="seconds",
)
_REQUESTS = Metric(
    "generex_exporter_modbus_requests_total", "Modbus requests sent, repeated ones included.", "counter"
)
_ERRORS = Metric(
    "generex_exporter_modbus_errors_total", "Modbus requests that got no usable answer.", "counter"
)
_ECHOES = Metric(
    "generex_exporter_modbus_echoes_total",
    "Requests echoed by a serial line; they are skipped.",
    "counter",
)
_FOREIGN = Metric(
    "generex_exporter_modbus_foreign_answers_total",
    "Answers to other clients that a gateway mixed in; they are dropped.",
    "counter",
)
_COALESCED = Metric(
    "generex_exporter_scrapes_coalesced_total", "Scrapes that shared a running pass.", "counter"
)
_PUSHES = Metric("generex_exporter_otlp_exports_total", "Pushes over OTLP, failed ones included.", "counter")
_FAILED = Metric("generex_exporter_otlp_export_failures_total", "Pushes over OTLP that failed.", "counter")


@dataclass(frozen=True)
class WebAddress:
    """Where people reach the pages: at `external_url`, or if that is "" where Prometheus scrapes.

    `scheme` and `prefix` complete that address. Neither path ends with a slash.
    """

    external_url: str = ""
    scheme: str = "http"
    prefix: str = ""


SCRAPED_ADDRESS = WebAddress()


@dataclass
class ExporterState:
    """What the exporter says about itself."""

    counters: Sequence[tuple[str, Counters]]
    reload_successful: bool
    reloaded_at: float
    pushes: tuple[int, int] | None = None  # attempts and failures, where OTLP is configured
    web: WebAddress = SCRAPED_ADDRESS


class ExporterMetrics:
    """The exporter's own page: build, reload, process, and what all passes together asked for."""

    def __init__(self) -> None:
        self._process = ProcessMetrics()
        self._build = (("version", __version__), ("pythonversion", platform.python_version()))

    def render(self, state: ExporterState, form: Format) -> Iterator[str]:
        """The page as text, in chunks, without the `# EOF` of OpenMetrics."""
        return plain_page(self._families(state), form)

    def readings(self, state: ExporterState) -> list[tuple[Series, Raw]]:
        """The same as the page, as readings like those of a device."""
        return [
            (Series(metric, labels), value)
            for metric, samples in self._families(state)
            for labels, value in samples
        ]

    def _families(self, state: ExporterState) -> Iterator[tuple[Metric, Iterable[Sample]]]:
        yield from self._process.families()
        yield _BUILD, [(self._build, 1)]
        web = (
            ("external_url", state.web.external_url),
            ("scheme", state.web.scheme),
            ("prefix", state.web.prefix),
        )
        yield _PAGES, [(web, 1)]
        yield _RELOADED, [((), state.reload_successful)]
        yield _RELOADED_AT, [((), state.reloaded_at)]
        yield _REQUESTS, (((("device", name),), it.requests) for name, it in state.counters)
        yield (
            _ERRORS,
            (
                ((("device", name), ("reason", reason)), count)
                for name, it in state.counters
                for reason, count in tuple(it.errors.items())  # passes count while a large page is made
            ),
        )
        yield _ECHOES, (((("device", name),), it.echoes) for name, it in state.counters)
        yield _FOREIGN, (((("device", name),), it.foreign) for name, it in state.counters)
        yield _COALESCED, (((("device", name),), it.coalesced) for name, it in state.counters)
        if state.pushes is not None:
            exports, failures = state.pushes
            yield _PUSHES, [((), exports)]
            yield _FAILED, [((), failures)]
