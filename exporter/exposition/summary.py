"""A snapshot as people read it: sections of rows, and the same as data for JSON. Pure."""

import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.assess.condition import Condition, assess
from exporter.maps.model import Labels, Metric, Word
from exporter.maps.pass_metrics import PASS_METRICS
from exporter.maps.units import NO_UNIT, UNITS
from exporter.reading.decode.series import Raw, Series
from exporter.reading.decode.snapshot import Snapshot

_PASS = frozenset(metric.name for metric in PASS_METRICS)
_PREFIX = "generex_"


@dataclass(frozen=True)
class Section:
    """A table: its title, the names of its columns and its rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def summarise(snapshot: Snapshot) -> list[Section]:
    """What the device says, the most urgent first: health, active flags, measurements, strings, modules."""
    condition = assess(snapshot)
    sections = [
        _health(snapshot, condition),
        _flags(condition),
        _measurements(snapshot, condition.doubtful),
        *_repeated(snapshot),
    ]
    return [section for section in sections if section.rows]


def as_data(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot for JSON: raw words by id, and every exported series with its labels and value."""
    metrics = [
        {"name": name, "labels": dict((*series.labels, *labels)), "value": value}
        for name, readings in snapshot.readings.items()
        for series, raw in readings
        for labels, value in series.samples(raw)
    ]
    return {
        "device": snapshot.device.name,
        "target": snapshot.device.target.url,
        "module": snapshot.device.module,
        "labels": dict(snapshot.device.labels),
        "time": snapshot.time,
        "up": snapshot.up,
        "groups": dict(snapshot.groups),
        "valid": dict(snapshot.valid),
        "errors": list(snapshot.errors),
        "words": dict(snapshot.words),
        "metrics": metrics,
    }


def quantity(metric: Metric, value: float) -> str:
    """A value with its unit as people say it: 0.42 of a ratio is "42 %", 2400 seconds are "40 min"."""
    if metric.unit == "seconds":
        return f"{value / 60:g} min" if value < 7200 else f"{value / 3600:.1f} h"
    unit = UNITS.get(metric.unit, NO_UNIT)
    return f"{value * unit.factor:.6g} {unit.read_as or unit.symbol}".rstrip()


def meaning(word: Word, raw: Raw, metric: Metric | None) -> str:
    """What a raw word says: its flags that are set, its state, or its value with the unit."""
    if not word.is_available(raw):
        return "not available"
    if word.flags:
        return ", ".join(flag.label for flag in word.flags if int(raw) & flag.mask) or "no flag"
    if word.flag is not None:
        return word.flag.label if raw else f"not: {word.flag.label}"
    if word.states:
        return word.state(raw) or "unknown state"
    value = word.value(raw)
    return quantity(metric, value) if metric is not None else f"{value:.6g}"


def _health(snapshot: Snapshot, condition: Condition) -> Section:
    rows = [
        ("state", f"{condition.state.sign} {condition.state_text}"),
        ("survives a failure now", f"{condition.survival.sign} {condition.survival_text}"),
    ]
    if condition.bacs is not None:
        rows.append(("blocks", condition.bacs.text))
        rows += [("absent", ", ".join(condition.bacs.absent))] if condition.bacs.absent else []
    rows += [(f"group {name}", "read" if good else "NOT READ") for name, good in snapshot.groups.items()]
    rows += [
        (f"data of {name}", "NOT VALID: by its own words it cannot be trusted")
        for name, valid in snapshot.valid.items()
        if not valid
    ]
    rows += [("contradictory", condition.contradiction)] if condition.contradiction else []
    rows += [("doubtful", condition.doubt)] if condition.doubt else []
    rows += [("error", error) for error in snapshot.errors]
    rows.append(
        ("read at" if snapshot.up else "tried at", time.strftime("%H:%M:%S", time.localtime(snapshot.time)))
    )
    return Section(f"{snapshot.device.name} ({snapshot.device.target.url})", ("what", "state"), tuple(rows))


def _flags(condition: Condition) -> Section:
    rows = tuple(
        (alarm.severity, ", ".join(alarm.places) or alarm.system, alarm.label, alarm.meaning, alarm.action)
        for alarm in condition.alarms
    )
    return Section("Active flags", ("severity", "where", "flag", "meaning", "first action"), rows)


def _measurements(snapshot: Snapshot, doubtful: Container[str]) -> Section:
    rows = []
    for name, readings in snapshot.readings.items():
        chosen = [(series, raw) for series, raw in readings if _is_single_value(series, name)]
        if chosen:
            values = " / ".join(_value(series, raw) for series, raw in chosen)
            values += " (doubtful)" if name in doubtful else ""
            rows.append((name.removeprefix(_PREFIX), values, _where([series.labels for series, _ in chosen])))
    return Section("Measurements", ("what", "value", "where"), tuple(rows))


def _where(labels: Sequence[Labels]) -> str:
    """What tells the values of one row apart: `phase 1 / 2 / 3`."""
    names = {tuple(name for name, _ in each) for each in labels}
    if len(names) == 1 and len(labels[0]) == 1:
        return f"{labels[0][0][0]} {' / '.join(each[0][1] for each in labels)}"
    return " / ".join(" ".join(f"{name} {value}" for name, value in each) for each in labels).strip(" /")


def _is_single_value(series: Series, name: str) -> bool:
    if name in _PASS or series.word is None or series.word.repeat:
        return False
    return not series.word.flag and not series.word.flags


def _value(series: Series, raw: Raw) -> str:
    samples = series.samples(raw)
    if series.word is not None and series.word.states:
        return next((dict(labels)["state"] for labels, value in samples if value), "")
    return quantity(series.metric, samples[0][1])


def _repeated(snapshot: Snapshot) -> list[Section]:
    """One table per repeating group: a row per instance, a column per word."""
    groups: dict[str, dict[tuple[str, ...], dict[str, str]]] = {}
    columns: dict[str, dict[str, None]] = {}
    label_names: dict[str, tuple[str, ...]] = {}
    for readings in snapshot.readings.values():
        for series, raw in readings:
            word = series.word
            if word is None or word.repeat is None or series.metric.name == word.raw_metric:
                continue
            own = tuple(
                (k, v) for k, v in series.labels if k in (word.repeat.label, word.repeat.parent_label)
            )
            key = tuple(value for _, value in own)
            label_names.setdefault(word.group, tuple(name for name, _ in own))
            columns.setdefault(word.group, {}).setdefault(_column(word), None)
            groups.setdefault(word.group, {}).setdefault(key, {})[_column(word)] = _cell(series, raw)
    sections = []
    for group, items in groups.items():
        names = tuple(columns[group])
        rows = tuple(
            (*key, *(cells.get(name, "-") for name in names))
            for key, cells in sorted(items.items(), key=_by_number)
        )
        sections.append(Section(group.capitalize(), (*label_names[group], *names), rows))
    return sections


def _by_number(item: tuple[Sequence[str], Mapping[str, str]]) -> list[int]:
    return [int(part) for part in item[0]]


def _column(word: Word) -> str:
    group = word.group.removesuffix("s")
    return word.name.removeprefix(f"{group}_").replace("_", " ")


def _cell(series: Series, raw: Raw) -> str:
    word = series.word
    if word is not None and word.flags:
        return ", ".join(flag.label for flag in word.flags if int(raw) & flag.mask) or "none"
    if word is not None and word.flag is not None:
        return word.flag.label if raw else "no"
    return _value(series, raw)
