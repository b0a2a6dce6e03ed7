"""The role of a flag, or of a state of an enumeration: what it means to tiles, pages, boards and alerts.

A map says that a flag plays a role, in its own YAML. Whoever asks whether a UPS runs on battery asks for the
role, and finds every flag of every loaded map that plays it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix

from exporter.maps.model import Flag, Map, Severity, Word
from exporter.maps.series import series_of

ROLES: Mapping[str, str] = {
    # a battery and its monitor
    "thermal_runaway": "A battery heats itself up. Danger to people.",
    "ground_fault": "Battery current leaks to earth. Danger to people.",
    "danger": "Any other danger to people.",
    "breaker_open": "A battery breaker is open.",
    "general_alarm": "A general alarm of the battery: another flag gives the cause.",
    "battery_alarm": "Part of the battery is outside its limits.",
    "discharging": "The battery is discharging, as the monitor sees it.",
    "float_charging": "The battery is full, and the charger keeps it so.",
    "service": "Someone is working on the monitor, and monitoring is paused.",
    "monitor_stopped": "The battery monitor does not run properly.",
    # a UPS
    "dark": "The output is off: the load has no power from this UPS.",
    "on_battery": "The UPS draws its power from the battery.",
    "test": "A test of the UPS or its battery is running.",
    "shutdown_pending": "A countdown to switch the output off is running.",
    "shutdown_imminent": "The output goes off within seconds.",
    "depleted": "The battery cannot carry the load.",
    "battery_low": "Little runtime is left.",
    "bypass": "The load runs on the bypass, without protection.",
    "eco": "The UPS feeds the load over its bypass on purpose, to save energy.",
    "lost": "The manager has no contact with the UPS: its values may be old, and none of them is exported.",
    "battery_bad": "The UPS has found a battery that needs replacing.",
    "charger_failed": "The battery is no longer charged.",
    "test_failed": "The last test failed, often the battery test.",
    "overload": "The load is larger than the UPS can carry.",
    "output_bad": "The output is out of tolerance.",
    "inverter_failed": "The inverter has failed.",
    "inverter_warning": "The inverter warns of a fault to come.",
    "ups_fault": "The UPS has found a general fault in itself.",
    "fuse_blown": "A fuse of the UPS has blown.",
    "fan_failed": "A fan of the UPS has failed.",
    "hot": "A temperature that the UPS watches is too high.",
    "input_bad": "The input is out of tolerance.",
    "bypass_bad": "The bypass supply is out of tolerance.",
    "site_alarm": "An input of the site has an alarm: smoke, water, a door.",
}
"""Every role with its meaning. A flag that is normally set plays its role while it is clear.

In the order of the rules that record them, twenty to a group: what one rule compares is of one moment.
"""

BATTERY = tuple(ROLES)[: tuple(ROLES).index("dark")]
"""The roles of a battery and its monitor; the others are those of a UPS."""

DANGER = ("thermal_runaway", "ground_fault", "danger")
"""The roles that mean danger to people (operations 6): they come before everything else."""

SUPPLY = ("bypass", "eco", "input_bad", "bypass_bad")
"""The roles of a bypass and of what feeds it: what they say is compared with each other."""

CALM = ("eco", "float_charging")
"""The roles that ask for nothing while they are played."""


def gravity(flag: Flag) -> Severity:
    """How grave it is when a flag is not as it belongs; danger to people is critical whatever its map says.

    Of a flag that is normally set that is its severity, where its map gives one: "none" is said of set.
    """
    if flag.role in DANGER:
        return "critical"
    if not flag.normal or flag.severity != "none":
        return flag.severity
    return "critical" if flag.role == "dark" else "warning"


@dataclass(frozen=True, slots=True)
class Played:
    """One flag or state that plays a role, as the series have it.

    `label` is flag or state, `active` the value at which it plays its role: 0 for what is normally set.
    """

    metric: str
    label: str
    name: str
    role: str
    active: int = 1


@dataclass(frozen=True, slots=True)
class Matcher:
    """Several of them in one selector: series of these metrics and names, in their role while `active`."""

    metrics: tuple[str, ...]
    label: str
    names: tuple[str, ...]
    active: int

    def selector(self, *more: str) -> str:
        """The instant selector in PromQL, with further matchers such as `job="ups"`."""
        chosen = f'{self.label}{"=~" if len(self.names) > 1 else "="}"{"|".join(self.names)}"'
        return selector(self.metrics, *more, chosen)


def selector(metrics: Sequence[str], *matchers: str) -> str:
    """A selector over several metrics. `or` would drop a series where the other has the same labels."""
    if len(metrics) == 1:
        return f"{metrics[0]}{{{', '.join(matchers)}}}" if matchers else metrics[0]
    common = commonprefix(metrics)  # noqa: RUF071 - of names, letter by letter
    rests: dict[str, list[str]] = {}  # by their first word; under "" what is one word alone
    for name in metrics:
        first, under, rest = name.removeprefix(common).partition("_")
        rests.setdefault(first + under if rest else "", []).append(rest or first + under)
    ends = "|".join(
        f"{first}({'|'.join(found)})" if first and found[1:] else "|".join(first + rest for rest in found)
        for first, found in rests.items()
    )
    several = f'__name__=~"{common}({ends})"' if common else f'__name__=~"{ends}"'
    return f"{{{', '.join((several, *matchers))}}}"


def played(maps: Iterable[Map], *roles: str) -> tuple[Played, ...]:
    """Every flag and state of the maps that plays one of the roles, in map order; of all roles without any.

    Raises KeyError for a role that is none.
    """
    wanted = {role for role in roles or ROLES if ROLES[role]}
    found = (item for one in maps for word in one.words.values() for item in of_word(word))
    return tuple(dict.fromkeys(item for item in found if item.role in wanted))


def of_word(word: Word) -> tuple[Played, ...]:
    """The flags and states of one word that play a role; only words that are exported have any."""
    found = [Played(word.metric, "flag", f.name, f.role, int(not f.normal)) for f in word.all_flags if f.role]
    found += [Played(word.metric, "state", name, role) for name, role in word.roles]
    return tuple(found)


def matchers(maps: Iterable[Map], *roles: str) -> tuple[Matcher, ...]:
    """The fewest selectors that find what plays one of the roles, and nothing else that a map has."""
    maps = tuple(maps)
    by_kind: dict[tuple[str, int], list[Played]] = {}
    for item in played(maps, *roles):
        by_kind.setdefault((item.label, item.active), []).append(item)
    there = {
        (metric, name)
        for one in maps
        for word in one.words.values()
        for metric, labels in series_of(word)
        for _, name in labels
    }
    found = []
    for (label, active), items in by_kind.items():
        metrics = tuple(dict.fromkeys(item.metric for item in items))
        names = tuple(dict.fromkeys(item.name for item in items))
        exact = {(item.metric, item.name) for item in items}
        if any((metric, name) in there - exact for metric in metrics for name in names):
            for metric in metrics:
                own = tuple(item.name for item in items if item.metric == metric)
                found.append(Matcher((metric,), label, own, active))
        else:
            found.append(Matcher(metrics, label, names, active))
    return tuple(found)


def with_known_roles(word: Word, others: Iterable[Map]) -> Word:
    """The word, whose flags and states without a role play the one that another map gives the same series.

    Raises ValueError where they differ in role, or in which value is normal: the series look alike.
    """
    known = {(item.metric, item.label, item.name): item for item in played(others)}

    def role(label: str, name: str, own: str, active: int) -> str:
        other = known.get((word.metric, label, name))
        if other is None:
            return own
        if own not in ("", other.role) or active != other.active:
            raise ValueError(
                f'"{name}" of "{word.metric}" plays the role "{other.role}" in another map, '
                f"where it is {'not ' if other.active else ''}normally set"
            )
        return other.role

    def flag_with_role(flag: Flag) -> Flag:
        return replace(flag, role=role("flag", flag.name, flag.role, int(not flag.normal)))

    own = dict(word.roles)
    states = ((name, role("state", name, own.get(name, ""), 1)) for _, name in word.states)
    return replace(
        word,
        flags=tuple(map(flag_with_role, word.flags)),
        flag=word.flag and flag_with_role(word.flag),
        roles=tuple((name, role) for name, role in states if role),
    )
