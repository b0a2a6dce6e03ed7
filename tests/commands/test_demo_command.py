"""`generex-exporter demo`, the command behind `make run`."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from tests.support import inside


def test_demo_serves_a_simulated_bacs_and_ends_cleanly() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "exporter",
        "demo",
        f"--web.listen-address=127.0.0.1:{port}",
        "--speed=60",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    page = ""
    try:
        until = time.monotonic() + 20
        while "generex_up{" not in page and time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer,
            ):
                page = answer.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    assert 'generex_up{device="demo"} 1' in page
    assert 'generex_bacs_strings{device="demo"} 2' in page
    assert 'generex_bacs_modules{device="demo"} 40' in page
    assert f"http://127.0.0.1:{port}/metrics" in said
    assert f"{sys.executable} -m exporter probe tcp://127.0.0.1:" in said, "a line to copy"
    assert process.returncode == 0


def test_unknown_scenarios_are_named() -> None:
    done = inside("demo", "--scenario=flood")
    assert done.returncode == 2
    assert "flood" in done.stderr
    assert "power-failure" in done.stderr
    assert "Traceback" not in done.stderr
