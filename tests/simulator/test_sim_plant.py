"""Laws the plant keeps, whatever happens to it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter.simulator.plant import Plant


def test_a_healthy_plant_floats() -> None:
    ups, bacs = Plant().ups(), Plant().bacs()
    assert ups.status == {"output_act"}
    assert ups.alarms == set()
    assert ups.charge == pytest.approx(1.0)
    assert bacs.state == {"running", "float_charging"}
    assert (bacs.state_1, bacs.alarms, bacs.alarms_1) == (frozenset(), frozenset(), frozenset())
    volts = [block.volts for block in bacs.blocks.values()]
    assert len(volts) == 40
    assert 13.55 < min(volts) < max(volts) < 13.75  # device.md 6.1: 13.57…13.87 V
    assert all(4.0 < block.milliohms < 5.6 for block in bacs.blocks.values())
    assert all(0 <= block.equalization <= 0.21 for block in bacs.blocks.values())
    assert len(set(volts)) > 30  # blocks differ


def test_charge_falls_on_battery_to_0_and_never_below() -> None:
    plant = Plant()
    plant.turn(mains=False)
    charges = [plant.ups().charge]
    while plant.on_battery:
        plant.advance(60)
        charges.append(plant.ups().charge)
        assert len(charges) < 120
    assert charges == sorted(charges, reverse=True)
    assert 20 < len(charges) < 60  # minutes that 40 kW·42 % run on 40 blocks of 40 Ah
    assert charges[-1] == pytest.approx(0.0, abs=0.01)
    plant.advance(7 * 86400)
    assert min(plant.battery.charge) >= 0
    ups = plant.ups()
    assert "output_act" not in ups.status
    assert {"ups_output_off", "awaiting_power", "battery_depleted"} <= ups.alarms
    assert ups.output_volts == (0, 0, 0)
    assert ups.load == (0, 0, 0)


def test_the_output_returns_with_mains_and_the_battery_is_charged_to_float() -> None:
    plant = Plant()
    plant.turn(mains=False)
    plant.advance(3 * 3600)
    plant.turn(mains=True)
    assert "output_act" in plant.ups().status
    assert "charging" in plant.bacs().state
    plant.advance(12 * 3600)
    assert plant.ups().charge > 0.98
    assert plant.bacs().state == {"running", "float_charging"}


def test_runtime_is_what_is_left_at_this_load() -> None:
    plant = Plant()
    plant.turn(mains=False)
    plant.advance(300)
    promised = plant.runtime_seconds
    lasted = 0
    while plant.on_battery:
        plant.advance(10)
        lasted += 10
    assert lasted == pytest.approx(promised, rel=0.15)
    assert plant.runtime_seconds == 0


def test_more_load_means_less_runtime_than_in_proportion() -> None:
    half, full = Plant(), Plant()
    half.turn(load=(0.5, 0.5, 0.5))
    full.turn(load=(1.0, 1.0, 1.0))
    assert full.runtime_seconds < half.runtime_seconds / 2  # Peukert


def test_strings_deliver_what_the_load_takes() -> None:
    plant = Plant(strings=4, modules=40)
    plant.turn(mains=False)
    plant.advance(120)
    bacs = plant.bacs()
    delivered = sum(-string.amperes * string.volts for string in bacs.strings)
    assert delivered == pytest.approx(plant.battery_watts, rel=0.03)
    load = sum(plant.ups().load) / 3 * 40_000
    assert delivered > load  # the inverter has losses
    # a full battery cannot give more than its 40 blocks hold at 12.9 V
    joules = 0.0
    while plant.on_battery:
        joules += 10 * plant.battery_watts
        plant.advance(10)
    assert 0.4 < joules / (40 * 40 * 3600 * 12.9) < 1.0


def test_healthy_strings_share_evenly_and_an_open_one_leaves_all_to_the_other() -> None:
    plant = Plant()
    plant.turn(mains=False)
    plant.advance(60)
    one, two = (string.amperes for string in plant.bacs().strings)
    assert one == pytest.approx(two, rel=0.02)
    assert one < -20  # negative: discharge
    plant.turn(open_string=2)
    plant.advance(1)
    carrying, opened = (string.amperes for string in plant.bacs().strings)
    assert opened == 0
    assert carrying == pytest.approx(2 * one, rel=0.1)
    assert "alarm_discharge_current_deviation" in plant.bacs().alarms_1


def test_blocks_sag_by_their_current_and_the_weak_one_most() -> None:
    plant = Plant()
    plant.turn(weak_block=17)
    floating = plant.bacs().blocks
    assert floating[17].volts < min(block.volts for number, block in floating.items() if number != 17)
    assert floating[17].alarms == {"resistor_high", "general_alarm"}
    plant.turn(mains=False)
    plant.advance(600)
    blocks = plant.bacs().blocks
    others = sorted(block.volts for number, block in blocks.items() if number != 17)
    assert others[-1] < 12.7
    assert blocks[17].volts / others[len(others) // 2] < 0.96  # operations.md 3
    plant.turn(mains=True, weak_block=None)
    assert plant.bacs().alarms == set()


DAY = 86400.0


def test_blocks_age_and_those_that_fail_grow_ever_faster_until_they_are_replaced() -> None:
    plant = Plant()
    new = {number: block.milliohms for number, block in plant.bacs().blocks.items()}

    def grown(number: int) -> float:
        return plant.bacs().blocks[number].milliohms / new[number]

    plant.turn(failing_blocks={27: 200})
    plant.advance(80 * DAY)
    early = grown(27)
    plant.advance(80 * DAY)
    late = grown(27)
    assert 1.1 < early < 1.3 < 1.6 < late < 2.0
    assert all(0.98 < grown(number) < 1.06 for number in new if number != 27)
    plant.turn(replaced_block=27)
    assert 4.0 < plant.bacs().blocks[27].milliohms < 5.6  # device.md 6.1
    assert plant.bacs().blocks[27].milliohms != pytest.approx(new[27], abs=0.05)


def test_a_failing_block_is_low_in_a_discharge_and_lends_to_its_string_on_float() -> None:
    plant = Plant()
    before = plant.bacs().strings[0].volts
    plant.turn(failing_blocks={5: 100})
    plant.advance(90 * DAY)
    blocks = plant.bacs().blocks
    assert blocks[5].volts < min(blocks[number].volts for number in range(6, 21))
    assert plant.bacs().strings[0].volts == pytest.approx(before, abs=0.1)
    plant.turn(mains=False)
    plant.advance(900)
    volts = sorted((block.volts, number) for number, block in plant.bacs().blocks.items())
    assert volts[0][1] == 5
    assert volts[0][0] < volts[20][0] - 0.3


def test_the_room_has_seasons_and_days() -> None:
    plant = Plant()
    plant.turn(season_kelvin=5.0, day_kelvin=1.0)
    rooms = []
    for days in (0.0, 0.5, 182.0, 182.5):
        plant.advance(days * DAY - plant.seconds)
        rooms.append(plant.room_celsius)
    assert rooms == pytest.approx([15, 17, 25, 27], abs=0.1)


def test_the_ups_tests_its_battery_by_itself() -> None:
    plant = Plant()
    plant.turn(self_test_days=30, self_test_seconds=120.0)
    plant.advance(30 * DAY - 1)
    assert "test_act" not in plant.ups().status
    plant.advance(2)
    assert {"test_act", "backup_mode"} <= plant.ups().status
    plant.advance(117)
    assert "test_act" in plant.ups().status
    plant.advance(2)
    assert "test_act" not in plant.ups().status
    assert plant.power_failures == 3  # of the mains alone


def test_a_sensor_drifts_from_month_to_month() -> None:
    plant = Plant()
    before = plant.bacs().blocks[9].celsius
    plant.turn(drifting_sensor=9)
    plant.advance(182.5 * DAY)
    blocks = plant.bacs().blocks
    assert blocks[9].celsius == pytest.approx(before + 6, abs=0.1)
    assert max(blocks[number].celsius for number in range(1, 41) if number != 9) < 24


def test_a_battery_warms_in_a_discharge_and_cools_again() -> None:
    plant = Plant()
    cold = plant.bacs().blocks[1].celsius
    plant.turn(mains=False)
    plant.advance(1200)
    warm = plant.bacs().blocks[1].celsius
    assert cold + 1 < warm < cold + 10
    plant.turn(mains=True)
    plant.advance(12 * 3600)
    assert plant.bacs().blocks[1].celsius == pytest.approx(cold, abs=0.2)


def test_thermal_runaway_grows_raises_current_and_ends() -> None:
    plant = Plant()
    plant.turn(runaway_block=31)
    plant.advance(600)
    bacs = plant.bacs()
    assert bacs.blocks[31].celsius > 60
    assert bacs.blocks[30].celsius < 25
    assert "thermal_runaway" in bacs.state_1
    assert bacs.strings[1].amperes > 10 * bacs.strings[0].amperes
    plant.turn(runaway_block=None)
    plant.advance(1800)
    assert plant.bacs().state_1 == set()


def test_each_mains_failure_counts_once_and_a_test_does_not() -> None:
    plant = Plant()
    before = plant.power_failures
    plant.turn(test=True)
    plant.advance(60)
    assert "test_act" in plant.ups().status
    assert "backup_mode" in plant.ups().status
    plant.turn(test=False)
    assert plant.power_failures == before
    plant.turn(mains=False)
    plant.turn(input_hertz=40.0)
    plant.turn(mains=True, input_hertz=50.0)
    plant.turn(input_volts=150.0)
    assert "input_bad" in plant.ups().alarms
    assert plant.power_failures == before + 2


def test_bad_mains_are_an_input_fault_and_absent_mains_are_not() -> None:
    plant = Plant()
    plant.turn(input_hertz=45.0)
    assert plant.ups().status == {"output_act", "backup_mode", "input_high"}
    plant.turn(mains=False)
    assert plant.ups().status == {"output_act", "backup_mode"}
    assert plant.ups().input_volts == (0, 0, 0)
    assert plant.ups().input_hertz == (0, 0, 0)


def test_an_open_breaker_means_no_autonomy_and_darkness_without_mains() -> None:
    plant = Plant()
    plant.turn(breaker=False)
    assert plant.runtime_seconds == 0
    assert "battery_depleted" in plant.ups().alarms
    assert "battery_breaker_open" in plant.bacs().state_1
    plant.turn(mains=False)
    assert "output_act" not in plant.ups().status


def test_lost_communication_freezes_the_ups_but_not_bacs() -> None:
    plant = Plant()
    before = plant.ups()
    plant.turn(ups_communication=False)
    plant.turn(mains=False)
    plant.advance(600)
    ups = plant.ups()
    assert ups.status == before.status | {"comm_lost"}
    assert ups.alarms == before.alarms | {"communication_lost"}
    assert ups.charge == before.charge
    assert ups.input_volts == before.input_volts
    assert "discharging" in plant.bacs().state
    plant.turn(ups_communication=True)
    assert "backup_mode" in plant.ups().status


def test_frozen_bacs_does_not_move_and_live_bacs_jitters() -> None:
    plant = Plant()
    plant.turn(bacs_frozen=True)
    frozen = plant.bacs()
    plant.turn(mains=False)
    plant.advance(600)
    assert plant.bacs() == frozen
    plant.turn(bacs_frozen=False)
    assert plant.bacs() != frozen
    quiet = Plant()
    before = [round(block.volts, 3) for block in quiet.bacs().blocks.values()]
    quiet.advance(10)
    assert [round(block.volts, 3) for block in quiet.bacs().blocks.values()] != before


def test_long_and_short_steps_agree() -> None:
    long, short = Plant(), Plant()
    for plant in (long, short):
        plant.turn(mains=False)
    long.advance(900)
    for _ in range(1800):
        short.advance(0.5)
    assert long.ups().charge == pytest.approx(short.ups().charge, rel=1e-3)
    for plant in (long, short):
        plant.turn(mains=True)
    long.advance(7200)
    for _ in range(7200):
        short.advance(1.0)
    assert long.ups().charge == pytest.approx(short.ups().charge, rel=1e-3)


def test_the_same_story_gives_the_same_readings() -> None:
    def story(seed: int) -> object:
        plant = Plant(3, 12, seed)
        plant.turn(mains=False, weak_block=2)
        plant.advance(123.4)
        return plant.ups(), plant.bacs()

    assert story(1) == story(1)
    assert story(1) != story(2)


@settings(max_examples=40, deadline=None)
@given(
    turns=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    {"mains": False},
                    {"mains": True},
                    {"load": (1.5, 1.5, 1.5)},
                    {"load": (0.0, 0.0, 0.0)},
                    {"charge": 0.02},
                    {"open_string": 1},
                    {"open_string": None},
                    {"breaker": False},
                    {"breaker": True},
                    {"weak_block": 1},
                    {"runaway_block": 3},
                    {"charger": False},
                    {"output": False},
                    {"output": True},
                    {"test": True},
                    {"bypass": True},
                    {"bypass": False},
                    {"room_celsius": -20.0},
                    {"room_celsius": 60.0},
                ]
            ),
            st.floats(0, 5000),
        ),
        max_size=8,
    )
)
def test_nothing_leaves_its_bounds(turns: list[tuple[dict[str, Any], float]]) -> None:
    plant = Plant(2, 8)
    for values, seconds in turns:
        plant.turn(**values)
        plant.advance(seconds)
        ups, bacs = plant.ups(), plant.bacs()
        assert 0 <= ups.charge <= 1
        assert 0 <= ups.runtime_minutes <= 999
        for block in bacs.blocks.values():
            assert 0 < block.volts < 15
            assert -39 <= block.celsius <= 88.5
            assert 0 <= block.equalization <= 1
        for bit, alarm in (("backup_mode", "on_battery"), ("battery_low", "battery_low")):
            assert (bit in ups.status) == (alarm in ups.alarms)


@pytest.mark.parametrize(
    ("strings", "modules", "message"),
    [
        (0, 40, "strings is a number from 1 to 10, not 0"),
        (11, 40, "strings is a number from 1 to 10, not 11"),
        (2, 1, "modules is 0, or a number from 2 \\(one a string\\) to 330, not 1"),
        (2, 331, "not 331"),
    ],
)
def test_impossible_plants_are_refused(strings: int, modules: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plant(strings, modules)


@pytest.mark.parametrize(
    "values",
    [
        {"mians": True},
        {"mains": 1},
        {"load": (1.0, 1.0)},
        {"charge": 1.5},
        {"weak_block": 0},
        {"faults": ("x",)},
    ],
)
def test_unknown_knobs_and_impossible_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Plant().turn(**values)
