"""rebuild the shipped files from the register maps, also from your own"""

import argparse
import importlib
from pathlib import Path

from exporter.commands.flags import add_config_file
from exporter.config import load_config
from exporter.files import write_files
from exporter.generate import KINDS
from exporter.maps import built_in_maps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The kinds as subcommands, each with its own arguments."""
    kinds = parser.add_subparsers(metavar="KIND", dest="kind", required=True)
    for name in KINDS:
        module = importlib.import_module(f"exporter.generate.{name}")
        help_text = (module.__doc__ or "").strip().splitlines()[0]
        kind = kinds.add_parser(name, help=help_text, description=help_text, allow_abbrev=False)
        add_config_file(kind, "take also the maps that this configuration names", flag="--config")
        kind.add_argument(
            "--out", metavar="DIR", type=Path, default=Path(module.OUT), help="folder (default: %(default)s)"
        )
        module.add_arguments(kind)
        kind.set_defaults(files=module.files)


def run(args: argparse.Namespace) -> int:
    """Write the files of a kind, say which, and return 0. Raises UserError where one cannot be written."""
    maps = load_config(args.config_file).maps if args.config_file else built_in_maps()
    for path in write_files(args.out, args.files(maps, args)):
        print(f"wrote {path}")
    return 0
