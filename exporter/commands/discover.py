"""find out what a device serves, which map fits, and write a configuration to start from"""

import argparse
import asyncio
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from exporter import __version__
from exporter.commands.scan import add_scan_arguments, run_scan
from exporter.config import check_name, load_config
from exporter.discover.ask import Listener, Talk
from exporter.discover.configfile import config_text
from exporter.discover.findings import Findings, judge, twins
from exporter.discover.heard import ranges
from exporter.discover.report import terminal_text, vendor_report
from exporter.discover.survey import FRAME_WORDS, survey
from exporter.durations import seconds
from exporter.errors import UsageError, UserError
from exporter.files import refuse_existing, write_whole
from exporter.hints import Failure, with_next_step
from exporter.maps import built_in_maps
from exporter.progress import Progress
from exporter.reading.transport.answers import LinkError
from exporter.targets import Endpoint, Target, parse_target

_TIRED = "run it again with a longer --pause and --timeout, and while nobody else reads the device"
_LONGEST = 60.0  # seconds; for one answer, and for the pause


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `discover`."""
    parser.add_argument("target", metavar="URL", help="the device, like tcp://10.0.0.7")
    parser.add_argument(
        "--units", metavar="RANGE", help="unit ids to look for, like 1-10 or 1,3,7 (default: the target's)"
    )
    parser.add_argument("--write", metavar="FILE", type=Path, help="write a configuration to start from")
    parser.add_argument("--name", metavar="NAME", help="name of the device there (default: its address)")
    parser.add_argument("--report", metavar="FILE", type=Path, help="write all raw words, for the vendor")
    parser.add_argument("--force", action="store_true", help="replace these files where they exist")
    parser.add_argument(
        "--pause", metavar="DURATION", default="100ms", help="pause between requests (default: 100ms)"
    )
    parser.add_argument(
        "--timeout", metavar="DURATION", default="2s", help="longest wait for an answer (default: 2s)"
    )
    parser.add_argument(
        "--prof.base-address", metavar="N", type=int, default=0,
        help="where a PLC may serve the frame of a gateway SNMP_PROF (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--bits", action="store_true", help="ask for coils and discrete inputs, too (function codes 1 and 2)"
    )
    add_scan_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was found and write the files asked for; 1 when nothing answers or no map fits."""
    try:
        target = parse_target(args.target)
        units = parse_units(args.units) if args.units else [target.unit]
    except ValueError as error:
        raise UsageError(str(error)) from None
    pause = seconds("--pause", args.pause, 0, _LONGEST)
    timeout = seconds("--timeout", args.timeout, 0.001, _LONGEST)
    try:
        if args.name is not None:
            check_name(args.name)
    except ValueError as error:
        raise UsageError(f"bad --name: {error}") from None
    base = vars(args)["prof.base_address"]
    if not 0 <= base <= 0x10000 - FRAME_WORDS:
        raise UsageError(f"--prof.base-address is a number from 0 to {0x10000 - FRAME_WORDS}, not {base}")
    for path in (args.write, args.report):
        if path is not None:
            refuse_existing(path, force=args.force)
    if args.scan is not None:
        return run_scan(args, replace(target, unit=units[0]), len(units), pause=pause, timeout=timeout)
    with Progress() as progress:
        talk_settings = {"pause": pause, "timeout": timeout}
        found = asyncio.run(_discover(target, units, base, args.bits, talk_settings, progress))
    return _finish(args, target, units, found, progress)


def parse_units(text: str) -> list[int]:
    """Unit ids written as `1-10` or `1,3,7`, each once. Raises ValueError."""
    units: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,3})(?:-([0-9]{1,3}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not 0 <= first <= last <= 255:
            raise ValueError(f'bad --units "{text}": write ids from 0 to 255, like 1-10 or 1,3,7')
        units |= dict.fromkeys(range(first, last + 1))
    return list(units)


async def _discover(
    target: Target,
    units: Sequence[int],
    base: int,
    bits: bool,
    settings: dict[str, float],
    progress: Progress,
) -> list[Findings]:
    talk = Talk(target.endpoint, **settings, say=progress.detail)
    try:
        progress.step(f"asking {target.endpoint.address} for unit {ranges(units)}")
        there, failure = await talk.answering(units)
        if failure is not None and not there:
            talk.close()
            if await _speaks_modbus_tcp(talk.endpoint, units[0], settings, progress):
                raise UserError(f"{failure}\n  it answers as Modbus/TCP: write tcp://{talk.endpoint.address}")
            raise UserError(_nobody(target, units, failure))
        found = []
        for listener in there:
            progress.step(f"reading unit {listener.heard.unit}")
            await survey(listener, frame_base=base, bits=bits)
            found.append(_judged(listener))
        return found
    finally:
        talk.close()


async def _speaks_modbus_tcp(
    endpoint: Endpoint, unit: int, settings: dict[str, float], progress: Progress
) -> bool:
    """Whether what did not answer as a serial server answers as Modbus/TCP.

    The other way round nothing is tried: a careless Modbus/TCP server could take the bytes of a serial
    request for another function code than that of reading.
    """
    if endpoint.transport != "rtu-tcp":
        return False
    talk = Talk(replace(endpoint, transport="tcp"), **settings, say=progress.detail)
    try:
        return await Listener(talk, unit, tries=1).greet() is None
    finally:
        talk.close()


def _judged(listener: Listener) -> Findings:
    heard = listener.heard
    heard.silent -= heard.words.keys() | heard.refused.keys()
    if listener.gave_up:
        heard.complete = False
        heard.notes.append("it fell silent on the way: the rest was not asked for")
    return judge(heard)


def _nobody(target: Target, units: Sequence[int], failure: LinkError) -> str:
    asked = replace(target, unit=units[0])
    text = with_next_step(Failure(asked, failure.reason, str(failure), units, by_discover=True))
    if failure.reason in ("resolve", "connect") or len(units) == 1:
        return text
    return f"none of the units {ranges(units)} answers\n" + text


def _finish(
    args: argparse.Namespace,
    target: Target,
    units: Sequence[int],
    found: Sequence[Findings],
    progress: Progress,
) -> int:
    maps = built_in_maps()
    alike = twins(found)
    silent = [unit for unit in units if unit not in {item.heard.unit for item in found}]
    for item in found:
        print(f"{replace(target, unit=item.heard.unit).url} answers as unit {item.heard.unit}\n")
        print(terminal_text(item, maps) + "\n")
    for unit, other in alike.items():
        print(f"Unit {unit} says what unit {other} says: one device that answers to every unit id?")
    if silent:
        print(f"No answer from unit {ranges(silent)}")
    head = f"Found on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by generex-exporter {__version__} discover"
    if args.report is not None:
        write_whole(args.report, vendor_report(head, target.endpoint.transport, found, maps))
        progress.step(f"wrote {args.report}: send it to the vendor or with a bug report")
    tired = [item.heard.unit for item in found if not item.heard.complete]
    if tired:
        nothing = ", so no configuration was written" if args.write else ""
        raise UserError(f"unit {ranges(tired)} fell silent on the way{nothing}: {_TIRED}")
    if not any(item.maps for item in found):
        nothing = ", so nothing was written" if args.write else ""
        if shift := next((item.shifted for item in found if item.shifted), None):
            raise UserError(f"the words are shifted{nothing}: {shift.text}; a map of your own reads that")
        step = "" if args.report else "; run it again with --report FILE and send that to the vendor"
        why = found[0].why_no_map
        raise UserError(f"{why[0].lower()}{why[1:]}{nothing}{step}")
    if args.write is not None:
        named = [(_name(args.name, target, item, found), _at(target, item), item) for item in found]
        write_whole(args.write, config_text(head, named, alike), check=load_config)
        start = f"generex-exporter --config.file {shlex.quote(str(args.write))}"
        progress.step(f"wrote {args.write}: read it, then {start}")
    return 0


def _at(target: Target, item: Findings) -> Target:
    return replace(target, unit=item.heard.unit)


def _name(name: str | None, target: Target, item: Findings, found: Sequence[Findings]) -> str:
    if name is None:
        return _at(target, item).default_name
    return name if len(found) == 1 else f"{name}-{item.heard.unit}"
