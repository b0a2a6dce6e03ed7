"""What the page `/` says: a row for each device, the one in most trouble first."""

import math
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.assess.alarms import Alarm
from exporter.assess.condition import Condition, assess, minutes
from exporter.assess.facts import ups_groups
from exporter.assess.outcomes import STATES, Level, Outcome, Urgency
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.web.pages.since import since_text
from exporter.web.pages.texts import SEVERITY_SIGNS, ago, clock, device_path, probe_path

_UNREAD = Outcome("unread", "…", "none", lambda it: it.listed, "Not read yet")
_NUMBERS = (
    ("Charge", "charge", "ratio", "generex_ups_battery_charge_ratio"),
    ("Runtime", "runtime", "seconds", "generex_ups_battery_runtime_seconds"),
    ("Load", "load", "ratio", "generex_ups_output_load_ratio"),
    ("Temp.", "temperature", "celsius", "generex_ups_temperature_celsius"),
)  # column, where it is in a condition, unit, metric
_ALARMS = 3  # of a row; the device's page has them all
STATE_KEYS = tuple(row.key for row in (*STATES, _UNREAD))
URGENCIES: dict[Urgency, tuple[Level, str, str]] = {
    Urgency.DANGER: ("critical", "✖", "Danger to people"),
    Urgency.DARK: ("critical", "✖", "Dark, shutting down or lost"),
    Urgency.ON_BATTERY: ("warning", "▲", "On battery"),
    Urgency.OUT_OF_SIGHT: ("lost", "?", "Out of sight"),
    Urgency.BYPASS: ("critical", "◆", "On bypass"),
    Urgency.REST: ("none", "·", "The rest"),
}
"""Level, sign and text of each urgency, the most urgent first."""
_LEVEL_SIGNS: dict[Level, str] = {"critical": "✖", "lost": "?", "warning": "▲", "info": "◇"}


@dataclass(frozen=True)
class Seen:
    """How a device was when its UPS was last in sight."""

    condition: Condition
    text: str
    at: str
    age: str


@dataclass(frozen=True)
class Row:
    """A device. `now` is None until it was read once, `seen` is there when its UPS is out of sight.

    `has_ups` says that its map has words of one. `whole` says that everything was read and can be
    trusted: only then does no alarm mean none.
    """

    name: str
    path: str
    probe: str
    labels: tuple[str, ...]
    target: str
    has_ups: bool
    level: Level
    sign: str
    state: Outcome
    state_text: str
    since: str
    now: Condition | None
    seen: Seen | None
    whole: bool
    alarms: tuple[tuple[str, str, str], ...]
    more_alarms: int
    age: str
    being_read: bool
    urgency: Urgency
    order: tuple[object, ...]


@dataclass(frozen=True)
class Prospects:
    """How many devices would survive a power failure, of those that say so or not.

    Of a device that is `unknown` it cannot be said now; one `without_ups` has none that could.
    """

    survivors: int
    known: int
    unknown: int
    without_ups: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Prospects":
        """Those of all rows."""
        findings = [row.now.survival if row.now else None for row in rows if row.has_ups]
        known = [finding for finding in findings if finding and finding.sign != "?"]
        return cls(
            survivors=sum(finding.key == "yes" for finding in known),
            known=len(known),
            unknown=len(findings) - len(known),
            without_ups=len(rows) - len(findings),
        )


def overview_data(
    fleet: Fleet, being_read: Container[Device], now: float, chosen: Mapping[str, str]
) -> dict[str, Any]:
    """The content of the page; `now` is the loop's time, `chosen` the `state` and `urgency` to show alone."""
    devices = list(fleet.devices.values())
    rows = sorted((_row(device, device in being_read, now) for device in devices), key=lambda row: row.order)
    wanted = [
        row
        for row in rows
        if chosen.get("state", row.state.key) == row.state.key
        and chosen.get("urgency", row.urgency.name.lower()) == row.urgency.name.lower()
    ]
    return {
        "rows": wanted,
        "total": len(rows),
        "chosen": chosen,
        "urgencies": _urgencies(rows),
        "sign": rows[0].sign if rows else "",
        "counts": _counts(rows),
        "prospects": Prospects.of(rows),
        "being_read": any(row.being_read for row in rows),
        "modules": list(fleet.config.modules) if fleet.config.probe.allow else [],
        "numbers": _NUMBERS,
        "number": number,
    }


def look(device: Device, now: float) -> tuple[Condition | None, Outcome, str, Seen | None]:
    """A device's condition by its last pass, its state also in words, and how it was last seen."""
    history = device.history
    if history is None or history.last is None:
        return None, _UNREAD, _UNREAD.state, None
    before = history.last_good(telling_groups(device))
    last = device.last(now)
    if last is None:
        age, old = now - history.last_at, history.last
        return None, _UNREAD, f"Not read for {ago(age)}", _seen(old.time, assess(old), old.time, age)
    condition = assess(last, history.fall(), before)
    text = condition.state_text
    if not last.up:
        since = history.up_at
        text += "" if text.lower().endswith("unreachable") else ", unreachable"
        text += f" for {ago(now - since)}" if since is not None else ", never seen"
    seen = None
    if condition.out_of_sight and before and condition.past:
        seen = _seen(before.time, condition.past, last.time, now - history.last_at)
        if condition.state.order is Urgency.DANGER and (danger := seen.condition.state) != condition.state:
            text = f"{danger.state}: {text[0].lower()}{text[1:]}"
    return condition, condition.state, text, seen


def headline(condition: Condition | None, state: Outcome, text: str) -> tuple[Level, str, str]:
    """Level, sign and words of the largest sign: the worst that is true, beside the state."""
    if condition is None or condition.level == state.level or state.level in ("critical", "lost"):
        return state.level, state.sign, text
    if condition.survival.level == condition.level:
        worst = condition.survival_text.removeprefix("NO: ")
    elif condition.bacs and condition.bacs.level == condition.level:
        worst = f"blocks: {condition.bacs.text}"
    else:
        alarms = (alarm.label for alarm in condition.alarms if alarm.severity == condition.level)
        worst = next(alarms, "")
    return condition.level, worst_sign(condition, state), "; ".join(filter(None, (text, worst)))


def worst_sign(condition: Condition | None, state: Outcome) -> str:
    """The sign of whatever is gravest: a tab must not look green because the mains is there."""
    if condition is None or condition.level == state.level:
        return state.sign
    return _LEVEL_SIGNS.get(condition.level, state.sign)


def telling_groups(device: Device) -> frozenset[str]:
    """The groups that tell how the device was: its UPS's, or all of them where it has none."""
    groups = ups_groups(device.map.words.values()) or (group.name for group in device.map.groups)
    return frozenset(groups)


def number(value: float | None, unit: str) -> str:
    """A value in a cell: a ratio in per cent, seconds as a time, degrees; an en dash where there is none."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{value * 100:.0f} %"
    return minutes(value) if unit == "seconds" else f"{value:.0f} °C"


def _seen(at: float, condition: Condition, last_at: float, since_last: float) -> Seen:
    # by the clock between passes, by the loop since the last one: a clock that is set makes no age negative
    age = ago(max(last_at - at, 0) + since_last)
    parts = ["answering" if condition.state.key == "no_ups" else condition.supply.state.lower()]
    if condition.survival.key == "shutting_down":
        parts.append("shutting down")  # whatever it ran on, its load was about to be dark
    parts += [number(condition.charge, "ratio")] if condition.charge is not None else []
    return Seen(condition, ", ".join(parts), clock(at), age)


def _row(device: Device, being_read: bool, now: float) -> Row:
    condition, state, text, seen = look(device, now)
    config, history = device.config, device.history
    alarms: Sequence[Alarm] = condition.alarms if condition else ()
    last = device.last(now)
    known = condition or (seen.condition if seen else None)
    trouble = known.trouble if known else (Urgency.REST, math.inf, (), math.inf)
    return Row(
        name=config.name,
        path=device_path(config.name),
        probe=probe_path(config.name),
        labels=tuple(f"{key}: {value}" for key, value in config.labels.items()),
        target=config.target.url,
        has_ups=bool(ups_groups(device.map.words.values())),
        level=condition.level if condition else "none",
        sign=worst_sign(condition, state),
        state=state,
        state_text=text,
        since="" if state.key == "mains" else since_text(device, last, state, now).partition(",")[0],
        now=condition,
        seen=seen,
        whole=last is not None and last.whole,
        alarms=tuple(
            (alarm.severity, SEVERITY_SIGNS[alarm.severity], _short(alarm)) for alarm in alarms[:_ALARMS]
        ),
        more_alarms=max(len(alarms) - _ALARMS, 0),
        age=ago(now - history.last_at) if history and last else "",
        being_read=being_read,
        urgency=Urgency(int(trouble[0])),
        order=(*trouble, config.name),
    )


def _urgencies(rows: Sequence[Row]) -> list[tuple[str, Level, str, str, int]]:
    """Key, level, sign, text and number of devices of each urgency that there is."""
    counted = Counter(row.urgency for row in rows)
    return [(it.name.lower(), *words, counted[it]) for it, words in URGENCIES.items() if counted[it]]


def _short(alarm: Alarm) -> str:
    if not alarm.places:
        return alarm.label
    more = f" and {len(alarm.places) - 1} more" if len(alarm.places) > 1 else ""
    return f"{alarm.label}: {alarm.places[0]}{more}"


def _counts(rows: Sequence[Row]) -> list[tuple[Outcome, int]]:
    """How many devices are in each state, the gravest first."""
    counted = Counter(row.state for row in rows)
    order = [*STATES, _UNREAD]
    return [(finding, counted[finding]) for finding in order if counted[finding]]
