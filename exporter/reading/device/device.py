"""A device: scrapes come in, shared passes go out over its line; only what it serves is remembered."""

import asyncio
import logging
import time
from dataclasses import dataclass, replace

from exporter.config import DeviceConfig
from exporter.maps import pass_metrics
from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.decode.series import Family
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.device.counters import Counters
from exporter.reading.device.history import History
from exporter.reading.device.lines import Lines
from exporter.reading.device.news import News
from exporter.reading.device.report import Reporter
from exporter.reading.plan.spans import Request
from exporter.reading.readpass.asking import Clock
from exporter.reading.readpass.looking import layout_now
from exporter.reading.readpass.memory import Memory, Sight
from exporter.reading.readpass.progress import Progress
from exporter.reading.readpass.run import PACING_MISSED, ReadPass
from exporter.reading.transport.answers import LinkError, NotAskedError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner, Observer, Observers
from exporter.reading.transport.line import Line, Turn

_RESERVE = (0.05, 0.1)  # seconds of a scrape's time kept back for rendering and sending; at most this share

_DEBUG_AT_ONCE = 2  # debug passes over a device
_PRESENT = 60.0  # seconds for which pages show a pass as the present: they read again after 15
_HURRY = 0.8  # of a device's timeout: a scraper that leaves less is in a hurry

log = logging.getLogger(__name__)


class TooManyDebugPassesError(Exception):
    """There are so many debug passes over a device that scrapes would suffer."""


@dataclass(eq=False)
class _Shared:
    """A pass under way with those who wait for it."""

    read_pass: ReadPass
    task: "asyncio.Task[None]"
    started: float
    gives_way: bool
    waiting: int = 0
    snapshot: Snapshot | None = None


class Device:
    """One configured (or probed) device. All times are the loop's monotonic seconds unless said otherwise.

    `line` is that of its last pass, or the one that was found before. Its passes are noted in `history`, if
    it has one. By `clock` what it remembers gets older. `asked` is the number of the scrape in which it was
    asked last, as the fleet counts them.
    """

    def __init__(
        self,
        device_map: DeviceMap,
        lines: Lines,
        counters: Counters,
        history: History | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.map = device_map
        self.config: DeviceConfig = device_map.config
        self.line: Line | None = None
        self.counters = counters
        self.history = history
        self.asked = 0
        self._lines = lines
        options = self.config.options
        self._manner = Manner(
            options.request_timeout, options.pacing, options.connect_delay, options.any_transaction
        )
        self._memory = Memory(FrameWatch(options.prof.stale_after))
        self._reporter = Reporter(device_map)
        self._shared: _Shared | None = None
        self._news = News()
        self._debugging = 0
        self._hurried = False  # the last pass read nothing in less time than the device has by its settings
        self._clock = clock

    def find_line(self) -> None:
        """Find the line before the first pass, where no look-up is needed: others may know it already."""
        if self.line is None:
            self.line = self._lines.known(self.config.target.endpoint)

    def take_over(self, old: "Device") -> None:
        """Go on with what `old` has learned, when its place and maps are the same and only settings changed.

        Above all the highest module seen alive: a lost one must not be forgotten because a label was edited.
        """
        known, now = old.config, self.config
        self.asked = old.asked
        if known.target.endpoint == now.target.endpoint:
            self.line = old.line
        place = (known.target, known.maps, known.options.function, known.options.prof.base_address)
        if place == (now.target, now.maps, now.options.function, now.options.prof.base_address):
            self._memory = old._memory
            self._memory.frame.stale_after = now.options.prof.stale_after
            self._news = old._news
            self.history = old.history

    async def scrape(self, deadline: float) -> Snapshot:
        """One read pass, shared with the scrapes that overlap; never raises for anything the device does.

        Ends by `deadline`, or earlier by the device's own timeout, with what was read until then.
        """
        now = asyncio.get_running_loop().time()
        deadline = min(deadline, now + self.config.options.timeout)
        while (shared := self._shared) is not None and not shared.task.done():
            # an old pass is not joined any more: what it read first would be older than this scrape may show
            recent = now - shared.started <= self.config.options.timeout
            if recent and shared.read_pass.deadline.extend(_pass_deadline(now, deadline)):
                self.counters.coalesced += 1
                return await self._wait(shared, deadline)
            await asyncio.wait({shared.task}, timeout=max(deadline - now, 0))
            now = asyncio.get_running_loop().time()
            if now >= deadline:
                break
        if now >= deadline:
            return self._unasked(now, deadline)
        self._shared = self._start(deadline)
        return await self._wait(self._shared, deadline)

    def _unasked(self, now: float, deadline: float) -> Snapshot:
        """There was no time to ask: that says nothing about the device."""
        progress = Progress(layout_now(self.map, self._memory, self._clock()))
        progress.errors.append("not asked: no time was left")
        return self._snapshot(progress, now, deadline)

    async def debug(self, deadline: float, observer: Observer) -> Snapshot:
        """A pass of its own, with every request and answer told to `observer`; scrapes go before it.

        Raises TooManyDebugPassesError.
        """
        if self._debugging >= _DEBUG_AT_ONCE:
            raise TooManyDebugPassesError(
                f'{_DEBUG_AT_ONCE} debug passes over "{self.config.name}" are running already: '
                "scrapes would have to wait; try again when one of them is over"
            )
        now = asyncio.get_running_loop().time()
        deadline = min(deadline, now + self.config.options.timeout)
        self._debugging += 1
        try:
            return await self._wait(self._start(deadline, (observer,), gives_way=True), deadline)
        finally:
            self._debugging -= 1

    @property
    def silent(self) -> bool:
        """Whether its last pass read nothing, as it gave no answer, or its unit may be silent."""
        known = self.line is not None and self.line.may_be_silent(self.config.target.unit)
        return self._memory.read_nothing or known

    def last(self, now: float) -> Snapshot | None:
        """The snapshot that pages may show as the present; none when it is too old, whatever else is known.

        `now` is the loop's time.
        """
        history = self.history
        if history is None or now - history.last_at > _PRESENT + self.config.options.timeout:
            return None
        return history.last

    def _start(self, deadline: float, observers: Observers = (), *, gives_way: bool = False) -> _Shared:
        loop = asyncio.get_running_loop()
        options = self.config.options
        turn = Turn(self.config.target.unit, gives_way)
        pass_deadline = Deadline(_pass_deadline(loop.time(), deadline))

        line: Line  # once it is found

        # nothing here may refer to the pass: it would refer to itself, and its words be kept for long
        async def ask(request: Request, note: Observer) -> list[int]:
            if gives_way and self._shared is not None:
                line.stand_back(turn)
            try:
                return await line.read(
                    turn, request, self._manner, pass_deadline, (self.counters.note, note, *observers)
                )
            except NotAskedError:
                raise
            except LinkError as error:
                self.counters.fail(error.reason)
                raise

        async def run() -> None:
            nonlocal line
            endpoint = self.config.target.endpoint
            try:
                line = await self._lines.to(endpoint, self.line, options.request_timeout, pass_deadline)
            except LinkError as error:
                self.counters.fail(error.reason)
                read_pass.fail(error)
                return
            self.line = line
            async with line.turn(turn, idle_close=options.idle_close):
                await read_pass.run()

        read_pass = ReadPass(
            self.map, self._memory, ask, pass_deadline, lambda: line.stand_back(turn), self._clock
        )
        task = loop.create_task(run(), name=f"pass {self.config.name}")
        shared = _Shared(read_pass, task, loop.time(), gives_way)
        shared.task.add_done_callback(lambda _: self._finished(shared))
        return shared

    def _finished(self, shared: _Shared) -> None:
        if self._shared is shared:
            self._shared = None
        if not shared.task.cancelled() and (error := shared.task.exception()) is not None:
            log.error("pass failed", exc_info=error, extra={"device": self.config.name})

    async def _wait(self, shared: _Shared, deadline: float) -> Snapshot:
        loop = asyncio.get_running_loop()
        shared.waiting += 1
        try:
            await asyncio.wait({shared.task}, timeout=max(deadline - loop.time(), 0))
        finally:
            shared.waiting -= 1
            last = shared.waiting == 0
            if last and not shared.task.done():
                shared.task.cancel()
                if self._shared is shared:
                    self._shared = None
        if not shared.task.done() and not last:
            return self._snapshot(shared.read_pass.progress, shared.started, deadline)
        if shared.snapshot is None:
            shared.snapshot = self._conclude(shared, deadline)
        return _allowing(shared.snapshot, _allowed(shared.started, deadline))

    def _conclude(self, shared: _Shared, deadline: float) -> Snapshot:
        """The snapshot of a pass that is over, once it was counted, logged and remembered for the pages."""
        progress, now = shared.read_pass.progress, asyncio.get_running_loop().time()
        if not progress.words:
            # a pass that read nothing has a reason, also if no request was sent
            if shared.read_pass.began and not progress.failures:
                self.counters.fail("timeout")
            if not progress.errors:
                progress.errors.append(f"nothing was read within {_allowed(shared.started, deadline):g} s")
        snapshot = self._snapshot(progress, shared.started, deadline)
        excused = self._is_excused(shared)
        if not excused:
            asked = bool(progress.failures) or progress.requests > 0
            self._news.tell(self.config, snapshot, asked=asked, refused=shared.read_pass.refused)
        if progress.asked_twice >= PACING_MISSED:
            self._news.tell_of_pacing(self.config, snapshot)
        if self.history is not None:
            self.history.note(
                snapshot,
                at=now,
                duration=now - shared.started,
                requests=progress.requests,
                excused=excused,
            )
        return snapshot

    def _is_excused(self, shared: _Shared) -> bool:
        """Whether the pass says nothing about the device, but that there was too little time for it.

        One that read nothing is excused once, and only if the scraper left less time than the settings do:
        a device that is down must not be taken for a scraper in a hurry time and again.
        """
        read_pass, before = shared.read_pass, self._hurried
        nothing = not read_pass.progress.words
        if shared.gives_way and read_pass.cut_short:
            return True  # it had what time the scrapes left
        hurried = read_pass.deadline.at - shared.started < _HURRY * self.config.options.timeout
        self._hurried = nothing and (hurried or before)
        return read_pass.cut_short and not (nothing and (before or not hurried))

    def _snapshot(self, progress: Progress, started: float, deadline: float) -> Snapshot:
        memory, now = self._memory, self._clock()
        decoded = self._reporter.decode(progress, memory, now=now)
        memory.counts.see(decoded.alive)
        if decoded.bacs_there and self.map.bacs:
            memory.presence.note(self.map.bacs, Sight.THERE, now)
        return self._reporter.snapshot(
            progress,
            decoded,
            memory,
            time=time.time(),
            duration=asyncio.get_running_loop().time() - started,
            allowed=_allowed(started, deadline),
        )


def _pass_deadline(now: float, deadline: float) -> float:
    return deadline - min(_RESERVE[0], _RESERVE[1] * (deadline - now))


def _allowed(started: float, deadline: float) -> float:
    return max(round(deadline - started, 3), 0.0)


def _allowing(snapshot: Snapshot, allowed: float) -> Snapshot:
    """The same for a scrape with a deadline of its own."""
    name = pass_metrics.SCRAPE_TIMEOUT.name
    ((series, known),) = snapshot.readings[name]
    if known == allowed:
        return snapshot
    return replace(snapshot, readings={**snapshot.readings, name: Family((series,), (allowed,))})
