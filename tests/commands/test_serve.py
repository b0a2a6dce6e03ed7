"""`serve` as a process: its flags and environment, signals, and what it logs."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Exporter, exporter, free_port, simulator, wait_for


def names(it: Exporter) -> list[str]:
    return [entry["targets"][0] for entry in json.loads(it.get("/sd"))]


def test_targets_come_from_the_environment() -> None:
    with exporter(env={"GENEREX_TARGET": " a=10.0.0.1 , tcp://10.0.0.2?unit=3,"}) as it:
        assert names(it) == ["a", "10.0.0.2:502/3"]


def test_the_flag_takes_the_place_of_the_environment() -> None:
    with exporter("--target=b=10.0.0.2", "--target=c=10.0.0.3", env={"GENEREX_TARGET": "a=10.0.0.1"}) as it:
        assert names(it) == ["b", "c"]


def test_file_and_environment_add_up(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("devices: [{name: filed, target: 10.0.0.9, module: ups}]\n")
    env = {"GENEREX_CONFIG_FILE": str(config), "GENEREX_TARGET": "a=10.0.0.1", "GENEREX_MODULE": "bacs"}
    with exporter(env=env) as it:
        modules = {
            entry["targets"][0]: entry["labels"]["__meta_generex_module"]
            for entry in json.loads(it.get("/sd"))
        }
        assert modules == {"filed": "ups", "a": "bacs"}
    other = tmp_path / "other.yaml"
    other.write_text("devices: [{name: other, target: 10.0.0.8}]\n")
    with exporter(f"--config.file={other}", env={"GENEREX_CONFIG_FILE": str(config)}) as it:
        assert names(it) == ["other"]


def test_listen_addresses_come_from_the_environment_too() -> None:
    first, second = free_port(), free_port()
    with exporter(
        "--target=a", env={"GENEREX_WEB_LISTEN_ADDRESS": f"127.0.0.1:{first},127.0.0.1:{second}"}
    ) as it:  # fmt: skip
        # the helper's own flag goes before the environment
        assert it.request("/-/ready").status == 200
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", first), 1)
    with exporter("--target=a", f"--web.listen-address=127.0.0.1:{second}") as it:
        for port in (it.port, second):
            socket.create_connection(("127.0.0.1", port), 1).close()


def test_what_kubernetes_injects_is_ignored() -> None:
    env = {
        "GENEREX_EXPORTER_PORT": "tcp://10.0.0.1:10141",
        "GENEREX_EXPORTER_SERVICE_HOST": "10.0.0.1",
        "GENEREX_PORT_10141_TCP": "tcp://10.0.0.1:10141",
        "GENEREX_LOG_LEVEL": "",
        "GENEREX_VERSION": "9",
        "GENEREX_HELP": "yes",
    }
    with exporter("--target=a=10.0.0.1", env=env) as it:
        assert names(it) == ["a"]


def test_the_timeout_offset_counts() -> None:
    for offset, allowed in (("0", 2), ("1s", 1), ("30", 1)):
        with exporter("--target=127.0.0.1:9", f"--timeout-offset={offset}") as it:
            page = it.request("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"}).text
            (line,) = [
                line for line in page.splitlines() if line.startswith("generex_scrape_timeout_seconds{")
            ]
            assert float(line.split()[-1]) == pytest.approx(allowed, abs=0.2)


@pytest.fixture(name="silent")
def _silent() -> Iterator[tuple[int, threading.Event]]:
    """A device that never answers: its port, and whether it was asked."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connections = []
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections.append(connection)
                asked.set()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_is_quick_and_good_also_with_a_scrape_under_way(
    number: signal.Signals, silent: tuple[int, threading.Event], tmp_path: Path
) -> None:
    port, asked = silent
    config = tmp_path / "c.yaml"
    config.write_text(
        f"devices: [{{name: a, target: '127.0.0.1:{port}', timeout: 50s, request_timeout: 50s}}]\n"
    )
    with (
        exporter(f"--config.file={config}") as it,
        socket.create_connection(("127.0.0.1", it.port)) as client,
    ):
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n")
        assert asked.wait(10)
        assert it.stop(number, within=20) == 0, "the scrape would take 50 s"
        assert "Traceback" not in it.log
        assert "level=error" not in it.log
        assert len(it.log_lines("msg=stopping")) == 1


def test_the_end_does_not_wait_for_idle_clients() -> None:
    with exporter("--target=127.0.0.1:9") as it, socket.create_connection(("127.0.0.1", it.port)) as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"Healthy" in client.recv(1000)
        assert it.stop(within=20) == 0, "idle connections are kept for 75 s"


def test_a_device_that_stays_down_is_logged_once() -> None:
    port = free_port()
    with exporter(f"--target=a=127.0.0.1:{port}") as it:
        for _ in range(8):
            assert 'generex_up{device="a"} 0' in it.get("/metrics")
        (line,) = it.log_lines("device=a")
        assert "level=warn" in line
        assert 'msg="device does not answer"' in line
        assert f"target=tcp://127.0.0.1:{port}" in line
        assert "Connection refused" in line


def test_changes_are_logged_and_scrapes_are_not() -> None:
    port = free_port()

    def up(it: Exporter, value: int) -> bool:
        return f'generex_up{{device="a"}} {value}\n' in it.get("/metrics")

    with exporter(f"--target=a=127.0.0.1:{port}", "--log.format=json") as it:
        with simulator(port, "--battery-modules=4"):
            wait_for(lambda: up(it, 1))
            for _ in range(5):
                it.get("/metrics")
        wait_for(lambda: up(it, 0))
        for _ in range(3):
            it.get("/metrics")
        with simulator(port, "--battery-modules=4"):
            wait_for(lambda: up(it, 1))
        lines = [json.loads(line) for line in it.log.splitlines()]
        assert [line["msg"] for line in lines if line.get("device") == "a"] == [
            "device answers", "device does not answer", "device answers again",
        ]  # fmt: skip
        assert len(lines) <= 6
        assert all({"ts", "level", "msg"} <= line.keys() for line in lines)


def test_both_log_formats_keep_to_one_line(tmp_path: Path) -> None:
    config = tmp_path / 'hostile "name".yaml'
    config.write_text("devices: [{name: 'a \"b\" = c', target: 127.0.0.1:9}]\n")
    for form in ("logfmt", "json"):
        with exporter(f"--config.file={config}", f"--log.format={form}") as it:
            it.get("/metrics")
            config.write_text("devices: 1\nx: 2\n")
            assert it.request("/-/reload", "POST").status == 500
            config.write_text("devices: [{name: 'a \"b\" = c', target: 127.0.0.1:9}]\n")
            (failed,) = it.log_lines("configuration not reloaded")
            (down,) = it.log_lines("does not answer")
            if form == "json":
                assert json.loads(down)["device"] == 'a "b" = c'
                assert json.loads(failed)["error"].count("\n") == 1
            else:
                assert 'device="a \\"b\\" = c"' in down
                assert "\\n" in failed
            (first,) = it.log_lines("listening")
            assert f"127.0.0.1:{it.port}" in first


def test_malformed_requests_do_not_fill_the_log() -> None:
    with exporter("--target=a=127.0.0.1:9") as it:
        before = it.log
        for data in (
            b"\x16\x03\x01\x02\x00\x01",
            b"GARBAGE\r\n\r\n",
            b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", it.port)) as client:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass
        assert it.request("/-/healthy").status == 200
        assert it.log == before
