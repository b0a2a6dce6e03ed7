"""Words and addresses; expected values are typed from device.md and from the seed documents."""

import pytest

from exporter.simulator.plant import Plant
from exporter.simulator.readings import Bacs, Block, String, Ups
from exporter.simulator.registers import bacs_words, image, ups_words

NONE: frozenset[str] = frozenset()


def an_ups(**values: object) -> Ups:
    plain = {
        "output_volts": (230.4, 231.0, 229.0),
        "load": (0.42, 0.451, 1.1),
        "charge": 0.994,
        "input_volts": (228.0, 231.0, 0.0),
        "celsius": -3.4,
        "runtime_minutes": 61.9,
        "status": frozenset({"output_act"}),
        "battery_volts": 273.2,
        "input_hertz": (50.0, 50.0, 49.6),
        "power_failures": 7,
        "alarms": NONE,
    }
    return Ups(**{**plain, **values})  # type: ignore[arg-type]


def test_measurements_stand_where_the_vendor_list_says() -> None:
    words = ups_words(an_ups())
    assert [words[a] for a in range(97, 100)] == [230, 231, 229]
    assert [words[a] for a in range(100, 104)] == [42, 45, 110, 99]
    assert [words[a] for a in range(104, 107)] == [228, 231, 0]
    assert words[107] == 0xFFFD  # −3 °C, signed
    assert words[108] == 61
    assert words[109] == 4
    assert words[110] == 273
    assert [words[a] for a in range(111, 114)] == [50, 50, 50]
    assert words[114] == 7
    assert [words[a] for a in range(115, 139)] == [0] * 24


def test_tenths() -> None:
    words = ups_words(an_ups(), tenths=True)
    assert (words[97], words[104], words[107], words[110], words[111]) == (2304, 2280, 0xFFDE, 2732, 500)
    assert (words[100], words[103], words[108], words[114]) == (42, 99, 61, 7)


@pytest.mark.parametrize(
    ("names", "word"),
    [
        ("", 0),
        ("output_act", 4),
        ("output_act bypass_mode", 5),
        ("output_act backup_mode", 12),
        ("output_act backup_mode battery_low", 28),
        ("output_act test_act", 68),
        ("output_act backup_mode inverter_failure", 524),
        ("backup_mode battery_low over_temp", 56),
        ("shutdown", 2),
        ("input_high", 128),
        ("output_high", 256),
        ("battery_bad", 1024),
        ("eco_mode", 2048),
        ("inverter_warn", 4096),
        ("ups_failed", 8192),
        ("comm_lost", 16384),
        ("dvg_alarm", 32768),
    ],
)
def test_status_bits(names: str, word: int) -> None:
    assert ups_words(an_ups(status=frozenset(names.split())))[109] == word


@pytest.mark.parametrize(
    ("alarm", "address"),
    [
        ("battery_bad", 115),
        ("on_battery", 116),
        ("battery_low", 117),
        ("battery_depleted", 118),
        ("over_temperature", 119),
        ("input_bad", 120),
        ("output_bad", 121),
        ("output_overload", 122),
        ("on_bypass", 123),
        ("bypass_bad", 124),
        ("output_off_as_requested", 125),
        ("ups_off_as_requested", 126),
        ("charger_failed", 127),
        ("ups_output_off", 128),
        ("ups_system_off", 129),
        ("fan_failure", 130),
        ("fuse_failure", 131),
        ("general_fault", 132),
        ("diagnostic_test_failed", 133),
        ("communication_lost", 134),
        ("awaiting_power", 135),
        ("shutdown_pending", 136),
        ("shutdown_imminent", 137),
        ("test_in_progress", 138),
    ],
)
def test_alarm_addresses(alarm: str, address: int) -> None:
    words = ups_words(an_ups(alarms=frozenset({alarm})))
    assert [a for a in range(115, 139) if words[a]] == [address]


def a_bacs(**values: object) -> Bacs:
    """The three modules of the test vectors, device.md 2.8."""
    blocks = {
        1: Block(18.5, 13.690, 4.99, NONE, 0.04),
        2: Block(20.0, 13.700, 4.71, NONE, 0.16),
        12: Block(23.5, 13.580, 4.36, NONE, 0.0),
    }
    plain = {
        "state": frozenset({"running", "float_charging"}),
        "state_1": NONE,
        "alarms": NONE,
        "alarms_1": NONE,
        "modules": 12,
        "strings": (String(0.0, 54.8, 13.699, 0.0),) * 3,
        "blocks": blocks,
    }
    return Bacs(**{**plain, **values})  # type: ignore[arg-type]


def test_the_field_vectors() -> None:
    words = bacs_words(a_bacs())
    assert [words[a] for a in range(1000, 1005)] == [0x0041, 0, 0, 0x0003, 0x000C]
    assert [words[a] for a in range(1005, 1010)] == [0, 0xD8F1, 0xD8F1, 0xD8F1, 0xD8F1]
    assert [words[a] for a in range(1010, 1015)] == [0, 0x0224, 0x3583, 0, 0xD8F1]
    assert [words[a] for a in range(1020, 1030)] == [0, 0x0224, 0x3583, 0, 0xD8F1] + [0xD8F1] * 5
    assert [words[a] for a in range(1060, 1065)] == [0x0073, 0x357A, 0x01F3, 0, 0x0004]
    assert [words[a] for a in range(1065, 1070)] == [0x0076, 0x3584, 0x01D7, 0, 0x0010]
    assert [words[a] for a in range(1070, 1075)] == [0xD8F1] * 5
    assert [words[a] for a in range(1115, 1120)] == [0x007D, 0x350C, 0x01B4, 0, 0]
    assert set(words) == set(range(1000, 2710))


def test_discharge_current_is_negative_and_never_the_filler() -> None:
    words = bacs_words(a_bacs(strings=(String(-38.5, 50.0, 12.5, 1.2), String(-99.99, 50.0, 12.5, 1.2))))
    assert words[1010] == 65536 - 3850
    assert words[1015] == 65536 - 9998


@pytest.mark.parametrize(
    ("part", "name", "address", "word"),
    [
        ("state", "connected", 1000, 0x0002),
        ("state", "module_lost", 1000, 0x0004),
        ("state", "discharging", 1000, 0x0008),
        ("state", "charging", 1000, 0x0010),
        ("state", "discharging_stopped", 1000, 0x0020),
        ("state", "equalisation", 1000, 0x0080),
        ("state", "voltage_outofrange", 1000, 0x0200),
        ("state", "temperature_outofrange", 1000, 0x0400),
        ("state", "resistor_outofrange", 1000, 0x0800),
        ("state", "module_addressing", 1000, 0x1000),
        ("state", "module_searching", 1000, 0x2000),
        ("state", "module_initializing", 1000, 0x4000),
        ("state", "module_polling", 1000, 0x8000),
        ("state_1", "general_alarm", 1001, 0x0001),
        ("state_1", "voltage_diff_high", 1001, 0x0002),
        ("state_1", "battery_breaker_open", 1001, 0x0004),
        ("state_1", "thermal_runaway", 1001, 0x0008),
        ("state_1", "current_ground_fault_detected", 1001, 0x4000),
        ("alarms", "general_alarm", 1002, 0x0001),
        ("alarms", "communication_lost", 1002, 0x0002),
        ("alarms", "voltage_high", 1002, 0x0004),
        ("alarms", "voltage_low", 1002, 0x0008),
        ("alarms", "temperature_high", 1002, 0x0010),
        ("alarms", "temperature_low", 1002, 0x0020),
        ("alarms", "resistor_high", 1002, 0x0040),
        ("alarms", "voltage_warn_high", 1002, 0x0200),
        ("alarms", "voltage_warn_low", 1002, 0x0400),
        ("alarms", "temperature_warn_high", 1002, 0x0800),
        ("alarms", "temperature_warn_low", 1002, 0x1000),
        ("alarms", "resistor_warn_high", 1002, 0x2000),
        ("alarms_1", "alarm_discharge_current_deviation", 1005, 0x0020),
        ("alarms_1", "alarm_charge_current_deviation", 1005, 0x0040),
        ("alarms_1", "alarm_rcm_current_difference", 1005, 0x0200),
        ("alarms_1", "alarm_string_charge_low", 1005, 0x1000),
        ("alarms_1", "warning_string_charge_low", 1005, 0x2000),
    ],
)
def test_bacs_bits(part: str, name: str, address: int, word: int) -> None:
    assert bacs_words(a_bacs(**{part: frozenset({name})}))[address] == word


def test_module_alarms_have_the_bits_of_1002() -> None:
    alarms = frozenset({"general_alarm", "resistor_high"})
    words = bacs_words(a_bacs(blocks={330: Block(18.5, 13.69, 4.99, alarms, 0.65)}))
    assert [words[a] for a in range(2705, 2710)] == [0x0073, 0x357A, 0x01F3, 0x0041, 65]


def test_old_firmware_reserves_1005_and_knows_four_bits_of_1001() -> None:
    everything = frozenset({"thermal_runaway", "current_ground_fault_detected"})
    words = bacs_words(a_bacs(state_1=everything), old_firmware=True)
    assert (words[1001], words[1005]) == (0x0008, 0xD8F1)


def test_a_cs141_holds_ups_sensors_and_bacs() -> None:
    words = image(Plant())
    assert set(words) == set(range(97, 151)) | set(range(1000, 2710))
    assert [words[a] for a in range(1000, 1006)] == [0x0041, 0, 0, 2, 40, 0]
    assert words[1255] != 0xD8F1  # module 40
    assert words[1260] == 0xD8F1  # there is no module 41
    assert [words[a] for a in range(143, 146)] == [210, 450, 0]  # 21.0 °C, 45.0 %


def test_a_cs141_without_bacs_refuses_its_words_or_has_zeros() -> None:
    assert set(image(Plant(modules=0))) == set(range(97, 151))
    plant = Plant()
    plant.turn(bacs="absent")
    assert max(image(plant)) == 150
    plant.turn(bacs="zeros")
    assert [image(plant)[a] for a in range(1000, 2710)] == [0] * 1710


def test_a_lost_module_reads_filler() -> None:
    plant = Plant()
    plant.turn(lost_modules=(23,))
    words = image(plant)
    assert [words[a] for a in range(1170, 1175)] == [0xD8F1] * 5
    assert (words[1000], words[1001], words[1002], words[1004]) == (0x0045, 0x0001, 0x0003, 40)


@pytest.mark.parametrize(("shrinks", "count"), [(True, 24), (False, 40)])
def test_a_cut_bus_loses_all_behind_and_the_count_shrinks_or_stays(shrinks: bool, count: int) -> None:
    plant = Plant()
    plant.turn(bus_cut_after=24, count_shrinks=shrinks)
    words = image(plant)
    assert words[1004] == count
    silent = [m for m in range(1, 41) if words[1060 + 5 * (m - 1)] == 0xD8F1]
    assert silent == list(range(25, 41))


def test_a_rebooting_cs141_reads_zero() -> None:
    plant = Plant()
    plant.turn(rebooting=True)
    assert set(image(plant).values()) == {0}


def test_inform_has_100_to_127_only() -> None:
    assert set(image(Plant(), "inform")) == set(range(100, 128))


def test_everexceed_has_its_own_list() -> None:
    plant = Plant()
    plant.turn(bypass=True, load=(1.3, 1.0, 1.0), faults=("general_fault",))
    words = image(plant, "everexceed")
    assert set(words) == set(range(100, 112))
    assert words[100] == 38  # °C
    assert words[101] == 50  # Hz
    assert words[102] in range(229, 232)  # V
    assert (words[103], words[105]) == (50, 130)
    assert words[106] == 1 + 4 + 256 + 8192
    assert [words[a] for a in range(108, 112)] == [1, 0, 1, 1]


# The byte table of seeds/000, first byte of each word (bytes count from 1).
FRAME_BYTES = {
    3: 100, 5: 101, 7: 102, 9: 103, 11: 104, 13: 105, 15: 106, 17: 107, 19: 108, 21: 109,
    23: 110, 25: 111, 27: 112, 29: 113, 31: 114, 33: 115, 35: 116, 37: 117, 39: 118, 41: 119,
    43: 120, 45: 121, 47: 122, 49: 123, 51: 124, 53: 125, 55: 126, 57: 127, 59: 128, 61: 129,
    63: 130, 65: 131, 67: 132, 69: 133, 71: 134, 73: 135, 75: 136, 77: 137, 79: 138, 81: 139,
    83: 140, 85: 141, 87: 142, 89: 1000, 91: 1001, 93: 1002, 95: 1003, 97: 1004, 99: 1005,
}  # fmt: skip


def test_the_gateway_frame_is_the_byte_table_of_the_seed() -> None:
    plant = Plant()
    plant.turn(mains=False, weak_block=3, aux=(1, 0, 1, 1), gateway_error=2)
    plant.advance(300)
    words, frame = image(plant), image(plant, "prof")
    assert set(frame) == set(range(50))
    raw = b"".join(frame[word].to_bytes(2, "big") for word in range(50))
    assert len(raw) == 100
    assert raw[0] == 301 % 256  # byte 1: counts about once a second
    assert raw[1] == 2  # byte 2: error
    for byte, address in FRAME_BYTES.items():
        assert int.from_bytes(raw[byte - 1 : byte + 1], "big") == words[address], f"byte {byte}"
    assert words[109] == 12
    assert words[1003] == 2


def test_the_gateway_frame_stands_still_and_may_stand_elsewhere() -> None:
    plant = Plant()
    plant.turn(gateway_counts=False)
    before = image(plant, "prof", 300)
    assert set(before) == set(range(300, 350))
    plant.advance(120)
    assert image(plant, "prof", 300)[300] == before[300]
    plant.turn(gateway_counts=True)
    plant.advance(2)
    assert image(plant, "prof", 300)[300] == before[300] + 0x200
