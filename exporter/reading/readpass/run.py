"""One read pass over one device: what to ask for, and what is learned from the answers."""

import asyncio
import math
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.plan.order import in_order
from exporter.reading.plan.spans import Request, Span
from exporter.reading.readpass.asking import Ask, Asker, Clock
from exporter.reading.readpass.frame import FRAME_PAUSE, FRAME_WAIT, observe_frame
from exporter.reading.readpass.looking import layout_now, look_around, no_bacs, too_many
from exporter.reading.readpass.memory import Memory
from exporter.reading.readpass.narrow import Narrowing
from exporter.reading.readpass.planning import make_requests, parts
from exporter.reading.readpass.progress import Outcome, Progress
from exporter.reading.readpass.suspects import SURE, halves
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline

_HEARD = (Outcome.READ, Outcome.REFUSED)
PACING_MISSED = 2  # requests of a pass that were answered only when asked again; one is a lost answer


class ReadPass:
    """Reads one device once. `deadline` may be moved while the pass runs.

    `stand_back` is called before a pause: others on the line go first.
    """

    def __init__(
        self,
        device: DeviceMap,
        memory: Memory,
        ask: Ask,
        deadline: Deadline,
        stand_back: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.device = device
        self.memory = memory
        self.deadline = deadline
        self.began = False  # whether it has its line, and time
        self._stand_back = stand_back
        self._clock = clock
        self._started = clock()
        self._left_before = memory.left_over
        self._silent: list[Request] = []
        self._spared = False
        self._planned_for = 0
        self.progress = Progress(layout_now(device, memory, self._started))
        options = device.config.options
        # it may be deaf after connecting
        tries = 1 if memory.read_nothing and options.idle_close else 2
        self._asker = Asker(
            ask, self.progress, deadline, clock, tries=tries, request_timeout=options.request_timeout
        )
        self._narrowing = Narrowing(device, memory, self._asker, self._started)

    async def run(self) -> None:
        """Read everything; ends early when the device stays silent or the deadline comes."""
        self.began = self.deadline.left > 0
        try:
            await self._read_all()
        finally:
            if self.memory.suspects.pieces or not self.progress.smooth:
                self._note_suspects()
            self._note_left_over()

    def fail(self, error: LinkError) -> None:
        """There is no way to the device: nothing can be asked."""
        self.progress.failures.append(error.reason)
        self.progress.errors.append(str(error))
        self._asker.failed = self.deadline.left > 0
        self._asker.out_of_time = not self._asker.failed
        self.memory.read_nothing = self.memory.read_nothing or self._asker.failed

    @property
    def refused(self) -> bool:
        """Whether the device refused everything that it was asked for."""
        if self.progress.words:
            return False
        unread = {*self.progress.unread.values()}
        return bool(unread) and unread <= {Outcome.REFUSED, Outcome.ABSENT}

    @property
    def cut_short(self) -> bool:
        """Whether nothing went wrong but that the time was over."""
        asker = self._asker
        answered = asker.answered and not self.progress.words  # it refused, or was busy
        return asker.out_of_time and not asker.failed and not answered

    async def _read_all(self) -> None:
        memory, progress = self.memory, self.progress
        await self._read_layout()
        # what was found, or a changed count, may ask for more: strings and modules
        look_around(self.device, memory, progress, self._clock())
        layout = layout_now(self.device, memory, self._clock())
        if layout is not progress.layout:
            progress.layout = layout
            await self._read_layout()
        if progress.layout.frame:
            await self._watch_frame(progress.layout.frame)
        if memory.suspects.pieces:
            await self._ask_silent(most=1)
        if not progress.smooth:
            await self._narrowing.finish()
        memory.refusals.note_served(progress.words)
        progress.errors += [*too_many(self.device, progress), *no_bacs(self.device, memory, progress)]
        if progress.asked_twice >= PACING_MISSED:
            progress.errors.append(
                f"{progress.asked_twice} requests were answered only when they were asked again: if that is "
                "so in every pass, the device needs a pause between requests (pacing, such as 50ms)"
            )
        if progress.words:
            memory.read_nothing = False
        elif self._asker.failed:
            memory.read_nothing = True
        elif self.refused:
            progress.errors.append(f"every address asked for is refused: {', '.join(self._asker.refusals)}")

    async def _read_layout(self) -> None:
        memory, begins = self.memory, not self.progress.begun
        due = self._due()
        flags = due & self.progress.layout.flags
        if not flags.isdisjoint(self._left_before):
            await self._ask_again(flags, most=1)
        plan = self._plan()
        # an alarm may not stay hidden because there is never time for all: only one request goes first, which
        # shows whether the device answers
        await self._fetch_all(plan[:1])
        if flags:
            await self._ask_again(flags)
        if begins and memory.limits.due(self._started):
            await self._narrowing.try_without_limits()
        if begins and memory.suspects.pieces:
            await self._ask_silent()
        await self._fetch_all(plan[1:])
        if due:
            await self._ask_again(due - flags)

    def _due(self) -> set[Span]:
        """The refused words that are to be asked for again in this pass, and were not yet."""
        due = self.memory.refusals.due(self._started)
        return {span for span in due if self._is_open(span)}

    def _is_open(self, span: Span) -> bool:
        """Whether the device may have the word, and was not asked for it in this pass."""
        return span.key in self.progress.layout.keys and self.progress.outcome(span) is None

    async def _ask_again(self, spans: Collection[Span], most: int | None = None) -> None:
        left = [span for span in spans if self.progress.outcome(span) is None]
        for request in make_requests(left, self.device, self.memory)[:most]:
            await self._narrowing.again(request)

    def _plan(self) -> Sequence[Request]:
        layout, memory = self.progress.layout, self.memory
        self._planned_for = memory.limits.max_words
        if self.progress.begun:
            return self._make_plan()
        # the layout itself is part of the key: it is compared by identity, and kept alive by being there
        key = (
            layout, memory.limits.max_words, frozenset(memory.limits.unreadable),
            frozenset(memory.refusals.spans), tuple(memory.suspects.pieces),
            frozenset(memory.presence.found), self._left_before,
        )  # fmt: skip
        if memory.planned is None or memory.planned[0] != key:
            memory.planned = key, self._make_plan()
        return memory.planned[1]

    def _make_plan(self) -> Sequence[Request]:
        memory, progress = self.memory, self.progress
        refused = memory.suspects.refused
        silent = memory.suspects.spans - refused
        apart = memory.refusals.spans | silent
        wanted = [s for s in progress.layout.spans if s not in apart and progress.outcome(s) is None]
        if not wanted:
            return []
        places = self._places()
        pieces = [
            [span for span in piece.spans if self._is_open(span) and span not in memory.refusals]
            for piece in memory.suspects.pieces
            if piece.refused
        ]
        pieces.append([span for span in wanted if span not in refused])
        requests = [
            request for piece in pieces if piece for request in make_requests(piece, self.device, memory)
        ]
        requests.sort(key=lambda request: min(places[span] for span in request.spans))
        # what is refused in part shows little of the device: something else goes before it
        sound = (at for at, request in enumerate(requests) if refused.isdisjoint(request.spans))
        requests.insert(0, requests.pop(next(sound, 0)))
        return requests

    def _places(self) -> dict[Span, int]:
        return in_order(parts(self.device, self.progress.layout, self.memory), self._left_before)

    async def _fetch_all(self, requests: Sequence[Request]) -> None:
        pending = list(reversed(requests))
        while pending and not self._asker.given_up:
            if self.memory.limits.max_words != self._planned_for:
                became = self.progress.outcome
                rest = [span for waiting in pending for span in waiting.spans if became(span) is None]
                pending = list(reversed(make_requests(rest, self.device, self.memory)))
                self._planned_for = self.memory.limits.max_words
                continue
            outcome = await self._ask(pending.pop())
            said_nothing = outcome is Outcome.SILENT and not self.progress.words
            if said_nothing and self._left_before and not self._spared:
                # what was left over came first, but its silence says nothing of the rest
                self._spared, self._asker.given_up = True, self._asker.out_of_time

    async def _ask(self, request: Request, *, once: bool = False) -> Outcome:
        """Ask, and see to what comes of it."""
        outcome = await self._asker.ask(request, once=once)
        if outcome is Outcome.REFUSED:
            await self._narrowing.refused(request)
        elif outcome is Outcome.SILENT:
            self._silent.append(request)
        return outcome

    async def _ask_silent(self, *, most: float = math.inf) -> None:
        """Ask for what gave no answer in up to `most` passes, until one is silent again: silence is dear."""
        memory, words = self.memory, self.progress.words
        heard: list[Sequence[Span]] = []
        for piece in memory.suspects.pieces:
            spans = tuple(s for s in piece.spans if self._is_open(s) and s not in memory.refusals)
            if piece.refused or piece.times > most or not spans:
                continue
            # of words that were read before, one answer may have been lost
            sure = SURE if any(map(memory.refusals.was_served, spans)) else 1
            parts = halves(spans, self.progress.layout.alarms) if piece.times >= sure else [spans]
            for part in parts:
                for request in make_requests(part, self.device, self.memory):
                    if self._asker.given_up or await self._ask(request, once=bool(words)) not in _HEARD:
                        return
            if len(parts) > 1:
                await self._blame_silence(parts)
            else:
                heard += parts
        await self._blame_silence(heard)

    async def _blame_silence(self, pieces: Sequence[Sequence[Span]]) -> None:
        """All pieces of what was silent are read: if the whole is not, it is a gap, or the length."""
        requests = make_requests([span for piece in pieces for span in piece], self.device, self.memory)
        whole = max(requests, key=lambda request: request.count, default=None)
        together = [piece for piece in pieces if whole and {*piece} <= {*whole.spans}]
        if whole is None or len(together) < 2 or not all(map(self.progress.has, whole.spans)):
            return
        if self._asker.given_up or await self._asker.ask(whole, once=True) is not Outcome.SILENT:
            return
        gaps = (range(left[-1].end, right[0].address) for left, right in pairwise(sorted(together, key=min)))
        gap = [address for between in gaps for address in between]
        self.memory.limits.learn_from(self._started, whole, gap, self.progress.longest)

    async def _watch_frame(self, frame: Sequence[Span]) -> None:
        """Read a gateway frame again until its counter is seen moving, for 2 s at most."""
        progress, watch = self.progress, self.memory.frame
        until = self._clock() + FRAME_WAIT
        while observe_frame(watch, progress, self._clock()):
            left = min(until - self._clock(), self.deadline.left)
            if watch.moving(self._clock()) or self._asker.given_up or left <= FRAME_PAUSE:
                return
            self._stand_back()
            await asyncio.sleep(FRAME_PAUSE)
            apart = self.memory.refusals.spans | self.memory.suspects.spans
            served = [span for span in frame if span not in apart]
            await self._fetch_all(make_requests(served, self.device, self.memory))

    def _note_suspects(self) -> None:
        """Remember the words without an answer; a word that never answers is left out like a refused one."""
        progress, memory = self.progress, self.memory
        silent = [request.spans for request in self._silent]
        others, in_time = bool(progress.words), self._asker.failed
        for span in memory.suspects.settle(
            progress.outcome, silent, self._narrowing.unfinished,
            others=others, in_time=in_time, alarms=progress.layout.alarms,
        ):  # fmt: skip
            memory.refusals.add(span, self._started, flags=span in progress.layout.flags)

    def _note_left_over(self) -> None:
        """Remember what there was no time for: the next pass starts with it, or it would never be read."""
        progress = self.progress
        self.memory.left_over = ()
        if not progress.words or not (self.deadline.left <= 0 or self._asker.out_of_time):
            return
        layout, refusals = progress.layout, self.memory.refusals
        alarms = refusals.due(self._started) & layout.flags
        suspects = {span for span in self.memory.suspects.refused if not progress.has(span)}
        unread = {
            span
            for span in layout.spans
            if (span in suspects or progress.outcome(span) in (None, Outcome.CUT_OFF))
            and (span not in refusals or span in alarms)
        }
        if not unread:
            return
        spans = layout.group_spans
        names = [name for name in spans if not unread.isdisjoint(spans[name])]
        progress.errors.append(f"ran out of time before {', '.join(names)} could be read")
        unread -= self.memory.suspects.spans - suspects
        if progress.answering < (self._clock() - self._started) / 2:
            # the device was fast enough: its single groups fit into the next pass
            single = (part for part in parts(self.device, layout, self.memory) if not part.repeats)
            unread.difference_update(*(part.spans for part in single))
        self.memory.left_over = tuple(span for span in self._places() if span in unread)
