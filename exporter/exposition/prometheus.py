"""Prometheus text 0.0.4 and OpenMetrics 1.0.

prometheus-client renders the exporter's own metrics. Device series are rendered here, as its encoder takes
6 µs a series: the part of a line up to the value is made once per series, the text of a value once per raw
word, and a series whose word is the same as last time keeps its text.
"""

import math
import platform
from collections import OrderedDict
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
_VALUES = (
    4096  # texts of values remembered per word; a word takes at most 65536 values, a healthy one some dozens
)
_DEVICES = 100  # devices whose lines are remembered, unless the renderer is told otherwise
_CHUNK = 64 * 1024  # characters after which the renderer lets others run


class _Line:
    """What one series looked like last: most words are the same in the next pass."""

    __slots__ = ("prefix", "raw", "text", "values")

    def __init__(self, prefix: str, values: dict[Raw, str]) -> None:
        self.prefix = prefix
        self.values = values
        self.raw: Raw | None = None
        self.text = ""


class DeviceText:
    """The prepared lines of one device; made anew when its layout or labels are.

    Holds one text per series, and per word the texts of its values, which all modules share.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.layout = snapshot.layout
        labels = (("device", snapshot.device.name), *snapshot.device.labels.items())
        self._labels: Labels = tuple(labels)
        self._lines: dict[Series, _Line] = {}
        self._values: dict[str, dict[Raw, str]] = {}

    def lines(self, readings: Sequence[tuple[Series, Raw]]) -> Iterator[str]:
        """The sample lines of one family: a text per series, of several lines where a word has flags."""
        lines = self._lines
        for series, raw in readings:
            line = lines.get(series)
            if line is None:
                line = lines[series] = self._line(series)
            if line.raw != raw:
                line.raw, line.text = raw, self._text(series, raw, line)
            yield line.text

    def _line(self, series: Series) -> _Line:
        word = series.word
        values = self._values.setdefault(word.id, {}) if word is not None else {}
        return _Line(f"{series.metric.name}{_labels((*self._labels, *series.labels))} ", values)

    def _text(self, series: Series, raw: Raw, line: _Line) -> str:
        if series.word is None:
            return _sample(line.prefix, float(raw))
        if series.flags is not None or series.word.states:
            name = series.metric.name
            return "".join(
                _sample(f"{name}{_labels((*self._labels, *series.labels, *extra))} ", value)
                for extra, value in series.samples(raw)
            )
        value = line.values.get(raw)
        if value is None:
            if len(line.values) >= _VALUES:
                line.values.clear()
            value = line.values[raw] = _number(series.samples(raw)[0][1])
        return f"{line.prefix}{value}\n" if value else ""


class Renderer:
    """Renders pages; remembers the prepared lines of the `devices` that were rendered last."""

    def __init__(self, devices: int = _DEVICES) -> None:
        self._most = devices
        self._devices: OrderedDict[object, DeviceText] = OrderedDict()

    def device_text(self, snapshot: Snapshot) -> DeviceText:
        """The prepared lines that fit a snapshot."""
        key = (snapshot.device.name, snapshot.device.target, snapshot.device.module)
        text = self._devices.get(key)
        if text is None or text.layout is not snapshot.layout:
            text = self._devices[key] = DeviceText(snapshot)
            while len(self._devices) > self._most:
                self._devices.popitem(last=False)
        else:
            self._devices.move_to_end(key)
        return text

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
                for line in text.lines(readings_by_name.get(name, ())):
                    parts.append(line)
                    size += len(line)
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
        coalesced = CounterMetricFamily(
            "generex_exporter_scrapes_coalesced",
            "Scrapes that shared a pass already under way.",
            labels=["device"],
        )
        for name, counters in state.counters:
            requests.add_metric([name], counters.requests)
            coalesced.add_metric([name], counters.coalesced)
            for reason, count in counters.errors.items():
                errors.add_metric([name, reason], count)
        yield from (requests, errors, coalesced)


def negotiate(accept: str | None) -> Format:
    """The format that an Accept header asks for, read by its q; text where it asks for nothing we have."""
    text = _quality(accept or "", ("*/*", "text/*", "text/plain"), "0.0.4")
    openmetrics = _quality(accept or "", ("*/*", "application/*", "application/openmetrics-text"), "1.0.0")
    return "openmetrics" if openmetrics[0] > 0 and openmetrics > text else "text"


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header asks for gzip."""
    return _quality(accept_encoding or "", ("*", "gzip"))[0] > 0


def _quality(header: str, ranges: Sequence[str], version: str = "") -> tuple[float, int]:
    """How much a header wants an offer: the q of the most specific range that fits, and how specific that is.

    `ranges` are the names that fit the offer, the most specific last. (0, 0) when none of them is there.
    """
    best = (0, 0.0)
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        options = {key.strip(): value.strip(' "') for key, _, value in (p.partition("=") for p in parameters)}
        try:
            quality = float(options.get("q", "1"))
        except ValueError:
            continue
        if name not in ranges or options.get("version", version) != version or not 0 <= quality <= 1:
            continue
        best = max(best, (ranges.index(name) + 1 + ("version" in options), quality))
    return best[1], best[0]


def _head(metric: Metric, form: Format) -> str:
    name = (
        metric.name.removesuffix("_total")
        if form == "openmetrics" and metric.type == "counter"
        else metric.name
    )
    help_text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if form == "openmetrics":
        help_text = help_text.replace('"', r"\"")
    unit = f"# UNIT {name} {metric.unit}\n" if form == "openmetrics" and metric.unit else ""
    return f"# HELP {name} {help_text}\n# TYPE {name} {metric.type}\n{unit}"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _sample(prefix: str, value: float) -> str:
    text = _number(value)
    return f"{prefix}{text}\n" if text else ""


def _number(value: float) -> str:
    """A value as text; what is no number is none, and must not be exported."""
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
