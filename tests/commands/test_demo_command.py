"""`generex-exporter demo`, the command behind `make run`."""

import signal
import sys
import urllib.request
from pathlib import Path

from tests.support import environment, free_port, inside, running, wait_for


def test_demo_serves_a_simulated_bacs_and_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "exporter",
        "demo",
        f"--web.listen-address=127.0.0.1:{port}",
        "--speed=60",
    ]

    def up() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            page: str = answer.read().decode()
        return page if 'generex_up{device="demo"} 1\n' in page else ""

    with running(command, tmp_path / "log", environment()) as process:
        page = wait_for(up, what="a page of the device")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    said = (tmp_path / "log").read_text()
    assert 'generex_bacs_strings{device="demo"} 2' in page
    assert 'generex_bacs_modules{device="demo"} 40' in page
    assert f"http://127.0.0.1:{port}/metrics" in said
    assert f"{sys.executable} -m exporter probe tcp://127.0.0.1:" in said, "a line to copy"


def test_unknown_scenarios_are_named() -> None:
    done = inside("demo", "--scenario=flood")
    assert done.returncode == 2
    assert "flood" in done.stderr
    assert "power-failure" in done.stderr
    assert "Traceback" not in done.stderr
