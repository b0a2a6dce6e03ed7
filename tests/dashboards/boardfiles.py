"""The committed boards, as the tests read them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards"
NAMES = ("fleet", "ups", "bacs", "exporter")


@dataclass(frozen=True)
class Target:
    """A query with its place."""

    board: str
    panel: dict[str, Any]
    index: int

    @property
    def title(self) -> str:
        title: str = self.panel["title"]
        return title

    @property
    def expr(self) -> str:
        expr: str = self.panel["targets"][self.index]["expr"]
        return expr

    @property
    def instant(self) -> bool:
        return bool(self.panel["targets"][self.index]["instant"])

    def __str__(self) -> str:
        return f"{self.board}: {self.title}, query {'ABCDEFGHIJKL'[self.index]}"


@cache
def board(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def panels(name: str) -> list[dict[str, Any]]:
    """All panels of a board, also those in closed rows; rows left out."""
    return [panel for panel in with_rows(name) if panel["type"] != "row"]


def with_rows(name: str) -> list[dict[str, Any]]:
    """All panels of a board, and its rows."""
    return [one for panel in board(name)["panels"] for one in (panel, *panel.get("panels", ()))]


def targets() -> Iterator[Target]:
    """Every query of every panel of every board."""
    for name in NAMES:
        for panel in panels(name):
            for index in range(len(panel["targets"])):
                yield Target(name, panel, index)
