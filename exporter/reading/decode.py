"""From words to readings, under the truth rules. Pure: the same words give the same result."""

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from exporter.maps.model import Word
from exporter.reading.layout import Instance, Item, Layout
from exporter.reading.plan import Span
from exporter.reading.snapshot import Raw, Series
from exporter.reading.truth import (
    FRAME_WORDS,
    Raws,
    bacs_is_there,
    bacs_verdict,
    lost_flags_verdict,
)

Words = Mapping[int, int]
"""Registers as read, by key: function code << 16 | address."""

NOTHING_SEEN: Mapping[str, AbstractSet[int]] = MappingProxyType({})

_Belief = Literal["full", "flags", "frozen", "nothing"]
"""What of a section is exported: all, no measurements of strings and modules, what survives, or nothing."""


@dataclass(slots=True)
class Decoded:
    """What the words of a pass say."""

    readings: dict[str, list[tuple[Series, Raw]]] = field(default_factory=dict)
    words: dict[str, Raw] = field(default_factory=dict)
    valid: dict[str, bool] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    alive: dict[str, set[int]] = field(default_factory=dict)
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
    unread: AbstractSet[Span] = frozenset(),
    seen: Mapping[str, AbstractSet[int]] = NOTHING_SEEN,
) -> Decoded:
    """Decode the words read in one pass; those that were not read are not in `words`.

    `bacs_found` says that the device is known to have a BACS, so that six zeros are a silent one and not
    none; `frame_valid` is the verdict over a gateway frame's counter. `unread` are the spans asked for in
    vain, as opposed to those that the device refuses; `seen` are the instances of each repeating group that
    were alive before.
    """
    result = Decoded()
    raws = _read_singles(layout, words, result)
    read = {i.trust.section for i in layout.singles if i.trust and i.id in result.words}
    silent: AbstractSet[str] = frozenset()
    if not _frame_is_valid(layout, raws, read, result, counter_moves=frame_valid):
        silent = _silence_frame(layout, raws)
        read -= silent
    result.bacs_there = bacs_is_there(raws)
    beliefs = _beliefs(layout, raws, read, unread, result, bacs_found=bacs_found)
    beliefs |= dict.fromkeys(silent, "nothing")
    for instance in layout.singles:
        if instance.word.name in raws:
            _emit(instance, raws[instance.word.name], _belief(instance, beliefs), result)
    for name, items in layout.repeated.items():
        _emit_items(name, items, layout, words, raws, beliefs, unread, seen.get(name, frozenset()), result)
    return result


def real_words(layout: Layout, words: Words, names: Iterable[str]) -> dict[str, int]:
    """The real raw values of the named words that do not repeat; those unread or filler are left out."""
    found = {}
    for instance in layout.singles:
        if instance.word.name in names:
            raw = _raw(instance, words)
            if raw is not None and raw not in instance.filler:
                found[instance.word.name] = raw
    return found


def _raw(instance: Instance, words: Words) -> int | None:
    span = instance.span
    if span is None:
        return None
    if span.count == 1 and instance.word.byte_order == "big":
        return words.get(instance.key)
    keys = span.keys()
    return instance.word.raw([words[key] for key in keys]) if all(key in words for key in keys) else None


def _read_singles(layout: Layout, words: Words, result: Decoded) -> dict[str, Raw]:
    """The real raw numbers of all words that do not repeat, formulas included, by word name."""
    raws: dict[str, Raw] = {}
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
        if word.type == "bool":
            _count_odd(instance, raw, result)
        if raw not in instance.filler:
            raws[word.name] = raw
    for instance in formulas:
        number = _formula(instance.word, layout, raws)
        if number is not None:
            raws[instance.word.name] = result.words[instance.id] = number
    return raws


def _count_odd(instance: Instance, raw: Raw, result: Decoded) -> None:
    """Count a word in a 0/1 register that is neither; a group that has such registers starts at 0."""
    word = instance.word
    if word.formula is None and word.function in (3, 4):
        odd = raw not in (0, 1) and raw not in instance.filler
        result.odd[word.group] = result.odd.get(word.group, 0) + odd


def _formula(word: Word, layout: Layout, raws: Raws) -> Raw | None:
    """The result of a word's formula; None where a word it needs was not read, is filler, or is no number."""
    formula = word.formula
    if formula is None or any(name not in raws for name in formula.names):
        return None
    numbers = {name: layout.words[name].number(raws[name]) for name in formula.names}
    if not all(math.isfinite(number) for number in numbers.values()):
        return None
    result = formula(numbers)
    return None if result is None else word.computed(result)


def _frame_is_valid(
    layout: Layout, raws: Raws, read: AbstractSet[str], result: Decoded, *, counter_moves: bool
) -> bool:
    """Whether the gateway frame is valid that everything came in; true where there is none."""
    frame = next((trust for trust in layout.trusts.values() if trust.rule == "frame"), None)
    if frame is None:
        return True
    valid = counter_moves and raws.get("error_code") == 0
    if frame.section in read:
        result.valid[frame.section] = valid
    return valid


def _silence_frame(layout: Layout, raws: dict[str, Raw]) -> set[str]:
    """Take out of `raws` what came in a frame that is not valid; the sections that it carries."""
    group = layout.words["sequence_number"].group
    in_frame = {word.name for word in layout.words.values() if word.group == group} - {*FRAME_WORDS}
    for name in list(raws):
        formula = layout.words[name].formula
        if name in in_frame or (
            formula and name not in FRAME_WORDS and not in_frame.isdisjoint(formula.names)
        ):
            del raws[name]
    own = {trust.section for trust in layout.trusts.values() if trust.rule == "frame"}
    return {layout.words[name].section for name in in_frame} - own


def _beliefs(
    layout: Layout,
    raws: Raws,
    read: AbstractSet[str],
    unread: AbstractSet[Span],
    result: Decoded,
    *,
    bacs_found: bool,
) -> dict[str, _Belief]:
    """How far each section is believed; what its own words say of it goes into `result.valid`."""
    beliefs: dict[str, _Belief] = {}
    for section, trust in layout.trusts.items():
        if trust.rule == "frame":
            beliefs[section] = "full"
        elif trust.rule == "lost_flags":
            names = {i.word.name for i in layout.singles if i.span in unread} if unread else ()
            in_sight = lost_flags_verdict(trust, raws, layout.masks, names)
            beliefs[section] = "full" if in_sight else "frozen"
            if section in read:
                result.valid[section] = in_sight
        elif result.bacs_there or bacs_found:
            vouches = bacs_verdict(raws)
            beliefs[section] = "full" if vouches else "flags"
            if section in read:
                result.valid[section] = vouches
        else:
            beliefs[section] = "nothing"
    return beliefs


def _belief(instance: Instance, beliefs: Mapping[str, _Belief]) -> _Belief:
    return beliefs[instance.trust.section] if instance.trust else "full"


def _emit(instance: Instance, raw: Raw, belief: _Belief, result: Decoded) -> None:
    """Give what a real word feeds its value, as far as the word is believed."""
    if belief == "nothing":
        return
    word = instance.word
    series = instance.lost_series if belief == "frozen" else instance.series
    if series is not None and _says_something(word, raw) and (belief != "flags" or not _is_reading(word)):
        result.add(series, raw)
    if instance.raw_series is not None:
        result.add(instance.raw_series, raw)
    if instance.undefined_series is not None and belief != "frozen":
        result.add(instance.undefined_series, int(raw) & ~word.named_bits)


def _is_reading(word: Word) -> bool:
    """Whether a word is a measurement of a string or module; the counts of them say what there is."""
    return word.repeat is not None and word.is_measurement


def _says_something(word: Word, raw: Raw) -> bool:
    """Whether a real word has a value to export: not an AUX word beside 0 and 1, nor NaN or infinity."""
    if word.type == "bool" and word.flag is None:
        return raw in (0, 1)
    return not word.type.startswith("float") or math.isfinite(word.value(raw))


def _emit_items(
    group: str,
    items: tuple[Item, ...],
    layout: Layout,
    words: Words,
    singles: Raws,
    beliefs: Mapping[str, _Belief],
    unread: AbstractSet[Span],
    seen: AbstractSet[int],
    result: Decoded,
) -> None:
    """The same for the strings or modules of a group; one that is lost sight of keeps its flags only."""
    computed = bool(items) and any(instance.word.formula for instance in items[0].instances)
    for item in items:
        belief = _belief(item.instances[0], beliefs)
        if belief == "nothing":
            return
        raws: list[Raw | None] = [_raw(instance, words) for instance in item.instances]
        alive = any(
            raw is not None and raw not in i.filler for i, raw in zip(item.instances, raws, strict=True)
        )
        if alive:
            result.alive.setdefault(group, set()).add(item.number)
        if item.present is not None and (alive or _is_absent(item, raws, unread, seen)):
            result.add(item.present, 1 if alive else 0)
        if belief == "full" and _is_lost(item, raws, unread):
            belief = "flags"
        if computed:
            _compute(item, layout, raws, singles)
        for instance, raw in zip(item.instances, raws, strict=True):
            if raw is None:
                continue
            result.words[instance.id] = raw
            if instance.word.type == "bool":
                _count_odd(instance, raw, result)
            if raw not in instance.filler:
                _emit(instance, raw, belief, result)


def _is_absent(item: Item, raws: list[Raw | None], unread: AbstractSet[Span], seen: AbstractSet[int]) -> bool:
    """Whether an item of which no word is real is known not to be there.

    One that is refused altogether may never have been there; if it was, it is lost.
    """
    if any(instance.span in unread for instance in item.instances):
        return False
    return item.number in seen or any(raw is not None for raw in raws)


def _compute(item: Item, layout: Layout, raws: list[Raw | None], singles: Raws) -> None:
    """Put the results of formulas where they belong among `raws`."""
    known = dict(singles)
    for instance, raw in zip(item.instances, raws, strict=True):
        if raw is not None and raw not in instance.filler:
            known[instance.word.name] = raw
    for index, instance in enumerate(item.instances):
        if instance.word.formula is not None:
            raws[index] = _formula(instance.word, layout, known)


def _is_lost(item: Item, raws: list[Raw | None], unread: AbstractSet[Span]) -> bool:
    """Whether an item says of itself that it is lost, or could not say so."""
    if item.alarm is None:
        return False
    if item.alarm.span in unread:
        return True
    alarm = raws[item.instances.index(item.alarm)]
    return alarm is not None and alarm not in item.alarm.filler and bool(int(alarm) & item.lost_mask)
