"""One read pass over one device: what to ask for, and what is learned from the answers."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain

from exporter.maps.model import Group
from exporter.reading.decode.decode import real_words
from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.decode.layout import Layout
from exporter.reading.decode.truth import bacs_is_there
from exporter.reading.plan.spans import Request, Span
from exporter.reading.readpass.asking import Ask, Asker, Progress
from exporter.reading.readpass.batches import make_requests
from exporter.reading.readpass.memory import LOOK_EVERY, Memory
from exporter.reading.readpass.narrow import Narrowing
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline

__all__ = ["Ask", "KeptPlan", "Progress", "ReadPass"]

_FRAME_WAIT = 2.0  # seconds within which a gateway's counter is given the chance to move
_FRAME_PAUSE = 0.25


class KeptPlan:
    """The plan of the last pass: an unchanged device is planned once."""

    def __init__(self) -> None:
        self._key: object = None
        self._plan: Sequence[Request] = ()

    def of(self, key: object, make: Callable[[], Sequence[Request]]) -> Sequence[Request]:
        """The plan made for `key` last time, or a new one."""
        if key != self._key:
            self._plan, self._key = make(), key
        return self._plan


class ReadPass:
    """Reads one device once. `deadline` may be moved while the pass runs.

    `stand_back` is called before a pause: others on the line go first.
    """

    def __init__(
        self,
        device: DeviceMap,
        kept_plan: KeptPlan,
        memory: Memory,
        ask: Ask,
        deadline: Deadline,
        stand_back: Callable[[], None],
    ) -> None:
        self.device = device
        self._kept_plan = kept_plan
        self.memory = memory
        self.deadline = deadline
        self._stand_back = stand_back
        self._clock = asyncio.get_running_loop().time
        self._started = self._clock()
        memory.recheck_limits(self._started)
        self._asked_for: list[Collection[Span]] = []
        self._unanswered: set[Span] = set()
        self._cut: set[Span] = set()
        self._left_before = memory.left
        self._spared = False
        self.progress = Progress(self._layout())
        self._asker = Asker(
            ask, self.progress, deadline,
            tries=1 if memory.failed_last else 2, request_timeout=device.config.options.request_timeout,
        )  # fmt: skip
        self._narrowing = Narrowing(device, memory, self._asker, self._clock())

    async def run(self) -> None:
        """Read everything; ends early when the device stays silent or the deadline comes."""
        try:
            await self._read_all()
        finally:
            self._note_left()

    async def _read_all(self) -> None:
        await self._read_layout()
        # what was found, or a changed count, may ask for more: strings and modules
        self._look_around()
        layout = self._layout()
        if layout is not self.progress.layout:
            self.progress.layout = layout
            await self._read_layout()
        await self._watch_frame()
        await self._narrowing.finish()
        self.memory.served.update(self.progress.words)
        self._note_too_many()
        if self.progress.words:
            self.memory.failed_last = False
        elif self._asker.failed:
            self.memory.failed_last = True
        elif self._asker.refusals:
            self.progress.errors.append("every address asked for is refused (exception 2 or 3)")

    @property
    def cut_short(self) -> bool:
        """Whether nothing went wrong but that the time was over."""
        return self._asker.out_of_time and not self._asker.failed

    # what to read

    def _layout(self) -> Layout:
        memory = self.memory
        now = self._clock()
        without = set()
        for group in self._optional_groups():
            is_bacs = group.name == "bacs"
            required = is_bacs and self.device.bacs_required
            waiting = group.name not in memory.found and now < memory.next_look.get(group.name, 0)
            if (is_bacs and self.device.config.options.bacs == "off") or (waiting and not required):
                without.add(group.name)
        there = memory.found - memory.lost - without
        for group in self.device.groups:
            if group.repeat:
                parent = self.device.counting_group(group)
                if parent.optional and parent.name not in there:
                    without.add(group.name)
        return self.device.layout(memory.counts, frozenset(without))

    def _optional_groups(self) -> Iterable[Group]:
        return (group for group in self.device.groups if group.optional and group.repeat is None)

    def _look_around(self) -> None:
        """Learn from the words at hand which groups there are and how often the repeating ones repeat."""
        memory, progress = self.memory, self.progress
        for group in self._optional_groups():
            spans = progress.layout.group_spans.get(group.name)
            if not spans:
                continue  # it is not looked for in this pass
            real = real_words(progress.layout, progress.words, {word.name for word in group.words})
            if real:
                memory.lost.discard(group.name)
            there = bacs_is_there(real) if group.name == "bacs" else bool(real)
            if there:
                memory.found.add(group.name)
                continue
            unanswered = not real and not self._unanswered.isdisjoint(spans)
            # a device that is silent altogether says nothing of its groups, nor does a want of time
            came_first = not self._unanswered.isdisjoint({*self._left_before} & {*spans})
            asked = not self._tried().isdisjoint(spans) and (
                not unanswered or bool(progress.words) or came_first
            )
            if not asked or not self._cut.isdisjoint(spans):
                continue
            if group.name not in memory.found:
                # one lost answer is no absence, but what never answers must not cost a timeout in every pass
                again = unanswered and group.name not in memory.next_look and not came_first
                memory.next_look[group.name] = self._clock() + (0 if again else LOOK_EVERY)
            elif not real and not unanswered:
                memory.lost.add(group.name)
        said = self._said()
        expect = self.device.config.expect
        for group in self.device.groups:
            if group.repeat:
                configured = {"strings": expect.strings, "modules": expect.modules}.get(group.name, 0)
                before = memory.counts.get(group.name, 0)
                known = said.get(group.repeat.count, 0 if said else before)
                if known > group.repeat.max:
                    known = before  # it is no count of what is in the map
                memory.counts[group.name] = max(configured, known, memory.alive.get(group.name, 0))

    def _said(self) -> dict[str, int]:
        """How many strings and modules the device says it has, by the names of the counting words."""
        names = {group.repeat.count for group in self.device.groups if group.repeat}
        return real_words(self.progress.layout, self.progress.words, names)

    def _note_too_many(self) -> None:
        said = self._said()
        for group in self.device.groups:
            if group.repeat and (number := said.get(group.repeat.count, 0)) > group.repeat.max:
                self.progress.errors.append(f"{number} {group.name}, but the map holds {group.repeat.max}")

    def _note_left(self) -> None:
        """Remember what there was no time for: the next pass starts with it, or it would never be read."""
        progress, memory = self.progress, self.memory
        memory.left = ()
        if self._spared:
            memory.unheard.update(self._left_before)
        memory.unheard = {span for span in memory.unheard if not progress.has(span)}
        if not progress.words or not (self.deadline.left <= 0 or self._asker.out_of_time):
            return
        tried = self._tried()
        unread = {
            span
            for span in progress.layout.spans
            if not progress.has(span) and (span not in tried or span in self._cut)
        } - memory.refused.keys()
        if not unread:
            return
        spans = progress.layout.group_spans
        names = [name for name in spans if not unread.isdisjoint(spans[name])]
        progress.errors.append(f"ran out of time before {', '.join(names)} could be read")
        unread -= memory.unheard
        if progress.answering < (self._clock() - self._started) / 2:
            # not the device is slow: what comes first anyway has time enough in the next pass
            unread.difference_update(*(spans[group.name] for group in self._single_groups()))
        memory.left = tuple(span for span in self._in_order() if span in unread)

    # reading

    def _tried(self) -> set[Span]:
        """What was asked for in this pass."""
        return set(chain.from_iterable(self._asked_for))

    async def _read_layout(self) -> None:
        memory = self.memory
        now = self._clock()
        due = {span for span, again in memory.refused.items() if now >= again}
        await self._fetch_all(self._plan())
        if due:
            layout = self.progress.layout
            again = (due & {*layout.spans}) - self._tried()
            self._asked_for.append(again)
            for part in (again & layout.flags, again - layout.flags):
                for request in make_requests(list(part), self.device, memory):
                    await self._narrowing.again(request)

    def _plan(self) -> Sequence[Request]:
        layout, memory = self.progress.layout, self.memory
        if self._asked_for:
            return self._make_plan()
        # the layout itself is part of the key: it is compared by identity, and kept alive by being there
        refused, unreadable = frozenset(memory.refused), frozenset(memory.unreadable)
        key = (layout, memory.max_words, refused, unreadable, frozenset(memory.found), self._left_before)
        return self._kept_plan.of(key, self._make_plan)

    def _make_plan(self) -> Sequence[Request]:
        memory, tried = self.memory, self._tried()
        wanted = [s for s in self.progress.layout.spans if s not in tried and s not in memory.refused]
        if not wanted:
            return []
        rank = {span: number for number, span in enumerate(self._in_order())}
        requests = make_requests(wanted, self.device, memory)
        return sorted(requests, key=lambda request: min(rank[span] for span in request.spans))

    def _in_order(self) -> Iterable[Span]:
        """The spans in the order in which to ask: what does not repeat, what was left over, then the rest.

        The alarms are in what does not repeat, so it comes first in every pass. Only where the device is too
        slow for even that, what was left over has its turn first. What may not be there comes last.
        """
        spans = self.progress.layout.group_spans
        there = frozenset(self.progress.layout.spans)
        left = [span for span in self._left_before if span in there]
        groups = sorted((group for group in self.device.groups if group.name in spans), key=self._urgency)
        single = self._single_groups()
        turns = not {span for group in single for span in spans[group.name]}.isdisjoint(left)
        sure = [group for group in single if not group.optional or group.name in self.memory.found]
        first = [span for group in sure for span in spans[group.name]]
        ordered = dict.fromkeys([*left, *first] if turns else [*first, *left])
        for group in groups:
            ordered |= dict.fromkeys(spans[group.name])
        return ordered

    def _single_groups(self) -> list[Group]:
        """The groups of this pass that do not repeat, the most urgent first."""
        spans = self.progress.layout.group_spans
        groups = (group for group in self.device.groups if group.repeat is None and group.name in spans)
        return sorted(groups, key=self._urgency)

    def _urgency(self, group: Group) -> tuple[bool, bool, bool]:
        counting = self.device.counting_group(group) if group.repeat else group
        sections = {trust.section for trust in self.device.trusts}
        vouches = any(word.section in sections for word in group.words)
        return counting.optional and counting.name not in self.memory.found, counting.optional, not vouches

    async def _fetch_all(self, requests: Sequence[Request]) -> None:
        pending = list(reversed(requests))
        while pending and not self._asker.given_up:
            max_words = self.memory.max_words
            request = pending.pop()
            self._asked_for.append(request.spans)
            try:
                await self._asker.ask(request)
            except LinkError as error:
                if self._narrowing.is_refusal(error):
                    await self._narrowing.refused(request)
                elif self._asker.out_of_time and self.progress.words:
                    self._cut.update(request.spans)
                else:
                    self._unanswered.update(request.spans)
                    if self._left_before and not self.progress.words and not self._spared:
                        # what was left over came first, but its silence says nothing of the rest
                        self._spared, self._asker.given_up = True, self._asker.out_of_time
            if self.memory.max_words != max_words:
                rest = [span for waiting in pending for span in waiting.spans]
                pending = list(reversed(make_requests(rest, self.device, self.memory)))

    # gateway frames

    async def _watch_frame(self) -> None:
        """Read a gateway frame again until its counter is seen moving, for 2 s at most."""
        layout, progress, watch = self.progress.layout, self.progress, self.memory.frame
        if not any(trust.rule == "frame" for trust in layout.trusts.values()):
            return
        counter = layout.words["sequence_number"].formula
        names = counter.names if counter else ("sequence_number",)
        group = layout.words["sequence_number"].group
        frame, keys = layout.group_spans[group], layout.group_keys[group]
        until = self._clock() + _FRAME_WAIT
        while True:
            raws = real_words(layout, progress.words, names)
            # nothing but zeros are the words of a PLC that was cleared
            if len(raws) < len(names) or not any(map(progress.words.get, keys)):
                watch.forget()
                return
            number = counter(raws) if counter else raws["sequence_number"]
            watch.observe(int(number or 0), self._clock())
            left = min(until - self._clock(), self.deadline.left)
            if watch.moving(self._clock()) or self._asker.given_up or left <= _FRAME_PAUSE:
                return
            self._stand_back()
            await asyncio.sleep(_FRAME_PAUSE)
            self._asked_for = [self._tried().difference(frame)]
            await self._read_layout()
