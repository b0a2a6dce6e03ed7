"""The recording rules that the boards read, by the names in alerts/recording.rules.yml (a test compares)."""

from exporter.assess import promql
from exporter.generate.alerts import outcomes
from exporter.generate.alerts.model import SERVED_RUNBOOK

OUTCOME, FLAG, BLOCK_FLAG = outcomes.OUTCOME, promql.FLAG, promql.BLOCK_FLAG
ROLE, LAST = promql.ROLE, promql.LAST
CHARGE = "device:generex_ups_battery_charge_ratio:min"
RUNTIME = "device:generex_ups_battery_runtime_seconds:min"
NOMINAL_OUTPUT = "phase:generex_ups_output_volts:nominal"
NOMINAL_INPUT = "phase:generex_ups_input_volts:nominal"
NOMINAL_HERTZ = "device:generex_ups_input_frequency_hertz:nominal"
SHARE = "string:generex_bacs_string_current_amperes:share"
DISCHARGE_RATIO = "module:generex_discharge_volts:ratio"
OHMS_BASELINE = "module:generex_bacs_module_resistance_ohms:baseline"
DISCHARGE_SECONDS = "device:generex_discharge:seconds"
DISCHARGES = "device:generex_discharges:count365d"
DISCHARGE_MARK = "module:generex_discharge_volts:mark"
DISCHARGE_LOWEST = "module:generex_discharge_volts:lowest"
DISCHARGE_SPREAD = "string:generex_discharge_volts:spread"
RECHARGE = "device:generex_recharge:seconds"
TEST_PASSED = "device:generex_test:passed_last_timestamp_seconds"
AGEING = "string:generex_bacs_ageing_factor:mean30d"

ALL = (
    OUTCOME, FLAG, ROLE, LAST, CHARGE, RUNTIME, BLOCK_FLAG, NOMINAL_OUTPUT, NOMINAL_INPUT, NOMINAL_HERTZ,
    SHARE, DISCHARGE_RATIO, OHMS_BASELINE, AGEING, SERVED_RUNBOOK,
    DISCHARGE_SECONDS, DISCHARGES, DISCHARGE_MARK, DISCHARGE_LOWEST, DISCHARGE_SPREAD, RECHARGE, TEST_PASSED,
)  # fmt: skip
