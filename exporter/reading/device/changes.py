"""Since when flags and states have their values, as seen by the passes. Only pages use this."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exporter.maps.model import Labels, Word
from exporter.reading.decode.series import Family, Raw
from exporter.reading.decode.snapshot import Snapshot

_Shown = frozenset[str] | tuple[str, ...] | None
_Key = tuple[str, Labels]
_APART = 150.0  # seconds; scrapes are at most two minutes apart: a longer pause is a gap


class Held(NamedTuple):
    """The first pass that showed it: `time` by the clock, `at` by the loop.

    `changed` says that the pass before showed something else; otherwise it may have been so for longer.
    `gap` says that it was not seen in between: some pass did not show it, or there was none for long.
    """

    time: float
    at: float
    changed: bool
    gap: bool = False


@dataclass(slots=True)
class _Known:
    """A word or an answer: in which pass it was last seen, and when first again after a gap."""

    raw: Raw
    shown: _Shown
    held: Held
    seen: int
    again: float = float("-inf")

    def told(self, held: Held) -> Held:
        return Held(held.time, held.at, held.changed, gap=self.again > held.at)


class Changes:
    """One entry for each word with flags or states, and one for each flag that has changed since."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[Family, int]] = {}  # as last shown, and in which pass
        self._words: dict[_Key, _Known] = {}
        self._changed: dict[tuple[str, Labels, str], Held] = {}
        self._answers: dict[str, _Known] = {}
        self._pass = 0
        self._at = float("-inf")

    def note(self, snapshot: Snapshot, at: float, answers: Mapping[str, bool]) -> None:
        """Take note of a pass that ended `at`, and of answers to questions. What it did not show stays."""
        # after a long pause nothing was seen in the pass before
        self._pass += 1 if at - self._at <= _APART else 2
        self._at = at
        first, changed = Held(snapshot.time, at, False), Held(snapshot.time, at, True)
        for name in snapshot.layout.telling:
            family = snapshot.readings.get(name)
            if family is None:
                continue
            before, seen = self._families.get(name, (None, 0))
            self._families[name] = family, self._pass
            if family == before and seen >= self._pass - 1:
                continue  # in most passes nothing changes
            for _, key, _, _ in _words_of(before) if before else ():
                self._words[key].seen = seen
            for word, key, shown, raw in _words_of(family):
                self._note_word(word, key, shown, raw, first, changed)
        for question, answer in answers.items():
            known = self._answers.get(question)
            if known is None:
                self._answers[question] = _Known(answer, None, first, self._pass)
                continue
            unseen = self._see(known)
            if known.raw != answer:
                known.raw, known.held = answer, first if unseen else changed

    def since(self, word: Word, place: Labels, flag: str = "") -> Held | None:
        """Since when a flag, or the state of an enumeration, is as it was last seen; None if it never was."""
        known = self._words.get((word.name, place))
        if known is None:
            return None
        return known.told(self._changed.get((word.name, place, flag), known.held))

    def since_answer(self, question: str) -> Held | None:
        """Since when the answer to a question is yes; None if it is no, or was never known."""
        known = self._answers.get(question)
        return known.told(known.held) if known is not None and known.raw else None

    def _note_word(self, word: Word, key: _Key, shown: _Shown, raw: Raw, first: Held, changed: Held) -> None:
        known = self._words.get(key)
        if known is None:
            self._words[key] = _Known(raw, shown, first, self._pass)
            return
        unseen = self._see(known)
        if known.raw == raw and known.shown == shown:
            return
        before = dict(_values(word, known.raw, known.shown))
        known.raw, known.shown = raw, shown
        for name, value in _values(word, raw, shown):
            if name not in before:
                self._changed[*key, name] = first
            elif before[name] != value:
                self._changed[*key, name] = first if unseen else changed

    def _see(self, known: _Known) -> bool:
        """Take note that it is seen in this pass; whether it was not in the one before."""
        unseen = known.seen < self._pass - 1
        if unseen:
            known.again = self._at
        known.seen = self._pass
        return unseen


def _words_of(family: Family) -> Iterator[tuple[Word, _Key, _Shown, Raw]]:
    for series, raw in family:
        if (word := series.word) is not None:
            yield word, (word.name, series.labels if word.repeat else ()), series.flags, raw


def _values(word: Word, raw: Raw, shown: _Shown) -> Iterator[tuple[str, object]]:
    if word.states:
        yield "", raw
    elif word.flag is not None:
        yield word.flag.name, bool(raw)
    for flag in word.flags:
        if shown is None or flag.name in shown:
            yield flag.name, bool(int(raw) & flag.mask)
