"""a simulated CS141 with BACS and the exporter on it, on this machine alone"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from exporter import logs
from exporter.commands.serve import PORT, add_log_arguments
from exporter.config import load_config
from exporter.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `demo`."""
    parser.add_argument(
        "--web.listen-address", default=f"127.0.0.1:{PORT}", metavar="[HOST]:PORT",
        help=f"where the exporter listens (default: 127.0.0.1:{PORT})",
    )  # fmt: skip
    parser.add_argument(
        "--scenario", default="demo", metavar="NAME",
        help="what happens to the simulated plant (default: demo, which runs through a power failure)",
    )  # fmt: skip
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help="how fast its time runs (default: 1)"
    )
    add_log_arguments(parser)


def _command() -> str:
    """How this program was called, for whoever copies the line."""
    called = Path(sys.argv[0])
    return f"{sys.executable} -m exporter" if called.name == "__main__.py" else sys.argv[0]


def run(args: argparse.Namespace) -> int:
    """Simulate and serve until told to stop."""
    from exporter.simulator.server import Simulator
    from exporter.web.server import ListenAddress, serve
    from exporter.web.state import State

    options = vars(args)
    logs.set_up(options["log.level"], options["log.format"])
    try:
        address = ListenAddress.parse(options["web.listen_address"])
        simulator = Simulator(args.scenario, listen="127.0.0.1:0", strings=2, modules=40, speed=args.speed)
    except ValueError as error:
        raise UsageError(str(error)) from None

    async def greet(open_at: Sequence[str]) -> None:
        base = f"http://{open_at[0]}"
        print(
            f"\nA simulated CS141 with BACS (2 strings, 40 modules) runs through the scenario "
            f"{simulator.scenario.name!r}.\n"
            f"  its page         {base}/\n"
            f"  its metrics      {base}/metrics\n"
            f"  one probe        {base}/probe?target=demo\n"
            f"  what went over   {base}/probe?target=demo&debug=true\n"
            f"  on the terminal  {_command()} probe {simulator.target}\n"
            "Ctrl-C ends it.\n",
            file=sys.stderr,
            flush=True,
        )

    async def main() -> None:
        async with simulator:
            targets = [f"demo={simulator.target}"]
            module = simulator.scenario.module
            state = State(lambda: load_config(targets=targets, module=module), timeout_offset=0.5)
            await serve(state, [address], on_ready=greet)

    asyncio.run(main())
    return 0
