"""The series of devices as Prometheus text 0.0.4 and OpenMetrics 1.0.

prometheus-client's encoder takes 6 µs a series, so all lines are rendered here. What stands before and behind
a device's labels is made once per series, and the text of a value once per raw word. All devices that are
laid out alike share these texts.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from weakref import WeakKeyDictionary

from exporter.config import DeviceConfig
from exporter.exposition.negotiation import Format
from exporter.maps.model import Labels, Metric
from exporter.maps.pass_metrics import DEVICE_INFO
from exporter.reading.decode.series import Raw, Sample, Series
from exporter.reading.decode.snapshot import Snapshot

_VALUES = 4096  # texts remembered per word; it takes at most 65536 values, a healthy one some dozens
_FLAG_WORDS = 16  # the same per word with flags and place; a healthy one takes two or three values
_STARTS = 32 * 1024  # starts of the exporter's own lines remembered; each device has some twenty
_HEADS = 1024  # what stands above families, remembered; the built-in maps have some dozens
_LINES = 512  # in a piece; between two pieces others run
_OWN_LINES = 64  # the same where a line takes ten times as long, as it belongs to no device


class _LayoutText:
    """The prepared texts of one layout, which all devices share that are laid out alike.

    A series with one value is in `lines`: what follows the labels of the device, and the texts of values by
    raw word, which all modules share. A series with flags or states has several lines: see `several`.
    """

    def __init__(self) -> None:
        self.lines: dict[Series, tuple[str, dict[Raw, str]]] = {}
        self._several: dict[Series, dict[Raw, tuple[str, ...]]] = {}
        self._values: dict[str, dict[Raw, str]] = {}

    def value(self, series: Series, raw: Raw, values: dict[Raw, str]) -> str:
        """The text of a value that is not among `values`, up to the end of its line."""
        text = f"{_number(series.samples(raw)[0][1])}\n"
        if isinstance(raw, int):  # others, such as durations, rarely come again
            if len(values) >= _VALUES:
                values.clear()
            values[raw] = text
        return text

    def several(self, series: Series, raw: Raw) -> tuple[str, ...]:
        """The lines of a series that is not among `lines`, cut where the labels of the device belong."""
        words = self._several.get(series)
        if words is None:
            word = series.word
            if word is None or not (word.flags or word.states):
                line = _tail(series.labels), self._values.setdefault(word.id if word is not None else "", {})
                if series.metric is not DEVICE_INFO:  # the one series that no two devices share
                    self.lines[series] = line
                return "", f"{line[0]}{self.value(series, raw, line[1])}"
            words = self._several[series] = {}
        pieces = words.get(raw)
        if pieces is None:
            if len(words) >= _FLAG_WORDS:
                words.clear()
            samples = series.samples(raw)
            tails = [f"{_tail((*series.labels, *extra))}{_number(value)}\n" for extra, value in samples]
            pieces = words[raw] = "", *tails
        return pieces


class Renderer:
    """Renders pages; remembers the prepared lines of every layout for as long as it is in use."""

    def __init__(self) -> None:
        self._texts: WeakKeyDictionary[object, _LayoutText] = WeakKeyDictionary()

    def devices(self, snapshots: Sequence[Snapshot], form: Format) -> Iterator[str]:
        """The page of all device series, family by family, in pieces. OpenMetrics still needs its `# EOF`."""
        heads: dict[str, str] = {}
        texts = []
        for snapshot in snapshots:
            text = self._layout_text(snapshot.layout)
            texts.append((snapshot.readings, _device_labels(snapshot.device), text))
            for name, family in snapshot.readings.items():
                if name not in heads:
                    heads[name] = _head(family.metric, form)
        parts: list[str] = []
        lines = 0
        for name, head in heads.items():
            parts.append(head)
            for readings, labels, text in texts:
                start = f"{name}{{{labels}"
                for series, raw in readings.get(name, ()):
                    if line := text.lines.get(series):
                        tail, values = line
                        parts += start, tail, values.get(raw) or text.value(series, raw, values)
                        lines += 1
                    else:
                        pieces = text.several(series, raw)
                        parts.append(start.join(pieces))
                        lines += len(pieces) - 1
                    if lines > _LINES:
                        yield "".join(parts)
                        parts, lines = [], 0
        yield "".join(parts)

    def _layout_text(self, layout: object) -> _LayoutText:
        text = self._texts.get(layout)
        if text is None:
            text = self._texts[layout] = _LayoutText()
        return text


def plain_page(families: Iterable[tuple[Metric, Iterable[Sample]]], form: Format) -> Iterator[str]:
    """The text of metrics that belong to no device, in pieces. OpenMetrics still needs its `# EOF`."""
    lines = _plain_lines(families, form)
    while piece := "".join(islice(lines, _OWN_LINES)):
        yield piece


def _plain_lines(families: Iterable[tuple[Metric, Iterable[Sample]]], form: Format) -> Iterator[str]:
    for metric, samples in families:
        yield _head(metric, form)
        name = metric.name
        for labels, value in samples:
            yield plain_line(name, labels, value)


def plain_line(name: str, labels: Labels, value: float) -> str:
    """A sample with all of its labels."""
    return f"{_start(name, labels)}{value if type(value) is int else _number(float(value))}\n"


@lru_cache(_STARTS)
def _start(name: str, labels: Labels) -> str:
    """What stands before a value, up to the space."""
    return f"{name}{{{_pairs(labels)}}} " if labels else f"{name} "


@lru_cache(_HEADS)
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


def _device_labels(device: DeviceConfig) -> str:
    """The labels that every series of a device carries, as they stand in a line."""
    return _pairs((("device", device.name), *device.labels.items()))


def _pairs(labels: Labels) -> str:
    return ",".join(f'{name}="{_escape(value)}"' for name, value in labels)


def _tail(labels: Labels) -> str:
    """What follows the labels of the device, up to the value."""
    return f",{_pairs(labels)}}} " if labels else "} "


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    """A value as text; a value that is not a number must not be exported."""
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
