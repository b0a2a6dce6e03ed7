"""`check FILE`: reads a configuration as `serve` would and names everything that is wrong in it."""

import argparse
import json
import sys
from pathlib import Path

from exporter.commands.twice import said_of_names
from exporter.config import Config, config_json_schema, load_config, refuse_nothing_to_read
from exporter.durations import format_duration
from exporter.errors import UsageError, UserError
from exporter.plaintext import lines
from exporter.reading.transport.resolve import Resolver
from exporter.serialports import passing_names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `check`: a file of one kind, of both, or `--schema`."""
    parser.description = "Check configuration files. Every mistake is named with its line."
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the configuration file")
    parser.add_argument(
        "--web.config.file", metavar="FILE", dest="web_config_file", type=Path,
        help="a web configuration, with the certificates it names",
    )  # fmt: skip
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of the configuration, for editors"
    )


def run(args: argparse.Namespace) -> int:
    """Print a summary and return 0, or print every mistake to standard error and return 1.

    Raises UsageError where there is nothing to check.
    """
    checks = [(check, path) for check, path in ((_config, args.file), (_web, args.web_config_file)) if path]
    if bool(checks) == args.schema:
        raise UsageError("give a FILE, --web.config.file FILE or both, or --schema alone")
    if args.schema:
        print(json.dumps(config_json_schema(), indent=2, ensure_ascii=False))
        return 0
    outcomes = [check(path) for check, path in checks]  # of all of them, so that every mistake is named
    return 0 if all(outcomes) else 1


def _config(path: Path) -> bool:
    try:
        config = load_config(path)
        refuse_nothing_to_read(config, path)
    except UserError as error:
        print(lines(str(error)), file=sys.stderr)
        return False
    print(f"{path}: good: {summary(config)}")
    for device in config.devices:
        maps = ", ".join(device.maps)
        print(f"  {device.name}: {device.target.url}, module {device.module} ({maps})")
        options = device.options
        if options.any_transaction and device.target.endpoint.transport != "tcp":
            print(
                "    any_transaction means nothing on a serial line: its answers carry no transaction number"
            )
        if options.timeout <= options.request_timeout:
            print(
                f"    timeout {format_duration(options.timeout)} leaves no time beside request_timeout "
                f"{format_duration(options.request_timeout)}: one answer that is lost costs the whole pass"
            )
    for text in said_of_names(config.devices, Resolver()):
        print(f"  {text}")
    for port, name in passing_names(device.target for device in config.devices):
        print(f"  {port} may be another adapter after a restart: its lasting name is {name}")
    return True


def _web(path: Path) -> bool:
    from exporter.web.security import CurrentWebConfig

    try:
        config = CurrentWebConfig(path).config
    except UserError as error:
        print(lines(str(error)), file=sys.stderr)
        return False
    print(f"{path}: good: {', '.join(sorted(config.protections)) or 'neither TLS nor users'}")
    return True


def summary(config: Config) -> str:
    """How much a configuration holds, in words."""
    used = len({device.module for device in config.devices})
    counts = ((len(config.devices), "device"), (used, "module"), (len(config.map_files), "own map"))
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
