"""The outcomes as numbers, and each number as word, shape and colour.

The first condition that holds wins. Expression and value mappings grow from the same table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exporter.assess.outcomes import BACS, STATES, SURVIVAL, Level, Outcome, Urgency
from exporter.assess.promql import Prom

GREEN, BLUE, GREY = "#37872D", "#3274D9", "#5A6070"
ORANGE, RED, PURPLE = "#E8701A", "#C4162A", "#8F3BB8"

COLOURS: Mapping[Level, str] = {
    "critical": RED, "lost": PURPLE, "warning": ORANGE, "info": BLUE, "none": GREY, "good": GREEN,
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One outcome: `when` is a vector with a series per device for which it holds, "" where none can.

    `trouble` is its place in the order of devices, where danger to life is 40, a critical alarm 30 and a
    warning 20.
    """

    text: str
    colour: str
    when: str
    trouble: int = 0
    number: int = 0
    order: Urgency = Urgency.REST


def first_of(choices: Sequence[Choice], value: Callable[[Choice], int] = lambda c: c.number) -> str:
    """The number of the first choice that holds, per device; `value` puts another in its place."""
    return "\n  or ".join(f"({choice.when}) * 0 + {value(choice)}" for choice in choices if choice.when)


def states(prom: Prom) -> tuple[Choice, ...]:
    """What a device runs on, the gravest first."""
    return _choices(STATES, prom, lambda row: row.state.upper())


def survival(prom: Prom) -> tuple[Choice, ...]:
    """Whether the load would survive a power failure now, and if not the first reason why."""
    return _choices(SURVIVAL, prom, lambda row: row.survival)


def bacs_states(prom: Prom) -> tuple[Choice, ...]:
    """How a BACS fares, the gravest first."""
    return _choices(BACS, prom, lambda row: row.bacs.upper())


def _choices(rows: Sequence[Outcome], prom: Prom, text: Callable[[Outcome], str]) -> tuple[Choice, ...]:
    last = len(rows) - 1
    return tuple(
        Choice(
            f"{row.sign} {prom.text(text(row))}", COLOURS[row.level], prom.holds(row), _trouble(row),
            last - index, row.order,
        )
        for index, row in enumerate(rows)
    )  # fmt: skip


def _trouble(row: Outcome) -> int:
    if row.order is not Urgency.REST:
        return 40 - row.order
    return {"critical": 15, "lost": 15, "warning": 10, "info": 1, "none": 0, "good": 0}[row.level]
