"""How long what a page shows has been so, as far as this exporter saw it."""

from collections.abc import Iterator, Mapping

from exporter.assess.alarms import flag_readings
from exporter.assess.outcomes import Outcome
from exporter.maps.roles import of_word
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.changes import Held
from exporter.reading.device.device import Device
from exporter.web.pages.texts import ago, clock

_ROLES: Mapping[str, tuple[str, ...]] = {
    "thermal_runaway": ("thermal_runaway",), "ground_fault": ("ground_fault",), "danger": ("danger",),
    "load_dark": ("dark",), "on_battery": ("on_battery",), "bypass": ("bypass",), "eco": ("eco",),
    "test": ("test",), "ups_lost": ("lost",),
}  # fmt: skip
"""The roles that make a state so while they are played."""
_MAINS = ("on_battery", "dark")
"""The roles none of which is played on mains."""


def held_text(held: Held | None, now: float) -> str:
    """ "for 7 min", or since when at least where no pass saw it begin; `now` is the loop's time."""
    if held is None:
        return ""
    if held.changed:
        return f"for {ago(now - held.at)}"
    return f"since before {clock(held.time)}, when this exporter first saw it"


def flags_since(device: Device, snapshot: Snapshot | None) -> dict[str, Held]:
    """Since when the flags that are not as they belong are so, by the label of their alarm."""
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
    """Since when the state is so; None where no flag says it."""
    if snapshot is None:
        return None
    if state.key == "mains":  # since the last of what speaks against it ended
        return max((held for held, _ in _played(device, snapshot, _MAINS)), key=_at, default=None)
    roles = _ROLES.get(state.key, ())
    return min((held for held, active in _played(device, snapshot, roles) if active), key=_at, default=None)


def _at(held: Held) -> float:
    return held.at


def _played(device: Device, snapshot: Snapshot, roles: tuple[str, ...]) -> Iterator[tuple[Held, bool]]:
    """What may play one of the roles: since when it is as it is, and whether it plays it."""
    if device.history is None:
        return
    changes = device.history.changes
    for reading in flag_readings(snapshot):
        if reading.flag.role in roles:
            held = changes.since(reading.word, reading.place, reading.flag.name)
            if held is not None:
                yield held, reading.is_set != reading.flag.normal
    for family in snapshot.readings.values():
        for series, raw in family:
            word = series.word
            if word is None or not word.roles:
                break
            held = changes.since(word, series.labels if word.repeat else ())
            for item in of_word(word):
                if held is not None and item.label == "state" and item.role in roles:
                    yield held, item.name == word.state(raw)
