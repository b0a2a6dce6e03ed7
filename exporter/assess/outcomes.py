"""What can be true of a device: one table for pages, `probe`, boards and rules (operations 4).

Each row says what must hold as a question to `Evidence`. A snapshot answers it with a truth (facts.py), a
Prometheus with a vector of the devices for which it holds (promql.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, Protocol, TypeVar

from exporter.maps.roles import DANGER

T = TypeVar("T")

Level = Literal["critical", "lost", "warning", "info", "none", "good"]
"""How grave: `lost` is not to know what should be known, `none` is neither good nor bad."""


class Urgency(IntEnum):
    """What to see to first: the order of devices everywhere."""

    DANGER = 0
    DARK = 1
    ON_BATTERY = 2
    OUT_OF_SIGHT = 3
    BYPASS = 4
    REST = 5


class Evidence(Protocol[T]):
    """What a row may ask. Nothing that is not known holds."""

    def plays(self, *roles: str) -> T:
        """A flag or state of one of these roles is in its role."""

    def clear(self, *roles: str) -> T:
        """Flags or states of these roles are known, and none is in its role."""

    def was(self, *roles: str) -> T:
        """The last that is known is that one of these roles was played."""

    def flagged(self, severity: Literal["critical", "warning"]) -> T:
        """A flag of the battery is not as it belongs, and that is so grave."""

    def both(self, one: T, other: T) -> T:
        """Both hold."""

    @property
    def listed(self) -> T:
        """There is such a device."""

    @property
    def was_on_battery(self) -> T:
        """The last that is known is that its battery carried the load, by its UPS or by a BACS alone."""

    @property
    def discharging_alone(self) -> T:
        """BACS sees a discharge, and no UPS that is known says why."""

    @property
    def unreachable(self) -> T:
        """No word of it was read."""

    @property
    def ups_lost(self) -> T:
        """The UPS is out of sight of its manager, or a gateway frame is not valid."""

    @property
    def ups_read(self) -> T:
        """It has a UPS, and every word about it was read."""

    @property
    def ups_unread(self) -> T:
        """It has a UPS, and a word about it is missing."""

    @property
    def map_in_doubt(self) -> T:
        """It refuses every alarm word of its map, so nothing bears out its status word."""

    @property
    def all_zero(self) -> T:
        """Every value of its UPS reads 0, as while its card restarts or the UPS dies: none says anything."""

    @property
    def no_output(self) -> T:
        """It measures its output, and finds neither volts nor load."""

    @property
    def charge_known(self) -> T:
        """The charge of the battery is known."""

    @property
    def charge_low(self) -> T:
        """The battery has less charge than a load needs that it must carry now."""

    @property
    def implausible(self) -> T:
        """It shows a value that cannot be."""

    @property
    def string_missing(self) -> T:
        """A string has no values although the BACS was read and can be trusted."""

    @property
    def module_missing(self) -> T:
        """An expected module is absent."""

    @property
    def bacs_untrusted(self) -> T:
        """There is a BACS, and by its own words it cannot be trusted."""

    @property
    def bacs_unread(self) -> T:
        """There is a BACS, and a word about it is missing."""

    @property
    def blocks_unserved(self) -> T:
        """The BACS counts modules of which it serves no word, as in a gateway frame."""


@dataclass(frozen=True)
class Outcome:
    """One row: `sign` is a shape that tells it without colour, `order` says what to see to first.

    `state` is what the device runs on, `survival` whether the load would survive a power failure now and if
    not why, `bacs` how its battery fares; "" where the row does not belong to that question. Of the
    rows of a question the first that holds is shown. `section` is the heading in the runbook where no flag
    of its roles leads to one, "" where there is nothing to do.
    """

    key: str
    sign: str
    level: Level
    holds: Callable[[Evidence[Any]], Any]
    state: str = ""
    survival: str = ""
    bacs: str = ""
    order: Urgency = Urgency.REST
    section: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the flags that say it, those that say it most exactly first."""
        return self.holds.roles if isinstance(self.holds, _Plays) else ()


class _Plays:
    def __init__(self, *roles: str) -> None:
        self.roles = roles

    def __call__(self, it: Evidence[Any]) -> Any:
        return it.plays(*self.roles)


def _on_mains(it: Evidence[Any]) -> Any:
    return it.both(it.clear("on_battery"), it.clear("dark"))


_KEEP_OUT = "Danger: keep out"
CHARGE = "{charge}"
"""In a text, the charge below which a battery has too little, in per cent."""

OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "thermal_runaway", "✖", "critical", _Plays("thermal_runaway"),
        "Thermal runaway", "NO: thermal runaway", _KEEP_OUT, Urgency.DANGER,
        section="GenerexThermalRunaway",
    ),
    Outcome(
        "ground_fault", "✖", "critical", _Plays("ground_fault"),
        "Ground fault", "NO: ground fault", _KEEP_OUT, Urgency.DANGER,
        section="GenerexGroundFault",
    ),
    Outcome(
        "danger", "✖", "critical", _Plays("danger"),
        "Danger to people", "NO: danger to people", _KEEP_OUT, Urgency.DANGER,
        section="Danger to people",
    ),
    # what is so now was told above: what was so last is not known any more
    Outcome(
        "lost_in_danger", "✖", "critical", lambda it: it.was(*DANGER),
        "Lost in danger", "lost in danger", _KEEP_OUT, Urgency.DANGER,
        section="GenerexUnreachable",
    ),
    # before all that the status word says: it may be something else
    Outcome(
        "map_in_doubt", "?", "lost", lambda it: it.map_in_doubt,
        "Map in doubt", "map in doubt", order=Urgency.OUT_OF_SIGHT,
        section="Map in doubt",
    ),
    # before all that a 0 may mean: after two minutes the rules take it for a dark load
    Outcome(
        "all_zero", "?", "lost", lambda it: it.all_zero,
        "All values 0", "all values are 0", order=Urgency.DARK,
        section="All values 0",
    ),
    Outcome(
        "load_dark", "✖", "critical", _Plays("dark"), "Load dark", "load is dark", order=Urgency.DARK,
        section="GenerexLoadDark",
    ),
    Outcome(
        "shutting_down", "✖", "critical", _Plays("shutdown_imminent", "shutdown_pending"),
        survival="NO: shutting down", order=Urgency.DARK,
        section="GenerexShutdownPending",
    ),
    Outcome(
        "on_battery", "▲", "warning", _Plays("on_battery"),
        "On battery", "on battery now", order=Urgency.ON_BATTERY,
        section="GenerexOnBattery",
    ),
    Outcome(
        "lost_dark", "✖", "critical", lambda it: it.was("dark"),
        "Lost, load dark", "lost, load was dark", order=Urgency.DARK,
        section="GenerexLoadDark",
    ),
    Outcome(
        "lost_on_battery", "✖", "critical", lambda it: it.was_on_battery,
        "Lost on battery", "lost on battery", order=Urgency.DARK,
        section="GenerexLostOnBattery",
    ),
    # an outage, for all that one knows
    Outcome(
        "discharging_alone", "▲", "warning", lambda it: it.discharging_alone,
        "Battery discharging", "battery is discharging", order=Urgency.ON_BATTERY,
        section="GenerexDischarging",
    ),
    Outcome(
        "unreachable", "?", "lost", lambda it: it.unreachable,
        "Unreachable", "unreachable", "Unreachable", Urgency.OUT_OF_SIGHT,
        section="GenerexUnreachable",
    ),
    Outcome(
        "ups_lost", "?", "lost", lambda it: it.ups_lost,
        "UPS lost", "UPS lost", order=Urgency.OUT_OF_SIGHT,
        section="GenerexUpsOutOfSight",
    ),
    Outcome(
        "ups_unread", "?", "lost", lambda it: it.ups_unread,
        "UPS not read", "UPS not read", order=Urgency.OUT_OF_SIGHT,
        section="GenerexGroupUnread",
    ),
    Outcome(
        "bypass", "◆", "critical", _Plays("bypass"), "On bypass", "NO: on bypass", order=Urgency.BYPASS,
        section="GenerexOnBypass",
    ),
    Outcome(
        "battery_depleted", "✖", "critical", _Plays("depleted"), survival="NO: battery depleted",
        section="GenerexBatteryDepleted",
    ),
    Outcome(
        "breaker_open", "✖", "critical", _Plays("breaker_open"),
        survival="NO: breaker open", bacs="Breaker open",
        section="GenerexBreakerOpen",
    ),
    Outcome(
        "ups_fault", "✖", "critical", _Plays("inverter_failed", "fuse_blown", "output_bad", "ups_fault"),
        survival="NO: UPS fault",
        section="GenerexUpsFault",
    ),
    Outcome(
        "overload", "✖", "critical", _Plays("overload"), survival="NO: overload",
        section="GenerexOverload",
    ),
    Outcome(
        "battery_low", "✖", "critical", _Plays("battery_low"), survival="NO: battery low",
        section="GenerexBatteryLow",
    ),
    Outcome(
        "charger_failed", "✖", "critical", _Plays("charger_failed"), survival="NO: charger failed",
        section="GenerexChargerFailed",
    ),
    Outcome(
        "battery_bad", "✖", "critical", _Plays("battery_bad"), survival="NO: battery bad",
        section="GenerexBatteryBad",
    ),
    Outcome(
        "test_failed", "✖", "critical", _Plays("test_failed"), survival="NO: test failed",
        section="GenerexTestFailed",
    ),
    Outcome(
        "string_missing", "✖", "critical", lambda it: it.string_missing,
        survival="NO: string missing", bacs="String missing",
        section="GenerexStringMissing",
    ),
    Outcome(
        "block_missing", "✖", "critical", lambda it: it.module_missing,
        survival="NO: block missing", bacs="Block missing",
        section="GenerexModulesSilent",
    ),
    Outcome(
        "bacs_untrusted", "?", "lost", lambda it: it.bacs_untrusted,
        survival="BACS not trusted", bacs="Not trusted",
        section="GenerexBacsDoubtful",
    ),
    Outcome(
        "bacs_unread", "?", "lost", lambda it: it.bacs_unread,
        survival="BACS not fully read", bacs="Not fully read", section="GenerexGroupUnread",
    ),
    Outcome("bacs_critical", "✖", "critical", lambda it: it.flagged("critical"), bacs="Alarm"),
    Outcome(
        "battery_alarm", "✖", "critical", _Plays("battery_alarm", "general_alarm"),
        survival="NO: string or block alarm",
        section="GenerexBacsGeneralAlarm",
    ),
    Outcome(
        "charge_low", "✖", "critical", lambda it: it.charge_low, survival=f"NO: charge < {CHARGE} %",
        section="Low charge on mains",
    ),
    Outcome(
        "no_output", "?", "lost", lambda it: it.no_output, "No output seen", "no output seen",
        section="No output seen",
    ),
    Outcome(
        "values_in_doubt", "?", "warning", lambda it: it.implausible, survival="values in doubt",
        section="GenerexImplausible",
    ),
    Outcome(
        "discharging", "▲", "warning", _Plays("discharging"), bacs="Discharging",
        section="GenerexDischarging",
    ),
    Outcome(
        "service", "◇", "info", _Plays("service"), bacs="Service",
        section="GenerexBacsService",
    ),
    Outcome(
        "bacs_stopped", "?", "lost", _Plays("monitor_stopped"), bacs="Not trusted",
        section="GenerexBacsNotRunning",
    ),
    Outcome("bacs_warning", "▲", "warning", lambda it: it.flagged("warning"), bacs="Warning"),
    Outcome(
        "blocks_unserved", "?", "none", lambda it: it.blocks_unserved,
        survival="blocks not served", bacs="Blocks not served",
    ),
    Outcome("bacs_running", "●", "good", lambda it: it.clear("monitor_stopped"), bacs="Running"),
    Outcome("eco", "◐", "info", _Plays("eco"), "Eco mode"),
    Outcome(
        "test", "◇", "info", _Plays("test"), "Test running",
        section="GenerexTestRunning",
    ),
    Outcome("mains", "●", "good", _on_mains, "On mains"),
    # yes needs evidence for every part of it; whatever else the device serves was asked above
    Outcome("yes", "✔", "good", lambda it: it.both(it.charge_known, _on_mains(it)), survival="YES"),
    Outcome("unserved", "?", "none", lambda it: it.ups_read, "Not served", "not served"),
    Outcome("no_ups", "–", "none", lambda it: it.listed, "No UPS", "no UPS", "No BACS served"),
)  # fmt: skip

GONE = ("lost_in_danger", "lost_dark", "lost_on_battery", "unreachable", "ups_lost", "ups_unread")
"""The keys of the rows of a device of which nobody sees how it is now."""

STATES = tuple(row for row in OUTCOMES if row.state)
SURVIVAL = tuple(row for row in OUTCOMES if row.survival)
BACS = tuple(row for row in OUTCOMES if row.bacs)
