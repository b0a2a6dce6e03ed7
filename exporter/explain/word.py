"""What one word says, bit by bit."""

import math
from dataclasses import dataclass
from typing import Literal

from exporter.config import Config
from exporter.maps.model import FILLER, Flag, Map, Metric, Word
from exporter.reading.decode.device_map import device_map
from exporter.reading.decode.truth import bacs_verdict, lost_flags_verdict

Kind = Literal["flags", "alarm", "level", "state", "measurement"]

_FILLER_NOTE = (
    "Not available: 0xD8F1 (−9999) is what a CS141 puts in words that are absent, reserved or not known to "
    "the device. It sets no flag, and no series is exported."
)
_NAMED_NOTE = "Not available: the map says that this number means so. No series is exported."
_EXTREME_NOTE = (
    "Not available: all ones and the extremes of a signed word are how drivers say so, and the quantity "
    "cannot have this value. No series is exported."
)


@dataclass(frozen=True)
class DeviceReading:
    """What a device of the configuration makes of the same word, where its settings differ from the map."""

    device: str
    value: float
    unit: str


@dataclass(frozen=True)
class Explanation:
    """What a raw value of a word means.

    `given` are the registers as one number, `number` is what the word's type makes of them, `value` the same
    scaled, in `unit` (None for flags, states and other words without a value). `active` and `missing` are the
    flags that are set, and those that are clear though normally set, highest bit first; `undefined` are set
    bits without a name, as a mask. `derived` are the words computed from this one alone.
    """

    word: Word
    metric: Metric | None
    kind: Kind
    given: int | float
    available: bool
    number: int | float | None = None
    value: float | None = None
    state: str = ""
    active: tuple[Flag, ...] = ()
    missing: tuple[Flag, ...] = ()
    undefined: int = 0
    derived: tuple[tuple[str, int | float], ...] = ()
    devices: tuple[DeviceReading, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The metric's unit."""
        return self.metric.unit if self.metric else ""

    @property
    def exported(self) -> bool:
        """Whether the word, by itself, feeds a series with this value."""
        speaks = self.value is not None or self.kind in ("flags", "state")
        return self.available and self.metric is not None and speaks


def kind_of(word: Word) -> Kind:
    """Of which kind a word is; a level is a 0/1 word that is no alarm."""
    if word.flags:
        return "flags"
    if word.flag:
        return "alarm"
    if word.states:
        return "state"
    return "level" if word.type == "bool" else "measurement"


def value_range(word: Word) -> tuple[int, int]:
    """The lowest and the highest raw value of a word, signed and unsigned writing together."""
    if word.function in (1, 2):
        return 0, 1
    bits = 16 * word.registers
    if word.formula and word.is_measurement:
        return -(1 << 63), (1 << 64) - 1
    return (-(1 << bits - 1) if word.type.startswith("int") else 0), (1 << bits) - 1


def explain_word(item: Map, word: Word, given: int | float, config: Config | None = None) -> Explanation:
    """What `given` means in `word` of the map `item`.

    `given` are the registers in the order of their addresses as one unsigned number; for a formula it is the
    result. `config` adds what its devices make of it, where their settings differ from the map.
    """
    metric = item.metrics.get(word.metric)
    raw = given
    if word.formula is None and word.function in (3, 4):
        registers = [int(given) >> 16 * index & 0xFFFF for index in reversed(range(word.registers))]
        raw = word.raw(registers)
        if raw in word.absent:
            note = _EXTREME_NOTE if raw not in word.named_absent else _NAMED_NOTE
            note = _FILLER_NOTE if set(registers) == {FILLER} else note
            return Explanation(word, metric, kind_of(word), given, available=False, notes=(note,))
    number = raw if word.formula else word.number(int(raw))
    active, missing = _flags(word, raw)
    return Explanation(
        word, metric, kind_of(word), given, available=True, number=number, value=_value(word, raw),
        state=(word.state(raw) or str(number)) if word.states else "",
        active=active, missing=missing, undefined=int(raw) & ~word.named_bits if word.flags else 0,
        derived=_derived(item, word, number), devices=_devices(config, word, raw),
        notes=_notes(item, word, raw),
    )  # fmt: skip


def _flags(word: Word, raw: int | float) -> tuple[tuple[Flag, ...], tuple[Flag, ...]]:
    """The flags that are set, and those that are clear though normally set."""
    if word.flag:
        return ((word.flag,), ()) if raw else ((), (word.flag,) if word.flag.normal else ())
    highest_first = sorted(word.flags, key=lambda flag: flag.bit, reverse=True)
    active = tuple(flag for flag in highest_first if int(raw) & flag.mask)
    return active, tuple(flag for flag in highest_first if flag.normal and flag not in active)


def _value(word: Word, raw: int | float) -> float | None:
    kind = kind_of(word)
    if kind == "alarm":
        return float(bool(raw))
    if kind == "level":
        return float(raw) if raw in (0, 1) else None
    if kind == "measurement":
        value = word.value(raw)
        return value if math.isfinite(value) else None
    return None


def _derived(item: Map, word: Word, number: int | float) -> tuple[tuple[str, int | float], ...]:
    derived = []
    for other in item.words.values():
        if other.formula and other.formula.names == (word.name,) and math.isfinite(number):
            result = other.formula({word.name: number})
            if result is not None:
                derived.append((other.id, result))
    return tuple(derived)


def _devices(config: Config | None, word: Word, raw: int | float) -> tuple[DeviceReading, ...]:
    if config is None or not word.is_measurement:
        return ()
    readings = []
    for device in config.devices:
        own = device_map(device, config.maps).words.get(word.name, word)
        differs = (own.scale, own.offset, own.metric) != (word.scale, word.offset, word.metric)
        if own.map == word.map and differs:
            metric = config.maps[word.map].metrics.get(own.metric)
            readings.append(DeviceReading(device.name, own.value(raw), metric.unit if metric else ""))
    return tuple(readings)


def _notes(item: Map, word: Word, raw: int | float) -> tuple[str, ...]:
    notes = []
    if word.type == "bool" and word.function in (3, 4) and word.formula is None and raw not in (0, 1):
        seen = "it counts as set" if word.flag else "it is not exported"
        notes.append(f"Neither 0 nor 1: {seen}, and generex_odd_words counts it.")
    if kind_of(word) == "measurement" and not math.isfinite(word.value(raw)):
        notes.append("No number: it is not exported.")
    if not word.metric and word.sensor:
        notes.append("Exported only where the configuration names the sensor, its kind and its scale.")
    for trust in item.trusts:
        invalid = f'generex_data_valid{{group="{trust.section}"}} is 0'
        if trust.section != word.section:
            continue
        speaks = word.name in {reference.partition(".")[0] for reference in trust.lost_flags}
        if speaks and not lost_flags_verdict(trust, {word.name: raw}, item.words):
            notes.append(
                f"The manager has lost sight of the UPS: its values are frozen, {invalid}, "
                "and no measurement is exported."
            )
        if trust.rule == "bacs" and word.name == "state" and not bacs_verdict({"state": raw}):
            notes.append(
                f"The BACS cannot be trusted by its own words: {invalid}, and string and module measurements "
                "are not exported."
                + (" With all six BACS words 0 there is no BACS at all." if raw == 0 else "")
            )
        if trust.rule == "frame" and word.name == "error_code" and raw:
            notes.append("The frame is in error: only its counter can be trusted.")
    return tuple(notes)
