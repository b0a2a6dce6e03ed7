"""What the service manager is told, on a real notification socket, and the unit by systemd's own checks."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import exporter, require, wait_for

UNIT = Path(__file__).parents[2] / "deploy/systemd/generex-exporter.service"
PROGRAM = "/opt/generex-exporter/bin/generex-exporter"


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """The end of the service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(address)
        end.settimeout(20)
        yield end


def told(end: socket.socket) -> dict[str, str]:
    """The next message."""
    return dict(line.split("=", 1) for line in end.recv(4096).decode().splitlines())


def test_ready_reload_and_stop(tmp_path: Path) -> None:
    config, path = tmp_path / "c.yaml", str(tmp_path / "notify")
    config.write_text("devices: [{name: a, target: 127.0.0.1:9}]\n")
    with (
        manager(path) as end,
        exporter(f"--config.file={config}", env={"NOTIFY_SOCKET": path}, ready=False) as it,
    ):
        assert told(end) == {"READY": "1", "STATUS": "devices configured: 1"}
        # ready means that the port is open
        assert it.request("/-/ready").status == 200

        config.write_text("devices: [{name: a, target: 127.0.0.1:9}, {name: b, target: 127.0.0.1:8}]\n")
        before = time.monotonic_ns() // 1000
        it.process.send_signal(signal.SIGHUP)
        begin = told(end)
        assert begin.pop("RELOADING") == "1"
        assert before <= int(begin.pop("MONOTONIC_USEC")) <= time.monotonic_ns() // 1000
        assert not begin
        assert told(end) == {"READY": "1", "STATUS": "devices configured: 2"}
        assert '"b"' in it.get("/sd")

        config.write_text("devises: []\n")
        it.process.send_signal(signal.SIGHUP)
        assert told(end)["RELOADING"] == "1"
        assert told(end) == {"READY": "1", "STATUS": "reload failed, the old configuration stays"}

        assert it.stop() == 0
        assert told(end) == {"STOPPING": "1"}


def test_a_socket_of_the_abstract_namespace(tmp_path: Path) -> None:
    name = f"generex-test{tmp_path}"
    with (
        manager(f"\0{name}") as end,
        exporter("--target=127.0.0.1:9", env={"NOTIFY_SOCKET": f"@{name}"}, ready=False),
    ):
        assert told(end)["READY"] == "1"


def test_a_manager_that_is_gone_is_no_reason_to_stop(tmp_path: Path) -> None:
    with exporter("--target=127.0.0.1:9", env={"NOTIFY_SOCKET": str(tmp_path / "gone")}) as it:
        (line,) = wait_for(lambda: it.log_lines("service manager not told"), what="the warning")
        assert "No such file or directory" in line
        assert it.request("/-/healthy").status == 200


@pytest.fixture(name="unit")
def _unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here."""
    text = UNIT.read_text()
    assert PROGRAM in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(PROGRAM, sys.executable))
    return copy


def test_systemd_understands_the_unit(unit: Path) -> None:
    done = subprocess.run(
        [require("systemd-analyze"), "verify", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_finds_little_that_the_unit_exposes(unit: Path) -> None:
    done = subprocess.run(
        [require("systemd-analyze"), "security", "--offline=true", "--no-pager", "--threshold=15", unit],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"exposure level .*: [01]\.\d", done.stdout), done.stdout


def test_wrong_usage_is_not_started_again_and_again() -> None:
    """It began anew every 5 s, for ever: RestartSec is too long for systemd's own limit of starts."""
    command = [sys.executable, "-m", "exporter", "--target=127.0.0.1:9"]
    environment = {**os.environ, "GENEREX_LOG_LEVEL": "loud"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert f"RestartPreventExitStatus={done.returncode}" in UNIT.read_text().splitlines()
