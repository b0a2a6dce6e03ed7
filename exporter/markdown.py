"""Tables of Markdown, whatever stands in their cells."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The lines of a table; its cells are Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def cell(content: object) -> str:
    """What stands between two bars: one line, which holds no bar of the table."""
    return " ".join(str(content).splitlines()).replace("|", r"\|")
