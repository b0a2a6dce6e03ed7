"""The active flags of a snapshot as alarms for people: each said once, the gravest first. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.maps.model import Flag, Labels, Severity, Word
from exporter.maps.roles import DANGER, gravity
from exporter.reading.decode.series import Raw, Series
from exporter.reading.decode.snapshot import Snapshot

_ORDER: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
_OF_BLOCKS = ("", "battery_alarm", "general_alarm")
"""Roles of which nobody asks whether they are clear."""


@dataclass(frozen=True, slots=True)
class FlagReading:
    """One flag as a pass reported it; `place` are the string and module it is of, if it is of one."""

    word: Word
    flag: Flag
    is_set: bool
    place: Labels = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something to know or to do, whichever words say it.

    `system` is what reports it (ups, bacs), `places` are the strings and modules that it is about, none where
    only the whole device says it; `sources` are the flags that say it, such as `ups_status.battery_low`.
    """

    severity: Severity
    label: str
    meaning: str
    action: str
    system: str
    places: tuple[str, ...]
    sources: tuple[str, ...]
    roles: frozenset[str]
    danger: bool
    collective: bool


def flag_readings(snapshot: Snapshot) -> Iterator[FlagReading]:
    """Every flag that this pass exported, in map order; of a block without any, none that nobody asks for."""
    for readings in snapshot.readings.values():
        for series, raw in readings:
            yield from _flags_of(series, raw)


def active_alarms(snapshot: Snapshot) -> tuple[Alarm, ...]:
    """What is wrong or worth knowing: flags that are set, and those that are clear but belong set.

    The same condition said by several words is one alarm (109 repeats 115–138; a module's flag is repeated
    for the whole BACS), and it is about the modules where those are known (operations 1.11).
    """
    found: dict[str, list[FlagReading]] = {}
    for reading in flag_readings(snapshot):
        if reading.is_set != reading.flag.normal and gravity(reading.flag) != "none":
            found.setdefault(reading.flag.trouble.label, []).append(reading)
    alarms = [_alarm(label, readings) for label, readings in found.items()]
    return tuple(sorted(alarms, key=_urgency))


def place_text(labels: Labels) -> str:
    """Where something is: `string 1 module 17`; "" for what concerns the whole device."""
    return " ".join(f"{name} {value}" for name, value in labels if name in ("string", "module"))


def source_of(metric: str, flag: Flag) -> str:
    """The short name of a flag, such as `ups_status.battery_low`."""
    return f"{metric.removeprefix('generex_')}.{flag.name}"


def _flags_of(series: Series, raw: Raw) -> Iterator[FlagReading]:
    word = series.word
    if word is None or not (word.flag or series.flags):
        return
    place = series.labels if word.repeat else ()
    if word.flag is not None:
        yield FlagReading(word, word.flag, bool(raw), place)
        return
    if not raw and word.repeat and all(not it.normal and it.role in _OF_BLOCKS for it in word.flags):
        return  # nearly always: a module without any flag has nothing to say
    for flag in word.flags:
        if flag.name in (series.flags or ()):
            yield FlagReading(word, flag, bool(int(raw) & flag.mask), place)


def _alarm(label: str, readings: list[FlagReading]) -> Alarm:
    worst = min(readings, key=lambda reading: _ORDER[gravity(reading.flag)])
    places = dict.fromkeys(place for reading in readings if (place := place_text(reading.place)))
    sources = dict.fromkeys(source_of(reading.word.metric, reading.flag) for reading in readings)
    return Alarm(
        severity=gravity(worst.flag),
        label=label,
        meaning=worst.flag.trouble.description,
        action=worst.flag.trouble.action,
        system=worst.word.map,
        places=tuple(places),
        sources=tuple(sources),
        roles=frozenset(reading.flag.role for reading in readings),
        collective=all(reading.flag.role == "general_alarm" for reading in readings),
        danger=any(reading.flag.role in DANGER for reading in readings),
    )


def _urgency(alarm: Alarm) -> tuple[bool, int, bool]:
    # a collective alarm says least, and comes after what it stands for
    return not alarm.danger, _ORDER[alarm.severity], alarm.collective
