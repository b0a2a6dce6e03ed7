"""The answers that a serial line may still deliver to requests nobody waits for any more. Pure."""

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected, answers

_OTHER = {1: 2, 2: 1, 3: 4, 4: 3}


class LateAnswers:
    """RTU has no transaction number: what is owed must be known, to be never taken for something else."""

    def __init__(self) -> None:
        self._owed: list[tuple[Expected, float]] = []

    def __bool__(self) -> bool:
        return bool(self._owed)

    def add(self, answer: Expected, until: float) -> None:
        """Nobody waits for `answer` any more, but it may come until `until` (loop time)."""
        self._owed.append((answer, until))

    def expire(self, now: float) -> None:
        """Drop what cannot come any more."""
        self._owed = [(answer, until) for answer, until in self._owed if until > now]

    def settle(self, unit: int) -> None:
        """The unit has answered a later request, and it answers in order; other units may still be late."""
        self._owed = [(answer, until) for answer, until in self._owed if answer.unit != unit]

    def strike_off(self, late: bytearray) -> None:
        """A late answer settles its request and those to the same unit before it."""
        for index, (owed, _) in enumerate(self._owed):
            if answers(late, owed):
                before = [other for other in self._owed[:index] if other[0].unit != owed.unit]
                self._owed = before + self._owed[index + 1 :]
                return

    def owes(self, unit: int, function: int) -> bool:
        """Whether the unit may still answer a request with that function.

        Only that counts, not the length: an exception does not say how many words were asked for.
        """
        return any(owed.unit == unit and owed.function == function for owed, _ in self._owed)

    def probe(self, unit: int, request: Request) -> Request:
        """A read near `request` whose answer cannot be taken for one that is owed.

        By its function code, which exceptions carry too. A device that was silent to the other code as well
        is asked for another length, and not for that of `request` either: if an exception answers the probe
        in its place, its answer comes to the next request.
        """
        other = _OTHER[request.function]
        if not self.owes(unit, other):
            return Request(other, request.address, 1)
        taken = {owed.byte_count for owed, _ in self._owed if owed.unit == unit}
        taken.add(Expected(unit, request.function, request.count).byte_count)
        count = next(n for n in range(1, 126) if Expected(unit, request.function, n).byte_count not in taken)
        return Request(request.function, min(request.address, 0x10000 - count), count)
