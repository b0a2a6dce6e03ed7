"""The section of the runbook that each state and flag leads to, typed; words from the vendor's tables."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from exporter.assess.condition import Condition, assess
from exporter.assess.outcomes import STATES, SURVIVAL
from exporter.maps import built_in_maps
from exporter.maps.model import Flag, Word
from exporter.maps.roles import gravity
from exporter.web.pages.manual import render
from exporter.web.pages.runbook import section_of_alarm, section_of_state
from tests.assess.spoken import FILLER, Words, words
from tests.snapshots import Source, simulated


def of(*changes: Words) -> Condition:
    return assess(Source().snapshot(words(*changes)))


def lost(*changes: Words) -> Condition:
    """A device that answers no more, and was so before."""
    source = Source()
    before = source.snapshot(words(*changes))
    return assess(source.snapshot({}), before=before)


def section(link: str) -> str:
    page, _, anchor = link.partition("#")
    return {"docs/runbook": anchor}.get(page, link)


FLAGS = {
    "GenerexOnBypass": "ups_status.bypass_mode ups_alarm.on_bypass",
    "GenerexLoadDark": (
        "ups_status.shutdown ups_status.output_act ups_alarm.output_off_as_requested "
        "ups_alarm.ups_off_as_requested ups_alarm.ups_output_off ups_alarm.ups_system_off "
        "ups_alarm.awaiting_power"
    ),
    "GenerexOnBattery": "ups_status.backup_mode ups_alarm.on_battery",
    "GenerexBatteryLow": "ups_status.battery_low ups_alarm.battery_low",
    "GenerexUpsHot": "ups_status.over_temp ups_alarm.over_temperature",
    "GenerexTestRunning": "ups_status.test_act ups_alarm.test_in_progress",
    "GenerexInputBad": "ups_status.input_high ups_alarm.input_bad",
    "GenerexOverload": "ups_status.output_high ups_alarm.output_overload",
    "GenerexInverterFailed": "ups_status.inverter_failure",
    "GenerexInverterWarning": "ups_status.inverter_warn",
    "GenerexBatteryBad": "ups_status.battery_bad ups_alarm.battery_bad",
    "GenerexUpsFault": "ups_status.ups_failed ups_alarm.general_fault",
    "GenerexUpsOutOfSight": "ups_status.comm_lost ups_alarm.communication_lost",
    "GenerexSiteAlarm": "ups_status.dvg_alarm",
    "GenerexBatteryDepleted": "ups_alarm.battery_depleted",
    "GenerexOutputBad": "ups_alarm.output_bad",
    "GenerexBypassBad": "ups_alarm.bypass_bad",
    "GenerexChargerFailed": "ups_alarm.charger_failed",
    "GenerexFanFailed": "ups_alarm.fan_failure",
    "GenerexFuseBlown": "ups_alarm.fuse_failure",
    "GenerexTestFailed": "ups_alarm.diagnostic_test_failed",
    "GenerexShutdownPending": "ups_alarm.shutdown_pending",
    "GenerexShutdownImminent": "ups_alarm.shutdown_imminent",
    "GenerexBacsNotRunning": "bacs_state.running",
    "GenerexBacsStarting": "bacs_state.connected",
    "GenerexModulesSilent": (
        "bacs_state.module_lost bacs_alarm.communication_lost bacs_module_alarm.communication_lost"
    ),
    # the UPS of these words is on mains
    "GenerexDischargingOnMains": "bacs_state.discharging",
    "GenerexBacsFailure": "bacs_state.system_failure",
    "GenerexVoltageOutOfRange": "bacs_state.voltage_outofrange",
    "GenerexTemperatureOutOfRange": "bacs_state.temperature_outofrange",
    "GenerexResistanceOutOfRange": "bacs_state.resistor_outofrange",
    "GenerexBacsService": (
        "bacs_state.module_addressing bacs_state.module_searching bacs_state.module_initializing "
        "bacs_state.module_polling"
    ),
    "GenerexBacsGeneralAlarm": (
        "bacs_state.general_alarm bacs_alarm.general_alarm bacs_module_alarm.general_alarm"
    ),
    "GenerexVoltagesApart": "bacs_state.voltage_diff_high",
    "GenerexBreakerOpen": "bacs_state.battery_breaker_open",
    "GenerexThermalRunaway": "bacs_state.thermal_runaway",
    "GenerexGroundFault": "bacs_state.current_ground_fault_detected bacs_alarm.rcm_current_difference",
    "GenerexSensorLost": "bacs_state.sensor_lost",
    "GenerexCurrentSensorLost": (
        "bacs_state.current_sensor_connection_lost bacs_alarm.current_sensor_connection_lost"
    ),
    "GenerexAuxUnitLost": "bacs_alarm.gx_r_aux_connection_lost",
    "GenerexStringVoltageHigh": "bacs_state.string_voltage_high",
    "GenerexStringVoltageLow": "bacs_state.string_voltage_low",
    "GenerexStringVoltageHighWarning": "bacs_state.string_voltage_warning_high",
    "GenerexStringVoltageLowWarning": "bacs_state.string_voltage_warning_low",
    "GenerexStringCurrentHigh": (
        "bacs_state.string_current_high bacs_state.string_current_warning_high "
        "bacs_alarm.current_sensor_high bacs_alarm.warning_current_sensor_high"
    ),
    "GenerexStringCurrentLow": (
        "bacs_state.string_current_low bacs_state.string_current_warning_low "
        "bacs_alarm.current_sensor_low bacs_alarm.warning_current_sensor_low"
    ),
    "GenerexCurrentOutOfRange": "bacs_state.current_outofrange",
    "GenerexDischargeUneven": (
        "bacs_alarm.discharge_current_deviation bacs_alarm.warning_discharge_current_deviation"
    ),
    "GenerexChargeUneven": "bacs_alarm.charge_current_deviation bacs_alarm.warning_charge_current_deviation",
    "GenerexStringChargeLow": "bacs_alarm.string_charge_low bacs_alarm.warning_string_charge_low",
    "GenerexEqualisingCutOff": "bacs_alarm.equalizing_cutoff",
    "GenerexBlockVoltageHigh": "bacs_alarm.voltage_high bacs_module_alarm.voltage_high",
    # the BACS of these words is on float
    "GenerexBlockVoltageLow": "bacs_alarm.voltage_low bacs_module_alarm.voltage_low",
    "GenerexBlockVoltageHighWarning": "bacs_alarm.voltage_warn_high bacs_module_alarm.voltage_warn_high",
    "GenerexBlockVoltageLowWarning": "bacs_alarm.voltage_warn_low bacs_module_alarm.voltage_warn_low",
    "GenerexBlockHot": "bacs_alarm.temperature_high bacs_module_alarm.temperature_high",
    "GenerexBlockHotWarning": "bacs_alarm.temperature_warn_high bacs_module_alarm.temperature_warn_high",
    "GenerexBlockCold": "bacs_alarm.temperature_low bacs_module_alarm.temperature_low",
    "GenerexBlockColdWarning": "bacs_alarm.temperature_warn_low bacs_module_alarm.temperature_warn_low",
    "GenerexBlockResistanceHigh": "bacs_alarm.resistor_high bacs_module_alarm.resistor_high",
    "GenerexBlockResistanceLow": "bacs_alarm.resistor_low bacs_module_alarm.resistor_low",
    "GenerexBlockResistanceHighWarning": "bacs_alarm.resistor_warn_high bacs_module_alarm.resistor_warn_high",
    "GenerexBlockResistanceLowWarning": "bacs_alarm.resistor_warn_low bacs_module_alarm.resistor_warn_low",
    "GenerexBlockEqualisingFailed": "bacs_alarm.equalisation_err bacs_module_alarm.equalisation_err",
    "GenerexModuleMismatch": "bacs_alarm.modrev_incompatible bacs_module_alarm.modrev_incompatible",
}
TOLD = {flag: name for name, flags in FLAGS.items() for flag in flags.split()}


class Bit(NamedTuple):
    """A flag that asks for something, with the address of its word."""

    address: int
    word: Word
    flag: Flag

    @property
    def source(self) -> str:
        return f"{self.word.metric.removeprefix('generex_')}.{self.flag.name}"


def bits() -> Iterator[Bit]:
    for name in ("ups", "bacs"):
        for word in built_in_maps()[name].words.values():
            for flag in word.all_flags:
                if word.address is not None and gravity(flag) != "none":
                    yield Bit(word.address, word, flag)


def test_every_flag_leads_to_its_section() -> None:
    healthy = simulated()
    found = {}
    for bit in bits():
        raw = healthy[bit.address] ^ bit.flag.mask if bit.word.flags else 1
        condition = of({bit.address: raw})
        (alarm,) = (alarm for alarm in condition.alarms if bit.source in alarm.sources)
        found[bit.source] = section(section_of_alarm(alarm, condition))
    assert found == {flag: name.lower() for flag, name in TOLD.items()}


@pytest.mark.parametrize(
    ("change", "label", "name"),
    [
        ({109: 0x1C}, "Battery low", "GenerexBatteryLowOnBattery"),
        ({109: 0x0C, 1000: 0x0009}, "Discharging", "GenerexOnBattery"),
        ({1000: 0x0009, 134: 1}, "Discharging", "GenerexDischarging"),
        ({1000: 0x0009, 138: 1}, "Discharging", "GenerexTestRunning"),
        ({1063: 8, 109: 0x0C}, "Block voltage low", "GenerexBlockVoltageLowUnderLoad"),
        ({1063: 8, 1000: 0x0011}, "Block voltage low", "GenerexBlockVoltageLowOffFloat"),
        ({123: 1, 119: 1}, "On bypass", "GenerexOnBypass"),
        ({123: 1, 120: 1}, "On bypass", "GenerexBypassFailing"),
        ({127: 1, 103: 80}, "Charger failed", "GenerexChargerFailedDraining"),
        ({1000: 0x0000}, "BACS not running", "GenerexBacsNoState"),
        ({1000: 0x0002}, "BACS not running", "GenerexBacsStarting"),
    ],
)
def test_a_flag_leads_to_what_goes_on(change: Words, label: str, name: str) -> None:
    condition = of(change)
    (alarm,) = (alarm for alarm in condition.alarms if alarm.label == label)
    assert section(section_of_alarm(alarm, condition)) == name.lower()


NOTHING = dict.fromkeys(range(97, 103), 0)  # neither volts nor load at the output
NO_STRING = dict.fromkeys(range(1015, 1019), FILLER)
NO_BLOCK = dict.fromkeys(range(1080, 1085), FILLER)
OUTCOMES: tuple[tuple[str, Words, str], ...] = (
    ("thermal_runaway", {1001: 0x0008}, "GenerexThermalRunaway"),
    ("ground_fault", {1005: 0x0200}, "GenerexGroundFault"),
    ("load_dark", {125: 1}, "GenerexLoadDark"),
    ("shutting_down", {136: 1}, "GenerexShutdownPending"),
    ("shutting_down", {136: 1, 137: 1}, "GenerexShutdownImminent"),
    ("on_battery", {116: 1}, "GenerexOnBattery"),
    ("on_battery", {116: 1, 108: 10}, "GenerexOnBattery"),
    ("on_battery", {116: 1, 108: 9}, "GenerexRuntimeShort"),
    ("on_battery", {116: 1, 117: 1}, "GenerexBatteryLowOnBattery"),
    ("on_battery", {116: 1, 117: 1, 118: 1}, "GenerexBatteryDepleted"),
    ("discharging_alone", {134: 1, 1000: 0x0009}, "GenerexDischarging"),
    ("ups_lost", {134: 1}, "GenerexUpsOutOfSight"),
    ("ups_unread", {103: None}, "GenerexGroupUnread"),
    ("bypass", {123: 1}, "GenerexOnBypass"),
    ("battery_depleted", {118: 1}, "GenerexBatteryDepleted"),
    ("breaker_open", {1001: 0x0004}, "GenerexBreakerOpen"),
    ("ups_fault", {109: 0x0204}, "GenerexInverterFailed"),
    ("ups_fault", {131: 1}, "GenerexFuseBlown"),
    ("ups_fault", {121: 1, 132: 1}, "GenerexOutputBad"),
    ("ups_fault", {132: 1}, "GenerexUpsFault"),
    ("overload", {122: 1}, "GenerexOverload"),
    ("battery_low", {117: 1}, "GenerexBatteryLow"),
    ("charger_failed", {127: 1}, "GenerexChargerFailed"),
    ("battery_bad", {115: 1}, "GenerexBatteryBad"),
    ("test_failed", {133: 1}, "GenerexTestFailed"),
    ("string_missing", NO_STRING, "GenerexStringMissing"),
    ("block_missing", NO_BLOCK, "GenerexModulesSilent"),
    ("bacs_untrusted", {1000: 0x0002}, "GenerexBacsStarting"),
    ("bacs_untrusted", {1000: 0x0000}, "GenerexBacsNoState"),
    ("bacs_untrusted", {1000: None}, "GenerexBacsDoubtful"),
    ("bacs_untrusted", {1000: FILLER}, "GenerexBacsDoubtful"),
    ("bacs_unread", {1061: None}, "GenerexGroupUnread"),
    ("battery_alarm", {1063: 0x0011}, "GenerexBlockHot"),
    ("battery_alarm", {1001: 0x0001}, "GenerexBacsGeneralAlarm"),
    ("charge_low", {103: 89}, "low-charge-on-mains"),
    ("all_zero", dict.fromkeys(range(97, 143), 0), "all-values-0"),
    ("no_output", NOTHING, "no-output-seen"),
    ("values_in_doubt", {104: 1001}, "GenerexImplausible"),
    ("test", {138: 1}, "GenerexTestRunning"),
    ("eco", {109: 0x0844}, ""),
    ("mains", {}, ""),
    ("yes", {}, ""),
)
LOST: tuple[tuple[str, Words, str], ...] = (
    ("unreachable", {}, "GenerexUnreachable"),
    ("lost_in_danger", {1001: 0x0008}, "GenerexThermalRunaway"),
    ("lost_in_danger", {1005: 0x0200}, "GenerexGroundFault"),
    ("lost_dark", {125: 1}, "GenerexLoadDark"),
    ("lost_on_battery", {116: 1}, "GenerexLostOnBattery"),
)


def led(condition: Condition, key: str) -> str:
    """Where the state or the reason with this key leads; it must be the one that is shown."""
    (outcome,) = {row for row in (condition.state, condition.survival) if row.key == key}
    return section(section_of_state(outcome, condition))


@pytest.mark.parametrize(("key", "change", "name"), OUTCOMES)
def test_every_state_leads_to_the_section_that_says_what_to_do(key: str, change: Words, name: str) -> None:
    assert led(of(change), key) == name.lower()


@pytest.mark.parametrize(("key", "last", "name"), LOST)
def test_a_device_that_is_lost_leads_to_what_it_was(key: str, last: Words, name: str) -> None:
    assert led(lost(last), key) == name.lower()


def test_a_gateway_leads_to_its_frame() -> None:
    frame = simulated("plc-stopped")
    assert led(assess(Source("prof").snapshot(frame, moving=False)), "ups_lost") == "generexgatewayframestale"
    assert led(assess(Source("prof").snapshot(frame)), "blocks_unserved") == ""


def test_a_list_that_does_not_fit_leads_to_its_section() -> None:
    served = {address: raw for address, raw in simulated().items() if address < 115}
    source = Source("ups")
    source.snapshot(served)
    for span in source.layout.spans:
        if span.keys()[0] & 0xFFFF not in served:
            source.memory.refusals.add(span, 0.0, flags=span in source.layout.flags)
    assert led(assess(source.snapshot(served)), "map_in_doubt") == "map-in-doubt"


def test_the_table_of_this_test_is_complete() -> None:
    told = {key for key, _, _ in (*OUTCOMES, *LOST)} | {"map_in_doubt", "blocks_unserved"}
    # of a map of the user's own, and of a device that serves nothing of a UPS
    untold = {"danger", "unserved", "no_ups"}
    assert told | untold == {row.key for row in (*STATES, *SURVIVAL)}


def test_every_section_is_there() -> None:
    anchors = {part.anchor for part in render("runbook").sections}
    names = {*FLAGS, *(name for _, _, name in (*OUTCOMES, *LOST) if name)}
    names |= {row.section.replace(" ", "-") for row in (*STATES, *SURVIVAL) if row.section}
    assert {name.lower() for name in names} <= anchors
