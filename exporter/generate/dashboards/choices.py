"""Tables that turn a condition into a number, and the number into word, shape and colour.

The first condition that holds wins. Expression and value mappings grow from the same table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.vocabulary import Vocabulary

GREEN, BLUE, GREY = "#37872D", "#3274D9", "#5A6070"
ORANGE, RED, PURPLE = "#E8701A", "#C4162A", "#8F3BB8"

UNREACHABLE, UPS_LOST, UPS_NOT_READ = "✖ UNREACHABLE", "? UPS LOST", "? UPS NOT READ"
MAP_IN_DOUBT = "? MAP IN DOUBT"
DARK, ON_BATTERY, BYPASS = "✖ LOAD DARK", "▲ ON BATTERY", "◆ BYPASS"
SURVIVES = "✔ YES"


@dataclass(frozen=True)
class Choice:
    """One outcome: `when` is a vector with a series per device for which it holds.

    `trouble` is its place in the order of devices, where danger to life is 40, a critical alarm 30 and a
    warning 20.
    """

    text: str
    colour: str
    when: str
    trouble: int = 0
    number: int = 0


def _numbered(*choices: Choice) -> tuple[Choice, ...]:
    """Numbers from the last upwards, from 0: the graver, the higher."""
    last = len(choices) - 1
    return tuple(replace(choice, number=last - index) for index, choice in enumerate(choices))


def first_of(choices: tuple[Choice, ...], value: Callable[[Choice], int] = lambda c: c.number) -> str:
    """The number of the first choice that holds, per device; `value` puts another in its place."""
    return "\n  or ".join(f"({choice.when}) * 0 + {value(choice)}" for choice in choices)


def _ups(*flags: str) -> str:
    metrics = ("generex_ups_status", "generex_ups_alarm")
    return f"{q.flag(*((metric, name) for metric in metrics for name in flags))} == 1"


def _bacs(*flags: str) -> str:
    metrics = ("generex_bacs_state", "generex_bacs_alarm")
    return f"{q.flag(*((metric, name) for metric in metrics for name in flags))} == 1"


def states(words: Vocabulary) -> tuple[Choice, ...]:
    """What a device runs on, the gravest first (operations 4)."""
    return _numbered(
        Choice(UNREACHABLE, PURPLE, f"{q.ROWS} == 0", 38),
        Choice(UPS_LOST, PURPLE, q.out_of_sight(words), 37),
        Choice(UPS_NOT_READ, PURPLE, f"{q.ups_read(words)} == 0", 36),
        Choice(MAP_IN_DOUBT, PURPLE, q.map_in_doubt(words), 36),
        Choice(DARK, RED, q.DARK, 35),
        Choice(ON_BATTERY, ORANGE, f"{q.ON_BATTERY} == 1", 34),
        Choice(BYPASS, RED, f"{q.flag(*q.BYPASS_FLAGS)} == 1", 33),
        Choice("◐ ECO", BLUE, f"{q.flag(*q.ECO_FLAGS)} == 1", 2),
        Choice("◇ TEST", BLUE, f"{q.flag(*q.TEST_FLAGS)} == 1", 1),
        Choice("● MAINS", GREEN, q.ON_BATTERY),
        # a UPS was read, but no flag came that says what it runs on
        Choice("? NOT SERVED", GREY, q.ups_read(words)),
        Choice("– NO UPS", GREY, q.ROWS),
    )


def survival(words: Vocabulary, thresholds: Mapping[str, float]) -> tuple[Choice, ...]:
    """Whether the load would survive a power failure now, and if not the first reason why.

    The exporter's own pages judge in the same order.
    """
    charge = thresholds["survivable_charge"]
    return _numbered(
        Choice("? unreachable", PURPLE, f"{q.ROWS} == 0", 15),
        Choice("? UPS lost", PURPLE, q.out_of_sight(words), 15),
        Choice("? UPS not read", PURPLE, f"{q.ups_read(words)} == 0", 15),
        Choice("? map in doubt", PURPLE, q.map_in_doubt(words), 15),
        Choice("✖ load is dark", RED, q.DARK, 15),
        Choice("✖ NO: shutting down", RED, _ups("shutdown_imminent", "shutdown_pending"), 36),
        Choice("▲ on battery now", ORANGE, f"{q.ON_BATTERY} == 1", 15),
        Choice("✖ NO: on bypass", RED, f"{q.flag(*q.BYPASS_FLAGS)} == 1", 15),
        Choice("✖ NO: thermal runaway", RED, _bacs(*q.RUNAWAY_FLAGS), 15),
        Choice("✖ NO: ground fault", RED, _bacs(*q.GROUND_FLAGS), 15),
        Choice("✖ NO: battery depleted", RED, _ups("battery_depleted"), 15),
        Choice("✖ NO: breaker open", RED, _bacs("battery_breaker_open"), 15),
        Choice(
            "✖ NO: UPS fault", RED,
            _ups("inverter_failure", "ups_failed", "general_fault", "fuse_failure", "output_bad"), 15,
        ),
        Choice("✖ NO: overload", RED, _ups("output_high", "output_overload"), 15),
        Choice("✖ NO: battery low", RED, _ups("battery_low"), 15),
        Choice("✖ NO: charger failed", RED, _ups("charger_failed"), 15),
        Choice("✖ NO: battery bad", RED, _ups("battery_bad"), 15),
        Choice("✖ NO: test failed", RED, _ups("diagnostic_test_failed"), 15),
        Choice("✖ NO: string missing", RED, q.missing_strings(words), 15),
        Choice("✖ NO: block missing", RED, q.missing_modules(), 15),
        Choice("? BACS not trusted", PURPLE, f"{q.bacs_trusted(words)} == 0", 15),
        Choice("? BACS not read", PURPLE, f"{q.bacs_read(words)} == 0", 15),
        Choice("✖ NO: string or block alarm", RED, q.battery_alarm(words), 25),
        Choice(f"✖ NO: charge < {charge:.0%}", RED, f"{q.CHARGE} < {charge:g}", 15),
        Choice("? values in doubt", ORANGE, q.implausible(thresholds), 15),
        Choice("? blocks not served", GREY, q.blocks_not_served()),
        # yes needs a charge and a word about the source; what else the device serves was asked above
        Choice(SURVIVES, GREEN, f"{q.CHARGE} >= {charge:g} and on (device) {q.ON_BATTERY}"),
        Choice("? not served", GREY, q.ROWS),
    )  # fmt: skip


def bacs_states(words: Vocabulary) -> tuple[Choice, ...]:
    """How a BACS fares, the gravest first."""

    service = ("module_addressing", "module_searching", "module_initializing", "module_polling")
    missing = f"({q.missing_strings(words)} or {q.missing_modules()})"
    return _numbered(
        Choice("✖ UNREACHABLE", PURPLE, f"{q.ROWS} == 0"),
        Choice("✖ DANGER: KEEP OUT", RED, _bacs(*q.RUNAWAY_FLAGS, *q.GROUND_FLAGS)),
        Choice("? NOT TRUSTED", PURPLE, f"{q.bacs_trusted(words)} == 0"),
        Choice("? NOT READ", PURPLE, f"{q.bacs_read(words)} == 0"),
        Choice("✖ BREAKER OPEN", RED, _bacs("battery_breaker_open")),
        Choice("✖ ALARM", RED, q.bacs_alarm(words, "critical")),
        Choice("✖ BLOCKS MISSING", RED, missing),
        Choice("▲ DISCHARGING", ORANGE, _bacs("discharging")),
        Choice("◇ SERVICE", BLUE, _bacs(*service)),
        Choice("▲ WARNING", ORANGE, q.bacs_alarm(words, "warning")),
        Choice("? BLOCKS NOT SERVED", GREY, q.blocks_not_served()),
        Choice("● RUNNING", GREEN, _bacs("running")),
        Choice("? NOT TRUSTED", PURPLE, q.by(q.series("generex_bacs_state_word"))),
        Choice("– NO BACS SERVED", GREY, q.ROWS),
    )
