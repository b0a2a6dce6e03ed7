"""A device for each state and each reason, with what its tiles must say (operations 4).

Addresses and bits are typed from the vendor's tables (device.md 1.1 and 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FILLER = 0xD8F1


@dataclass(frozen=True)
class Case:
    """A device whose plant has `knobs`, whose words `pins` are fixed and whose words `unread` fail.

    `strings` is how many the configuration expects, where it says so.
    """

    survives: str
    runs_on: str = "● ON MAINS"
    knobs: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[int, int] = field(default_factory=dict)
    unread: range | None = None
    personality: str = "cs141"
    strings: int = 0


def pinned(survives: str, pins: Mapping[int, int], runs_on: str = "● ON MAINS") -> Case:
    return Case(survives, runs_on, pins=pins)


CASES = {
    "healthy": Case("✔ YES"),
    "eco": Case("✔ YES", "◐ ECO MODE", {"eco": True}),
    "eco and bypass": Case("◆ NO: on bypass", "◆ ON BYPASS", {"eco": True, "bypass": True}),
    "test": Case("▲ on battery now", "▲ ON BATTERY", {"test": True}),
    "test without a load on the battery": pinned("✔ YES", {109: 4 + 64, 138: 1}, "◇ TEST RUNNING"),
    "dark in a test": Case("✖ load is dark", "✖ LOAD DARK", {"test": True, "output": False}),
    # the UPS itself sees no battery when the breaker is open
    "breaker and depleted": Case("✖ NO: battery depleted", knobs={"breaker": False}),
    "breaker": pinned("✖ NO: breaker open", {1001: 1 << 2}),
    "overload": Case("✖ NO: overload", knobs={"load": [1.2, 0.4, 0.4]}),
    "charger": Case("✖ NO: charger failed", knobs={"charger": False}),
    "inverter": Case("✖ NO: UPS fault", knobs={"faults": ["inverter_failure", "battery_bad"]}),
    "ups failed": pinned("✖ NO: UPS fault", {109: 4 + (1 << 13)}),
    "output bad": pinned("✖ NO: UPS fault", {121: 1}),
    "fuse": pinned("✖ NO: UPS fault", {131: 1}),
    "general fault": pinned("✖ NO: UPS fault", {132: 1}),
    "battery bad": Case("✖ NO: battery bad", knobs={"faults": ["battery_bad"]}),
    "test failed": Case("✖ NO: test failed", knobs={"faults": ["diagnostic_test_failed"]}),
    "battery low, said by the alarm": pinned("✖ NO: battery low", {117: 1}),
    "battery low, said by the status": pinned("✖ NO: battery low", {109: 4 + 16}),
    "shutdown pending": pinned("✖ NO: shutting down", {136: 1}),
    "shutdown imminent on battery": pinned("✖ NO: shutting down", {116: 1, 137: 1}, "▲ ON BATTERY"),
    "shutdown when dark": pinned("✖ load is dark", {128: 1, 137: 1}, "✖ LOAD DARK"),
    "thermal runaway and depleted": pinned(
        "✖ NO: thermal runaway", {1001: 1 << 3, 118: 1}, "✖ THERMAL RUNAWAY"
    ),
    "thermal runaway on bypass": pinned(
        "✖ NO: thermal runaway", {1001: 1 << 3, 123: 1}, "✖ THERMAL RUNAWAY"
    ),
    "ground fault": pinned("✖ NO: ground fault", {1001: 1 << 14}, "✖ GROUND FAULT"),
    "residual current": pinned("✖ NO: ground fault", {1005: 1 << 9}, "✖ GROUND FAULT"),
    "string gone": pinned("✖ NO: string missing", dict.fromkeys(range(1015, 1020), FILLER)),
    "all strings gone": pinned("✖ NO: string missing", dict.fromkeys(range(1010, 1020), FILLER)),
    # the device itself has forgotten its second string
    "string forgotten": Case(
        "✖ NO: string missing", pins={1003: 1} | dict.fromkeys(range(1015, 1020), FILLER), strings=2
    ),
    "block gone": Case("✖ NO: block missing", knobs={"lost_modules": [2]}),
    "string voltage low": pinned("✖ NO: string or block alarm", {1001: 1 << 6}),
    "string voltage high": pinned("✖ NO: string or block alarm", {1001: 1 << 5}),
    "a block's voltage, said by the BACS": pinned("✖ NO: string or block alarm", {1002: 1 << 3}),
    "a block's heat, said by its module": pinned("✖ NO: string or block alarm", {1063: 1 << 4}),
    "general alarm": pinned("✖ NO: string or block alarm", {1001: 1}),
    "general alarm of a module": pinned("✖ NO: string or block alarm", {1063: 1}),
    "string charged low": pinned("✖ NO: string or block alarm", {1005: 1 << 12}),
    "string charge low, warning": pinned("✔ YES", {1005: 1 << 13}),
    "unequal discharge": pinned("✖ NO: string or block alarm", {1005: 1 << 5}),
    "unequal charge": pinned("✖ NO: string or block alarm", {1005: 1 << 6}),
    "a warning about a block": pinned("✔ YES", {1063: 1 << 9}),
    "alarm before charge": pinned("✖ NO: string or block alarm", {1001: 1 << 6, 103: 60}),
    "charge": Case("✖ NO: charge < 90 %", knobs={"charge": 0.6}),
    "BACS starting": Case("? BACS not trusted", knobs={"bacs_starting": True}),
    "BACS says nothing of itself": pinned("? BACS not trusted", {1000: 0}),
    "UPS unread": Case("? UPS not read", "? UPS NOT READ", unread=range(97, 143)),
    "BACS unread": Case("? BACS not fully read", unread=range(1000, 1006)),
    "strings unread": Case("? BACS not fully read", unread=range(1010, 1060)),
    "modules unread": Case("? BACS not fully read", unread=range(1060, 2710)),
    "odd word": pinned("✖ NO: battery bad", {115: 7}),
    "bit without a name": pinned("✔ YES", {1005: 1 << 14}),
    "shorter list": Case("✔ YES", personality="inform"),
    "string charge warning": pinned("✔ YES", {1005: 1 << 13}),
    "frame": Case("? blocks not served", personality="prof"),
    "frame in error": Case("? UPS lost", "? UPS LOST", {"gateway_error": 2}, personality="prof"),
    "wrong scale": pinned("? values in doubt", {104: 2300}),
    "wrong scale of the charge": pinned("? values in doubt", {103: 500}),
    "no such frequency": pinned("? values in doubt", {112: 100}),
    "no such temperature": pinned("? values in doubt", {1060: 680, 1065: 680}),
    "400 Hz": pinned("✔ YES", dict.fromkeys(range(111, 114), 400)),
    # 109 is something else in its own list, and always 0: that is no output that is off
    "read by the default map": Case("? map in doubt", "? MAP IN DOUBT", personality="everexceed"),
    "shorter list, dark": Case("✖ load is dark", "✖ LOAD DARK", {"output": False}, personality="inform"),
    "bypass before BACS unread": Case(
        "◆ NO: on bypass", "◆ ON BYPASS", pins={123: 1}, unread=range(1000, 1006)
    ),
}  # fmt: skip

BACS = {
    "healthy": "● RUNNING",
    "residual current": "✖ DANGER: KEEP OUT",
    "thermal runaway on bypass": "✖ DANGER: KEEP OUT",
    "BACS starting": "? NOT TRUSTED",
    "frame in error": "? NOT TRUSTED",
    "strings unread": "? NOT FULLY READ",
    "breaker": "✖ BREAKER OPEN",
    "string voltage low": "✖ ALARM",
    "a block's heat, said by its module": "✖ ALARM",
    "block gone": "✖ BLOCK MISSING",
    "test": "▲ DISCHARGING",
    "frame": "? BLOCKS NOT SERVED",
    "string charge warning": "▲ WARNING",
}
"""What the BACS tile says of some of them."""
