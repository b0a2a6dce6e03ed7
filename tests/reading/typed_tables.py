"""The vendor's tables, typed from design 2.4 and device.md 1–3, and a decoder as simple as can be."""

FILLER = 0xD8F1

STATUS = [
    "bypass_mode",
    "shutdown",
    "output_act",
    "backup_mode",
    "battery_low",
    "over_temp",
    "test_act",
    "input_high",
    "output_high",
    "inverter_failure",
    "battery_bad",
    "eco_mode",
    "inverter_warn",
    "ups_failed",
    "comm_lost",
    "dvg_alarm",
]
ALARMS = [
    "battery_bad",
    "on_battery",
    "battery_low",
    "battery_depleted",
    "over_temperature",
    "input_bad",
    "output_bad",
    "output_overload",
    "on_bypass",
    "bypass_bad",
    "output_off_as_requested",
    "ups_off_as_requested",
    "charger_failed",
    "ups_output_off",
    "ups_system_off",
    "fan_failure",
    "fuse_failure",
    "general_fault",
    "diagnostic_test_failed",
    "communication_lost",
    "awaiting_power",
    "shutdown_pending",
    "shutdown_imminent",
    "test_in_progress",
]
STATE = [
    "running",
    "connected",
    "module_lost",
    "discharging",
    "charging",
    "discharging_stopped",
    "float_charging",
    "equalisation",
    "system_failure",
    "voltage_outofrange",
    "temperature_outofrange",
    "resistor_outofrange",
    "module_addressing",
    "module_searching",
    "module_initializing",
    "module_polling",
]
STATE_1 = [
    "general_alarm",
    "voltage_diff_high",
    "battery_breaker_open",
    "thermal_runaway",
    "sensor_lost",
    "string_voltage_high",
    "string_voltage_low",
    "string_voltage_warning_high",
    "string_voltage_warning_low",
    "string_current_high",
    "string_current_low",
    "string_current_warning_high",
    "string_current_warning_low",
    "current_outofrange",
    "current_ground_fault_detected",
    "current_sensor_connection_lost",
]
BACS_ALARMS = [
    "general_alarm",
    "communication_lost",
    "voltage_high",
    "voltage_low",
    "temperature_high",
    "temperature_low",
    "resistor_high",
    "resistor_low",
    "equalisation_err",
    "voltage_warn_high",
    "voltage_warn_low",
    "temperature_warn_high",
    "temperature_warn_low",
    "resistor_warn_high",
    "resistor_warn_low",
    "modrev_incompatible",
]
BACS_ALARMS_1 = [
    "current_sensor_high",
    "current_sensor_low",
    "warning_current_sensor_high",
    "warning_current_sensor_low",
    "equalizing_cutoff",
    "discharge_current_deviation",
    "charge_current_deviation",
    "warning_discharge_current_deviation",
    "warning_charge_current_deviation",
    "rcm_current_difference",
    "current_sensor_connection_lost",
    "gx_r_aux_connection_lost",
    "string_charge_low",
    "warning_string_charge_low",
]

# address, series, what one count is worth, signed
UPS_MEASUREMENTS = [
    (97, 'ups_output_volts{phase="1"}', 1, False),
    (98, 'ups_output_volts{phase="2"}', 1, False),
    (99, 'ups_output_volts{phase="3"}', 1, False),
    (100, 'ups_output_load_ratio{phase="1"}', 1 / 100, False),
    (101, 'ups_output_load_ratio{phase="2"}', 1 / 100, False),
    (102, 'ups_output_load_ratio{phase="3"}', 1 / 100, False),
    (103, "ups_battery_charge_ratio", 1 / 100, False),
    (104, 'ups_input_volts{phase="1"}', 1, True),
    (105, 'ups_input_volts{phase="2"}', 1, True),
    (106, 'ups_input_volts{phase="3"}', 1, True),
    (107, "ups_temperature_celsius", 1, True),
    (108, "ups_battery_runtime_seconds", 60, True),
    (110, "ups_battery_volts", 1, True),
    (111, 'ups_input_frequency_hertz{phase="1"}', 1, False),
    (112, 'ups_input_frequency_hertz{phase="2"}', 1, False),
    (113, 'ups_input_frequency_hertz{phase="3"}', 1, False),
]
STRING = [
    ("bacs_string_current_amperes", 1 / 100),
    ("bacs_string_volts", 1 / 10),
    ("bacs_string_module_average_volts", 1 / 1000),
    ("bacs_string_ripple_current_amperes", 1 / 100),
]

ALL_ONES, LEAST, MOST = 0xFFFF, 0x8000, 0x7FFF
"""What drivers say for "not available" (device.md 8): absent where the quantity cannot have such a value."""


def _not_available() -> dict[int, tuple[int, ...]]:
    every = (ALL_ONES, LEAST, MOST)
    found: dict[int, tuple[int, ...]] = {address: every for address, *_ in UPS_MEASUREMENTS}
    found[107] = (LEAST, MOST)  # all ones are −1 °C
    for base in range(1010, 1060, 5):  # a current may have any value, its ripple none below 0
        found |= {base + 1: every, base + 2: every, base + 3: (ALL_ONES, LEAST)}
    for base in range(1060, 2710, 5):  # all ones are −39.5 °C, and 0x73 begins at −39
        found |= {base: every, base + 1: every, base + 2: every, base + 4: every}
    return found


NOT_AVAILABLE = _not_available()


def signed(word: int) -> int:
    """A 16-bit word as a signed number."""
    return word - 0x10000 if word & 0x8000 else word


def bits(metric: str, names: list[str], word: int, labels: str = "") -> dict[str, float]:
    """One series for each named bit."""
    return {f'{metric}{{flag="{name}"{labels}}}': float(word >> bit & 1) for bit, name in enumerate(names)}


def decode_cs141(words: dict[int, int], strings: int, modules: int) -> dict[str, float]:
    """Every series of a CS141 with a BACS, all its words read."""
    real = {
        address: word
        for address, word in words.items()
        if word != FILLER and word not in NOT_AVAILABLE.get(address, ())
    }
    return {**_ups(real), **_bacs(real, strings, modules)}


def _ups(real: dict[int, int]) -> dict[str, float]:
    found: dict[str, float] = {}
    if 109 in real:
        found["ups_status_word"] = float(real[109])
    if 114 in real:
        found["ups_power_failures_total"] = float(real[114])
    for port, address in enumerate(range(139, 143), start=1):
        if real.get(address) in (0, 1):
            found[f'ups_aux_input{{port="{port}"}}'] = float(real[address])
    flags: dict[str, float] = {}
    if 109 in real:
        flags |= bits("ups_status", STATUS, real[109])
    for address, name in enumerate(ALARMS, start=115):
        if address in real:
            flags[f'ups_alarm{{flag="{name}"}}'] = float(real[address] != 0)
    says_lost = [real[109] & 0x4000] if 109 in real else []
    says_lost += [real[134]] if 134 in real else []
    if not says_lost or any(says_lost):
        kept = ('ups_status{flag="comm_lost"}', 'ups_alarm{flag="communication_lost"}')
        return {**found, **{name: value for name, value in flags.items() if name in kept}}
    for address, name, worth, with_sign in UPS_MEASUREMENTS:
        if address in real:
            found[name] = (signed(real[address]) if with_sign else real[address]) * worth
    return {**found, **flags}


def _bacs(real: dict[int, int], strings: int, modules: int) -> dict[str, float]:
    if not any(real.get(address) for address in range(1000, 1006)):
        return {}
    found: dict[str, float] = {}
    for address, metric, word_name, names in (
        (1000, "bacs_state", "bacs.state", STATE),
        (1001, "bacs_state", "bacs.state_1", STATE_1),
        (1002, "bacs_alarm", "bacs.alarms", BACS_ALARMS),
        (1005, "bacs_alarm", "bacs.alarms_1", BACS_ALARMS_1),
    ):
        if address in real:
            found |= bits(metric, names, real[address])
            found[f'{metric}_word{{word="{word_name}"}}'] = float(real[address])
    if 1005 in real:
        found['undefined_flags{word="bacs.alarms_1"}'] = float(real[1005] & 0xC000)
    if 1003 in real:
        found["bacs_strings"] = float(real[1003])
    if 1004 in real:
        found["bacs_modules"] = float(real[1004])
    state = real.get(1000, 0)
    vouches = state != 0 and (not state & 0x0002 or state & 0x0001)
    for string in range(1, strings + 1):
        for offset, (name, worth) in enumerate(STRING):
            address = 1010 + 5 * (string - 1) + offset
            if vouches and address in real:
                found[f'{name}{{string="{string}"}}'] = signed(real[address]) * worth
    for module in range(1, modules + 1):
        found |= _module(real, module, (module - 1) // (modules // strings) + 1, bool(vouches))
    return found


def _module(real: dict[int, int], module: int, string: int, vouches: bool) -> dict[str, float]:
    base = 1060 + 5 * (module - 1)
    place = f'module="{module}",string="{string}"'
    found = {f"bacs_module_present{{{place}}}": float(any(base + n in real for n in range(5)))}
    alarm = real.get(base + 3)
    if alarm is not None:
        found |= bits("bacs_module_alarm", BACS_ALARMS, alarm, f",{place}")
        found[f"bacs_module_alarm_word{{{place}}}"] = float(alarm)
    if vouches and not (alarm or 0) & 0x0002:
        for offset, name, value in (
            (0, "bacs_module_temperature_celsius", lambda word: (signed(word) - 78) / 2),
            (1, "bacs_module_volts", lambda word: signed(word) / 1000),
            (2, "bacs_module_resistance_ohms", lambda word: word / 100 / 1000),
            (4, "bacs_module_equalization_ratio", lambda word: word / 100),
        ):
            if base + offset in real:
                found[f"{name}{{{place}}}"] = value(real[base + offset])
    return found
