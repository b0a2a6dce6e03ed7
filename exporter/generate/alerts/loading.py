"""The rules in rules/*.yaml as groups; what a flag's rule does not say comes from the register maps."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from exporter.generate.alerts.flags import block_expression, flag_expression, giving_way, own_flag_alerts
from exporter.generate.alerts.implausible import implausible_expression
from exporter.generate.alerts.lasting import expand
from exporter.generate.alerts.model import Alert, FlagRef, Group, Recording, Settings, Severity
from exporter.generate.alerts.snippets import literal
from exporter.generate.alerts.texts import read_text
from exporter.maps import built_in_maps
from exporter.maps.model import Flag, Map
from exporter.yamlfile import Strict, parse, validate

ALERT_FILES = ("power", "ups", "bacs", "blocks", "analytics", "health")

_Duration = Annotated[str, Field(pattern=r"^\d+[smhd]$")]


class AlertEntry(Strict):
    """An alert. With `flags` or `block` alone the expression is made; `unless` and `gate` go behind it.

    With `finer`, patterns of alert names, `unless` are the signs that one of those is coming.
    """

    alert: Annotated[str, Field(pattern=r"^Generex[A-Z][A-Za-z]+$")]
    severity: Severity
    condition: str
    flags: tuple[str, ...] = Field(default=(), strict=False)
    block: str = ""
    shows: Literal["", "volts", "celsius", "ohms"] = ""
    lasts: _Duration = "0s"
    keep: _Duration = ""
    life_safety: bool = False
    expr: str = ""
    unless: str = ""
    finer: tuple[str, ...] = Field(default=(), strict=False)
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
    interval: _Duration
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
    interval: _Duration
    rules: list[RecordingEntry]


class RecordingFile(Strict):
    """All recording rules."""

    groups: list[RecordingGroup]


@cache
def recording_groups() -> tuple[Group, ...]:
    """The groups of recording rules."""
    document = validate(parse(_text("recording"), "recording.yaml"), RecordingFile)
    return tuple(
        Group(
            group.name,
            group.interval,
            tuple(Recording(r.record, expand(r.expr), r.why, tuple(r.labels.items())) for r in group.rules),
        )
        for group in document.groups
    )


def alert_groups(settings: Settings) -> tuple[Group, ...]:
    """The groups of alert rules, the last one for the flags of the user's own maps."""
    known = flags_of(built_in_maps())
    here = flags_of(settings.maps)
    away = parse(read_text("texts", "away.yaml"), "away.yaml").data
    groups = []
    for name in ALERT_FILES:
        entries = _entries(name)
        rules = tuple(_alert(entry, known | here, away) for entry in entries.rules)
        groups.append(Group(entries.group, entries.interval, rules, entries.title))
    covered = {reference for group in groups for reference in covered_flags(group)}
    own = own_flag_alerts({reference: flag for reference, flag in here.items() if reference not in covered})
    if own:
        groups.append(Group("generex-own", "15s", own, "Flags of your own maps"))
    return tuple(groups)


def covered_flags(group: Group) -> set[FlagRef]:
    """The flags that lead to an alert of this group."""
    return {flag for rule in group.rules if isinstance(rule, Alert) for flag in rule.flags}


def flags_of(maps: Mapping[str, Map]) -> dict[FlagRef, Flag]:
    """Every exported flag of the maps, as the series have it."""
    return {
        (word.metric, flag.name): flag for item in maps.values() for word, flag in item.flags() if word.metric
    }


def _alert(entry: AlertEntry, maps: Mapping[FlagRef, Flag], away: Mapping[str, str]) -> Alert:
    block = entry.block
    flags = (f"bacs_module_alarm.{block}", f"bacs_alarm.{block}") if block else entry.flags
    references = tuple(("generex_" + metric, flag) for metric, flag in (name.split(".") for name in flags))
    first = maps[references[0]] if references else None
    expr = entry.expr
    if not expr:
        expr = block_expression(block, entry.lasts) if block else flag_expression(references, entry.lasts)
    if entry.finer:
        expr = giving_way(expr, entry.finer, entry.unless)
    if entry.gate:
        expr = "(\n" + _indent(expr) + "\n)\n  " + entry.gate
    if entry.unless and not entry.finer:
        expr += "\n  unless on (device) " + entry.unless.replace("\n", "\n  ")
    expr = expand(expr.replace("<implausible>", implausible_expression()))
    sentence = first_sentence(first.description) if first else entry.summary
    plain = _BLOCK.format(summary=_lower(entry.summary), shows=f"<{entry.shows}>", block=block)
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
        keep=entry.keep or ("1h" if entry.life_safety else "5m"),
        life_safety=entry.life_safety,
        flags=references,
    )


_BLOCK = (
    "{{{{ if $labels.module }}}}<block>{shows}: {summary}"
    "{{{{ else if gt $value 1.0 }}}}<device>: {{{{ $value }}}} blocks at once:<many_{block}>: {summary}"
    "{{{{ else }}}}<device>: at least one block, which one is not known: {summary}{{{{ end }}}}"
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
    return validate(parse(_text(name), f"{name}.yaml"), AlertFile)


def _text(name: str) -> str:
    return read_text("rules", f"{name}.yaml")
