"""`generex-exporter simulate`: a CS141 with BACS on a TCP or serial port, to try and to drill with."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.errors import UsageError
from exporter.maps import DEFAULT_MODULE
from exporter.simulator.scenarios import out_of_reach, scenario_summaries

if TYPE_CHECKING:
    from exporter.recording.form import Recording
    from exporter.simulator.server import Server

_STORY = {"strings": 2, "battery_modules": 40, "scenario": "normal", "set": []}
"""The flags that say what a plant does, with their defaults; a recording leaves no room for them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `simulate` to `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    summaries = scenario_summaries()
    width = max(len(name) for name in summaries)
    lines = [f"  {name:<{width}}  {text}" for name, text in summaries.items()]
    parser.epilog = "\n".join(["scenarios:", *lines])
    parser.add_argument(
        "--listen",
        metavar="WHERE",
        default="127.0.0.1:5020",
        help="HOST:PORT (default %(default)s), rtu-tcp://HOST:PORT, rtu:///dev/ttyUSB0?baudrate=9600 or pty",
    )
    parser.add_argument(
        "--unit", type=int, metavar="N", help="unit id, 0 to 255 (default 1, or that of the recording)"
    )
    parser.add_argument("--strings", type=int, metavar="N", help="battery strings, 1 to 10 (default 2)")
    parser.add_argument(
        "--battery-modules",
        type=int,
        metavar="N",
        help="BACS modules in all, up to 330 (default 40); 0 means a CS141 without BACS",
    )
    parser.add_argument("--scenario", metavar="NAME", help="what happens (default normal), see below")
    parser.add_argument(
        "--speed", type=float, metavar="X", default=1.0, help="time runs X times as fast (default 1)"
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="ADDRESS=VALUE",
        help="pin a word, decimal or 0x hex, over what the scenario says; may be repeated",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="serve what `record` wrote, over and over, refusals and silence too, instead of a scenario",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; 0 then.

    Raises UsageError for bad values and an unknown scenario, UserError for a bad recording, and when it
    cannot listen.
    """
    given = [name for name in _STORY if getattr(args, name) is not None]
    if args.replay is not None and given:
        flag = given[0].replace("_", "-")
        raise UsageError(f"--{flag} does not go with --replay: the recording says what the device holds")
    try:
        if args.replay is not None:
            return _replay(args)
        return _simulate(args, {name: default for name, default in _STORY.items() if name not in given})
    except ValueError as error:
        raise UsageError(str(error)) from None


def _simulate(args: argparse.Namespace, defaults: dict[str, object]) -> int:
    from exporter.simulator.server import Simulator  # late: other commands need not wait for pymodbus

    story = vars(args) | defaults
    simulator = Simulator(
        story["scenario"],
        listen=args.listen,
        strings=story["strings"],
        modules=story["battery_modules"],
        unit=1 if args.unit is None else args.unit,
        speed=args.speed,
        pins=parse_pins(story["set"]),
    )
    for text in out_of_reach(simulator.scenario, simulator.plant.strings, simulator.plant.modules):
        print(f"generex-exporter: {text}", file=sys.stderr)
    scenario = simulator.scenario
    return asyncio.run(_serve(simulator, f"simulating {scenario.name}", scenario.module))


def _replay(args: argparse.Namespace) -> int:
    from exporter.recording.form import read_recording
    from exporter.simulator.replayer import Replayer

    recording = read_recording(args.replay)
    replayer = Replayer(recording, listen=args.listen, unit=args.unit, speed=args.speed)
    return asyncio.run(_serve(replayer, _title(recording, args.replay), recording.header.module))


def _title(recording: "Recording", path: Path) -> str:
    number = len(recording.passes)
    passes = f"{number} pass{'' if number == 1 else 'es'} in {recording.seconds:.3g} s"
    return f"replaying {path}, {passes}, over and over"


def parse_pins(texts: list[str]) -> dict[int, int]:
    """The words pinned by `--set ADDRESS=VALUE`. Raises UsageError that names the text."""
    pins = {}
    for text in texts:
        address, separator, value = text.partition("=")
        try:
            if not separator:
                raise ValueError
            pins[_word(address)] = _word(value)
        except ValueError:
            raise UsageError(
                f'bad --set "{text}": write ADDRESS=VALUE, both from 0 to 65535, like 109=12 or 1000=0x41'
            ) from None
    return pins


def _word(text: str) -> int:
    number = int(text, 0)
    if not 0 <= number <= 0xFFFF:
        raise ValueError
    return number


async def _serve(server: "Server", title: str, module: str) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with server:
        print(f"{title} (unit {server.unit}) on {server.address}")
        flag = "" if module == DEFAULT_MODULE else f" --module={module}"
        print(f"try: generex-exporter probe '{server.target}'{flag}", flush=True)
        await stop.wait()
    return 0
