"""A BACS as strings of blocks, each measured against the median of its string. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from exporter.assess.alarms import active_alarms, place_text
from exporter.assess.facts import Facts
from exporter.assess.plausible import implausible
from exporter.maps.model import Severity
from exporter.reading.decode.snapshot import Snapshot

Quantity = Literal["voltage", "resistance", "temperature", "equalising"]
QUANTITIES: Mapping[Quantity, str] = {
    "voltage": "generex_bacs_module_volts",
    "resistance": "generex_bacs_module_resistance_ohms",
    "temperature": "generex_bacs_module_temperature_celsius",
    "equalising": "generex_bacs_module_equalization_ratio",
}

# What a block may differ from the median of its string: the defaults of the alerts' thresholds. Volts below
# and above on float by the kind of block (GNB/Exide), a share under discharge, ratio, kelvin: operations 3.
FLOAT_LIMITS = ((3.0, 0.1, 0.2), (9.0, 0.17, 0.35), (float("inf"), 0.24, 0.49))
DISCHARGE_SHARE = 0.04
RESISTANCE_RATIO = 1.4
HEAT_KELVIN = 5.0
HEAT_LIMIT = 50.0  # °C that no block may have
_STEPS = (0.5, 1.0, 2.0)  # times the limit, from which the levels 1, 2 and 3 count


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a block, in the metric's unit, beside its string.

    `level` is 0 for usual to 3 for twice the limit or more, and `low` says that the value is too low, not too
    high; `difference` is to the median of the string. All values of a quantity are `doubtful`, and at level
    1, when the median of a string cannot be.
    """

    value: float
    difference: float
    level: int
    low: bool
    doubtful: bool

    @property
    def sign(self) -> str:
        """The level without colour: an arrow for too high or low, as many as it is grave; "?" in doubt."""
        if self.doubtful:
            return "?"
        return ("▼" if self.low else "▲") * self.level or "·"


@dataclass(frozen=True, slots=True)
class Block:
    """One module with its block; `readings` lack what was not exported, `severity` is of its worst flag."""

    number: str
    present: bool
    readings: Mapping[Quantity, Reading]
    flags: tuple[str, ...]
    severity: Severity | None


@dataclass(frozen=True, slots=True)
class BlockString:
    """The blocks of one string; `name` is "" where it is not known which string a module is in."""

    name: str
    blocks: tuple[Block, ...]


def block_strings(snapshot: Snapshot) -> tuple[BlockString, ...]:
    """All expected blocks by string, in order; empty if no blocks are served.

    On lithium (`expect.chemistry: lfp`) neither voltage nor resistance has a level: the limits are for lead.
    """
    present = {
        series.labels: bool(raw) for series, raw in snapshot.readings.get("generex_bacs_module_present", ())
    }
    by_string: dict[str, list[tuple[str, tuple[tuple[str, str], ...]]]] = {}
    for labels in present:
        names = dict(labels)
        by_string.setdefault(names.get("string", ""), []).append((names["module"], labels))
    values = {
        quantity: {
            series.labels: series.samples(raw)[0][1] for series, raw in snapshot.readings.get(metric, ())
        }
        for quantity, metric in QUANTITIES.items()
    }
    flags: dict[str, list[tuple[str, Severity]]] = {}
    for alarm in active_alarms(snapshot):
        for place in alarm.places:
            flags.setdefault(place, []).append((alarm.label, alarm.severity))
    broken = {limit.metric for limit in implausible(snapshot)}
    lead = snapshot.device.expect.chemistry != "lfp"
    discharging = Facts(snapshot).plays("discharging")
    strings = []
    for name, modules in by_string.items():
        readings: dict[str, dict[Quantity, Reading]] = {number: {} for number, _ in modules}
        for quantity, known in values.items():
            inside = {number: known[labels] for number, labels in modules if labels in known}
            if not inside:
                continue
            middle = median(inside.values())
            score = _score(quantity, middle, lead=lead, discharging=discharging)
            doubtful = QUANTITIES[quantity] in broken
            for number, value in inside.items():
                how = score(value)
                level = 1 if doubtful else sum(abs(how) >= step for step in _STEPS)
                readings[number][quantity] = Reading(value, value - middle, level, how < 0, doubtful)
        blocks = []
        for number, labels in modules:
            own = flags.get(place_text(labels), [])
            worst = own[0][1] if own else None  # alarms come with the gravest first
            names_of = tuple(label for label, _ in own)
            blocks.append(Block(number, present[labels], readings[number], names_of, worst))
        strings.append(BlockString(name, tuple(blocks)))
    return tuple(strings)


def float_limits(volts: float) -> tuple[float, float]:
    """By how many volts a block may be below and above the median on float (GNB/Exide; operations 3)."""
    return next((low, high) for below, low, high in FLOAT_LIMITS if volts < below)


def _score(quantity: Quantity, middle: float, *, lead: bool, discharging: bool) -> Callable[[float], float]:
    """How many times what a block may differ it does, as a function of its value; below 0 it is too low."""
    if quantity == "temperature":
        # only heat counts, also that of a whole string
        return lambda value: max((value - middle) / HEAT_KELVIN, _STEPS[-1] if value >= HEAT_LIMIT else 0.0)
    if quantity == "equalising" or not lead or middle <= 0:
        return lambda value: 0.0
    if quantity == "resistance":
        return lambda value: max(0.0, (value / middle - 1) / (RESISTANCE_RATIO - 1))
    low, high = float_limits(middle)
    if discharging:
        low = high = DISCHARGE_SHARE * middle
    return lambda value: (value - middle) / (low if value < middle else high)
