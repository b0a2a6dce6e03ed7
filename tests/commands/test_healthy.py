"""`healthy`: what a container check learns from it."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from support import cli, exporter, free_port


def test_a_running_exporter_is_healthy() -> None:
    with exporter("--target=127.0.0.1:9") as it:
        address = f"127.0.0.1:{it.port}"
        good = cli("healthy", f"--web.listen-address={address}")
        assert (good.returncode, good.stdout, good.stderr) == (0, "Healthy\n", "")
        assert cli("healthy", GENEREX_WEB_LISTEN_ADDRESS=address).returncode == 0
        assert cli("healthy", GENEREX_WEB_LISTEN_ADDRESS=f"{address},127.0.0.1:1").returncode == 0
        # the flag goes before the environment
        assert (
            cli("healthy", f"--web.listen-address={address}", GENEREX_WEB_LISTEN_ADDRESS=":1").returncode == 0
        )


def test_one_that_listens_everywhere_is_asked_here() -> None:
    port = free_port()
    with exporter("--target=127.0.0.1:9", f"--web.listen-address=:{port}"):
        for host in ("", "0.0.0.0", "[::]", "localhost", "[::1]"):
            assert cli("healthy", f"--web.listen-address={host}:{port}").returncode == 0, host


def test_nobody_there() -> None:
    port = free_port()
    bad = cli("healthy", f"--web.listen-address=127.0.0.1:{port}")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith(f"generex-exporter: error: no answer from 127.0.0.1:{port}: ")
    assert "Connection refused" in bad.stderr
    assert cli("healthy", "--web.listen-address=no-such-host.invalid:80").returncode == 1


class _Sick(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"not today")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(name="sick")
def _sick() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Sick) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_another_answer_is_not_healthy(sick: int) -> None:
    bad = cli("healthy", f"--web.listen-address=127.0.0.1:{sick}")
    assert bad.returncode == 1
    assert bad.stderr == f"generex-exporter: error: 127.0.0.1:{sick} answers 503: not today\n"
