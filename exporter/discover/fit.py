"""Which of the known lists the words of a device fit, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.discover import tables
from exporter.discover.heard import Heard, are, counted, ranges

Verdict = Literal["fits", "doubtful", "unknown", "does not fit"]
Words = Mapping[int, int]

_ENOUGH = 7  # of the ten pairs; the Inform list is known to have seven


@dataclass(frozen=True)
class Fit:
    """How well a list fits; `reasons` are sentences for people.

    It is unknown where words that would tell were not answered: that is neither served nor refused.
    """

    name: str
    verdict: Verdict
    reasons: tuple[str, ...]


def fits(heard: Heard) -> tuple[Fit, ...]:
    """The lists for UPS words, each with its verdict; the gateway's frame only where one may stand."""
    found = [_default(heard), _inform(heard), _everexceed(heard)]
    if heard.frame:
        found.append(_frame(heard))
    return tuple(found)


def pairs(words: Words) -> tuple[list[str], list[str]]:
    """The pairs of status bit and alarm word that agree, and those that do not, as texts."""
    agree: list[str] = []
    differ: list[str] = []
    status = words.get(tables.STATUS)
    if status is None or tables.is_filler(status):
        return agree, differ
    for bit, address in tables.PAIRS.items():
        alarm = words.get(address)
        if alarm is None or tables.is_filler(alarm):
            continue
        text = f"bit {bit} is {status >> bit & 1}, word {address} is {alarm}"
        (agree if bool(alarm) == bool(status >> bit & 1) else differ).append(text)
    return agree, differ


def _by_status(heard: Heard, addresses: range) -> tuple[Verdict, list[str]]:
    """The verdict over the default list by its own redundancy: word 109 repeats ten of 115–138."""
    words = heard.known(addresses)
    agree, differ = pairs(words)
    alarms = {address: words[address] for address in tables.ALARMS if address in words}
    odd = {a: v for a, v in alarms.items() if v not in (0, 1) and not tables.is_filler(v)}
    reasons = []
    if not agree and not differ:
        alone = heard.has([tables.STATUS])
        lacking = [a for a in tables.PAIRS.values() if a in addresses] if alone else [tables.STATUS]
        unread: Verdict = "unknown" if heard.has(lacking) is None else "does not fit"
        return unread, [f"{heard.missing(sorted(lacking))}, and nothing else says that it is this list"]
    if agree:
        total = len(agree) + len(differ)
        one = "agrees" if total == 1 else "agree"
        reasons.append(f"{len(agree)} of {counted(total, 'bit')} of word 109 {one} with 115–138")
        if not any(words[address] for address in tables.PAIRS.values() if address in words):
            reasons.append(
                "none of them is set now, so that says less than it would during a test or a failure"
            )
    if differ:
        reasons.append(f"{len(differ)} of {len(agree) + len(differ)} contradict: {'; '.join(differ)}")
    if odd:
        reasons.append(f"alarm words that are neither 0 nor 1: {ranges(odd)}")
    if not any(words.values()):
        reasons.append(
            "every word that was read is 0: a device that starts up looks like this, so ask again later"
        )
        return "doubtful", reasons
    if words[tables.STATUS] & tables.OUTPUT_ACT:
        reasons.append("the status word says that the output is on")
    if not differ and not odd and len(agree) >= _ENOUGH:
        return "fits", reasons
    wrong = len(differ) + len(odd)
    return ("doubtful" if wrong <= 2 and len(agree) > wrong else "does not fit"), reasons


def _default(heard: Heard) -> Fit:
    served = heard.has(tables.DEFAULT)
    if not served:
        verdict: Verdict = "unknown" if served is None else "does not fit"
        return Fit("ups", verdict, (heard.missing(tables.DEFAULT),))
    verdict, reasons = _by_status(heard, tables.DEFAULT)
    missing = heard.missing(tables.DEFAULT)
    return Fit("ups", verdict, (*reasons, missing) if missing else tuple(reasons))


def _lacks(heard: Heard, addresses: range) -> tuple[bool | None, str]:
    """Whether the device lacks these words, as a list does that has none there, and how; None: no answer."""
    served = heard.has(addresses)
    if served:
        real = [a for a, word in heard.known(addresses).items() if not tables.is_filler(word)]
        return False, f"{are(real)} there, which this list lacks"
    return (None if served is None else True), heard.missing(addresses)


def _as_far(verdict: Verdict, lacking: bool | None, heard: Heard) -> Verdict:
    """A verdict that rests on words that the device lacks; where it only ignored them, less sure."""
    if lacking or verdict == "does not fit":
        return verdict
    return "doubtful" if heard.complete and verdict != "unknown" else "unknown"


def _inform(heard: Heard) -> Fit:
    """The default list without 97–99; of the rest behind 127 nothing is documented (device.md 5.1)."""
    volts, how = _lacks(heard, tables.OUTPUT_VOLTS)
    if volts is False:
        return Fit("inform", "does not fit", (how,))
    beyond, more = _lacks(heard, tables.BEYOND_INFORM)
    if beyond is False:
        return Fit("inform", "does not fit", (more,))
    verdict, reasons = _by_status(heard, range(100, 128))
    how = f"{how}, as in this list" if volts else how
    return Fit("inform", _as_far(verdict, volts, heard), (how, *reasons))


def _everexceed(heard: Heard) -> Fit:
    """STATUS at 106, and four of its bits once more as words of their own (device.md 5.2)."""
    served = heard.has([tables.EVEREXCEED_STATUS])
    if not served:
        verdict: Verdict = "unknown" if served is None else "does not fit"
        return Fit("everexceed", verdict, (f"its status word {heard.missing([tables.EVEREXCEED_STATUS])}",))
    words = heard.known(tables.EVEREXCEED)
    status = words[tables.EVEREXCEED_STATUS]
    lacking, how = _lacks(heard, tables.BEYOND_EVEREXCEED)
    against = [how] if lacking is False else []
    if status & ~tables.EVEREXCEED_BITS:
        against.append(f"word 106 is 0x{status:04X}, and this list uses only bits 0, 2, 8 and 13")
    repeats = {**tables.EVEREXCEED_COPIES, tables.EVEREXCEED_ZERO: 2}
    copies = {a: bit for a, bit in repeats.items() if a in words}
    differ = [a for a, bit in copies.items() if words[a] != status >> bit & 1]
    if words.get(tables.EVEREXCEED_ZERO) == 0:  # the list's own mistake: always 0
        differ = [a for a in differ if a != tables.EVEREXCEED_ZERO]
    if differ:
        said = "; ".join(f"{a} is {words[a]}" for a in sorted(differ))
        against.append(f"108–111 do not repeat bits of word 106: {said}")
    if against:
        return Fit("everexceed", "does not fit", tuple(against))
    reasons = [f"word 106 is 0x{status:04X}: only bits that this list uses", how]
    doubts = []
    if copies:
        reasons.append(f"{ranges(copies)} repeat its bits")
    if len(copies) < len(repeats):
        doubts.append(heard.missing(repeats))
    if not status & tables.OUTPUT_ACT:
        doubts.append("but the status word does not say that output is on")
    verdict = _as_far("doubtful" if doubts else "fits", lacking, heard)
    return Fit("everexceed", verdict, (*reasons, *doubts))


def _frame(heard: Heard) -> Fit:
    """The SNMP_PROF frame at its base: counter and error byte, then the default list from 100 on."""
    place = f"{heard.frame_base}–{heard.frame_base + len(heard.frame) - 1}"
    if not any(heard.frame):
        return Fit("prof", "unknown", (f"{place} are all 0, as a device may say of what it does not have",))
    counter, error = heard.frame[0] >> 8, heard.frame[0] & 0xFF
    shifted = dict(enumerate(heard.frame[1:44], start=1 + tables.FRAME_SHIFT))
    verdict, reasons = _by_status(Heard(heard.unit, words=shifted), range(100, 143))
    reasons = [f"in {place}, read as a frame: {reason}" for reason in reasons]
    if error:
        reasons.append(f"the gateway's error byte is {error}: the frame is not valid now")
        verdict = "doubtful" if verdict == "fits" else verdict
    if heard.frame_moved:
        reasons.append("its counter moves")
    else:
        reasons.append(f"its counter stands at {counter}: the gateway or the PLC program is stopped")
        verdict = "doubtful" if verdict == "fits" else verdict
    return Fit("prof", verdict, tuple(reasons))
