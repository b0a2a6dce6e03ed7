"""Where the words of the CS141's own lists are, from device.md. Addresses are 0-based."""

from exporter.maps.model import FILLER

STATUS = 109
OUTPUT_ACT = 0x0004

DEFAULT = range(97, 143)

BACS_WORDS, BACS_RESERVED = range(1000, 1006), range(1006, 1010)
NUM_STRINGS, NUM_MODULES = 1003, 1004
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
