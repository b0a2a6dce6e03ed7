"""Prometheus text 0.0.4 and OpenMetrics 1.0.

prometheus-client renders the exporter's own metrics. Device series are rendered here, as its encoder takes
6 µs a series: what stands before and behind a device's labels is made once per series, and the text of a
value once per raw word. All devices that are laid out alike share these texts.
"""

import math
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Literal
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client import exposition as text_encoder
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as ClientMetric
from prometheus_client.openmetrics import exposition as openmetrics_encoder

from exporter import __version__
from exporter.config import DeviceConfig
from exporter.maps.model import Labels, Metric
from exporter.reading.decode.pass_metrics import DEVICE_INFO
from exporter.reading.decode.series import Raw, Series
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Counters

Format = Literal["text", "openmetrics"]

CONTENT_TYPES: Mapping[Format, str] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
_VALUES = 4096  # texts remembered per word; it takes at most 65536 values, a healthy one some dozens
_FLAG_WORDS = 16  # the same per word with flags and place; a healthy one takes two or three values
_HEADERS = 64  # Accept headers whose meaning is remembered: a scraper always sends the same one
_CHUNK = 64 * 1024  # characters after which the renderer lets others run


class _Line:
    """The prepared text of one series, without the labels that differ from device to device.

    `values` are the texts by raw word; of a word with flags `pieces` are those between the devices' labels.
    """

    __slots__ = ("head", "pieces", "tail", "values")

    def __init__(self, series: Series, values: dict[Raw, str] | None) -> None:
        self.head, self.tail = f"{series.metric.name}{{", _tail(series.labels)
        self.values = values
        self.pieces: dict[Raw, tuple[str, ...]] = {}


class LayoutText:
    """The prepared lines of one layout, which all devices share that are laid out alike.

    Holds the head of each family, a line per series, and per word the texts of its values, which all modules
    share.
    """

    def __init__(self) -> None:
        self._heads: dict[tuple[str, Format], str] = {}
        self._lines: dict[Series, _Line] = {}
        self._values: dict[str, dict[Raw, str]] = {}

    def head(self, metric: Metric, form: Format) -> str:
        """What stands above the lines of a family."""
        key = metric.name, form
        head = self._heads.get(key)
        if head is None:
            head = self._heads[key] = _head(metric, form)
        return head

    def lines(self, labels: str, readings: Iterable[tuple[Series, Raw]]) -> Iterator[str]:
        """The sample lines of one family: a text per series, of several lines where a word has flags.

        `labels` are those of the device, as `device_labels` writes them.
        """
        lines = self._lines
        for series, raw in readings:
            line = lines.get(series) or self._line(series)
            if line.values is None:
                yield labels.join(line.pieces.get(raw) or _pieces(series, raw, line))
            elif text := line.values.get(raw) or self._text(series, raw, line.values):
                yield f"{line.head}{labels}{line.tail}{text}\n"

    def _line(self, series: Series) -> _Line:
        word = series.word
        if series.flags is not None or (word is not None and word.states):
            line = _Line(series, None)
        else:
            line = _Line(series, self._values.setdefault(word.id if word is not None else "", {}))
        if series.metric is not DEVICE_INFO:  # the one series that no two devices share
            self._lines[series] = line
        return line

    def _text(self, series: Series, raw: Raw, values: dict[Raw, str]) -> str:
        text = _number(series.samples(raw)[0][1])
        if isinstance(raw, int):  # others, such as durations, rarely come again
            if len(values) >= _VALUES:
                values.clear()
            values[raw] = text
        return text


def _pieces(series: Series, raw: Raw, line: _Line) -> tuple[str, ...]:
    """The text of all flags (or states) of a word, cut where the labels of a device belong."""
    text, pieces = "", []
    for extra, value in series.samples(raw):
        pieces.append(f"{text}{line.head}")
        text = f"{_tail((*series.labels, *extra))}{_number(value)}\n"
    if len(line.pieces) >= _FLAG_WORDS:
        line.pieces.clear()
    line.pieces[raw] = (*pieces, text)
    return line.pieces[raw]


def device_labels(device: DeviceConfig) -> str:
    """The labels that every series of a device carries, as they stand in a line."""
    return _pairs((("device", device.name), *device.labels.items()))


class Renderer:
    """Renders pages; remembers the prepared lines of every layout for as long as it is in use."""

    def __init__(self) -> None:
        self._texts: WeakKeyDictionary[object, LayoutText] = WeakKeyDictionary()

    def devices(self, snapshots: Sequence[Snapshot], form: Format) -> Iterator[str]:
        """The page of all device series, family by family, in chunks. OpenMetrics still needs its `# EOF`."""
        heads: dict[str, str] = {}
        texts = []
        for snapshot in snapshots:
            text = self._layout_text(snapshot.layout)
            texts.append((snapshot.readings, device_labels(snapshot.device), text))
            for name, family in snapshot.readings.items():
                if name not in heads:
                    heads[name] = text.head(family.metric, form)
        parts: list[str] = []
        size = 0
        for name, head in heads.items():
            parts.append(head)
            for readings_by_name, labels, text in texts:
                for line in text.lines(labels, readings_by_name.get(name, ())):
                    parts.append(line)
                    size += len(line)
                    if size > _CHUNK:
                        yield "".join(parts)
                        parts, size = [], 0
        yield "".join(parts)

    def _layout_text(self, layout: object) -> LayoutText:
        text = self._texts.get(layout)
        if text is None:
            text = self._texts[layout] = LayoutText()
        return text


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
        if state.pushes is not None:
            exports, failures = state.pushes
            yield CounterMetricFamily(
                "generex_exporter_otlp_exports", "Pushes over OTLP, failed ones included.", value=exports
            )
            yield CounterMetricFamily(
                "generex_exporter_otlp_export_failures", "Pushes over OTLP that failed.", value=failures
            )


@lru_cache(_HEADERS)
def negotiate(accept: str | None) -> Format:
    """The format that an Accept header asks for, read by its q; text where it asks for nothing we have."""
    text = _quality(accept or "", ("*/*", "text/*", "text/plain"), "0.0.4")
    openmetrics = _quality(accept or "", ("*/*", "application/*", "application/openmetrics-text"), "1.0.0")
    return "openmetrics" if openmetrics[0] > 0 and openmetrics > text else "text"


@lru_cache(_HEADERS)
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


def _pairs(labels: Labels) -> str:
    return ",".join(f'{name}="{_escape(value)}"' for name, value in labels)


def _tail(labels: Labels) -> str:
    """What follows the labels of the device, up to the value."""
    return f",{_pairs(labels)}}} " if labels else "} "


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    """A value as text; what is no number is none, and must not be exported."""
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
