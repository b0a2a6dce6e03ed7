"""What register maps say of themselves, for expressions: groups and what shows valid data. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from exporter.assess.facts import BACS_PREFIX, is_of_ups, is_value_of_ups, ups_groups
from exporter.generate.vocabulary import alternatives, frame_metrics
from exporter.maps.model import Map, Word
from exporter.maps.roles import played, selector


def _words(maps: Iterable[Map]) -> Iterator[Word]:
    return (word for item in maps for word in item.words.values())


def _ups_groups(maps: Iterable[Map]) -> str:
    return "|".join(ups_groups(_words(maps)))


def _ups_words(maps: Iterable[Map]) -> str:
    """A selector of all that is 0 only where the words of a UPS are: no state, no flag, nothing of the card.

    A flag that is normally set is among them, for a UPS without values.
    """
    names = [word.metric for word in _words(maps) if word.metric and is_value_of_ups(word)]
    flags = [
        (word.metric, flag.name)
        for word in _words(maps)
        if word.metric and is_of_ups(word) and not word.repeat
        for flag in word.all_flags
        if flag.normal
    ]
    names += [metric for metric, _ in flags]
    normal = alternatives(dict.fromkeys(name for _, name in flags))
    return selector(tuple(dict.fromkeys(names)), f'flag=~"|{normal}"')


def ups_flag_metrics(words: Iterable[Word]) -> tuple[str, ...]:
    """The metrics that hold the flags of a UPS."""
    of_ups = (word for word in words if (word.flags or word.flag) and not word.repeat and is_of_ups(word))
    return tuple(dict.fromkeys(word.metric for word in of_ups if word.metric))


def _ups_flags(maps: Iterable[Map]) -> str:
    return selector(ups_flag_metrics(_words(maps)))


def _lost_flags(maps: Iterable[Map]) -> str:
    """The flags by which a card says that it has lost its UPS."""
    return alternatives(dict.fromkeys(item.name for item in played(maps, "lost")))


def _frame_errors(maps: Iterable[Map]) -> str:
    """The metrics of the error codes of gateway frames, as alternatives."""
    return alternatives(frame_metrics(maps, "error_code"))


def _calm_flags(maps: Iterable[Map]) -> str:
    """The flags of a BACS that are no trouble, and so explain none, and the general alarm itself."""
    names = (
        flag.name
        for item in maps
        for word, flag in item.flags()
        if word.metric.startswith(BACS_PREFIX)
        and (flag.severity in ("none", "info") or flag.role == "general_alarm")
    )
    return alternatives(dict.fromkeys(names))


def _sections(rule: str, maps: Iterable[Map]) -> str:
    return "|".join(dict.fromkeys(it.section for item in maps for it in item.trusts if it.rule == rule))


NAMED: Mapping[str, Callable[[Iterable[Map]], str]] = {
    "ups_groups": _ups_groups,
    "ups_words": _ups_words,
    "ups_flags": _ups_flags,
    "lost_flags": _lost_flags,
    "ups_sections": partial(_sections, "lost_flags"),
    "bacs_sections": partial(_sections, "bacs"),
    "frame_sections": partial(_sections, "frame"),
    "frame_errors": _frame_errors,
    "calm_flags": _calm_flags,
}
"""By placeholder: the groups with words of a UPS; its words that are no flags, and its flags, as selectors;
the values of the label `group` of generex_data_valid by what shows validity: flags that say whether the UPS
is lost, the state of a BACS, the counter of a gateway's frame; the metrics of the error codes of such frames;
the flags of a BACS that explain no alarm.
"""
