"""Every number that a rule compares with, with the reason for it. `--set NAME=VALUE` replaces a default."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.errors import UserError


@dataclass(frozen=True)
class Threshold:
    """A number in the rules; `low` and `high` bound what a user may set."""

    name: str
    default: float
    unit: str
    why: str
    source: str
    low: float = 0.0
    high: float = 1e6


_TABLE = (
    # what the UPS delivers and takes
    ("load_warning", 0.8, "ratio", "a phase above this leaves little to grow into", "device.md 6.1, field template", 0.05, 2),
    ("load_critical", 1.0, "ratio", "above this the UPS goes to bypass or drops the load", "capacity is 1 by definition", 0.05, 2),
    ("output_volts_band", 0.1, "ratio", "±10 % of nominal is what equipment is built for", "operations 2; IEC 60038", 0.01, 0.5),
    ("input_volts_band", 0.15, "ratio", "beyond ±15 % many rectifiers go to battery", "field template: ±40 V of 400 V is critical, (J)", 0.01, 0.5),
    ("input_hertz_band", 2, "Hz", "the register holds whole hertz, so less would be noise", "operations 2", 2, 20),
    ("nominal_output_volts", 0, "V", "0: the median of the last day is taken for nominal", "operations 2, (J)", 0, 1000),
    ("nominal_input_volts", 0, "V", "0: the median of the last day is taken for nominal", "operations 2, (J)", 0, 1000),
    ("served_volts", 50, "V", "phases 2 and 3 of a one-phase UPS read 0", "operations 2", 1, 1000),
    ("test_input_share", 0.8, "ratio", "a test is exempt only with the mains in good order", "operations 1.7", 0.5, 1),
    # on battery
    ("generator_start", 90, "s of 5 min", "generator start by NFPA 110 Type 10/60 and walk-in; 0 without a generator", "operations 1.6, (J)", 0, 300),
    ("hunting_changes", 4, "changes in 10 min", "more than one failure and return is no mains failure", "operations 1.6", 2, 100),
    ("runtime_short", 600, "s", "ten minutes: time to shut machines down in order", "device.md 6.1; operations 3", 0, 86400),
    ("runtime_melting", 1.5, "s per s", "the estimate may fall as fast as the clock, not faster", "operations 3, (J)", 1, 100),
    ("survivable_charge", 0.9, "ratio", "below this a failed charger has already cost runtime", "operations 2, 4", 0.1, 1),
    ("charge_rise", 0.01, "ratio in 4 h", "a recharge may be limited to 1 % on a generator", "operations 2", 0.001, 0.5),
    # whether values can be
    ("plausible_volts", 1000, "V", "no UPS here has more at its input; 2300 means tenths", "operations 1.12", 100, 1e5),
    ("plausible_load", 2, "ratio", "no UPS carries twice its capacity", "operations 1.12", 1, 100),
    ("plausible_celsius", 60, "°C", "a median above this is a wrong scale, not a warm room", "operations 1.12", 30, 200),
    ("frozen_samples", 100, "samples in 2 h", "fewer say nothing about standing still", "operations 1.3, (J)", 10, 1e5),
    ("duration_share", 0.8, "ratio", "passes near their deadline soon lose words", "peers 5.4", 0.1, 1),
    # blocks and strings
    ("many_modules", 3, "modules", "more modules at once have one cause, so they are one alert", "(J)", 1, 330),
    ("cells_per_block", 0, "cells", "0: from the median block voltage, 1 below 3 V, 3 below 9 V, else 6", "operations 3", 0, 24),
    ("weak_block", 0.96, "ratio to median", "0.5 V at 12 V under discharge", "operations 3, (J)", 0.5, 1),
    ("reversal_block", 1.667, "V per cell", "10.0 V of a 12 V block", "operations 3, (J)", 0.5, 2.5),
    ("reversal_median", 1.833, "V per cell", "11 V of a 12 V block: the others still carry", "operations 3, (J)", 0.5, 2.5),
    ("float_low_6", 0.24, "V", "12 V block below the median on float", "GNB/Exide table", 0.01, 3),
    ("float_high_6", 0.49, "V", "12 V block above the median on float", "GNB/Exide table", 0.01, 3),
    ("float_low_3", 0.17, "V", "6 V block below the median on float", "GNB/Exide table", 0.01, 3),
    ("float_high_3", 0.35, "V", "6 V block above the median on float", "GNB/Exide table", 0.01, 3),
    ("float_low_1", 0.10, "V", "2 V block below the median on float", "GNB/Exide table", 0.01, 3),
    ("float_high_1", 0.20, "V", "2 V block above the median on float", "GNB/Exide table", 0.01, 3),
    ("equalising_above", 0.4, "ratio above median", "equalising that hard for a day hides a weak block", "operations 3, (J)", 0.05, 1),
    ("equalising_high", 0.8, "ratio", "boost for a whole day", "operations 3, (J)", 0.1, 1),
    ("resistance_warning", 1.3, "ratio to baseline", "plan the replacement", "note on IEEE 1188-2005; 1.3 (J)", 1.05, 10),
    ("resistance_replace", 1.5, "ratio to baseline", "replace", "note on IEEE 1188-2005", 1.05, 10),
    ("resistance_median", 1.4, "ratio to median", "for blocks without a baseline", "operations 3", 1.05, 10),
    ("heat_warning", 5, "K above median", "one block works harder than its neighbours", "C&D manual", 1, 50),
    ("heat_critical", 10, "K above median", "on the way to a thermal runaway", "C&D manual", 1, 50),
    ("heat_limit", 50, "°C", "no block may be that hot", "C&D manual", 30, 80),
    ("runaway_current", 2, "ratio to usual", "float current twice its usual value, and rising temperature", "operations 3, (J)", 1.1, 100),
    ("runaway_floor", 0.05, "A", "below this the sensor shows nothing but noise", "operations 3, (J)", 0, 100),
    ("runaway_rise", 2, "K in 6 h", "the second sign beside the current", "operations 3, (J)", 0.5, 50),
    ("string_open", 0.2, "ratio to median", "an open string carries next to nothing", "operations 3", 0.01, 0.9),
    ("string_deviation", 0.25, "ratio", "aged string or loose link", "operations 3, (J)", 0.05, 1),
    ("notable_amperes", 1, "A", "below this string currents are noise", "(J)", 0, 1000),
    ("float_cell_high", 2.30, "V per cell at 20 °C", "above this the battery gasses and dries out", "operations 3, (J)", 2, 3),
    ("float_cell_kelvin", 0.003, "V per cell and K", "makers differ: 1.7 to 3 mV", "operations 3, (J)", 0, 0.01),
    ("float_cell_low", 2.20, "V per cell", "below this for a day the plates sulphate", "operations 3, (J)", 1.5, 3),
)  # fmt: skip

THRESHOLDS: Mapping[str, Threshold] = {row[0]: Threshold(*row) for row in _TABLE}


def threshold_values(overrides: Mapping[str, float]) -> dict[str, float]:
    """All thresholds with the user's values in place of defaults.

    Raises UserError that names an unknown threshold, or a value outside its bounds.
    """
    values = {name: threshold.default for name, threshold in THRESHOLDS.items()}
    for name, value in overrides.items():
        threshold = THRESHOLDS.get(name)
        if threshold is None:
            raise UserError(f'unknown threshold "{name}" (there are: {", ".join(THRESHOLDS)})')
        if not math.isfinite(value) or not threshold.low <= value <= threshold.high:
            raise UserError(
                f'threshold "{name}": {value:g} is not between {threshold.low:g} and {threshold.high:g} {threshold.unit}'
            )
        values[name] = value
    return values
