"""Tables that turn a condition into a number, and the number into word, shape and colour.

The first condition that holds wins. Expression and value mappings grow from the same table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.vocabulary import Vocabulary

GREEN, BLUE, GREY = "#37872D", "#3274D9", "#5A6070"
YELLOW, ORANGE, RED, PURPLE = "#CCA300", "#E8701A", "#C4162A", "#8F3BB8"


@dataclass(frozen=True)
class Choice:
    """One outcome: `when` is a vector with a series per device for which it holds."""

    number: int
    text: str
    colour: str
    when: str


def first_of(choices: tuple[Choice, ...], numbers: Callable[[int], int] = int) -> str:
    """The number of the first choice that holds, per device; `numbers` puts others in their place."""
    return "\n  or ".join(f"({choice.when}) * 0 + {numbers(choice.number)}" for choice in choices)


def states(words: Vocabulary) -> tuple[Choice, ...]:
    """What a device runs on, the gravest first (operations 4); the order is also that of sorting."""
    return (
        Choice(7, "✖ UNREACHABLE", PURPLE, f"{q.ROWS} == 0"),
        Choice(6, "? UPS LOST", PURPLE, q.out_of_sight(words)),
        Choice(5, "✖ LOAD DARK", RED, q.DARK),
        Choice(4, "▲ ON BATTERY", ORANGE, f"{q.ON_BATTERY} == 1"),
        Choice(3, "◆ BYPASS", RED, f"{q.flag(*q.BYPASS_FLAGS)} == 1"),
        Choice(2, "◐ ECO", BLUE, f"{q.flag(*q.ECO_FLAGS)} == 1"),
        Choice(1, "◇ TEST", BLUE, f"{q.flag(*q.TEST_FLAGS)} == 1"),
        Choice(0, "● MAINS", GREEN, q.ON_BATTERY),
        # a UPS is expected, but no flag came that says what it runs on
        Choice(-1, "? NOT SERVED", GREY, f"{q.ups_not_read(words)} == 1"),
        Choice(6, "? UPS LOST", PURPLE, q.ups_not_read(words)),
        Choice(-2, "– NO UPS", GREY, q.ROWS),
    )


def survival(words: Vocabulary, charge: float) -> tuple[Choice, ...]:
    """Whether the load would survive a power failure now, and if not the first reason why."""
    ups = ("generex_ups_status", "generex_ups_alarm")

    def any_of(*flags: str) -> str:
        return f"{q.flag(*((metric, name) for metric in ups for name in flags))} == 1"

    breaker = q.flag(("generex_bacs_state", "battery_breaker_open"))
    counted = q.by(q.series("generex_bacs_modules"))
    unseen = f"{counted} > 0 unless on (device) {q.by(q.PRESENT)}"
    return (
        Choice(20, "? unreachable", PURPLE, f"{q.ROWS} == 0"),
        Choice(19, "? UPS lost", PURPLE, q.out_of_sight(words)),
        Choice(18, "✖ load is dark", RED, q.DARK),
        Choice(17, "▲ on battery now", ORANGE, f"{q.ON_BATTERY} == 1"),
        Choice(16, "✖ NO: on bypass", RED, f"{q.flag(*q.BYPASS_FLAGS)} == 1"),
        Choice(15, "✖ NO: battery depleted", RED, any_of("battery_depleted")),
        Choice(14, "✖ NO: breaker open", RED, f"{breaker} == 1"),
        Choice(
            13, "✖ NO: UPS fault", RED,
            any_of("inverter_failure", "ups_failed", "general_fault", "fuse_failure"),
        ),
        Choice(12, "✖ NO: overload", RED, any_of("output_high", "output_overload")),
        Choice(11, "✖ NO: battery low", RED, any_of("battery_low")),
        Choice(10, "✖ NO: charger failed", RED, any_of("charger_failed")),
        Choice(9, "✖ NO: battery bad", RED, any_of("battery_bad")),
        Choice(8, "✖ NO: test failed", RED, any_of("diagnostic_test_failed")),
        Choice(7, "✖ NO: string missing", RED, q.missing_strings()),
        Choice(6, "✖ NO: block missing", RED, q.missing_modules()),
        Choice(5, f"✖ NO: charge < {charge:.0%}", RED, f"{q.CHARGE} < {charge:g}"),
        Choice(4, "? BACS not trusted", PURPLE, f"{q.bacs_trusted()} == 0"),
        Choice(3, "? blocks not served", GREY, unseen),
        # yes needs a charge and a word about the source; what else the device serves was asked above
        Choice(0, "✔ YES", GREEN, f"{q.CHARGE} >= {charge:g} and on (device) {q.ON_BATTERY}"),
        Choice(2, "? not served", GREY, q.ROWS),
    )  # fmt: skip


def bacs_states() -> tuple[Choice, ...]:
    """How a BACS fares, the gravest first."""

    def any_of(*flags: str) -> str:
        return f"{q.flag(*(('generex_bacs_state', name) for name in flags))} == 1"

    service = ("module_addressing", "module_searching", "module_initializing", "module_polling")
    return (
        Choice(6, "✖ UNREACHABLE", PURPLE, f"{q.ROWS} == 0"),
        Choice(5, "✖ DANGER: KEEP OUT", RED, any_of("thermal_runaway", "current_ground_fault_detected")),
        Choice(4, "? NOT TRUSTED", PURPLE, f"{q.bacs_trusted()} == 0"),
        Choice(3, "✖ BREAKER OPEN", RED, any_of("battery_breaker_open")),
        Choice(2, "▲ DISCHARGING", ORANGE, any_of("discharging")),
        Choice(1, "◇ SERVICE", BLUE, any_of(*service)),
        Choice(0, "● RUNNING", GREEN, any_of("running")),
        Choice(4, "? NOT TRUSTED", PURPLE, q.by(q.series("generex_bacs_state_word"))),
        Choice(-1, "– NO BACS SERVED", GREY, q.ROWS),
    )
