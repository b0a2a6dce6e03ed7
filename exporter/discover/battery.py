"""What the BACS words say: whether one is there, its strings and modules, and which decoding can be. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from statistics import median

from exporter.discover import tables
from exporter.discover.heard import Heard, are, counted
from exporter.discover.tables import is_filler, module_address, signed, string_address
from exporter.maps import built_in_maps


@dataclass(frozen=True)
class Decoding:
    """One way to read a word, and what it makes of all modules or strings."""

    what: str
    how: str
    low: float
    high: float
    unit: str
    plausible: bool
    note: str = ""


@dataclass(frozen=True)
class Current:
    """A string's current word (as int16); the scale is 0.01 A or 1 A, which is not known (device.md 2.2)."""

    string: int
    number: int


@dataclass(frozen=True)
class Battery:
    """The BACS of a device. `why` says what tells that it is there or not, or why that is not known.

    `doubts` say what cannot be if the words are those of the BACS list. `strings` and `modules` are the
    device's own counts; `live` are the modules of which a word is real, `missing` those of its count of which
    none is, `unread` those that could not be read, `above` the live ones beyond it.
    """

    there: bool
    why: str
    known: bool = True
    doubts: tuple[str, ...] = ()
    counts: str = ""
    state: int = 0
    strings: int = 0
    modules: int = 0
    live: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    above: tuple[int, ...] = ()
    live_strings: tuple[int, ...] = ()
    decodings: tuple[Decoding, ...] = ()
    currents: tuple[Current, ...] = ()
    cells: int = 0
    string_volts: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def expected_strings(self) -> int:
        """How many strings to expect: the larger of the device's count and what was seen.

        0 where the device counts more than the list has: what is expected could never be read.
        """
        return 0 if self.strings > tables.MOST_STRINGS else max(self.strings, *self.live_strings, 0)

    @property
    def expected_modules(self) -> int:
        """How many modules to expect, likewise."""
        return 0 if self.modules > tables.MOST_MODULES else max(self.modules, *self.live, 0)


def battery(heard: Heard) -> Battery:
    """The judgement over 1000–2709."""
    words = heard.known(tables.BACS_WORDS)
    real = {address: word for address, word in words.items() if not is_filler(word)}
    if not any(real.values()):
        lacking = [address for address in tables.BACS_WORDS if address not in real]
        said = ([f"{are(real)} all 0"] if real else []) + ([heard.missing(lacking)] if lacking else [])
        known = all(address in heard.words or address in heard.refused for address in lacking)
        return Battery(False, ", ".join(said), known=known)
    counts, warnings = _counts(heard)
    live = tuple(n for n in range(1, tables.MOST_MODULES + 1) if _is_live(heard, module_address(n)))
    live_strings = tuple(n for n in range(1, tables.MOST_STRINGS + 1) if _is_live(heard, string_address(n)))
    strings, modules = counts
    counted_modules = range(1, min(modules, tables.MOST_MODULES) + 1)
    unread = tuple(n for n in counted_modules if n not in live and _is_unread(heard, module_address(n)))
    volts = _column(heard, live, 1)
    averages = {n: signed(w) / 1000 for n, w in _string_column(heard, live_strings, 2).items() if w}
    sums = {n: signed(w) / 10 for n, w in _string_column(heard, live_strings, 1).items() if w}
    currents = _string_column(heard, live_strings, 0)
    state = real.get(1000, 0)
    flags = built_in_maps()["bacs"].words["state"].flags
    names = ", ".join(flag.name for flag in flags if state & flag.mask) or "none"
    return Battery(
        there=True,
        counts=_counted(heard),
        doubts=_doubts(heard, live),
        why=f"state 0x{state:04X} ({names})" if 1000 in real else f"state: {heard.missing([1000])}",
        state=state,
        strings=strings,
        modules=modules,
        live=live,
        missing=tuple(n for n in counted_modules if n not in live and n not in unread),
        unread=unread,
        above=tuple(n for n in live if n > modules),
        live_strings=live_strings,
        decodings=_decodings(heard, live, averages),
        currents=tuple(Current(n, signed(word)) for n, word in currents.items()),
        cells=_cells(volts),
        string_volts=median(sums.values()) if sums else None,
        warnings=(*warnings, *_warnings(heard, state, counts, currents)),
    )


def _counts(heard: Heard) -> tuple[tuple[int, int], list[str]]:
    numbers, warnings = [], []
    for address, most, what in _COUNTS:
        number = heard.words.get(address, 0)
        number = 0 if is_filler(number) else number
        if number > most:
            warnings.append(f"word {address} says {number} {what}s, and the known list ends at {most}")
        numbers.append(number)
    return (numbers[0], numbers[1]), warnings


_COUNTS = (
    (tables.NUM_STRINGS, tables.MOST_STRINGS, "string"),
    (tables.NUM_MODULES, tables.MOST_MODULES, "module"),
)


def _counted(heard: Heard) -> str:
    """What the device's own counts say; one that was not read says nothing."""
    said = [counted(heard.words[address], what) for address, _, what in _COUNTS if heard.has([address])]
    lacking = heard.missing(address for address, _, _ in _COUNTS)
    return "; ".join(
        [*([f"it counts {' and '.join(said)}"] if said else []), *([lacking] if lacking else [])]
    )


def _doubts(heard: Heard, live: Collection[int]) -> tuple[str, ...]:
    """What cannot be: of most modules a value that no battery block has, by the documented reading."""
    found: list[str] = []
    for offset, what, how, unit, decode, (least, most) in _READINGS:
        if (what, how) not in _DOCUMENTED:
            continue
        values = [decode(signed(word)) for word in _column(heard, live, offset).values()]
        wrong = [value for value in values if not least <= value <= most]
        if 2 * len(wrong) > len(values):
            span = f"{min(values):g} to {max(values):g} {unit}"
            found.append(f"module {what} as {how} would be {span}: no battery block has that")
    return tuple(found)


def _is_live(heard: Heard, address: int) -> bool:
    words = heard.known(range(address, address + tables.STRIDE))
    return any(words.values()) and any(not is_filler(word) for word in words.values())


def _is_unread(heard: Heard, address: int) -> bool:
    return any(
        word not in heard.words and word not in heard.refused
        for word in range(address, address + tables.STRIDE)
    )


def _column(heard: Heard, numbers: Collection[int], offset: int) -> dict[int, int]:
    """A word of each of the modules, where it is real."""
    return _real(heard, {number: module_address(number) + offset for number in numbers})


def _string_column(heard: Heard, numbers: Collection[int], offset: int) -> dict[int, int]:
    return _real(heard, {number: string_address(number) + offset for number in numbers})


def _real(heard: Heard, places: Mapping[int, int]) -> dict[int, int]:
    words = {number: heard.words.get(address) for number, address in places.items()}
    return {number: word for number, word in words.items() if word is not None and not is_filler(word)}


_DOCUMENTED = (("temperature", "(raw − 78) / 2"), ("volts", "raw / 1000"))  # device.md 2.4
# offset, what, how, unit, decoding, and the range of a battery block
_READINGS: tuple[tuple[int, str, str, str, Callable[[int], float], tuple[float, float]], ...] = (
    (0, "temperature", "(raw − 78) / 2", "°C", lambda raw: (raw - 78) / 2, (0, 50)),
    (0, "temperature", "raw / 10", "°C", lambda raw: raw / 10, (0, 50)),
    (0, "temperature", "raw", "°C", float, (0, 50)),
    (1, "volts", "raw / 1000", "V", lambda raw: raw / 1000, (1.5, 16.5)),
    (1, "volts", "raw / 100", "V", lambda raw: raw / 100, (1.5, 16.5)),
    (2, "resistance", "raw / 100", "mΩ", lambda raw: raw / 100, (0.2, 110)),
    (2, "resistance", "raw / 1000", "mΩ", lambda raw: raw / 1000, (0.2, 110)),
    (4, "equalising", "raw", "%", float, (0, 100)),
)


def _decodings(heard: Heard, live: Collection[int], averages: Mapping[int, float]) -> tuple[Decoding, ...]:
    """The ways to read a module's words that there are in the field or that suggest themselves."""
    mean = median(averages.values()) if averages else None
    found = []
    for offset, what, how, unit, decode, (least, most) in _READINGS:
        values = [decode(signed(word)) for word in _column(heard, live, offset).values()]
        if not values:
            continue
        plausible = least <= min(values) and max(values) <= most
        note = ""
        if what == "volts" and mean is not None:
            agrees = abs(median(values) / mean - 1) <= 0.05
            note = f"the strings say {mean:.3f} V on average"
            plausible = plausible and agrees
        found.append(Decoding(what, how, min(values), max(values), unit, plausible, note))
    return tuple(found)


def _cells(volts: Mapping[int, int]) -> int:
    """Lead-acid cells per block by the usual voltage; 0 where the volts suggest none."""
    if not volts:
        return 0
    middle = median(signed(word) for word in volts.values()) / 1000
    for cells in (1, 2, 3, 4, 6):
        if 1.95 <= middle / cells <= 2.45:
            return cells
    return 0


def _warnings(heard: Heard, state: int, counts: tuple[int, int], currents: Mapping[int, int]) -> list[str]:
    found = []
    strings, modules = counts
    if not state and heard.has([1000]):
        found.append("the state is 0x0000: the web manager's internal communication is interrupted")
    elif state & 0x0002 and not state & 0x0001:
        found.append("the BACS is starting up: ask again when its state says running")
    if state & 0xF000:
        found.append("modules are being addressed, searched or initialised: ask again when that is over")
    if strings and modules % strings:
        found.append(
            f"{counted(modules, 'module')} cannot be divided into {counted(strings, 'string')}: which is in "
            "which is not known"
        )
    if not (served := heard.has([1005])):
        reason = "" if served is None else ": firmware from before these alarms"
        found.append(f"{heard.missing([1005])}{reason}")
    moving = {number: signed(word) for number, word in currents.items() if signed(word)}
    if state & tables.DISCHARGING and any(number > 0 for number in moving.values()):
        found.append(
            "the state says discharging and a string's current is above 0: the sign is not as documented"
        )
    return found
