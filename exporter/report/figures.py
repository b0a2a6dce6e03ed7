"""The figures of blocks, strings and devices from what was gathered. Pure; None is not known."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from exporter.report.model import DAY, BlockDays, BlockKey, Discharge, Gathered, Period
from exporter.report.trend import Trend, trend

NOW_DAYS, NOW_WITHIN = 7, 14
"""What something is now: the median of its last 7 known days of the last 14."""
BASE_DAYS, LEAST_BASE = 30, 10
"""A baseline that nobody gave: the median of the first 30 days, of which 10 are known."""
MONTH = 30
REFERENCE = 20.0  # °C of the design life (Eurobat; the rule string:generex_bacs_ageing_factor:mean30d)
HALVED_BY = 10.0  # kelvin by which life halves (C&D; operations 3)
WORN = 1.5  # times its baseline (note on IEEE 1188-2005; the threshold resistance_replace)
_WORN_FLAG = "resistor_high"  # BACS_ALARM_RESISTOR_HIGH: the block is to be replaced soon
_LONG_ENOUGH = 120.0  # seconds after which the voltages of a discharge say something (operations 3)
LEAST_BLOCKS = 3
"""In a string, to compare them: the median of two is their mean."""
_FAR = 10 * 365.0  # days: what would be later is not told as a date


@dataclass(frozen=True)
class Outlook:
    """The days from the end of the period until a block has 1.5 times its baseline.

    `latest` is infinite where the band has room for no growth at all.
    """

    earliest: float
    latest: float


@dataclass(frozen=True)
class BlockFigures:
    """One block. Volts of deviation are from the median of the string.

    `installed` is in seconds of the epoch, and earlier days are left out of everything. `growth` is now
    against the baseline, `ratio` now against the median of the string, `ratios` that of each day of the
    period, `trend` that of these. `weakest` is its lowest voltage in a discharge against that of its
    string, and when that was. `flagged` is whether BACS said within the last 14 days that its resistance is
    high, `replaced` whether another was seen in its place before it was installed.
    """

    key: BlockKey
    present: bool = True
    installed: float | None = None
    volts: float | None = None
    deviation: float | None = None
    temperature: float | None = None
    warmest: float | None = None
    ageing: float | None = None
    resistance: float | None = None
    baseline: float | None = None
    baseline_given: bool = False
    growth: float | None = None
    ratio: float | None = None
    trend: Trend | None = None
    outlook: Outlook | None = None
    equalising: float | None = None
    equalising_more: float | None = None
    weakest: tuple[float, float] | None = None
    flags: Mapping[str, float] = field(default_factory=dict)
    flagged: bool = False
    replaced: bool = False
    ratios: Sequence[float] = ()


def known(values: Iterable[float]) -> list[float]:
    """Those that are known."""
    return [value for value in values if not math.isnan(value)]


def mean_or_none(values: Iterable[float]) -> float | None:
    """The mean of those that are known."""
    found = known(values)
    return fmean(found) if found else None


def median_or_none(values: Iterable[float]) -> float | None:
    """The median of those that are known."""
    found = known(values)
    return median(found) if found else None


def ageing(temperatures: Iterable[float]) -> float | None:
    """How much faster than at 20 °C a block aged: 2 for each 10 K (C&D); from means of days."""
    return mean_or_none(2 ** ((value - REFERENCE) / HALVED_BY) for value in known(temperatures))


def now(days: Sequence[float]) -> float | None:
    """What something is at the end: the median of its last 7 known days of the last 14."""
    last = known(days[-NOW_WITHIN:])[-NOW_DAYS:]
    return median(last) if last else None


def first_baseline(days: Sequence[float]) -> float | None:
    """The median of the first 30 days from the first that is known; None where 10 of them are not."""
    first = next((day for day, value in enumerate(days) if not math.isnan(value)), len(days))
    found = known(days[first : first + BASE_DAYS])
    return median(found) if len(found) >= LEAST_BASE else None


def medians(blocks: BlockDays) -> dict[str, list[float]]:
    """The median of each string, day by day; NaN where less than three blocks are known."""
    found: dict[str, list[float]] = {}
    for string in {key.string for key in blocks}:
        columns = zip(*(days for key, days in blocks.items() if key.string == string), strict=True)
        found[string] = [
            median(values) if len(values := known(column)) >= LEAST_BLOCKS else math.nan for column in columns
        ]
    return found


def outlook(growth: float, ratio: float, slope: Trend) -> Outlook | None:
    """When a block would reach 1.5 times its baseline; None where it would not within ten years.

    It goes on as its ratio to the string does, from where it is now.
    """
    if growth >= WORN:
        return Outlook(0.0, 0.0)
    left = WORN / growth - 1
    days = [left / (pace / ratio) if pace > 0 else math.inf for pace in (slope.high, slope.low)]
    return Outlook(*days) if days[0] <= _FAR else None


def weakest(
    discharges: Sequence[Discharge], installed: Mapping[str, float]
) -> dict[BlockKey, tuple[float, float]]:
    """The lowest share of its string's lowest voltage that each block had in a discharge, and when it ended.

    Discharges of less than two minutes are left out, and strings of less than three blocks.
    """
    found: dict[BlockKey, tuple[float, float]] = {}
    for discharge in discharges:
        if discharge.when.length < _LONG_ENOUGH:
            continue
        strings: dict[str, list[float]] = {}
        for key, volts in discharge.lowest.items():
            strings.setdefault(key.string, []).append(volts)
        for key, volts in discharge.lowest.items():
            of_string = strings[key.string]
            if discharge.when.start < installed.get(key.module, 0) or len(of_string) < LEAST_BLOCKS:
                continue
            share = volts / median(of_string) if median(of_string) > 0 else math.nan
            if key not in found or share < found[key][0]:
                found[key] = (share, discharge.when.end)
    return found


def block_figures(it: Gathered, period: Period) -> tuple[BlockFigures, ...]:
    """The figures of all blocks of a device, in order. On lithium no voltage or resistance is judged."""
    lead = it.chemistry != "lfp"
    middle = {
        name: medians(of)
        for name, of in (
            ("volts", it.volts),
            ("resistance", it.resistance),
            ("equalising", it.equalising),
        )
    }
    weak = weakest(it.discharges, it.installed)
    nothing = period.unknown()
    found = []
    for key in sorted(it.present, key=order):
        installed = it.installed.get(key.module)
        first = (
            0 if installed is None else min(max(math.ceil((installed - period.start) / DAY), 0), period.days)
        )

        def days(
            name: str, of: BlockDays, *, key: BlockKey = key, first: int = first
        ) -> tuple[list[float], list[float]]:
            """The days of a block since it was installed, and its differences to the median of its string."""
            values = list(of.get(key, nothing))[first:]
            string = middle.get(name, {}).get(key.string, nothing)[first:]
            return values, [value - usual for value, usual in zip(values, string, strict=True)]

        volts, deviations = days("volts", it.volts)
        temperatures, _ = days("", it.temperature)
        equalising, more = days("equalising", it.equalising)
        figures: dict[str, Any] = {
            "present": it.present[key],
            "installed": installed,
            "temperature": mean_or_none(temperatures),
            "warmest": max(known(days("", it.warmest)[0]), default=None),
            "ageing": ageing(temperatures),
            "equalising": mean_or_none(equalising[-MONTH:]),
            "equalising_more": mean_or_none(more[-MONTH:]),
            "flags": {
                flag: total
                for (of, flag), minutes in it.block_flags.items()
                if of == key and (total := math.fsum(known(minutes[first:])))
            },
            "replaced": any(known(of.get(key, nothing)[:first]) for of in (it.volts, it.temperature)),
            "flagged": bool(known(it.block_flags.get((key, _WORN_FLAG), nothing)[first:][-NOW_WITHIN:])),
            "volts": median_or_none(volts[-MONTH:]),
        }
        if lead:
            figures |= {"deviation": median_or_none(deviations[-MONTH:]), "weakest": weak.get(key)}
            resistance, _ = days("resistance", it.resistance)
            usual = middle["resistance"].get(key.string, nothing)[first:]
            figures |= _resistance(resistance, usual, it.baselines.get(key.module))
            figures["ratios"] = [math.nan] * first + figures["ratios"]
        found.append(BlockFigures(key, **figures))
    return tuple(found)


def _resistance(days: Sequence[float], usual: Sequence[float], given: float | None) -> dict[str, Any]:
    """What the resistance of a block says, day by day beside the median of its string."""
    ratios = [value / middle if middle else math.nan for value, middle in zip(days, usual, strict=True)]
    slope = trend(ratios)
    value, ratio = now(days), now(ratios)
    base = given or (first_baseline(days) if trend(days) else None)
    growth = value / base if value is not None and base else None
    seen = outlook(growth, ratio, slope) if growth is not None and ratio and slope else None
    return {
        "resistance": value, "baseline": base, "baseline_given": bool(given), "growth": growth,
        "ratio": ratio, "ratios": ratios, "trend": slope, "outlook": seen,
    }  # fmt: skip


def order(key: BlockKey) -> tuple[int, str, int, str]:
    """Strings and modules as numbers, where they are."""
    return (*_number(key.string), *_number(key.module))


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (0, text)
