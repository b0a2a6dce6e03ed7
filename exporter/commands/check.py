"""`check FILE`: reads a configuration as `serve` would and names everything that is wrong in it."""

import argparse
import json
import sys
from pathlib import Path

from exporter.config import Config, config_json_schema, load_config
from exporter.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `check`: a file or `--schema`; argparse reports a wrong usage with exit code 2."""
    parser.description = "Check a configuration file. Every mistake is named with its line."
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the configuration file")
    choice.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of the configuration, for editors"
    )


def run(args: argparse.Namespace) -> int:
    """Print a summary and return 0, or print every mistake to standard error and return 1."""
    if args.schema:
        print(json.dumps(config_json_schema(), indent=2, ensure_ascii=False))
        return 0
    try:
        config = load_config(args.file)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{args.file}: good: {_summary(config)}")
    for device in config.devices:
        maps = ", ".join(device.maps)
        print(f"  {device.name}: {device.target.url}, module {device.module} ({maps})")
    return 0


def _summary(config: Config) -> str:
    used = len({device.module for device in config.devices})
    counts = ((len(config.devices), "device"), (used, "module"), (len(config.map_files), "own map"))
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
