"""the Grafana dashboards: fleet, UPS, BACS and the exporter itself"""

import argparse
from collections.abc import Mapping

from exporter.maps.model import Map

OUT = "dashboards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `generate alerts`: boards and alerts must agree."""
    from exporter.generate import alerts

    alerts.add_arguments(parser)


def files(maps: Mapping[str, Map], args: argparse.Namespace) -> dict[str, str]:
    """The boards as JSON by their file names.

    Raises UserError for a bad threshold, and without grafana-foundation-sdk, an optional extra.
    """
    from exporter.generate.alerts import settings_of
    from exporter.generate.dashboards.boards import board_files

    return board_files(settings_of(maps, args))
