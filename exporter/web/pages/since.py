"""How long the states and flags of a page have held, as seen by this exporter."""

from collections.abc import Iterator
from typing import Any

from exporter.assess.alarms import flag_readings
from exporter.assess.outcomes import Outcome
from exporter.maps.roles import DANGER
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.changes import Changes, Held
from exporter.reading.device.device import Device
from exporter.web.pages.texts import ago, clock


def held_text(held: Held | None, now: float) -> str:
    """ "for 7 min", or a time before which it began if no pass saw that; `now` is the loop's time."""
    if held is None:
        return ""
    gap = " (not always read)" if held.gap else ""
    if held.changed:
        return f"for {ago(now - held.at)}{gap}"
    return f"since before {clock(held.time)}{gap}, when this exporter first saw it"


def since_text(device: Device, last: Snapshot | None, state: Outcome, now: float) -> str:
    """How long the state has held, where its words do not say it; `now` is the loop's time."""
    if last is None or last.up or device.history is None:
        return held_text(state_since(device, last, state), now)
    tried = device.history.changes.since_answer("unreachable")
    return f"first tried at {clock(tried.time)}" if tried and device.history.up_at is None else ""


def flags_since(device: Device, snapshot: Snapshot | None) -> dict[str, Held]:
    """Since when each active flag is active, by the label of its alarm."""
    found: dict[str, Held] = {}
    if snapshot is None or device.history is None:
        return found
    for reading in flag_readings(snapshot):
        if reading.is_set == reading.flag.normal:
            continue
        held = device.history.changes.since(reading.word, reading.place, reading.flag.name)
        label = reading.flag.trouble.label
        if held is not None and (label not in found or held.at < found[label].at):
            found[label] = held
    return found


def state_since(device: Device, snapshot: Snapshot | None, state: Outcome) -> Held | None:
    """Since when the state holds, by its own row of the table; None for no event, such as no UPS."""
    if snapshot is None or device.history is None:
        return None
    evidence: Any = _Since(device.history.changes, snapshot)
    held: Held | None = state.holds(evidence)
    return held


class _Since:
    """A snapshot as `outcomes.Evidence`: the answer to a question is since when it is true."""

    def __init__(self, changes: Changes, snapshot: Snapshot) -> None:
        self._changes = changes
        self._snapshot = snapshot

    def plays(self, *roles: str) -> Held | None:
        return min((held for held, active in self._played(roles) if active), key=_at, default=None)

    def clear(self, *roles: str) -> Held | None:
        return max((held for held, _ in self._played(roles)), key=_at, default=None)

    def both(self, one: Held | None, other: Held | None) -> Held | None:
        return max(one, other, key=_at) if one and other else None

    @property
    def was_on_battery(self) -> Held | None:
        return self.was("on_battery")

    @property
    def discharging_alone(self) -> Held | None:
        return self.plays("discharging")

    def was(self, *roles: str) -> Held | None:
        # since when nobody sees what was so; the pages say that of a device that does not answer
        bacs = roles == DANGER
        lost = ("bacs_untrusted", "bacs_unread") if bacs else ("ups_lost", "ups_unread")
        return min(filter(None, map(self._changes.since_answer, lost)), key=_at, default=None)

    def __getattr__(self, question: str) -> Held | None:
        return self._changes.since_answer(question)

    def _played(self, roles: tuple[str, ...]) -> Iterator[tuple[Held, bool]]:
        """Since when each flag or state with one of the roles is as it is, and whether it plays the role."""
        for reading in flag_readings(self._snapshot):
            if reading.flag.role in roles:
                held = self._changes.since(reading.word, reading.place, reading.flag.name)
                if held is not None:
                    yield held, reading.is_set != reading.flag.normal
        for family in self._snapshot.readings.values():
            for series, raw in family:
                word = series.word
                if word is None or not word.roles:
                    break
                held = self._changes.since(word, series.labels if word.repeat else ())
                for name, role in word.roles:
                    if held is not None and role in roles:
                        yield held, name == word.state(raw)


def _at(held: Held) -> float:
    return held.at
