"""What tells that a device has the list of a map, taken from the map itself. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.assess.facts import UPS_PREFIX
from exporter.maps.model import Flag, Map, Word


@dataclass(frozen=True)
class Signs:
    """The words of a UPS list that say something about one another.

    `status` is the word that holds the flags of the UPS. `repeats` are 0/1 words by address with the bit of
    the status word that says the same: both play one role, and nothing else in either does. The device has no
    words at `lacks`; words at `zeros` may be 0 whatever the bit is.
    """

    status: Word
    repeats: Mapping[int, int]
    own: tuple[int, ...]
    lacks: tuple[int, ...]
    zeros: tuple[int, ...]
    binary: tuple[int, ...]
    measured: Mapping[int, Word]

    @property
    def named_bits(self) -> tuple[int, ...]:
        """The bits of the status word that the list names."""
        return tuple(sorted(flag.bit for flag in self.status.flags))

    @property
    def normal(self) -> tuple[Flag, ...]:
        """The flags of the status word that are set in normal operation."""
        return tuple(flag for flag in self.status.flags if flag.normal)


def signs_of(item: Map) -> Signs | None:
    """The signs of a map; None where it is not one of a UPS with a status word."""
    words = {w.address: w for w in item.words.values() if w.address is not None and not w.repeat}
    status = next((w for w in words.values() if w.flags and str(w.metric).startswith(UPS_PREFIX)), None)
    if status is None:
        return None
    bits = _alone((flag.role, flag.bit) for flag in status.flags)
    alarms = _alone((w.flag.role, address) for address, w in words.items() if w.flag)
    named = {flag.name: flag.bit for flag in status.flags}
    copies = {address: named[flag] for address, flag in item.known_by.copies if flag in named}
    return Signs(
        status=status,
        repeats=copies | {alarms[role]: bit for role, bit in bits.items() if role in alarms},
        own=tuple(sorted({*words, *copies})),
        lacks=item.known_by.lacks,
        zeros=item.known_by.zeros,
        binary=(*copies, *(address for address, word in words.items() if word.flag)),
        measured={address: word for address, word in words.items() if word.is_measurement and word.metric},
    )


def _alone(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The places by role, of the roles that only one has."""
    found = [(role, place) for role, place in pairs if role]
    times = Counter(role for role, _ in found)
    return {role: place for role, place in found if times[role] == 1}
