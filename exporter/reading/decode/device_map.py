"""The words of one device: those of its maps, after overrides, sensors and base address. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter
from weakref import WeakValueDictionary

from exporter.config import DeviceConfig
from exporter.errors import UserError
from exporter.maps import sensor_map
from exporter.maps.model import Group, Map, Metric, Repeat, Trust, Word
from exporter.reading.decode.layout import Counts, Layout
from exporter.reading.decode.layout_maker import LayoutMaker
from exporter.reading.plan.spans import Ranges

_SENSOR_METRICS = {
    "temperature": "generex_sensor_temperature_celsius",
    "humidity": "generex_sensor_humidity_ratio",
    "value": "generex_sensor_value",
}


@dataclass(frozen=True)
class DeviceMap:
    """The words of one device, after its module, overrides, sensors and base address.

    `layouts` are those that are in use; devices that differ in nothing that a layout depends on share them.
    """

    config: DeviceConfig
    groups: tuple[Group, ...]
    trusts: tuple[Trust, ...]
    metrics: Mapping[str, Metric]
    readable: Mapping[int, Ranges] = field(repr=False)
    layouts: "WeakValueDictionary[object, Layout]" = field(
        default_factory=WeakValueDictionary, repr=False, compare=False
    )

    @cached_property
    def bacs(self) -> str:
        """The section with the data of a BACS, which is a group of its own or in a frame.

        "" where the device has none.
        """
        return next((trust.section for trust in self.trusts if trust.rule == "bacs"), "")

    @cached_property
    def bacs_required(self) -> bool:
        """Whether the absence of a BACS is a failure from the start: whoever expects modules has one.

        So has whoever reads nothing else.
        """
        options, expect = self.config.options, self.config.expect
        return options.bacs == "required" or (
            options.bacs == "auto" and bool(expect.strings or expect.modules or self.only_bacs)
        )

    @cached_property
    def only_bacs(self) -> bool:
        """Whether there is nothing to ask for but a BACS, its strings and its modules."""
        return [group.name for group in self.groups if group.repeat is None] == [self.bacs]

    @cached_property
    def optional_groups(self) -> Sequence[Group]:
        """The groups that another such device might not have, but not their strings and modules."""
        return [group for group in self.groups if group.optional and group.repeat is None]

    @cached_property
    def all_is_optional(self) -> bool:
        """Whether there is nothing else to ask for than what another such device might not have."""
        return len(self.optional_groups) + len(self.repeating_groups) == len(self.groups)

    @cached_property
    def repeating_groups(self) -> Sequence[tuple[Group, Repeat]]:
        """The groups of strings and modules, each with how it repeats."""
        return [(group, group.repeat) for group in self.groups if group.repeat is not None]

    def counting_group(self, group: Group) -> Group:
        """The group whose word says how often `group` repeats."""
        return self._counting[group.name]

    @cached_property
    def _counting(self) -> dict[str, Group]:
        holder = {word.name: group for group in self.groups for word in group.words}
        return {group.name: holder[repeat.count] for group, repeat in self.repeating_groups}

    @cached_property
    def words(self) -> dict[str, Word]:
        """All words by name; no two maps of a device have a word of the same name."""
        return {word.name: word for group in self.groups for word in group.words}

    def layout(self, counts: Counts, without: frozenset[str] = frozenset()) -> Layout:
        """All groups but those in `without`, laid out; `counts` says how often each repeating group repeats.

        It is the same object for as long as it is in use.
        """
        key = (tuple(sorted(counts.items())), without)
        layout = self.layouts.get(key)
        if layout is None:
            set_only = self.config.options.module_flags == "set"
            maker = LayoutMaker(self.groups, self.words, self.trusts, self.metrics, set_only)
            layout = self.layouts[key] = maker.make(counts, without)
        return layout


class DeviceMaps:
    """The maps of many devices: those that differ in name, place, labels or times only share all the rest.

    They share it with those of `before`, too, where it is equal: to compare a device with what it was before
    a reload then takes no look at its words.
    """

    def __init__(self, maps: Mapping[str, Map], before: "DeviceMaps | None" = None) -> None:
        self._maps = maps
        self._known: dict[object, DeviceMap] = {}
        self._before = {} if before is None else before._known

    def of(self, device: DeviceConfig) -> DeviceMap:
        """As `device_map`, and raises what it raises."""
        options = device.options
        key = (
            device.maps, device.sensors, options.module_flags, options.max_words, options.prof.base_address,
            options.function, tuple(sorted(options.overrides.items(), key=itemgetter(0))),
        )  # fmt: skip
        known = self._known.get(key)
        if known is None:
            known = device_map(device, self._maps)
            before = self._before.get(key)
            if before is not None and replace(before, config=device) == known:
                known = before
            self._known[key] = known
        return replace(known, config=device)


def device_map(device: DeviceConfig, maps: Mapping[str, Map]) -> DeviceMap:
    """The words that `device` is to be asked for. Raises UserError where they do not fit its `max_words`."""
    groups: dict[str, Group] = {}
    trusts: list[Trust] = []
    metrics: dict[str, Metric] = {}
    names = list(device.maps)
    if device.sensors and sensor_map(maps) not in names:
        names.append(sensor_map(maps))
    for name in names:
        item = maps[name]
        metrics |= item.metrics
        trusts += [trust for trust in item.trusts if trust not in trusts]
        shift = device.options.prof.base_address if item.is_frame else 0
        for group in item.groups:
            words = tuple(_adapt(word, device, shift) for word in group.words)
            if name == sensor_map(maps):
                words = _named_sensors(words, device)
                group = replace(group, optional=False)  # whoever names a sensor expects it to be there
            if words:
                readable = tuple((low + shift, high + shift) for low, high in group.readable)
                group = replace(group, words=words, readable=readable)
                groups[group.name] = _join(groups[group.name], group) if group.name in groups else group
    for group in groups.values():
        for word in group.words:
            if word.registers > device.options.max_words:
                raise UserError(
                    f'device "{device.name}": max_words {device.options.max_words} is less than '
                    f"the {word.registers} words of {word.id}"
                )
    return DeviceMap(device, tuple(groups.values()), tuple(trusts), metrics, _readable(groups.values()))


def _join(first: Group, second: Group) -> Group:
    """Two maps' words in a group of the same name; it is optional only if both say so."""
    return replace(
        first,
        words=first.words + second.words,
        readable=first.readable + second.readable,
        optional=first.optional and second.optional,
        anchor=first.anchor or second.anchor,
    )


def _adapt(word: Word, device: DeviceConfig, shift: int) -> Word:
    override = device.options.overrides.get(word.id)
    if override is not None:
        scale = word.scale if override.scale is None else override.scale
        offset = word.offset if override.offset is None else override.offset
        word = replace(word, scale=scale, offset=offset)
    if device.options.function is not None and word.function in (3, 4):
        word = replace(word, function=device.options.function)
    return word if word.address is None else replace(word, address=word.address + shift)


def _named_sensors(words: tuple[Word, ...], device: DeviceConfig) -> tuple[Word, ...]:
    by_number = {word.sensor: word for word in words}
    named = []
    for sensor in device.sensors:
        word = by_number[sensor.number]
        # the config's scale turns the word into °C or %RH; a ratio is a hundredth of that
        scale = sensor.scale / 100 if sensor.kind == "humidity" else sensor.scale
        labels = (("sensor", sensor.name),)
        metric = _SENSOR_METRICS[sensor.kind]
        named.append(replace(word, metric=metric, labels=labels, scale=scale, optional=False))
    return tuple(named)


def _readable(groups: Iterable[Group]) -> Mapping[int, Ranges]:
    merged: dict[int, list[tuple[int, int]]] = {}
    for group in groups:
        for function in {word.function for word in group.words}:
            merged.setdefault(function, []).extend(group.readable)
    return {function: _merge(ranges) for function, ranges in merged.items()}


def _merge(ranges: list[tuple[int, int]]) -> Ranges:
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)
