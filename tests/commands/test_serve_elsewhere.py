"""`serve` that only checks, at a socket of systemd, and with a second path of /metrics."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from exporter.config import load_config
from exporter.web.app import create_app
from exporter.web.prefix import METRICS, telemetry_path
from exporter.web.state import State
from tests.support import Exporter, environment, exporter, free_port, inside, require, running, wait_for


def test_config_check_says_what_would_be_served_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "generex.yml"
    file.write_text("devices: [{name: a, target: 10.0.0.7}, {name: b, target: 10.0.0.8, module: ups}]\n")
    done = inside(f"--config.file={file}", "--target=c=10.0.0.9", "--config.check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "good: 3 devices, 2 modules, 0 own maps\n", "")
    file.write_text("devices: [{name: a, target: 10.0.0.7, modul: ups}]\n")
    done = inside("serve", f"--config.file={file}", "--config.check")
    assert (done.returncode, done.stdout) == (1, "")
    assert 'generex.yml:1: devices.0.modul: unknown key "modul"' in done.stderr


@pytest.mark.parametrize(("value", "code"), [("true", 0), ("True", 0), ("yes", 2)])
def test_a_flag_without_a_value_is_true_or_false_in_the_environment(value: str, code: int) -> None:
    done = inside("--target=a=10.0.0.7", GENEREX_CONFIG_CHECK=value)
    assert done.returncode == code
    assert ("GENEREX_CONFIG_CHECK: 'yes' is not one of true, false" in done.stderr) == (code == 2)


def test_false_in_the_environment_changes_nothing() -> None:
    with exporter("--target=a=10.0.0.7", env={"GENEREX_CONFIG_CHECK": "false"}) as it:
        assert it.get("/-/ready") == "Ready\n"


def test_a_socket_of_systemd(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    serve = [sys.executable, "-m", "exporter", "--target=a=10.0.0.7", "--web.systemd-socket"]
    command = [require("systemd-socket-activate"), f"--listen=127.0.0.1:{port}"]
    command += [f"--setenv={name}={value}" for name, value in environment().items()]
    with running([*command, *serve], log, environment()) as process:
        wait_for(lambda: "Listening on" in log.read_text(), what="the socket")
        it = Exporter(process, port, log)
        assert it.get("/-/healthy") == "Healthy\n"  # the connection that starts it
        assert f"address=127.0.0.1:{port}" in it.log
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_second_path_of_metrics() -> None:
    with exporter(
        "--target=a=127.0.0.1:1", "--web.telemetry-path=/ups/all", "--web.route-prefix=/x",
        ready="/x/-/ready",
    ) as it:  # fmt: skip
        for path in ("/x/ups/all", "/x/metrics"):
            assert 'generex_up{device="a"} 0\n' in it.get(path)


@pytest.mark.parametrize(
    ("text", "path"), [("/metrics", METRICS), ("metrics", METRICS), ("/a/b/", "/a/b"), ("/-x", "/-x")]
)
def test_paths_of_metrics(text: str, path: str) -> None:
    assert telemetry_path(text) == path


def test_every_other_path_is_taken() -> None:
    async def paths() -> set[str]:
        state = State(lambda: load_config(targets=["a=10.0.0.7"]), 0.5)
        try:
            return {resource.canonical for resource in create_app(state).router.resources()}
        finally:
            state.fleet.close()

    found = asyncio.run(paths()) - {METRICS}
    assert len(found) > 8
    for path in found:
        with pytest.raises(ValueError, match=r"something else stands there|write a path like"):
            telemetry_path(path)
