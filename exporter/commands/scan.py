"""`discover --scan`: which addresses of an unknown list answer, and a map to name them in."""

import argparse
import asyncio
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from exporter import __version__
from exporter.config import load_config
from exporter.discover.ask import Talk
from exporter.discover.scan import scan
from exporter.discover.scanned import Place, Scanned, nothing_heard, places, rows, summary
from exporter.discover.skeleton import config_of_scan, map_text, scan_report, wanted
from exporter.durations import seconds
from exporter.errors import UsageError, UserError
from exporter.files import refuse_existing, write_whole
from exporter.hints import Failure, with_next_step
from exporter.maps import load_maps
from exporter.progress import Progress
from exporter.targets import Target
from exporter.terminal import columns

_GREETINGS = 4  # one address more, spread over all: a device may ignore the ones that it does not have
_LONGEST_WATCH = 86400.0  # seconds


def add_scan_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a scan."""
    parser.add_argument(
        "--scan", metavar="FIRST-LAST",
        help="ask for each of these addresses, for a list that nobody has published; with --write, a map of "
        "them is written beside the configuration",
    )  # fmt: skip
    parser.add_argument(
        "--watch-for", metavar="DURATION", default="2m",
        help="how long a scan looks at what moves, or until Ctrl-C (default: 2m)",
    )  # fmt: skip


def run_scan(args: argparse.Namespace, target: Target, units: int, *, pause: float, timeout: float) -> int:
    """Scan one unit, print what was heard, and write the files asked for; 1 when no word answers."""
    first, last = _addresses(args.scan)
    watch = seconds("--watch-for", args.watch_for, 0, _LONGEST_WATCH)
    if units > 1:
        raise UsageError("--scan asks one unit: give one with --units")
    map_file = None if args.write is None else args.write.with_name(f"{args.write.stem}-words.yaml")
    if map_file is not None:
        refuse_existing(map_file, force=args.force)
    scanned = Scanned(target.unit, first, last)
    with Progress() as progress:
        functions = (3, 4, 1, 2) if args.bits else (3, 4)
        try:
            asyncio.run(_scan(target, scanned, functions, watch, pause, timeout, progress))
        except KeyboardInterrupt:
            scanned.ended = "the scan was ended before its time"
        found = places(scanned)
        print("\n".join(summary(scanned)))
        if found:
            titles = (">code", ">address", ">raw", "hex", "looks like")
            print("\n" + columns(titles, [(str(row[0]), *row[1:]) for row in rows(found)]))
        return _finish(args, target, scanned, found, map_file, progress)


def _addresses(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*([0-9]{1,5})-([0-9]{1,5})\s*", text)
    first, last = (int(match[1]), int(match[2])) if match else (1, 0)
    if not first <= last <= 0xFFFF:
        raise UsageError(f'bad --scan "{text}": write two addresses from 0 to 65535, like 0-999')
    return first, last


async def _scan(
    target: Target,
    scanned: Scanned,
    functions: tuple[int, ...],
    watch: float,
    pause: float,
    timeout: float,
    progress: Progress,
) -> None:
    talk = Talk(target.endpoint, pause=pause, timeout=timeout, say=progress.detail)
    progress.step(f"scanning {target.url} gently: that takes minutes; Ctrl-C ends it with what was heard")
    length = scanned.last - scanned.first
    spread = sorted({scanned.first + length * part // _GREETINGS for part in range(_GREETINGS + 1)})
    try:
        there, failure = await talk.answering([target.unit], spread)
        if not there and failure is not None:
            raise UserError(with_next_step(Failure(target, failure.reason, str(failure))))
        await scan(talk, scanned, functions, watch=watch, step=progress.step)
    finally:
        talk.close()


def _finish(
    args: argparse.Namespace,
    target: Target,
    scanned: Scanned,
    found: list[Place],
    map_file: Path | None,
    progress: Progress,
) -> int:
    head = (
        f"Found on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by generex-exporter {__version__} discover --scan"
    )
    if args.report is not None:
        write_whole(args.report, scan_report(head, target.endpoint.transport, scanned, found))
        progress.step(f"wrote {args.report}: name the words in it")
    kept = wanted(found)
    if not kept:
        nothing = ", so no map was written" if args.write else ""
        raise UserError(f"{nothing_heard(scanned, found)}{nothing}")
    if map_file is not None:
        if len(kept) < len(found):
            progress.step(f"{len(found) - len(kept)} words that stood at 0 or filler are not in the map")
        most = min(heard.max_words for heard in scanned.heard.values())
        text = config_of_scan(head, map_file.name, args.name or target.default_name, target, most)
        write_whole(map_file, map_text(head, kept), check=lambda path: load_maps([path]))
        write_whole(args.write, text, check=load_config)
        start = f"generex-exporter --config.file {shlex.quote(str(args.write))}"
        progress.step(f"wrote {map_file} and {args.write}: read them, then {start}")
    return 0
