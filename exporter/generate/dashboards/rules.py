"""The recording rules that the boards read, by the names in alerts/recording.rules.yml (a test compares)."""

NOMINAL_OUTPUT = "phase:generex_ups_output_volts:nominal"
NOMINAL_INPUT = "phase:generex_ups_input_volts:nominal"
NOMINAL_HERTZ = "device:generex_ups_input_frequency_hertz:nominal"
DISCHARGE_RATIO = "module:generex_bacs_module_volts:discharge_ratio"
OHMS_BASELINE = "module:generex_bacs_module_resistance_ohms:baseline"
AGEING = "string:generex_bacs_ageing_factor:mean30d"

ALL = (NOMINAL_OUTPUT, NOMINAL_INPUT, NOMINAL_HERTZ, DISCHARGE_RATIO, OHMS_BASELINE, AGEING)
