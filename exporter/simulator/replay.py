"""What a recorded device would have said, at any time and to any request. Pure."""

from bisect import bisect_right

from exporter.recording.form import Pass, Recording, Request

Reply = list[int] | int | None
Key = tuple[int, int, int]
_ILLEGAL_ADDRESS = 2


class _Known:
    """What is known of the device by a pass: words stand until they are read again.

    `exact` are the requests of the pass itself by function, address and count.
    """

    def __init__(self) -> None:
        self.words: dict[tuple[int, int], int] = {}
        self.refusals: dict[Key, int] = {}
        self.exact: dict[Key, list[Request]] = {}
        self.silent = False

    def go_on(self, line: Pass) -> None:
        """Take in the next pass."""
        self.exact = {}
        self.silent = not line.requests
        for request in line.requests:
            self.exact.setdefault((request.function, request.address, request.count), []).append(request)
            self._learn(request)

    def _learn(self, request: Request) -> None:
        key = request.function, request.address, request.count
        self.silent = request.words is None and request.exception is None
        if request.words is not None:
            self.words.update(zip(_places(key), request.words, strict=True))
            served = set(_places(key))
            self.refusals = {
                refused: code
                for refused, code in self.refusals.items()
                if not served.issuperset(_places(refused))
            }
        elif request.exception is not None:
            self.refusals[key] = request.exception
            if request.count == 1:
                self.words.pop((request.function, request.address), None)

    def reply(self, function: int, address: int, count: int) -> Reply:
        """The answer to a request that was not recorded just so."""
        if self.silent:
            return None
        asked = _places((function, address, count))
        for refused, code in self.refusals.items():
            held = set(asked).issuperset(_places(refused))
            # all of its words are served one by one: it was refused for its length
            too_long = refused[0] == function and 1 < refused[2] <= count
            if held or (too_long and all(place in self.words for place in _places(refused))):
                return code
        if any(place not in self.words for place in asked):
            return _ILLEGAL_ADDRESS
        return [self.words[place] for place in asked]


class Replay:
    """A recording as a device.

    A request that was recorded gets what it got then; made again within the pass, what it got the next time.
    Another one gets the words that were read last, an exception when it holds a request that was refused or
    an address that was never read, and silence in a pass that ended in silence. Answers that were wrong (of
    another unit, of a wrong length) and connections that failed are silence, too. After the last pass the
    recording begins again: what stands still would look alive.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._starts = [line.at for line in recording.passes]
        self._functions = {request.function for line in recording.passes for request in line.requests}
        self._known = _Known()
        self._round, self._next = 0, 0
        self._given: dict[Key, int] = {}

    def reply(self, seconds: float, function: int, address: int, count: int) -> Reply:
        """What is said `seconds` after the start: words (or bits), the code of an exception, or nothing."""
        self._go_to(seconds)
        key = function, address, count
        recorded = self._known.exact.get(key)
        if recorded is None:
            return self._known.reply(function, address, count)
        number = self._given.get(key, 0)
        self._given[key] = number + 1
        request = recorded[min(number, len(recorded) - 1)]
        return list(request.words) if request.words is not None else request.exception

    def knows(self, function: int) -> bool:
        """Whether the recorded device was asked with this function code."""
        return function in self._functions

    def _go_to(self, seconds: float) -> None:
        rounds, inside = divmod(seconds, self.recording.seconds)
        if int(rounds) != self._round:
            self._round, self._next, self._known = int(rounds), 0, _Known()
        # the first pass counts from the beginning, even if it was not recorded at 0
        reached = max(bisect_right(self._starts, inside), 1)
        while self._next < reached:
            self._known.go_on(self.recording.passes[self._next])
            self._next += 1
            self._given = {}


def _places(key: Key) -> list[tuple[int, int]]:
    function, address, count = key
    return [(function, word) for word in range(address, address + count)]
