"""What a map takes over from another one: single words by their addresses, or whole groups."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exporter.maps.checks import Fail
from exporter.maps.model import Group, Map, Word
from exporter.maps.schema import IncludeEntry
from exporter.yamlfile import Place


@dataclass(frozen=True)
class Taken:
    """The words as they are in the new map, and the groups that came whole."""

    words: tuple[Word, ...]
    groups: tuple[Group, ...]

    def metrics(self) -> Iterator[str]:
        """The metrics that the words and groups feed."""
        for word in self.words:
            yield from filter(None, (word.metric, word.raw_metric))
        for group in self.groups:
            if group.repeat and group.repeat.present_metric:
                yield group.repeat.present_metric


def take(entry: IncludeEntry, source: Map, name: str, place: Place, fail: Fail) -> Taken:
    """What `entry`, at `place` of the map `name`, takes from `source`."""
    groups = tuple(group for group in source.groups if group.name in entry.groups)
    if entry.groups:
        for index, group_name in enumerate(entry.groups):
            if group_name not in {group.name for group in groups}:
                known = ", ".join(group.name for group in source.groups)
                fail((*place, "groups", index), f'map "{entry.map}" has no group "{group_name}" ({known})')
        chosen = [word for group in groups for word in group.words]
    else:
        low, high = entry.addresses
        plain = [word for word in source.words.values() if word.address is not None and not word.repeat]
        chosen = [word for word in plain if low <= (word.address or 0) <= high]
        if not chosen:
            fail((*place, "addresses"), f'map "{entry.map}" has no word from {low} to {high}')
    first = min((word.address for word in chosen if word.address is not None), default=0)
    start = entry.addresses[0] if entry.addresses else first
    shift = 0 if entry.at is None else entry.at - start
    words = tuple(_moved(word, entry, shift, name) for word in chosen)
    for word in words:
        if word.function in (1, 2) and word.type != "bool" and word.address is not None:
            fail(
                (*place, "function"), f'function {word.function} reads single bits, and "{word.name}" is none'
            )
    moved = tuple(
        replace(group, readable=tuple((low + shift, high + shift) for low, high in group.readable))
        for group in groups
    )
    return Taken(words, moved)


def _moved(word: Word, entry: IncludeEntry, shift: int, name: str) -> Word:
    return replace(
        word,
        map=name,
        group=entry.group or word.group,
        address=None if word.address is None else word.address + shift,
        function=entry.function or word.function,
    )
