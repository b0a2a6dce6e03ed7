"""The BACS webmanager: watches the battery block by block and raises its flags. Pure."""

from exporter.simulator.battery import Battery
from exporter.simulator.knobs import Knobs
from exporter.simulator.readings import Bacs, Block, Names, String

# limits as a site might set them; they are not readable over Modbus (device.md 6.1)
VOLTS_HIGH, VOLTS_WARN_HIGH, VOLTS_WARN_LOW, VOLTS_LOW = 14.8, 14.3, 11.0, 10.5
CELSIUS_HIGH, CELSIUS_WARN_HIGH, CELSIUS_WARN_LOW, CELSIUS_LOW = 50.0, 40.0, 10.0, 5.0
MILLIOHMS_HIGH, MILLIOHMS_WARN_HIGH = 7.2, 6.3
VOLTS_APART = 1.0
RUNAWAY_KELVIN = 15.0
SHARE_DEVIATION = 0.5  # of the mean string current
NOTABLE_AMPERES = 2.0
STRING_CHARGE_LOW, STRING_CHARGE_WARNING = 0.2, 0.4
EQUALIZING_BUSY = 0.4  # from the "normal" band on (device.md 2.6)
MEASURING_SECONDS = 5  # a block's value changes this often

_NONE: Names = frozenset()
_RANGES = (
    ("voltage_outofrange", {"voltage_high", "voltage_low"}),
    ("temperature_outofrange", {"temperature_high", "temperature_low"}),
    ("resistor_outofrange", {"resistor_high", "resistor_low"}),
)
_GENERAL = {
    "voltage_high",
    "voltage_low",
    "temperature_high",
    "temperature_low",
    "resistor_high",
    "resistor_low",
    "communication_lost",
}


def watch(battery: Battery, knobs: Knobs, seconds: int, room: float) -> Bacs:
    """What BACS reports of `battery` in a room of `room` °C, `seconds` after the plant began."""
    tick = seconds // MEASURING_SECONDS
    volts = [battery.block_volts(module, tick) for module in range(battery.modules)]
    lost = lost_modules(knobs, battery.modules)
    silent = lost if knobs.service in ("none", "polling") else set(range(1, battery.modules + 1))
    blocks = {
        module + 1: _block(battery, room, module, volts[module], tick)
        for module in range(battery.modules)
        if module + 1 not in silent
    }
    seen = frozenset().union(*(block.alarms for block in blocks.values())) - {"general_alarm"}
    alarms = set(seen) | ({"communication_lost"} if lost else set())
    live = [block.volts for block in blocks.values()]
    runaway = battery.runaway is not None and battery.runaway_heat >= RUNAWAY_KELVIN
    state_1 = {
        "voltage_diff_high": bool(live) and max(live) - min(live) > VOLTS_APART,
        "battery_breaker_open": not knobs.breaker,
        "thermal_runaway": runaway,
        "current_ground_fault_detected": knobs.ground_fault,
    }
    if alarms & _GENERAL or runaway:  # warnings do not raise it (device.md 6.2)
        alarms.add("general_alarm")
        state_1["general_alarm"] = True
    counted = battery.modules - (len(lost) if knobs.bus_cut_after and knobs.count_shrinks else 0)
    return Bacs(
        state=_state(battery, knobs, seen, bool(lost), blocks),
        state_1=frozenset(name for name, active in state_1.items() if active),
        alarms=frozenset(alarms),
        alarms_1=_alarms_1(battery, knobs),
        modules=counted,
        strings=tuple(_string(battery, string, volts) for string in range(battery.strings)),
        blocks=blocks,
    )


def lost_modules(knobs: Knobs, modules: int) -> set[int]:
    """The numbers of the modules that do not answer on the bus."""
    lost = {min(number, modules) for number in knobs.lost_modules}
    if knobs.bus_cut_after is not None:
        # a cut beyond the last module would cut nothing: small plants are cut in the middle
        last = knobs.bus_cut_after if knobs.bus_cut_after < modules else modules // 2
        lost |= set(range(last + 1, modules + 1))
    return lost


def _state(battery: Battery, knobs: Knobs, seen: Names, lost: bool, blocks: dict[int, Block]) -> Names:
    discharging = "discharge" in battery.modes
    charging = "charge" in battery.modes and not discharging
    floating = not discharging and not charging and "float" in battery.modes
    state = {
        "running": not knobs.bacs_starting,
        "connected": knobs.bacs_starting,
        "module_lost": lost,
        "discharging": discharging,
        "charging": charging,
        "discharging_stopped": not (discharging or charging or floating),
        "float_charging": floating,
        "equalisation": any(block.equalization >= EQUALIZING_BUSY for block in blocks.values()),
        f"module_{knobs.service}": knobs.service != "none",
    }
    state |= {name: bool(seen & causes) for name, causes in _RANGES}
    return frozenset(name for name, active in state.items() if active)


def _alarms_1(battery: Battery, knobs: Knobs) -> Names:
    mean = sum(battery.amperes) / battery.strings
    apart = max(abs(amperes - mean) for amperes in battery.amperes)
    uneven = abs(mean) > NOTABLE_AMPERES and apart > SHARE_DEVIATION * abs(mean)
    lowest = min(battery.charge)
    alarms = {
        "alarm_discharge_current_deviation": uneven and mean < 0,
        "alarm_charge_current_deviation": uneven and mean > 0,
        "alarm_rcm_current_difference": knobs.ground_fault,
        "alarm_string_charge_low": lowest <= STRING_CHARGE_LOW,
        "warning_string_charge_low": STRING_CHARGE_LOW < lowest <= STRING_CHARGE_WARNING,
    }
    return frozenset(name for name, active in alarms.items() if active)


def _string(battery: Battery, string: int, volts: list[float]) -> String:
    own = [v for module, v in enumerate(volts) if battery.string_of[module] == string]
    amperes = battery.amperes[string]
    ripple = 0.3 + 0.02 * abs(amperes) if battery.modes[string] != "rest" else 0.0
    return String(amperes, sum(own), sum(own) / len(own), ripple)


def _block(battery: Battery, room: float, module: int, volts: float, tick: int) -> Block:
    # what its module can measure: the sensor's 8 bits end there (device.md 2.4)
    celsius = min(max(battery.block_celsius(module, room), -39.0), 88.5)
    milliohms = battery.block_milliohms(module, tick // 720)  # measured once an hour
    return Block(
        celsius,
        volts,
        milliohms,
        _alarms(volts, celsius, milliohms),
        battery.block_equalization(module, tick),
    )


def _alarms(volts: float, celsius: float, milliohms: float) -> Names:
    calm = VOLTS_WARN_LOW < volts < VOLTS_WARN_HIGH and CELSIUS_WARN_LOW < celsius < CELSIUS_WARN_HIGH
    if calm and milliohms < MILLIOHMS_WARN_HIGH:
        return _NONE  # nearly always
    alarms = {
        "voltage_high": volts >= VOLTS_HIGH,
        "voltage_warn_high": VOLTS_WARN_HIGH <= volts < VOLTS_HIGH,
        "voltage_warn_low": VOLTS_LOW < volts <= VOLTS_WARN_LOW,
        "voltage_low": volts <= VOLTS_LOW,
        "temperature_high": celsius >= CELSIUS_HIGH,
        "temperature_warn_high": CELSIUS_WARN_HIGH <= celsius < CELSIUS_HIGH,
        "temperature_warn_low": CELSIUS_LOW < celsius <= CELSIUS_WARN_LOW,
        "temperature_low": celsius <= CELSIUS_LOW,
        "resistor_high": milliohms >= MILLIOHMS_HIGH,
        "resistor_warn_high": MILLIOHMS_WARN_HIGH <= milliohms < MILLIOHMS_HIGH,
    }
    active = {name for name, when in alarms.items() if when}
    return frozenset(active | ({"general_alarm"} if active & _GENERAL else set()))
