"""read a device once and print what it says"""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from exporter.config import load_config
from exporter.durations import parse_duration
from exporter.errors import UserError
from exporter.exposition.prometheus import Renderer
from exporter.exposition.summary import Section, as_data, summarise
from exporter.reading.device import Device
from exporter.reading.fleet import Fleet
from exporter.reading.snapshot import Snapshot
from exporter.targets import parse_target
from exporter.terminal import SEVERITY_STYLES, columns, console, emit, emit_json, table

_FORMATS = ("table", "prometheus", "json")
_PAUSE = 2.0  # seconds between the passes of --watch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `probe`."""
    parser.add_argument(
        "target", metavar="URL", help="the device, like tcp://10.0.0.7, or its name in the configuration"
    )
    parser.add_argument("--module", metavar="NAME", help="what to read there (default: cs141)")
    parser.add_argument(
        "--config.file", metavar="FILE", help="know the devices, modules and maps of this configuration"
    )
    parser.add_argument(
        "--timeout", metavar="DURATION", help="longest time for the pass, like 5s (default: the device's)"
    )
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        help="how to print it (default: table on a terminal, prometheus in a pipe)",
    )
    parser.add_argument("--watch", action="store_true", help=f"read again every {_PAUSE:g} s until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    """Print the pass; 1 when nothing could be read."""
    # what is wrong with the device is printed with its values, not logged besides
    logging.disable(logging.WARNING)
    path = vars(args)["config.file"]
    fleet = Fleet(load_config(Path(path) if path else None))
    device = _device(fleet, args.target, args.module)
    try:
        timeout = parse_duration(args.timeout) if args.timeout else device.config.options.timeout
    except ValueError as error:
        raise UserError(f"--timeout: {error}") from None
    if timeout == 0:
        raise UserError("--timeout: must be longer than 0s")
    form = args.format or ("table" if sys.stdout.isatty() else "prometheus")
    try:
        return asyncio.run(_probe(fleet, device, timeout, form, args.watch))
    except KeyboardInterrupt:
        return 0 if args.watch else 130


def _device(fleet: Fleet, target: str, module: str | None) -> Device:
    named = fleet.devices.get(target)
    if named is None:
        try:
            return fleet.probed(parse_target(target), module or fleet.config.default_module)
        except ValueError as error:
            raise UserError(str(error)) from None
    if module not in (None, named.config.module):
        raise UserError(
            f'module "{module}" contradicts the device "{target}", which has "{named.config.module}"'
        )
    return named


async def _probe(fleet: Fleet, device: Device, timeout: float, form: str, watch: bool) -> int:
    try:
        while True:
            snapshot = await device.scrape(asyncio.get_running_loop().time() + timeout)
            if watch and sys.stdout.isatty():
                console().clear()
            _print(snapshot, form)
            if not watch:
                return 0 if snapshot.up else 1
            sys.stdout.flush()
            await asyncio.sleep(_PAUSE)
    finally:
        fleet.close()


def _print(snapshot: Snapshot, form: str) -> None:
    if form == "json":
        emit_json(as_data(snapshot))
    elif form == "prometheus":
        emit("".join(Renderer().devices([snapshot], "text")).rstrip("\n"))
        for error in snapshot.errors:
            print(f"generex-exporter: {error}", file=sys.stderr)
    elif sys.stdout.isatty():
        _draw(summarise(snapshot))
    else:
        emit(
            "\n\n".join(
                f"{section.title}\n{columns(section.columns, section.rows)}"
                for section in summarise(snapshot)
            )
        )


def _draw(sections: list[Section]) -> None:
    from rich.text import Text

    screen = console()
    for section in sections:
        drawn = table(*section.columns, title=section.title)
        for row in section.rows:
            drawn.add_row(*(Text(cell, style=_style(cell)) for cell in row))
        screen.print(drawn)


def _style(cell: str) -> str:
    if cell.startswith(("NOT ", "does not")):
        return "bold red"
    return SEVERITY_STYLES.get(cell, "")
