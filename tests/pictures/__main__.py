"""Draws docs/images/{fleet,ups,bacs,exporter}.png from simulated devices and a real Prometheus."""

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "dashboards")]

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.dashboards.boardfiles import NAMES, ROOT, board  # noqa: E402 (these stand beside the tests)
from tests.dashboards.hall import Hall, filled, running_hall  # noqa: E402
from tests.pictures.draw import Answers, page  # noqa: E402

SHOWN = {"fleet": "[^:]+", "ups": "on-battery", "bacs": "sick-blocks", "exporter": "[^:]+"}
"""The devices on each board: those of the hall, and one where a board opens on one."""


def main() -> None:
    """Four pictures, after a minute and a half of history with a power failure in it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_hall(Path(folder)) as hall,
        sync_playwright() as play,
    ):
        time.sleep(40)
        hall.turn("fine", mains=False)
        time.sleep(8)
        hall.turn("fine", mains=True)
        hall.turn("lost", ups_communication=False)
        hall.turn("dying", answers=False)
        time.sleep(40)
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1600, "height": 900})
        for name in NAMES:
            tab.set_content(page(board(name), lambda panel, name=name: answers(hall, panel, SHOWN[name])))
            tab.screenshot(path=ROOT / "docs" / "images" / f"{name}.png", full_page=True)
            print(f"docs/images/{name}.png")


def answers(hall: Hall, panel: dict[str, Any], devices: str) -> Answers:
    """Each query of a panel with what it finds now, or found over the last two minutes."""
    found = []
    for target in panel["targets"]:
        expr = re.sub(r'device=~"\.\+"', f'device=~"{devices}"', filled(target["expr"]))
        found.append((target, hall.instant(expr) if target["instant"] else hall.over_time(expr, 110)))
    return found


if __name__ == "__main__":
    main()
