"""What each UPS word says, whether that can be, and whether the words count in tenths. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.discover import tables
from exporter.discover.heard import Heard
from exporter.discover.tables import signed
from exporter.maps import built_in_maps
from exporter.maps.limits import limit_of
from exporter.terminal import quantity

Verdict = Literal["plausible", "zero", "not available", "implausible", "refused", "no answer", "unjudged"]
Kind = Literal["volts", "hertz", "celsius", "battery"]


@dataclass(frozen=True)
class Said:
    """What a word says; `raw` is None where it was not read, `note` is for people."""

    address: int
    raw: int | None
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True)
class Tenths:
    """A kind of value that counts in tenths, inferred from these words, and why."""

    kind: Kind
    addresses: tuple[int, ...]
    reason: str


KINDS: dict[Kind, tuple[int, ...]] = {
    "volts": (97, 98, 99, 104, 105, 106),
    "hertz": (111, 112, 113),
    "celsius": (107,),
    "battery": (110,),
}
_SIGNED = {104, 105, 106, 107, 108, 110, *range(143, 151)}  # device.md 1.1
_PLAUSIBLE: dict[Kind, Callable[[float], bool]] = {
    "volts": lambda volts: 80 <= volts <= 500,
    "hertz": lambda hertz: 40 <= hertz <= 70 or 360 <= hertz <= 440,  # operations.md 1.12
    "celsius": lambda celsius: -20 <= celsius <= 80,
    "battery": lambda volts: 10 <= volts <= 1000,
}
_SURE_TENTHS: dict[Kind, Callable[[float], bool]] = {  # device.md 1.4: near 500 or 600, near 2300 or 4000
    "volts": lambda raw: 1000 <= raw <= 5000,
    "hertz": lambda raw: 450 <= raw <= 650,
    "celsius": lambda raw: 100 <= raw <= 800,
    "battery": lambda raw: 1000 < raw <= 10000,
}
_NAMES: dict[Kind, str] = {
    "volts": "volts", "hertz": "hertz", "celsius": "degrees", "battery": "battery volts"
}  # fmt: skip
_NEAR = 0.15  # the UPS's battery volts against the BACS's sum of a string


def tenths(words: Mapping[int, int], string_volts: float | None) -> tuple[Tenths, ...]:
    """The kinds of value that count in tenths, by their words; `string_volts` are the BACS's."""
    found = []
    for kind, addresses in KINDS.items():
        values = {address: signed(words[address]) for address in addresses if address in words}
        real = {a: v for a, v in values.items() if v and not tables.is_filler(words[a])}
        hints = [a for a, v in real.items() if _SURE_TENTHS[kind](v)]
        if any(_PLAUSIBLE[kind](v) for v in real.values()):
            hints = []
        reason = ", ".join(f"word {a} is {real[a]}" for a in hints)
        if kind == "battery" and string_volts and real:
            ratio = real[110] / string_volts
            hints = [110] if abs(ratio / 10 - 1) <= _NEAR else []
            reason = f"word 110 is {real[110]}, and the battery strings have {string_volts:.1f} V"
        if hints:
            found.append(Tenths(kind, tuple(values), f"{_NAMES[kind]} in tenths: {reason}"))
    return tuple(found)


def said(heard: Heard, in_tenths: Iterable[Tenths] = ()) -> tuple[Said, ...]:
    """The UPS words of the default list and the sensors, one by one."""
    divided = {address for item in in_tenths for address in item.addresses}
    return tuple(_said(heard, address, divided) for address in (*tables.DEFAULT, *range(143, 151)))


def _said(heard: Heard, address: int, divided: set[int]) -> Said:
    raw = heard.words.get(address)
    if raw is None:
        if address in heard.refused:
            return Said(address, None, "refused", f"exception {heard.refused[address]}")
        return Said(address, None, "no answer")
    if tables.is_filler(raw):
        return Said(address, raw, "not available")
    if raw in tables.OTHER_FILLERS:
        return Said(address, raw, "implausible", "9999 may be what this UPS says of what it does not measure")
    number = signed(raw) if address in _SIGNED else raw
    return Said(address, raw, *_judge(address, number, divided))


def _judge(address: int, number: int, divided: set[int]) -> tuple[Verdict, str]:
    for kind, addresses in KINDS.items():
        if address not in addresses:
            continue
        if number == 0:
            return "zero", "" if kind == "celsius" else "not measured, or really 0"
        if address in divided:
            return "plausible", "if it counts in tenths (inferred)"
        good = _PLAUSIBLE[kind](number)
        return ("plausible", "") if good else ("implausible", f"not as {_NAMES[kind]}")
    if address == tables.STATUS or address == 114:
        return "plausible", ""
    if 100 <= address <= 103 or address == 108:
        word = next(word for word in built_in_maps()["ups"].words.values() if word.address == address)
        value, limit = word.value(number & 0xFFFF), limit_of(word.metric)
        if limit is None or limit.allows(value):
            return "plausible", ""
        most = f"more than {quantity(limit.most, word.metric.rpartition('_')[2])}"
        return "implausible", most if value > 0 else "less than no time"
    if 115 <= address <= 142:
        return ("plausible", "") if number in (0, 1) else ("implausible", "neither 0 nor 1")
    return ("zero", "") if number == 0 else ("unjudged", "meaning and scale depend on the sensor")
