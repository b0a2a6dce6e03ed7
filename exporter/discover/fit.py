"""Which of the known lists the words of a device fit, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.discover import tables
from exporter.discover.heard import Heard, ranges

Verdict = Literal["fits", "doubtful", "does not fit"]
Words = Mapping[int, int]

_ENOUGH = 7  # of the ten pairs; the Inform list is known to have seven


@dataclass(frozen=True)
class Fit:
    """How well a list fits; `reasons` are sentences for people."""

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


def _by_status(words: Words) -> tuple[Verdict, list[str]]:
    """The verdict over the default list by its own redundancy: word 109 repeats ten of 115–138."""
    agree, differ = pairs(words)
    alarms = {address: words[address] for address in tables.ALARMS if address in words}
    odd = {a: v for a, v in alarms.items() if v not in (0, 1) and not tables.is_filler(v)}
    reasons = []
    if not agree and not differ:
        missing = "109" if tables.STATUS not in words else "115–138"
        return "does not fit", [f"without word {missing} nothing says that it is this list"]
    if agree:
        reasons.append(f"{len(agree)} of {len(agree) + len(differ)} bits of word 109 agree with 115–138")
        if not any(words[address] for address in tables.PAIRS.values() if address in words):
            reasons.append(
                "none of them is set now, so that says less than it would during a test or a failure"
            )
    if differ:
        reasons.append(f"{len(differ)} of {len(agree) + len(differ)} contradict: {'; '.join(differ)}")
    if odd:
        reasons.append(f"alarm words that are neither 0 nor 1: {ranges(odd)}")
    if not any(words.get(address) for address in tables.DEFAULT):
        reasons.append("every word is 0: a device that starts up looks like this, so ask again later")
        return "doubtful", reasons
    if words[tables.STATUS] & tables.OUTPUT_ACT:
        reasons.append("the status word says that the output is on")
    if not differ and not odd and len(agree) >= _ENOUGH:
        return "fits", reasons
    wrong = len(differ) + len(odd)
    return ("doubtful" if wrong <= 2 and len(agree) > wrong else "does not fit"), reasons


def _default(heard: Heard) -> Fit:
    words = heard.known(tables.DEFAULT)
    if heard.all_refused(tables.DEFAULT):
        return Fit("ups", "does not fit", ("97–142 are refused",))
    verdict, reasons = _by_status(words)
    refused = [address for address in tables.DEFAULT if address in heard.refused]
    if refused:
        reasons.append(f"refused: {ranges(refused)}")
    return Fit("ups", verdict, tuple(reasons))


def _inform(heard: Heard) -> Fit:
    """The default list without 97–99; of the rest behind 127 nothing is documented (device.md 5.1)."""
    if not heard.all_refused(tables.OUTPUT_VOLTS):
        return Fit("inform", "does not fit", ("97–99 are there, which this list lacks",))
    if heard.known(tables.BEYOND_INFORM):
        return Fit("inform", "does not fit", ("words behind 127 are there, which this list lacks",))
    verdict, reasons = _by_status(heard.known(range(100, 128)))
    return Fit("inform", verdict, ("97–99 are refused, as in this list", *reasons))


def _everexceed(heard: Heard) -> Fit:
    """STATUS at 106, and four of its bits once more as words of their own (device.md 5.2)."""
    words = heard.known(tables.EVEREXCEED)
    beyond = heard.known(tables.BEYOND_EVEREXCEED)
    status = words.get(tables.EVEREXCEED_STATUS)
    if status is None:
        return Fit("everexceed", "does not fit", ("there is no word 106, its status word",))
    against = []
    if beyond:
        against.append(f"words behind 111 are there, which this list lacks: {ranges(beyond)}")
    if status & ~tables.EVEREXCEED_BITS:
        against.append(f"word 106 is 0x{status:04X}, and this list uses only bits 0, 2, 8 and 13")
    copies = {a: bit for a, bit in tables.EVEREXCEED_COPIES.items() if a in words}
    differ = [f"{a} is {words[a]}" for a, bit in copies.items() if words[a] != status >> bit & 1]
    if differ or words.get(tables.EVEREXCEED_ZERO, 0) not in (0, status >> 2 & 1):
        against.append(f"108–111 do not repeat bits of word 106: {'; '.join(differ) or '109'}")
    if against:
        return Fit("everexceed", "does not fit", tuple(against))
    reasons = [
        f"word 106 is 0x{status:04X}: only bits that this list uses",
        "108–111 repeat its bits",
        "nothing is served behind 111",
    ]
    if len(copies) < len(tables.EVEREXCEED_COPIES) or not status & tables.OUTPUT_ACT:
        return Fit("everexceed", "doubtful", (*reasons, "but the status word does not say that output is on"))
    return Fit("everexceed", "fits", tuple(reasons))


def _frame(heard: Heard) -> Fit:
    """The SNMP_PROF frame at its base: counter and error byte, then the default list from 100 on."""
    place = f"{heard.frame_base}–{heard.frame_base + len(heard.frame) - 1}"
    counter, error = heard.frame[0] >> 8, heard.frame[0] & 0xFF
    shifted = dict(enumerate(heard.frame[1:44], start=1 + tables.FRAME_SHIFT))
    verdict, reasons = _by_status(shifted)
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
