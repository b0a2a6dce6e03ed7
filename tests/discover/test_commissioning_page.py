"""docs/commissioning.md shows what is printed, but for times, versions and how long things took."""

import asyncio
import re
from pathlib import Path

import pytest

from exporter.config import load_config
from exporter.simulator.server import Simulator
from tests.discover.devices import command

PAGE = (Path(__file__).parents[2] / "docs" / "commissioning.md").read_text(encoding="utf-8")


def timeless(text: str) -> str:
    for what, name in (
        (r"\d+ ms", "N ms"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "NOW"),
        (r"by generex-exporter \S+ discover", "by VERSION"),
    ):
        text = re.sub(what, name, text)
    return text


def test_what_the_page_shows_is_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def play() -> None:
        # some seconds after the start, as whoever follows the page
        now = [0.0]
        async with Simulator(listen="127.0.0.1:0", clock=lambda: now[0]) as device:
            now[0] = 1.5
            here = f"127.0.0.1:{device.port}"
            words = ["--name", "ups-a", "--write", "generex.yml", "--report", "report.md"]
            done = await command(capsys, "discover", device.target, *words)
            assert done.code == 0
            assert timeless(done.out.replace(here, "127.0.0.1:5020").rstrip()) in timeless(PAGE)
            for line in done.err.replace(here, "127.0.0.1:5020").splitlines():
                assert line in PAGE
            file = (tmp_path / "generex.yml").read_text()
            assert timeless(file.replace(here, "127.0.0.1:5020")) in timeless(PAGE)
            checked = await command(capsys, "check", "generex.yml")
            assert checked.out.replace(here, "127.0.0.1:5020") in PAGE
            assert load_config(tmp_path / "generex.yml").devices[0].expect.modules == 40
            recorded = await command(
                capsys, "record", device.target, "outage.jsonl", "--interval=20ms", "--count=3", "--no-target"
            )
            assert recorded.err.endswith("3 passes in outage.jsonl\n")
            spans = ["--scan", "90-120", "--watch-for", "0s", "--pause=0ms"]
            files = ["--write", "scan.yml", "--report", "scan.md"]
            scanned = await command(capsys, "discover", device.target, *spans, *files)
            summary, table = scanned.out.split("the words were looked at")
            assert summary in PAGE
            assert all(line in PAGE for line in table.splitlines() if "  109  " in line or "115–120" in line)
            assert scanned.err.splitlines()[-1] in PAGE
        silent = await command(capsys, "discover", "tcp://127.0.0.1:1", "--timeout=1s")
        assert silent.err.replace("127.0.0.1:1:", "127.0.0.1:5021:").splitlines()[1] in PAGE

    asyncio.run(play())
