"""The answers that a serial line may still deliver to requests nobody waits for any more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected, answers

_OTHER = {1: 2, 2: 1, 3: 4, 4: 3}
_LAG = 16  # answers that a slave may be behind for ever: more than its buffer holds requests


@dataclass(frozen=True, slots=True)
class _Owed:
    """An answer, the bytes of the request for it, and until when (loop time) it may come."""

    answer: Expected
    request: bytes
    until: float


class LateAnswers:
    """RTU has no transaction number: what is owed must be known, to be never taken for something else."""

    def __init__(self) -> None:
        self._owed: list[_Owed] = []

    def __bool__(self) -> bool:
        return bool(self._owed)

    @property
    def until(self) -> float:
        """Until when the last of them may come."""
        return max((owed.until for owed in self._owed), default=0.0)

    @property
    def requests(self) -> Sequence[bytes]:
        """The requests that they answer, as they were sent."""
        return [owed.request for owed in self._owed]

    def add(self, answer: Expected, request: bytes, until: float) -> None:
        """Nobody waits for `answer` any more, but it may come until `until` (loop time)."""
        self._owed.append(_Owed(answer, request, until))

    def expire(self, now: float) -> None:
        """Drop what cannot come any more, but of each unit only what is far behind.

        A slave whose answers lag by a few gives an old one whenever it is asked, and be it an hour later.
        """
        behind: dict[int, int] = {}
        kept = []
        for owed in reversed(self._owed):
            unit = owed.answer.unit
            behind[unit] = behind.get(unit, 0) + 1
            if owed.until > now or behind[unit] <= _LAG:
                kept.append(owed)
        self._owed = kept[::-1]

    def settle(self, unit: int) -> None:
        """The unit has answered a later request, and it answers in order; other units may still be late."""
        self._owed = [owed for owed in self._owed if owed.answer.unit != unit]

    def strike_off(self, late: bytearray) -> tuple[int, int]:
        """A late answer settles its request and those to the same unit before it.

        Returns its unit and how many requests to that unit came after its own; (0, -1) when it is none.
        """
        for index, owed in enumerate(self._owed):
            if answers(late, owed.answer):
                unit = owed.answer.unit
                after = self._owed[index + 1 :]
                self._owed = [other for other in self._owed[:index] if other.answer.unit != unit] + after
                return unit, sum(other.answer.unit == unit for other in after)
        return 0, -1

    def brought(self, late: bytearray) -> bool:
        """Whether one of them came."""
        return any(answers(late, owed.answer) for owed in self._owed)

    def owes(self, unit: int, function: int) -> bool:
        """Whether the unit may still answer a request with that function.

        Only that counts, not the length: an exception does not say how many words were asked for.
        """
        return any(owed.answer.unit == unit and owed.answer.function == function for owed in self._owed)

    def probe(self, unit: int, request: Request, before: Sequence[Request] = ()) -> Request | None:
        """A read near `request` whose answer cannot be taken for one that is owed; None when there is none.

        Nor for one of those `before`, which it follows.

        By its function code, which exceptions carry too. A device that was silent to the other code as well,
        or owes nothing that is known of, is asked for another length, and not for that of `request` either:
        if an exception answers the probe in its place, its answer comes to the next request.
        """
        other = _OTHER[request.function]
        codes = {earlier.function for earlier in before}
        if self.owes(unit, request.function) and not self.owes(unit, other) and other not in codes:
            return Request(other, request.address, 1)
        taken = {owed.answer.byte_count for owed in self._owed if owed.answer.unit == unit}
        taken.update(Expected(unit, it.function, it.count).byte_count for it in (request, *before))
        step = 8 if request.function in (1, 2) else 1  # so many more bits, or registers, are another length
        for count in range(1, 125 * step + 1, step):
            if Expected(unit, request.function, count).byte_count not in taken:
                return Request(request.function, min(request.address, 0x10000 - count), count)
        return None
