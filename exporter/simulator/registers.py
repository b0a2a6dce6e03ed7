"""From the plant to 16-bit words: the registers a CS141, a gateway or an OEM list would show.

Addresses, bits and encodings are typed by hand from device.md and deliberately not read from exporter/maps:
the simulator and the exporter check each other, and a mistake in a map must not appear on both sides.
"""

import math
from typing import Literal

from exporter.simulator.names import BACS_ALARMS, BACS_ALARMS_1, BACS_STATE, BACS_STATE_1, STATUS, UPS_ALARMS
from exporter.simulator.plant import Plant
from exporter.simulator.readings import Bacs, Block, Names, Ups

Personality = Literal["cs141", "prof", "inform", "everexceed"]
Image = dict[int, int]

FILLER = 0xD8F1  # −9999: reserved, or no such module (device.md 2.5)

OLD_STATE_1_BITS = 0x000F  # what firmware of 2019 defines in 1001 (device.md 3.3)

_BACS_ADDRESSES = range(1000, 2710)
_FILLED_BACS = dict.fromkeys(_BACS_ADDRESSES, FILLER)


def image(plant: Plant, personality: Personality = "cs141", base: int = 0) -> Image:
    """All words that the device holds now, by 0-based address; an address that is missing is refused.

    `base` is where a PLC serves the gateway frame (personality `prof`).
    """
    words = _cs141(plant)
    if personality == "inform":  # device.md 5.1
        words = {address: words[address] for address in range(100, 128)}
    elif personality == "everexceed":
        words = _everexceed(words)
    elif personality == "prof":
        words = _gateway_frame(words, plant, base)
    if plant.knobs.rebooting:
        return dict.fromkeys(words, 0)
    return words


def _cs141(plant: Plant) -> Image:
    words = ups_words(plant.ups(), tenths=plant.knobs.tenths)
    words |= dict(zip(range(139, 143), plant.knobs.aux, strict=True))
    # sensors in tenths: the room, 45.0 %, nothing on the other six (device.md 1.1: scale and filler unknown)
    sensors = [_signed(plant.room_celsius * 10), 450, 0, 0, 0, 0, 0, 0]
    words |= dict(zip(range(143, 151), sensors, strict=True))
    if plant.knobs.bacs == "zeros":
        words |= dict.fromkeys(_BACS_ADDRESSES, 0)
    elif plant.knobs.bacs == "present" and plant.has_modules:
        words |= bacs_words(plant.bacs(), old_firmware=plant.knobs.old_firmware)
    return words


def ups_words(ups: Ups, *, tenths: bool = False) -> Image:
    """97–138 (device.md 1.1); whole units unless `tenths` (1.4)."""
    scale = 10 if tenths else 1
    words = {
        103: _unsigned(ups.charge * 100),
        107: _signed(ups.celsius * scale),
        108: _signed(math.floor(ups.runtime_minutes)),
        109: bits(ups.status, STATUS),
        110: _signed(ups.battery_volts * scale),
        114: ups.power_failures & 0xFFFF,
    }
    for phase in range(3):
        words[97 + phase] = _unsigned(ups.output_volts[phase] * scale)
        words[100 + phase] = _unsigned(ups.load[phase] * 100)
        words[104 + phase] = _signed(ups.input_volts[phase] * scale)
        words[111 + phase] = _unsigned(ups.input_hertz[phase] * scale)
    for index, name in enumerate(UPS_ALARMS):
        words[115 + index] = int(name in ups.alarms)
    return words


def bacs_words(bacs: Bacs, *, old_firmware: bool = False) -> Image:
    """1000–2709 (device.md 2): filler wherever nothing is."""
    words = dict(_FILLED_BACS)
    words[1000] = bits(bacs.state, BACS_STATE)
    words[1001] = bits(bacs.state_1, BACS_STATE_1) & (OLD_STATE_1_BITS if old_firmware else 0xFFFF)
    words[1002] = bits(bacs.alarms, BACS_ALARMS)
    words[1003] = len(bacs.strings)
    words[1004] = bacs.modules
    words[1005] = FILLER if old_firmware else bits(bacs.alarms_1, BACS_ALARMS_1)
    for number, string in enumerate(bacs.strings):
        at = 1010 + 5 * number
        words[at] = _signed(string.amperes * 100)
        words[at + 1] = _signed(string.volts * 10)
        words[at + 2] = _signed(string.average_volts * 1000)
        words[at + 3] = _signed(string.ripple_amperes * 100)
    for number, block in bacs.blocks.items():
        _put_block(words, 1060 + 5 * (number - 1), block)
    return words


def bits(names: Names, order: list[str]) -> int:
    """The word in which the bit of each name is set."""
    return sum(1 << order.index(name) for name in names)


def _put_block(words: Image, at: int, block: Block) -> None:
    words[at] = round(block.celsius * 2 + 78)
    words[at + 1] = _signed(block.volts * 1000)
    words[at + 2] = _unsigned(block.milliohms * 100)
    words[at + 3] = bits(block.alarms, BACS_ALARMS) if block.alarms else 0
    words[at + 4] = round(block.equalization * 100)


def _everexceed(words: Image) -> Image:
    """device.md 5.2; of the status only bits 0, 2, 8 and 13 are used."""
    status = words[109] & 0x2105
    return {
        100: words[107],
        101: words[111],
        102: words[104],
        103: 50 if words[97] else 0,
        104: words[97],
        105: words[100],
        106: status,
        107: 0,  # its bits are not documented
        108: status & 1,
        109: (status & 0x02) >> 2,  # the list's own mistake (mask 0x02 for 0x04): always 0
        110: (status & 0x100) >> 8,
        111: (status & 0x2000) >> 13,
    }


def _gateway_frame(words: Image, plant: Plant, base: int) -> Image:
    """The 50 words of the SNMP_PROF gateway (device.md 1.2); without BACS its six words are 0."""
    head = (int(plant.gateway_counter) & 0xFF) << 8 | plant.knobs.gateway_error
    body = [words[address] for address in range(100, 143)]
    tail = [words.get(address, 0) for address in range(1000, 1006)]
    return dict(enumerate([head, *body, *tail], start=base))


def _unsigned(value: float) -> int:
    return min(max(round(value), 0), 0xFFFF)


def _signed(value: float) -> int:
    """Two's complement. A true −9999 would read as filler, so it is shown one digit off."""
    number = min(max(round(value), -32768), 32767)
    return (number + 1 if number == -9999 else number) & 0xFFFF
