"""One snapshot as evidence for the outcomes: what is not exported is not known. Pure."""

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

from exporter.assess.alarms import FlagReading, flag_readings
from exporter.assess.defaults import DEFAULTS
from exporter.assess.plausible import implausible
from exporter.maps.limits import Limit
from exporter.maps.model import Word
from exporter.maps.roles import BATTERY, gravity, of_word
from exporter.reading.decode.layout import Layout
from exporter.reading.decode.snapshot import Snapshot

UPS_ALARM = "generex_ups_alarm"
CHARGE_METRIC = "generex_ups_battery_charge_ratio"
UPS_PREFIX, BACS_PREFIX = "generex_ups_", "generex_bacs_"


def ups_groups(words: Iterable[Word]) -> tuple[str, ...]:
    """The groups that hold a UPS's words, and the names under which its trust is noted."""
    return _groups(words, UPS_PREFIX, battery=False)


def bacs_groups(words: Iterable[Word]) -> tuple[str, ...]:
    """The same for a BACS, its strings and its modules."""
    return _groups(words, BACS_PREFIX, battery=True)


def is_of_battery(word: Word) -> bool:
    """Whether a word is about a battery: by its metric, or as its flags play a battery's roles only."""
    roles = {item.role for item in of_word(word)} - {"danger"}
    return word.metric.startswith(BACS_PREFIX) or (bool(roles) and roles <= {*BATTERY})


def is_of_ups(word: Word) -> bool:
    """Whether a word is about a UPS: by its metric, or as one of its flags plays a UPS's role."""
    return _tells(word, UPS_PREFIX, battery=False)


def is_value_of_ups(word: Word) -> bool:
    """Whether a word is 0 where all of a UPS's are: no state, no flags, nothing that its card knows."""
    return is_of_ups(word) and not (word.survives or word.states or word.offset or word.all_flags)


def _groups(words: Iterable[Word], prefix: str, *, battery: bool) -> tuple[str, ...]:
    own = [word for word in words if _tells(word, prefix, battery=battery)]
    return tuple(dict.fromkeys(name for word in own for name in (word.group, word.section)))


def _tells(word: Word, prefix: str, *, battery: bool) -> bool:
    return word.metric.startswith(prefix) or any(
        (item.role in BATTERY) == battery for item in of_word(word) if item.role != "danger"
    )


class _Places(NamedTuple):
    """Where a layout has what is asked for in each pass: the groups of its UPS and BACS, and alarm words."""

    ups: tuple[str, ...]
    bacs: tuple[str, ...]
    alarms: frozenset[str]


_KNOWN: WeakKeyDictionary[Layout, _Places] = WeakKeyDictionary()


def _places_of(layout: Layout) -> _Places:
    found = _KNOWN.get(layout)
    if found is None:
        words = layout.words.values()
        columns = (c for c in layout.singles if c.word.metric == UPS_ALARM and c.spans)
        alarms = (name for column in columns for name in column.ids)
        found = _KNOWN[layout] = _Places(ups_groups(words), bacs_groups(words), frozenset(alarms))
    return found


class Facts:
    """What a snapshot says, as outcomes.Evidence; `before` is the last in which the device was in sight."""

    def __init__(self, snapshot: Snapshot, before: "Facts | None" = None) -> None:
        self.snapshot = snapshot
        self._before = before
        self._places = _places_of(snapshot.layout)
        self._not_valid = {name for name, valid in snapshot.valid.items() if not valid}
        self._unread = {name for name, read in snapshot.groups.items() if not read}

    def values(self, metric: str) -> list[float]:
        """All values of a metric, in its unit."""
        readings = self.snapshot.readings.get(metric, ())
        return [series.samples(raw)[0][1] for series, raw in readings]

    def value(self, metric: str) -> float | None:
        """The first value of a metric; None where it has none."""
        return next(iter(self.values(metric)), None)

    @cached_property
    def all_zero(self) -> bool:
        """Every value of its UPS reads 0, as while its card restarts or the UPS dies: none says anything."""
        own = [family for name, family in self.snapshot.readings.items() if name.startswith(UPS_PREFIX)]
        zeros = 0
        for family in own:
            for series, raw in family:
                if series.word is not None and is_value_of_ups(series.word):
                    if raw:
                        return False  # nearly always with the first
                    zeros += 1
        flags = [it for it in self._flags if it.flag.role != "lost" and is_of_ups(it.word)] if own else []
        # a flag that is normally set says as much as a value
        known = zeros > 0 or any(it.flag.normal for it in flags)
        return known and not any(it.is_set for it in flags)

    @cached_property
    def _flags(self) -> tuple[FlagReading, ...]:
        return tuple(flag_readings(self.snapshot))

    @cached_property
    def _roles(self) -> dict[str, bool]:
        """Of each role that a flag or state of this pass is known for, whether it is played."""
        found: dict[str, bool] = {}
        for reading in self._flags:
            if role := reading.flag.role:
                found[role] = found.get(role, False) or reading.is_set != reading.flag.normal
        for family in self.snapshot.readings.values():
            for series, raw in family:
                word = series.word
                # a number without a name may mean anything
                if word is not None and word.roles and (now := word.state(raw)):
                    shown = [it for it in word.roles if series.flags is None or it[0] in series.flags]
                    for name, role in shown:
                        found[role] = found.get(role, False) or name == now
        return {role: so for role, so in found.items() if role in BATTERY} if self.all_zero else found

    def plays(self, *roles: str) -> bool:
        """A flag or state of one of these roles is in its role."""
        return any(self._roles.get(role) for role in roles)

    def clear(self, *roles: str) -> bool:
        """Flags or states of these roles are known, and none is in its role."""
        return any(role in self._roles for role in roles) and not self.plays(*roles)

    def was(self, *roles: str) -> bool:
        """The last that is known of one of these roles is that it was played."""
        return any(
            self._roles.get(role, self._before is not None and self._before.was(role)) for role in roles
        )

    @property
    def was_on_battery(self) -> bool:
        """The last that is known is that its battery carried the load, by its UPS or by a BACS alone."""
        if self.was("on_battery") or self._before is None:
            return self.was("on_battery")
        return self._before.discharging_alone and self._roles.keys().isdisjoint({"on_battery", "discharging"})

    @property
    def discharging_alone(self) -> bool:
        """BACS sees a discharge, and no UPS that is known says why."""
        return self.plays("discharging") and "on_battery" not in self._roles

    def flagged(self, severity: Literal["critical", "warning"]) -> bool:
        """A flag of the battery is not as it belongs, and that is so grave."""
        return any(
            reading.is_set != reading.flag.normal and gravity(reading.flag) == severity
            for reading in self._flags
            if is_of_battery(reading.word)
        )

    def both(self, one: bool, other: bool) -> bool:
        """Both hold."""
        return one and other

    listed = True

    @property
    def unreachable(self) -> bool:
        """No word of it was read."""
        return not self.snapshot.up

    @property
    def ups_lost(self) -> bool:
        """The UPS is out of sight of its manager, or a gateway frame is not valid."""
        return self.ups_not_valid or self.plays("lost")

    @property
    def ups_not_valid(self) -> bool:
        """The words about the UPS itself say that it cannot be trusted, or was not read."""
        return not self._not_valid.isdisjoint(self._places.ups)

    @property
    def ups_read(self) -> bool:
        """It has a UPS, and every word about it was read."""
        return not self.ups_unread and not self.snapshot.groups.keys().isdisjoint(self._places.ups)

    @property
    def ups_unread(self) -> bool:
        """It has a UPS, and a word about it is missing."""
        return not self._unread.isdisjoint(self._places.ups)

    @property
    def map_in_doubt(self) -> bool:
        """It refuses every alarm word of its map, so nothing bears out its status word.

        So looks a device with a list of its own that is read by the default one: at 109, where the status
        should be, EverExceed serves what is always 0 (device.md 5.2), and that is no output that is off.
        A word that was not answered is not refused: that leaves its group unread.
        """
        alarms = self._places.alarms
        return bool(alarms) and self.snapshot.words.keys().isdisjoint(alarms) and self.ups_read

    @property
    def no_output(self) -> bool:
        """It measures its output, and finds neither volts nor load."""
        if max(self.values("generex_ups_output_load_ratio"), default=0) > 0:
            return False
        volts = [value for value in self.values("generex_ups_output_volts") if value >= 0]
        return bool(volts) and max(volts) <= DEFAULTS["served_volts"]

    @property
    def contradiction(self) -> str:
        """That the output is said to be off, and yet shows volts or load; "" where it is not so."""
        volts, load = (
            max(self.values(metric) if metric not in self.doubtful else (), default=0.0)
            for metric in ("generex_ups_output_volts", "generex_ups_output_load_ratio")
        )
        if not self.plays("dark") or (volts <= DEFAULTS["served_volts"] and load <= 0):
            return ""
        shown = [f"{volts:.0f} V"] if volts > DEFAULTS["served_volts"] else []
        shown += [f"{load * 100:.0f} % load"] if load > 0 else []
        there = " and ".join(shown)
        return f"Contradictory, check: the UPS says that its output is off, but shows {there} there."

    @property
    def charge(self) -> float | None:
        """The battery charge from 0 to 1; None also where it cannot be."""
        return self.value(CHARGE_METRIC) if CHARGE_METRIC not in self.doubtful else None

    @property
    def charge_known(self) -> bool:
        """The charge of the battery is known."""
        return self.charge is not None

    @property
    def charge_low(self) -> bool:
        """The battery has less charge than a load needs that it must carry now."""
        return self.charge is not None and self.charge < DEFAULTS["survivable_charge"]

    @property
    def implausible(self) -> bool:
        """It shows a value that cannot be."""
        return bool(self._implausible)

    @cached_property
    def _implausible(self) -> tuple[Limit, ...]:
        return implausible(self.snapshot)

    @cached_property
    def doubtful(self) -> frozenset[str]:
        """The metrics with a value that cannot be; all of the UPS's where its map is in doubt."""
        names = {limit.metric for limit in self._implausible}
        if self.map_in_doubt:
            names.update(name for name in self.snapshot.readings if name.startswith(UPS_PREFIX))
        return frozenset(names)

    @property
    def doubt(self) -> str:
        """Why they are doubtful, in words; "" where none is."""
        if self.map_in_doubt:
            return "The UPS refuses every alarm word. Most likely it uses another register map."
        if not self._implausible:
            return ""
        what = ", ".join(limit.what for limit in self._implausible)
        return f"These values are impossible: {what}. Most likely the scale or the register map is wrong."

    @property
    def bacs_untrusted(self) -> bool:
        """There is a BACS, and by its own words it cannot be trusted."""
        return not self._not_valid.isdisjoint(self._places.bacs)

    @property
    def bacs_unread(self) -> bool:
        """There is a BACS, and a word about it is missing."""
        return not self._unread.isdisjoint(self._places.bacs)

    @property
    def string_missing(self) -> bool:
        """A string has no values although the BACS was read and can be trusted."""
        if not self.snapshot.groups.get("strings", False) or self.bacs_untrusted:
            return False
        counts = self.snapshot.layout.counts
        expected = max(counts.get("strings", 0), self.value("generex_bacs_strings") or 0)
        return len(self.values("generex_bacs_string_volts")) < expected

    @property
    def modules_present(self) -> list[float]:
        """1 for each module that is there, 0 for each that is absent."""
        return self.values("generex_bacs_module_present")

    @property
    def module_missing(self) -> bool:
        """An expected module is absent."""
        return 0 in self.modules_present

    @property
    def blocks_unserved(self) -> bool:
        """The BACS counts modules of which it serves no word, as in a gateway frame."""
        return bool(self.value("generex_bacs_modules")) and not self.modules_present
