"""How the outcomes that the rules record look: word, shape and colour by rank."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.assess.outcomes import OUTCOMES, Level, Outcome
from exporter.assess.promql import Prom
from exporter.generate.alerts.outcomes import RANKS

GREEN, BLUE, GREY = "#37872D", "#3274D9", "#5A6070"
ORANGE, RED, PURPLE = "#E8701A", "#C4162A", "#8F3BB8"
QUIET = "#23303F"
"""In order, or a flag that is not set: there, but calm."""

COLOUR: dict[Level, str] = {
    "critical": RED, "lost": PURPLE, "warning": ORANGE, "info": BLUE, "none": GREY, "good": QUIET,
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What a number means."""

    number: int
    text: str
    colour: str


def choices(prom: Prom, text: Callable[[Outcome], str]) -> tuple[Choice, ...]:
    """The words of the outcomes that answer a question: those that have a `text` for it."""
    return tuple(
        Choice(RANKS[row.key], f"{row.sign} {prom.text(text(row))}", COLOUR[row.level])
        for row in OUTCOMES
        if text(row)
    )
