"""The flags behind each outcome of the boards, typed from the vendor's tables (device.md 1, 3)."""

import re
from collections import defaultdict

import yaml
from boardfiles import ROOT

FLAGS = {
    "thermal_runaway": {"thermal_runaway"},
    "ground_fault": {"current_ground_fault_detected", "rcm_current_difference"},
    "load_dark": {
        "output_act", "shutdown", "output_off_as_requested", "ups_off_as_requested", "ups_output_off",
        "ups_system_off", "awaiting_power",
    },
    "shutting_down": {"shutdown_pending", "shutdown_imminent"},
    "on_battery": {"backup_mode", "on_battery"},
    "bypass": {"bypass_mode", "on_bypass"},
    "ups_lost": {"comm_lost", "communication_lost"},
    "battery_depleted": {"battery_depleted"},
    "breaker_open": {"battery_breaker_open"},
    "ups_fault": {"inverter_failure", "ups_failed", "output_bad", "fuse_failure", "general_fault"},
    "overload": {"output_high", "output_overload"},
    "battery_low": {"battery_low"},
    "charger_failed": {"charger_failed"},
    "battery_bad": {"battery_bad"},
    "test_failed": {"diagnostic_test_failed"},
    "eco": {"eco_mode"},
    "test": {"test_act", "test_in_progress"},
    "discharging": {"discharging"},
    "bacs_running": {"running"},
    "service": {"module_addressing", "module_searching", "module_initializing", "module_polling"},
    "battery_alarm": {
        "general_alarm", "string_voltage_high", "string_voltage_low", "voltage_high", "voltage_low",
        "temperature_high", "charge_current_deviation", "discharge_current_deviation", "string_charge_low",
    },
    "bacs_critical": {
        "thermal_runaway", "current_ground_fault_detected", "rcm_current_difference", "battery_breaker_open",
        "string_voltage_high", "string_voltage_low", "voltage_high", "voltage_low", "temperature_high",
    },
}  # fmt: skip


def recorded() -> dict[str, set[str]]:
    """The flags that the rule of each outcome names."""
    content = yaml.safe_load((ROOT / "alerts" / "recording.rules.yml").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = defaultdict(set)
    for group in content["groups"]:
        for rule in group["rules"]:
            if rule["record"] == "device:generex_outcome:rank":
                for names in re.findall(r'flag=~?"([^"]*)"', rule["expr"]):
                    found[rule["labels"]["outcome"]] |= set(names.split("|"))
    return found


def test_each_outcome_asks_for_every_flag_that_tells_it() -> None:
    found = recorded()
    assert {outcome: found[outcome] for outcome in FLAGS} == FLAGS
    assert found["lost_dark"] == FLAGS["load_dark"]
    assert found["lost_on_battery"] == FLAGS["on_battery"]
    assert found["mains"] == FLAGS["on_battery"] | FLAGS["load_dark"]
