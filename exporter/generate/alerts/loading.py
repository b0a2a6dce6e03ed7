"""The rules in rules/*.yaml as groups; what a flag's rule does not say comes from the register maps."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from exporter.generate.alerts.flags import (
    block_expression,
    coarse_expression,
    flag_expression,
    flag_recordings,
    own_flag_alerts,
    own_state_alerts,
    role_expression,
    role_recordings,
)
from exporter.generate.alerts.implausible import implausible_recordings
from exporter.generate.alerts.model import Alert, FlagRef, Group, Recording, Settings
from exporter.generate.alerts.snippets import literal
from exporter.generate.alerts.texts import read_text
from exporter.maps import built_in_maps
from exporter.maps.model import Flag, Map, Severity
from exporter.maps.roles import SUPPLY, played
from exporter.yamlfile import Strict, parse, validate

ALERT_FILES = (
    "outage", "power", "ups", "ups_values", "ups_slow", "danger", "bacs", "battery", "strings", "voltage",
    "temperature", "warmth", "resistance", "ageing", "tests", "compared", "health", "sight", "exporter",
)  # fmt: skip
RECORDING_FILES = ("recording", "records")
MOST = 20
"""Rules in a group: Mimir refuses more, and with them all of the group."""

_Duration = Annotated[str, Field(pattern=r"^(\d+[smhd])?$")]
_Interval = Annotated[str, Field(pattern=r"^(scrape|\d+[smhd])$")]


class AlertEntry(Strict):
    """An alert. With `roles`, `flags` or `block` alone the expression is made; `gate` goes behind it.

    `finer` matches finer flags, which tell more where they last.
    """

    alert: Annotated[str, Field(pattern=r"^Generex[A-Z][A-Za-z0-9]+$")]
    severity: Severity
    condition: str
    roles: tuple[str, ...] = Field(default=(), strict=False)
    flags: tuple[str, ...] = Field(default=(), strict=False)
    block: str = ""
    shows: Literal["", "volts", "celsius", "ohms"] = ""
    lasts: _Duration = ""
    keep: _Duration = ""
    life_safety: bool = False
    outage: Literal["", "1 on battery", "2 shut down", "3 dark"] = ""
    expr: str = ""
    finer: str = ""
    gate: str = ""
    summary: str
    description: str = ""
    means: str = ""
    check: str = ""
    leads: str
    away: str


class AlertFile(Strict):
    """One subject."""

    group: str
    interval: _Interval
    title: str
    rules: list[AlertEntry]


class RecordingEntry(Strict):
    """A recording rule."""

    record: str
    labels: dict[str, str] = Field(default_factory=dict)
    why: str
    expr: str


class RecordingGroup(Strict):
    """Recording rules with one interval."""

    name: str
    interval: _Interval
    rules: list[RecordingEntry]


class RecordingFile(Strict):
    """All recording rules."""

    groups: list[RecordingGroup]


def recording_groups(settings: Settings) -> tuple[Group, ...]:
    """The groups of recording rules: first what flags say, as it is the ground of all others.

    The rules of the first group of the files go before the roles. The second group holds the roles of a
    bypass and of what feeds it, then its own rules.
    """
    documents = [
        validate(parse(_text(name), f"{name}.yaml", packaged=True), RecordingFile) for name in RECORDING_FILES
    ]
    roles, of_blocks = role_recordings(settings)
    flags = flag_recordings(settings.maps.values())
    first, supply, *read = (
        Group(
            group.name,
            group.interval,
            tuple(Recording(r.record, r.expr, r.why, tuple(r.labels.items())) for r in group.rules),
        )
        for document in documents
        for group in document.groups
    )
    feeding = tuple(role for role in roles if dict(role.labels)["role"] in SUPPLY)
    others = (role for role in roles if role not in feeding)
    return (
        *in_groups(first.name, (*first.rules, *others)),
        Group(supply.name, supply.interval, (*feeding, *supply.rules)),
        # of one group, so that a flag of a block plays its role at once
        *in_groups("generex-block-flags", (*flags, *of_blocks)),
        *read,
        Group("generex-implausible", "1m", implausible_recordings()),
    )


def alert_groups(settings: Settings) -> tuple[Group, ...]:
    """The groups of alert rules, the last ones for the flags of the user's own maps."""
    flags = flags_of(built_in_maps()) | flags_of(settings.maps)
    away = parse(read_text("texts", "away.yaml"), "away.yaml", packaged=True).data
    groups = []
    for name in ALERT_FILES:
        entries = _entries(name)
        rules = tuple(_alert(entry, flags, settings, away) for entry in entries.rules)
        groups.append(Group(entries.group, entries.interval, rules, entries.title))
    covered = {reference for group in groups for reference in covered_flags(group)}
    here = flags_of(settings.maps)
    states = (item for item in played(settings.maps.values()) if item.label == "state")
    own = (
        *own_flag_alerts({reference: flag for reference, flag in here.items() if reference not in covered}),
        *own_state_alerts(item for item in states if (item.metric, item.name) not in covered),
    )
    return (*groups, *in_groups("generex-own", own, "Flags and states of your own maps"))


def in_groups(name: str, rules: Sequence[Recording | Alert], title: str = "") -> Iterator[Group]:
    """Rules in as many groups as they need."""
    for first in range(0, len(rules), MOST):
        number = f"-{first // MOST + 1}" if len(rules) > MOST else ""
        yield Group(name + number, "scrape", tuple(rules[first : first + MOST]), title)


def covered_flags(group: Group) -> set[FlagRef]:
    """The flags and states that lead to an alert of this group."""
    return {flag for rule in group.rules if isinstance(rule, Alert) for flag in rule.flags}


def flags_of(maps: Mapping[str, Map]) -> dict[FlagRef, Flag]:
    """Every exported flag of the maps, as the series have it."""
    return {
        (word.metric, flag.name): flag for item in maps.values() for word, flag in item.flags() if word.metric
    }


def _alert(
    entry: AlertEntry, maps: Mapping[FlagRef, Flag], settings: Settings, away: Mapping[str, str]
) -> Alert:
    block = entry.block
    flags = (f"bacs_module_alarm.{block}", f"bacs_alarm.{block}") if block else entry.flags
    named = [("generex_" + metric, flag) for metric, flag in (name.split(".") for name in flags)]
    references = (*(flag for role in entry.roles for flag in settings.flags(role)), *named)
    first = next((maps[reference] for reference in references if reference in maps), None)
    expr = entry.expr
    if not expr and block:
        expr = block_expression(block)
    elif entry.finer:
        expr = coarse_expression(entry.roles, references, entry.finer)
    elif not expr:
        expr = role_expression(entry.roles) if entry.roles else flag_expression(references)
    if entry.gate:
        expr = f"{expr}\n{_indent(entry.gate)}"
    sentence = first_sentence(first.description) if first else entry.summary
    plain = _BLOCK.format(summary=_lower(entry.summary), shows=f"<{entry.shows}>")
    return Alert(
        name=entry.alert,
        expr=expr,
        severity=entry.severity,
        condition=entry.condition,
        summary=entry.summary,
        description=entry.description or (plain if block else f"<device>: {literal(_lower(sentence))}"),
        means=entry.means or (first.description if first else ""),
        check=entry.check or (first.action if first else ""),
        leads=entry.leads,
        away=away[entry.away],
        # flags of blocks, and coarse ones that wait for finer ones
        lasts=entry.lasts or ("5m" if block or entry.finer else "0s"),
        keep=entry.keep,
        life_safety=entry.life_safety,
        outage=entry.outage,
        flags=tuple(dict.fromkeys(references)),
    )


_BLOCK = (
    "{{{{ if $labels.module }}}}<block>{shows}: {summary}"
    "{{{{ else }}}}<device>: at least one block (it is not known which): {summary}{{{{ end }}}}"
)


def first_sentence(text: str) -> str:
    """The first sentence, without what stands in brackets."""
    text = re.sub(r" \([^)]*\)", "", text)
    return re.split(r"(?<=[.!?]) (?=[A-Z])", text, maxsplit=1)[0]


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[0].lower() + text[1:]


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())


@cache
def _entries(name: str) -> AlertFile:
    return validate(parse(_text(name), f"{name}.yaml", packaged=True), AlertFile)


def _text(name: str) -> str:
    return read_text("rules", f"{name}.yaml")
