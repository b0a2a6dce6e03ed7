"""Recording rules: what alerts and boards share. Names are level:metric:operation.

Levels: `device`, `string`, `module`, `phase`. Recorded series carry the labels of their level, `device` and the
labels of the place; job and instance are aggregated away, as a device may be scraped by more than one job.
"""

from exporter.generate.alerts.model import Group, Recording, Settings

ON_BATTERY = "device:generex_on_battery:max"
DISCHARGING = "device:generex_discharging:max"
FLOATING = "device:generex_float_charging:max"
TESTING = "device:generex_battery_test:max"
EXEMPT = "device:generex_battery_test_exempt:bool"
BYPASS = "device:generex_on_bypass:max"
DARK = "device:generex_load_dark:max"
SERVICE = "device:generex_bacs_service:max"
LOAD = "device:generex_ups_output_load_ratio:max"
PROJECTED = "device:generex_ups_battery_runtime_seconds:projected"
NOMINAL_OUTPUT = "phase:generex_ups_output_volts:nominal"
NOMINAL_INPUT = "phase:generex_ups_input_volts:nominal"
NOMINAL_HERTZ = "device:generex_ups_input_frequency_hertz:nominal"
SILENT = "device:generex_bacs_modules_silent:count"
CELLS = "string:generex_bacs_cells_per_block:guess"
SHARE = "string:generex_bacs_string_current_amperes:share"
MEDIAN_VOLTS = "string:generex_bacs_module_volts:median"
MEDIAN_CELSIUS = "string:generex_bacs_module_temperature_celsius:median"
MEDIAN_OHMS = "string:generex_bacs_module_resistance_ohms:median"
VOLTS_DEVIATION = "module:generex_bacs_module_volts:deviation"
VOLTS_RATIO = "module:generex_bacs_module_volts:ratio"
DISCHARGE_RATIO = "module:generex_bacs_module_volts:discharge_ratio"
CELSIUS_DEVIATION = "module:generex_bacs_module_temperature_celsius:deviation"
OHMS_RATIO = "module:generex_bacs_module_resistance_ohms:ratio"
MODULES_MAX = "device:generex_bacs_modules:max7d"
RUNTIME_MAX = "device:generex_ups_battery_runtime_seconds:max7d"
OHMS_MEAN = "module:generex_bacs_module_resistance_ohms:mean1d"
OHMS_BASELINE = "module:generex_bacs_module_resistance_ohms:baseline"
FLOAT_DEVIATION = "module:generex_bacs_module_volts:float_deviation6h"
EQUALIZATION_MEAN = "module:generex_bacs_module_equalization_ratio:mean1d"
CURRENT_USUAL = "string:generex_bacs_string_current_amperes:median7d"
AGEING = "string:generex_bacs_ageing_factor:mean30d"

DARK_ALARMS = (
    "output_off_as_requested", "ups_off_as_requested", "ups_output_off", "ups_system_off", "awaiting_power",
)  # fmt: skip
SERVICE_FLAGS = ("module_addressing", "module_searching", "module_initializing", "module_polling")


def _deviation(metric: str, median: str, operator: str) -> str:
    return f"max by (<place>, string, module) ({metric})\n  {operator} on (device, string) group_left () {median}"


def _nominal(metric: str, threshold: str) -> str:
    # the median of a day, phases that are not served and times without voltage left out
    return (
        f"(max by (<place>, phase) (quantile_over_time(0.5, ({metric} > <served_volts>)[1d:5m])))\n"
        f"  * (<{threshold}> == bool 0) + <{threshold}>"
    )


_FAST = (
    Recording(
        ON_BATTERY,
        'max by (<place>) (generex_ups_status{flag="backup_mode"} or generex_ups_alarm{flag="on_battery"})',
        "1 while the UPS draws on its battery, in either of the two places that say so",
    ),
    Recording(
        DISCHARGING,
        f'max by (<place>) (generex_bacs_state{{flag="discharging"}} or {ON_BATTERY})',
        "1 while the battery is discharged, as BACS or the UPS sees it",
    ),
    Recording(
        FLOATING,
        'max by (<place>) (generex_bacs_state{flag="float_charging"})',
        "1 while BACS says float charging",
    ),
    Recording(
        TESTING,
        'max by (<place>) (generex_ups_status{flag="test_act"} or generex_ups_alarm{flag="test_in_progress"})',
        "1 while a test runs",
    ),
    Recording(
        EXEMPT,
        f"{TESTING} == 1\n"
        "  and on (device) min by (device) (\n"
        f"    max by (device, phase) (generex_ups_input_volts) / on (device, phase) max by (device, phase) ({NOMINAL_INPUT})\n"
        "  ) > <test_input_share>",
        "1, else no series: a test with good mains, during which on battery wakes nobody",
    ),
    Recording(
        BYPASS,
        'max by (<place>) (generex_ups_status{flag="bypass_mode"} or generex_ups_alarm{flag="on_bypass"})',
        "1 while the bypass is engaged, eco mode included",
    ),
    Recording(
        DARK,
        "max by (<place>) (\n"
        '  1 - generex_ups_status{flag="output_act"} or generex_ups_status{flag="shutdown"}\n'
        f'  or generex_ups_alarm{{flag=~"{"|".join(DARK_ALARMS)}"}}\n'
        ")",
        "1 while anything says that the output is off",
    ),
    Recording(
        SERVICE,
        f'max by (<place>) (generex_bacs_state{{flag=~"{"|".join(SERVICE_FLAGS)}"}})',
        "1 while a service phase of BACS rests the monitoring of modules",
    ),
    Recording(LOAD, "max by (<place>) (generex_ups_output_load_ratio)", "the load of the worst phase"),
    Recording(
        PROJECTED,
        "max by (<place>) (\n"
        "  generex_ups_battery_charge_ratio / -(deriv(generex_ups_battery_charge_ratio[5m])<per_second> < 0)\n"
        ")\n"
        f"  and on (device) {ON_BATTERY} == 1",
        "runtime left by the fall of the charge over five minutes, on battery only; act on the smaller of it and the UPS's own",
    ),
    Recording(
        SILENT,
        "count by (<place>) (max by (<place>, module) (generex_bacs_module_present) == 0)\n"
        "  or max by (<place>) (generex_bacs_modules) * 0",
        "how many of the expected modules are silent; 0 when none is",
    ),
    Recording(
        MEDIAN_VOLTS,
        "quantile by (<place>, string) (0.5, generex_bacs_module_volts)",
        "median block voltage",
    ),
    Recording(
        MEDIAN_CELSIUS,
        "quantile by (<place>, string) (0.5, generex_bacs_module_temperature_celsius)",
        "median block temperature",
    ),
    Recording(
        MEDIAN_OHMS,
        "quantile by (<place>, string) (0.5, generex_bacs_module_resistance_ohms)",
        "median block resistance",
    ),
    Recording(
        VOLTS_DEVIATION,
        _deviation("generex_bacs_module_volts", MEDIAN_VOLTS, "-"),
        "volts from the string's median",
    ),
    Recording(
        VOLTS_RATIO,
        _deviation("generex_bacs_module_volts", MEDIAN_VOLTS, "/"),
        "ratio to the string's median",
    ),
    Recording(
        DISCHARGE_RATIO,
        f"{VOLTS_RATIO}\n  and on (device) min_over_time({DISCHARGING}[2m]) == 1",
        "ratio to the string's median during a discharge, from its third minute: min_over_time of it ranks the weak blocks",
    ),
    Recording(
        CELSIUS_DEVIATION,
        _deviation("generex_bacs_module_temperature_celsius", MEDIAN_CELSIUS, "-"),
        "kelvin from the string's median",
    ),
    Recording(
        OHMS_RATIO,
        _deviation("generex_bacs_module_resistance_ohms", MEDIAN_OHMS, "/"),
        "ratio to the string's median",
    ),
    Recording(
        SHARE,
        "max by (<place>, string) (abs(generex_bacs_string_current_amperes))\n"
        "  / on (device) group_left () (\n"
        "    quantile by (device) (0.5, abs(generex_bacs_string_current_amperes)) > <notable_amperes>\n"
        "  )",
        "a string's current against the median string, free of scale; centre-tapped halves compare well, a sum would not",
    ),
)


def _medium(settings: Settings) -> tuple[Recording, ...]:
    guessed = settings.thresholds["cells_per_block"] == 0
    bands = f"1 + 2 * ({MEDIAN_VOLTS} >= bool 3) + 3 * ({MEDIAN_VOLTS} >= bool 9)"
    return (
        Recording(
            NOMINAL_OUTPUT,
            _nominal("generex_ups_output_volts", "nominal_output_volts"),
            "nominal output voltage: the median of the last day, or as set",
        ),
        Recording(
            NOMINAL_INPUT,
            _nominal("generex_ups_input_volts", "nominal_input_volts"),
            "nominal input voltage: the median of the last day, or as set",
        ),
        Recording(
            NOMINAL_HERTZ,
            "50\n"
            "  + 10 * (max by (<place>) (quantile_over_time(0.5, (generex_ups_input_frequency_hertz > 0)[1d:5m])) >= bool 55)\n"
            "  + 340 * (max by (<place>) (quantile_over_time(0.5, (generex_ups_input_frequency_hertz > 0)[1d:5m])) >= bool 200)",
            "nominal frequency: 50, 60 or 400 Hz, whichever the last day was nearest to",
        ),
        Recording(
            CELLS,
            bands if guessed else f"{MEDIAN_VOLTS} * 0 + <cells_per_block>",
            "cells per block: 1 (2 V), 3 (6 V) or 6 (12 V), or as set",
        ),
    )


_SLOW = (
    Recording(
        MODULES_MAX,
        "max by (<place>) (max_over_time(generex_bacs_modules[7d]))",
        "whether there has been a BACS lately",
    ),
    Recording(
        RUNTIME_MAX,
        "max by (<place>) (max_over_time(generex_ups_battery_runtime_seconds[7d]))",
        "whether this UPS reports a runtime at all",
    ),
    Recording(
        OHMS_MEAN,
        "max by (<place>, string, module) (avg_over_time(generex_bacs_module_resistance_ohms[1d]))\n"
        f"  and on (device) min_over_time({FLOATING}[1d]) == 1",
        "resistance over a day on float: a discharge or a recharge changes it",
    ),
    Recording(
        OHMS_BASELINE,
        "max by (<place>, string, module) (generex_bacs_module_resistance_baseline_ohms)\n"
        f"  or last_over_time({OHMS_BASELINE}[30d])\n"
        f"  or avg_over_time({OHMS_MEAN}[7d]) and count_over_time({OHMS_MEAN}[7d]) >= 144",
        "the resistance to compare with: yours, if you record generex_bacs_module_resistance_baseline_ohms with the same "
        "labels, else the mean of the first week on float that was seen. Needs a retention of 40 days",
    ),
    Recording(
        FLOAT_DEVIATION,
        f"avg_over_time({VOLTS_DEVIATION}[6h]) and on (device) min_over_time({FLOATING}[6h]) == 1",
        "volts from the median over six hours of float",
    ),
    Recording(
        EQUALIZATION_MEAN,
        "max by (<place>, string, module) (avg_over_time(generex_bacs_module_equalization_ratio[1d]))",
        "how hard a block was equalised over a day",
    ),
    Recording(
        CURRENT_USUAL,
        "max by (<place>, string) (quantile_over_time(0.5, generex_bacs_string_current_amperes[7d] offset 1d))",
        "the usual current of a string: on float for most of a week",
    ),
    Recording(
        AGEING,
        f"avg_over_time((2 ^ (({MEDIAN_CELSIUS} - 20) / 10))[30d:1h])",
        "how much faster than at 20 °C the blocks age: life halves per 10 K (C&D)",
    ),
)


def recording_groups(settings: Settings) -> tuple[Group, ...]:
    """The groups of recording rules.

    The slow group's series are there for five minutes an hour only: read them as `last_over_time(NAME[3h])`.
    """
    return (
        Group("generex-recording", "15s", _FAST),
        Group("generex-nominal", "1m", _medium(settings)),
        Group("generex-slow", "1h", _SLOW),
    )
