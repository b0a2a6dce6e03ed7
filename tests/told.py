"""What each outcome is told by, and how: typed.

The flags are those of the vendor's tables (device.md 1, 3); words, order and gravity are from operations 4.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from exporter.maps import built_in_maps

FLAGS = {
    "thermal_runaway": {"bacs_state.thermal_runaway"},
    "ground_fault": {"bacs_state.current_ground_fault_detected", "bacs_alarm.rcm_current_difference"},
    "load_dark": {
        "ups_status.output_act", "ups_status.shutdown", "ups_alarm.output_off_as_requested",
        "ups_alarm.ups_off_as_requested", "ups_alarm.ups_output_off", "ups_alarm.ups_system_off",
        "ups_alarm.awaiting_power",
    },
    "shutting_down": {"ups_alarm.shutdown_pending", "ups_alarm.shutdown_imminent"},
    "on_battery": {"ups_status.backup_mode", "ups_alarm.on_battery"},
    "bypass": {"ups_status.bypass_mode", "ups_alarm.on_bypass"},
    "ups_lost": {"ups_status.comm_lost", "ups_alarm.communication_lost"},
    "battery_depleted": {"ups_alarm.battery_depleted"},
    "breaker_open": {"bacs_state.battery_breaker_open"},
    "ups_fault": {
        "ups_status.inverter_failure", "ups_status.ups_failed", "ups_alarm.output_bad",
        "ups_alarm.fuse_failure", "ups_alarm.general_fault",
    },
    "overload": {"ups_status.output_high", "ups_alarm.output_overload"},
    "battery_low": {"ups_status.battery_low", "ups_alarm.battery_low"},
    "charger_failed": {"ups_alarm.charger_failed"},
    "battery_bad": {"ups_status.battery_bad", "ups_alarm.battery_bad"},
    "test_failed": {"ups_alarm.diagnostic_test_failed"},
    "eco": {"ups_status.eco_mode"},
    "test": {"ups_status.test_act", "ups_alarm.test_in_progress"},
    "discharging": {"bacs_state.discharging"},
    "bacs_running": {"bacs_state.running"},
    "bacs_stopped": {"bacs_state.running"},
    "service": {
        "bacs_state.module_addressing", "bacs_state.module_searching", "bacs_state.module_initializing",
        "bacs_state.module_polling",
    },
    "battery_alarm": {
        "bacs_state.general_alarm", "bacs_alarm.general_alarm", "bacs_module_alarm.general_alarm",
        "bacs_state.string_voltage_high", "bacs_state.string_voltage_low", "bacs_alarm.voltage_high",
        "bacs_module_alarm.voltage_high", "bacs_alarm.voltage_low", "bacs_module_alarm.voltage_low",
        "bacs_alarm.temperature_high", "bacs_module_alarm.temperature_high",
        "bacs_alarm.charge_current_deviation", "bacs_alarm.discharge_current_deviation",
        "bacs_alarm.string_charge_low",
    },
    "bacs_critical": {
        "bacs_state.thermal_runaway", "bacs_state.current_ground_fault_detected",
        "bacs_alarm.rcm_current_difference", "bacs_state.battery_breaker_open",
        "bacs_state.string_voltage_high", "bacs_state.string_voltage_low", "bacs_alarm.voltage_high",
        "bacs_module_alarm.voltage_high", "bacs_alarm.voltage_low", "bacs_module_alarm.voltage_low",
        "bacs_alarm.temperature_high", "bacs_module_alarm.temperature_high",
    },
}  # fmt: skip
FLAGS |= {
    "lost_in_danger": FLAGS["thermal_runaway"] | FLAGS["ground_fault"],
    "lost_dark": FLAGS["load_dark"],
    "lost_on_battery": FLAGS["on_battery"],
    "mains": FLAGS["on_battery"] | FLAGS["load_dark"],
    "yes": FLAGS["on_battery"] | FLAGS["load_dark"],
}
"""The flags that an outcome is told by, without `generex_`."""

METRICS = {
    "lost_on_battery": {
        "device:role:last", "device:role:active", "device:discharging_alone:last",
        "device:discharging_alone:max",
    },
    "discharging_alone": {"device:discharging_alone:max"},
    "map_in_doubt": {"group:group_up:max", "group:refused_words:max", "device:ups_alarm:count"},
    "unreachable": {"device:up:max", "device:up:last1d"},
    "ups_unread": {"group:group_up:max"},
    "all_zero": {"device:ups:zero", "device:role:last"},
    "no_output": {"phase:ups_output_load_ratio:max", "phase:ups_output_volts:max"},
    "unserved": {"group:group_up:max"},
    "no_ups": {"device:up:max", "device:up:last1d"},
    "string_missing": {
        "device:bacs_strings:max", "device:bacs_strings:max1d", "device:bacs_strings_missing:count",
    },
    "block_missing": {
        "device:bacs_modules:max", "device:bacs_modules:max1d", "device:bacs_modules_missing:count",
    },
    "bacs_untrusted": {"group:data_valid:max"},
    "bacs_unread": {"group:group_up:max"},
    "charge_low": {"device:ups_battery_charge_ratio:min"},
    "values_in_doubt": {"device:implausible:value"},
    "blocks_unserved": {"device:bacs_modules:max", "device:bacs_modules_missing:count"},
}  # fmt: skip
"""What an outcome that is no flag is told by, without `generex_`."""

STATE = {
    "thermal_runaway": "✖ THERMAL RUNAWAY",
    "ground_fault": "✖ GROUND FAULT",
    "danger": "✖ DANGER TO PEOPLE",
    "lost_in_danger": "✖ LOST IN DANGER",
    "map_in_doubt": "? MAP IN DOUBT",
    "all_zero": "? ALL VALUES 0",
    "load_dark": "✖ LOAD DARK",
    "on_battery": "▲ ON BATTERY",
    "lost_dark": "✖ LOST, LOAD DARK",
    "lost_on_battery": "✖ LOST ON BATTERY",
    "discharging_alone": "▲ BATTERY DISCHARGING",
    "unreachable": "? UNREACHABLE",
    "ups_lost": "? UPS LOST",
    "ups_unread": "? UPS NOT READ",
    "bypass": "◆ ON BYPASS",
    "no_output": "? NO OUTPUT SEEN",
    "eco": "◐ ECO MODE",
    "test": "◇ TEST RUNNING",
    "mains": "● ON MAINS",
    "unserved": "? NOT SERVED",
    "no_ups": "– NO UPS",
}
SURVIVAL = {
    "thermal_runaway": "✖ NO: thermal runaway",
    "ground_fault": "✖ NO: ground fault",
    "danger": "✖ NO: danger to people",
    "lost_in_danger": "✖ lost in danger",
    "map_in_doubt": "? map in doubt",
    "all_zero": "? all values are 0",
    "load_dark": "✖ load is dark",
    "shutting_down": "✖ NO: shutting down",
    "on_battery": "▲ on battery now",
    "lost_dark": "✖ lost, load was dark",
    "lost_on_battery": "✖ lost on battery",
    "discharging_alone": "▲ battery is discharging",
    "unreachable": "? unreachable",
    "ups_lost": "? UPS lost",
    "ups_unread": "? UPS not read",
    "bypass": "◆ NO: on bypass",
    "battery_depleted": "✖ NO: battery depleted",
    "breaker_open": "✖ NO: breaker open",
    "ups_fault": "✖ NO: UPS fault",
    "overload": "✖ NO: overload",
    "battery_low": "✖ NO: battery low",
    "charger_failed": "✖ NO: charger failed",
    "battery_bad": "✖ NO: battery bad",
    "test_failed": "✖ NO: test failed",
    "string_missing": "✖ NO: string missing",
    "block_missing": "✖ NO: block missing",
    "bacs_untrusted": "? BACS not trusted",
    "bacs_unread": "? BACS not fully read",
    "battery_alarm": "✖ NO: string or block alarm",
    "charge_low": "✖ NO: charge < 90 %",
    "no_output": "? no output seen",
    "values_in_doubt": "? values in doubt",
    "blocks_unserved": "? blocks not served",
    "yes": "✔ YES",
    "unserved": "? not served",
    "no_ups": "– no UPS",
}
BACS = {
    "thermal_runaway": "✖ DANGER: KEEP OUT",
    "ground_fault": "✖ DANGER: KEEP OUT",
    "danger": "✖ DANGER: KEEP OUT",
    "lost_in_danger": "✖ DANGER: KEEP OUT",
    "unreachable": "? UNREACHABLE",
    "breaker_open": "✖ BREAKER OPEN",
    "string_missing": "✖ STRING MISSING",
    "block_missing": "✖ BLOCK MISSING",
    "bacs_untrusted": "? NOT TRUSTED",
    "bacs_unread": "? NOT FULLY READ",
    "bacs_critical": "✖ ALARM",
    "discharging": "▲ DISCHARGING",
    "service": "◇ SERVICE",
    "bacs_stopped": "? NOT TRUSTED",
    "bacs_warning": "▲ WARNING",
    "blocks_unserved": "? BLOCKS NOT SERVED",
    "bacs_running": "● RUNNING",
    "no_ups": "– NO BACS SERVED",
}
"""The tiles of the boards, the gravest first: what a device runs on, if it would survive, its BACS."""

LEVELS = {
    "lost": {
        "map_in_doubt", "unreachable", "ups_lost", "ups_unread", "bacs_untrusted", "bacs_unread", "no_output",
        "bacs_stopped", "all_zero",
    },
    "warning": {"on_battery", "discharging_alone", "values_in_doubt", "discharging", "bacs_warning"},
    "info": {"service", "eco", "test"},
    "none": {"blocks_unserved", "unserved", "no_ups"},
    "good": {"bacs_running", "mains", "yes"},
}  # fmt: skip
"""All others are critical."""

URGENT = {
    "danger": {"thermal_runaway", "ground_fault", "danger", "lost_in_danger"},
    "dark": {"all_zero", "load_dark", "shutting_down", "lost_dark", "lost_on_battery"},
    "on_battery": {"on_battery", "discharging_alone"},
    "out_of_sight": {"map_in_doubt", "unreachable", "ups_lost", "ups_unread"},
    "bypass": {"bypass"},
}
"""What is seen to first; all others are `rest`."""


def where(table: dict[str, set[str]], key: str, else_: str) -> str:
    """The name under which the table has this outcome."""
    return next((name for name, keys in table.items() if key in keys), else_)


Rules = Iterable[tuple[str, Mapping[str, str], str]]
"""Recording rules: name, labels and expression."""


def flags_in(expr: str, rules: Rules) -> set[str]:
    """The flags that the selectors of an expression find, as METRIC.FLAG without `generex_`.

    A selector of what one of the rules records finds what that rule finds.
    """
    found = set()
    for metric, matchers in re.findall(r"([\w:]*)\{([^}]*)\}", expr):
        chosen = dict(re.findall(r'(\w+)=~?"([^"]*)"', matchers))
        for record, labels, of_rule in rules:
            if record == metric and labels and _fits(labels, chosen):
                found |= flags_in(of_rule, ())
        common, _, ends = chosen.get("__name__", metric).rstrip(")").partition("(")
        for end in ends.split("|"):
            one = common + end
            of = one.removeprefix("module:").removesuffix(":set").removeprefix("generex_")
            found |= {f"{of}.{name}" for name in chosen.get("flag", "").split("|")}
    return found & _exported()


def _fits(labels: Mapping[str, str], chosen: Mapping[str, str]) -> bool:
    return all(re.fullmatch(wanted, labels.get(name, "")) for name, wanted in chosen.items())


@cache
def _exported() -> set[str]:
    """The flags of the metrics that are typed here: lists of other makers may have others."""
    metrics = {flag.partition(".")[0] for flags in FLAGS.values() for flag in flags}
    return {
        f"{name}.{flag.name}"
        for item in built_in_maps().values()
        for word, flag in item.flags()
        if (name := word.metric.removeprefix("generex_")) in metrics
    }
