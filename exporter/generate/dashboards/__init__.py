"""the Grafana dashboards: fleet, UPS, BACS and the exporter itself"""

import argparse
from collections.abc import Mapping

from exporter.maps.model import Map

OUT = "dashboards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Thresholds, as `generate alerts` takes them: boards and alerts must agree."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="another value for a threshold, the same as for the alerts (repeatable)",
    )  # fmt: skip


def files(maps: Mapping[str, Map], args: argparse.Namespace) -> dict[str, str]:
    """The boards as JSON by their file names.

    Raises UserError for a bad threshold, and without grafana-foundation-sdk, an optional extra.
    """
    from exporter.generate.alerts.thresholds import parse_settings, threshold_values
    from exporter.generate.dashboards.boards import board_files

    return board_files(maps, threshold_values(parse_settings(args.set)))
