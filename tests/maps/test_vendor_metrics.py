"""Metric names, types and units, typed from the table of design 2.4, and the texts that people read."""

import pytest

from exporter.maps import load_maps
from exporter.maps.series import series_of

MAPS = load_maps()

UPS_METRICS = {
    "generex_ups_output_volts": "volts",
    "generex_ups_output_load_ratio": "ratio",
    "generex_ups_battery_charge_ratio": "ratio",
    "generex_ups_input_volts": "volts",
    "generex_ups_temperature_celsius": "celsius",
    "generex_ups_battery_runtime_seconds": "seconds",
    "generex_ups_status": "",
    "generex_ups_status_word": "",
    "generex_ups_battery_volts": "volts",
    "generex_ups_input_frequency_hertz": "hertz",
    "generex_ups_power_failures_total": "",
    "generex_ups_alarm": "",
    "generex_ups_aux_input": "",
}
BACS_METRICS = {
    "generex_bacs_state": "",
    "generex_bacs_state_word": "",
    "generex_bacs_alarm": "",
    "generex_bacs_alarm_word": "",
    "generex_bacs_strings": "",
    "generex_bacs_modules": "",
    "generex_bacs_string_current_amperes": "amperes",
    "generex_bacs_string_volts": "volts",
    "generex_bacs_string_module_average_volts": "volts",
    "generex_bacs_string_ripple_current_amperes": "amperes",
    "generex_bacs_module_temperature_celsius": "celsius",
    "generex_bacs_module_volts": "volts",
    "generex_bacs_module_resistance_ohms": "ohms",
    "generex_bacs_module_equalization_ratio": "ratio",
    "generex_bacs_module_alarm": "",
    "generex_bacs_module_alarm_word": "",
    "generex_bacs_module_present": "",
}
SENSOR_METRICS = {
    "generex_sensor_temperature_celsius": "celsius",
    "generex_sensor_humidity_ratio": "ratio",
    "generex_sensor_value": "",
}
# Not in the table: what EverExceed has beyond the default list
EVEREXCEED_METRICS = {
    "generex_ups_output_frequency_hertz": "hertz",
    "generex_ups_output_apparent_power_voltamperes": "voltamperes",
    "generex_ups_extended_status_word": "",
    "generex_ups_output_active": "",
}
PROF_METRICS = {"generex_prof_sequence_number": "", "generex_prof_error_code": ""}
ABSENT_FROM = {
    "inform": {"generex_ups_output_volts", "generex_ups_aux_input"},
    "everexceed": {
        "generex_ups_output_load_ratio",
        "generex_ups_battery_charge_ratio",
        "generex_ups_battery_runtime_seconds",
        "generex_ups_battery_volts",
        "generex_ups_power_failures_total",
        "generex_ups_aux_input",
    },
    "prof": {
        "generex_ups_output_volts",
        *(name for name in BACS_METRICS if name.startswith(("generex_bacs_string_", "generex_bacs_module_"))),
    },
}
EXPECTED = {
    "ups": UPS_METRICS,
    "bacs": BACS_METRICS,
    "sensors": SENSOR_METRICS,
    "inform": UPS_METRICS,
    "everexceed": UPS_METRICS | EVEREXCEED_METRICS,
    "prof": UPS_METRICS | BACS_METRICS | PROF_METRICS,
}

# operations.md 2. What stands nowhere here is a warning.
SEVERITY = {
    ("ups", "critical"): """
        battery_low battery_depleted shutdown_pending shutdown_imminent
        bypass_mode on_bypass output_high output_overload output_bad inverter_failure ups_failed general_fault
        fuse_failure over_temp over_temperature comm_lost communication_lost
        shutdown output_off_as_requested ups_off_as_requested ups_output_off ups_system_off awaiting_power
    """,
    ("ups", "info"): "test_act test_in_progress",
    ("ups", "none"): "output_act eco_mode",
    ("bacs", "critical"): """
        thermal_runaway current_ground_fault_detected rcm_current_difference battery_breaker_open
        temperature_high voltage_high voltage_low string_voltage_high string_voltage_low
    """,
    ("bacs", "info"): """
        connected discharging module_addressing module_searching module_initializing module_polling
    """,
    ("bacs", "none"): "running charging discharging_stopped float_charging equalisation",
}


def flags_of(name):
    return [pytest.param(flag, id=f"{word.id}-{flag.name}") for word, flag in MAPS[name].flags()]


ALL_FLAGS = [param for name in MAPS for param in flags_of(name)]


@pytest.mark.parametrize("name", EXPECTED)
def test_metric_names_and_units(name):
    expected = {
        metric: unit for metric, unit in EXPECTED[name].items() if metric not in ABSENT_FROM.get(name, set())
    }
    assert {metric.name: metric.unit for metric in MAPS[name].metrics.values()} == expected


def test_only_the_power_failures_are_a_counter():
    counters = {
        metric.name for item in MAPS.values() for metric in item.metrics.values() if metric.type == "counter"
    }
    assert counters == {"generex_ups_power_failures_total"}


@pytest.mark.parametrize(
    ("name", "metric", "series"),
    [
        ("ups", "generex_ups_status", 16),
        ("ups", "generex_ups_alarm", 24),
        ("ups", "generex_ups_aux_input", 4),
        ("ups", "generex_ups_output_volts", 3),
        ("bacs", "generex_bacs_state", 32),
        ("bacs", "generex_bacs_state_word", 2),
        ("bacs", "generex_bacs_alarm", 30),
        ("bacs", "generex_bacs_alarm_word", 2),
        ("bacs", "generex_bacs_module_alarm", 16),
        ("everexceed", "generex_ups_status", 4),
        ("everexceed", "generex_ups_alarm", 3),
    ],
)
def test_number_of_series(name, metric, series):
    found = [item for word in MAPS[name].words.values() for item in series_of(word) if item[0] == metric]
    assert len(found) == series


@pytest.mark.parametrize(
    ("metric", "labels"),
    [
        ("generex_bacs_string_volts", {"string"}),
        ("generex_bacs_module_volts", {"string", "module"}),
        ("generex_bacs_module_alarm", {"string", "module", "flag"}),
        ("generex_bacs_module_alarm_word", {"string", "module"}),
        ("generex_bacs_state", {"flag"}),
        ("generex_bacs_state_word", {"word"}),
    ],
)
def test_label_names(metric, labels):
    found = [
        {label for label, _ in own}
        for word in MAPS["bacs"].words.values()
        for name, own in series_of(word)
        if name == metric
    ]
    assert found
    assert all(names == labels for names in found)


def test_metrics_have_one_help_text_in_all_maps():
    texts: dict[str, str] = {}
    for item in MAPS.values():
        for metric in item.metrics.values():
            assert texts.setdefault(metric.name, metric.help) == metric.help
            assert metric.help.endswith(".")
            assert "\n" not in metric.help


@pytest.mark.parametrize("flag", ALL_FLAGS)
def test_flag_texts(flag):
    assert flag.label
    assert len(flag.label) <= 32
    assert not flag.label.endswith(".")
    assert flag.description.endswith((".", ".)"))
    assert flag.severity in {"critical", "warning", "info", "none"}
    assert bool(flag.action) == (flag.severity != "none")
    assert not flag.action or flag.action.endswith(".")
    assert "\n" not in flag.description + flag.action


def test_every_word_is_described_and_marked():
    for item in MAPS.values():
        for word in item.words.values():
            assert word.vendor, word.id
            assert word.description.endswith("."), word.id
            assert word.confidence in {"C", "V", "F", "I"}, word.id


@pytest.mark.parametrize(("name", "severity"), SEVERITY)
def test_severities(name, severity):
    found = {flag.name for _, flag in MAPS[name].flags() if flag.severity == severity}
    assert found == set(SEVERITY[name, severity].split())


# operations.md 6, and what device.md 6.3 would have said instead: nobody recloses, resets or walks in
@pytest.mark.parametrize(
    ("name", "flag", "words"),
    [
        ("bacs", "battery_breaker_open", ["Never reclose", "precharge", "lock or tag"]),
        (
            "bacs",
            "thermal_runaway",
            ["Get everybody out", "do not enter", "From outside the room", "switch nothing inside"],
        ),
        ("bacs", "current_ground_fault_detected", ["Do not touch", "electrical specialist"]),
        ("bacs", "rcm_current_difference", ["Do not touch", "electrical specialist"]),
        ("bacs", "module_lost", ["measured first", "collapsed"]),
        ("bacs", "voltage_high", ["dry, sulphated or new", "shorted cell"]),
        ("ups", "charger_failed", ["rectifier breaker", "runtime"]),
        ("ups", "bypass_mode", ["Operate nothing", "unprotected", "panel"]),
        ("ups", "on_bypass", ["Operate nothing", "unprotected", "panel"]),
        ("ups", "output_overload", ["switched on last"]),
        ("ups", "output_high", ["switched on last"]),
        ("ups", "fuse_failure", ["Do not reset", "service"]),
        ("ups", "inverter_failure", ["Do not reset", "service"]),
        ("ups", "ups_off_as_requested", ["nobody works"]),
        ("ups", "awaiting_power", ["without warning"]),
    ],
)
def test_first_actions_hurt_nobody(name, flag, words):
    (action,) = {item.action for _, item in MAPS[name].flags() if item.name == flag}
    for word in words:
        assert word in action


@pytest.mark.parametrize(
    "flag",
    [
        "string_current_low",
        "string_current_warning_low",
        "current_sensor_low",
        "warning_current_sensor_low",
    ],
)
def test_low_current_may_mean_a_strong_discharge(flag):
    (description,) = {item.description for _, item in MAPS["bacs"].flags() if item.name == flag}
    assert "low may mean a strong discharge" in description


def test_state_0_says_when_not_to_reboot():
    description = MAPS["bacs"].words["state"].description
    assert "interrupted" in description
    assert "Do not reboot it during a discharge" in description
    assert "alarm relay opens" in description


def test_the_doubtful_inverter_warning_says_so():
    (flag,) = [flag for flag in MAPS["ups"].words["status"].flags if flag.name == "inverter_warn"]
    assert "eco - bypass" in flag.note
    assert "doubtful" in flag.note
    assert "vendor" not in flag.description, "on a card, only what helps"
