"""What is asked of the recorded series, as PromQL that is typed; device.md names the words."""

from dataclasses import replace
from typing import Literal

import pytest

from exporter.assess.outcomes import CHARGE
from exporter.assess.promql import BLOCK_ALARM, Prom, any_of, playing
from exporter.maps import built_in_maps
from exporter.maps.model import Flag, Map

MAPS = built_in_maps()


def of_flags(metric: str, *flags: Flag) -> Map:
    """A map with one word."""
    ups = MAPS["ups"]
    word = replace(ups.groups[0].words[0], metric=metric, flags=flags)
    return replace(ups, groups=(replace(ups.groups[0], words=(word,)),))


def flag(name: str, role: str, *, normal: bool = False) -> Flag:
    return Flag(name, 0, "X", "X", "X.", "warning", normal=normal, role=role)


@pytest.mark.parametrize(
    ("role", "blocks", "expected"),
    [
        ("eco", "", 'last_over_time(generex_ups_status{job="x", flag="eco_mode"}[1m])'),
        (
            "bypass", "",
            'last_over_time({__name__=~"generex_ups_(status|alarm)", job="x", '
            'flag=~"bypass_mode|on_bypass"}[1m])',
        ),
        ("monitor_stopped", "", '1 - last_over_time(generex_bacs_state{job="x", flag="running"}[1m])'),
        # one that plays its role while set, and one while clear, as two series
        (
            "dark", "",
            'last_over_time({__name__=~"generex_ups_(status|alarm)", job="x", flag=~"shutdown|'
            'output_off_as_requested|ups_off_as_requested|ups_output_off|ups_system_off|awaiting_power"}[1m])'
            ' or 1 - last_over_time(generex_ups_status{job="x", flag="output_act"}[1m])',
        ),
        # flags of blocks as they are scraped, and as those that are set are recorded
        (
            "general_alarm", "",
            'last_over_time({__name__=~"generex_bacs_(state|alarm|module_alarm)", job="x", '
            'flag="general_alarm"}[1m])',
        ),
        (
            "general_alarm", "set",
            'last_over_time({__name__=~"generex_bacs_(state|alarm)", job="x", flag="general_alarm"}[1m])'
            ' or set{job="x", flag="general_alarm"}',
        ),
        (
            "battery_alarm", "set",
            'last_over_time({__name__=~"generex_bacs_(state|alarm)", job="x", flag=~"string_voltage_high|'
            "string_voltage_low|voltage_high|voltage_low|temperature_high|discharge_current_deviation|"
            'charge_current_deviation|string_charge_low"}[1m])'
            ' or set{job="x", flag=~"voltage_high|voltage_low|temperature_high"}',
        ),
        ("eco", "set", 'last_over_time(generex_ups_status{job="x", flag="eco_mode"}[1m])'),
        ("danger", "set", ""),
    ],
)  # fmt: skip
def test_whether_a_role_is_played(role: str, blocks: str, expected: str) -> None:
    assert playing(MAPS.values(), role, "1m", 'job="x"', blocks=blocks) == expected
    if not blocks:
        assert playing(MAPS.values(), role, "1m", 'job="x"') == expected


def test_a_role_that_only_flags_of_blocks_play() -> None:
    blocks = of_flags(BLOCK_ALARM, flag("gas", "danger"))
    expected = 'last_over_time(generex_bacs_module_alarm{flag="gas"}[1m])'
    assert playing([blocks], "danger", "1m", blocks="set") == expected


def test_a_flag_of_blocks_that_belongs_set_is_not_among_those_that_are_recorded() -> None:
    blocks = of_flags(BLOCK_ALARM, flag("well", "danger", normal=True), flag("gas", "danger"))
    system = of_flags("generex_bacs_alarm", flag("calm", "danger", normal=True), flag("fire", "danger"))
    assert playing([blocks, system], "danger", "1m", blocks="set") == (
        '1 - last_over_time(generex_bacs_module_alarm{flag=~"well|calm"}[1m])'
        ' or label_replace(1 - last_over_time(generex_bacs_alarm{flag=~"well|calm"}[1m]), "of", "1", "", "")'
        ' or last_over_time(generex_bacs_alarm{flag=~"gas|fire"}[1m])'
        ' or set{flag="gas"}'
    )


def test_a_flag_that_one_metric_has_normally_set_and_another_not_is_kept_apart() -> None:
    """Without its name a series of one metric has the labels of the other's."""
    well = of_flags("generex_ups_status", flag("gas", "danger", normal=True))
    alarm = of_flags("generex_ups_alarm", flag("gas", "danger"))
    assert playing([well, alarm], "danger", "1m") == (
        '1 - last_over_time(generex_ups_status{flag="gas"}[1m])'
        ' or label_replace(last_over_time(generex_ups_alarm{flag="gas"}[1m]), "of", "1", "", "")'
    )


def test_thresholds_of_the_user_take_the_place_of_the_defaults() -> None:
    prom = Prom(MAPS, {"plausible_charge": 1.2, "survivable_charge": 0.85, "served_volts": 20})
    assert prom.text(f"NO: charge < {CHARGE} %") == "NO: charge < 85 %"
    assert prom.charge_known == "device:generex_ups_battery_charge_ratio:min >= 0 <= 1.2"
    assert prom.charge_low == "device:generex_ups_battery_charge_ratio:min >= 0 < 0.85"
    assert prom.no_output == (
        "(max by (device) (phase:generex_ups_output_volts:max) >= 0 <= 20"
        " unless on (device) phase:generex_ups_output_load_ratio:max > 0)"
    )
    of_itself = Prom(MAPS, {})
    assert of_itself.charge_known == "device:generex_ups_battery_charge_ratio:min >= 0 <= 1.05"
    assert of_itself.charge_low == "device:generex_ups_battery_charge_ratio:min >= 0 < 0.9"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("listed", "(device:generex_up:max or device:generex_up:last1d * 0)"),
        ("unreachable", "(device:generex_up:max or device:generex_up:last1d * 0) == 0"),
        (
            "ups_lost",
            '(max by (device) (device:generex_role:active{role="lost"}) == 1'
            ' or min by (device) (group:generex_data_valid:max{group=~"ups|prof"}) == 0)',
        ),
        ("ups_read", 'min by (device) (group:generex_group_up:max{group=~"ups|prof"}) == 1'),
        ("ups_unread", 'min by (device) (group:generex_group_up:max{group=~"ups|prof"}) == 0'),
        # the shortest list with alarm words has 13 of them: 115 to 127 (device.md 5.1)
        (
            "map_in_doubt",
            '((max by (device) (group:generex_refused_words:max{group=~"ups|prof"}) >= 13'
            " unless device:generex_ups_alarm:count)"
            ' and min by (device) (group:generex_group_up:max{group=~"ups|prof"}) == 1)',
        ),
        (
            "all_zero",
            "(max by (device) (device:generex_ups:zero) == 0"
            ' unless on (device) device:generex_role:last{role="dark"} == 1)',
        ),
        ("implausible", "max by (device) (device:generex_implausible:value)"),
        (
            "bacs_untrusted",
            'min by (device) (group:generex_data_valid:max{group=~"bacs|strings|modules|prof"}) == 0',
        ),
        (
            "bacs_unread",
            'min by (device) (group:generex_group_up:max{group=~"bacs|strings|modules|prof"}) == 0',
        ),
        (
            "string_missing",
            "(device:generex_bacs_strings_missing:count > 0"
            " or device:generex_bacs_strings:max < device:generex_bacs_strings:max1d)",
        ),
        (
            "module_missing",
            "(device:generex_bacs_modules_missing:count > 0"
            " or device:generex_bacs_modules:max < device:generex_bacs_modules:max1d)",
        ),
        (
            "blocks_unserved",
            "(device:generex_bacs_modules:max > 0 unless device:generex_bacs_modules_missing:count)",
        ),
    ],
)
def test_what_is_asked_of_the_recorded_series(question: str, expected: str) -> None:
    assert getattr(Prom(MAPS, {}), question) == expected


def test_what_is_asked_of_roles() -> None:
    prom = Prom(MAPS, {}, ("device", "site"))
    active = 'device:generex_role:active{role=~"dark|eco"}'
    assert prom.plays("dark", "eco") == f"max by (device, site) ({active}) == 1"
    assert prom.clear("dark", "eco", "danger") == f"max by (device, site) ({active}) == 0"
    # what is known now goes before what was, role by role
    assert prom.was("danger", "dark", "eco").endswith(f" == 1 unless on (device, site, role) {active})")


@pytest.mark.parametrize(
    ("severity", "grave", "of_blocks"),
    [
        ("critical", "danger|critical.*", "voltage_high voltage_low temperature_high"),
        (
            "warning", "warning.*",
            "general_alarm communication_lost temperature_low resistor_high resistor_low equalisation_err "
            "voltage_warn_high voltage_warn_low temperature_warn_high temperature_warn_low "
            "resistor_warn_high resistor_warn_low modrev_incompatible",
        ),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_flags_of_a_battery(
    severity: Literal["critical", "warning"], grave: str, of_blocks: str
) -> None:
    assert Prom(MAPS, {}).flagged(severity) == (
        'max by (device) (device:generex_flag:rank{metric=~"generex_bacs_state|generex_bacs_alarm", '
        f'grave=~"{grave}"}}'
        f' or module:generex_bacs_module_alarm:set{{flag=~"{of_blocks.replace(" ", "|")}"}})'
    )


def test_one_name_is_no_pattern() -> None:
    assert any_of("flag", ["a", "a"]) == 'flag="a"'
    assert any_of("flag", ["a", "b", "a"]) == 'flag=~"a|b"'


def test_what_nothing_can_tell_joins_nothing() -> None:
    prom = Prom(MAPS, {})
    assert (prom.plays("danger"), prom.clear("danger"), prom.was("danger")) == ("", "", "")
    assert (prom.both("a", ""), prom.both("", "b"), prom.both("a", "b")) == ("", "", "(a and b)")
