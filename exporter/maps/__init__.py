"""Register maps: the data that decoding, explain, alerts, dashboards and the reference grow from."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from exporter.errors import UserError
from exporter.maps.build import build_map
from exporter.maps.model import Map
from exporter.maps.schema import MapEntry
from exporter.maps.series import group_series
from exporter.yamlfile import parse, read, validate

__all__ = [
    "DEFAULT_MODULE",
    "built_in_maps",
    "limits",
    "load_maps",
    "model",
    "modules_of",
    "otlp",
    "pass_metrics",
    "roles",
    "schema",
    "sensor_map",
    "series",
    "units",
]

DEFAULT_MODULE = "cs141"
"""The module of a device that names none."""


@cache
def built_in_maps() -> Mapping[str, Map]:
    """The maps of the package, by name; first those that others include, the most included first of all."""
    found = []
    for file in files("exporter.maps").joinpath("data").iterdir():
        document = parse(file.read_text(encoding="utf-8"), file.name, packaged=True)
        found.append((document, validate(document, MapEntry)))
    included = Counter(include.map for _, entry in found for include in entry.include)
    maps: dict[str, Map] = {}
    for document, entry in sorted(found, key=lambda item: (-included[item[1].map], item[1].map)):
        maps[entry.map] = build_map(document, entry, maps)
    return maps


def modules_of(maps: Iterable[Map]) -> dict[str, tuple[str, ...]]:
    """The modules that come with these maps, each with the names of the maps that it reads."""
    return {name: names for item in maps for name, names in item.modules}


def sensor_map(maps: Mapping[str, Map]) -> str:
    """The name of the map whose words are sensors that the configuration names."""
    return next(name for name, item in maps.items() if any(word.sensor for word in item.words.values()))


def load_maps(paths: Iterable[Path] = ()) -> Mapping[str, Map]:
    """The built-in maps and the user's own; a map of the same name takes the place of the built-in one.

    Raises UserError that names the file, the line, the map and the entry.
    """
    maps = dict(built_in_maps())
    own: set[str] = set()
    for path in paths:
        document = read(path)
        if isinstance(document.data, dict) and "map" not in document.data and "maps" in document.data:
            raise document.error((), "a configuration, no map: give the map file that its `maps` names")
        entry = validate(document, MapEntry)
        if entry.map in own:
            raise document.error(("map",), f'map "{entry.map}" was given by another file already')
        own.add(entry.map)
        maps[entry.map] = build_map(document, entry, maps)
    check_together(maps.values())
    return maps


def check_together(maps: Iterable[Map]) -> None:
    """Loaded maps may share a metric name only with equal type, unit and label names (design 2.5).

    A counter `x_total` counts as `x`: that is what OpenMetrics calls it. OTLP names are no different.
    """
    seen: dict[str, tuple[str, tuple[object, ...]]] = {}
    points: dict[str, tuple[str, tuple[object, ...]]] = {}
    for item in maps:
        for group in item.groups:
            for _, name, labels in group_series(group):
                metric = item.metrics[name]
                shape: tuple[object, ...] = (
                    metric.type,
                    metric.unit,
                    frozenset(label for label, _ in labels),
                )
                other, known = seen.setdefault(name.removesuffix("_total"), (item.name, shape))
                if known != shape:
                    raise UserError(
                        f'maps "{other}" and "{item.name}" both have the metric "{name}", '
                        "but with another type, unit or other labels: rename one of them"
                    )
                otlp = metric.otlp
                # which of the optional attributes of a convention there are may differ
                own = not otlp.name.startswith("hw.")
                shape = (otlp.instrument, otlp.unit, own and frozenset(otlp.attributes(dict(labels))))
                other, known = points.setdefault(otlp.name, (item.name, shape))
                if known != shape:
                    raise UserError(
                        f'maps "{other}" and "{item.name}" both have the OTLP metric "{otlp.name}", '
                        "but with another type, unit or other attributes: rename one of them"
                    )
