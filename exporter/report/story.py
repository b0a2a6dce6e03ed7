"""What the report says about each device: discharges, tests, blocks and gaps."""

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from exporter.maps import built_in_maps
from exporter.report.figures import (
    LEAST_BLOCKS,
    BlockFigures,
    block_figures,
    known,
    mean_or_none,
    median_or_none,
    order,
)
from exporter.report.model import (
    DAY,
    HOUR,
    BlockKey,
    Days,
    Discharge,
    Gathered,
    Occurrence,
    Period,
    Place,
    Test,
    utc,
)
from exporter.report.occurrences import grown


@dataclass(frozen=True)
class Alarm:
    """A flag of a device, for how many minutes it was set, and on how many days."""

    label: str
    severity: str
    minutes: float
    days: int


@dataclass(frozen=True)
class StringFigures:
    """The blocks of one string together; `lowest` and `highest` are deviations from its median on float."""

    name: str
    blocks: tuple[BlockFigures, ...]
    volts: float | None
    lowest: float | None
    highest: float | None
    temperature: float | None
    warmest: float | None
    ageing: float | None
    resistance: float | None
    growth: float | None


@dataclass(frozen=True)
class Story:
    """One device. Shares are of the whole period; None is not known.

    `gaps` are the hours in which it was not seen at all, longest first. `since_test` are days since the last
    test that was passed.
    """

    place: Place
    seen: Mapping[str, float]
    seen_days: Days
    gaps: tuple[Occurrence, ...]
    failures: int | None
    discharges: tuple[Discharge, ...]
    tests: tuple[Test, ...]
    since_test: float | None
    load_mean: float | None
    load_most: float | None
    load_days: tuple[Days, Days]
    alarms: tuple[Alarm, ...]
    strings: tuple[StringFigures, ...]
    lithium: bool
    unknown: tuple[str, ...]

    @property
    def blocks(self) -> tuple[BlockFigures, ...]:
        """All blocks."""
        return tuple(block for string in self.strings for block in string.blocks)


def story(it: Gathered, period: Period) -> Story:
    """Everything that the report says about a device."""
    blocks = block_figures(it, period)
    names = sorted({block.key.string for block in blocks}, key=lambda name: order(BlockKey(name, "")))
    passed = [test.when.end for test in it.tests if test.failed is False]
    seen = it.seen["device"]
    return Story(
        place=it.place,
        seen={
            what: fmean(0.0 if math.isnan(share) else share for share in hours)
            for what, hours in it.seen.items()
        },
        seen_days=_by_day(seen),
        gaps=gaps(seen, period),
        failures=grown(it.failures) if len(it.failures) > 1 else None,
        discharges=it.discharges,
        tests=it.tests,
        since_test=(period.end - max(passed)) / DAY if passed else None,
        load_mean=mean_or_none(it.load_mean),
        load_most=max(known(it.load_most), default=None),
        load_days=(it.load_mean, it.load_most),
        alarms=alarms(it),
        strings=tuple(
            _string(name, [block for block in blocks if block.key.string == name]) for name in names
        ),
        lithium=it.chemistry == "lfp",
        unknown=tuple(unknown(it, blocks, period)),
    )


def gaps(hours: Sequence[float], period: Period) -> tuple[Occurrence, ...]:
    """The stretches of whole hours in which nothing was seen, longest first."""
    found: list[Occurrence] = []
    for number, share in enumerate(hours):
        if share > 0:
            continue
        start = period.start + number * HOUR
        if found and found[-1].end == start:
            found[-1] = Occurrence(found[-1].start, start + HOUR)
        else:
            found.append(Occurrence(start, start + HOUR))
    return tuple(sorted(found, key=lambda gap: (-gap.length, gap.start)))


def alarms(it: Gathered) -> tuple[Alarm, ...]:
    """The flags that were set, longest first, in the words of the maps."""
    texts = {
        (word.metric, flag.name): (flag.trouble.label, flag.severity)
        for one in built_in_maps().values()
        for word, flag in one.flags()
    }
    found = []
    for (metric, name), minutes in it.alarms.items():
        label, severity = texts.get((metric, name), (name, ""))
        of_days = [min(value, 1440.0) for value in known(minutes)]
        found.append(Alarm(label, severity, math.fsum(of_days), len(of_days)))
    # the UPS says some things twice, in its status word and in an alarm word of their own
    longest: dict[str, Alarm] = {}
    for alarm in sorted(found, key=lambda item: -item.minutes):
        longest.setdefault(alarm.label, alarm)
    return tuple(longest.values())


def unknown(it: Gathered, blocks: Sequence[BlockFigures], period: Period) -> list[str]:
    """What the report cannot say about a device, and why."""
    found = []
    recorded = sum(it.rules[hour] > 0 for hour in it.watched)
    days = [day for day, share in enumerate(_by_day(it.seen["device"])) if share > 0]
    if days and days[0] > 0:
        found.append(
            f"Nothing is held of it before {utc(period.start + days[0] * DAY):%Y-%m-%d}: it was not watched, "
            "or the Prometheus keeps its data for a shorter time (--storage.tsdb.retention.time)."
        )
    for what, name in (("ups", "Its UPS was"), ("blocks", "Its blocks were")):
        missing = [
            share if share > 0 else 1.0 - (it.seen["device"][hour] > 0)
            for hour, share in enumerate(it.seen[what])
        ]
        if any(it.seen[what]) and (apart := gaps(missing, period)):
            hours = sum(gap.length for gap in apart) / HOUR
            found.append(
                f"{name} not seen in {hours:.0f} whole hours in which the device was, "
                f"{apart[0].length / HOUR:.0f} of them in a row from {utc(apart[0].start):%Y-%m-%d %H:%M}."
            )
    if not any(count > 0 for count in it.rules):
        found.append(
            "The recording rules recorded nothing: load alerts/recording.rules.yml. Flags of blocks are "
            "unknown, and the rest was asked of the series themselves."
        )
    elif recorded < len(it.watched):
        found.append(
            f"The recording rules recorded in {recorded} of the {len(it.watched)} hours in which it was "
            "seen: flags of blocks are unknown for the others, and alarms may have been longer."
        )
    if it.untold:
        found.append(
            f"Discharges and tests of the oldest {it.untold} hours with one are left out: ask for a shorter "
            "period."
        )
    if not it.present:
        found.append("No blocks were seen: it has no BACS, or serves no word of its blocks.")
        return found
    if it.chemistry == "lfp":
        found.append("Lithium: neither resistance nor voltage is judged; the limits are for lead.")
        return found
    sizes = Counter(key.string for key in it.present)
    small = [name or "without a number" for name, size in sizes.items() if size < LEAST_BLOCKS]
    if small:
        found.append(
            f"Blocks of string {', '.join(small)} are not compared with each other: that takes three blocks."
        )
    if not it.resistance:
        found.append("Resistances are unknown: none was read while BACS said that it was on float.")
    elif len(small) < len(sizes) and not any(block.trend for block in blocks):
        found.append("Trends are unknown: they need 60 days with resistances, of at least 8 weeks.")
    return found


def _by_day(hours: Sequence[float]) -> Days:
    return array(
        "d",
        (
            fmean(0.0 if math.isnan(share) else share for share in hours[at : at + 24])
            for at in range(0, len(hours), 24)
        ),
    )


def _string(name: str, blocks: Sequence[BlockFigures]) -> StringFigures:
    def values(attribute: str) -> list[float]:
        return [value for block in blocks if (value := getattr(block, attribute)) is not None]

    deviations = values("deviation")
    return StringFigures(
        name,
        tuple(blocks),
        volts=median_or_none(values("volts")),
        lowest=min(deviations, default=None),
        highest=max(deviations, default=None),
        temperature=mean_or_none(values("temperature")),
        warmest=max(values("warmest"), default=None),
        ageing=mean_or_none(values("ageing")),
        resistance=median_or_none(values("resistance")),
        growth=median_or_none(values("growth")),
    )
