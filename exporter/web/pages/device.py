"""What the page of one device says: its condition, flags, values, blocks, passes and raw words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.assess.alarms import flag_readings
from exporter.assess.blocks import QUANTITIES, Block, BlockString, Quantity, block_strings
from exporter.assess.facts import ups_groups
from exporter.discover.shift import shift_of
from exporter.exposition.summary import Section, meaning, quantity, summarise
from exporter.hints import Failure, next_step
from exporter.maps.model import Metric, Word
from exporter.maps.roles import gravity
from exporter.reading.decode.series import Raw
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.terminal import hex_text
from exporter.web.pages.overview import headline, look, number, telling_groups
from exporter.web.pages.runbook import section_of_alarm, section_of_state
from exporter.web.pages.since import flags_since, held_text, since_text
from exporter.web.pages.texts import SEVERITY_SIGNS, ago, board_url, clock, device_path, probe_path, title

_TILE: Mapping[Quantity, str] = {"voltage": "V", "resistance": "R", "temperature": "T"}
_BATTERY = ("bacs", "strings", "modules")
_STATES = {True: "set", False: "clear", None: "not reported"}


@dataclass(frozen=True)
class WordRow:
    """A raw word beside its meaning; `believed` says whether anything of it is exported."""

    id: str
    address: str
    vendor: str
    hexadecimal: str
    raw: Raw
    meaning: str
    believed: bool


@dataclass(frozen=True)
class Cell:
    """A value of a block with its unit, what it differs from its string, and the grade of that."""

    letter: str
    text: str
    difference: str
    level: int
    sign: str


def device_data(device: Device, being_read: bool, now: float, grafana: str) -> dict[str, Any]:
    """The content of the page; `now` is the loop's time, `grafana` the address of the boards or ""."""
    condition, state, text, seen = look(device, now)
    config, history = device.config, device.history
    last = device.last(now)
    largest = headline(condition, state, text)
    since = since_text(device, last, state, now)
    before = history.last_good(_BATTERY) if history and not _blocks_known(last) else None
    tables = [(table, False) for table in _tables(last)]
    now_titles = {table.title for table, _ in tables}
    tables += [(table, True) for table in _tables(before) if table.title not in now_titles]
    return {
        "name": config.name,
        "path": device_path(config.name),
        "probe": probe_path(config.name),
        "config": config,
        "condition": condition,
        "headline": largest,
        "runbook": section_of_state(state, condition) if condition else "",
        "survival_runbook": section_of_state(condition.survival, condition) if condition else "",
        "board": board_url(grafana, config.name, has_ups=bool(ups_groups(device.map.words.values()))),
        # the largest sign may name what began at another time
        "since": f"{text} {since}" if since and largest[2] != text else since,
        "survival_since": _short(since_text(device, last, condition.survival, now)) if condition else "",
        "flags_since": {label: held_text(it, now) for label, it in flags_since(device, last).items()},
        "hint": _hint(device, last),
        "section_of_alarm": section_of_alarm,
        "seen": seen,
        "shift": shift_of(last) if last else "",
        "being_read": being_read,
        "at": clock(last.time) if last else "",
        "age": ago(now - history.last_at) if history and last else "",
        "errors": last.errors if last else (),
        "measurements": _measurements(last),
        "whole": last is not None and last.whole,
        "tables": tables,
        "old": _old(device, last) if seen else None,
        "blocks": _blocks(last) if _blocks_known(last) else [],
        "old_blocks": _blocks(before),
        "old_blocks_at": clock(before.time) if before else "",
        "flags": _flags(device, last),
        "passes": [(clock(entry.time), entry) for entry in history.passes] if history else [],
        "words": _words(device, last),
        "signs": SEVERITY_SIGNS,
        "number": number,
    }


def _short(since: str) -> str:
    return since.partition(",")[0]


def _hint(device: Device, last: Snapshot | None) -> str:
    """What to try when nothing was read; "" where nothing is known to help."""
    if last is None or last.up or device.history is None:
        return ""
    answered = device.history.up_at is not None
    return next_step(Failure(device.config.target, last.reason, "; ".join(last.errors), answered=answered))


def _sections(snapshot: Snapshot | None) -> dict[str, Section]:
    return {section.title: section for section in summarise(snapshot)} if snapshot else {}


def _measurements(snapshot: Snapshot | None) -> list[tuple[str, str, str, str]]:
    """Title, value, where and metric."""
    section = _sections(snapshot).get("Measurements")
    rows = section.rows if section else ()
    return [(title(name), value, where, f"generex_{name}") for name, value, where in rows]


def _tables(snapshot: Snapshot | None) -> list[Section]:
    """The strings, and whatever repeats in maps of the user's own; blocks are drawn instead."""
    told = ("Active flags", "Measurements", "Modules")
    sections = list(_sections(snapshot).values())[1:]
    return [section for section in sections if section.title not in told]


def _old(device: Device, last: Snapshot | None) -> list[tuple[str, str, str, str]]:
    """The measurements of when the UPS was last in sight, without those that were read now too."""
    before = device.history.last_good(telling_groups(device)) if device.history else None
    current = {metric for *_, metric in _measurements(last)}
    return [row for row in _measurements(before) if row[3] not in current]


def _blocks_known(snapshot: Snapshot | None) -> bool:
    """Whether the blocks of a snapshot can be shown: they were read, and the BACS can be trusted."""
    if snapshot is None or not snapshot.up:
        return False
    return snapshot.valid.get("bacs", True) and snapshot.groups.get("modules", True)


def _blocks(snapshot: Snapshot | None) -> list[tuple[str, list[tuple[Block, list[Cell]]]]]:
    if snapshot is None:
        return []
    metrics = {name: family.metric for name, family in snapshot.readings.items()}
    return [(string.name, _string(string, metrics)) for string in block_strings(snapshot)]


def _string(string: BlockString, metrics: Mapping[str, Metric]) -> list[tuple[Block, list[Cell]]]:
    return [
        (block, [_cell(block, name, metrics.get(metric)) for name, metric in QUANTITIES.items()])
        for block in string.blocks
    ]


def _cell(block: Block, name: Quantity, metric: Metric | None) -> Cell:
    letter = _TILE.get(name, "")
    reading = block.readings.get(name)
    if reading is None or metric is None:
        return Cell(letter, "–", "", 0, "–")
    difference = quantity(metric, round(reading.difference, 6))
    sign = "+" if reading.difference > 0 else ""
    difference = f"{sign}{difference}".replace("-", "−")
    text = quantity(metric, reading.value) + (" (doubtful)" if reading.doubtful else "")
    return Cell(letter, text, difference, reading.level, reading.sign)


def _flags(device: Device, snapshot: Snapshot | None) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """Every flag of the whole device by metric: label, vendor's name, what it is now, severity."""
    known: dict[tuple[str, str], bool] = {}
    if snapshot is not None:
        known = {(r.word.metric, r.flag.name): r.is_set for r in flag_readings(snapshot) if not r.place}
    tables: dict[str, list[tuple[str, str, str, str]]] = {}
    for word in device.map.words.values():
        if word.repeat is not None:
            continue
        for flag in word.all_flags:
            now = _STATES[known.get((word.metric, flag.name))]
            tables.setdefault(word.metric, []).append((flag.label, flag.vendor, now, gravity(flag)))
    return [(title(metric), rows) for metric, rows in tables.items()]


def _words(device: Device, snapshot: Snapshot | None) -> Sequence[WordRow]:
    if snapshot is None:
        return ()
    exported = {
        (series.word.name, dict(series.labels).get(series.word.repeat.label) if series.word.repeat else None)
        for readings in snapshot.readings.values()
        for series, _ in readings
        if series.word is not None
    }
    # those of the pass: a map of the user's own may have been edited since
    words = snapshot.layout.words
    rows = []
    for name, raw in snapshot.words.items():
        word_name, _, instance = name.partition(".")[2].partition("#")
        word = words[word_name]
        rows.append(
            WordRow(
                id=name,
                address=_address(word, instance),
                vendor=word.vendor,
                hexadecimal=hex_text(word, raw),
                raw=raw,
                meaning=meaning(word, raw, device.map.metrics.get(word.metric)),
                believed=not word.metric
                or (word_name, instance or None) in exported
                or not word.is_available(raw),
            )
        )
    return rows


def _address(word: Word, instance: str) -> str:
    if word.address is None:
        return ""
    return str(word.address + (word.repeat.stride * (int(instance) - 1) if word.repeat and instance else 0))
