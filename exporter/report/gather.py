"""Asking a Prometheus for everything about one device, day by day and discharge by discharge."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from exporter.errors import UsageError, UserError
from exporter.report.asks import ROLES, SEEN, Asks, Question
from exporter.report.model import (
    DAY,
    HOUR,
    BlockDays,
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
from exporter.report.occurrences import Points, cut, either, kind_of, occurrences, spans
from exporter.report.query import Prometheus

_PIECE = 31  # days asked for at once: an answer about 330 blocks is then some hundred kilobytes
_AT_ONCE = 4  # queries: Prometheus works on twenty
_MOST_HOURS = 600  # with a discharge or test, of which each is looked at closely
_MOST_DISCHARGES = 200  # whose blocks are listed
_INSTALLED = "generex_expected_block_installed_timestamp_seconds"
_MARGIN = 600.0  # seconds looked at before and after an hour in which something happened
_RESULT = 600.0  # seconds after a test in which the UPS says how it went

Say = Callable[[str], None]


async def places(client: Prometheus, period: Period, devices: Sequence[str]) -> list[Place]:
    """The devices that were seen in the period. Raises UsageError where one of `devices` was not."""
    seen = f"max by (device, site) (last_over_time(last_over_time(generex_up[3h])[{period.days}d:3h]))"
    rows = await client.instant(seen, period.end)
    found = sorted(Place(row.labels.get("site", ""), row.labels.get("device", "")) for row in rows)
    if not found:
        raise UserError(
            f"{client.shown} holds no generex_up from {utc(period.start):%Y-%m-%d} to "
            f"{utc(period.end - 1):%Y-%m-%d}: does it scrape the exporter, and does it keep its data "
            "long enough (--storage.tsdb.retention.time)?"
        )
    names = {place.device for place in found}
    for device in devices:
        if device not in names:
            raise UsageError(
                f'device "{device}" was not seen in the period (there are: {", ".join(sorted(names))})'
            )
    return [place for place in found if not devices or place.device in devices]


async def gather(client: Prometheus, place: Place, period: Period, say: Say) -> Gathered:
    """Everything about one device. Raises UserError where the Prometheus does not answer."""
    asker = _Asker(client, place, period, say, asyncio.Semaphore(_AT_ONCE))
    return await asker.all()


@dataclass
class _Asker:
    client: Prometheus
    place: Place
    period: Period
    say: Say
    limit: asyncio.Semaphore

    async def all(self) -> Gathered:
        self.say("how much of the period was seen")
        # by hours: after a day of gaps passes would seem to be far apart, and the gaps to be seen
        passes = await self.hourly(Asks(self.place).passes)
        counts = [count for count in passes if count > 0]
        interval = HOUR / median(counts) if counts else 15.0
        asks = Asks(self.place, interval)
        it = Gathered(self.place, interval, rules=await self.hourly(asks.rules))
        it.seen = {what: await self.hourly(asks.seen(what)) for what in SEEN}
        self.say("load, counters and alarms")
        # an hour before the period, too: what the counter grows by is from there
        counted, it.load_mean, it.load_most = await asyncio.gather(
            self.range(asks.failures, self.period.start, self.period.end, HOUR),
            self.one(asks.load("avg")),
            self.one(asks.load("max")),
        )
        it.failures = tuple(value for _, points in counted for _, value in points)
        it.alarms = {
            (labels[0], labels[1]): days
            for labels, days in (await self.days(asks.alarms, it, ("metric", "flag"), sparse=True)).items()
        }
        await self.known(asks, it)
        if it.present:
            await self.blocks(asks, it)
        self.say("discharges and tests")
        await self.happened(asks, it)
        return it

    async def known(self, asks: Asks, it: Gathered) -> None:
        """What the blocks are, and what the configuration says of them."""
        days, end = self.period.days, self.period.end
        present, baselines, installed, info = await asyncio.gather(
            self.instant(asks.last("generex_bacs_module_present", days, "string", "module"), end),
            self.instant(asks.last("generex_expected_block_resistance_ohms", days, "module"), end),
            self.instant(asks.last(_INSTALLED, days, "module"), end),
            self.instant(asks.last("generex_expected_battery_info", days, "chemistry"), end),
        )
        it.present = {_block(labels): bool(value) for labels, value in present}
        it.baselines = {labels.get("module", ""): value for labels, value in baselines}
        it.installed = {labels.get("module", ""): value for labels, value in installed}
        it.chemistry = info[0][0].get("chemistry", "") if info else ""

    async def blocks(self, asks: Asks, it: Gathered) -> None:
        """What each block measured, day by day."""
        self.say(f"{len(it.present)} blocks")

        async def ask(question: Question) -> BlockDays:
            found = await self.days(question, it, ("string", "module"))
            return {BlockKey(*labels): days for labels, days in found.items()}

        it.resistance, it.volts, it.temperature, it.warmest, it.equalising = await asyncio.gather(
            *map(
                ask,
                (
                    asks.resistance,
                    asks.volts,
                    asks.temperature,
                    asks.warmest,
                    asks.equalising,
                ),
            )
        )
        flags = await self.days(asks.block_flags, it, ("string", "module", "flag"), sparse=True)
        it.block_flags = {(BlockKey(*labels[:2]), labels[2]): days for labels, days in flags.items()}

    async def happened(self, asks: Asks, it: Gathered) -> None:
        """The discharges and tests, each looked at closely."""
        hours = await self.hours(asks, it)
        wanted, it.untold = spans(hours, _MOST_HOURS, max(_MARGIN, 3 * it.interval))
        seen: list[tuple[Asks, Occurrence, str]] = []
        tests: list[tuple[Asks, Occurrence, bool]] = []
        for start, end in wanted:
            near = await self.near(asks, start, end)
            roles = await self.roles(near, it, start, end)
            on_battery, test = roles.get("on_battery", {}), roles.get("test", {})
            for when in occurrences(either(on_battery, roles.get("discharging", {})), near.step):
                seen.append((near, when, kind_of(when, on_battery, test)))
            tests += [(near, when, cut(when, on_battery, near.step)) for when in occurrences(test, near.step)]
        seen.sort(key=lambda item: -item[1].length)
        details = await asyncio.gather(*(self.discharge(it, *item) for item in seen[:_MOST_DISCHARGES]))
        rest = [Discharge(when, kind) for _, when, kind in seen[_MOST_DISCHARGES:]]
        it.discharges = tuple(sorted((*details, *rest), key=lambda item: item.when.start))
        it.tests = tuple(
            [
                Test(when, failed if (failed := await self.result(near, it, when)) or not broken else None)
                for near, when, broken in tests
            ]
        )

    async def near(self, asks: Asks, start: float, end: float) -> Asks:
        """The questions with the interval of the passes between two times: it may have been another then."""
        async with self.limit:
            rows = await self.client.instant(asks.during(end - start), end)
        between = sorted(later - at for row in rows for (at, _), (later, _) in pairwise(row.points))
        # the lower quartile: passes that failed make longer ones
        return replace(asks, interval=between[len(between) // 4]) if between else asks

    async def hours(self, asks: Asks, it: Gathered) -> list[float]:
        """The ends of the hours in which a role of ROLES was played."""
        question = asks.hours()
        found: list[float] = []
        for start, end in self.pieces():
            by_rules = self.by_rules(it, start, end)
            rows = await self.range(question.recorded if by_rules else question.raw, start + HOUR, end, HOUR)
            found += [at for _, points in rows for at, _ in points]
        return found

    async def roles(self, asks: Asks, it: Gathered, start: float, end: float) -> dict[str, Points]:
        """1 and 0 by time for each of ROLES."""
        question = asks.roles(*ROLES)
        by_rules = self.by_rules(it, start, end)
        rows = await self.range(question.recorded if by_rules else question.raw, start, end, asks.step)
        found: dict[str, dict[float, float]] = {}
        for labels, points in rows:
            found.setdefault(labels.get("role", ""), {}).update(points)
        return dict(found)

    async def discharge(self, it: Gathered, asks: Asks, when: Occurrence, kind: str) -> Discharge:
        """One discharge with its figures. The last pass that saw it is the one before its end."""
        last, before = when.end - asks.interval, when.start - asks.interval
        recent = float(asks.held[:-1])
        inside = when.length - 1  # without the pass before it, which may be at the edge
        charge = asks.over("generex_ups_battery_charge_ratio", "last", recent)
        runtime = asks.over("generex_ups_battery_runtime_seconds", "last", recent)
        load = asks.over("generex_ups_output_load_ratio", "avg", inside)
        blocks = ("string", "module")
        lowest: list[tuple[Mapping[str, str], float]] = []
        at_end: list[tuple[Mapping[str, str], float]] = []
        if it.present:
            lowest = await self.instant(asks.over("generex_bacs_module_volts", "min", inside, *blocks), last)
            at_end = await self.instant(asks.over("generex_bacs_module_volts", "last", recent, *blocks), last)
        return Discharge(
            when,
            kind,
            charge_before=await self.value(charge, before),
            charge=await self.value(charge, last),
            runtime=await self.value(runtime, last),
            load=await self.value(load, last),
            lowest={_block(labels): value for labels, value in lowest},
            at_end={_block(labels): value for labels, value in at_end},
        )

    async def result(self, asks: Asks, it: Gathered, when: Occurrence) -> bool | None:
        """Whether a test failed, as the UPS said ten minutes after it; None where it did not say."""
        if not when.ended:
            return None
        question = asks.roles("test_failed")
        at = when.end + _RESULT
        failed = await self.value(question.recorded if self.by_rules(it, at, at) else question.raw, at)
        return None if failed is None else bool(failed)

    async def one(self, expression: str) -> Days:
        """The only series of an expression, day by day."""
        found = self.period.unknown()
        await self.fill({(): found}, expression, (), DAY)
        return found

    async def hourly(self, expression: str) -> Days:
        """The only series of an expression, hour by hour."""
        found = self.period.unknown(HOUR)
        await self.fill({(): found}, expression, (), HOUR)
        return found

    async def days(
        self, question: Question, it: Gathered, labels: Sequence[str], *, sparse: bool = False
    ) -> dict[tuple[str, ...], Days]:
        """Each series day by day: as rules recorded it, else from the series themselves.

        A `sparse` rule may have no value on a day on which the rules recorded. If a piece of the
        period has no value at all, the series themselves are queried.
        """
        found: dict[tuple[str, ...], Days] = {}
        for start, end in self.pieces():
            if question.recorded:
                await self.fill(found, question.recorded, labels, DAY, start, end)
            told = [
                any(not math.isnan(days[day]) for days in found.values())
                for day in self.days_seen(it, start, end)
            ]
            whole = any(told) and self.by_rules(it, start, end) if sparse else all(told)
            if question.raw and not whole:
                await self.fill(found, question.raw, labels, DAY, start, end)
        return found

    async def fill(
        self,
        found: dict[tuple[str, ...], Days],
        expression: str,
        labels: Sequence[str],
        each: int,
        start: float | None = None,
        end: float | None = None,
    ) -> None:
        """Put the values of an expression where none is known yet; those of other times are not asked for."""
        first = (self.period.start if start is None else start) + each
        rows = await self.range(expression, first, self.period.end if end is None else end, each)
        for row_labels, points in rows:
            key = tuple(row_labels.get(label, "") for label in labels)
            days = found.get(key)
            if days is None:
                days = found[key] = self.period.unknown(each)
            for at, value in points:
                index = self.period.index(at, each)
                if 0 <= index < len(days) and math.isnan(days[index]):
                    days[index] = value

    def pieces(self) -> list[tuple[float, float]]:
        """The period in pieces, each from the start of a day to the end of one."""
        start, end = self.period.start, self.period.end
        return [(at, min(end, at + _PIECE * DAY)) for at in range(start, end, _PIECE * DAY)]

    def by_rules(self, it: Gathered, start: float, end: float) -> bool:
        """Whether the rules recorded in every hour between two times that was seen."""
        first, last = ((at - self.period.start) // HOUR for at in (start, end - 1))
        return any(count > 0 for count in it.rules) and all(
            it.rules[hour] > 0 for hour in it.watched if first <= hour <= last
        )

    def days_seen(self, it: Gathered, start: float, end: float) -> list[int]:
        """The days between two times on which the device was seen."""
        seen, period = it.seen["device"], self.period
        days = range(period.day(start), period.day(end - 1) + 1)
        return [day for day in days if any(seen[24 * day : 24 * day + 24])]

    async def range(
        self, expression: str, start: float, end: float, step: float
    ) -> list[tuple[Mapping[str, str], Sequence[tuple[float, float]]]]:
        async with self.limit:
            return [(row.labels, row.points) for row in await self.client.range(expression, start, end, step)]

    async def instant(self, expression: str, at: float) -> list[tuple[Mapping[str, str], float]]:
        async with self.limit:
            return [(row.labels, row.points[0][1]) for row in await self.client.instant(expression, at)]

    async def value(self, expression: str, at: float) -> float | None:
        """The only value of an expression; None where there is none."""
        rows = await self.instant(expression, at)
        return rows[0][1] if rows and math.isfinite(rows[0][1]) else None


def _block(labels: Mapping[str, str]) -> BlockKey:
    return BlockKey(labels.get("string", ""), labels.get("module", ""))
