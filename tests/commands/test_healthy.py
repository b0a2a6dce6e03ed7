"""`healthy`: what a container check learns from it."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
import trustme

from tests.support import cli, exporter, free_port, inside, wait_for


def test_a_running_exporter_is_healthy() -> None:
    with exporter("--target=127.0.0.1:9") as it:
        address = f"127.0.0.1:{it.port}"
        good = cli("healthy", f"--web.listen-address={address}")
        assert (good.returncode, good.stdout, good.stderr) == (0, "Healthy\n", "")
        assert inside("healthy", GENEREX_WEB_LISTEN_ADDRESS=address).returncode == 0
        assert inside("healthy", GENEREX_WEB_LISTEN_ADDRESS=f"{address},127.0.0.1:1").returncode == 0
        # the flag goes before the environment
        assert (
            inside("healthy", f"--web.listen-address={address}", GENEREX_WEB_LISTEN_ADDRESS=":1").returncode
            == 0
        )


def test_one_that_listens_everywhere_is_asked_here() -> None:
    port = free_port()
    with exporter("--target=127.0.0.1:9", f"--web.listen-address=:{port}"):
        for host in ("", "0.0.0.0", "[::]", "localhost", "[::1]"):
            assert inside("healthy", f"--web.listen-address={host}:{port}").returncode == 0, host


def test_it_needs_neither_web_server_nor_configuration() -> None:
    """A container asks every few seconds: what it does not load costs nobody a second of CPU a minute."""
    loaded = "import sys, exporter.commands.healthy; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert not {"aiohttp", "pydantic", "yaml", "pymodbus"} & set(done.stdout.split())


def test_nobody_there() -> None:
    port = free_port()
    bad = inside("healthy", f"--web.listen-address=127.0.0.1:{port}")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith(f"generex-exporter: error: no answer from 127.0.0.1:{port}: ")
    assert bad.stderr.endswith(": Connection refused\n")
    assert inside("healthy", "--web.listen-address=no-such-host.invalid:80").returncode == 1


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
    bad = inside("healthy", f"--web.listen-address=127.0.0.1:{sick}")
    assert bad.returncode == 1
    assert bad.stderr == f"generex-exporter: error: 127.0.0.1:{sick} answers 503: not today\n"


@pytest.fixture(name="web", scope="module")
def _web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's certificate and key, and the authority that made them."""
    folder = tmp_path_factory.mktemp("web")
    authority = trustme.CA()
    leaf = authority.issue_cert("ups.example.org")
    (folder / "server.crt").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(folder / "server.key"))
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    return folder


PAIR = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
VERIFY = f"{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
USERS = f"basic_auth_users: {{alice: {bcrypt.hashpw(b'a', bcrypt.gensalt(4)).decode()}}}\n"
ASKS = "Healthy (it asks for a client certificate)\n"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (USERS, "Healthy\n"),
        (PAIR + USERS + "rate_limit: {interval: 1h, burst: 1}\n", "Healthy\n"),
        (VERIFY, ASKS),
        (VERIFY.replace("key_file", "max_version: TLS12\n  key_file"), ASKS),
    ],
    ids=["users", "tls", "client certificate", "client certificate with TLS 1.2"],
)
def test_it_follows_the_web_configuration(web: Path, config: str, says: str) -> None:
    file = web / "web.yml"
    file.write_text(config)
    with exporter("--target=127.0.0.1:9", f"--web.config.file={file}", ready=False) as it:
        wait_for(lambda: "listening" in it.log)
        address = f"--web.listen-address=127.0.0.1:{it.port}"
        done = inside("healthy", address, f"--web.config.file={file}")
        assert (done.returncode, done.stdout, done.stderr) == (0, says, "")
        # what is broken since changes nothing in the running exporter, nor in its health
        file.write_text("nonsense")
        done = inside("healthy", address, GENEREX_WEB_CONFIG_FILE=str(file))
        assert (done.returncode, done.stdout, done.stderr) == (0, says, "")


def test_nobody_there_with_tls() -> None:
    port = free_port()
    bad = inside("healthy", f"--web.listen-address=127.0.0.1:{port}", "--web.config.file=web.yml")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith(f"generex-exporter: error: no answer from 127.0.0.1:{port}: ")
