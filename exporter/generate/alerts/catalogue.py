"""docs/alerts.md: every alert, every threshold, and the flags that lead to none with the reason."""

from collections.abc import Mapping, Sequence

from exporter.generate.alerts.loading import covered_flags, flags_of
from exporter.generate.alerts.model import Alert, FlagRef, Group, Recording, Settings
from exporter.generate.alerts.texts import read_text
from exporter.generate.alerts.thresholds import thresholds
from exporter.markdown import table

_STATUS, _STATE = "generex_ups_status", "generex_bacs_state"
NORMAL: Mapping[FlagRef, str] = {
    (_STATUS, "output_act"): "Set is the normal state. GenerexLoadDark fires when it is clear.",
    (_STATUS, "eco_mode"): "A way to run that somebody chose. On bypass without it is critical.",
    (_STATE, "running"): "Set is normal. GenerexBacsNotRunning fires when it is clear.",
    (_STATE, "connected"): "Starting up, for less than 15 minutes. Then GenerexBacsStarting fires.",
    (_STATE, "charging"): "After every discharge, for less than 24 hours. Then GenerexChargingLong fires.",
    (_STATE, "float_charging"): "The normal state of a full battery.",
    (_STATE, "equalisation"): "Part of normal operation; GenerexEqualisingHard watches how hard.",
    (_STATE, "discharging_stopped"): "The rest after a discharge, before the next charge.",
}  # fmt: skip
"""Flags that lead to no alert when they alone are set on a healthy device, with the reason."""


def catalogue(recordings: Sequence[Group], alerts: Sequence[Group], settings: Settings) -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            read_text("texts", "catalogue.md"),
            *(_alerts(group, settings) for group in alerts),
            _no_alert(alerts, settings),
            _thresholds(settings),
            _recordings(recordings, settings),
        ]
    )


def _alerts(group: Group, settings: Settings) -> str:
    rows = [
        (
            f"[{rule.name}](../alerts/runbook.md#{rule.name.lower()})",
            rule.severity + (", life safety" if rule.life_safety else ""),
            "" if rule.lasts == "0s" else settings.lasting(rule.lasts),
            f"`{rule.condition}`",
            rule.summary,
            ", ".join(f"`{metric.removeprefix('generex_')}.{flag}`" for metric, flag in rule.flags),
        )
        for rule in group.rules
        if isinstance(rule, Alert)
    ]
    header = ("alert", "severity", "for", "condition", "when", "flags")
    often = "" if group.interval == "scrape" else f"Looked at every {settings.every(group.interval)}.\n\n"
    return f"## {group.title}\n\n{often}{table(header, rows)}"


def _no_alert(alerts: Sequence[Group], settings: Settings) -> str:
    covered = {flag for group in alerts for flag in covered_flags(group)}
    rows = [(f'`{metric}{{flag="{flag}"}}`', reason) for (metric, flag), reason in NORMAL.items()]
    rows.append(("`generex_ups_aux_input`", "A level, not an alarm: what high means depends on the wiring."))
    rows += [
        (f'`{metric}{{flag="{name}"}}`', f"Its map gives it no severity. {flag.description}")
        for (metric, name), flag in flags_of(settings.maps).items()
        if (metric, name) not in covered and (metric, name) not in NORMAL
    ]
    return f"## Flags without an alert\n\n{table(('series', 'why'), rows)}"


def _thresholds(settings: Settings) -> str:
    rows = [
        (f"`{t.name}`", f"{settings.thresholds[t.name]:g}", t.unit, t.why, t.source)
        for t in thresholds().values()
    ]
    return f"## Thresholds\n\n{table(('name', 'value', 'unit', 'why', 'source'), rows)}"


def _recordings(groups: Sequence[Group], settings: Settings) -> str:
    rows = dict.fromkeys(
        (_recorded(rule), settings.every(group.interval), rule.why)
        for group in groups
        for rule in group.rules
        if isinstance(rule, Recording)
    )
    return f"## Recorded series\n\n{table(('name', 'every', 'what'), rows)}"


def _recorded(rule: Recording) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in rule.labels)
    return f"`{rule.record}{{{labels}}}`" if labels else f"`{rule.record}`"
