"""alert and recording rules, their runbook, and alertmanager.yml"""

from exporter.generate.alerts.model import Settings
from exporter.generate.alerts.recording import recording_groups
from exporter.generate.alerts.render import rule_file


def rule_files(settings: Settings) -> dict[str, str]:
    """The files by their path."""
    return {
        "alerts/recording.rules.yml": rule_file(
            recording_groups(settings), settings, "What alerts and dashboards share."
        )
    }
