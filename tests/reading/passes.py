"""Read passes with a function in place of a socket, on a loop whose time jumps."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.reading.decode.device_map import device_map
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.device.report import Reporter
from exporter.reading.plan.spans import Request
from exporter.reading.readpass.memory import Memory
from exporter.reading.readpass.run import ReadPass
from exporter.reading.transport.answers import LinkError, NotAskedError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Exchange, Observer
from tests import hostile

Answer = Callable[["Words", Request], int]
"""0 for the words, an exception code, or −1 for silence."""


@dataclass
class Words:
    """A device: the words it serves, those it ignores, and the seconds that an answer takes.

    `answer` is asked about every request that would be answered with words.
    """

    served: set[int]
    pins: dict[int, int] = field(default_factory=dict)
    ignored: set[int] = field(default_factory=set)
    seconds: float = 0.01
    pause: float = 0.0
    timeout: float = 1.0
    answer: Answer = lambda words, request: 0
    requests: list[Request] = field(default_factory=list)
    _free_at: float = 0.0

    def outcome(self, request: Request) -> int:
        addresses = range(request.address, request.end)
        if not self.ignored.isdisjoint(addresses):
            return -1
        if asyncio.get_running_loop().time() < self._free_at:
            return -1
        return self.answer(self, request) or (0 if self.served.issuperset(addresses) else 2)

    async def ask(self, request: Request, observe: Observer, deadline: Deadline) -> list[int]:
        """One request as a line would send it."""
        if deadline.left <= 0:
            raise NotAskedError("no time left")
        self.requests.append(request)
        outcome = self.outcome(request)
        wait = min(self.timeout, deadline.left)
        late = outcome < 0 or self.seconds >= wait
        seconds = wait if late else self.seconds
        await asyncio.sleep(seconds)
        if not late:
            self._free_at = asyncio.get_running_loop().time() + self.pause
        if late:
            observe(Exchange(request, b"", b"", seconds, None, "timeout: no answer in time"))
            raise LinkError("timeout", "no answer in time")
        if outcome:
            observe(Exchange(request, b"", b"", seconds, None, f"exception_{outcome}: exception {outcome}"))
            raise LinkError(f"exception_{outcome}", f"exception {outcome}")
        values = [self.pins.get(address, 7) for address in range(request.address, request.end)]
        observe(Exchange(request, b"", b"", seconds, values, ""))
        return values


class Passes:
    """The passes over a device, one after the other; what they learn is kept."""

    def __init__(self, words: Words, sections: Mapping[str, Any] | None = None, **settings: Any) -> None:
        config = hostile.config({
            "name": "a", "target": "10.0.0.1", "module": "cs141",
            "timeout": "5s", "request_timeout": f"{words.timeout}s", **settings,
        }, **(sections or {}))  # fmt: skip
        self.words = words
        self.map = device_map(config.devices[0], config.maps)
        self.memory = Memory(FrameWatch(60.0))
        self._reporter = Reporter(self.map)
        self.requests = 0
        self.told_of_the_device = False

    async def __call__(self, seconds: float = 5.0) -> Snapshot:
        """One pass of at most `seconds`."""
        loop = asyncio.get_running_loop()
        deadline = Deadline(loop.time() + seconds)
        before = len(self.words.requests)

        async def ask(request: Request, observe: Observer) -> list[int]:
            return await self.words.ask(request, observe, deadline)

        one = ReadPass(self.map, self.memory, ask, deadline, lambda: None, loop.time)
        await one.run()
        self.requests = len(self.words.requests) - before
        self.told_of_the_device = not one.cut_short
        decoded = self._reporter.decode(one.progress, self.memory, now=loop.time())
        self.memory.counts.see(decoded.alive)
        return self._reporter.snapshot(
            one.progress, decoded, self.memory, time=1.7e9, duration=0.0, allowed=seconds
        )

    async def every(self, seconds: float, times: int) -> list[Snapshot]:
        """Passes that start every `seconds`."""
        loop = asyncio.get_running_loop()
        snapshots = []
        for _ in range(times):
            next_at = loop.time() + seconds
            snapshots.append(await self())
            await asyncio.sleep(max(next_at - loop.time(), 0))
        return snapshots


UPS = range(97, 143)
BACS = range(1000, 2710)
HEAD = {1000: 0x41, 1001: 0, 1002: 0, 1005: 0}
CALM = {109: 1} | dict.fromkeys(range(115, 139), 0)
ALL = {"ups": True, "bacs": True, "strings": True, "modules": True}


def cs141(strings: int, modules: int, *, but: Iterable[int] = (), **settings: Any) -> Words:
    """A CS141 with a BACS that serves all words `but` some."""
    no_alarms = dict.fromkeys(range(1063, 2710, 5), 0)
    pins: Mapping[int, int] = CALM | HEAD | no_alarms | {1003: strings, 1004: modules}
    return Words({*UPS, *BACS} - {*but}, dict(pins), **settings)
