"""A row of the outcomes, or a flag's role, that is not as it should be fails in every room made from it.

Each row and each role is changed in turn, and the typed expectations of pages, boards and rules are asked.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from exporter.assess.condition import assess
from exporter.assess.outcomes import OUTCOMES, Outcome, Urgency
from exporter.generate.alerts.flags import role_recordings
from exporter.generate.alerts.model import Recording, Settings
from exporter.generate.alerts.outcomes import OUTCOME, flag_recordings, outcome_groups
from exporter.generate.alerts.thresholds import threshold_values
from exporter.generate.dashboards.context import Context
from exporter.generate.vocabulary import Vocabulary
from exporter.maps import built_in_maps
from exporter.maps.model import Flag
from exporter.reading.decode.snapshot import Snapshot
from tests import told
from tests.assess.spoken import OTHERWISE, REASONS, STATES, Words, words
from tests.snapshots import Source, simulated

pytestmark = pytest.mark.slow

Faults = set[str]
"""Outcomes that a room does not tell as it should."""


@contextmanager
def changed(item: object, **fields: object) -> Iterator[None]:
    """A row of the table or a flag of a map with other fields for a while; both are frozen for all others."""
    before = {name: getattr(item, name) for name in fields}
    for name, value in fields.items():
        object.__setattr__(item, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(item, name, value)


# ---- pages and `probe`


@cache
def seen(address_and_word: tuple[tuple[int, int | None], ...]) -> Snapshot:
    return Source().snapshot(words(dict(address_and_word)))


def told_of(snapshot: Snapshot, before: Snapshot | None = None) -> tuple[str, str]:
    """What a page says of it in two lines, with the colour and what is to be seen to first."""
    try:
        it = assess(snapshot, before=before)
    except StopIteration:  # no row holds
        return "", ""
    return (
        _line(f"{it.state.sign} {it.state_text}", it.state.level, it.state.order.name),
        _line(f"{it.survival.sign} {it.survival_text}", it.survival.level, it.survival.order.name),
    )


def _line(text: str, level: str, urgency: str) -> str:
    return f"{text}|{level}|{urgency}".lower()


@cache
def rare(folder: Path) -> Mapping[str, tuple[Snapshot, Snapshot | None]]:
    """Devices of which more than the words of one pass tells."""
    (folder / "own.yaml").write_text(
        "map: own\ntitle: Own\nsource: a test\nmodules: {own: [own]}\n"
        "metrics: {own_mode: {help: Mode.}}\n"
        "groups:\n  ups:\n    title: UPS\n    words:\n"
        "      mode: {address: 1, metric: own_mode, states: {1: gas}, roles: {gas: danger}}\n"
    )
    (folder / "c.yml").write_text("maps: [own.yaml]\ndevices: [{target: tcp://10.0.0.9, module: own}]\n")
    other = Source("ups")
    served = simulated("everexceed-on-default-map")
    other.snapshot(served)
    for span in other.layout.spans:
        if span.keys()[0] & 0xFFFF not in served:
            other.memory.refusals.add(span, 0.0, flags=span in other.layout.flags)
    silent = Source().snapshot({})
    return {
        "danger": (Source(config=folder / "c.yml").snapshot({1: 1}), None),
        "lost_in_danger": (silent, Source().snapshot(words({1001: 0x0008}))),
        "map_in_doubt": (other.snapshot(served), None),
        "all_zero": (Source().snapshot(words(dict.fromkeys(range(97, 143), 0))), None),
        "lost_dark": (silent, Source().snapshot(words({125: 1}))),
        "lost_on_battery": (silent, Source().snapshot(words({109: 0x0C}))),
        "discharging_alone": (Source("bacs").snapshot(simulated() | {1000: 0x0009}), None),
        "unreachable": (silent, None),
        "blocks_unserved": (Source("prof").snapshot(simulated("plc-stopped")), None),
        "unserved": (Source("everexceed").snapshot(simulated("everexceed-on-default-map")), None),
        "no_ups": (Source("bacs").snapshot(simulated()), None),
    }


def typed(key: str, texts: Mapping[str, str]) -> str:
    return _line(texts[key], _level(key), told.where(told.URGENT, key, "rest"))


SURVIVAL_KEYS = {text: key for key, text in told.SURVIVAL.items()}
STATE_KEYS = {text: key for key, text in told.STATE.items()}


def pages(folder: Path, concerns: Callable[[str, Words], bool]) -> Faults:
    """The outcomes that pages tell otherwise; only of those devices that `concerns` picks."""
    faults = set()
    for text, change in REASONS + OTHERWISE:
        key = SURVIVAL_KEYS[text]
        if concerns(key, change) and told_of(seen(tuple(change.items())))[1] != typed(key, told.SURVIVAL):
            faults.add(key)
    for text, change in STATES:
        key = STATE_KEYS[re.split("[;,]", text)[0].upper()]
        if concerns(key, change) and told_of(seen(tuple(change.items())))[0] != typed(key, {key: text}):
            faults.add(key)
    for key, (snapshot, before) in rare(folder).items():
        if concerns(key, {}):
            lines = told_of(snapshot, before)
            for line, texts in zip(lines, (told.STATE, told.SURVIVAL), strict=True):
                # a danger is told with what the load lives on
                if key in texts and re.sub("; [a-z ]+", "", line, flags=re.I) != typed(key, texts):
                    faults.add(key)
    return faults


def _level(key: str) -> str:
    return told.where(told.LEVELS, key, "critical")


# ---- rules


SETTINGS = Settings(threshold_values({}), built_in_maps())


def recorded() -> dict[str, Recording]:
    rules = [rule for group in outcome_groups(SETTINGS) for rule in group.rules]
    return {
        dict(rule.labels)["outcome"]: rule
        for rule in rules
        if isinstance(rule, Recording) and rule.record == OUTCOME
    }


def recorded_of_flags() -> told.Rules:
    """What is recorded of the flags and their roles, whatever the rows are."""
    return [
        (rule.record, dict(rule.labels), rule.expr)
        for rule in (*chain(*role_recordings(SETTINGS)), *flag_recordings(SETTINGS))
    ]


of_flags_as_they_are = cache(recorded_of_flags)


def rules(found: Mapping[str, Recording], made: told.Rules = ()) -> Faults:
    """The outcomes that are recorded otherwise: by other flags or series, or with other labels."""
    made = made or of_flags_as_they_are()
    faults = {key for key in (*told.STATE, *told.SURVIVAL, *told.BACS) if key not in found} - {"danger"}
    for key, rule in found.items():
        says = {"critical": "no", "lost": "unknown", "good": "yes"}.get(_level(key), "else")
        labels = {
            "outcome": key,
            **{name: "yes" for name, texts in QUESTIONS.items() if key in texts},
            "says": "unknown" if key == "values_in_doubt" else says,
            "urgency": told.where(told.URGENT, key, "rest"),
        }
        flags = told.flags_in(rule.expr, made)
        metrics = {name.replace("generex_", "") for name in re.findall(r"[\w:]*generex_[\w:]+", rule.expr)}
        asked = told.METRICS.get(key)
        if (
            dict(rule.labels) != labels
            or flags != told.FLAGS.get(key, flags if asked is None else set())
            or (asked is not None and metrics != asked)
        ):
            faults.add(key)
    return faults


# ---- boards

QUESTIONS = {"state": told.STATE, "survival": told.SURVIVAL, "bacs": told.BACS}
COLOURS = {
    "critical": "#C4162A", "lost": "#8F3BB8", "warning": "#E8701A", "info": "#3274D9", "none": "#5A6070",
    "good": "#23303F",
}  # fmt: skip


def boards(found: Mapping[str, Recording]) -> Faults:
    """The outcomes whose tile has another word, sign, colour or place, or a number that no rule records."""
    context = Context(Vocabulary(built_in_maps()), threshold_values({}), ("site",), "", ())
    faults = set()
    for choices, texts in zip(
        (context.states, context.survival, context.bacs_states), QUESTIONS.values(), strict=True
    ):
        order = [choice.number for choice in choices]
        if order != sorted(order, reverse=True) or len(choices) != len(texts):
            faults |= {*texts}
        for choice, (key, text) in zip(choices, texts.items(), strict=False):
            rule = found.get(key)
            if (choice.text, choice.colour) != (text, COLOURS[_level(key)]) or (
                # no map of ours has a flag that means danger in general
                key != "danger" and (rule is None or not rule.expr.endswith(f" + {choice.number}"))
            ):
                faults.add(key)
    return faults


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


def rooms(row: Outcome, folder: Path) -> dict[str, Faults]:
    # how a BACS fares is a tile of the boards; pages count its blocks
    asked = row.state or row.survival
    found = {"pages": pages(folder, lambda key, _: key == row.key)} if asked else {}
    rows = recorded()
    return {**found, "boards": boards(rows), "rules": rules(rows)}


def test_nothing_fails_as_it_is(folder: Path) -> None:
    rows = recorded()
    assert (pages(folder, lambda *_: True), boards(rows), rules(rows)) == (set(), set(), set())


@pytest.mark.parametrize("row", OUTCOMES, ids=lambda row: row.key)
def test_a_row_that_never_holds(row: Outcome, folder: Path) -> None:
    with changed(row, holds=lambda it: ""):
        found = rooms(row, folder)
    if row.key == "danger":  # the boards and rules of the built-in maps have no flag for it
        found = {"pages": found["pages"]}
    assert {room: row.key in faults for room, faults in found.items()} == dict.fromkeys(found, True)


@pytest.mark.parametrize("row", OUTCOMES, ids=lambda row: row.key)
def test_a_row_that_looks_otherwise(row: Outcome, folder: Path) -> None:
    with changed(row, level="good" if row.level != "good" else "critical"):
        found = rooms(row, folder)
    if row.key == "danger":
        del found["rules"]
    assert {room: row.key in faults for room, faults in found.items()} == dict.fromkeys(found, True)
    with changed(row, sign="!"):
        found = rooms(row, folder)
    del found["rules"]  # which have no signs
    assert {room: row.key in faults for room, faults in found.items()} == dict.fromkeys(found, True)


@pytest.mark.parametrize("row", OUTCOMES, ids=lambda row: row.key)
def test_a_row_of_another_urgency(row: Outcome, folder: Path) -> None:
    with changed(row, order=Urgency.REST if row.order is not Urgency.REST else Urgency.DARK):
        found = rooms(row, folder)
    del found["boards"]  # which take it from the rules
    if row.key == "danger":
        del found["rules"]
    assert {room: row.key in faults for room, faults in found.items()} == dict.fromkeys(found, True)


@pytest.mark.parametrize(
    ("row", "question"),
    [(row, name) for row in OUTCOMES for name in QUESTIONS if getattr(row, name)],
    ids=lambda it: it if isinstance(it, str) else it.key,
)
def test_a_row_with_other_words(row: Outcome, question: str, folder: Path) -> None:
    with changed(row, **{question: "Other"}):
        found = rooms(row, folder)
    del found["rules"]  # which have its key
    if question == "bacs":
        found.pop("pages", None)
    assert {room: row.key in faults for room, faults in found.items()} == dict.fromkeys(found, True)
    with changed(row, **{question: ""}):
        assert row.key == "danger" or row.key in rules(recorded())


def flags_with_a_role() -> dict[tuple[str, str], list[tuple[int, Flag]]]:
    """Of each series the flag of every map that has it, with the address of its word."""
    found = defaultdict(list)
    for item in built_in_maps().values():
        for word, flag in item.flags():
            if flag.role and word.metric:
                found[word.metric, flag.name].append((word.address or 0, flag))
    return found


FOR_ALERTS = {
    "hot", "input_bad", "bypass_bad", "inverter_warning", "fan_failed", "site_alarm", "float_charging",
}  # fmt: skip
"""Roles that no outcome asks for."""
TOLD_OTHERWISE = {"discharging", "service", "monitor_stopped", "lost"}
"""On pages: the first three are for the tile of a BACS, the last is told by the group that is not valid."""


@pytest.mark.parametrize(
    ("metric", "name"),
    [key for key, found in flags_with_a_role().items() if found[0][1].role not in FOR_ALERTS],
)
def test_a_flag_without_its_role(metric: str, name: str, folder: Path) -> None:
    flags = flags_with_a_role()[metric, name]
    role = flags[0][1].role
    addresses = {address for address, _ in flags}
    for _, flag in flags:
        object.__setattr__(flag, "role", "")
    try:
        assert rules(recorded(), recorded_of_flags())
        if role not in TOLD_OTHERWISE:
            assert pages(folder, lambda _, change: not addresses.isdisjoint(change))
    finally:
        for _, flag in flags:
            object.__setattr__(flag, "role", role)
