"""What can still be checked of a configuration with mistakes in it, so that one run names them all. Pure."""

import copy
from collections.abc import Iterable
from typing import Any

from exporter.yamlfile import Place

_TIMES = frozenset({"timeout", "request_timeout", "pacing", "connect_delay"})
_BY_MODULE = frozenset({"overrides", "expect", "bacs", "sensors", "max_words", *_TIMES})
_CLOUDED = {
    **dict.fromkeys(_TIMES, _TIMES),
    "unit": frozenset({"unit", "target", "name"}),
    "name": frozenset({"name"}),
    "bacs": frozenset({"expect"}),
    "module": _BY_MODULE | {"module"},
}
"""The keys of a device of which nothing can be said while another one is wrong."""

_DEEPEST = 4  # an override or a sensor is one thing: half of it would be a mistake of its own


class Salvage:
    """A configuration without its wrong values.

    `numbers` are the places in the list of the devices that are left; `clouded` are the places about which
    what is left would say something wrong.
    """

    def __init__(self, data: Any, mistakes: Iterable[Place]) -> None:
        self.data = copy.deepcopy(data)
        self.clouded: set[Place] = set()
        lost: set[int] = set()
        for place in mistakes:
            if len(place) < 3:
                lost.add(int(place[1]))
                continue
            key = str(place[2])
            _drop(self.data["devices"], place[:_DEEPEST])
            if key == "target":
                lost.add(int(place[1]))
            self.clouded |= {("devices", place[1], other) for other in _CLOUDED.get(key, ())}
        self.numbers = [number for number in range(len(self.data["devices"])) if number not in lost]
        self.data["devices"] = [self.data["devices"][number] for number in self.numbers]


def can_salvage(mistakes: Iterable[Place]) -> bool:
    """Whether all that is wrong lies within single devices: maps and modules say what the rest means."""
    return all(len(place) > 1 and place[0] == "devices" and isinstance(place[1], int) for place in mistakes)


def _drop(devices: list[Any], place: Place) -> None:
    """Take out what is at `place` of the configuration, if it is still there."""
    _, number, *path = place
    data = devices[int(number)]
    for part in path[:-1]:
        data = data.get(part) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data.pop(path[-1], None)
