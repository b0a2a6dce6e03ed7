"""The outcomes' evidence in PromQL: vectors of the devices for which something holds. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from exporter.assess.defaults import DEFAULTS
from exporter.assess.facts import CHARGE_METRIC, UPS_ALARM, bacs_groups, is_of_battery, ups_groups
from exporter.assess.outcomes import CHARGE, Outcome
from exporter.maps.limits import LIMITS
from exporter.maps.model import Map, Word
from exporter.maps.roles import Matcher, gravity, matchers, selector

_REMEMBERED = "1d"  # how long a device that fell silent stays listed, and its last word counts


@dataclass(frozen=True)
class Prom:
    """Evidence as PromQL over series of these maps; "" is what no series of theirs can tell.

    Every selector has the matchers of `scope`, every result the labels of `place`, and what is known of two
    devices is joined by these. With `window`, such as 40s, the last value within it counts, so that a failed
    pass leaves no gap. `thresholds` take the place of DEFAULTS.
    """

    maps: Mapping[str, Map]
    thresholds: Mapping[str, float]
    scope: tuple[str, ...] = ()
    place: tuple[str, ...] = ("device",)
    window: str = ""

    def holds(self, outcome: Outcome) -> str:
        """The devices for which the outcome's condition holds."""
        found: str = outcome.holds(self)
        return found

    def text(self, text: str) -> str:
        """A text of an outcome with its numbers."""
        return text.replace(CHARGE, f"{self._limit('survivable_charge') * 100:g}")

    def series(self, metric: str, *matchers: str) -> str:
        """A selector of one metric."""
        return self._over(selector((metric,), *self.scope, *matchers))

    def by(self, expr: str, *labels: str, how: str = "max") -> str:
        """An aggregate per device, or per device and further labels; also of a device scraped twice."""
        return f"{how} by ({', '.join((*self.place, *labels))}) ({expr})"

    def role(self, *roles: str) -> str:
        """1 for a device of which a flag or state plays one of the roles, 0 for one of which none does."""
        parts = []
        for number, item in enumerate(matchers(self.maps.values(), *roles)):
            value = self._over(item.selector(*self.scope))
            part = value if item.active else f"1 - {value}"
            # `or` would drop what has the same labels but for the name
            parts.append(f'label_replace({part}, "of", "{number}", "", "")' if number else part)
        return self.by(" or ".join(parts)) if parts else ""

    def plays(self, *roles: str) -> str:
        """A flag or state of one of these roles is in its role."""
        return self._with("== 1", self.role(*roles))

    def clear(self, *roles: str) -> str:
        """Flags or states of these roles are known, and none is in its role."""
        return self._with("== 0", self.role(*roles))

    def was(self, *roles: str) -> str:
        """The last that is known, within a day, is that one of these roles was played.

        What is known now goes before it: an exporter that moved, or one that is blind, has older words.
        """
        then = replace(self, window=_REMEMBERED).plays(*roles)
        return then and f"({then} unless {self._on} {self.role(*roles)})"

    def flagged(self, severity: Literal["critical", "warning"]) -> str:
        """A flag of the battery is not as it belongs, and that is so grave."""
        found: dict[int, list[tuple[str, str]]] = {}
        for word in filter(is_of_battery, self._words):
            for flag in word.flags or ((word.flag,) if word.flag and word.metric else ()):
                if gravity(flag) == severity:
                    found.setdefault(int(not flag.normal), []).append((word.metric, flag.name))
        parts = []
        for active, pairs in found.items():
            metrics, names = (tuple(dict.fromkeys(column)) for column in zip(*pairs, strict=True))
            chosen = Matcher(metrics, "flag", names, active).selector(*self.scope)
            parts.append(f"{self._over(chosen)} == {active}")
        return self.by(" or ".join(parts)) if parts else ""

    def both(self, one: str, other: str) -> str:
        """Both hold."""
        return f"({one} and {self._on} {other})" if one and other else ""

    def either(self, *parts: str) -> str:
        """One of them holds."""
        found = [part for part in parts if part]
        return f"({' or '.join(found)})" if len(found) > 1 else "".join(found)

    @property
    def listed(self) -> str:
        """1 for a device that answers, 0 for one that does not or fell silent within the day."""
        silent = replace(self, window=_REMEMBERED).series("generex_up")
        return f"({self.by(self.series('generex_up'))} or {self.by(silent)} * 0)"

    @property
    def unreachable(self) -> str:
        """No word of it was read."""
        return f"{self.listed} == 0"

    @property
    def ups_lost(self) -> str:
        """The UPS is out of sight of its manager, or a gateway frame is not valid."""
        return self.either(self.plays("lost"), f"{self._valid(ups_groups(self._words))} == 0")

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
        refused = self.by(self.series("generex_refused_words", self._of(ups_groups(self._words))))
        alarm = self.by(self.series(UPS_ALARM))
        return self.both(f"({refused} >= {min(alarms.values())} unless {self._on} {alarm})", self.ups_read)

    @property
    def no_output(self) -> str:
        """It measures its output, and finds neither volts nor load."""
        volts = self.by(self.series("generex_ups_output_volts"))
        load = self.by(self.series("generex_ups_output_load_ratio"))
        return f"({volts} >= 0 <= {self._limit('served_volts'):g} unless {self._on} {load} > 0)"

    @property
    def charge(self) -> str:
        """The battery charge from 0 to 1, also one that cannot be."""
        return self.by(self.series(CHARGE_METRIC))

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
        beyond: dict[tuple[str, bool], list[str]] = {}
        for limit in LIMITS:
            bounds = [f"> {self.thresholds.get(limit.threshold, limit.most):g}", f"< {limit.least:g}"]
            for bound in (*bounds, *(f"> {low:g} < {high:g}" for low, high in limit.gaps)):
                beyond.setdefault((bound, limit.of_string), []).append(limit.metric)
        found = []
        for (bound, of_string), metrics in beyond.items():
            value = self._over(selector(metrics, *self.scope))
            if of_string:
                value = f"quantile by ({', '.join((*self.place, 'string'))}) (0.5, {value})"
            found.append(f"{value} {bound}")
        return self.by("\n  or ".join(found))

    @property
    def bacs_untrusted(self) -> str:
        """There is a BACS, and by its own words it cannot be trusted."""
        return f"{self._valid(bacs_groups(self._words))} == 0"

    @property
    def bacs_trusted(self) -> str:
        """There is a BACS, and by its own words it can be trusted."""
        return f"{self._valid(bacs_groups(self._words))} == 1"

    @property
    def bacs_unread(self) -> str:
        """There is a BACS, and a word about it is missing."""
        return f"{self._read(bacs_groups(self._words))} == 0"

    @property
    def string_missing(self) -> str:
        """A string has no values although the BACS was read, or the device counts fewer than it did.

        Expected are those that the device counts, and those of the modules that are expected.
        """
        strings = self.by(self.series("generex_bacs_strings"))
        of_modules = self._count("generex_bacs_module_present", 'string!=""')
        expected = self.by(f'{strings} or label_replace({of_modules}, "of", "modules", "", "")')
        shown = self._count("generex_bacs_string_volts")
        read = self.by(self.series("generex_group_up", 'group="strings"'))
        most = self.by(replace(self, window="").peak("generex_bacs_strings"))
        return (
            f"({expected} > 0 unless {self._on} {shown} >= {expected} and {self._on} {read} == 1"
            f" unless {self._on} {self.bacs_untrusted} or {strings} < {most})"
        )

    @property
    def module_missing(self) -> str:
        """An expected module is absent, or the device counts fewer than it did."""
        count = self.by(self.series("generex_bacs_modules"))
        most = self.by(replace(self, window="").peak("generex_bacs_modules"))
        present = self.by(self.series("generex_bacs_module_present"), "string", "module")
        return f"({self.by(f'{present} == 0')} or {count} < {most})"

    @property
    def blocks_unserved(self) -> str:
        """The BACS counts modules of which it serves no word, as in a gateway frame."""
        present = self.by(self.series("generex_bacs_module_present"))
        return f"({self.by(self.series('generex_bacs_modules'))} > 0 unless {self._on} {present})"

    def peak(self, metric: str) -> str:
        """The most that a series was within a day."""
        return f"max_over_time({self.series(metric)}[{_REMEMBERED}])"

    def _count(self, metric: str, *matchers: str) -> str:
        return self.by(self.by(self.series(metric, *matchers), "string"), how="count")

    @cached_property
    def _words(self) -> tuple[Word, ...]:
        return tuple(word for item in self.maps.values() for word in item.words.values())

    @property
    def _on(self) -> str:
        return f"on ({', '.join(self.place)})"

    def _limit(self, name: str) -> float:
        return self.thresholds.get(name, DEFAULTS[name])

    def _with(self, condition: str, vector: str) -> str:
        return f"{vector} {condition}" if vector else ""

    def _over(self, chosen: str) -> str:
        return f"last_over_time({chosen}[{self.window}])" if self.window else chosen

    def _of(self, groups: tuple[str, ...]) -> str:
        return f'group=~"{"|".join(groups)}"'

    def _read(self, groups: tuple[str, ...]) -> str:
        return self._all_of("generex_group_up", groups)

    def _valid(self, groups: tuple[str, ...]) -> str:
        return self._all_of("generex_data_valid", groups)

    def _all_of(self, metric: str, groups: tuple[str, ...]) -> str:
        """1 where all groups are good, else 0: each by the exporter that sees it best."""
        return self.by(self.by(self.series(metric, self._of(groups)), "group"), how="min")
