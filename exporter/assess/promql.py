"""The outcomes' evidence in PromQL: vectors of the devices for which something holds. Pure.

It asks for what rules record for the alerts, so that boards and alerts take the same side. All that it asks
for is held over a failed scrape: where one part were held and another not, a good part would stand alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from exporter.assess.defaults import DEFAULTS
from exporter.assess.facts import CHARGE_METRIC, UPS_ALARM, bacs_groups, is_of_battery, ups_groups
from exporter.assess.outcomes import CHARGE, Outcome
from exporter.maps.limits import LIMITS
from exporter.maps.model import Map, Word
from exporter.maps.roles import Matcher, gravity, matchers, played

ROLE = "device:generex_role:active"
"""1 while a flag or state of a device plays the role, 0 while none does, by the label `role`."""

LAST = "device:generex_role:last"
"""As ROLE, of the roles that are remembered: what was last known within a week."""
FLAG = "device:generex_flag:rank"
"""Flags of whole devices that ask for something, by the labels `metric`, `flag` and `grave`."""
UPS_FLAG = "device:generex_ups_flag:set"
"""1 while a flag of the UPS is set, by the labels `metric` and `flag`; no series else."""
_ALONE = "device:generex_discharging_alone"
BLOCK_ALARM, BLOCK_FLAG = "generex_bacs_module_alarm", "module:generex_bacs_module_alarm:set"
"""Of 16 flags for each of 330 modules hardly one is set: those that are, are recorded."""
_GRAVE = {"critical": "danger|critical.*", "warning": "warning.*"}


@dataclass(frozen=True)
class Prom:
    """Evidence as PromQL over what is recorded for these maps; "" is what no series of theirs can tell.

    The built-in maps are among them. Every result has the labels of `place`, and what is known of two devices
    is joined by these. `thresholds` take the place of DEFAULTS. Expressions hold placeholders, see
    alerts.model.Settings.fill.
    """

    maps: Mapping[str, Map]
    thresholds: Mapping[str, float]
    place: tuple[str, ...] = ("device",)

    def holds(self, outcome: Outcome) -> str:
        """The devices for which the outcome's condition holds."""
        found: str = outcome.holds(self)
        return found

    def text(self, text: str) -> str:
        """A text of an outcome with its numbers."""
        return text.replace(CHARGE, f"{self._limit('survivable_charge') * 100:g}")

    def by(self, expr: str, how: str = "max") -> str:
        """An aggregate per device, also of a device scraped twice."""
        return f"{how} by ({', '.join(self.place)}) ({expr})"

    def plays(self, *roles: str) -> str:
        """A flag or state of one of these roles is in its role."""
        return self._known(roles, 1)

    def clear(self, *roles: str) -> str:
        """Flags or states of these roles are known, and none is in its role."""
        return self._known(roles, 0)

    def was(self, *roles: str) -> str:
        """The last that is known of one of these roles, within a week, is that it was played.

        What is known of a role now goes before it: an exporter that is blind or has moved has older words.
        """
        if not (which := self._which(roles)):
            return ""
        each = f"on ({', '.join((*self.place, 'role'))})"
        return self.by(f"{LAST}{{{which}}} == 1 unless {each} {ROLE}{{{which}}}")

    @property
    def was_on_battery(self) -> str:
        """The last that is known is that its battery carried the load, by its UPS or by a BACS alone."""
        return f"({self.was('on_battery')} or {_ALONE}:last == 1 unless {_ALONE}:max)"

    @property
    def discharging_alone(self) -> str:
        """BACS sees a discharge, and no UPS that is known says why."""
        return f"{_ALONE}:max == 1"

    def flagged(self, severity: Literal["critical", "warning"]) -> str:
        """A flag of the battery is not as it belongs, and that is so grave."""
        of_battery = [word for word in self._words if is_of_battery(word) and (word.flags or word.flag)]
        systems = dict.fromkeys(word.metric for word in of_battery if word.metric and not word.repeat)
        blocks = dict.fromkeys(
            flag.name
            for word in of_battery
            for flag in word.flags
            if word.metric == BLOCK_ALARM and gravity(flag) == severity
        )
        of_systems = f'{FLAG}{{{any_of("metric", systems)}, grave=~"{_GRAVE[severity]}"}}'
        return self.by(f"{of_systems} or {BLOCK_FLAG}{{{any_of('flag', blocks)}}}")

    def both(self, one: str, other: str) -> str:
        """Both hold."""
        return f"({one} and {other})" if one and other else ""

    @property
    def listed(self) -> str:
        """1 for a device that answers, 0 for one that does not or fell silent within the day."""
        return "(device:generex_up:max or device:generex_up:last1d * 0)"

    @property
    def unreachable(self) -> str:
        """No word of it was read."""
        return f"{self.listed} == 0"

    @property
    def ups_lost(self) -> str:
        """The UPS is out of sight of its manager, or a gateway frame is not valid."""
        return f"({self.plays('lost')} or {self._valid(ups_groups(self._words))} == 0)"

    @property
    def ups_read(self) -> str:
        """It has a UPS, and every word about it was read."""
        return f"{self._read(ups_groups(self._words))} == 1"

    @property
    def ups_unread(self) -> str:
        """It has a UPS, and a word about it is missing."""
        return f"{self._read(ups_groups(self._words))} == 0"

    @property
    def map_in_doubt(self) -> str:
        """It refuses as many words as a map has alarm words, and serves none of these."""
        alarms = Counter(
            word.map for word in self._words if word.metric == UPS_ALARM and word.address is not None
        )
        refused = self.by(f"group:generex_refused_words:max{{{any_of('group', ups_groups(self._words))}}}")
        known = f"device:{UPS_ALARM}:count"
        return self.both(f"({refused} >= {min(alarms.values())} unless {known})", self.ups_read)

    @property
    def all_zero(self) -> str:
        """Every value of its UPS reads 0, and that does not yet count as a dark load."""
        zero = self.by("device:generex_ups:zero")
        return f'({zero} == 0 unless {self._on} {LAST}{{role="dark"}} == 1)'

    @property
    def no_output(self) -> str:
        """It measures its output, and finds neither volts nor load."""
        volts = self.by("phase:generex_ups_output_volts:max")
        load = "phase:generex_ups_output_load_ratio:max > 0"
        return f"({volts} >= 0 <= {self._limit('served_volts'):g} unless {self._on} {load})"

    @property
    def charge(self) -> str:
        """The battery charge from 0 to 1, also one that cannot be."""
        return f"device:{CHARGE_METRIC}:min"

    @property
    def charge_known(self) -> str:
        """The charge of the battery is known."""
        limit = next(limit for limit in LIMITS if limit.metric == CHARGE_METRIC)
        most = self.thresholds.get(limit.threshold, limit.most)
        return f"{self.charge} >= {limit.least:g} <= {most:g}"

    @property
    def charge_low(self) -> str:
        """The battery has less charge than a load needs that it must carry now."""
        return f"{self.charge} >= 0 < {self._limit('survivable_charge'):g}"

    @property
    def implausible(self) -> str:
        """It shows a value that cannot be."""
        return self.by("device:generex_implausible:value")

    @property
    def bacs_untrusted(self) -> str:
        """There is a BACS, and by its own words it cannot be trusted."""
        return f"{self._valid(bacs_groups(self._words))} == 0"

    @property
    def bacs_unread(self) -> str:
        """There is a BACS, and a word about it is missing."""
        return f"{self._read(bacs_groups(self._words))} == 0"

    @property
    def string_missing(self) -> str:
        """A string has no values although the BACS was read, or the device counts fewer than it did."""
        return self._missing("strings")

    @property
    def module_missing(self) -> str:
        """An expected module is absent, or the device counts fewer than it did."""
        return self._missing("modules")

    @property
    def blocks_unserved(self) -> str:
        """The BACS counts modules of which it serves no word, as in a gateway frame."""
        of_modules = "device:generex_bacs_modules"
        return f"({of_modules}:max > 0 unless {of_modules}_missing:count)"

    def _missing(self, what: str) -> str:
        counted = f"device:generex_bacs_{what}:max"
        return f"(device:generex_bacs_{what}_missing:count > 0 or {counted} < {counted}1d)"

    @cached_property
    def _words(self) -> tuple[Word, ...]:
        return tuple(word for item in self.maps.values() for word in item.words.values())

    @property
    def _on(self) -> str:
        return f"on ({', '.join(self.place)})"

    def _limit(self, name: str) -> float:
        return self.thresholds.get(name, DEFAULTS[name])

    def _known(self, roles: tuple[str, ...], value: int) -> str:
        """Flags or states of these roles are known, and the greatest is this."""
        which = self._which(roles)
        return f"{self.by(f'{ROLE}{{{which}}}')} == {value}" if which else ""

    def _which(self, roles: tuple[str, ...]) -> str:
        """A matcher of those of the roles that anything in the maps plays."""
        found = [role for role in roles if played(self.maps.values(), role)]
        return any_of("role", found) if found else ""

    def _read(self, groups: tuple[str, ...]) -> str:
        return self._all_of("generex_group_up", groups)

    def _valid(self, groups: tuple[str, ...]) -> str:
        return self._all_of("generex_data_valid", groups)

    def _all_of(self, metric: str, groups: tuple[str, ...]) -> str:
        """1 where all groups are good, else 0: each by the exporter that sees it best."""
        return self.by(f"group:{metric}:max{{{any_of('group', groups)}}}", "min")


def playing(maps: Iterable[Map], role: str, window: str, *scope: str, blocks: str = "") -> str:
    """1 where a flag or state that is scraped plays the role, else 0; "" where none can.

    The last value within `window` counts, and every selector has the matchers of `scope`. `blocks` names what
    is recorded of the flags of blocks that are set, to be asked instead of all of them.
    """
    maps = tuple(maps)
    parts: list[str] = []
    before: set[str] = set()
    for number, item in enumerate(_apart(matchers(maps, role))):
        metrics = tuple(metric for metric in item.metrics if metric != BLOCK_ALARM)
        recorded = ""
        if blocks and item.active and metrics and metrics != item.metrics:
            names = tuple(it.name for it in played(maps, role) if it.metric == BLOCK_ALARM and it.active)
            recorded = f" or {replace(item, metrics=(blocks,), names=names).selector(*scope)}"
            item = replace(item, metrics=metrics)
        value = f"last_over_time({item.selector(*scope)}[{window}])"
        part = value if item.active else f"1 - {value}"
        if not before.isdisjoint(item.names):  # `or` would drop what has the same labels but for the name
            part = f'label_replace({part}, "of", "{number}", "", "")'
        before.update(item.names)
        parts.append(part + recorded)
    return " or ".join(parts)


def _apart(found: Iterable[Matcher]) -> Iterator[Matcher]:
    """Metrics of which a value is reckoned each apart: without its name, one may have another's labels."""
    for item in found:
        yield from (item,) if item.active else (replace(item, metrics=(metric,)) for metric in item.metrics)


def any_of(label: str, names: Iterable[str]) -> str:
    """A matcher of the names, each once."""
    different = tuple(dict.fromkeys(names))
    return f'{label}="{different[0]}"' if len(different) == 1 else f'{label}=~"{"|".join(different)}"'
