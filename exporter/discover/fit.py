"""Which of the lists of UPS words that there are maps for a device fits, and why. Pure.

A list is known by what it says twice (a bit of the status word and an alarm word of the same role), by what
it lacks, and by values that can be. All of that stands in its map.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.discover import tables
from exporter.discover.heard import Heard, are, counted, ranges
from exporter.discover.signs import Signs, signs_of
from exporter.maps.limits import limit_of
from exporter.maps.model import Map
from exporter.terminal import quantity

Verdict = Literal["fits", "doubtful", "unknown", "does not fit"]

_ENOUGH = 7  # bits that are said twice and agree: so many tell a list without further signs
_FOR_EACH_WRONG = 3  # words that agree must be more than so many for each that does not


@dataclass(frozen=True)
class Fit:
    """How well a list fits; `reasons` are sentences for people.

    It is unknown where words that would tell were not answered: that is neither served nor refused. `special`
    is a list that is known by what it lacks, or a frame: words that fit it fit a fuller list, too. `standard`
    says that its status word is where that of the default list is.
    """

    name: str
    verdict: Verdict
    reasons: tuple[str, ...]
    special: bool = False
    standard: bool = False


def fits(heard: Heard, maps: Collection[Map], in_tenths: Collection[int] = ()) -> tuple[Fit, ...]:
    """The lists for UPS words, each with its verdict; a gateway's frame only where one may stand.

    `in_tenths` are addresses of the default list that seem to count in tenths.
    """
    found = []
    lists = [word for item in maps if not item.is_frame for word in item.words.values()]
    for item in maps:
        signs = signs_of(item)
        if signs is None or (item.is_frame and not heard.frame):
            continue
        standard = signs.status.address == tables.STATUS
        if item.is_frame:
            verdict, reasons = _frame(heard, signs, item)
        else:
            # what this list lacks is a word of another
            lacked = [word for word in lists if word.address in signs.lacks]
            listed = heard.read_as([*item.words.values(), *lacked])
            verdict, reasons = _judged(listed, signs, in_tenths if standard else ())
        special = bool(signs.lacks) or item.is_frame
        found.append(Fit(item.name, verdict, tuple(reasons), special, standard))
    return tuple(found)


def _judged(heard: Heard, signs: Signs, in_tenths: Collection[int]) -> tuple[Verdict, list[str]]:
    words, place = heard.known(signs.own), signs.status.address or 0
    served = heard.has(signs.own)
    if not served:
        return "unknown" if served is None else "does not fit", [heard.missing(signs.own)]
    there = heard.has(signs.lacks)
    against = [f"{are(_real(heard, signs.lacks))} there, which this list lacks"] if there else []
    agree, differ = pairs(words, signs)
    if not agree and not differ:
        lacking = sorted(signs.repeats) if heard.has([place]) else [place]
        against.append(f"{heard.missing(lacking)}, and nothing else says that it is this list")
        unread = heard.has(lacking) is None and not there
        return "unknown" if unread else "does not fit", [*_lacked(heard, signs), *against]
    status = words[place]
    stray = [bit for bit in range(16) if status >> bit & 1 and bit not in signs.named_bits]
    if stray:
        bits = ", ".join(map(str, signs.named_bits))
        against.append(f"word {place} is 0x{status:04X}, and this list uses only bits {bits}")
    speaks_for, speaks_against, verdict = _weighed(words, signs, agree, differ, in_tenths)
    if against:
        return "does not fit", [*against, *speaks_against]
    if there is None and verdict not in ("does not fit", "unknown"):
        verdict = "doubtful" if heard.complete else "unknown"  # it may only have ignored them
    missing = heard.missing(signs.own)
    reasons = [*_lacked(heard, signs), *speaks_for, *speaks_against]
    return verdict, [*reasons, missing] if missing else reasons


def _weighed(
    words: Mapping[int, int],
    signs: Signs,
    agree: Collection[int],
    differ: Mapping[int, str],
    in_tenths: Collection[int],
) -> tuple[list[str], list[str], Verdict]:
    """What speaks for the list and against it, and the verdict, by what the words say of each other."""
    place = signs.status.address or 0
    status = words[place]
    total = len(agree) + len(differ)
    one = "agrees" if total == 1 else "agree"
    span = f"{min(signs.repeats)}–{max(signs.repeats)}"
    good = [f"{len(agree)} of {counted(total, 'bit')} of word {place} {one} with {span}"] if agree else []
    bad = [f"{len(differ)} of {total} contradict: {'; '.join(differ.values())}"] if differ else []
    if agree and not any(words[address] for address in signs.repeats if address in words):
        good.append("none of them is set now, so that says less than it would during a test or a failure")
    odd = {
        a for a in signs.binary if a in words and words[a] not in (0, 1) and not tables.is_filler(words[a])
    }
    if odd:
        bad.append(f"alarm words that are neither 0 nor 1: {ranges(odd)}")
    if not any(words.values()):
        bad.append(
            "every word that was read is 0: a device that starts up looks like this, so ask again later"
        )
        return good, bad, "doubtful"
    on = all(status & flag.mask for flag in signs.normal)
    said = ", ".join(flag.label.lower() for flag in signs.normal)
    (good if on else bad).append(f"the status word {'says' if on else 'does not say'}: {said}")
    judged, cannot = _that_cannot_be(words, signs, in_tenths)
    if cannot:
        bad.append(f"values that cannot be: {', '.join(cannot)}")
    wrong = len(odd | differ.keys())
    if len(agree) <= _FOR_EACH_WRONG * wrong or 2 * len(cannot) > judged:
        return good, bad, "does not fit"
    enough = len(agree) >= _ENOUGH or (on and len(agree) == len(signs.repeats))
    return good, bad, "fits" if enough and not wrong and not cannot else "doubtful"


def pairs(words: Mapping[int, int], signs: Signs) -> tuple[list[int], dict[int, str]]:
    """The words that say what their bit of the status word says, and those that do not, as texts."""
    agree: list[int] = []
    differ: dict[int, str] = {}
    status = words.get(signs.status.address or 0)
    if status is None or tables.is_filler(status):
        return agree, differ
    for address, bit in sorted(signs.repeats.items(), key=lambda item: item[1]):
        alarm, said = words.get(address), status >> bit & 1
        if alarm is None or tables.is_filler(alarm):
            continue
        if alarm == said or (address in signs.zeros and alarm == 0):
            agree.append(address)
        else:
            differ[address] = f"bit {bit} is {said}, word {address} is {alarm}"
    return agree, differ


def _that_cannot_be(
    words: Mapping[int, int], signs: Signs, in_tenths: Collection[int]
) -> tuple[int, list[str]]:
    """How many values there are, and those that the quantity cannot be, as texts."""
    judged, cannot = 0, []
    for address, word in signs.measured.items():
        raw, limit = words.get(address), limit_of(word.metric or "")
        if raw is None or limit is None or raw in tables.OTHER_FILLERS or not word.is_available(raw):
            continue
        judged += 1
        value = word.value(raw) / (10 if address in in_tenths else 1)
        if not limit.allows(value):
            cannot.append(f"word {address} as {quantity(value, (word.metric or '').rpartition('_')[2])}")
    return judged, cannot


def _lacked(heard: Heard, signs: Signs) -> list[str]:
    """How the words are missing that this list has none of."""
    if not signs.lacks or heard.has(signs.lacks):
        return []
    as_here = "" if heard.has(signs.lacks) is None else ", as in this list"
    return [heard.missing(signs.lacks) + as_here]


def _real(heard: Heard, addresses: Iterable[int]) -> list[int]:
    return [address for address, word in heard.known(addresses).items() if not tables.is_filler(word)]


def _frame(heard: Heard, signs: Signs, item: Map) -> tuple[Verdict, list[str]]:
    """A frame at its base: counter and error byte, then words of the UPS."""
    place = f"{heard.frame_base}–{heard.frame_base + len(heard.frame) - 1}"
    if not any(heard.frame):
        return "unknown", [f"{place} are all 0, as a device may say of what it does not have"]
    counter, error = heard.frame[0] >> 8, heard.frame[0] & 0xFF
    frame = Heard(heard.unit, words=dict(enumerate(heard.frame))).read_as(item.words.values())
    verdict, found = _judged(frame, signs, ())
    reasons = [f"in {place}, read as a frame: {reason}" for reason in found]
    if error:
        reasons.append(f"the gateway's error byte is {error}: the frame is not valid now")
        verdict = "doubtful" if verdict == "fits" else verdict
    if heard.frame_moved:
        reasons.append("its counter moves")
    else:
        reasons.append(f"its counter stands at {counter}: the gateway or the PLC program is stopped")
        verdict = "doubtful" if verdict == "fits" else verdict
    return verdict, reasons
