"""Asking a device everything once, gently: one connection, one request at a time, a pause between them.

Only function codes 3 and 4 are sent, and 1 and 2 where that was asked for.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager

from exporter.discover.heard import Asked, Heard
from exporter.reading.decode.layout import Layout
from exporter.reading.plan.spans import Request
from exporter.reading.readpass.asking import Asker, Progress
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.line import Line, Turn
from exporter.reading.transport.link import Exchange, Link, Trace
from exporter.reading.transport.resolve import Resolver
from exporter.targets import Endpoint

Say = Callable[[str], None]

AT_ONCE = 100  # words in one request: known to work in the field (device.md 4)
_REFUSED = (1, 2, 3, 4)  # a CS121 says 04 of what it cannot serve (device.md 4)
_NOBODY_THERE = (10, 11)
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

    async def ask(self, turn: Turn, request: Request, deadline: Deadline, heard: Heard) -> list[int]:
        """One request; what became of it is noted. Raises LinkError."""
        self._say(f"unit {turn.unit}: function {request.function}, {request.address}–{request.end - 1}")

        def note(exchange: Exchange) -> None:
            heard.asked.append(Asked(exchange.request, exchange.error, exchange.seconds))

        return await self._line.read(
            turn, request, timeout=self._timeout, deadline=deadline, pacing=self._pause, trace=note
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

        async def ask(request: Request, _: Trace) -> list[int]:
            return await talk.ask(self._turn, request, self._asker.deadline, self.heard)

        self._asker = Asker(ask, Progress(layout), Deadline(0.0), tries=tries, request_timeout=talk.patience)

    async def greet(self) -> LinkError | None:
        """Find out whether the unit is there, and which function code reads words; why it is not there."""
        async with self.turn():
            error = await self.once(Request(3, 100, 1))
            if error is not None and error.exception_code == 1:
                other = await self.once(Request(4, 100, 1))
                if other is None or other.exception_code in (2, 3):
                    self.heard.function, error = 4, other
            code = error.exception_code if error is not None else 0
            if code is None or code in (*_NOBODY_THERE, *_BUSY):
                return error
        return None

    def turn(self) -> AbstractAsyncContextManager[None]:
        """The time in which requests can be made."""
        return self._talk.line.turn(self._turn, idle_close=60)

    @property
    def gave_up(self) -> bool:
        """Whether the unit fell silent on the way."""
        return self._asker.given_up

    async def all_of(self, first: int, last: int) -> None:
        """Every word from `first` to `last`: what is refused is halved until single words are."""
        for request in self._chunks(first, last):
            if not await self.served(request):
                await self._narrow(request)

    async def block(self, first: int, last: int) -> bool:
        """The same for words that stand together: refused with its first and last word, all of it is.

        Returns whether any of its words is served.
        """
        for request in self._chunks(first, last):
            if await self.served(request) or request.count == 1:
                continue
            ends = [
                Request(request.function, address, 1)
                for address in sorted({request.address, request.end - 1})
            ]
            if any([await self.served(end) for end in ends]):
                await self._narrow(request)
            elif all(end.address in self.heard.refused for end in ends):
                code = self.heard.refused[request.address]
                self.heard.refused |= dict.fromkeys(range(request.address, request.end), code)
        return bool(self.heard.known(range(first, last + 1)))

    async def _narrow(self, request: Request) -> None:
        """Find out which words of a request are refused that was refused as a whole."""
        if request.count == 1 or self._asker.given_up:
            return
        for half in _halves(request):
            for part in self._chunks(half.address, half.end - 1):
                if not await self.served(part):
                    await self._narrow(part)
        self.learn_limit(request)

    def learn_limit(self, request: Request) -> None:
        """All words were served, but refused together: what is refused is the length."""
        heard = self.heard
        refused = any(a.request == request and a.outcome.startswith("exception_") for a in heard.asked)
        if refused and len(heard.known(range(request.address, request.end))) == request.count:
            longest = max(asked.request.count for asked in heard.asked if not asked.outcome)
            heard.max_words = min(heard.max_words, max(longest, 1))

    def _chunks(self, first: int, last: int) -> Iterable[Request]:
        """Requests of the length that the device takes, as far as that is known by then."""
        address = first
        while address <= last:
            count = min(self.heard.max_words, AT_ONCE, last - address + 1)
            yield Request(self.heard.function, address, count)
            address += count

    async def served(self, request: Request) -> bool:
        """Ask, unless the unit was given up, and note the answer."""
        heard = self.heard
        addresses = range(request.address, request.end)
        if self._asker.given_up:
            heard.silent.update(set(addresses) - heard.words.keys() - heard.refused.keys())
            return False
        error = await self.once(request)
        if error is None:
            heard.words.update(zip(addresses, self.words(request), strict=True))
            return True
        if error.exception_code not in _REFUSED:
            heard.silent.update(addresses)
        elif request.count == 1:
            heard.refused[request.address] = error.exception_code
        return False

    def words(self, request: Request) -> list[int]:
        """The words of a request that was answered."""
        keys = request.keys()
        return [self._asker.progress.words[key] for key in keys]

    async def once(self, request: Request) -> LinkError | None:
        """Send a request, repeated while the device is busy; why there is no answer. Nothing is noted."""
        self._asker.deadline.at = asyncio.get_running_loop().time() + self._talk.patience
        try:
            await self._asker.ask(request)
        except LinkError as error:
            # whoever is busy for so long has other masters to serve
            self._asker.given_up = self._asker.given_up or error.exception_code in _BUSY
            return error
        return None


def _halves(request: Request) -> tuple[Request, Request]:
    middle = request.count // 2
    return (
        Request(request.function, request.address, middle),
        Request(request.function, request.address + middle, request.count - middle),
    )
