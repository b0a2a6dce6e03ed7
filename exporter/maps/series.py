"""The series that the words of a map can become: metric and labels, before there is a device."""

from collections.abc import Iterator

from exporter.maps.model import Group, Repeat, Word


def group_series(group: Group) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """The series of one instance of a group, as (word or group that makes it, metric name, labels)."""
    for word in group.words:
        for metric, labels in series_of(word):
            yield word.name, metric, labels
    repeat = group.repeat
    if repeat is not None and repeat.present_metric:
        yield f"{group.name} repeat", repeat.present_metric, _repeat_labels(repeat)


def series_of(word: Word) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every series that one instance of a word can become: metric and labels, instance numbers left blank."""
    own = [*word.labels, *(_repeat_labels(word.repeat) if word.repeat else ())]
    series: list[tuple[str, list[tuple[str, str]]]] = []
    if word.metric:
        if word.flags:
            series += [(word.metric, [*own, ("flag", flag.name)]) for flag in word.flags]
        elif word.flag:
            series.append((word.metric, [*own, ("flag", word.flag.name)]))
        elif word.states:
            series += [(word.metric, [*own, ("state", state)]) for _, state in word.states]
        else:
            series.append((word.metric, own))
    if word.raw_metric:
        series.append((word.raw_metric, [*own, *word.raw_labels]))
    return series


def _repeat_labels(repeat: Repeat) -> list[tuple[str, str]]:
    return [(label, "") for label in (repeat.label, repeat.parent_label) if label]
