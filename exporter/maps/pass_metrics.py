"""The metrics about a read pass itself, beside those of the maps (design 2.4)."""

from exporter.maps.model import Metric

UP = Metric("generex_up", "Whether at least one word of the device was read in this pass.")
GROUP_UP = Metric(
    "generex_group_up", "Whether every word of the group that the device serves was read in this pass."
)
DATA_VALID = Metric(
    "generex_data_valid",
    "Whether the group's own words say that it can be trusted: 0 if the manager has lost the UPS, BACS does "
    "not trust its own values, or a gateway frame has an error or is frozen.",
)
DEVICE_INFO = Metric(
    "generex_device_info", "Always 1; the labels say where the device is and by which module it is read."
)
UNDEFINED_FLAGS = Metric(
    "generex_undefined_flags", "The set bits of a word that no table names, as a mask; 0 when there are none."
)
ODD_WORDS = Metric(
    "generex_odd_words", "Alarm and AUX words of this pass that are neither 0 nor 1 nor filler."
)
REFUSED_WORDS = Metric(
    "generex_refused_words", "Words that the device was found to refuse and that are left out for a while."
)
SCRAPE_DURATION = Metric("generex_scrape_duration_seconds", "How long this pass took.", unit="seconds")
SCRAPE_TIMEOUT = Metric(
    "generex_scrape_timeout_seconds", "How long this pass was allowed to take.", unit="seconds"
)
SCRAPE_REQUESTS = Metric(
    "generex_scrape_requests", "Modbus requests sent in this pass, repeated ones included."
)
EXPECTED_PHASES = Metric(
    "generex_expected_phases", "Phases of input and output, where the configuration gives expect.phases."
)
EXPECTED_OUTPUT_VOLTS = Metric(
    "generex_expected_output_volts",
    "Nominal output voltage, where the configuration gives expect.output_volts.",
    unit="volts",
)
EXPECTED_INPUT_VOLTS = Metric(
    "generex_expected_input_volts",
    "Nominal input voltage, where the configuration gives expect.input_volts.",
    unit="volts",
)
EXPECTED_BATTERY_INFO = Metric(
    "generex_expected_battery_info",
    "Always 1; the label says what the battery is, where the configuration gives expect.chemistry.",
)
EXPECTED_CELLS_PER_BLOCK = Metric(
    "generex_expected_cells_per_block",
    "Cells in series in a battery block, where the configuration gives expect.cells_per_block.",
)
EXPECTED_STRING_GROUP_INFO = Metric(
    "generex_expected_string_group_info",
    "Always 1; the labels say which strings compare with each other, where the configuration gives "
    "expect.string_groups.",
)
EXPECTED_RUNTIME = Metric(
    "generex_expected_runtime_seconds",
    "How long the UPS should carry its load, where the configuration gives expect.runtime.",
    unit="seconds",
)
EXPECTED_TEST_INTERVAL = Metric(
    "generex_expected_test_interval_seconds",
    "How often the battery should pass a test, where the configuration gives expect.test_every.",
    unit="seconds",
)
EXPECTED_TEST = Metric(
    "generex_expected_test_seconds",
    "How long a battery test should take, where the configuration gives expect.test_lasts.",
    unit="seconds",
)
EXPECTED_REDUNDANCY_GROUP_INFO = Metric(
    "generex_expected_redundancy_group_info",
    "Always 1; the label says which UPSs stand in for each other, where the configuration gives "
    "expect.redundancy_group.",
)
EXPECTED_BLOCK_RESISTANCE = Metric(
    "generex_expected_block_resistance_ohms",
    "Resistance of a battery block when new, where the configuration gives expect.blocks its baseline.",
    unit="ohms",
)
EXPECTED_BLOCK_INSTALLED = Metric(
    "generex_expected_block_installed_timestamp_seconds",
    "When a battery block was installed, where the configuration gives expect.blocks the day.",
    unit="seconds",
)

PASS_METRICS = (
    UP, GROUP_UP, DATA_VALID, DEVICE_INFO, UNDEFINED_FLAGS, ODD_WORDS, REFUSED_WORDS,
    SCRAPE_DURATION, SCRAPE_TIMEOUT, SCRAPE_REQUESTS,
    EXPECTED_PHASES, EXPECTED_OUTPUT_VOLTS, EXPECTED_INPUT_VOLTS, EXPECTED_BATTERY_INFO,
    EXPECTED_CELLS_PER_BLOCK, EXPECTED_STRING_GROUP_INFO, EXPECTED_RUNTIME, EXPECTED_TEST_INTERVAL,
    EXPECTED_TEST, EXPECTED_REDUNDANCY_GROUP_INFO, EXPECTED_BLOCK_RESISTANCE, EXPECTED_BLOCK_INSTALLED,
)  # fmt: skip
