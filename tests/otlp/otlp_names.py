"""What each metric is called over OTLP, typed by hand from the hardware conventions.

Name, unit, instrument and attributes, in which labels stand in braces.
"""

from collections.abc import Mapping

UPS = {"hw.id": "ups"}
INPUT = {"hw.id": "ups.input.{phase}", "hw.parent": "ups"}
OUTPUT = {"hw.id": "ups.output.{phase}", "hw.parent": "ups"}
BATTERY = {"hw.id": "ups.battery", "hw.parent": "ups"}
BACS = {"hw.id": "bacs"}
STRING = {"hw.id": "bacs.string.{string}", "hw.parent": "ups"}
MODULE = {"hw.id": "bacs.module.{module}", "hw.parent": "bacs.string.{string}"}
SENSOR = {"hw.id": "sensor.{sensor}"}


def state(kind: str, source: str) -> dict[str, str]:
    return {"hw.type": kind, "hw.state": "{flag}", "generex.source": source}


def at(place: str) -> dict[str, str]:
    return {"hw.sensor_location": place}


NAMES: Mapping[str, tuple[str, str, str, Mapping[str, str]]] = {
    "generex_ups_output_volts": ("hw.voltage", "V", "gauge", OUTPUT | at("output")),
    "generex_ups_output_load_ratio": ("hw.power_supply.utilization", "1", "gauge", OUTPUT),
    "generex_ups_battery_charge_ratio": ("hw.battery.charge", "1", "gauge", BATTERY),
    "generex_ups_input_volts": ("hw.voltage", "V", "gauge", INPUT | at("input")),
    "generex_ups_temperature_celsius": ("hw.temperature", "Cel", "gauge", UPS | at("ups")),
    "generex_ups_battery_runtime_seconds": (
        "hw.battery.time_left", "s", "gauge", BATTERY | {"hw.state": "discharging"},
    ),
    "generex_ups_status": ("hw.status", "1", "updowncounter", UPS | state("power_supply", "status")),
    "generex_ups_status_word": ("generex.ups.status_word", "", "gauge", UPS),
    "generex_ups_battery_volts": ("hw.voltage", "V", "gauge", BATTERY | at("battery")),
    "generex_ups_input_frequency_hertz": ("generex.ups.input.frequency", "Hz", "gauge", INPUT),
    "generex_ups_power_failures_total": ("generex.ups.power_failures", "{failure}", "counter", UPS),
    "generex_ups_alarm": ("hw.status", "1", "updowncounter", UPS | state("power_supply", "alarm")),
    "generex_ups_aux_input": (
        "generex.ups.aux_input", "", "gauge", {"hw.id": "ups.aux.{port}", "hw.parent": "ups"},
    ),
    "generex_ups_output_frequency_hertz": ("generex.ups.output.frequency", "Hz", "gauge", OUTPUT),
    "generex_ups_output_apparent_power_voltamperes": (
        "generex.ups.output.apparent_power", "V.A", "gauge", OUTPUT,
    ),
    "generex_ups_extended_status_word": ("generex.ups.extended_status_word", "", "gauge", UPS),
    "generex_ups_output_active": ("generex.ups.output.active", "", "gauge", UPS),
    "generex_sensor_temperature_celsius": ("hw.host.ambient_temperature", "Cel", "gauge", SENSOR),
    "generex_sensor_humidity_ratio": ("generex.sensor.humidity", "1", "gauge", SENSOR),
    "generex_sensor_value": ("generex.sensor.value", "", "gauge", SENSOR),
    "generex_bacs_state": ("hw.status", "1", "updowncounter", BACS | state("battery", "state")),
    "generex_bacs_state_word": (
        "generex.bacs.state_word", "", "gauge", BACS | {"generex.word": "{word}"},
    ),
    "generex_bacs_alarm": ("hw.status", "1", "updowncounter", BACS | state("battery", "alarm")),
    "generex_bacs_alarm_word": (
        "generex.bacs.alarm_word", "", "gauge", BACS | {"generex.word": "{word}"},
    ),
    "generex_bacs_strings": ("generex.bacs.strings", "{string}", "gauge", BACS),
    "generex_bacs_modules": ("generex.bacs.modules", "{module}", "gauge", BACS),
    "generex_bacs_string_current_amperes": ("generex.bacs.string.current", "A", "gauge", STRING),
    "generex_bacs_string_volts": ("hw.voltage", "V", "gauge", STRING | at("battery")),
    "generex_bacs_string_module_average_volts": (
        "generex.bacs.string.module_average_voltage", "V", "gauge", STRING,
    ),
    "generex_bacs_string_ripple_current_amperes": (
        "generex.bacs.string.ripple_current", "A", "gauge", STRING,
    ),
    "generex_bacs_module_temperature_celsius": ("hw.temperature", "Cel", "gauge", MODULE | at("battery")),
    "generex_bacs_module_volts": ("hw.voltage", "V", "gauge", MODULE | at("battery")),
    "generex_bacs_module_resistance_ohms": ("generex.bacs.module.impedance", "Ohm", "gauge", MODULE),
    "generex_bacs_module_alarm": ("hw.status", "1", "updowncounter", MODULE | state("battery", "alarm")),
    "generex_bacs_module_alarm_word": ("generex.bacs.module.alarm_word", "", "gauge", MODULE),
    "generex_bacs_module_equalization_ratio": ("generex.bacs.module.equalization", "1", "gauge", MODULE),
    "generex_bacs_module_present": ("generex.bacs.module.present", "", "gauge", MODULE),
    "generex_prof_sequence_number": ("generex.prof.sequence_number", "", "gauge", {}),
    "generex_prof_error_code": ("generex.prof.error_code", "", "gauge", {}),
    "generex_up": ("generex.up", "", "gauge", {}),
    "generex_group_up": ("generex.group_up", "", "gauge", {"generex.group": "{group}"}),
    "generex_data_valid": ("generex.data_valid", "", "gauge", {"generex.group": "{group}"}),
    "generex_odd_words": ("generex.odd_words", "{word}", "gauge", {"generex.group": "{group}"}),
    "generex_refused_words": ("generex.refused_words", "{word}", "gauge", {"generex.group": "{group}"}),
    "generex_undefined_flags": ("generex.undefined_flags", "{flag}", "gauge", {"generex.word": "{word}"}),
    "generex_device_info": (
        "generex.device_info", "", "gauge",
        {"generex.target": "{target}", "generex.module": "{module}", "generex.unit": "{unit}"},
    ),
    "generex_expected_phases": ("generex.expected_phases", "{phase}", "gauge", {}),
    "generex_expected_output_volts": ("generex.expected_output_volts", "V", "gauge", {}),
    "generex_expected_input_volts": ("generex.expected_input_volts", "V", "gauge", {}),
    "generex_expected_battery_info": (
        "generex.expected_battery_info", "", "gauge", {"generex.chemistry": "{chemistry}"},
    ),
    "generex_expected_cells_per_block": ("generex.expected_cells_per_block", "", "gauge", {}),
    "generex_expected_string_group_info": (
        "generex.expected_string_group_info", "", "gauge",
        {"generex.string": "{string}", "generex.string_group": "{string_group}"},
    ),
    "generex_expected_runtime_seconds": ("generex.expected_runtime_seconds", "s", "gauge", {}),
    "generex_expected_test_interval_seconds": (
        "generex.expected_test_interval_seconds", "s", "gauge", {},
    ),
    "generex_expected_test_seconds": ("generex.expected_test_seconds", "s", "gauge", {}),
    "generex_expected_redundancy_group_info": (
        "generex.expected_redundancy_group_info", "", "gauge",
        {"generex.redundancy_group": "{redundancy_group}"},
    ),
    "generex_expected_block_resistance_ohms": (
        "generex.expected_block_resistance_ohms", "Ohm", "gauge", {"generex.module": "{module}"},
    ),
    "generex_expected_block_installed_timestamp_seconds": (
        "generex.expected_block_installed_timestamp_seconds", "s", "gauge", {"generex.module": "{module}"},
    ),
    "generex_scrape_duration_seconds": ("generex.scrape_duration_seconds", "s", "gauge", {}),
    "generex_scrape_timeout_seconds": ("generex.scrape_timeout_seconds", "s", "gauge", {}),
    "generex_scrape_requests": ("generex.scrape_requests", "{request}", "gauge", {}),
}  # fmt: skip

# the exporter's own; process_* and python_* of prometheus-client beside them
OWN_NAMES: Mapping[str, tuple[str, str, str]] = {
    "generex_exporter_build_info": ("generex.exporter_build_info", "", "gauge"),
    "generex_exporter_web_info": ("generex.exporter_web_info", "", "gauge"),
    "generex_exporter_config_last_reload_successful": (
        "generex.exporter_config_last_reload_successful", "", "gauge",
    ),
    "generex_exporter_config_last_reload_success_timestamp_seconds": (
        "generex.exporter_config_last_reload_success_timestamp_seconds", "s", "gauge",
    ),
    "generex_exporter_modbus_requests_total": ("generex.exporter_modbus_requests", "{request}", "counter"),
    "generex_exporter_modbus_echoes_total": ("generex.exporter_modbus_echoes", "{echo}", "counter"),
    "generex_exporter_modbus_foreign_answers_total": (
        "generex.exporter_modbus_foreign_answers", "{answer}", "counter",
    ),
    "generex_exporter_modbus_errors_total": ("generex.exporter_modbus_errors", "{error}", "counter"),
    "generex_exporter_scrapes_coalesced_total": ("generex.exporter_scrapes_coalesced", "{scrape}", "counter"),
    "generex_exporter_otlp_exports_total": ("generex.exporter_otlp_exports", "{export}", "counter"),
    "generex_exporter_otlp_export_failures_total": (
        "generex.exporter_otlp_export_failures", "{failure}", "counter",
    ),
    "process_resident_memory_bytes": ("generex.process_resident_memory_bytes", "By", "gauge"),
    "process_cpu_seconds_total": ("generex.process_cpu_seconds", "s", "counter"),
    "python_gc_collections_total": ("generex.python_gc_collections", "{collection}", "counter"),
}  # fmt: skip
