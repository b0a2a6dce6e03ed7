"""Checks of maps and options against each other, as (place within the entry, message) pairs."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from exporter.config.device_schema import DeviceEntry, OptionsEntry
from exporter.config.model import Options
from exporter.durations import format_duration
from exporter.maps import sensor_map
from exporter.maps.model import Map, Word
from exporter.maps.series import series_of
from exporter.yamlfile import Place

Finding = tuple[Place, str]


def near(name: str, choices: Iterable[str]) -> str:
    """A hint in brackets: names like `name`, or all of them when there are few."""
    known = sorted(choices)
    close = difflib.get_close_matches(name, known, n=3)
    if close and len(known) > 12:
        return " (did you mean " + " or ".join(f'"{match}"' for match in close) + "?)"
    if len(known) > 12:
        return " (`generex-exporter maps` lists the words)"
    return f" (there are: {', '.join(known) or 'none'})"


def module_maps(names: Sequence[str], maps: Mapping[str, Map]) -> Iterator[Finding]:
    """The maps of a module must exist and fit together: no word or series may come from two of them.

    They may add words to one group, unless it repeats.
    """
    seen: dict[object, tuple[str, bool]] = {}
    for index, name in enumerate(names):
        place: Place = ("maps", index)
        if name not in maps:
            yield place, f'unknown map "{name}"{near(name, maps)}'
            continue
        if name in names[:index]:
            yield place, f'map "{name}" is there twice'
            continue
        for key, what, exclusive in _parts(maps[name]):
            other, other_exclusive = seen.setdefault(key, (name, exclusive))
            if other != name and (exclusive or other_exclusive):
                yield (
                    place,
                    f'maps "{other}" and "{name}" both have {what}: a module can hold only one of them',
                )
                break


def _parts(item: Map) -> Iterator[tuple[object, str, bool]]:
    """What maps of a module may have in common or not: a key to compare, how to call it, and whether not."""
    for word in item.words.values():
        # counts and flags are referred to by the bare name of the word
        yield ("word", word.name), f'the word "{word.name}"', True
        for metric, pairs in series_of(word):
            yield ("series", metric, tuple(sorted(pairs))), f'the series "{metric}{dict(pairs) or ""}"', True
            otlp = item.metrics[metric].otlp
            point = otlp.attributes(dict(pairs))
            key = ("point", otlp.name, tuple(sorted(point.items())))
            yield key, f'the OTLP point "{otlp.name}{point or ""}"', True
    for group in item.groups:
        yield ("group", group.name), f'the group "{group.name}"', group.repeat is not None
    for trust in item.trusts:
        yield ("trust", trust.section), f'what says whether "{trust.section}" can be trusted', True


def overrides(entry: OptionsEntry, names: Sequence[str], maps: Mapping[str, Map]) -> Iterator[Finding]:
    """Overrides must be of measurements in the maps that are read, or of sensors."""
    if not entry.overrides:
        return
    words = {
        word.id: word
        for name in dict.fromkeys([*names, sensor_map(maps)])
        if name in maps
        for word in maps[name].words.values()
    }
    counts = {f"{word.map}.{word.repeat.count}" for word in words.values() if word.repeat is not None}
    for name, override in entry.overrides.items():
        place: Place = ("overrides", name)
        if name not in words:
            read = ", ".join(dict.fromkeys([*names, sensor_map(maps)]))
            yield place, f'unknown word "{name}" in the maps {read}{near(name, words)}'
        elif not words[name].is_measurement:
            yield place, f'"{name}" holds flags or states: it has no scale or offset'
        elif name in counts:
            yield place, f'"{name}" is the count of what is read: it has no scale or offset'
        elif words[name].map == sensor_map(maps) and override.scale is not None:
            yield (*place, "scale"), "the scale of a sensor stands in its entry under sensors"
        elif override.scale is None and override.offset is None:
            yield place, "give scale, offset or both"


def widths(
    entry: OptionsEntry, options: Options, names: Sequence[str], maps: Mapping[str, Map]
) -> Iterator[Finding]:
    """A value is never split over two requests, so the widest must fit into one."""
    if "max_words" not in entry.model_fields_set:
        return
    words = [word for name in names for word in maps[name].words.values()]
    widest = max(words, key=lambda word: word.registers)
    if options.max_words < widest.registers:
        yield (
            ("max_words",),
            f"max_words {options.max_words} is less than the {widest.registers} words of {widest.id}",
        )


def tables(
    entry: OptionsEntry, options: Options, names: Sequence[str], maps: Mapping[str, Map]
) -> Iterator[Finding]:
    """With one function code for all, no register may be two words that came from different tables."""
    places: dict[int, Word] = {}
    if "function" not in entry.model_fields_set or options.function is None:
        return
    for word in (word for name in names for word in maps[name].words.values()):
        if word.address is None or word.function not in (3, 4):
            continue
        count, stride = (word.repeat.max, word.repeat.stride) if word.repeat else (1, 0)
        for address in (word.address + stride * n + r for n in range(count) for r in range(word.registers)):
            other = places.setdefault(address, word)
            if other.function != word.function:
                both = f"{other.id} (function {other.function}) and {word.id} (function {word.function})"
                yield (
                    ("function",),
                    f"function {options.function} would read {both} from one register {address}",
                )
                return


def times(entry: OptionsEntry, options: Options) -> Iterator[Finding]:
    """Times inside the pass must fit into it. Named where this entry gives one of the two."""
    given = entry.model_fields_set
    longest = format_duration(options.timeout)
    for name, value, bad in (
        ("request_timeout", options.request_timeout, options.request_timeout > options.timeout),
        ("pacing", options.pacing, options.pacing >= options.timeout),
        ("connect_delay", options.connect_delay, options.connect_delay >= options.timeout),
    ):
        if bad and given & {name, "timeout"}:
            place = name if name in given else "timeout"
            yield (place,), f"{name} {format_duration(value)} does not fit into timeout {longest}"


def battery(
    entry: OptionsEntry, options: Options, names: Sequence[str], maps: Mapping[str, Map]
) -> Iterator[Finding]:
    """Whoever expects a BACS must have it read, or its loss would go unseen."""
    repeats = any(group.repeat for name in names if name in maps for group in maps[name].groups)
    given = entry.model_fields_set
    listing = ", ".join(names)
    if "bacs" in given and options.bacs == "required" and not repeats:
        yield ("bacs",), f"a BACS is required, but no map that is read has one (maps: {listing})"
    if isinstance(entry, DeviceEntry) and (entry.expect.strings or entry.expect.modules):
        if not repeats:
            yield (
                ("expect",),
                f"strings or modules are expected, but no map that is read has them (maps: {listing})",
            )
        elif options.bacs == "off":
            yield ("expect",), "strings or modules are expected, but bacs is off"
    if isinstance(entry, DeviceEntry) and entry.expect.strings:
        most = entry.expect.strings
        for index, group in enumerate(entry.expect.string_groups):
            if max(group) > most:
                place = ("expect", "string_groups", index)
                yield place, f"string {max(group)} is in a group, but only {most} strings are expected"


def sensors(entry: DeviceEntry, names: Sequence[str], maps: Mapping[str, Map]) -> Iterator[Finding]:
    """Sensor names must differ, and the device must be one that can have sensors."""
    known = [maps[name] for name in names if name in maps]
    if entry.sensors and known and not any(item.sensors for item in known):
        yield (
            ("sensors",),
            f"a device that is read with {', '.join(names)} has no sensors at addresses 143 to 150",
        )
    for item in known:
        moved = next((word for word in item.words.values() if word.sensor), None)
        if entry.sensors and moved is not None and item.name != sensor_map(maps):
            yield (
                ("sensors",),
                f'they are read at 143, but map "{item.name}" has {moved.name} at {moved.address}: '
                "give its words a metric there instead",
            )
    first: dict[str, int] = {}
    for number, sensor in entry.sensors.items():
        other = first.setdefault(sensor.name, number)
        if other != number:
            yield ("sensors", number, "name"), f'sensor {other} is named "{sensor.name}" already'


def nothing(
    entry: DeviceEntry, options: Options, names: Sequence[str], maps: Mapping[str, Map]
) -> Iterator[Finding]:
    """A device must be asked for something: not for unnamed sensors alone, or a BACS that is off."""
    why = {} if entry.sensors else {sensor_map(maps): "no sensor has a name"}
    if options.bacs == "off":
        why |= {name: "bacs is off" for name in names if _is_bacs(maps[name])}
    if why.keys() >= {*names}:
        reasons = " and ".join(dict.fromkeys(why[name] for name in names))
        yield ("module",), f"nothing is asked for: the module reads {', '.join(names)} only, and {reasons}"


def _is_bacs(item: Map) -> bool:
    """Whether a map has nothing but a BACS, its strings and its modules."""
    sections = {trust.section for trust in item.trusts if trust.rule == "bacs"}
    return all(group.repeat or (group.optional and group.name in sections) for group in item.groups)


def map_labels(maps: Iterable[Map]) -> Mapping[str, str]:
    """The labels of the metrics of all maps, each with the name of the first map that has it."""
    taken: dict[str, str] = {}
    for item in maps:
        for word in item.words.values():
            for _, series_labels in series_of(word):
                for label, _ in series_labels:
                    taken.setdefault(label, item.name)
    return taken


def labels(names: Collection[str], taken: Mapping[str, str]) -> Iterator[Finding]:
    """Labels that the metrics of loaded maps have cannot be given to a device: `taken`, of `map_labels`."""
    for name in names:
        if name in taken:
            yield ("labels", name), f'label "{name}" is a label of metrics in map "{taken[name]}"'
