"""What flags have in common: those that may be given several times, and values that are wrong."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def add_config_file(parser: argparse.ArgumentParser, help_text: str, flag: str = "--config.file") -> None:
    """Let `parser` take a configuration file; it is a Path in `config_file`, or None."""
    parser.add_argument(flag, metavar="FILE", dest="config_file", type=Path, help=help_text)


def add_prefix_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that say below which path the endpoints stand."""
    parser.add_argument(
        "--web.external-url", metavar="URL",
        help="where people reach the exporter, for example behind a proxy; alerts link there "
        "(default: the address that Prometheus scrapes)",
    )  # fmt: skip
    parser.add_argument(
        "--web.route-prefix", metavar="PATH",
        help="path in front of all endpoints (default: the path of --web.external-url)",
    )  # fmt: skip


class Repeated(list[str]):
    """Values that came from the environment: the first one on the command line takes their place."""

    def __init__(self, values: Sequence[str]) -> None:
        super().__init__(value.strip() for value in values if value.strip())


class AppendFlag(argparse.Action):
    """Collects the values of a repeatable flag; argparse's own "append" would add to the default instead."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Take one more value."""
        known = getattr(namespace, self.dest)
        fresh = [] if known is None or isinstance(known, Repeated) else list(known)
        setattr(namespace, self.dest, [*fresh, str(values)])
