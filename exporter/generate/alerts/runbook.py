"""alerts/runbook.md: what each alert means and what to do about it."""

from collections.abc import Sequence

from exporter.generate.alerts.model import Alert, Group
from exporter.generate.alerts.texts import read_text


def runbook(groups: Sequence[Group]) -> str:
    """The page as Markdown; the anchor of a section is the alert's name in lower case."""
    parts = [read_text("texts", "runbook.md")]
    for group in groups:
        parts.append(f"# {group.title}\n")
        parts += [_section(rule) for rule in group.rules if isinstance(rule, Alert)]
    return "\n".join(parts)


def _section(alert: Alert) -> str:
    concerns = ", concerns lives" if alert.life_safety else ""
    return (
        f"## {alert.name}\n\n"
        f"*{alert.severity}{concerns}.* {alert.summary}\n\n"
        f"**What it means.** {alert.means}\n\n"
        f"**Check first.** {alert.check}\n\n"
        f"**What it leads to.** {alert.leads}\n\n"
        f"**When to stay away.** {alert.away}\n"
    )
