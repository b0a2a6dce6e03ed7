"""The readings of a snapshot, asked by name: what is not exported is not known. Pure."""

from collections.abc import Iterable
from functools import cached_property

from exporter.assess.alarms import FlagReading, flag_readings
from exporter.assess.plausible import implausible
from exporter.maps.limits import Limit
from exporter.maps.model import Word
from exporter.reading.decode.snapshot import Snapshot

UPS_ALARM = "generex_ups_alarm"
UPS_FLAGS = ("generex_ups_status", UPS_ALARM)
BACS_FLAGS = ("generex_bacs_state", "generex_bacs_alarm")
# what the BACS itself calls an alarm (device.md 3.4, 3.5, 6.2) although nobody need be woken for it at once
BATTERY_ALARMS = (
    "general_alarm", "string_charge_low", "charge_current_deviation", "discharge_current_deviation",
)  # fmt: skip
_UPS_PREFIX, _BACS_PREFIX = "generex_ups_", "generex_bacs_"

_ON_BATTERY = ("backup_mode", "on_battery")
_LOST = ("comm_lost", "communication_lost")
_DARK = (
    "shutdown", "output_off_as_requested", "ups_off_as_requested", "ups_output_off", "ups_system_off",
    "awaiting_power",
)  # fmt: skip


def ups_groups(words: Iterable[Word]) -> frozenset[str]:
    """The groups that hold a UPS's words, and the names by which they vouch for it."""
    return _groups(words, _UPS_PREFIX)


def _groups(words: Iterable[Word], prefix: str) -> frozenset[str]:
    own = [word for word in words if word.metric.startswith(prefix)]
    return frozenset(name for word in own for name in (word.group, word.section))


class Facts:
    """The readings of a snapshot, asked by name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._flags: dict[str, list[FlagReading]] = {}
        for reading in flag_readings(snapshot):
            self._flags.setdefault(reading.word.metric, []).append(reading)

    def values(self, metric: str) -> list[float]:
        """All values of a metric, in its unit."""
        readings = self.snapshot.readings.get(metric, ())
        return [series.samples(raw)[0][1] for series, raw in readings]

    def value(self, metric: str) -> float | None:
        """The first value of a metric; None where it has none."""
        return next(iter(self.values(metric)), None)

    def flag(self, metrics: tuple[str, ...], *names: str) -> bool | None:
        """Whether any of the flags is set; None when none of them was reported."""
        found = [
            reading.is_set
            for metric in metrics
            for reading in self._flags.get(metric, ())
            if reading.flag.name in names
        ]
        return any(found) if found else None

    @cached_property
    def ups_groups(self) -> frozenset[str]:
        """What `ups_groups` says for this device."""
        return ups_groups(self.snapshot.layout.words.values())

    @cached_property
    def bacs_groups(self) -> frozenset[str]:
        """The same for its BACS."""
        return _groups(self.snapshot.layout.words.values(), _BACS_PREFIX)

    @property
    def expects_ups(self) -> bool:
        """Whether the device is there to tell of a UPS."""
        return not self.ups_groups.isdisjoint(self.snapshot.groups)

    @property
    def ups_lost(self) -> bool:
        """Whether the UPS is out of sight of its manager, or a gateway frame is not valid."""
        unseen = any(not good for name, good in self.snapshot.valid.items() if name in self.ups_groups)
        return unseen or self.flag(UPS_FLAGS, *_LOST) is True

    @property
    def ups_unread(self) -> bool:
        """Whether a word about the UPS is missing from this pass."""
        return any(not good for name, good in self.snapshot.groups.items() if name in self.ups_groups)

    @cached_property
    def map_in_doubt(self) -> bool:
        """Whether the device refuses every alarm word of its map: nothing bears out its status word then.

        So looks a device with a list of its own that is read by the default one: at 109, where the status
        should be, EverExceed serves what is always 0 (device.md 5.2), and that is no output that is off.
        """
        layout = self.snapshot.layout
        alarms = [i.id for i in layout.singles if i.word.metric == UPS_ALARM and i.word.address is not None]
        return bool(alarms) and self.snapshot.words.keys().isdisjoint(alarms)

    @cached_property
    def doubtful(self) -> frozenset[str]:
        """The metrics with a value that cannot be; all of the UPS's where its map is in doubt."""
        names = {limit.metric for limit in self._implausible}
        if self.map_in_doubt:
            names.update(name for name in self.snapshot.readings if name.startswith(_UPS_PREFIX))
        return frozenset(names)

    @property
    def doubt(self) -> str:
        """Why they are doubtful, in words; "" where none is."""
        if self.map_in_doubt:
            return "The UPS refuses every alarm word: most likely it has another register map."
        if not self._implausible:
            return ""
        what = ", ".join(limit.what for limit in self._implausible)
        return f"These values cannot be: {what}. Most likely a wrong scale or another register map."

    @cached_property
    def _implausible(self) -> tuple[Limit, ...]:
        return implausible(self.snapshot)

    @property
    def dark(self) -> bool:
        """Whether the output is off (operations 1.13)."""
        return self.flag(UPS_FLAGS, "output_act") is False or self.flag(UPS_FLAGS, *_DARK) is True

    @property
    def on_battery(self) -> bool | None:
        """Whether the UPS runs on battery; None where nothing says so."""
        return self.flag(UPS_FLAGS, *_ON_BATTERY)

    @property
    def charge(self) -> float | None:
        """The battery charge from 0 to 1."""
        return self.value("generex_ups_battery_charge_ratio")

    @property
    def bacs_trusted(self) -> bool:
        """Whether the BACS, if there is one, vouches for itself."""
        return all(good for name, good in self.snapshot.valid.items() if name in self.bacs_groups)

    @property
    def bacs_read(self) -> bool:
        """Whether the BACS, if there is one, was read to the last module."""
        return all(good for name, good in self.snapshot.groups.items() if name in self.bacs_groups)

    @property
    def string_missing(self) -> bool:
        """Whether a string has no values although the BACS was read and vouches for itself."""
        if not self.snapshot.groups.get("strings", False) or not self.bacs_trusted:
            return False
        counts = self.snapshot.layout.counts
        expected = max(counts.get("strings", 0), self.value("generex_bacs_strings") or 0)
        return len(self.values("generex_bacs_string_volts")) < expected

    @property
    def modules_present(self) -> list[float]:
        """1 for each module that is there, 0 for each that is absent."""
        return self.values("generex_bacs_module_present")

    @property
    def blocks_unserved(self) -> bool:
        """Whether there are modules, but their words are not served, as in a gateway frame."""
        return bool(self.value("generex_bacs_modules")) and not self.modules_present

    @property
    def battery_alarm(self) -> bool:
        """Whether a critical flag of the BACS or of a module is set, or one that it calls an alarm itself."""
        return any(
            reading.is_set and (reading.flag.severity == "critical" or reading.flag.name in BATTERY_ALARMS)
            for metric, readings in self._flags.items()
            if metric.startswith(_BACS_PREFIX)
            for reading in readings
        )
