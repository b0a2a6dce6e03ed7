"""Finding out why a request was refused: which words the device refuses, or how much it takes at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from exporter.maps.model import Group
from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.decode.layout import span_of
from exporter.reading.plan.spans import Request, Span
from exporter.reading.readpass.asking import Asker
from exporter.reading.readpass.memory import Limits, Memory
from exporter.reading.readpass.planning import make_requests
from exporter.reading.readpass.progress import Outcome

_SMALLER = 100  # the request length that is known to work in the field (device.md 4)
_MOST = 64  # requests spent on this in a pass; the next pass goes on with what was learned


class Narrowing:
    """The refusals of one pass.

    A device that is starting up refuses everything, which is not worth remembering. So a refusal is looked
    into once the device has served a word in this pass; one that serves nothing is left alone for a while.
    """

    def __init__(self, device: DeviceMap, memory: Memory, asker: Asker, now: float) -> None:
        self._device = device
        self._memory = memory
        self._asker = asker
        self._progress = asker.progress
        self._now = now
        self._left = _MOST
        self._postponed: list[Request] = []
        self._known_before = memory.refusals.known(), memory.limits.copy()
        self.unfinished: list[tuple[Span, ...]] = []  # what there was no time to look into any further
        self._found: set[Span] = set()  # refused in this pass, each one alone
        self._by_chance = False

    async def refused(self, request: Request) -> None:
        """Look into a refused request, now or at the end of the pass."""
        if not self._progress.words:
            required = next((span for span in request.spans if span in self._progress.layout.required), None)
            if required and len(request.spans) > 1:
                await self._refuses(required)
        if self._progress.words:
            await self._narrow(request)
        else:
            self._postponed.append(request)

    async def again(self, request: Request) -> None:
        """Ask again for what was refused before, and for one word of it in case that the rest still is.

        It is looked into only if that one is served now. A device that refuses as before costs two requests.
        """
        if self._asker.given_up or self._left <= 0:
            return
        refusals = self._memory.refusals
        refusals.rounds += 1
        spans = request.spans
        one = spans[(len(spans) // 2 + refusals.rounds) % len(spans)]
        if (
            await self._refuses(*spans)
            and len(spans) > 1
            and not await self._refuses(one)
            and self._progress.has(one)
        ):
            await self._narrow(request)
        still_due = refusals.due(self._now)
        for span in spans:
            if self._progress.has(span):
                refusals.drop(span)
            elif span in still_due and self._progress.outcome(span) in (Outcome.REFUSED, Outcome.SILENT):
                self._refuse(span)

    async def try_without_limits(self) -> None:
        """Ask for more at once than the device took before, if that is due: it may have been starting up.

        It is one request, so a device that is silent then too is still read.
        """
        limits, progress = self._memory.limits, self._progress
        if not progress.words or self._asker.given_up:
            return
        apart = self._memory.refusals.spans | self._memory.suspects.spans
        wanted = [span for span in progress.layout.spans if span not in apart]
        free = replace(self._memory, limits=Limits())
        limited = {*make_requests(wanted, self._device, self._memory)}
        tried = [request for request in make_requests(wanted, self._device, free) if request not in limited]
        if not tried:
            return
        said = len(progress.errors)
        longest = max(tried, key=lambda request: request.count)
        if await self._asker.ask(longest, once=True) is Outcome.READ:
            limits.forget()
            return
        limits.learn(self._now)
        del progress.errors[said:]
        for span in longest.spans:
            progress.unread.pop(span, None)

    async def finish(self) -> None:
        """What was put off until it is known whether the device serves anything."""
        words, refusals = self._progress.words, self._memory.refusals
        if self._postponed and (words or refusals.may_look_into(self._now)):
            for request in self._postponed:
                await self._narrow(request)
            if not words:
                refusals.looked_in_vain(self._now)
        known, limits = self._known_before
        if words and (anew := sorted(self._found - known.keys())):
            # a device that refuses by chance is known by serving now what it refused a moment ago
            for request in make_requests(anew, self._device, self._memory):
                await self.again(request)
        self._by_chance = self._by_chance or any(map(self._progress.has, self._found))
        if not words or self._by_chance:
            self.unfinished = []
        if not words:
            refusals.go_back(known)
        elif self._by_chance:
            refusals.doubt(known, self._now)
            self._memory.limits = limits
        self._postponed = []

    async def _narrow(self, request: Request) -> None:
        spans = request.spans
        pieces = [request]
        there = await self._without_absent_groups(spans)
        if there != spans:
            pieces = await self._refused_of(there)
        elif request.count > _SMALLER and request.function in (3, 4):
            pieces = await self._refused_of(spans, _SMALLER)
            if not pieces and self._all_read(spans):
                self._memory.limits.learn(self._now, max_words=_SMALLER)
        while pieces:
            request = pieces.pop()
            spans = request.spans
            if len(spans) == 1:
                self._refuse(spans[0])
                continue
            middle = len(spans) // 2
            refused = [
                piece for half in (spans[:middle], spans[middle:]) for piece in await self._refused_of(half)
            ]
            if not refused and self._all_read(spans):
                await self._blame(request, spans[middle - 1], spans[middle])
            pieces += reversed(refused)

    def _refuse(self, span: Span) -> None:
        self._found.add(span)
        self._memory.refusals.add(span, self._now, flags=span in self._progress.layout.flags)

    def _all_read(self, spans: Iterable[Span]) -> bool:
        return all(self._progress.has(span) for span in spans)

    async def _refused_of(self, spans: Sequence[Span], max_words: int = 0) -> list[Request]:
        """Ask for `spans` and give back the requests that were refused."""
        refused = []
        for request in make_requests(spans, self._device, self._memory, max_words):
            outcome = await self._ask(request)
            if outcome is Outcome.REFUSED:
                refused.append(request)
            elif outcome in (None, Outcome.CUT_OFF):
                self.unfinished.append(request.spans)
        return refused

    async def _refuses(self, *spans: Span) -> bool:
        """Ask for `spans` at once; whether that is refused."""
        return await self._ask(Request.of(*spans)) is Outcome.REFUSED

    async def _ask(self, request: Request) -> Outcome | None:
        """Ask, and what became of it; None where nothing more is to be asked."""
        if self._asker.given_up or self._left <= 0:
            return None
        self._left -= 1
        return await self._asker.ask(request)

    async def _without_absent_groups(self, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        """Where the anchor of an optional group and one more of its words are refused, the whole group is.

        That is not remembered; an anchor that is refused alone is.
        """
        for group in self._device.groups:
            anchor = _anchor(group)
            if (
                anchor in spans
                and not self._progress.has(anchor)
                and (spans == (anchor,) or await self._refuses(anchor))
            ):
                witness = _witness(group, anchor)
                if witness is not None and (self._progress.has(witness) or not await self._refuses(witness)):
                    if self._progress.has(witness):
                        self._refuse(anchor)
                        spans = tuple(span for span in spans if span != anchor)
                    continue
                of_group = self._progress.layout.group_spans
                family = [
                    g for g, _ in self._device.repeating_groups if self._device.counting_group(g) == group
                ]
                for member in (group, *family):
                    self._progress.miss(of_group.get(member.name, ()), Outcome.ABSENT)
        return tuple(span for span in spans if self._progress.outcome(span) is not Outcome.ABSENT)

    async def _blame(self, request: Request, left: Span, right: Span) -> None:
        """All words were served, but not together: it was chance, or the gap in the middle, or the length.

        Only what is refused time after time is no chance.
        """
        for _ in range(2):
            outcome = await self._ask(request)
            if outcome is not Outcome.REFUSED:
                self._by_chance = self._by_chance or outcome is Outcome.READ
                return
        gap = range(left.end, right.address)
        in_gap = gap and await self._refuses(left, right)
        self._memory.limits.learn_from(self._now, request, gap if in_gap else (), self._progress.longest)


def _anchor(group: Group) -> Span | None:
    if not group.optional or group.repeat is not None:
        return None
    return next((span_of(word) for word in group.words if word.name == group.anchor), None)


def _witness(group: Group, anchor: Span) -> Span | None:
    """A word besides the anchor: the first that every such group has or, without one, any."""
    others = sorted(group.words, key=lambda word: word.optional)
    return next((span for word in others if (span := span_of(word)) not in (None, anchor)), None)
