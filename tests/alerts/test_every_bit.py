"""Every bit alone on a healthy device: what it leads to, typed from operations 1 and 2."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.generate.alerts.catalogue import NORMAL
from exporter.generate.alerts.loading import flags_of
from exporter.maps import built_in_maps
from tests.alerts.promtool import check_tests
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.words import put

STEP, HEALTHY, FAULT = 60, 7, 8  # seconds, steps: longer than the five minutes that the slowest flag takes

UPS = {
    "109.0": "MapDisagrees OnBypass",
    "109.1": "LoadDark",
    "109.3": "OnBattery OnBatteryLong",
    "109.4": "BatteryLow MapDisagrees",
    "109.5": "MapDisagrees UpsHot",
    "109.6": "MapDisagrees TestOnGoodMains TestRunning",
    "109.7": "InputBad MapDisagrees",
    "109.8": "MapDisagrees Overload",
    "109.9": "InverterFailed",
    "109.10": "BatteryBad MapDisagrees",
    "109.11": "",
    "109.12": "InverterWarning",
    "109.13": "MapDisagrees UpsFault",
    "109.14": "UpsOutOfSight",
    "109.15": "SiteAlarm",
    "-109.2": "LoadDark",
    "115=1": "BatteryBad MapDisagrees",
    "116=1": "OnBattery OnBatteryLong",
    "117=1": "BatteryLow MapDisagrees",
    "118=1": "BatteryDepleted",
    "119=1": "MapDisagrees UpsHot",
    "120=1": "InputBad MapDisagrees",
    "121=1": "OutputBad",
    "122=1": "MapDisagrees Overload",
    "123=1": "MapDisagrees OnBypass",
    "124=1": "BypassBad",
    "125=1": "LoadDark",
    "126=1": "LoadDark",
    "127=1": "ChargerFailed",
    "128=1": "LoadDark",
    "129=1": "LoadDark",
    "130=1": "FanFailed",
    "131=1": "FuseBlown",
    "132=1": "MapDisagrees UpsFault",
    "133=1": "TestFailed",
    "134=1": "UpsOutOfSight",
    "135=1": "LoadDark",
    "136=1": "ShutdownPending",
    "137=1": "ShutdownImminent",
    "138=1": "MapDisagrees TestOnGoodMains TestRunning",
}

BACS = {
    "-1000.0": "BacsNotRunning",
    "1000.1": "",
    "1000.2": "ModulesSilent",
    "1000.3": "DischargingOnMains",
    "1000.4": "",
    "1000.5": "",
    "-1000.6": "",
    "1000.7": "",
    "1000.8": "BacsFailure",
    "1000.9": "VoltageOutOfRange",
    "1000.10": "TemperatureOutOfRange",
    "1000.11": "ResistanceOutOfRange",
    "1000.12": "BacsService",
    "1000.13": "BacsService",
    "1000.14": "BacsService",
    "1000.15": "BacsService",
    "1001.0": "BacsGeneralAlarm",
    "1001.1": "VoltagesApart",
    "1001.2": "BreakerOpen",
    "1001.3": "ThermalRunaway",
    "1001.4": "SensorLost",
    "1001.5": "StringVoltageHigh",
    "1001.6": "StringVoltageLow",
    "1001.7": "StringVoltageHighWarning",
    "1001.8": "StringVoltageLowWarning",
    "1001.9": "StringCurrentHigh",
    "1001.10": "StringCurrentLow",
    "1001.11": "StringCurrentHigh",
    "1001.12": "StringCurrentLow",
    "1001.13": "CurrentOutOfRange",
    "1001.14": "GroundFault",
    "1001.15": "CurrentSensorLost",
    "1002.0": "BacsGeneralAlarm",
    "1002.1": "ModulesSilent",
    "1002.2": "BlockVoltageHigh",
    "1002.3": "BlockVoltageLow",
    "1002.4": "BlockHot",
    "1002.5": "BlockCold",
    "1002.6": "BlockResistanceHigh",
    "1002.7": "BlockResistanceLow",
    "1002.8": "BlockEqualisingFailed",
    "1002.9": "BlockVoltageHighWarning",
    "1002.10": "BlockVoltageLowWarning",
    "1002.11": "BlockHotWarning",
    "1002.12": "BlockColdWarning",
    "1002.13": "BlockResistanceHighWarning",
    "1002.14": "BlockResistanceLowWarning",
    "1002.15": "ModuleMismatch",
    "1005.0": "StringCurrentHigh",
    "1005.1": "StringCurrentLow",
    "1005.2": "StringCurrentHigh",
    "1005.3": "StringCurrentLow",
    "1005.4": "EqualisingCutOff",
    "1005.5": "DischargeUneven",
    "1005.6": "ChargeUneven",
    "1005.7": "DischargeUneven",
    "1005.8": "ChargeUneven",
    "1005.9": "GroundFault",
    "1005.10": "CurrentSensorLost",
    "1005.11": "AuxUnitLost",
    "1005.12": "StringChargeLow",
    "1005.13": "StringChargeLow",
    "1063.0": "BacsGeneralAlarm",
    "1063.1": "ModulesSilent",
    "1063.2": "BlockVoltageHigh",
    "1063.3": "BlockVoltageLow",
    "1063.4": "BlockHot",
    "1063.5": "BlockCold",
    "1063.6": "BlockResistanceHigh",
    "1063.7": "BlockResistanceLow",
    "1063.8": "BlockEqualisingFailed",
    "1063.9": "BlockVoltageHighWarning",
    "1063.10": "BlockVoltageLowWarning",
    "1063.11": "BlockHotWarning",
    "1063.12": "BlockColdWarning",
    "1063.13": "BlockResistanceHighWarning",
    "1063.14": "BlockResistanceLowWarning",
    "1063.15": "ModuleMismatch",
}


def test_every_bit_alone_leads_to_its_alerts_and_a_healthy_device_to_the_watchdog_alone(
    tmp_path: Path,
) -> None:
    images = healthy_images(HEALTHY + FAULT, STEP, 2, 2)
    cases = [("ups", change) for change in ("", *UPS)] + [("cs141", change) for change in ("", *BACS)]
    tests = []
    # promtool 2.42 loads no more than ten thousand samples for a query
    for part in batched(cases, 30):
        series, fired = [], set()
        for module, change in part:
            # each at a site of its own: several on battery at one site would be one event
            name = change or f"healthy {module}"
            watched = Watched(named(name, module, site=name))
            pages = [
                watched.page(put(words, change) if change and step >= HEALTHY else words, STEP * step)
                for step, words in enumerate(images)
            ]
            series += input_series(pages, instance=name)
            fired |= {(change, alert) for alert in (UPS | BACS).get(change, "").split()}
        expected = [
            {"labels": f'{{alertname="Generex{alert}", device="{change}"}}', "value": 1}
            for change, alert in sorted(fired)
        ]
        check = {
            "expr": 'group by (alertname, device) (ALERTS{alertstate="firing"})',
            "eval_time": f"{HEALTHY + FAULT - 1}m",
            "exp_samples": [{"labels": '{alertname="GenerexWatchdog"}', "value": 1}, *expected],
        }
        tests.append({"interval": "1m", "input_series": series, "promql_expr_test": [check]})
    # what takes hours to say has tests of its own
    check_tests(tmp_path, tests, "1m", without={"generex-slow", "generex-quarter-hour"})


def batched(cases: Sequence[tuple[str, str]], size: int) -> Iterator[Sequence[tuple[str, str]]]:
    for first in range(0, len(cases), size):
        yield cases[first : first + size]


def test_the_tables_have_every_bit_and_what_fires_nothing_is_on_the_list_with_its_reason() -> None:
    assert len(UPS) == 16 + 24
    assert len(BACS) == 16 + 16 + 16 + 14 + 16
    quiet = {change for change, names in (UPS | BACS).items() if not names}
    assert quiet == {"109.11", "1000.1", "1000.4", "1000.5", "-1000.6", "1000.7"}
    named_normal = {flag for _, flag in NORMAL}
    assert named_normal == {
        "output_act", "eco_mode", "running", "connected", "charging", "float_charging", "equalisation",
        "discharging_stopped",
    }  # fmt: skip
    assert set(NORMAL) <= set(flags_of(built_in_maps()))
    assert all(NORMAL.values())
