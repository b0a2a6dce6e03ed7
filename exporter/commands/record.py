"""write down raw words over time, for bug reports and `simulate --replay`"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from exporter import __version__, logs
from exporter.commands.flags import add_config_file
from exporter.commands.one_device import one_device
from exporter.config import load_config
from exporter.durations import seconds
from exporter.errors import UsageError, UserError
from exporter.files import refuse_existing, write_whole
from exporter.hints import Failure, with_next_step
from exporter.maps import DEFAULT_MODULE
from exporter.progress import Progress
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.recording.capture import capture, timestamp
from exporter.recording.form import Header, Pass

_STDOUT = "-"
_SHORTEST, _DAY = 0.001, 86400.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `record`."""
    parser.add_argument(
        "target", metavar="URL", help="the device, like tcp://10.0.0.7, or its name in the configuration"
    )
    parser.add_argument("file", metavar="FILE", help="where to, as JSON lines; - for standard output")
    parser.add_argument("--module", metavar="NAME", help=f"what to read there (default: {DEFAULT_MODULE})")
    add_config_file(parser, "know the devices, modules and maps of this configuration")
    parser.add_argument(
        "--interval", metavar="DURATION", default="10s", help="from one pass to the next (default: 10s)"
    )
    parser.add_argument("--duration", metavar="DURATION", help="end after this time (default: at Ctrl-C)")
    parser.add_argument("--count", metavar="N", type=int, help="end after this many passes")
    parser.add_argument(
        "--no-target", action="store_true", help="leave the address of the device out of the file"
    )
    parser.add_argument("--force", action="store_true", help="replace the file where it exists")


def run(args: argparse.Namespace) -> int:
    """Record until the end or Ctrl-C, which is 0; 1 when nothing could be read in any pass."""
    with logs.quiet():  # what is wrong with the device stands in the recording
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    interval = seconds("--interval", args.interval, _SHORTEST, _DAY)
    duration = seconds("--duration", args.duration, _SHORTEST, 365 * _DAY) if args.duration else None
    if args.count is not None and args.count < 1:
        raise UsageError(f"--count: {args.count} is less than 1")
    fleet = Fleet(load_config(args.config_file))
    device = one_device(fleet, args.target, args.module)
    header = Header(
        version=__version__,
        started=timestamp(datetime.now(UTC)),
        target=None if args.no_target else device.config.target.url,
        transport=device.config.target.endpoint.transport,
        unit=device.config.target.unit,
        module=device.config.module,
        interval=interval,
    )
    recorder = _Recorder(device, interval, args.count, duration, hide=args.no_target)
    with Progress() as progress, _opened(args.file, header, force=args.force) as file:
        progress.step(f"recording {device.config.target.url} every {interval:g} s; Ctrl-C ends it")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_recorded(recorder, fleet, file, progress))
        place = "" if args.file == _STDOUT else f" in {args.file}"
        progress.step(f"{recorder.passes} pass{'' if recorder.passes == 1 else 'es'}{place}")
    if not recorder.ever_up:
        raise UserError(f"nothing could be read from {device.config.target.url}")
    return 0


@contextmanager
def _opened(name: str, header: Header, *, force: bool) -> Iterator[TextIO]:
    """The file with its header: it appears with that line whole, and grows by whole lines."""
    if name == _STDOUT:
        sys.stdout.write(header.line())
        sys.stdout.flush()
        yield sys.stdout
        return
    path = Path(name)
    refuse_existing(path, force=force)
    write_whole(path, header.line())
    with path.open("a", encoding="utf-8", newline="\n") as file:
        yield file


class _Recorder:
    """Makes passes, and remembers whether any of them read something."""

    def __init__(
        self, device: Device, interval: float, count: int | None, duration: float | None, *, hide: bool
    ) -> None:
        self.passes = 0
        self.ever_up = False
        self._device = device
        self._interval = interval
        self._count = count
        self._duration = duration
        self._hide = hide
        self._was_up: bool | None = None

    async def run(self, file: TextIO, progress: Progress) -> None:
        """Write pass after pass, each begun an interval after the one before, or when that one is done."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            at = loop.time() - began
            line, snapshot = await capture(self._device, at, hide=self._hide)
            # in one piece: whatever ends the program, the file ends with a whole line
            file.write(line.line())
            file.flush()
            self.passes += 1
            self.ever_up = self.ever_up or snapshot.up
            self._report(line, snapshot, progress)
            due = at + self._interval
            if self.passes == self._count or (self._duration is not None and due >= self._duration):
                return
            await asyncio.sleep(max(began + due - loop.time(), 0))

    def _report(self, line: Pass, snapshot: Snapshot, progress: Progress) -> None:
        up = snapshot.up
        if up is not self._was_up and not (up and self._was_up is None):
            progress.step(f"pass {self.passes}: " + ("it answers again" if up else self._trouble(snapshot)))
        self._was_up = up
        progress.detail(f"pass {self.passes}: {len(line.requests)} requests in {line.seconds:.2f} s")

    def _trouble(self, snapshot: Snapshot) -> str:
        text = "; ".join(snapshot.errors) or "nothing was read"
        return with_next_step(Failure(self._device.config.target, snapshot.reason, text))


async def _recorded(recorder: _Recorder, fleet: Fleet, file: TextIO, progress: Progress) -> None:
    try:
        await recorder.run(file, progress)
    finally:
        fleet.close()
