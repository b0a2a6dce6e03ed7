"""What the documents say of the lists, typed from device.md: a judge must not lean on the maps he judges.

Addresses are 0-based; in a gateway's frame the word `address` of the default list stands at `address − 99`
(device.md 1.2).
"""

from exporter.maps.model import FILLER

STATUS = 109
ALARMS = range(115, 139)
PAIRS = {0: 123, 3: 116, 4: 117, 5: 119, 6: 138, 7: 120, 8: 122, 10: 115, 13: 132, 14: 134}
"""Bits of the status word and the alarm words that say the same (operations.md 1.12)."""
OUTPUT_ACT = 0x0004

DEFAULT = range(97, 143)
OUTPUT_VOLTS = range(97, 100)
BEYOND_INFORM = range(128, 143)  # what the readable part of the Inform list does not show (device.md 5.1)

EVEREXCEED = range(100, 112)
EVEREXCEED_STATUS = 106
EVEREXCEED_BITS = 0x2105  # the bits of the status word that this list uses (device.md 5.2)
EVEREXCEED_COPIES = {108: 0, 110: 8, 111: 13}
EVEREXCEED_ZERO = 109  # by the list's own mistake always 0, else bit 2
BEYOND_EVEREXCEED = range(112, 143)

FRAME_SHIFT = 99

BACS_WORDS = range(1000, 1006)
NUM_STRINGS, NUM_MODULES = 1003, 1004
STATE_NAMES = (
    "running", "connected", "module_lost", "discharging", "charging", "discharging_stopped", "float_charging",
    "equalisation", "system_failure", "voltage_outofrange", "temperature_outofrange", "resistor_outofrange",
    "module_addressing", "module_searching", "module_initializing", "module_polling",
)  # fmt: skip
DISCHARGING = 0x0008
STRINGS, MOST_STRINGS = 1010, 10
MODULES, MOST_MODULES = 1060, 330
STRIDE = 5

OTHER_FILLERS = (0x270F,)  # 9999, as plausible as −9999 for what a UPS does not measure (device.md 2.5)


def signed(word: int) -> int:
    """A word as int16."""
    return word - 0x10000 if word & 0x8000 else word


def is_filler(word: int) -> bool:
    """Whether a raw word means that there is nothing (device.md 2.5)."""
    return word == FILLER


def string_address(number: int) -> int:
    """Where the five words of a string are (device.md 2.2)."""
    return STRINGS + STRIDE * (number - 1)


def module_address(number: int) -> int:
    """Where the five words of a module are (device.md 2.4)."""
    return MODULES + STRIDE * (number - 1)
