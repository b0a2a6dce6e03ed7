"""What one unit answered: the words it serves, those it refuses, and those it was silent about. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from exporter.discover import tables
from exporter.maps.model import FILLER, Word
from exporter.reading.plan.spans import Request
from exporter.runs import runs


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it went: `outcome` is "" for words, else why there are none."""

    request: Request
    outcome: str
    seconds: float


@dataclass
class Heard:
    """The answers of one unit to the function code that it is read with.

    `words` are raw words by 0-based address; `refused` holds the exception code of each address that was
    refused, in a request for it alone or in one for several of which the ends were refused too. `frame` are
    the words of the place where a gateway's frame may stand, as read last, `frame_moved` says whether its
    counter was seen changing. `other` says how the other function code for words, `bits` how the codes for
    bits are answered. `complete` is false when the unit fell silent on the way.
    """

    unit: int
    function: int = 3
    words: dict[int, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    max_words: int = 125
    asked: list[Asked] = field(default_factory=list)
    frame_base: int = 0
    frame: tuple[int, ...] = ()
    frame_moved: bool = False
    other: str = ""
    bits: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    complete: bool = True

    def known(self, addresses: Iterable[int]) -> dict[int, int]:
        """The words of those of `addresses` that were read."""
        return {address: self.words[address] for address in addresses if address in self.words}

    def has(self, addresses: Iterable[int]) -> bool | None:
        """Whether any of `addresses` says something; None where it does not, and some were not answered."""
        addresses = list(addresses)
        if any(not tables.is_filler(word) for word in self.known(addresses).values()):
            return True
        unanswered = [a for a in addresses if a not in self.words and a not in self.refused]
        return None if unanswered else False

    def missing(self, addresses: Iterable[int]) -> str:
        """How those of `addresses` that say nothing are missing, as text: "97–98 are refused"."""
        kinds: dict[str, list[int]] = {}
        for address in addresses:
            if address in self.refused:
                kinds.setdefault("{are} refused", []).append(address)
            elif address in self.silent:
                kinds.setdefault("{these} got no answer", []).append(address)
            elif address not in self.words:
                kinds.setdefault("{these} not asked for", []).append(address)
            elif tables.is_filler(self.words[address]):
                kinds.setdefault("{are} filler", []).append(address)
        return ", ".join(
            text.format(are=are(numbers), these=ranges(numbers)) for text, numbers in kinds.items()
        )

    def refusals(self) -> list[tuple[int, str]]:
        """Each exception code, and the addresses that were refused with it as text."""
        codes: dict[int, list[int]] = {}
        for address, code in self.refused.items():
            codes.setdefault(code, []).append(address)
        return [(code, ranges(codes[code])) for code in sorted(codes)]

    def read_as(self, words: Iterable[Word]) -> "Heard":
        """The same answers to a list of these words: each that is no value by its word is the filler."""
        read = dict(self.words)
        for word in words:
            if word.address is not None:
                step, times = (word.repeat.stride, word.repeat.max) if word.repeat else (1, 1)
                places = range(word.address, word.address + step * times, step)
                read |= {place: FILLER for place in places if read.get(place) in word.absent}
        return replace(self, words=read)

    def shifted(self, by: int) -> "Heard":
        """The same answers for a list of which each word stands `by` addresses higher than it says."""
        return replace(
            self,
            words={address - by: word for address, word in self.words.items()},
            refused={address - by: code for address, code in self.refused.items()},
            silent={address - by for address in self.silent},
            frame=(),
        )


def are(numbers: Iterable[int]) -> str:
    """Numbers as the subject of a sentence: `97 is`, `97–99 are`."""
    numbers = set(numbers)
    return f"{ranges(numbers)} {'is' if len(numbers) == 1 else 'are'}"


def counted(number: int, noun: str) -> str:
    """A number of things: `1 string`, `2 strings`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as people write them: `1–12, 17, 20–24`; "none" for none."""
    parts = (f"{low}" if low == high else f"{low}–{high}" for low, high in runs(sorted(set(numbers))))
    return ", ".join(parts) or "none"
