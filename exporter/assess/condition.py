"""What people want to know of a device: what it runs on, whether the load would survive, what is wrong. Pure.

Works from exported readings only, so that the truth rules hold here too: what is not exported is not known.
The first outcome of a list that holds is the one that is told; the Grafana boards use the same two lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from exporter.assess.alarms import Alarm, active_alarms, place_text
from exporter.assess.facts import BACS_FLAGS, UPS_FLAGS, Facts
from exporter.reading.decode.snapshot import Snapshot

Level = Literal["critical", "lost", "warning", "info", "none", "good"]
"""How grave: `lost` is not to know what should be known, `none` is neither good nor bad."""

ENOUGH_CHARGE = 0.9  # of a battery that shall carry the load now (operations 4)

_RANK: dict[Level, int] = {"critical": 0, "lost": 0, "warning": 1, "info": 2, "none": 3, "good": 3}
_ON_BYPASS = ("bypass_mode", "on_bypass")
_UPS_FAULT = ("inverter_failure", "ups_failed", "general_fault", "fuse_failure", "output_bad")


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome: `sign` is a shape that tells it without colour."""

    key: str
    sign: str
    text: str
    level: Level


@dataclass(frozen=True, slots=True)
class BacsHealth:
    """How the blocks fare: how many are well, and where those are that are absent, which count as ill."""

    text: str
    level: Level
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """How one device fares. Ratios from 0 to 1, seconds, degrees Celsius; None is not served or not known.

    `load` is that of the phase that carries most, `runtime` the smaller of what the UPS says and what its
    falling charge says. `doubtful` are the metrics that are not to be relied on, `doubt` says why. `level` is
    that of the gravest of all this; devices sort by `trouble`, worst first.
    """

    state: Finding
    survival: Finding
    alarms: tuple[Alarm, ...]
    bacs: BacsHealth | None
    charge: float | None
    runtime: float | None
    load: float | None
    temperature: float | None
    doubtful: frozenset[str]
    doubt: str
    level: Level
    trouble: tuple[int, ...]

    @property
    def state_text(self) -> str:
        """The state in words, on battery with the time that is left."""
        if self.state.key != "on_battery" or self.runtime is None:
            return self.state.text
        return f"{self.state.text}, {minutes(self.runtime)} left"


def minutes(seconds: float) -> str:
    """A time as people say it, never longer than it is: "12 min", "1 h 5 min", "less than 1 min"."""
    whole = int(seconds // 60)
    if whole < 1:
        return "less than 1 min"
    return f"{whole // 60} h {whole % 60} min" if whole >= 120 else f"{whole} min"


_Test = Callable[[Facts], bool | None]


def _ups(*names: str) -> _Test:
    return lambda facts: facts.flag(UPS_FLAGS, *names)


def _bacs(*names: str) -> _Test:
    return lambda facts: facts.flag(BACS_FLAGS, *names)


_UNREACHABLE: _Test = lambda facts: not facts.snapshot.up  # noqa: E731 (a row of both tables)

STATES: tuple[tuple[Finding, _Test], ...] = (
    (Finding("unreachable", "✖", "Unreachable", "lost"), _UNREACHABLE),
    (Finding("ups_lost", "?", "UPS lost", "lost"), lambda facts: facts.ups_lost),
    (Finding("ups_unread", "?", "UPS not read", "lost"), lambda facts: facts.ups_unread),
    (Finding("map_in_doubt", "?", "Map in doubt", "lost"), lambda facts: facts.map_in_doubt),
    (Finding("load_dark", "✖", "Load dark", "critical"), lambda facts: facts.dark),
    (Finding("on_battery", "▲", "On battery", "warning"), lambda facts: facts.on_battery),
    (Finding("bypass", "◆", "On bypass", "critical"), _ups(*_ON_BYPASS)),
    (Finding("eco", "◐", "Eco mode", "info"), _ups("eco_mode")),
    (Finding("test", "◇", "Test running", "info"), _ups("test_act", "test_in_progress")),
    (Finding("mains", "●", "On mains", "good"), lambda facts: facts.on_battery is False),
    (Finding("unserved", "?", "Not served", "none"), lambda facts: facts.expects_ups),
    (Finding("no_ups", "–", "No UPS", "none"), lambda facts: True),
)
"""What a device runs on, the gravest first (operations 4)."""

SURVIVAL: tuple[tuple[Finding, _Test], ...] = (
    (Finding("unreachable", "?", "unreachable", "lost"), _UNREACHABLE),
    (Finding("ups_lost", "?", "UPS lost", "lost"), lambda facts: facts.ups_lost),
    (Finding("ups_unread", "?", "UPS not read", "lost"), lambda facts: facts.ups_unread),
    (Finding("map_in_doubt", "?", "map in doubt", "lost"), lambda facts: facts.map_in_doubt),
    (Finding("load_dark", "✖", "load is dark", "critical"), lambda facts: facts.dark),
    (
        Finding("shutting_down", "✖", "NO: shutting down", "critical"),
        _ups("shutdown_imminent", "shutdown_pending"),
    ),
    (Finding("on_battery", "▲", "on battery now", "warning"), lambda facts: facts.on_battery),
    (Finding("on_bypass", "✖", "NO: on bypass", "critical"), _ups(*_ON_BYPASS)),
    (Finding("thermal_runaway", "✖", "NO: thermal runaway", "critical"), _bacs("thermal_runaway")),
    (
        Finding("ground_fault", "✖", "NO: ground fault", "critical"),
        _bacs("current_ground_fault_detected", "rcm_current_difference"),
    ),
    (Finding("battery_depleted", "✖", "NO: battery depleted", "critical"), _ups("battery_depleted")),
    (Finding("breaker_open", "✖", "NO: breaker open", "critical"), _bacs("battery_breaker_open")),
    (Finding("ups_fault", "✖", "NO: UPS fault", "critical"), _ups(*_UPS_FAULT)),
    (Finding("overload", "✖", "NO: overload", "critical"), _ups("output_high", "output_overload")),
    (Finding("battery_low", "✖", "NO: battery low", "critical"), _ups("battery_low")),
    (Finding("charger_failed", "✖", "NO: charger failed", "critical"), _ups("charger_failed")),
    (Finding("battery_bad", "✖", "NO: battery bad", "critical"), _ups("battery_bad")),
    (Finding("test_failed", "✖", "NO: test failed", "critical"), _ups("diagnostic_test_failed")),
    (Finding("string_missing", "✖", "NO: string missing", "critical"), lambda facts: facts.string_missing),
    (
        Finding("block_missing", "✖", "NO: block missing", "critical"),
        lambda facts: 0 in facts.modules_present,
    ),
    (Finding("bacs_untrusted", "?", "BACS not trusted", "lost"), lambda facts: not facts.bacs_trusted),
    (Finding("bacs_unread", "?", "BACS not read", "lost"), lambda facts: not facts.bacs_read),
    (
        Finding("battery_alarm", "✖", "NO: string or block alarm", "critical"),
        lambda facts: facts.battery_alarm,
    ),
    (
        Finding("charge_low", "✖", f"NO: charge < {ENOUGH_CHARGE * 100:.0f} %", "critical"),
        lambda facts: facts.charge is not None and facts.charge < ENOUGH_CHARGE,
    ),
    (Finding("values_in_doubt", "?", "values in doubt", "warning"), lambda facts: bool(facts.doubtful)),
    (Finding("blocks_unserved", "?", "blocks not served", "none"), lambda facts: facts.blocks_unserved),
    # yes needs a charge and a word about the source; whatever else the device serves was asked above
    (
        Finding("yes", "✔", "YES", "good"),
        lambda facts: facts.charge is not None and facts.on_battery is False,
    ),
    (Finding("unserved", "?", "not served", "none"), lambda facts: True),
)
"""Whether the load would survive a power failure now, and if not the first reason why (operations 4)."""


def assess(snapshot: Snapshot, fall: float | None = None) -> Condition:
    """How the device fares by this pass; `fall` is how much charge (0 to 1) it loses a second, if known."""
    facts = Facts(snapshot)
    state, state_rank = _first(STATES, facts)
    survival, survival_rank = _first(SURVIVAL, facts)
    alarms = active_alarms(snapshot)
    bacs = _bacs_health(facts, alarms)
    runtime = facts.value("generex_ups_battery_runtime_seconds")
    if state.key == "on_battery" and fall and facts.charge is not None:
        projected = facts.charge / fall
        runtime = projected if runtime is None else min(runtime, projected)
    levels: list[Level] = [state.level, survival.level, *(alarm.severity for alarm in alarms)]
    levels += [bacs.level] if bacs is not None else []
    worst = min(levels, key=lambda level: _RANK[level])
    return Condition(
        state=state,
        survival=survival,
        alarms=alarms,
        bacs=bacs,
        charge=facts.charge,
        runtime=runtime,
        load=max(facts.values("generex_ups_output_load_ratio"), default=None),
        temperature=facts.value("generex_ups_temperature_celsius"),
        doubtful=facts.doubtful,
        doubt=facts.doubt,
        level=worst,
        trouble=(not any(alarm.danger for alarm in alarms), _RANK[worst], state_rank, survival_rank),
    )


def _first(outcomes: tuple[tuple[Finding, _Test], ...], facts: Facts) -> tuple[Finding, int]:
    return next((finding, rank) for rank, (finding, holds) in enumerate(outcomes) if holds(facts))


def _bacs_health(facts: Facts, alarms: tuple[Alarm, ...]) -> BacsHealth | None:
    if not facts.snapshot.up:
        return None
    if not facts.bacs_trusted:
        return BacsHealth("not trusted", "lost")
    if not facts.bacs_read:
        return BacsHealth("not read", "lost")
    if facts.blocks_unserved:
        return BacsHealth(f"{facts.value('generex_bacs_modules'):.0f} blocks, not served", "none")
    readings = facts.snapshot.readings.get("generex_bacs_module_present", ())
    if not readings:
        return None
    absent = tuple(place_text(series.labels) for series, raw in readings if not raw)
    flagged = {place for alarm in alarms for place in alarm.places}
    ill = (flagged & {place_text(series.labels) for series, _ in readings}) | {*absent}
    text = f"{len(readings) - len(ill)} of {len(readings)} well"
    if absent:
        return BacsHealth(f"{text}, {len(absent)} absent", "critical", absent)
    if "generex_bacs_module_temperature_celsius" in facts.doubtful:
        return BacsHealth(f"{text}, temperature doubtful", "warning")
    return BacsHealth(text, "warning" if ill else "good")
