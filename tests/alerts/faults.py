"""Faults that are more than fixed words: functions of the healthy words and the step of the illness."""

from collections.abc import Callable

from exporter.simulator.registers import Image
from tests.alerts.series import healthy_images
from tests.alerts.words import put

ON_BATTERY = ("109.3", "116=1")
DISCHARGE = (*ON_BATTERY, "1000.3", "-1000.6")

LAST = 250  # steps of the illness in the batch of days


def silent(words: Image, step: int) -> Image | None:
    return None


def often_silent(words: Image, step: int) -> Image | None:
    return None if step % 5 == 0 else words


def modules_unread(words: Image, step: int) -> Image | None:
    return {address: word for address, word in words.items() if address < 1060}


def grows(factor: float) -> Callable[[Image, int], Image | None]:
    """The resistance of block 2 after a week and more."""
    return lambda words, step: words if step < 200 else put(words, f"1067={round(words[1067] * factor)}")


def warms_up(words: Image, step: int) -> Image | None:
    """A float current of 0.1 A, in the last three hours three times as much, and all blocks 3 K warmer."""
    if step < LAST - 6:
        return put(words, "1010=10")
    return put(words, "1010=30", *(f"{1060 + 5 * n}={words[1060 + 5 * n] + 6}" for n in range(4)))


def stands_still(words: Image, step: int) -> Image | None:
    frozen = healthy_images(3, 60, 2, 8)[0]
    return {address: frozen[address] if address >= 1000 else word for address, word in words.items()}


def hunting(words: Image, step: int) -> Image | None:
    return put(words, *ON_BATTERY) if step % 2 else words


def melting(words: Image, step: int) -> Image | None:
    return put(words, *ON_BATTERY, f"108={120 - 2 * step}")


def dies(words: Image, step: int) -> Image | None:
    return put(words, *ON_BATTERY) if step < 4 else None


def block_flags(words: Image, step: int) -> Image | None:
    """Block n has bit n of the module's alarm word, from bit 2 on; voltage low has a story of its own."""
    return put(words, *(f"{1063 + 5 * bit}.{bit}" for bit in range(2, 16) if bit != 3))


def absent(*modules: int) -> tuple[str, ...]:
    return tuple(f"{1060 + 5 * (m - 1) + offset}={0xD8F1}" for m in modules for offset in range(5))


def no_string(string: int) -> tuple[str, ...]:
    return tuple(f"{1010 + 5 * (string - 1) + offset}={0xD8F1}" for offset in range(5))


def many(flag: int, *modules: int) -> tuple[str, ...]:
    return tuple(f"{1063 + 5 * (m - 1)}.{flag}" for m in modules)


def volts(*millivolts: int) -> tuple[str, ...]:
    return tuple(f"{1061 + 5 * number}={value}" for number, value in enumerate(millivolts))


_BLIP = (
    *(f"109.{bit}" for bit in (5, 7, 8, 9, 10, 12, 13, 14, 15)),
    *(f"{address}=1" for address in (115, 119, 120, 121, 122, 124, 127, 130, 131, 132, 134)),
    *(
        "-109.2",
        "97=100",
        "104=100",
        "111=45",
        "100=95",
        "1002=65535",
        "1005=16383",
        "1060=200",
        "1063=65535",
    ),
)
"""Everything that has to last before it counts, at once."""


def blip(words: Image, step: int) -> Image | None:
    return put(words, *_BLIP) if step == 2 else words


def bypass_blip(words: Image, step: int) -> Image | None:
    return put(words, "109.0", "123=1", "1000=0") if step == 2 else words
