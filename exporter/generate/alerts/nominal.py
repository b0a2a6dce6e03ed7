"""The voltages that a supply is built for, and which of them a measured one means."""

from itertools import pairwise

# IEC 60038 and what North America and Japan have beside it, from phase to neutral and between phases, as UPSs
# report either: 100 to 127 and 200 to 240 V of one phase; 208, 380 to 415, 440, 480, 600 and 690 V between
# three phases; 277 and 347 V of those to neutral. 115 and 200 V are also those of 400 Hz.
STANDARD_VOLTS = (
    100, 110, 115, 120, 127, 200, 208, 220, 230, 240, 277, 347, 380, 400, 415, 440, 480, 600, 690,
)  # fmt: skip
BAND = 0.1
"""Below the lowest and above the highest by more than this, a voltage is taken as it is."""


def standard_volts(series: str) -> str:
    """PromQL: the standard voltage nearest to each sample of `series`, which must be a plain name."""
    low, high = STANDARD_VOLTS[0], STANDARD_VOLTS[-1]
    steps = [f"{b - a} * ({series} >= bool {(a + b) / 2:g})" for a, b in pairwise(STANDARD_VOLTS)]
    ends = [
        f"({series} - {low}) * ({series} < bool {low * (1 - BAND):g})",
        f"({series} - {high}) * ({series} > bool {high * (1 + BAND):g})",
    ]
    return "\n  + ".join([str(low), *steps, *ends])
