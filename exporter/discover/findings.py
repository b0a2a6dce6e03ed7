"""Everything found out about one unit, and how it is to be read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.discover import tables
from exporter.discover.battery import Battery, battery
from exporter.discover.fit import Fit, fits
from exporter.discover.heard import Heard
from exporter.discover.words import Said, Tenths, said, tenths
from exporter.maps import DEFAULT_MODULE, built_in_maps, modules_of
from exporter.maps.model import Map

_SAME = 0.95  # of the words: two units with such similar words count as one device


@dataclass(frozen=True)
class Shift:
    """`maps` fit where each word stands `by` addresses higher than the list says; `text` is for people."""

    by: int
    maps: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Findings:
    """The judgement over what was heard.

    `maps` are the built-in maps to read the device with, none if none fits; `module` is the built-in module
    with just these maps, "" where there is none. `chosen` is the map of its UPS words, "" for none;
    `reads_bacs` and `is_frame` say whether a BACS or a gateway's frame is read by them. `phases` is 1 or 3,
    0 where nothing tells. `shifted` says which list fits one address higher or lower than it says: no map is
    given for that, and `battery` is as read that way.
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
    chosen: str = ""
    reads_bacs: bool = False
    is_frame: bool = False
    shifted: Shift | None = None

    @property
    def why_no_map(self) -> str:
        """Why there is no map, as a sentence: a list of which no word was answered may still fit."""
        if any(fit.verdict == "unknown" for fit in self.fits):
            return "It is unknown which built-in map fits"
        return "No built-in map fits"


def judge(heard: Heard) -> Findings:
    """What the words of a unit mean."""
    here = _judged(heard)
    for by in (1, -1):
        there = _judged(heard.shifted(by))
        if text := _fits_shifted(here, there, by):
            shifted = Shift(by, there.maps, text)
            return replace(
                here, maps=(), module="", reads_bacs=False, is_frame=False, shifted=shifted,
                battery=there.battery,
            )  # fmt: skip
    return here


def _judged(heard: Heard) -> Findings:
    known = built_in_maps()
    modules = modules_of(known.values())
    # the CS141's own lists, of UPS and BACS
    listed = heard.read_as(word for name in modules[DEFAULT_MODULE] for word in known[name].words.values())
    cells = battery(listed)
    divided = tenths(listed.words, cells.string_volts)
    found = fits(heard, known.values(), {address for item in divided for address in item.addresses})
    chosen = _chosen(found)
    maps = _maps(chosen, cells, known)
    standard = chosen is not None and chosen.standard
    words = said(listed, divided) if standard else ()
    return Findings(
        heard=heard,
        fits=found,
        battery=cells,
        tenths=divided if standard else (),
        words=tuple(replace(word, raw=heard.words.get(word.address)) for word in words),
        maps=maps,
        module=next((name for name, read in modules.items() if read == maps), ""),
        sure=chosen is None or chosen.verdict == "fits",
        phases=_phases(words),
        chosen=chosen.name if chosen is not None else "",
        reads_bacs=_bacs_map(known) in maps,
        is_frame=any(known[name].is_frame for name in maps),
    )


def _fits_shifted(here: Findings, there: Findings, by: int) -> str:
    """Which list fits if every word stands `by` addresses higher than it says; "" where none does better."""
    where = "one address higher" if by > 0 else "one address lower"
    chosen = _chosen(there.fits)
    sure_here = bool(here.words) and here.sure
    if chosen is not None and chosen.standard and (there.sure or not sure_here):
        status = there.heard.words[tables.STATUS]
        # words that all are 0 agree with one another anywhere: the output must be on, and the values better
        better = 1 if there.sure and not sure_here else 2
        if status & tables.OUTPUT_ACT and _implausible(there) + better <= _implausible(here):
            return f"{where}, they fit the list {chosen.name}: its word 109 stands at {tables.STATUS + by}"
    if here.battery.doubts and there.battery.live and not there.battery.doubts and not here.words:
        name = _bacs_map(built_in_maps())
        return f"{where}, they fit the list {name}: its word 1000 stands at {1000 + by}"
    return ""


def _implausible(item: Findings) -> int:
    """How many words of the UPS cannot be; where no list fits at all, more than any list has."""
    return sum(word.verdict == "implausible" for word in item.words) if item.words else len(tables.DEFAULT)


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
        special = [fit for fit in good if fit.special] or good
        if len(special) == 1:
            return special[0]
        if special:
            return None
    return None


def _maps(chosen: Fit | None, cells: Battery, known: Mapping[str, Map]) -> tuple[str, ...]:
    """The maps to read the device with; what its words contradict is not among them."""
    has_bacs, bacs = cells.there and not cells.doubts, _bacs_map(known)
    if chosen is None:
        return (bacs,) if has_bacs else ()
    maps = (chosen.name,)
    if known[chosen.name].is_frame:
        return maps
    # a BACS may come: a module that has both looks for it
    looks = not cells.there and (chosen.name, bacs) in modules_of(known.values()).values()
    return (*maps, bacs) if has_bacs or looks else maps


def _bacs_map(known: Mapping[str, Map]) -> str:
    """The map of the battery monitor."""
    return next(
        name
        for name, item in known.items()
        if not item.is_frame and any(trust.rule == "bacs" for trust in item.trusts)
    )


def _phases(words: Sequence[Said]) -> int:
    """By the first and the others of the input volts, the output volts and the frequencies."""
    verdicts = {word.address: word.verdict for word in words}
    for first in (104, 97, 111):
        three = [verdicts.get(address, "no answer") for address in range(first, first + 3)]
        if "no answer" in three or "implausible" in three:
            continue
        real = [verdict == "plausible" for verdict in three]
        if real in ([True, True, True], [True, False, False]):
            return sum(real)
    return 0
