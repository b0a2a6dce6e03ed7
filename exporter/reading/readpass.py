"""One read pass over one device: what to ask for, and what to do about every kind of answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from exporter.maps.model import Group
from exporter.reading.decode import real_words
from exporter.reading.layout import DeviceMap, Layout
from exporter.reading.link import LinkError
from exporter.reading.memory import LOOK_EVERY, Memory
from exporter.reading.plan import Ranges, Span, plan
from exporter.reading.truth import bacs_is_there

Ask = Callable[[Span], Awaitable[list[int]]]
"""Sends one request; raises LinkError."""

_REFUSED = (2, 3)
_BUSY = (5, 6)
_SMALLER = 100  # the request length that is known to work in the field (device.md 4)
_MAX_NARROWING = 64  # requests spent per pass on finding out which words are refused; the next pass goes on
_FRAME_WAIT = 2.0  # seconds within which a gateway's counter is given the chance to move
_FRAME_PAUSE = 0.25


@dataclass
class Progress:
    """What a pass has read so far; good at any moment for a snapshot of it."""

    layout: Layout
    words: dict[int, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    requests: int = 0
    finished: bool = False


class Layouts:
    """The layouts and plans of a device that are in use, so that an unchanged device is laid out and planned once."""

    def __init__(self, device: DeviceMap) -> None:
        self._device = device
        self._layouts: dict[object, Layout] = {}
        self._plan_key: object = None
        self._plan: list[tuple[Span, list[Span]]] = []

    def layout(self, counts: dict[str, int], without: frozenset[str]) -> Layout:
        """The layout for these counts, the same object for as long as it is in use."""
        key = (tuple(sorted(counts.items())), without)
        if key not in self._layouts:
            if len(self._layouts) >= 4:
                self._layouts.clear()
            self._layouts[key] = self._device.layout(counts, without)
        return self._layouts[key]

    def plan(self, key: object, make: Callable[[], list[tuple[Span, list[Span]]]]) -> list[tuple[Span, list[Span]]]:
        """The plan made for `key` last time, or a new one."""
        if key != self._plan_key:
            self._plan, self._plan_key = make(), key
        return self._plan


class ReadPass:
    """Reads one device once. `deadline` (loop time) may be moved while the pass runs."""

    def __init__(self, device: DeviceMap, layouts: "Layouts", memory: Memory, ask: Ask, deadline: float) -> None:
        self.device = device
        self.layouts = layouts
        self.memory = memory
        self.deadline = deadline
        self._ask_link = ask
        self._clock = asyncio.get_running_loop().time
        self._tries = 1 if memory.failed_last else 2
        self._silent_in_a_row = 0
        self._answered = False
        self._given_up = False
        self._narrowing_left = _MAX_NARROWING
        self._tried: set[Span] = set()
        self._refused_before = dict(memory.refused)
        self.progress = Progress(self._layout())

    async def run(self) -> None:
        """Read everything; ends early when the device stays silent or the deadline comes."""
        await self._read_layout()
        # what was found, or a changed count, may ask for more: strings and modules
        for _ in range(2):
            self._look_around()
            layout = self._layout()
            if layout.spans == self.progress.layout.spans:
                break
            self.progress.layout = layout
            await self._read_layout()
        await self._watch_frame()
        if not self.progress.words and self.memory.served:
            # a device that refuses everything it used to serve is starting up: that is not worth remembering
            self.memory.refused = self._refused_before
        self.progress.finished = True

    # what to read

    def _layout(self) -> Layout:
        memory = self.memory
        now = self._clock()
        without = set()
        for group in self._optional_groups():
            required = group.name == "bacs" and self.device.device.options.bacs == "required"
            off = group.name == "bacs" and self.device.device.options.bacs == "off"
            if off or (group.name not in memory.found and not required and now < memory.next_look.get(group.name, 0)):
                without.add(group.name)
        there = memory.found - memory.lost - without
        for group in self.device.groups:
            if group.repeat and (parent := self.device.counting_group(group)).optional and parent.name not in there:
                without.add(group.name)
        return self.layouts.layout(memory.counts, frozenset(without))

    def _optional_groups(self) -> Iterable[Group]:
        return (group for group in self.device.groups if group.optional and group.repeat is None)

    def _look_around(self) -> None:
        """Learn from the words at hand which optional groups there are and how often the repeating ones repeat."""
        memory, progress = self.memory, self.progress
        for group in self._optional_groups():
            spans = progress.layout.group_spans.get(group.name, ())
            if not any(span in self._tried for span in spans) or self._given_up:
                continue
            real = real_words(progress.layout, progress.words, {word.name for word in group.words})
            there = bacs_is_there(real) if group.name == "bacs" else bool(real)
            if there:
                memory.found.add(group.name)
                memory.lost.discard(group.name)
            elif not real and group.name in memory.found:
                memory.lost.add(group.name)
            elif group.name not in memory.found:
                memory.next_look[group.name] = self._clock() + LOOK_EVERY
        names = {group.repeat.count for group in self.device.groups if group.repeat}
        said = real_words(progress.layout, progress.words, names)
        expect = self.device.device.expect
        for group in self.device.groups:
            if group.repeat:
                configured = {"strings": expect.strings, "modules": expect.modules}.get(group.name, 0)
                known = said.get(group.repeat.count, memory.counts.get(group.name, 0) if not said else 0)
                memory.counts[group.name] = max(configured, known, memory.alive.get(group.name, 0))

    # reading

    async def _read_layout(self) -> None:
        memory = self.memory
        now = self._clock()
        due = [span for span, again in memory.refused.items() if now >= again]
        for request, spans in self._plan():
            await self._fetch(request, spans)
        if due:
            again = [span for span in self.progress.layout.spans if span in due and span not in self._tried]
            for request, spans in self._requests(again):
                await self._fetch(request, spans)
            for span in again:
                if span.keys()[0] in self.progress.words:
                    memory.refused.pop(span, None)
        memory.served.update(self.progress.words)

    def _plan(self) -> list[tuple[Span, list[Span]]]:
        layout, memory = self.progress.layout, self.memory

        def make() -> list[tuple[Span, list[Span]]]:
            return self._requests([s for s in layout.spans if s not in self._tried and s not in memory.refused])

        if self._tried:
            return make()
        # the layout itself is part of the key: it is compared by identity, and kept alive by being there
        key = (layout, memory.max_words, frozenset(memory.refused), frozenset(memory.unreadable))
        return self.layouts.plan(key, make)

    def _requests(self, spans: Sequence[Span], max_words: int = 0) -> list[tuple[Span, list[Span]]]:
        """The plan for `spans`, each request with the spans it covers."""
        limit = min(max_words or self.memory.max_words, self.device.device.options.max_words)
        requests = plan(spans, self._readable(), max(limit, max((s.count for s in spans), default=1)))
        result = []
        ordered = iter(sorted(spans))
        span = next(ordered, None)
        for request in requests:
            inside = []
            while span is not None and span.function == request.function and span.end <= request.end:
                inside.append(span)
                span = next(ordered, None)
            result.append((request, inside))
        return result

    def _readable(self) -> dict[int, Ranges]:
        holes = {(s.function, address) for s in self.memory.refused for address in range(s.address, s.end)}
        holes |= self.memory.unreadable
        result: dict[int, Ranges] = dict(self.device.readable)
        for function, hole in holes:
            result[function] = [part for low, high in result.get(function, ()) for part in _cut(low, high, hole)]
        return result

    async def _fetch(self, request: Span, spans: list[Span]) -> None:
        self._tried.update(spans)
        if self._given_up:
            return
        try:
            await self._ask(request)
        except LinkError as error:
            if error.exception_code in _REFUSED:
                await self._narrow(request, spans)

    async def _ask(self, request: Span) -> None:
        """One request with its repetitions; its words are kept. Raises LinkError when there is no good answer."""
        tries, pause = self._tries, 0.1
        while True:
            if self._clock() >= self.deadline:
                self._given_up = True
                raise LinkError("timeout", "no time left")
            self.progress.requests += 1
            try:
                values = await self._ask_link(request)
            except LinkError as error:
                code = error.exception_code
                self._answered = self._answered or code is not None
                if code in _BUSY and self._clock() + pause < self.deadline:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 1.0)
                    continue
                tries -= 1
                if code in (*_REFUSED, *_BUSY, 1) or tries <= 0:
                    self._note(error)
                    raise
            else:
                self._answered = True
                self._silent_in_a_row = 0
                self.progress.words.update(zip(request.keys(), values, strict=True))
                return

    def _note(self, error: LinkError) -> None:
        text = str(error)
        if error.exception_code not in _REFUSED and text not in self.progress.errors:
            self.progress.errors.append(text)
        if error.exception_code is None or error.exception_code in (10, 11):
            self._silent_in_a_row += 1
            self._tries = 1
            # a device that is silent twice, or from the start, costs no further waiting in this pass
            self._given_up = self._given_up or not self._answered or self._silent_in_a_row >= 2

    # refusals

    async def _narrow(self, request: Span, spans: list[Span]) -> None:
        """Find out which of the words of a refused request are refused, and read the others."""
        memory = self.memory
        known, pieces = set(memory.refused), []
        if request.count > _SMALLER and request.function in (3, 4):
            for piece, inside in self._requests(spans, _SMALLER):
                if await self._try(piece):
                    pieces.append((piece, inside))
            if not pieces and not self._given_up:
                memory.max_words = _SMALLER
                return
        else:
            pieces = [(request, spans)]
        for piece, inside in pieces:
            await self._bisect(piece, inside)
        everything_read = all(span.keys()[0] in self.progress.words for span in spans)
        if everything_read and set(memory.refused) == known:
            self._blame(request, spans)

    async def _try(self, request: Span) -> bool:
        """Ask; whether it was refused. Other failures are noted, and that is all."""
        starting_up = self.memory.served and not self.progress.words and self._narrowing_left < _MAX_NARROWING - 8
        if self._given_up or self._narrowing_left <= 0 or starting_up:
            return False
        self._narrowing_left -= 1
        try:
            await self._ask(request)
        except LinkError as error:
            return error.exception_code in _REFUSED
        return False

    async def _bisect(self, request: Span, spans: list[Span]) -> None:
        if len(spans) == 1 and spans[0] == request:
            self.memory.refuse(spans[0], self._clock())
            return
        spans = await self._ask_anchor(spans)
        middle = len(spans) // 2
        for half in (spans[:middle], spans[middle:]) if middle else (spans,):
            for piece, inside in self._requests(half):
                if await self._try(piece):
                    await self._bisect(piece, inside)

    async def _ask_anchor(self, spans: list[Span]) -> list[Span]:
        """Where the anchor of an optional group is refused, the whole group is; what is left to find out."""
        for group in self._optional_groups():
            anchor = next((word for word in group.words if word.name == group.anchor), None)
            if anchor is None or anchor.address is None:
                continue
            span = Span(anchor.function, anchor.address, anchor.registers)
            if span in spans and len(spans) > 1:
                if not await self._try(span):
                    return [s for s in spans if s != span]
                layout = self.progress.layout.group_spans
                family = {group.name} | {g.name for g in self.device.groups if g.repeat and self.device.counting_group(g) == group}
                gone = {s for name in family for s in layout.get(name, ())}
                return [s for s in spans if s not in gone]
        return spans

    def _blame(self, request: Span, spans: list[Span]) -> None:
        """Every word was served, only not together: a gap in between is not readable, or the request was too long."""
        covered = {address for span in spans for address in range(span.address, span.end)}
        gap = set(range(request.address, request.end)) - covered
        if gap:
            self.memory.unreadable |= {(request.function, address) for address in gap}
        else:
            self.memory.max_words = max(1, min(self.memory.max_words, request.count - 1) // 2)

    # gateway frames

    async def _watch_frame(self) -> None:
        """Read a gateway frame again until its counter is seen moving, for 2 s at most."""
        layout, progress, watch = self.progress.layout, self.progress, self.memory.frame
        if not any(trust.rule == "frame" for trust in layout.trusts.values()):
            return
        counter = layout.words["sequence_number"].formula
        assert counter is not None
        group = layout.words["sequence_number"].group
        until = min(self._clock() + _FRAME_WAIT, self.deadline)
        while True:
            raws = real_words(layout, progress.words, counter.names)
            if len(raws) < len(counter.names):
                watch.forget()
                return
            watch.observe(int(counter(raws) or 0), self._clock())
            if watch.moving(self._clock()) or self._clock() + _FRAME_PAUSE >= until:
                return
            await asyncio.sleep(_FRAME_PAUSE)
            for span in layout.group_spans[group]:
                self._tried.discard(span)
                for key in span.keys():
                    progress.words.pop(key, None)
            await self._read_layout()


def _cut(low: int, high: int, hole: int) -> Iterable[tuple[int, int]]:
    if not low <= hole <= high:
        return [(low, high)]
    return [(a, b) for a, b in ((low, hole - 1), (hole + 1, high)) if a <= b]
