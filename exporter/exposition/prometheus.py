"""Prometheus text 0.0.4 and OpenMetrics 1.0.

prometheus-client renders the exporter's own metrics. Device series are rendered here, as its encoder takes
6 µs a series: the part of a line up to the value is made once per series, and what a raw word looks like
behind it is made once per word that was ever seen.
"""

import math
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client import exposition as text_encoder
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as ClientMetric
from prometheus_client.openmetrics import exposition as openmetrics_encoder

from exporter import __version__
from exporter.maps.model import Labels, Metric
from exporter.reading.device import Counters
from exporter.reading.snapshot import Raw, Series, Snapshot

Format = Literal["text", "openmetrics"]

CONTENT_TYPES: Mapping[Format, str] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
_REMEMBERED = 4096  # texts per series; a word takes at most 65536 values, a healthy one some dozens
_CHUNK = 64 * 1024  # characters after which the renderer lets others run


class DeviceText:
    """The prepared lines of one device; made anew when its layout or labels are."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.layout = snapshot.layout
        labels = (("device", snapshot.device.name), *snapshot.device.labels.items())
        self._labels: Labels = tuple(labels)
        self._texts: dict[Series, dict[Raw, str]] = {}

    def lines(self, readings: Sequence[tuple[Series, Raw]]) -> Iterator[str]:
        """The sample lines of one family."""
        texts = self._texts
        for series, raw in readings:
            known = texts.get(series)
            if known is None:
                known = texts[series] = {}
            line = known.get(raw)
            if line is None:
                if len(known) >= _REMEMBERED or series.word is None:
                    known.clear()
                line = known[raw] = self._render(series, raw)
            yield line

    def _render(self, series: Series, raw: Raw) -> str:
        name = series.metric.name
        return "".join(
            f"{name}{_labels((*self._labels, *series.labels, *extra))} {_number(value)}\n"
            for extra, value in series.samples(raw)
        )


class Renderer:
    """Renders pages; remembers the prepared lines of the devices it has seen."""

    def __init__(self) -> None:
        self._devices: dict[object, DeviceText] = {}

    def device_text(self, snapshot: Snapshot) -> DeviceText:
        """The prepared lines that fit a snapshot."""
        key = (snapshot.device.name, snapshot.device.target, snapshot.device.module)
        text = self._devices.get(key)
        if text is None or text.layout is not snapshot.layout:
            text = self._devices[key] = DeviceText(snapshot)
        return text

    def forget(self) -> None:
        """Drop what is remembered, after a reload."""
        self._devices.clear()

    def devices(self, snapshots: Sequence[Snapshot], form: Format) -> Iterator[str]:
        """The page of all device series, family by family, in chunks. OpenMetrics still needs its `# EOF`."""
        families: dict[str, Metric] = {}
        for snapshot in snapshots:
            for name, readings in snapshot.readings.items():
                families.setdefault(name, readings[0][0].metric)
        texts = [(snapshot.readings, self.device_text(snapshot)) for snapshot in snapshots]
        parts: list[str] = []
        size = 0
        for name, metric in families.items():
            parts.append(_head(metric, form))
            for readings_by_name, text in texts:
                if name in readings_by_name:
                    lines = "".join(text.lines(readings_by_name[name]))
                    parts.append(lines)
                    size += len(lines)
                    if size > _CHUNK:
                        yield "".join(parts)
                        parts, size = [], 0
        yield "".join(parts)


@dataclass
class ExporterState:
    """What the exporter says about itself."""

    counters: Iterable[tuple[str, Counters]]
    reload_successful: bool
    reloaded_at: float


class ExporterMetrics:
    """The exporter's own page: build, reload, process, and what all passes together asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._registry.register(self)
        self._state: ExporterState | None = None

    def render(self, state: ExporterState, form: Format) -> str:
        """The page as text, without the `# EOF` of OpenMetrics."""
        self._state = state
        if form == "openmetrics":
            page: bytes = openmetrics_encoder.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return page.decode().removesuffix("# EOF\n")
        return text_encoder.generate_latest(self._registry).decode()

    def collect(self) -> Iterator[ClientMetric]:
        """The families, for prometheus-client's registry."""
        state = self._state
        if state is None:  # asked for its names at registration
            return
        python = platform.python_version()
        build = GaugeMetricFamily(
            "generex_exporter_build_info", "Always 1; the labels say what is running.", labels=["version", "pythonversion"]
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
            "generex_exporter_modbus_requests", "Modbus requests sent, repeated ones included.", labels=["device"]
        )
        errors = CounterMetricFamily(
            "generex_exporter_modbus_errors", "Modbus requests that got no usable answer.", labels=["device", "reason"]
        )
        coalesced = CounterMetricFamily(
            "generex_exporter_scrapes_coalesced", "Scrapes that shared a pass already under way.", labels=["device"]
        )
        for name, counters in state.counters:
            requests.add_metric([name], counters.requests)
            coalesced.add_metric([name], counters.coalesced)
            for reason, count in counters.errors.items():
                errors.add_metric([name, reason], count)
        yield from (requests, errors, coalesced)


def negotiate(accept: str | None) -> Format:
    """The format that a right reading of an Accept header asks for; text where it asks for nothing we have."""
    offers: tuple[tuple[Format, str, str], ...] = (
        ("openmetrics", "application/openmetrics-text", "1.0.0"),
        ("text", "text/plain", "0.0.4"),
    )
    ranked = [(*_quality(accept or "", kind, version), form == "text", form) for form, kind, version in offers]
    quality, _, _, form = max(ranked)
    return form if quality > 0 else "text"


def _quality(accept: str, offered: str, version: str) -> tuple[float, int]:
    """The q of the most specific range of `accept` that fits an offer, and how specific it is; (0, 0) when none."""
    best = (0, 0.0)
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        options = {name.strip(): value.strip(' "') for name, _, value in (p.partition("=") for p in parameters)}
        try:
            quality = float(options.get("q", "1"))
        except ValueError:
            continue
        ranges = ("*/*", offered.partition("/")[0] + "/*", offered)
        if kind not in ranges or options.get("version", version) != version or not 0 <= quality <= 1:
            continue
        best = max(best, (ranges.index(kind) + 1 + ("version" in options), quality))
    return best[1], best[0]


def _head(metric: Metric, form: Format) -> str:
    name = metric.name.removesuffix("_total") if form == "openmetrics" and metric.type == "counter" else metric.name
    help_text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if form == "openmetrics":
        help_text = help_text.replace('"', r"\"")
    unit = f"# UNIT {name} {metric.unit}\n" if form == "openmetrics" and metric.unit else ""
    return f"# HELP {name} {help_text}\n# TYPE {name} {metric.type}\n{unit}"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if math.isfinite(value) else str(value).replace("inf", "Inf").replace("nan", "NaN")
