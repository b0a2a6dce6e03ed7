"""Asking a device gently: one connection, one request at a time, a pause between them.

Only function codes 3 and 4 are sent, and 1 and 2 where that was asked for.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from exporter.discover.heard import Asked, Heard
from exporter.reading.plan.spans import Request
from exporter.reading.transport import answers
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Exchange, Manner
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.transports import connection_to
from exporter.targets import Endpoint

Say = Callable[[str], None]

AT_ONCE = 100  # words in one request: known to work in the field (device.md 4)
_REFUSED = (*answers.REFUSED, answers.CANNOT)
_PATIENCE = 5  # timeouts until a device that is busy, or has no place, is left alone
_ECHOES = "the line echoes: each request comes back and is skipped"
_GREETINGS = (100, 1000)  # words that the known lists have: of the UPS, and of BACS


class Talk:
    """The conversation with one endpoint. Ends with `close`."""

    def __init__(self, endpoint: Endpoint, *, pause: float, timeout: float, say: Say) -> None:
        self.endpoint = endpoint
        self._connection = connection_to(endpoint, Resolver())
        self._pause = pause
        self._timeout = timeout
        self._say = say
        self._next_at = 0.0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    async def answering(
        self, units: Sequence[int], greetings: Sequence[int] = _GREETINGS
    ) -> tuple[list["Listener"], LinkError | None]:
        """Those of `units` that answer anything at all, be it an exception; and how the last other failed.

        They are asked for the words at `greetings`; where there are several units, for the first of these.
        """
        there: list[Listener] = []
        failure: LinkError | None = None
        for unit in units:
            listener = Listener(self, unit, tries=2 if len(units) == 1 else 1)
            error = await listener.greet(greetings if len(units) == 1 else greetings[:1])
            if error is None:
                there.append(listener)
            elif error.reason in ("resolve", "connect"):
                return there, error  # the other units are behind the same address
            else:
                failure = error
        return there, failure

    async def ask(self, request: Request, heard: Heard, *, tries: int) -> list[int]:
        """The words of one request; what became of each try is noted in `heard`. Raises LinkError.

        A device that is busy, or has no place, is asked again for a while; one that is silent `tries` times.
        """
        loop = asyncio.get_running_loop()
        deadline = Deadline(loop.time() + _PATIENCE * self._timeout)
        place_until = loop.time() + answers.PLACE_WAIT
        busy_pause = answers.BUSY_PAUSE[0]
        self._say(f"unit {heard.unit}: function {request.function}, {request.address}–{request.end - 1}")
        while True:
            await asyncio.sleep(max(self._next_at - loop.time(), 0))
            try:
                return await self._connection.read(
                    heard.unit, request, Manner(self._timeout), deadline, (self._noting(heard),)
                )
            except LinkError as error:
                if error.exception_code in answers.BUSY and busy_pause < deadline.left:
                    await asyncio.sleep(busy_pause)
                    busy_pause = min(busy_pause * 2, answers.BUSY_PAUSE[1])
                elif error.reason in answers.NO_PLACE and loop.time() + answers.PLACE_PAUSE < place_until:
                    await asyncio.sleep(answers.PLACE_PAUSE)
                elif error.exception_code is None and tries > 1 and deadline.left > 0:
                    tries -= 1
                else:
                    raise
            finally:
                self._next_at = loop.time() + self._pause

    def _noting(self, heard: Heard) -> Callable[[Exchange], None]:
        def note(exchange: Exchange) -> None:
            outcome = self.endpoint.hidden_in(exchange.error)
            heard.asked.append(Asked(exchange.request, outcome, exchange.seconds))
            if exchange.echoed and _ECHOES not in heard.notes:
                heard.notes.append(_ECHOES)

        return note


class Listener:
    """Asks one unit, and notes in `heard` what it answers.

    `gave_up` is set when the unit fell silent for everything: nothing more is asked then.
    """

    def __init__(self, talk: Talk, unit: int, *, tries: int = 2) -> None:
        self.heard = Heard(unit)
        self.gave_up = False
        self._talk = talk
        self._tries = tries
        self._sure: Request | None = None  # what it answers, be it with an exception

    async def greet(self, greetings: Sequence[int] = _GREETINGS[:1]) -> LinkError | None:
        """Find out whether the unit is there, and which function code reads words; why it is not there."""
        refusals: dict[int, int] = {}
        first: LinkError | None = None
        for address in greetings:
            for function in (3, 4):
                answer = await self.once(Request(function, address, 1))
                if not isinstance(answer, LinkError):
                    self.heard.function = function
                    return None
                if answer.exception_code in _REFUSED:
                    refusals.setdefault(function, answer.exception_code)
                    continue
                first = first or answer
                if answer.reason != "timeout":
                    return first  # something else is wrong, and asking for other words does not help
                self._tries = 1
        if not refusals:
            return first
        if refusals.get(3, 1) == 1 and refusals.get(4, 1) != 1:
            self.heard.function = 4
        return None

    async def all_of(self, first: int, last: int) -> None:
        """Every word from `first` to `last`: what is refused is halved until single words are."""
        for request in self.chunks(first, last):
            if not await self.served(request):
                await self._narrow(request)

    async def block(self, first: int, last: int) -> bool:
        """The same for words that stand together: refused with its first and last word, all of it is.

        Returns whether any of its words is served.
        """
        for request in self.chunks(first, last):
            if not await self.served(request) and not await self._is_outside(request):
                await self._narrow(request)
        return bool(self.heard.known(range(first, last + 1)))

    async def _is_outside(self, request: Request) -> bool:
        """Whether the first and the last word are not served either; then none of the others is."""
        heard = self.heard
        if request.count == 1 or self.gave_up:
            return True
        ends = [Request(request.function, address, 1) for address in (request.address, request.end - 1)]
        if any([await self.served(end) for end in ends]):
            return False
        addresses = set(range(request.address, request.end))
        if all(end.address in heard.refused for end in ends):
            heard.refused |= dict.fromkeys(addresses, heard.refused[request.address])
            heard.silent -= addresses
        else:
            heard.silent |= addresses - heard.refused.keys()
        return True

    async def _narrow(self, request: Request) -> None:
        """Find out which words of a request are not served that was not answered as a whole."""
        if request.count == 1 or self.gave_up:
            return
        for half in halves(request):
            for part in self.chunks(half.address, half.end - 1):
                if await self.served(part):
                    continue
                silent = part.address in self.heard.silent  # each silence costs a timeout: few are risked
                if not (silent and await self._is_outside(part)):
                    await self._narrow(part)
        await self.learn_limit(request)

    async def learn_limit(self, request: Request) -> None:
        """Where all words were served, but not together, find out how many are served at once."""
        heard = self.heard
        known = len(heard.known(range(request.address, request.end)))
        if known < request.count or request.count > heard.max_words:
            return
        outcomes = {asked.outcome for asked in heard.asked if asked.request == request}
        if not outcomes or "" in outcomes:
            return
        refused = any(outcome.startswith("exception_") for outcome in outcomes)
        if not refused and await self.served(request):
            return  # an answer was lost
        low = max(a.request.count for a in heard.asked if not a.outcome)
        high = min(request.count, heard.max_words + 1)
        while high - low > 1 and not self.gave_up:
            middle = Request(request.function, request.address, (low + high) // 2)
            low, high = (middle.count, high) if await self.served(middle) else (low, middle.count)
        heard.max_words = min(heard.max_words, max(low, 1))

    def chunks(self, first: int, last: int, most: int = AT_ONCE) -> Iterable[Request]:
        """Requests of the length that the device accepts, if that is known by then."""
        address = first
        while address <= last:
            count = min(self.heard.max_words, most, last - address + 1)
            yield Request(self.heard.function, address, count)
            address += count

    async def served(self, request: Request) -> bool:
        """Ask, unless the unit was given up, and note the answer."""
        heard = self.heard
        addresses = range(request.address, request.end)
        if self.gave_up:
            return False
        answer = await self.once(request)
        if not isinstance(answer, LinkError):
            heard.words.update(zip(addresses, answer, strict=True))
            heard.silent.difference_update(addresses)
            return True
        if answer.exception_code not in _REFUSED:
            heard.silent.update(set(addresses) - heard.words.keys() - heard.refused.keys())
        elif request.count == 1:
            heard.refused[request.address] = answer.exception_code
            heard.silent.discard(request.address)
        return False

    def why(self, error: LinkError) -> str:
        """The error as text that names no address: it goes into the report for the vendor."""
        return self._talk.endpoint.hidden_in(str(error))

    async def once(self, request: Request) -> list[int] | LinkError:
        """Send a request, repeated where that may help; its words, or why there are none.

        A unit that is silent is asked for something that it answered before: does it answer that, it only
        ignores this request; else it is given up.
        """
        try:
            words = await self._talk.ask(request, self.heard, tries=self._tries)
        except LinkError as error:
            if error.exception_code in _REFUSED:
                self._sure = self._sure or request
            elif self._sure is not None and not self.gave_up:
                self.gave_up = not await self._is_still_there(error)
                self._tries = 1  # it ignores what it does not have: each silence costs a timeout
            return error
        self._sure = Request(request.function, request.address, 1)
        return words

    async def _is_still_there(self, error: LinkError) -> bool:
        if self._sure is None or error.exception_code in (*answers.BUSY, *answers.NOBODY_THERE):
            return False  # a device that is busy for this long serves other masters
        try:
            await self._talk.ask(self._sure, self.heard, tries=2)
        except LinkError as silence:
            return silence.exception_code in _REFUSED
        return True


def halves(request: Request) -> tuple[Request, Request]:
    """A request of two words or more as two."""
    middle = request.count // 2
    return (
        Request(request.function, request.address, middle),
        Request(request.function, request.address + middle, request.count - middle),
    )
