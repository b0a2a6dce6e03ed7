"""alert and recording rules, their runbook and catalogue, and alertmanager.yml

The rules are data in rules/*.yaml; the flags' texts come from the register maps.
"""

import argparse
from collections.abc import Mapping, Sequence

from exporter.config import LABEL
from exporter.durations import seconds
from exporter.generate.alerts.alertmanager import alertmanager_config, alertmanager_file
from exporter.generate.alerts.catalogue import catalogue
from exporter.generate.alerts.loading import alert_groups, recording_groups
from exporter.generate.alerts.model import Settings
from exporter.generate.alerts.outcomes import outcome_groups
from exporter.generate.alerts.render import prometheus_rule, rule_file
from exporter.generate.alerts.runbook import runbook
from exporter.generate.alerts.thresholds import parse_settings, threshold_values
from exporter.maps.model import Map

__all__ = ["loading", "model", "outcomes", "settings_of"]

OUT = "."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this kind."""
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="another value for a threshold (repeatable)",
    )
    parser.add_argument(
        "--place", metavar="LABEL", action="append", default=[], type=_label,
        help="a label that says where a device is, the site first (repeatable; default: site)",
    )  # fmt: skip
    parser.add_argument(
        "--scrape-interval", metavar="DURATION", default="15s",
        help="how often devices are scraped, 5s to 2m (default: %(default)s); windows of the rules follow it",
    )  # fmt: skip
    parser.add_argument(
        "--runbook-url",
        metavar="URL",
        default="",
        help="where alerts/runbook.md is read (default: the pages of the exporter that Prometheus scrapes)",
    )


def _label(text: str) -> str:
    """The name of a label of Prometheus: any other would make rules that it refuses."""
    if not LABEL.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a label name: letters, digits and _, no digit first'
        )
    return text


def files(maps: Mapping[str, Map], args: argparse.Namespace) -> dict[str, str]:
    """The text of each file by its path. Raises UserError for a bad threshold."""
    overrides = parse_settings(args.set)
    return alert_files(
        maps,
        overrides,
        place=tuple(args.place) or ("site",),
        runbook_url=args.runbook_url,
        scrape_interval=_scrape_interval(args),
    )


def _scrape_interval(args: argparse.Namespace) -> float:
    """Seconds. Beyond two minutes Prometheus forgets between two scrapes what an instant query asks for."""
    return seconds("--scrape-interval", args.scrape_interval, 5, 120)


def settings_of(maps: Mapping[str, Map], args: argparse.Namespace) -> Settings:
    """What the flags ask for. Raises UserError for a bad threshold."""
    place = tuple(args.place) or ("site",)
    return Settings(
        threshold_values(parse_settings(args.set)),
        maps,
        place,
        args.runbook_url,
        scrape_interval=_scrape_interval(args),
    )


def alert_files(
    maps: Mapping[str, Map],
    overrides: Mapping[str, float],
    *,
    place: Sequence[str] = ("site",),
    runbook_url: str = "",
    time_scale: float = 1.0,
    scrape_interval: float = 15.0,
) -> dict[str, str]:
    """The text of each file by its path.

    `overrides` are thresholds by name, `place` the labels that say where a device is, the site first.
    `scrape_interval`, in seconds, is what the windows of the rules are made for. `time_scale` shortens every
    time in the rules, for tests. Raises UserError for a bad threshold.
    """
    settings = Settings(
        threshold_values(overrides), maps, tuple(place), runbook_url, time_scale, scrape_interval
    )
    recordings = (*recording_groups(settings), *outcome_groups(settings))
    alerts = alert_groups(settings)
    return {
        "alerts/recording.rules.yml": rule_file(recordings, settings, "Records for alerts and dashboards."),
        "alerts/generex.rules.yml": rule_file(
            alerts, settings, "The alerts; runbook.md has a section for each."
        ),
        "alerts/alertmanager.yml": alertmanager_file(alerts, settings),
        "alerts/runbook.md": runbook(alerts),
        "deploy/kubernetes/prometheusrule.yaml": prometheus_rule((*recordings, *alerts), settings),
        "deploy/kubernetes/components/alertmanagerconfig/alertmanagerconfig.yaml": alertmanager_config(
            alerts, settings
        ),
        "docs/alerts.md": catalogue(recordings, alerts, settings),
    }
