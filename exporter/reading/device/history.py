"""The passes of one device that pages look back on. /metrics and /probe never repeat anything from here."""

from collections import deque
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.changes import Changes

_KEPT = 10  # good passes
_FAILED_KEPT = 20  # one tells what went wrong, and so they stay longer
_TREND = 300.0  # seconds over which a falling charge is looked at (operations 3)
_TREND_LEAST = 60.0  # in less the charge, in whole per cent, says nothing about its fall
_TREND_STEP = 5.0  # passes that follow each other faster add nothing to it
_CHARGE = "generex_ups_battery_charge_ratio"


Judge = Callable[[Snapshot], Mapping[str, bool]]
"""Answers questions about a pass by their names, without those that the pass leaves open."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What is kept of a pass; `time` is the clock's when it ended, `duration` in seconds.

    `good` says that everything was read and can be trusted.
    """

    time: float
    duration: float
    requests: int
    good: bool
    up: bool
    errors: tuple[str, ...]


class History:
    """The last snapshot whole, and the last one in which each group was good; of older passes a summary only.

    Times named `at` are the loop's monotonic seconds; `up_at` is when anything was read last. `judge` answers
    questions about each pass, so that `changes` knows since when the answer is yes. A pass that is `all_zero`
    by its answers is never a good one.
    """

    def __init__(self, judge: Judge = lambda _: {}) -> None:
        self._judge = judge
        self.last: Snapshot | None = None
        self.last_at = 0.0
        self.good: dict[str, Snapshot] = {}
        self._known: set[str] = set()
        self.up_at: float | None = None
        self.changes = Changes()
        self._passes: deque[Pass] = deque(maxlen=_KEPT)
        self._failed: deque[Pass] = deque(maxlen=_FAILED_KEPT)
        self._charges: deque[tuple[float, float]] = deque()

    def note(
        self,
        snapshot: Snapshot,
        *,
        at: float,
        duration: float,
        requests: int,
        excused: bool,
    ) -> None:
        """Take note of a pass that ended `at`; `excused` says that it tells nothing about the device.

        Then the device stays as it was seen last.
        """
        entry = Pass(snapshot.time, duration, requests, snapshot.whole, snapshot.up, snapshot.errors)
        (self._passes if entry.good else self._failed).append(entry)
        if excused and not snapshot.up:
            return
        self.last, self.last_at = snapshot, at
        if snapshot.up:
            self.up_at = at
        answers = self._judge(snapshot)
        # a name in `valid` alone is a section that came in another group, such as the UPS in a gateway frame
        for name in {**snapshot.groups, **snapshot.valid}:
            self._known.add(name)
            good = snapshot.groups.get(name, True) and snapshot.valid.get(name, True)
            if good and not answers.get("all_zero"):  # zeros of a restarting card are nothing that was seen
                self.good[name] = snapshot
        self._note_charge(snapshot, at)
        self.changes.note(snapshot, at, answers)

    @property
    def passes(self) -> list[Pass]:
        """The passes that are remembered, the latest first."""
        return sorted((*self._passes, *self._failed), key=lambda entry: entry.time, reverse=True)

    def fall(self) -> float | None:
        """How much charge (0 to 1) is lost a second, by the last five minutes; None when it does not fall."""
        if not self._charges:
            return None
        (first_at, first), (last_at, last) = self._charges[0], self._charges[-1]
        if last_at - first_at < _TREND_LEAST or last >= first:
            return None
        return (first - last) / (last_at - first_at)

    def last_good(self, names: Container[str]) -> Snapshot | None:
        """The latest snapshot in which all of these groups that the device has were good, if there is one."""
        if any(name in names for name in self._known - self.good.keys()):
            return None
        found = [snapshot for name, snapshot in self.good.items() if name in names]
        return min(found, key=lambda snapshot: snapshot.time, default=None)

    def _note_charge(self, snapshot: Snapshot, at: float) -> None:
        family = snapshot.readings.get(_CHARGE)
        if family is None:
            return
        series, raw = next(iter(family))
        charge = series.samples(raw)[0][1]
        if self._charges and charge > self._charges[-1][1]:
            self._charges.clear()  # it is being charged: what was before says nothing any more
        if not self._charges or at - self._charges[-1][0] >= _TREND_STEP:
            self._charges.append((at, charge))
        while self._charges[0][0] < at - _TREND:
            self._charges.popleft()
