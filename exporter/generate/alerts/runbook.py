"""alerts/runbook.md: what each alert means and what to do about it."""

from collections.abc import Sequence

from exporter.generate.alerts.alertmanager import NEVER_PLANNED
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
        f"**When to stay away.** {alert.away}\n\n"
        f"**Planned work.** {_silence(alert)}\n"
    )


def _silence(alert: Alert) -> str:
    if alert.severity == "none":
        return "Never silence it: the receiver outside would call."
    if alert.life_safety or alert.condition in NEVER_PLANNED:
        return "Never silence it: no work explains this alert."
    # some alerts are of no single device
    where = {"fleet_on_battery": 'site="hall-2"', "scrape_down": 'instance="exporter:10141"'}
    where |= {"nothing_watched": "", "reload": where["scrape_down"], "otlp": where["scrape_down"]}
    matchers = [f'alertname="{alert.name}"', where.get(alert.condition, 'device="ups-1"')]
    quoted = " ".join(f"'{matcher}'" for matcher in matchers if matcher)
    return (
        "If the work causes it, and only while it lasts:\n\n```\n"
        'amtool silence add --alertmanager.url=http://localhost:9093 --author="$USER" --duration=2h \\\n'
        f'  --comment="who, why, phone" {quoted}\n```'
    )
