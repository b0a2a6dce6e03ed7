"""Checks of a map's metrics, flag sets, series and addresses; what is wrong goes to `fail`, which raises."""

import re
from collections.abc import Callable, Iterable, Mapping

from exporter.maps.model import REGISTERS, Group, Trust, Word
from exporter.maps.pass_metrics import PASS_METRICS
from exporter.maps.roles import of_word
from exporter.maps.schema import KnownByEntry, WordEntry
from exporter.maps.series import group_series
from exporter.yamlfile import Place

_PASS_METRICS = {metric.name for metric in PASS_METRICS}
_OWN_METRICS = re.compile(r"(generex_expected|generex_scrape|generex_exporter|process|python)_.*")
_METRICS_OF_PROMETHEUS = re.compile(r"up|scrape_.*")

Fail = Callable[[Place, str], None]
"""Raises the error for a mistake at a place of the map's file."""


def check_metric(place: Place, name: str, kind: str, unit: str, fail: Fail) -> None:
    """The name of a metric is free, and says its type and unit."""
    if (kind == "counter") != name.endswith("_total"):
        fail(place, f'"{name}" is a {kind}: names of counters, and only those, end in _total')
    family = name.removesuffix("_total")  # OpenMetrics drops it
    if family in _PASS_METRICS or _OWN_METRICS.fullmatch(family):
        fail(place, f'"{name}" is a metric of the exporter itself')
    if _METRICS_OF_PROMETHEUS.fullmatch(name):
        fail(place, f'"{name}" is a metric that Prometheus makes of every scrape')
    if unit and not name.removesuffix("_total").endswith(f"_{unit}"):
        fail(place, f'the name "{name}" does not end in its unit "{unit}"')
    if re.search(r"_(created|bucket|count|sum|info)$", name):
        fail(place, f'the ending of "{name}" has another meaning in OpenMetrics')


def check_known_by(entry: KnownByEntry, words: Iterable[Word], fail: Fail) -> None:
    """Copies are of flags that there are, and ranges begin with the smaller address."""
    flags = {flag.name for word in words for flag in word.flags}
    for address, flag in entry.copies.items():
        if flag not in flags:
            fail(("known_by", "copies", address), f'unknown flag "{flag}"')
    for index, address in enumerate(entry.zeros):
        if address not in entry.copies:
            fail(("known_by", "zeros", index), f"no copy is at {address}")
    for index, (low, high) in enumerate(entry.lacks):
        if low > high:
            fail(("known_by", "lacks", index), f"{low} is above {high}")


def check_bits(place: Place, bits: Iterable[tuple[str, int]], fail: Fail) -> None:
    """No bit has two names."""
    seen: dict[int, str] = {}
    for name, bit in bits:
        if bit in seen:
            fail((*place, name), f'bit {bit} is both "{seen[bit]}" and "{name}"')
        seen[bit] = name


def check_not_available(place: Place, entry: WordEntry, fail: Fail) -> None:
    """The numbers of a register; of a signed one both ways of writing them are right."""
    if entry.not_available and (entry.formula is not None or entry.function in (1, 2)):
        fail(place, "only what is read as a register can hold a number for it")
    bits = 16 * REGISTERS[entry.type]
    for index, number in enumerate(entry.not_available):
        if not -(1 << bits - 1) <= number < 1 << bits:
            fail((*place, index), f"{number} is no {entry.type}")


def check_states(place: Place, entry: WordEntry, fail: Fail) -> None:
    """Each number is one that the word can be, or its state would never be seen."""
    if entry.formula is not None or entry.type.startswith("float"):
        return
    bits = 1 if entry.function in (1, 2) else 16 * REGISTERS[entry.type]
    signed = entry.type.startswith("int")
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    for number in entry.states:
        if not low <= number <= high:
            fail((*place, number), f"{number} is never seen: the word goes from {low} to {high}")


def check_shown(place: Place, word: Word, fail: Fail) -> None:
    """No state, and neither side of a 0/1 word, is among the numbers that mean that there is no value."""
    meant = [(number, f'the state "{name}"') for number, name in word.states]
    if word.type == "bool" and not word.states:
        meant = [(0, "one of the two numbers of a 0/1 word"), (1, "one of the two numbers of a 0/1 word")]
    for number, what in meant:
        if word.means_nothing(number):
            fail(place, f'{number} is "not available" by this map, and {what}: it would never be seen')


def check_series(groups: Iterable[Group], places: Mapping[str, Place], fail: Fail) -> None:
    """Every series has its own metric and labels, and all of a metric have labels of the same names."""
    label_names: dict[str, tuple[str, ...]] = {}
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    for group in groups:
        for maker, metric, labels in group_series(group):
            place = places.get(maker, ("groups", group.name, "repeat", "present_metric"))
            names = tuple(sorted(label for label, _ in labels))
            if len(set(names)) != len(names):
                fail(place, f'a label stands twice on "{metric}"')
            before = label_names.setdefault(metric, names)
            if before != names:
                fail(
                    place,
                    f'"{metric}" has the labels {_listing(names)} here and {_listing(before)} before',
                )
            key = (metric, tuple(sorted(labels)))
            if key in seen:
                fail(place, f'the same series as "{seen[key]}": "{metric}" {dict(labels)}')
            seen[key] = maker


def check_addresses(groups: Iterable[Group], places: Mapping[str, Place], fail: Fail) -> None:
    """No register belongs to two words, in no instance of either, and none is beyond 65535."""
    taken: dict[tuple[int, int], str] = {}  # 3 and 4 are different tables in general
    for group in groups:
        for word in group.words:
            if word.address is None:
                continue
            count, stride = (word.repeat.max, word.repeat.stride) if word.repeat else (1, 0)
            last = word.address + stride * (count - 1) + word.registers - 1
            if last > 0xFFFF:
                fail(places[word.name], f'word "{word.name}" ends at {last}, beyond 65535')
            for instance in range(count):
                for offset in range(word.registers):
                    address = word.address + stride * instance + offset
                    other = taken.setdefault((word.function, address), word.name)
                    if other != word.name or (instance and stride < word.registers):
                        fail(places[word.name], f'word "{word.name}" overlaps "{other}" at {address}')


def check_lost(
    words: Iterable[Word], trusts: Iterable[Trust], places: Mapping[str, Place], fail: Fail
) -> None:
    """What says that the UPS is lost freezes a group, or old values would look alive."""
    named = {reference for trust in trusts for reference in trust.lost_flags}
    for word in words:
        for item in of_word(word):
            reference = word.name if word.flag else f"{word.name}.{item.name}"
            if item.role == "lost" and reference not in named:
                fail(
                    places[word.name],
                    f'"{reference}" has the role lost: name it in trust.lost_flags of the groups that are '
                    "frozen then, or old values look alive",
                )


def _listing(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
