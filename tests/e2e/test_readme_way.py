"""The README's way, with what it writes: from a device's address to an alert that fires in Prometheus."""

import asyncio
import json
import re
import shlex
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml

from exporter.simulator.server import Simulator
from tests.support import cli, exporter, free_port, require, running, wait_for

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def alerts(port: int) -> set[str]:
    """The alerts that fire."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=10) as answer:
        found = json.load(answer)["data"]["alerts"]
    return {item["labels"]["alertname"] for item in found if item["state"] == "firing"}


def commands() -> list[list[str]]:
    """What the README tells to type, without its comments."""
    (block,) = [text for text in re.findall(r"```console\n(.*?)```", README, re.DOTALL) if "--write" in text]
    lines = re.findall(r"^\$ generex-exporter (.+)$", block, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def test_from_an_address_to_a_firing_alert(tmp_path: Path) -> None:
    """Only the addresses and the times between scrapes differ from what the README says."""
    program = require("prometheus")
    discover, probe, serve = commands()
    assert [discover[0], probe[0], serve] == ["discover", "probe", ["--config.file", "generex.yml"]]

    def way(device: str, fail: Callable[[], object]) -> None:
        def typed(words: list[str]) -> list[str]:
            return [{"tcp://10.0.0.7": device, "generex.yml": str(file)}.get(word, word) for word in words]

        file = tmp_path / "generex.yml"
        assert cli(*typed(discover)).returncode == 0
        assert "generex_ups_output_volts" in cli(*typed(probe)).stdout
        fail()
        with exporter(*typed(serve)) as it:
            (text,) = re.findall(r"```yaml\n(# prometheus.yml\n.*?)```", README, re.DOTALL)
            config = yaml.safe_load(text.replace("127.0.0.1:10141", f"127.0.0.1:{it.port}"))
            config["global"] = dict.fromkeys(config["global"], "1s")
            config["rule_files"] = [str(ROOT / name) for name in config["rule_files"]]
            (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
            port = free_port()
            command = [
                program, f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ]  # fmt: skip
            with running(command, tmp_path / "log"):
                wanted = {"GenerexWatchdog", "GenerexOnBattery"}
                wait_for(lambda: wanted <= alerts(port), 120, "the alert of a device on battery")

    async def run() -> None:
        loop = asyncio.get_running_loop()
        async with Simulator(listen="127.0.0.1:0", modules=4) as device:
            off = partial(device.turn, mains=False)
            await asyncio.to_thread(way, device.target, partial(loop.call_soon_threadsafe, off))

    asyncio.run(run())
