"""What people want to know of a device: what it runs on, whether the load would survive, what is wrong. Pure.

Works from exported readings only, so that the truth rules hold here too: what is not exported is not known.
"""

import math
from dataclasses import dataclass
from typing import Any

from exporter.assess.alarms import Alarm, active_alarms, place_text
from exporter.assess.defaults import DEFAULTS
from exporter.assess.facts import CHARGE_METRIC, Facts
from exporter.assess.outcomes import BACS, CHARGE, GONE, STATES, SURVIVAL, Level, Outcome, Urgency
from exporter.reading.decode.snapshot import Snapshot

_RUNTIME = "generex_ups_battery_runtime_seconds"
_SUPPLY = tuple(row for row in STATES if row.order is not Urgency.DANGER)
_RANK: dict[Level, int] = {"critical": 0, "lost": 0, "warning": 1, "info": 2, "none": 3, "good": 3}


Trouble = tuple[Any, ...]
"""A key to sort by: urgency, seconds left, how the device was before it was lost, and what else is so."""

_NEVER_SEEN = (math.inf,)
_NOT_SEEN_YET = (Urgency.OUT_OF_SIGHT,)  # its manager answers: no wrong address


@dataclass(frozen=True, slots=True)
class BacsHealth:
    """How the blocks fare: how many are OK, and where those are that are absent, which count as ill."""

    text: str
    level: Level
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """How one device fares. Ratios from 0 to 1, seconds, degrees Celsius; None is not served or not known.

    `state` is what is worst of the device, `supply` what its load lives on whatever else there is, such as a
    danger to people. `load` is that of the phase that carries most, `runtime` what the UPS says; on battery
    `left` is the smaller of that and what its falling charge says, and nothing doubtful has a part in it.
    `doubtful` are the metrics that are not to be relied on, `doubt` says why; `contradiction` says what
    speaks against an output that is off. `answered` says that a word was read; with `out_of_sight` not all of
    its UPS was read and can be trusted, and `past` is how it was before. `level` is the gravest of all
    this; devices sort by `trouble`, worst first. `facts` answer further questions.
    """

    facts: Facts
    state: Outcome
    survival: Outcome
    supply: Outcome
    alarms: tuple[Alarm, ...]
    bacs: BacsHealth | None
    charge: float | None
    runtime: float | None
    left: float | None
    load: float | None
    temperature: float | None
    doubtful: frozenset[str]
    doubt: str
    contradiction: str
    answered: bool
    out_of_sight: bool
    past: "Condition | None"
    level: Level
    trouble: Trouble

    @property
    def state_text(self) -> str:
        """The state in words, on battery with the time that is left."""
        supply = self.supply.state
        if self.supply.key == "on_battery" and self.left is not None:
            supply += f", {minutes(self.left)} left"
        if self.supply is self.state:
            return supply
        return f"{self.state.state}; {supply if supply.startswith('UPS') else supply[0].lower() + supply[1:]}"

    @property
    def survival_text(self) -> str:
        """Whether the load would survive, in words."""
        return self.survival.survival.replace(CHARGE, f"{DEFAULTS['survivable_charge'] * 100:g}")


def minutes(seconds: float) -> str:
    """A time as people say it, never longer than it is: "12 min", "1 h 5 min", "less than 1 min"."""
    if seconds < 0:  # cannot be, and is no short time
        return f"−{-seconds:.0f} s"
    whole = int(seconds // 60)
    if whole < 1:
        return "less than 1 min"
    return f"{whole // 60} h {whole % 60} min" if whole >= 120 else f"{whole} min"


def assess(snapshot: Snapshot, fall: float | None = None, before: Snapshot | None = None) -> Condition:
    """How the device fares by this pass; `fall` is how much charge (0 to 1) it loses a second, if known.

    `before` is the last pass in which it was in sight, if this is not it.
    """
    facts = Facts(snapshot, Facts(before) if before else None)
    state, survival = first(STATES, facts), first(SURVIVAL, facts)
    alarms = active_alarms(snapshot)
    bacs = _bacs_health(facts, alarms)
    said = facts.value(_RUNTIME)
    left = None
    if facts.plays("on_battery"):
        ways = [said if _RUNTIME not in facts.doubtful else None]
        ways += [facts.charge / fall if fall and facts.charge is not None else None]
        left = min((way for way in ways if way is not None), default=None)
    levels: list[Level] = [state.level, survival.level, *(alarm.severity for alarm in alarms)]
    levels += [bacs.level] if bacs is not None else []
    worst = min(levels, key=lambda level: _RANK[level])
    order = min(state.order, survival.order)
    lasts = left if order is Urgency.ON_BATTERY and left is not None else math.inf
    out_of_sight = facts.unreachable or facts.ups_lost or facts.ups_unread
    past = assess(before) if before and (out_of_sight or state.key in GONE) else None
    # those in sight first, and last those that were never seen: a wrong address, most likely
    never = _NOT_SEEN_YET if snapshot.up else _NEVER_SEEN
    gone: Trouble = () if state.key not in GONE else past.trouble if past else never
    return Condition(
        facts=facts,
        state=state,
        survival=survival,
        supply=first(_SUPPLY, facts),
        alarms=alarms,
        bacs=bacs,
        charge=facts.value(CHARGE_METRIC),
        runtime=said if left is None else left,
        left=left,
        load=max(facts.values("generex_ups_output_load_ratio"), default=None),
        temperature=facts.value("generex_ups_temperature_celsius"),
        doubtful=facts.doubtful,
        doubt=facts.doubt,
        contradiction=facts.contradiction,
        answered=snapshot.up,
        out_of_sight=out_of_sight,
        past=past,
        level=worst,
        trouble=(order, lasts, gone, _RANK[worst], STATES.index(state), SURVIVAL.index(survival)),
    )


def first(rows: tuple[Outcome, ...], facts: Facts) -> Outcome:
    """The first of the rows that holds; the last one always does."""
    return next(row for row in rows if row.holds(facts))


def _bacs_health(facts: Facts, alarms: tuple[Alarm, ...]) -> BacsHealth | None:
    if not facts.snapshot.up:
        return None
    if facts.bacs_untrusted:
        return BacsHealth("not trusted", "lost")
    if facts.bacs_unread:
        there = [raw for _, raw in facts.snapshot.readings.get("generex_bacs_module_present", ()) if raw]
        text = f"{len(there)} read, but not all of the BACS" if there else "not read"
        return BacsHealth(text, "lost")
    if facts.blocks_unserved:
        return BacsHealth(f"{facts.value('generex_bacs_modules'):.0f} blocks, not served", "none")
    readings = facts.snapshot.readings.get("generex_bacs_module_present", ())
    if not readings:
        return None
    absent = tuple(place_text(series.labels) for series, raw in readings if not raw)
    worst = first(BACS, facts)
    if worst.order is Urgency.DANGER:
        return BacsHealth(worst.bacs, worst.level, absent)
    flagged = {place for alarm in alarms for place in alarm.places}
    ill = (flagged & {place_text(series.labels) for series, _ in readings}) | {*absent}
    text = f"{len(readings) - len(ill)} of {len(readings)} OK"
    if absent:
        return BacsHealth(f"{text}, {len(absent)} absent", "critical", absent)
    if "generex_bacs_module_temperature_celsius" in facts.doubtful:
        return BacsHealth(f"{text}, temperature doubtful", "warning")
    return BacsHealth(text, "warning" if ill else "good")
