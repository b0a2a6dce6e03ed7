"""Everything found out about one unit, and how it is to be read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.discover import tables
from exporter.discover.battery import Battery, battery
from exporter.discover.fit import Fit, fits
from exporter.discover.heard import Heard
from exporter.discover.words import Said, Tenths, said, tenths
from exporter.maps.model import FILLER

_SAME = 0.95  # of the words: two units that say so much the same are taken for one device


@dataclass(frozen=True)
class Findings:
    """The judgement over what was heard.

    `maps` are the built-in maps to read the device with, none if none fits; `module` is the built-in module
    with just these maps, "" where there is none. `phases` is 1 or 3, 0 where nothing tells.
    """

    heard: Heard
    fits: tuple[Fit, ...]
    battery: Battery
    tenths: tuple[Tenths, ...]
    words: tuple[Said, ...]
    maps: tuple[str, ...]
    module: str
    sure: bool
    phases: int


_MODULES = {
    ("ups", "bacs"): "cs141", ("inform",): "inform", ("everexceed",): "everexceed", ("prof",): "prof",
    ("bacs",): "bacs",
}  # fmt: skip


def judge(heard: Heard) -> Findings:
    """What the words of a unit mean."""
    found, cells = fits(heard), battery(heard)
    chosen = _chosen(found)
    maps = _maps(chosen, cells) if heard.function == 3 else ()  # the built-in maps ask with 3
    is_default = chosen is not None and chosen.name in ("ups", "inform")
    divided = tenths(heard.words, cells.string_volts) if is_default else ()
    return Findings(
        heard=heard,
        fits=found,
        battery=cells,
        tenths=divided,
        words=said(heard, divided) if is_default else (),
        maps=maps,
        module=_MODULES.get(maps, ""),
        sure=chosen is None or chosen.verdict == "fits",
        phases=_phases(heard) if is_default else 0,
    )


def twins(findings: Sequence[Findings]) -> dict[int, int]:
    """Units that say the same as an earlier one: most likely one device that answers to every unit id."""
    found: dict[int, int] = {}
    for index, item in enumerate(findings):
        for other in findings[:index]:
            mine, theirs = item.heard.words, other.heard.words
            if not mine or mine.keys() != theirs.keys():
                continue
            same = sum(mine[address] == theirs[address] for address in mine)
            if same >= _SAME * len(mine):
                found.setdefault(item.heard.unit, other.heard.unit)
    return found


def _chosen(found: Sequence[Fit]) -> Fit | None:
    """The list that fits; else one that may, if it is the only one."""
    for verdict in ("fits", "doubtful"):
        good = [fit for fit in found if fit.verdict == verdict]
        # whatever fits Inform's shorter list fits the default list, too: the words it lacks are refused
        special = [fit for fit in good if fit.name != "ups"] or good
        if len(special) == 1:
            return special[0]
        if special:
            return None
    return None


def _maps(chosen: Fit | None, cells: Battery) -> tuple[str, ...]:
    if chosen is None:
        return ("bacs",) if cells.there else ()
    if chosen.name == "ups":
        return ("ups", "bacs")
    return (chosen.name, "bacs") if cells.there and chosen.name != "prof" else (chosen.name,)


def _phases(heard: Heard) -> int:
    """By the first and the others of the input volts, the output volts and the frequencies."""
    for first in (104, 97, 111):
        words = [heard.words.get(address, FILLER) for address in range(first, first + 3)]
        real = [bool(word) and not tables.is_filler(word) for word in words]
        if real in ([True, True, True], [True, False, False]):
            return sum(real)
    return 0
