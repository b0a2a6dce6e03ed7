"""Since when flags and states have their values, as seen by the passes. Only pages use this."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.maps.model import Labels, Word
from exporter.reading.decode.series import Raw
from exporter.reading.decode.snapshot import Snapshot

_Shown = frozenset[str] | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Held:
    """The first pass that showed it: `time` by the clock, `at` by the loop.

    `changed` says that the pass before showed something else; otherwise it may have been so for longer.
    """

    time: float
    at: float
    changed: bool


class Changes:
    """One entry for each word with flags or states, and one for each flag that has changed since."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, Labels], tuple[Raw, _Shown, Held]] = {}
        self._changed: dict[tuple[str, Labels, str], Held] = {}

    def note(self, snapshot: Snapshot, at: float) -> None:
        """Take note of a pass that ended `at`. What it did not show stays as it was."""
        first, changed = Held(snapshot.time, at, False), Held(snapshot.time, at, True)
        for family in snapshot.readings.values():
            for series, raw in family:
                word = series.word
                if word is None or word.is_measurement or series.metric.name == word.raw_metric:
                    break  # all of a family are alike
                key = (word.name, series.labels if word.repeat else ())
                known = self._words.get(key)
                if known is not None and known[:2] == (raw, series.flags):
                    continue
                self._words[key] = (raw, series.flags, known[2] if known else first)
                if known is None:
                    continue
                before = dict(_values(word, known[0], known[1]))
                for name, value in _values(word, raw, series.flags):
                    if name not in before:
                        self._changed[*key, name] = first
                    elif before[name] != value:
                        self._changed[*key, name] = changed

    def since(self, word: Word, place: Labels, flag: str = "") -> Held | None:
        """Since when a flag, or the state of an enumeration, is as it was last seen; None if it never was."""
        known = self._words.get((word.name, place))
        return self._changed.get((word.name, place, flag), known[2] if known else None)


def _values(word: Word, raw: Raw, shown: _Shown) -> Iterator[tuple[str, object]]:
    if word.states:
        yield "", raw
    elif word.flag is not None:
        yield word.flag.name, bool(raw)
    for flag in word.flags:
        if shown is None or flag.name in shown:
            yield flag.name, bool(int(raw) & flag.mask)
