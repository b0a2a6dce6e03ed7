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
_LABELS = 4096  # texts of labels remembered, of devices and of the exporter's own series
_CHUNK = 64 * 1024  # characters after which the renderer lets others run
_AT_ONCE = 8  # series of a family that are written before the characters are counted
_PIECE = 4 * 1024  # the same where a line takes ten times as long, as it belongs to no device


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

    def lines(self, labels: str, readings: Iterable[tuple[Series, Raw]]) -> list[str]:
        """The sample lines of series of one family: a text for each, of several lines where a word has flags.

        `labels` are those of the device, as `device_labels` writes them.
        """
        lines, found = self._lines, []
        for series, raw in readings:
            line = lines.get(series) or self._line(series)
            if line.values is None:
                found.append(labels.join(line.pieces.get(raw) or _pieces(series, raw, line)))
            else:
                text = line.values.get(raw) or self._text(series, raw, line.values)
                found.append(f"{line.head}{labels}{line.tail}{text}\n")
        return found

    def _line(self, series: Series) -> _Line:
        word = series.word
        if word is not None and (word.flags or word.states):
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
                readings = iter(readings_by_name.get(name, ()))
                while lines := text.lines(labels, islice(readings, _AT_ONCE)):
                    parts += lines
                    size += sum(map(len, lines))
                    if size > _CHUNK:
                        yield "".join(parts)
                        parts, size = [], 0
        yield "".join(parts)

    def _layout_text(self, layout: object) -> LayoutText:
        text = self._texts.get(layout)
        if text is None:
            text = self._texts[layout] = LayoutText()
        return text


def plain_page(families: Iterable[tuple[Metric, Iterable[Sample]]], form: Format) -> Iterator[str]:
    """The text of metrics that belong to no device, in pieces. OpenMetrics still needs its `# EOF`."""
    parts: list[str] = []
    size = 0
    for metric, samples in families:
        parts.append(_head(metric, form))
        for labels, value in samples:
            line = _plain_line(metric.name, labels, value)
            parts.append(line)
            size += len(line)
            if size > _PIECE:
                yield "".join(parts)
                parts, size = [], 0
    yield "".join(parts)


def _plain_line(name: str, labels: Labels, value: float) -> str:
    number = str(value) if type(value) is int else _number(float(value))
    return f"{name}{{{_pairs(labels)}}} {number}\n" if labels else f"{name} {number}\n"


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


@lru_cache(_LABELS)
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
