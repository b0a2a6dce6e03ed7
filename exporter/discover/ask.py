"""Asking a device everything once, gently: one connection, one request at a time, a pause between them.

Only function codes 3 and 4 are sent, and 1 and 2 where that was asked for.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from exporter.discover.heard import Asked, Heard
from exporter.reading.answers import LinkError
from exporter.reading.asking import Asker, Progress
from exporter.reading.deadline import Deadline
from exporter.reading.layout import Layout
from exporter.reading.line import Line, Turn
from exporter.reading.link import Exchange, Link
from exporter.reading.plan import Span
from exporter.reading.resolve import Resolver
from exporter.targets import Endpoint

Say = Callable[[str], None]

UPS_BLOCKS = (
    (97, 99),
    (100, 111),
    (112, 127),
    (128, 138),
    (139, 142),
)  # where OEM lists differ (device.md 5)
SENSORS = (143, 150)
BACS_WORDS = (1000, 1005)
BACS_RESERVED = (1006, 1009)
NUM_MODULES = 1004
STRINGS = (1010, 1059)
MODULES, MODULE_STRIDE, MOST_MODULES = 1060, 5, 330  # device.md 2.4
FRAME_WORDS = 50  # device.md 1.2
_AT_ONCE = 100  # words in one request: known to work in the field (device.md 4)
_REFUSED = (1, 2, 3, 4)  # a CS121 says 04 of what it cannot serve (device.md 4)
_NOBODY_THERE = (10, 11)
_SLOW = 20  # a device that takes fewer words at once is not asked for hundreds of words that nobody promised
_FRAME_LOOKS, _FRAME_PAUSE = 6, 0.5  # a gateway polls about once a second
_BUSY = (5, 6)
_PATIENCE = 5  # timeouts until a device that says it is busy is left alone


class Talk:
    """The conversation with one endpoint. Ends with `close`."""

    def __init__(self, endpoint: Endpoint, *, pause: float, timeout: float, say: Say) -> None:
        self.endpoint = endpoint
        self._line = Line(Link(endpoint, Resolver()))
        self._pause = pause
        self._timeout = timeout
        self._say = say

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    async def answering(
        self, units: Sequence[int], layout: Layout
    ) -> tuple[list["Listener"], LinkError | None]:
        """Those of `units` that answer anything at all, be it an exception; and how the last other failed."""
        there: list[Listener] = []
        failure: LinkError | None = None
        for unit in units:
            listener = Listener(self, unit, layout, tries=2 if len(units) == 1 else 1)
            error = await listener.greet()
            if error is None:
                there.append(listener)
            elif error.reason in ("resolve", "connect"):
                return there, error  # the other units are behind the same address
            else:
                failure = error
        return there, failure

    async def ask(self, turn: Turn, span: Span, deadline: Deadline, heard: Heard) -> list[int]:
        """One request; what became of it is noted. Raises LinkError."""
        self._say(f"unit {turn.unit}: function {span.function}, {span.address}–{span.end - 1}")

        def note(exchange: Exchange) -> None:
            heard.asked.append(Asked(exchange.span, exchange.error, exchange.seconds))

        return await self._line.read(
            turn, span, timeout=self._timeout, deadline=deadline, pacing=self._pause, trace=note
        )

    @property
    def line(self) -> Line:
        """The queue that every request goes through."""
        return self._line

    @property
    def patience(self) -> float:
        """Seconds for one request with its repetitions."""
        return _PATIENCE * self._timeout


class Listener:
    """Asks one unit, and notes in `heard` what it answers."""

    def __init__(self, talk: Talk, unit: int, layout: Layout, *, tries: int = 2) -> None:
        self.heard = Heard(unit)
        self._talk = talk
        self._turn = Turn(unit, failed=False)

        async def ask(span: Span) -> list[int]:
            return await talk.ask(self._turn, span, self._asker.deadline, self.heard)

        self._asker = Asker(ask, Progress(layout), Deadline(0.0), tries)

    async def greet(self) -> LinkError | None:
        """Find out whether the unit is there, and which function code reads words; why it is not there."""
        async with self._talk.line.turn(self._turn, idle_close=60):
            error = await self._try(Span(3, 100, 1))
            if error is not None and error.exception_code == 1:
                other = await self._try(Span(4, 100, 1))
                if other is None or other.exception_code in (2, 3):
                    self.heard.function, error = 4, other
            code = error.exception_code if error is not None else 0
            if code is None or code in (*_NOBODY_THERE, *_BUSY):
                return error
        return None

    async def survey(self, *, frame_base: int, bits: bool) -> None:
        """Ask for everything that the known lists have."""
        async with self._talk.line.turn(self._turn, idle_close=60):
            await self._survey_ups()
            await self._survey_bacs()
            await self._survey_frame(frame_base)
            await self._compare_functions()
            if bits:
                await self._survey_bits()

    @property
    def gave_up(self) -> bool:
        """Whether the unit fell silent on the way."""
        return self._asker.given_up

    async def _survey_ups(self) -> None:
        whole = Span(self.heard.function, UPS_BLOCKS[0][0], UPS_BLOCKS[-1][1] - UPS_BLOCKS[0][0] + 1)
        if not await self._served(whole):
            for first, last in UPS_BLOCKS:
                await self._all(first, last)
            self._learn_limit(whole)
        await self._all(*SENSORS)

    async def _survey_bacs(self) -> None:
        if not await self._block(*BACS_WORDS):
            return
        await self._block(*BACS_RESERVED)
        await self._all(*STRINGS)
        count = self.heard.words.get(NUM_MODULES, 0)
        count = count if count <= MOST_MODULES else 0
        last = MODULES + MODULE_STRIDE * count - 1
        if count:
            await self._all(MODULES, last)
        await self._survey_above(count)

    async def _survey_above(self, count: int) -> None:
        """Look for modules beyond the device's own count, as long as their words are served."""
        most = MOST_MODULES
        if self.heard.max_words < _SLOW:
            most = min(count + _SLOW, most)
        number = count + 1
        while number <= most and not self._asker.given_up:
            step = max(min(self.heard.max_words, _AT_ONCE) // MODULE_STRIDE, 1)
            last = min(number + step - 1, most)
            served = await self._block(_module(number), _module(last + 1) - 1)
            if not served:
                break
            number = last + 1
        if number <= MOST_MODULES:
            self.heard.notes.append(f"modules {number}–{MOST_MODULES} were not looked for")

    async def _survey_frame(self, base: int) -> None:
        """Read what may be a gateway's frame, again and again until its first byte, the counter, moves."""
        if base + FRAME_WORDS > 0x10000 or not await self._block(base, base + FRAME_WORDS - 1):
            return
        frame = range(base, base + FRAME_WORDS)
        self.heard.frame_base = base
        for look in range(_FRAME_LOOKS):
            words = tuple(self.heard.words[address] for address in frame if address in self.heard.words)
            if len(words) < FRAME_WORDS:
                return
            before, self.heard.frame = self.heard.frame, words
            if before and before[0] >> 8 != words[0] >> 8:
                self.heard.frame_moved = True
                return
            if look + 1 < _FRAME_LOOKS:
                await asyncio.sleep(_FRAME_PAUSE)
                await self._all(frame.start, frame.stop - 1)

    async def _compare_functions(self) -> None:
        """Whether the other function code gives the same words; alarm words seldom change in between."""
        heard = self.heard
        other = 7 - heard.function
        known = [address for address in (*range(115, 139), *range(100, 115), 1000) if address in heard.words]
        if not known or self._asker.given_up:
            return
        error = await self._try(Span(other, known[0], 1))
        if error is not None:
            heard.other = f"function code {other}: {error}"
            return
        (value,) = self._words(Span(other, known[0], 1))
        same = "the same" if value == heard.words[known[0]] else f"{value}, not {heard.words[known[0]]}"
        heard.other = f"function code {other} gives {same} for address {known[0]}"

    async def _survey_bits(self) -> None:
        found = []
        for function, what in ((1, "coils"), (2, "discrete inputs")):
            for first, last in ((0, 15), (97, 142)):
                if self._asker.given_up:
                    break
                span = Span(function, first, last - first + 1)
                error = await self._try(span)
                if error is None:
                    row = "".join(map(str, self._words(span)))
                    found.append(f"{what} {first}–{last}: {row}")
                else:
                    found.append(f"{what} {first}–{last}: {error}")
        self.heard.bits = tuple(found)

    # asking

    async def _all(self, first: int, last: int) -> None:
        """Every word from `first` to `last`: what is refused is halved until single words are."""
        for span in self._chunks(first, last):
            if not await self._served(span):
                await self._narrow(span)

    async def _block(self, first: int, last: int) -> bool:
        """The same for words that stand together: refused with its first and last word, all of it is.

        Returns whether any of its words is served.
        """
        for span in self._chunks(first, last):
            if await self._served(span) or span.count == 1:
                continue
            ends = [Span(span.function, address, 1) for address in sorted({span.address, span.end - 1})]
            if any([await self._served(end) for end in ends]):
                await self._narrow(span)
            elif all(end.address in self.heard.refused for end in ends):
                code = self.heard.refused[span.address]
                self.heard.refused |= dict.fromkeys(range(span.address, span.end), code)
        return bool(self.heard.known(range(first, last + 1)))

    async def _narrow(self, span: Span) -> None:
        """Find out which words of a request are refused that was refused as a whole."""
        if span.count == 1 or self._asker.given_up:
            return
        for half in _halves(span):
            for part in self._chunks(half.address, half.end - 1):
                if not await self._served(part):
                    await self._narrow(part)
        self._learn_limit(span)

    def _learn_limit(self, span: Span) -> None:
        """All words were served, but not together: what is refused is the length."""
        heard = self.heard
        if len(heard.known(range(span.address, span.end))) == span.count:
            longest = max(asked.span.count for asked in heard.asked if not asked.outcome)
            heard.max_words = min(heard.max_words, max(longest, 1))

    def _chunks(self, first: int, last: int) -> Iterable[Span]:
        """Requests of the length that the device takes, as far as that is known by then."""
        address = first
        while address <= last:
            count = min(self.heard.max_words, _AT_ONCE, last - address + 1)
            yield Span(self.heard.function, address, count)
            address += count

    async def _served(self, span: Span) -> bool:
        """Ask, unless all is known already, and note the answer."""
        heard = self.heard
        addresses = range(span.address, span.end)
        if self._asker.given_up:
            heard.silent.update(set(addresses) - heard.words.keys() - heard.refused.keys())
            return False
        error = await self._try(span)
        if error is None:
            heard.words.update(zip(addresses, self._words(span), strict=True))
            return True
        if error.exception_code not in _REFUSED:
            heard.silent.update(addresses)
        elif span.count == 1:
            heard.refused[span.address] = error.exception_code
        return False

    def _words(self, span: Span) -> list[int]:
        keys = span.keys()
        return [self._asker.progress.words[key] for key in keys]

    async def _try(self, span: Span) -> LinkError | None:
        self._asker.deadline.at = asyncio.get_running_loop().time() + self._talk.patience
        try:
            await self._asker.ask(span)
        except LinkError as error:
            # whoever is busy for so long has other masters to serve
            self._asker.given_up = self._asker.given_up or error.exception_code in _BUSY
            return error
        return None


def _module(number: int) -> int:
    return MODULES + MODULE_STRIDE * (number - 1)


def _halves(span: Span) -> tuple[Span, Span]:
    middle = span.count // 2
    return (
        Span(span.function, span.address, middle),
        Span(span.function, span.address + middle, span.count - middle),
    )
