"""How many log lines of one kind are written when a thousand devices fail at once. Pure; times are given."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Kind = tuple[str, int, str]
"""Logger, level and message."""

BURST, EVERY = 50, 10.0  # lines of a kind at once, and the seconds until there may be one more
OF_ONE_BURST, OF_ONE_EVERY = 5, 300.0  # the same for one device: one that flaps leaves room for the others
_NAMED = 10  # devices that a count is given with


@dataclass(slots=True)
class _Allowance:
    """Lines that may be written: so many at once, and one more whenever `every` seconds are over."""

    most: int
    every: float
    left: float
    at: float

    def refill(self, now: float) -> None:
        self.left = min(self.most, self.left + (now - self.at) / self.every)
        self.at = now


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The lines of one kind that were not written, and the first few of the devices that they were about."""

    kind: Kind
    lines: int
    devices: int
    names: tuple[str, ...]


@dataclass
class LogLimit:
    """Says of each line whether it may be written, and counts those that may not."""

    _allowances: dict[tuple[Kind, str], _Allowance] = field(default_factory=dict)
    _left_out: dict[Kind, dict[str, int]] = field(default_factory=dict)

    def allows(self, kind: Kind, device: str, now: float) -> bool:
        """Whether a line about `device` (empty: about none) may be written at `now` (monotonic seconds)."""
        mine = [self._allowance(kind, "", now)]
        if device:
            mine.append(self._allowance(kind, device, now))
        if all(allowance.left >= 1 for allowance in mine):
            for allowance in mine:
                allowance.left -= 1
            return True
        devices = self._left_out.setdefault(kind, {})
        devices[device] = devices.get(device, 0) + 1
        return False

    def take_left_out(self, now: float) -> Iterator[LeftOut]:
        """What was not written since the last time."""
        taken, self._left_out = self._left_out, {}
        for kind, devices in taken.items():
            names = [name for name in devices if name]
            yield LeftOut(kind, sum(devices.values()), len(names), tuple(names[:_NAMED]))
        # one that is full again is as good as a new one
        for key, allowance in list(self._allowances.items()):
            allowance.refill(now)
            if allowance.left == allowance.most:
                del self._allowances[key]

    def _allowance(self, kind: Kind, device: str, now: float) -> _Allowance:
        key = (kind, device)
        allowance = self._allowances.get(key)
        if allowance is None:
            most, every = (OF_ONE_BURST, OF_ONE_EVERY) if device else (BURST, EVERY)
            allowance = self._allowances[key] = _Allowance(most, every, most, now)
        allowance.refill(now)
        return allowance
