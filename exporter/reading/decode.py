"""From words to readings, under the truth rules. Pure: the same words give the same result."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from exporter.maps.model import Word
from exporter.reading.layout import Instance, Item, Layout
from exporter.reading.snapshot import Raw, Series
from exporter.reading.truth import Raws, bacs_is_there, bacs_verdict, lost_flags_verdict

Words = Mapping[int, int]
"""Registers as read, by key: function code << 16 | address."""


@dataclass(slots=True)
class Decoded:
    """What the words of a pass say."""

    readings: dict[str, list[tuple[Series, Raw]]] = field(default_factory=dict)
    words: dict[str, Raw] = field(default_factory=dict)
    valid: dict[str, bool] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    bacs_there: bool = False

    def add(self, series: Series, raw: Raw) -> None:
        """Give a series its value for this pass."""
        self.readings.setdefault(series.metric.name, []).append((series, raw))


def decode(
    layout: Layout,
    words: Words,
    *,
    bacs_found: bool = False,
    frame_valid: bool = True,
) -> Decoded:
    """Decode the words read in one pass.

    `bacs_found` says that the device is known to have a BACS, so that six zeros are a silent one and not
    none; `frame_valid` is the verdict over a gateway frame's counter. Words that were not read are not in `words`.
    """
    result = Decoded()
    raws = _read_singles(layout, words, result)
    result.bacs_there = bacs_is_there(raws)
    beliefs = _beliefs(layout, raws, result, bacs_found, frame_valid)
    for instance in layout.singles:
        _emit_single(instance, raws, beliefs, result)
    for name, items in layout.repeated.items():
        _emit_items(name, items, layout, words, beliefs, result)
    return result


def real_words(layout: Layout, words: Words, names: Iterable[str]) -> dict[str, int]:
    """The real raw values of the named words that do not repeat; those unread or filler are left out."""
    found = {}
    for instance in layout.singles:
        if instance.word.name in names and (raw := _raw(instance, words)) is not None and raw != instance.filler:
            found[instance.word.name] = raw
    return found


def _raw(instance: Instance, words: Words) -> int | None:
    span = instance.span
    if span is None:
        return None
    if span.count == 1 and instance.word.byte_order == "big":
        return words.get(instance.key)
    registers = [words.get(key) for key in span.keys()]
    if None in registers:
        return None
    return instance.word.raw([register for register in registers if register is not None])


def _read_singles(layout: Layout, words: Words, result: Decoded) -> dict[str, int | float]:
    raws: dict[str, int | float] = {}
    formulas: list[Instance] = []
    for instance in layout.singles:
        word = instance.word
        if word.formula is not None:
            formulas.append(instance)
            continue
        raw = _raw(instance, words)
        if raw is None:
            continue
        result.words[instance.id] = raw
        if word.type == "bool" and word.function in (3, 4):
            odd = raw not in (0, 1) and raw != instance.filler
            result.odd[word.group] = result.odd.get(word.group, 0) + odd
        if raw != instance.filler:
            raws[word.name] = raw
    for instance in formulas:
        number = _formula(instance.word, layout, raws)
        if number is not None:
            raws[instance.word.name] = result.words[instance.id] = number
    return raws


def _formula(word: Word, layout: Layout, raws: Raws) -> int | float | None:
    """The result of a word's formula; None where a word it needs was not read, is filler, or is no number."""
    formula = word.formula
    if formula is None or any(name not in raws for name in formula.names):
        return None
    numbers = {name: layout.words[name].number(int(raws[name])) for name in formula.names}
    return formula(numbers) if all(math.isfinite(number) for number in numbers.values()) else None


def _says_something(word: Word, raw: int | float) -> bool:
    """Whether a real word has a value to export: an AUX word that is neither 0 nor 1, or no number, has none."""
    if word.type == "bool" and word.flag is None:
        return raw in (0, 1)
    return not word.type.startswith("float") or math.isfinite(word.value(raw))


_Belief = Literal["yes", "no", "nothing"]


def _beliefs(
    layout: Layout, raws: Raws, result: Decoded, bacs_found: bool, frame_valid: bool
) -> dict[str, _Belief]:
    """How far each section is believed; what its own words say of it goes into `result.valid`."""
    read = {i.trust.section for i in layout.singles if i.trust and i.id in result.words}
    frame = next((trust for trust in layout.trusts.values() if trust.rule == "frame"), None)
    if frame is not None:
        frame_valid = frame_valid and raws.get("error_code") == 0
        if frame.section in read:
            result.valid[frame.section] = frame_valid
        if not frame_valid:
            return {section: "yes" if section == frame.section else "nothing" for section in layout.trusts}
    beliefs: dict[str, _Belief] = {section: "yes" for section in layout.trusts}
    for section, trust in layout.trusts.items():
        if trust.rule == "lost_flags" and section in read:
            result.valid[section] = lost_flags_verdict(trust, raws, layout.masks)
        elif trust.rule == "bacs" and (result.bacs_there or bacs_found):
            if section in read:
                result.valid[section] = bacs_verdict(raws)
        elif trust.rule == "bacs":
            beliefs[section] = "nothing"
        if not result.valid.get(section, trust.rule == "frame"):
            beliefs[section] = "nothing" if beliefs[section] == "nothing" else "no"
    return beliefs


def _emit_single(instance: Instance, raws: Raws, beliefs: Mapping[str, _Belief], result: Decoded) -> None:
    word = instance.word
    raw = raws.get(word.name)
    belief = beliefs[instance.trust.section] if instance.trust else "yes"
    if raw is None or belief == "nothing":
        return
    frozen = belief == "no" and instance.trust is not None and instance.trust.rule == "lost_flags"
    series = instance.lost_series if frozen else instance.series
    if series is not None and _says_something(word, raw):
        result.add(series, raw)
    if instance.raw_series is not None:
        result.add(instance.raw_series, raw)
    if instance.undefined_series is not None and not frozen:
        result.add(instance.undefined_series, int(raw) & ~word.named_bits)


def _emit_items(
    group: str,
    items: tuple[Item, ...],
    layout: Layout,
    words: Words,
    beliefs: Mapping[str, _Belief],
    result: Decoded,
) -> None:
    readings, kept = result.readings, result.words
    computed = bool(items) and any(instance.word.formula for instance in items[0].instances)
    for item in items:
        trust = item.instances[0].trust
        belief = beliefs[trust.section] if trust else "yes"
        if belief == "nothing":
            return
        raws: list[int | float | None] = [_raw(instance, words) for instance in item.instances]
        real = [raw is not None and raw != i.filler for i, raw in zip(item.instances, raws, strict=True)]
        alive = any(real)
        if alive:
            result.alive[group] = item.number
        if item.present is not None and (alive or _all_read(item, raws)):
            result.add(item.present, 1 if alive else 0)
        measured = belief == "yes" and not _is_lost(item, raws)
        if computed:
            _compute_items(item, layout, raws, real)
        for instance, raw, is_real in zip(item.instances, raws, real, strict=True):
            if raw is None:
                continue
            kept[instance.id] = raw
            if not is_real:
                continue
            word = instance.word
            series = instance.series
            if series is not None and (measured or not word.is_measurement) and _says_something(word, raw):
                readings.setdefault(series.metric.name, []).append((series, raw))
            if instance.raw_series is not None:
                result.add(instance.raw_series, raw)


def _all_read(item: Item, raws: list[int | float | None]) -> bool:
    return all(raw is not None or i.span is None for i, raw in zip(item.instances, raws, strict=True))


def _compute_items(item: Item, layout: Layout, raws: list[int | float | None], real: list[bool]) -> None:
    known = {i.word.name: raw for i, raw, good in zip(item.instances, raws, real, strict=True) if good and raw is not None}
    for index, instance in enumerate(item.instances):
        number = _formula(instance.word, layout, known)
        if number is not None:
            raws[index], real[index] = number, True


def _is_lost(item: Item, raws: list[int | float | None]) -> bool:
    if item.alarm is None:
        return False
    alarm = raws[item.instances.index(item.alarm)]
    return alarm is not None and alarm != item.alarm.filler and bool(int(alarm) & item.lost_mask)
