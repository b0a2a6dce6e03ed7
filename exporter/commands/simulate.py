"""`generex-exporter simulate`: a CS141 with BACS on a TCP or serial port, to try and to drill with."""

import argparse
import asyncio
import signal
from typing import TYPE_CHECKING

from exporter.errors import UserError
from exporter.simulator.scenarios import scenario_summaries

if TYPE_CHECKING:
    from exporter.simulator.server import Simulator


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
    parser.add_argument("--unit", type=int, metavar="N", default=1, help="unit id, 0 to 255 (default 1)")
    parser.add_argument(
        "--strings", type=int, metavar="N", default=2, help="battery strings, 1 to 10 (default 2)"
    )
    parser.add_argument(
        "--battery-modules",
        type=int,
        metavar="N",
        default=40,
        help="BACS modules in all, up to 330 (default 40); 0 means a CS141 without BACS",
    )
    parser.add_argument(
        "--scenario", metavar="NAME", default="normal", help="what happens (default %(default)s), see below"
    )
    parser.add_argument(
        "--speed", type=float, metavar="X", default=1.0, help="time runs X times as fast (default 1)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="ADDRESS=VALUE",
        help="pin a word, decimal or 0x hex, over what the scenario says; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; 0 then. Raises UserError for bad values and when it cannot listen."""
    from exporter.simulator.server import Simulator  # late: other commands need not wait for pymodbus

    try:
        simulator = Simulator(
            args.scenario,
            listen=args.listen,
            strings=args.strings,
            modules=args.battery_modules,
            unit=args.unit,
            speed=args.speed,
            pins=parse_pins(args.set),
        )
    except ValueError as error:
        raise UserError(str(error)) from None
    return asyncio.run(_serve(simulator))


def parse_pins(texts: list[str]) -> dict[int, int]:
    """The words pinned by `--set ADDRESS=VALUE`. Raises UserError that names the text."""
    pins = {}
    for text in texts:
        address, separator, value = text.partition("=")
        try:
            if not separator:
                raise ValueError
            pins[_word(address)] = _word(value)
        except ValueError:
            raise UserError(
                f'bad --set "{text}": write ADDRESS=VALUE, both from 0 to 65535, like 109=12 or 1000=0x41'
            ) from None
    return pins


def _word(text: str) -> int:
    number = int(text, 0)
    if not 0 <= number <= 0xFFFF:
        raise ValueError
    return number


async def _serve(simulator: "Simulator") -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with simulator:
        print(f"simulating {simulator.scenario.name} (unit {simulator.unit}) on {simulator.address}")
        # a gateway frame is read as such; an EverExceed on the default map is meant to be read wrongly
        module = " --module=prof" if simulator.scenario.personality == "prof" else ""
        print(f"try: generex-exporter probe '{simulator.target}'{module}", flush=True)
        await stop.wait()
    return 0
