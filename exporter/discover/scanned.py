"""What a scan heard of an unknown list, and what its words look like by how they stand and move. Pure."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.discover.heard import Heard, counted, ranges
from exporter.discover.tables import is_filler, signed

Look = Mapping[int, int]
"""The words that were read together, by address."""

_TENTHS = {1: "", 10: "tenths of ", 100: "hundredths of "}
_MAINS = {"hertz": ((49, 51), (59, 61)), "volts": ((105, 130), (205, 250), (380, 430))}
_NOT_AVAILABLE = (0xFFFF, 0x8000, 0x7FFF)  # so UPS drivers pass it on (device.md 8)
_SHORTEST_TEXT, _LONGEST_TEXT = 4, 80  # characters
_FEW_BITS = 2


@dataclass
class Scanned:
    """The addresses `first` to `last` of one unit.

    `heard` and `looks` are by function code: what answered, and the words as they were read again. `ended`
    says why the scan ended before its time, "" if it did not.
    """

    unit: int
    first: int
    last: int
    heard: dict[int, Heard] = field(default_factory=dict)
    looks: dict[int, list[Look]] = field(default_factory=dict)
    ended: str = ""

    def unasked(self, function: int) -> list[int]:
        """The addresses that were not asked for with this function code."""
        heard = self.heard[function]
        known = heard.words.keys() | heard.refused.keys() | heard.silent
        return [address for address in range(self.first, self.last + 1) if address not in known]

    def values(self, function: int, address: int) -> list[int]:
        """The word as it was read, time after time."""
        looks = (look[address] for look in self.looks.get(function, ()) if address in look)
        return [self.heard[function].words[address], *looks]


@dataclass(frozen=True)
class Place:
    """One word that answers: as it was read last, the least and most it was, and what it looks like."""

    function: int
    address: int
    raw: int
    low: int
    high: int
    looks: int
    like: str

    @property
    def moves(self) -> bool:
        """Whether it was seen with different values."""
        return self.low != self.high

    @property
    def is_empty(self) -> bool:
        """Whether it stood at 0, or at what most likely is no value, all the time."""
        return not self.moves and (self.raw in (0, *_NOT_AVAILABLE) or is_filler(self.raw))


def same_list(scanned: Scanned) -> bool:
    """Whether function code 4 gives what 3 gives: the same addresses, and most words alike."""
    three, four = (scanned.heard.get(function) for function in (3, 4))
    if three is None or four is None or not three.words or three.words.keys() != four.words.keys():
        return False
    alike = sum(abs(signed(word) - signed(four.words[a])) <= 2 for a, word in three.words.items())
    return alike >= 0.9 * len(three.words)  # what moves differs a little by the time


def places(scanned: Scanned) -> list[Place]:
    """Every word that answers, by function code and address; of two codes that give the same, the first."""
    functions = [f for f in sorted(scanned.heard) if not (f == 4 and same_list(scanned))]
    return [place for function in functions for place in _places(scanned, function)]


def _places(scanned: Scanned, function: int) -> Iterator[Place]:
    history = {a: scanned.values(function, a) for a in sorted(scanned.heard[function].words)}
    texts = _texts({a: values[-1] for a, values in history.items() if len(set(values)) == 1})
    for address, values in history.items():
        like = texts.get(address) or (_bit(values) if function in (1, 2) else looks_like(values))
        yield Place(function, address, values[-1], min(values), max(values), len(values), like)


def _bit(values: Sequence[int]) -> str:
    return "a bit that changes" if len(set(values)) > 1 else f"a bit, stands at {values[-1]}"


def looks_like(values: Sequence[int]) -> str:
    """What a word may be that had these values, one after the other: a guess for people, never a meaning."""
    seen, last = set(values), values[-1]
    if len(seen) == 1:
        if is_filler(last):
            return "filler (−9999)"
        if last in _NOT_AVAILABLE:
            return "all ones or an extreme: most likely not available"
        return f"stands{_may_be(last)}"
    if seen <= {0, 1}:
        return "a flag that changes"
    steps = [after - before for before, after in itertools.pairwise(values) if after != before]
    if len(seen) > 2 and min(steps) > 0:
        return "only rises: a count or a clock"
    flipped = [before ^ after for before, after in itertools.pairwise(values) if before != after]
    if all(bits.bit_count() == 1 and bits > 2 for bits in flipped):
        bits = sorted({change.bit_length() - 1 for change in flipped})
        return f"single bits change ({ranges(bits)}): a bit field"
    if max(seen) >= 0x8000 and all(abs(signed(value)) < 0x4000 for value in seen):
        numbers = [signed(value) for value in seen]
        return f"moves, signed from {min(numbers)} to {max(numbers)}"
    return f"moves from {min(seen)} to {max(seen)}{_may_be(last)}"


def _may_be(number: int) -> str:
    """What one number suggests."""
    for tenth, words in _TENTHS.items():
        for unit, spans in _MAINS.items():
            if any(low * tenth <= number <= high * tenth for low, high in spans):
                return f": may be {words}{unit}"
    if number > 0xFF and number.bit_count() <= _FEW_BITS:
        bits = [bit for bit in range(16) if number >> bit & 1]
        return f": may be a bit field with {'bit' if len(bits) == 1 else 'bits'} {ranges(bits)} set"
    return ": may be a flag" if number == 1 else ""


def _texts(words: Mapping[int, int]) -> dict[int, str]:
    """What words that follow each other spell, two characters each; by address."""
    found: dict[int, str] = {}
    run: list[int] = []

    def close() -> None:
        text = b"".join(words[address].to_bytes(2, "big") for address in run).decode("ascii").rstrip("\0 ")
        if len(text) >= _SHORTEST_TEXT and any(letter.isalpha() for letter in text):
            first, last = run[0], run[-1]
            found.update(dict.fromkeys(run, f'text "{text[:_LONGEST_TEXT]}" in {first}–{last}'))
        run.clear()

    for address in words:
        if run and address != run[-1] + 1:
            close()
        high, low = words[address] >> 8, words[address] & 0xFF
        if 0x20 <= high < 0x7F and (0x20 <= low < 0x7F or low == 0):
            run.append(address)
            if low:
                continue
        if run:
            close()
    if run:
        close()
    return found


def summary(scanned: Scanned) -> list[str]:
    """Which addresses answer to which function code, as lines of text."""
    lines = []
    for function, heard in sorted(scanned.heard.items()):
        parts = [f"{ranges(heard.words)} {'answers' if len(heard.words) == 1 else 'answer'}"]
        parts += [f"{where} refused with exception {code}" for code, where in heard.refusals()]
        parts += [f"{ranges(heard.silent)} not answered"] if heard.silent else []
        unasked = scanned.unasked(function)
        parts += [f"{ranges(unasked)} not asked"] if unasked else []
        lines.append(f"function code {function}: {'; '.join([*parts, *heard.notes])}")
        if heard.max_words < 100:
            lines.append(f"it takes {counted(heard.max_words, 'word')} at once, not more")
    if same_list(scanned):
        lines.append("function code 4 gives the same as 3")
    if any(heard.words for heard in scanned.heard.values()):
        looks = max((len(looks) for looks in scanned.looks.values()), default=0)
        lines.append(f"the words were looked at {counted(looks + 1, 'time')}")
    return [*lines, *([scanned.ended] if scanned.ended else [])]


def nothing_heard(scanned: Scanned, found: Sequence[Place]) -> str:
    """Why there is no word for a map; `found` are those that say nothing and are too many for one."""
    words = f"from {scanned.first} to {scanned.last}"
    if found:
        return f"all words {words} that answer stood at 0 or filler"
    return f"no word {words} {'had answered by then' if scanned.ended else 'answers'}"


def rows(found: Iterable[Place]) -> Iterator[tuple[int, str, str, str, str]]:
    """Function code, addresses, raw word, hexadecimal, guess; neighbours that say nothing in one row."""
    run: list[Place] = []
    for place in found:
        if run and not (place.is_empty and _follows(run[-1], place)):
            yield _row(run)
            run = []
        run.append(place)
    if run:
        yield _row(run)


def _follows(before: Place, place: Place) -> bool:
    same = (before.function, before.raw, before.like) == (place.function, place.raw, place.like)
    return same and before.is_empty and place.address == before.address + 1


def _row(run: Sequence[Place]) -> tuple[int, str, str, str, str]:
    place = run[0]
    return place.function, ranges(p.address for p in run), str(place.raw), f"0x{place.raw:04X}", place.like
