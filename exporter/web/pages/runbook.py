"""The section of the runbook that a flag or a state leads to: what to do about it now."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from exporter.assess.alarms import Alarm
from exporter.assess.condition import Condition
from exporter.assess.defaults import DEFAULTS
from exporter.assess.outcomes import Outcome
from exporter.reading.decode.truth import CONNECTED, RUNNING
from exporter.web.pages.sources import texts

_ROW = re.compile(r"^\| \[(\w+)\]\(\S+#\w+\) \|.*\| ([^|]*) \|$", re.MULTILINE)
_FLAG = re.compile(r"`([^`]+)`")


_Holds = Callable[[Condition], bool]


def _plays(*roles: str) -> _Holds:
    return lambda condition: condition.facts.plays(*roles)


def _bacs_state(condition: Condition) -> int | None:
    family = condition.facts.snapshot.readings.get("generex_bacs_state_word", ())
    return next((int(raw) for series, raw in family if ("word", "bacs.state") in series.labels), None)


def _bacs_starts(condition: Condition) -> bool:
    state = _bacs_state(condition) or 0
    return bool(state & CONNECTED) and not state & RUNNING


def _frame_is_stale(condition: Condition) -> bool:
    # all that is exported of a frame that is not valid
    facts = condition.facts
    return not facts.plays("lost") and "generex_prof_sequence_number" in facts.snapshot.readings


def _ends_soon(condition: Condition) -> bool:
    return condition.left is not None and condition.left < DEFAULTS["runtime_short"]


_BACS: tuple[tuple[_Holds, str], ...] = (
    (lambda condition: _bacs_state(condition) == 0, "GenerexBacsNoState"),
    (_bacs_starts, "GenerexBacsStarting"),
    (_plays("monitor_stopped"), "GenerexBacsNotRunning"),
)
_CLOSER: Mapping[str, tuple[tuple[_Holds, str], ...]] = {
    "GenerexOnBattery": (
        (_plays("depleted"), "GenerexBatteryDepleted"),
        (_plays("battery_low"), "GenerexBatteryLowOnBattery"),
        (_ends_soon, "GenerexRuntimeShort"),
    ),
    "GenerexBatteryLow": ((_plays("on_battery"), "GenerexBatteryLowOnBattery"),),
    "GenerexOnBypass": ((_plays("input_bad", "bypass_bad"), "GenerexBypassFailing"),),
    "GenerexChargerFailed": ((lambda condition: condition.facts.charge_low, "GenerexChargerFailedDraining"),),
    "GenerexUpsOutOfSight": ((_frame_is_stale, "GenerexGatewayFrameStale"),),
    "GenerexBacsDoubtful": _BACS,
    "GenerexBacsNotRunning": _BACS[:2],
    "GenerexDischarging": (
        (_plays("on_battery"), "GenerexOnBattery"),
        (_plays("test"), "GenerexTestRunning"),
        (lambda condition: condition.facts.clear("on_battery"), "GenerexDischargingOnMains"),
    ),
    "GenerexBlockVoltageLowOffFloat": (
        (_plays("on_battery", "discharging"), "GenerexBlockVoltageLowUnderLoad"),
        (_plays("float_charging"), "GenerexBlockVoltageLow"),
    ),
}
"""What is closer to what goes on than a section, by what else is so."""


def section_of_state(outcome: Outcome, condition: Condition) -> str:
    """The section of a state or of a reason against survival; "" where there is nothing to do."""
    if condition.past is not None and outcome.key == "lost_in_danger":
        return section_of_state(condition.past.state, condition.past)
    for role in outcome.roles:
        if alarm := next((alarm for alarm in condition.alarms if role in alarm.roles), None):
            return section_of_alarm(alarm, condition)
    return _link(_closest(outcome.section, condition)) if outcome.section else ""


def section_of_alarm(alarm: Alarm, condition: Condition) -> str:
    """The section of an active flag. Of one in a map of the user's own, a search for its label."""
    sections = sections_of_flags(alarm.sources)
    if not sections:
        return f"docs/search?q={quote(alarm.label)}"
    # of several that share a flag the last one needs least else to be so
    return _link(_closest(sections[-1], condition))


def sections_of_flags(sources: Iterable[str]) -> tuple[str, ...]:
    """The alerts about flags such as `ups_status.battery_low`, in the order of the list of alerts."""
    return next((known for source in sources if (known := _alerts_of_flags().get(source))), ())


@functools.cache
def alerts_of_the_list() -> frozenset[str]:
    """The names of all alerts."""
    return frozenset(alert for alert, _ in _ROW.findall(texts()["alerts"]))


def _closest(section: str, condition: Condition) -> str:
    return next((closer for holds, closer in _CLOSER.get(section, ()) if holds(condition)), section)


def path_of_section(section: str) -> str:
    """Where a section of the runbook is, relative to the documentation."""
    return f"runbook#{section.lower().replace(' ', '-')}"


def _link(section: str) -> str:
    return f"docs/{path_of_section(section)}"


@functools.cache
def _alerts_of_flags() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for alert, flags in _ROW.findall(texts()["alerts"]):
        for flag in _FLAG.findall(flags):
            found[flag] = (*found.get(flag, ()), alert)
    return found
