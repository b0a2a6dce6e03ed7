"""What each flag of the vendor's tables means, typed from operations; and the selectors of a role."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.maps import load_maps
from exporter.maps.model import Flag, Severity, Word
from exporter.maps.roles import (
    BATTERY,
    DANGER,
    ROLES,
    Matcher,
    gravity,
    matchers,
    played,
    selector,
    with_known_roles,
)

MAPS = load_maps()
VENDOR = [MAPS[name] for name in ("ups", "bacs")]  # whose flags are typed here
DOCS = Path(__file__).parents[2] / "docs" / "own-maps.md"
STATUS, ALARM = "generex_ups_status", "generex_ups_alarm"
STATE, BACS, MODULE = "generex_bacs_state", "generex_bacs_alarm", "generex_bacs_module_alarm"

# role: the flags that play it, by metric
TABLE: dict[str, dict[str, str]] = {
    "dark": {
        STATUS: "shutdown output_act",
        ALARM: "output_off_as_requested ups_off_as_requested ups_output_off ups_system_off awaiting_power",
    },
    "on_battery": {STATUS: "backup_mode", ALARM: "on_battery"},
    "bypass": {STATUS: "bypass_mode", ALARM: "on_bypass"},
    "eco": {STATUS: "eco_mode"},
    "test": {STATUS: "test_act", ALARM: "test_in_progress"},
    "lost": {STATUS: "comm_lost", ALARM: "communication_lost"},
    "shutdown_pending": {ALARM: "shutdown_pending"},
    "shutdown_imminent": {ALARM: "shutdown_imminent"},
    "depleted": {ALARM: "battery_depleted"},
    "battery_low": {STATUS: "battery_low", ALARM: "battery_low"},
    "battery_bad": {STATUS: "battery_bad", ALARM: "battery_bad"},
    "charger_failed": {ALARM: "charger_failed"},
    "test_failed": {ALARM: "diagnostic_test_failed"},
    "overload": {STATUS: "output_high", ALARM: "output_overload"},
    "output_bad": {ALARM: "output_bad"},
    "inverter_failed": {STATUS: "inverter_failure"},
    "inverter_warning": {STATUS: "inverter_warn"},
    "ups_fault": {STATUS: "ups_failed", ALARM: "general_fault"},
    "fuse_blown": {ALARM: "fuse_failure"},
    "fan_failed": {ALARM: "fan_failure"},
    "hot": {STATUS: "over_temp", ALARM: "over_temperature"},
    "input_bad": {STATUS: "input_high", ALARM: "input_bad"},
    "bypass_bad": {ALARM: "bypass_bad"},
    "site_alarm": {STATUS: "dvg_alarm"},
    "thermal_runaway": {STATE: "thermal_runaway"},
    "ground_fault": {STATE: "current_ground_fault_detected", BACS: "rcm_current_difference"},
    "danger": {},
    "breaker_open": {STATE: "battery_breaker_open"},
    "battery_alarm": {
        STATE: "string_voltage_high string_voltage_low",
        BACS: "voltage_high voltage_low temperature_high discharge_current_deviation "
        "charge_current_deviation string_charge_low",
        MODULE: "voltage_high voltage_low temperature_high",
    },
    "general_alarm": {STATE: "general_alarm", BACS: "general_alarm", MODULE: "general_alarm"},
    "discharging": {STATE: "discharging"},
    "float_charging": {STATE: "float_charging"},
    "service": {STATE: "module_addressing module_searching module_initializing module_polling"},
    "monitor_stopped": {STATE: "running"},
}


def own_map(folder: Path, words: str, name: str = "own", metric: str = "own_mode") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(
        f"map: {name}\ntitle: Own\nsource: a test\nmetrics: {{{metric}: {{help: Mode.}}}}\n"
        f"groups: {{{name}: {{title: Own, words: {{{words}}}}}}}\n"
    )
    return path


@pytest.mark.parametrize("role", ROLES)
def test_the_flags_of_a_role(role: str) -> None:
    expected = {(metric, flag) for metric, flags in TABLE[role].items() for flag in flags.split()}
    assert {(item.metric, item.name) for item in played(VENDOR, role)} == expected


def test_no_role_is_without_meaning_and_no_flag_has_two() -> None:
    assert set(TABLE) == set(ROLES)
    assert DANGER == ("thermal_runaway", "ground_fault", "danger")
    everything = played(MAPS.values())
    assert len({(item.metric, item.label, item.name) for item in everything}) == len(everything)


def test_the_roles_of_a_battery() -> None:
    of_bacs = {role for role, flags in TABLE.items() if flags.keys() & {STATE, BACS, MODULE}}
    assert set(BATTERY) == of_bacs | {"danger"}


@pytest.mark.parametrize(
    ("severity", "role", "normal", "grave"),
    [
        ("none", "", False, "none"),
        ("info", "eco", False, "info"),
        ("warning", "dark", False, "warning"),
        # danger to people, whatever the map says
        ("none", "thermal_runaway", False, "critical"),
        ("info", "ground_fault", False, "critical"),
        ("warning", "danger", False, "critical"),
        ("info", "danger", True, "critical"),
        # clear although it belongs set
        ("none", "", True, "warning"),
        ("none", "monitor_stopped", True, "warning"),
        ("none", "dark", True, "critical"),
        ("info", "", True, "info"),
        ("critical", "monitor_stopped", True, "critical"),
    ],
)
def test_how_grave_a_flag_is(severity: Severity, role: str, normal: bool, grave: Severity) -> None:
    assert gravity(Flag("x", 0, "X", "X", "X.", severity, normal=normal, role=role)) == grave


def test_what_is_normally_set_plays_its_role_while_clear() -> None:
    clear = {(item.name, item.role) for item in played(VENDOR) if item.active == 0}
    assert clear == {("output_act", "dark"), ("running", "monitor_stopped")}


@pytest.mark.parametrize("role", ROLES)
def test_the_selectors_of_a_role_find_just_its_flags(role: str) -> None:
    series = {(word.metric, flag.name) for item in MAPS.values() for word, flag in item.flags()}
    found = {
        (metric, flag, one.active)
        for one in matchers(MAPS.values(), role)
        for metric, flag in series
        if metric in one.metrics and flag in one.names
    }
    assert found == {(item.metric, item.name, item.active) for item in played(MAPS.values(), role)}


def test_several_roles_at_once_are_one_selector() -> None:
    (one,) = matchers(VENDOR, "shutdown_pending", "shutdown_imminent")
    assert one.selector() == 'generex_ups_alarm{flag=~"shutdown_pending|shutdown_imminent"}'


def test_selectors_are_promql() -> None:
    assert selector(("a",)) == "a"
    one = Matcher(("a",), "flag", ("x",), 1)
    assert one.selector() == 'a{flag="x"}'
    assert one.selector('job="ups"') == 'a{job="ups", flag="x"}'
    two = Matcher(("a", "b"), "state", ("x", "y"), 1)
    assert two.selector('job="ups"') == '{__name__=~"a|b", job="ups", state=~"x|y"}'


def test_selectors_do_not_find_a_flag_of_another_role_that_has_the_name(tmp_path: Path) -> None:
    # of two metrics with the same two names each plays the role by one of them
    words = ", ".join(
        f'{name}: {{address: {address}, type: bool, metric: own_mode, flag: {{name: "{name}", vendor: v, '
        f"label: l, description: d, severity: info{role}}}}}"
        for address, (name, role) in enumerate([("on_battery", ""), ("eco_mode", ", role: on_battery")])
    )
    maps = [*VENDOR, load_maps([own_map(tmp_path, words)])["own"]]
    assert [one.selector() for one in matchers(maps, "on_battery")] == [
        'generex_ups_status{flag="backup_mode"}',
        'generex_ups_alarm{flag="on_battery"}',
        'own_mode{flag="eco_mode"}',
    ]


def test_the_states_of_an_enumeration_play_roles(tmp_path: Path) -> None:
    words = "mode: {address: 1, metric: own_mode, states: {0: halted, 1: online, 2: battery}, "
    path = own_map(tmp_path, words + "roles: {battery: on_battery, halted: dark}}")
    maps = [*VENDOR, load_maps([path])["own"]]
    own = [item for item in played(maps) if item.metric == "own_mode"]
    assert [(item.label, item.name, item.role, item.active) for item in own] == [
        ("state", "halted", "dark", 1),
        ("state", "battery", "on_battery", 1),
    ]
    assert [one.selector() for one in matchers(maps, "on_battery")] == [
        '{__name__=~"generex_ups_(status|alarm)", flag=~"backup_mode|on_battery"}',
        'own_mode{state="battery"}',
    ]


def test_a_series_that_another_map_has_plays_its_role() -> None:
    bypass, output, *_ = MAPS["everexceed"].words["status"].flags
    assert (bypass.role, output.role) == ("bypass", "dark")


def word(metric: str = STATUS, **fields: Any) -> Word:
    """A word of another map with the same series."""
    return replace(next(iter(MAPS["ups"].words.values())), metric=metric, **{"flags": (), **fields})


def flag(name: str, role: str = "", *, normal: bool = False) -> Flag:
    return Flag(name, 0, "X", "X", "X.", "info", normal=normal, role=role)


def test_flags_and_states_have_the_role_of_the_same_series_of_another_map(tmp_path: Path) -> None:
    mode = "mode: {address: 1, metric: own_mode, states: {1: gas, 2: battery}, roles: {gas: danger}}"
    others = [*VENDOR, load_maps([own_map(tmp_path, mode)])["own"]]
    several = with_known_roles(
        word(flags=(flag("bypass_mode"), flag("mine"), flag("eco_mode", "eco"))), others
    )
    assert [it.role for it in several.flags] == ["bypass", "", "eco"]
    assert several.flag is None
    one = with_known_roles(word(ALARM, flag=flag("on_battery")), others).flag
    assert one is not None
    assert one.role == "on_battery"
    states = word("own_mode", states=((1, "battery"), (2, "gas"), (3, "dark")), roles=(("dark", "dark"),))
    assert with_known_roles(states, others).roles == (("gas", "danger"), ("dark", "dark"))
    # another metric, or another label, is another series
    other = with_known_roles(word("own_status", flags=(flag("bypass_mode"),)), others)
    assert [it.role for it in other.flags] == [""]
    labelled = with_known_roles(word("own_mode", flags=(flag("gas"),)), others)
    assert [it.role for it in labelled.flags] == [""]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (flag("bypass_mode", "eco"), 'plays the role "bypass" in another map, where it is not normally set'),
        (flag("bypass_mode", normal=True), 'plays the role "bypass" in another map, where it is not'),
        (flag("output_act", "dark"), 'plays the role "dark" in another map, where it is normally set'),
        (flag("output_act", "bypass", normal=True), 'plays the role "dark" in another map, where it is n'),
    ],
)
def test_series_that_look_alike_mean_the_same(one: Flag, said: str) -> None:
    for fields in ({"flags": (one,)}, {"flag": one}):
        with pytest.raises(ValueError, match=said):
            with_known_roles(word(**fields), VENDOR)


def test_a_role_that_is_none() -> None:
    with pytest.raises(KeyError):
        played(MAPS.values(), "drak")


def test_the_documentation_lists_all_roles() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(listed) == dict(ROLES)


@pytest.mark.parametrize(
    ("metrics", "found"),
    [
        (("a_up",), "a_up"),
        (("a_x_volts", "b_up"), '{__name__=~"a_x_volts|b_up"}'),
        (("a_x_volts", "a_x_hertz"), '{__name__=~"a_x_(volts|hertz)"}'),
        # those that begin with one word stand together; a word alone is none of them
        (
            ("a_in_volts", "a_up", "a_out_hertz", "a_in_hertz", "a_in"),
            '{__name__=~"a_(in_(volts|hertz)|up|in|out_hertz)"}',
        ),
    ],
)
def test_a_selector_over_several_metrics(metrics: tuple[str, ...], found: str) -> None:
    assert selector(metrics) == found
