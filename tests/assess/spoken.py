"""Register words and what people are told of them: words, bits and order typed from the vendor's tables.

Addresses and bits are those of device.md 1.1 and 3, the order is that of operations 4.
"""

from collections.abc import Mapping

from tests.snapshots import simulated

FILLER = 0xD8F1
Words = Mapping[int, int | None]  # by address; None was not read

# The order in which a reason is told, and words by which each of them comes about.
REASONS: tuple[tuple[str, Words], ...] = (
    ("✖ NO: thermal runaway", {1001: 0x0008}),
    ("✖ NO: ground fault", {1001: 0x4000}),
    ("✖ load is dark", {125: 1}),
    ("✖ NO: shutting down", {137: 1}),
    ("▲ on battery now", {109: 0x0C}),
    ("? UPS lost", {134: 1}),
    ("? UPS not read", {103: None}),
    ("◆ NO: on bypass", {123: 1}),
    ("✖ NO: battery depleted", {118: 1}),
    ("✖ NO: breaker open", {1001: 0x0004}),
    ("✖ NO: UPS fault", {131: 1}),
    ("✖ NO: overload", {122: 1}),
    ("✖ NO: battery low", {117: 1}),
    ("✖ NO: charger failed", {127: 1}),
    ("✖ NO: battery bad", {115: 1}),
    ("✖ NO: test failed", {133: 1}),
    ("✖ NO: string missing", dict.fromkeys(range(1015, 1019), FILLER)),
    ("✖ NO: block missing", dict.fromkeys(range(1080, 1085), FILLER)),
    ("? BACS not trusted", {1000: 0x0002}),
    ("? BACS not fully read", {1061: None}),
    ("✖ NO: string or block alarm", {1002: 0x0008}),
    ("✖ NO: charge < 90 %", {103: 89}),
    ("? no output seen", dict.fromkeys(range(97, 103), 0)),
    ("? values in doubt", {104: 1001}),
    ("✔ YES", {103: 90}),
)
# A BACS that is not trusted exports nothing of its strings, and a UPS that is lost none of its words.
LOST = "? UPS lost"
UNKNOWABLE = {("✖ NO: string missing", "? BACS not trusted")} | {
    (reason, LOST) for reason in ("✖ load is dark", "✖ NO: shutting down", "▲ on battery now")
}
# what says the same in other words
OTHERWISE: tuple[tuple[str, Words], ...] = (
    ("? UPS lost", {109: 0x4004}),
    # a card that restarts; one word that is not 0 makes the others a reading
    ("? all values are 0", dict.fromkeys(range(97, 143), 0)),
    ("✖ load is dark", {**dict.fromkeys(range(97, 143), 0), 110: 1}),
    ("✖ load is dark", {**dict.fromkeys(range(97, 143), 0), 109: 0x0010}),
    # its UPS is lost, and BACS goes on: DISCHARGING is bit 3 of 1000
    ("▲ battery is discharging", {134: 1, 1000: 0x0009}),
    ("✖ load is dark", {109: 0x0000}),
    ("✖ load is dark", {109: 0x0006}),
    ("✖ load is dark", {126: 1}),
    ("✖ load is dark", {128: 1}),
    ("✖ load is dark", {129: 1}),
    ("✖ load is dark", {135: 1}),
    ("✖ NO: shutting down", {136: 1}),
    ("▲ on battery now", {116: 1}),
    ("◆ NO: on bypass", {109: 0x0005}),
    ("✖ NO: ground fault", {1005: 0x0200}),
    ("✖ NO: UPS fault", {109: 0x0204}),
    ("✖ NO: UPS fault", {109: 0x2004}),
    ("✖ NO: UPS fault", {121: 1}),
    ("✖ NO: UPS fault", {132: 1}),
    ("✖ NO: overload", {109: 0x0104}),
    ("✖ NO: battery low", {109: 0x0014}),
    ("✖ NO: battery bad", {109: 0x0404}),
    ("? BACS not trusted", {1000: 0x0000}),
    ("? BACS not trusted", {1000: None}),
    ("? BACS not fully read", {1010: None}),
    ("✖ NO: string or block alarm", {1001: 0x0020}),
    ("✖ NO: string or block alarm", {1063: 0x0010}),
    ("✖ NO: string or block alarm", {1063: 0x0014}),
    ("✖ NO: string or block alarm", {1001: 0x0001}),
    ("✖ NO: string or block alarm", {1063: 0x0001}),
    ("✖ NO: string or block alarm", {1001: 0x0040}),
    ("✖ NO: string or block alarm", {1002: 0x0001}),
    ("✖ NO: string or block alarm", {1002: 0x0004}),
    ("✖ NO: string or block alarm", {1002: 0x0010}),
    ("✖ NO: string or block alarm", {1063: 0x0004}),
    ("✖ NO: string or block alarm", {1063: 0x0008}),
    ("✖ NO: string or block alarm", {1005: 0x1000}),
    ("✖ NO: string or block alarm", {1005: 0x0020}),
    ("✖ NO: string or block alarm", {1005: 0x0040}),
    # what cannot be (operations 1.12), just beyond the limit
    ("? values in doubt", {111: 39}),
    ("? values in doubt", {112: 71}),
    ("? values in doubt", {113: 359}),
    ("? values in doubt", {111: 441}),
    ("? values in doubt", {106: 1001}),
    ("? values in doubt", {97: 1001}),
    ("? values in doubt", {102: 201}),
    ("? values in doubt", {103: 106}),
    ("? values in doubt", {107: 101}),
    ("? values in doubt", dict.fromkeys(range(1060, 1080, 5), 78 + 121)),  # string 1 at 60.5 °C
    ("? values in doubt", dict.fromkeys(range(1080, 1100, 5), 78 - 1)),  # string 2 at −0.5 °C
    # below what can be: nothing rests on such a value
    ("? values in doubt", {108: 0xFFFE}),
    ("? values in doubt", {104: 0xFFFE}),
    ("? values in doubt", {110: 0xFFFE}),
    ("? values in doubt", {107: 0x10000 - 41}),
    ("? values in doubt", {1011: 0xFFFE}),
    # and just within it
    ("✔ YES", {111: 0, 112: 40, 113: 70}),
    ("✔ YES", {111: 360, 112: 440}),
    ("✔ YES", {97: 1000, 104: 1000, 102: 200, 103: 105, 107: 100}),
    ("✔ YES", dict.fromkeys(range(1060, 1080, 5), 78 + 120)),
    ("✔ YES", dict.fromkeys(range(1080, 1100, 5), 78)),
    ("✔ YES", {104: 0, 107: 0x10000 - 40, 108: 0}),
    # one phase of three, and an output that is measured by its load alone
    ("✔ YES", {98: 0, 99: 0}),
    ("✔ YES", {97: 0, 98: 0, 99: 0}),
    ("✔ YES", {97: 0, 98: 0, 99: 0, 101: 0, 102: 0}),
    ("? no output seen", {97: 50, **dict.fromkeys(range(98, 103), 0)}),
    ("✔ YES", {97: 51, **dict.fromkeys(range(98, 103), 0)}),
    ("✔ YES", {1060: 78 + 2 * 88}),  # one block may be hot, and that is for its alarm
)


def words(*changes: Words) -> dict[int, int]:
    """The words of a healthy device with these changes; bits of several changes come together."""
    found: dict[int, int | None] = dict(simulated())
    for change in changes:
        for address, value in change.items():
            known = found.get(address)
            bits = address in (109, 1001, 1002, 1005, 1063)
            together = bits and value is not None and known is not None and len(changes) > 1
            found[address] = (known or 0) | (value or 0) if together else value
    return {address: value for address, value in found.items() if value is not None}


# what a device runs on; every flag of a role is the only one that says so in one of these
STATES: tuple[tuple[str, Words], ...] = (
    ("✖ Thermal runaway; on mains", {1001: 0x0008}),
    ("✖ Thermal runaway; on battery, 12 min left", {1001: 0x0008, 109: 0x0C, 108: 12}),
    ("✖ Thermal runaway; UPS lost", {1001: 0x0008, 134: 1}),
    ("✖ Ground fault; on mains", {1001: 0x4000}),
    ("✖ Ground fault; on mains", {1005: 0x0200}),
    ("? All values 0", dict.fromkeys(range(97, 143), 0)),
    ("✖ Load dark", {109: 0x0000}),
    ("✖ Load dark", {109: 0x0006}),
    *(("✖ Load dark", {address: 1}) for address in (125, 126, 128, 129, 135)),
    ("✖ Load dark", {125: 1, 116: 1}),
    ("✖ Load dark", {125: 1, 103: None}),
    ("▲ Battery discharging", {134: 1, 1000: 0x0009}),
    ("▲ On battery, 40 min left", {109: 0x0C}),
    ("▲ On battery, 12 min left", {109: 0x0C, 123: 1, 108: 12}),
    # what is known of it is told although a word is missing
    ("▲ On battery, 12 min left", {109: 0x0C, 108: 12, 103: None}),
    ("▲ On battery, less than 1 min left", {116: 1, 108: 0}),
    ("▲ On battery, 2 h 5 min left", {116: 1, 108: 125}),
    ("▲ On battery", {116: 1, 108: FILLER}),
    # a runtime below 0 cannot be, and is no short one
    ("▲ On battery", {116: 1, 108: 0xFFFE}),
    ("? UPS lost", {134: 1, 125: 1}),
    ("? UPS lost", {109: 0x4004}),
    ("? UPS not read", {103: None}),
    ("◆ On bypass", {109: 0x0805}),
    ("◆ On bypass", {123: 1}),
    ("? No output seen", dict.fromkeys(range(97, 103), 0)),
    ("◐ Eco mode", {109: 0x0844}),
    ("◇ Test running", {138: 1}),
    ("◇ Test running", {109: 0x0044}),
    ("● On mains", {}),
)

# how a BACS fares, as its tile says it
BACS: tuple[tuple[str, Words], ...] = (
    ("✖ DANGER: KEEP OUT", {1001: 0x0008}),
    ("✖ DANGER: KEEP OUT", {1001: 0x4000}),
    ("✖ DANGER: KEEP OUT", {1005: 0x0200}),
    ("✖ BREAKER OPEN", {1001: 0x0004}),
    ("✖ STRING MISSING", dict.fromkeys(range(1015, 1019), FILLER)),
    ("✖ BLOCK MISSING", dict.fromkeys(range(1080, 1085), FILLER)),
    ("? NOT TRUSTED", {1000: 0x0002}),
    ("? NOT TRUSTED", {1000: 0x0040}),
    ("? NOT FULLY READ", {1061: None}),
    ("✖ ALARM", {1001: 0x0040}),
    ("✖ ALARM", {1063: 0x0010}),
    ("▲ DISCHARGING", {1000: 0x0009}),
    *(("◇ SERVICE", {1000: 1 << bit | 1}) for bit in (12, 13, 14, 15)),
    ("▲ WARNING", {1005: 0x2000}),
    ("● RUNNING", {1000: 0x0041}),
    ("● RUNNING", {131: 1, 130: 1}),  # what the UPS has is not the battery's
)
