"""read a device once and print what it says"""

import argparse
import asyncio
import shlex
import signal
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from exporter import logs
from exporter.assess.plausible import implausible
from exporter.commands.flags import add_config_file
from exporter.commands.one_device import one_device
from exporter.config import load_config
from exporter.discover.shift import shift_of
from exporter.durations import seconds
from exporter.exposition.lines import Renderer
from exporter.exposition.summary import Section, as_data, summarise
from exporter.hints import Failure, next_step
from exporter.maps import DEFAULT_MODULE
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.terminal import SEVERITY_STYLES, columns, console, emit, emit_json, table

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

_FORMATS = ("table", "prometheus", "json")
_LONGEST = 86400.0  # seconds
_PAUSE = 2.0  # seconds between the passes of --watch
_SIGN_STYLES = {
    "✖": "bold red", "◆": "bold red", "▲": "bold yellow", "?": "bold magenta", "◐": "cyan", "◇": "cyan",
    "●": "green", "✔": "green",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `probe`."""
    parser.add_argument(
        "target", metavar="URL", help="the device, like tcp://10.0.0.7, or its name in the configuration"
    )
    parser.add_argument("--module", metavar="NAME", help=f"what to read there (default: {DEFAULT_MODULE})")
    add_config_file(parser, "know the devices, modules and maps of this configuration")
    parser.add_argument(
        "--timeout", metavar="DURATION",
        help="longest time for the pass, like 2s (default, and most: the timeout of the device)",
    )  # fmt: skip
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        help="how to print it (default: table on a terminal, prometheus in a pipe)",
    )
    parser.add_argument("--watch", action="store_true", help=f"read again every {_PAUSE:g} s until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    """Print the pass; 1 when nothing could be read."""
    with logs.quiet():  # what is wrong with the device is printed with its values, not logged besides
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    fleet = Fleet(load_config(args.config_file))
    device = one_device(fleet, args.target, args.module)
    timeout = device.config.options.timeout
    if args.timeout:
        timeout = seconds("--timeout", args.timeout, 0.001, _LONGEST)
    form = args.format or ("table" if sys.stdout.isatty() else "prometheus")
    try:
        if args.watch:
            return asyncio.run(_watch(fleet, device, timeout, form))
        return asyncio.run(_probe(fleet, device, timeout, form))
    except KeyboardInterrupt:
        return 0 if args.watch else 130


async def _probe(fleet: Fleet, device: Device, timeout: float, form: str) -> int:
    try:
        snapshot = await device.scrape(asyncio.get_running_loop().time() + timeout)
    finally:
        fleet.close()
    _print(snapshot, form)
    if step := _next_step(device, snapshot):
        print(f"generex-exporter: {step}", file=sys.stderr)
    return 0 if snapshot.up else 1


def _next_step(device: Device, snapshot: Snapshot) -> str:
    """What to do about a device that said nothing in the one pass there was, or what cannot be; else ""."""
    if snapshot.up:
        target = shlex.quote(device.config.target.url)
        if shift := shift_of(snapshot):
            return f"{shift} generex-exporter discover {target} says how such a list is read"
        look = f"generex-exporter discover {target} finds out which list it speaks"
        return f"there are values that cannot be: {look}" if implausible(snapshot) else ""
    # a pass that ended while it waited counts as a timeout, although no request of it failed
    waited = "timeout" if device.counters.errors["timeout"] else ""
    text = "; ".join(snapshot.errors)
    return next_step(Failure(device.config.target, snapshot.reason or waited, text))


async def _watch(fleet: Fleet, device: Device, timeout: float, form: str) -> int:
    """Read again and again until SIGINT or SIGTERM; on a terminal the picture stays in its place."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    told = asyncio.create_task(stop.wait())
    in_place = form == "table" and sys.stdout.isatty()
    try:
        with _screen() if in_place else nullcontext() as live:
            while not told.done():
                scrape = asyncio.create_task(device.scrape(loop.time() + timeout))
                await asyncio.wait({scrape, told}, return_when=asyncio.FIRST_COMPLETED)
                if told.done():
                    scrape.cancel()
                    break
                if live is None:
                    _print(scrape.result(), form)
                    sys.stdout.flush()
                else:
                    live.update(_drawing(summarise(scrape.result())), refresh=True)
                await asyncio.wait({told}, timeout=_PAUSE)
    finally:
        told.cancel()
        fleet.close()
    return 0


def _screen() -> "Live":
    """A picture on a screen of its own, which gives the terminal back as it was."""
    from rich.live import Live

    return Live(console=console(), screen=True, auto_refresh=False, vertical_overflow="ellipsis")


def _print(snapshot: Snapshot, form: str) -> None:
    if form == "json":
        emit_json(as_data(snapshot))
    elif form == "prometheus":
        emit("".join(Renderer().devices([snapshot], "text")).rstrip("\n"))
        for error in snapshot.errors:
            print(f"generex-exporter: {error}", file=sys.stderr)
    elif sys.stdout.isatty():
        console().print(_drawing(summarise(snapshot)))
    else:
        emit(
            "\n\n".join(
                f"{section.title}\n{columns(section.columns, section.rows)}"
                for section in summarise(snapshot)
            )
        )


def _drawing(sections: list[Section]) -> "Group":
    from rich.console import Group
    from rich.text import Text

    tables = []
    for section in sections:
        drawn = table(*section.columns, title=section.title)
        for row in section.rows:
            drawn.add_row(*(Text(cell, style=_style(cell)) for cell in row))
        tables.append(drawn)
    return Group(*tables)


def _style(cell: str) -> str:
    if cell.startswith("NOT "):
        return "bold red"
    sign, blank, _ = cell.partition(" ")
    return _SIGN_STYLES.get(sign, "") if blank else SEVERITY_STYLES.get(cell, "")
