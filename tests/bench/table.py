"""What a measurement prints."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """Aligned columns under a title; `figures` are those that are compared with the baseline."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = (self.head, *self.rows)
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        text = ("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
        return "\n".join((f"{self.title}\n", *text, ""))
