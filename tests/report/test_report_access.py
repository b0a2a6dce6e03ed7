"""Getting at a Prometheus that wants TLS and a password, and at what is no Prometheus."""

import asyncio
import json
import os
import resource
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import bcrypt
import pytest
import trustme

from exporter.cli import main
from exporter.errors import UserError
from exporter.report.httpconfig import load_access
from exporter.report.query import Prometheus
from tests.support import environment, free_port, require, running, wait_for

EMPTY = "holds no generex_up from 2026-01-01 to 2026-01-02"


def told(url: str, folder: Path, capsys: pytest.CaptureFixture[str], access: str = "") -> str:
    """What the command says on standard error, with this text as its --http.config.file; it always fails."""
    file = folder / "http.yml"
    file.write_text(access)
    capsys.readouterr()
    out, period = f"--out={folder / 'a.html'}", ("--from=2026-01-01", "--to=2026-01-02")
    assert main(["report", f"--prometheus={url}", *period, out, f"--http.config.file={file}"]) == 1
    return capsys.readouterr().err


@pytest.fixture(scope="module", name="secured")
def _secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of an empty Prometheus with TLS and a password, and a folder with its CA."""
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own = authority.issue_cert("localhost")
    own.private_key_pem.write_to_path(folder / "key.pem")
    own.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    secret = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    (folder / "web.yml").write_text(
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
        f"basic_auth_users: {{reader: '{secret}'}}\n"
    )
    (folder / "prometheus.yml").write_text("{}")
    (folder / "password").write_text("open sesame\n")
    port = free_port()
    command = [
        require("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.config.file={folder}/web.yml", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    log = folder / "log"
    with running(command, log):
        wait_for(lambda: "ready to receive web requests" in log.read_text(), 60, "Prometheus")
        yield f"https://localhost:{port}", folder


PASSWORD = "basic_auth: {username: reader, password: open sesame}\n"


def test_tls_and_a_password_as_other_clients_have_them(
    secured: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, folder = secured
    trusted = f"tls_config: {{ca_file: {folder}/ca.pem}}\n"
    assert EMPTY in told(url, tmp_path, capsys, trusted + PASSWORD)
    from_file = f"basic_auth: {{username: reader, password_file: {folder}/password}}\n"
    assert EMPTY in told(url, tmp_path, capsys, trusted + from_file)
    assert EMPTY in told(url, tmp_path, capsys, PASSWORD + "tls_config: {insecure_skip_verify: true}\n")
    by_address = url.replace("localhost", "127.0.0.1")
    named = f"tls_config: {{ca_file: {folder}/ca.pem, server_name: localhost}}\n"
    assert EMPTY in told(by_address, tmp_path, capsys, named + PASSWORD)


def test_what_keeps_a_report_out_is_named_and_no_secret_is(
    secured: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, folder = secured
    assert "certificate verify failed" in told(url, tmp_path, capsys, PASSWORD)
    trusted = f"tls_config: {{ca_file: {folder}/ca.pem}}\n"
    refused = f"{url} refuses access (status 401): give credentials with --http.config.file"
    assert refused in told(url, tmp_path, capsys, trusted)
    for credentials in (PASSWORD.replace("open sesame", "x1x"), ""):
        address = url if credentials else url.replace("//", "//reader:x1x@")
        wrong = told(address, tmp_path, capsys, trusted + credentials)
        assert refused in wrong
        assert "x1x" not in wrong


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("basic_auth: {username: a}\nbearer_token: b\n", "give one of basic_auth, authorization"),
        ("oauth2: {client_id: a}\n", "oauth2"),
        ("tls_config: {ca_file: none.pem}\n", "1: tls_config.ca_file: cannot read the file"),
        ("basic_auth: {password_file: none}\n", "1: basic_auth.password_file: cannot read the file"),
        ("bearer_token_file: .\n", "named here: it is a folder: name the file in it"),
        ("authorization: {type: Bearer}\n", "authorization: give credentials or credentials_file"),
        ('http_headers: {X-Scope-OrgID: {values: ["a\\nb"]}}\n', "a header is one line of text"),
    ],
)
def test_a_bad_file_is_told_by_its_line(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "http.yml").write_text(text)
    with pytest.raises(UserError) as raised:
        load_access(tmp_path / "http.yml")
    assert "http.yml:" in str(raised.value)
    assert error in str(raised.value)


def test_nobody_waits_for_ever_for_a_secret(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "http.yml").write_text("basic_auth: {username: a, password_file: pipe}\n")
    with pytest.raises(UserError, match=r"basic_auth.password_file: .* to which nobody writes within 10 s"):
        load_access(tmp_path / "http.yml")


def test_headers_and_tokens_go_with_every_request(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "http.yml").write_text(
        "authorization: {credentials_file: token}\nhttp_headers: {X-Scope-OrgID: {values: [north]}}\n"
    )
    access = load_access(tmp_path / "http.yml")
    assert access.headers == (("Authorization", "Bearer t0ken"), ("X-Scope-OrgID", "north"))
    assert access.tls is None
    (tmp_path / "http.yml").write_text("tls_config: {insecure_skip_verify: true}\n")
    access = load_access(tmp_path / "http.yml")
    assert access.tls is not None
    assert access.tls.verify_mode == ssl.CERT_NONE


@pytest.fixture(name="answering")
def _answering() -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """The address of a server, and the answer that it gives: change it in place."""
    answer = [(200, "")]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, text = answer[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", answer
    finally:
        server.shutdown()
        server.server_close()


def refusal(reason: str) -> str:
    return json.dumps({"status": "error", "error": reason})


def found(*series: object) -> str:
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": series}})


NO_API = "has no query API of Prometheus (status"


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (200, "<html>Grafana</html>", f"{NO_API} 200, but: <html>Grafana</html>)"),
        (404, "", f"{NO_API} 404): give the address below which /api/v1/query is"),
        (403, "no", "refuses access (status 403)"),
        (200, "[1]", f"{NO_API} 200"),
        (200, found(7), f"{NO_API} 200"),
        (422, refusal("too many samples"), "(status 422): too many samples: raise --query.max-samples there"),
        (503, refusal("out of order"), "refuses a query (status 503): out of order"),
        (200, found(), EMPTY),
    ],
)
def test_what_is_no_prometheus_or_refuses_is_told(
    answering: tuple[str, list[tuple[int, str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    status: int, text: str, error: str,
) -> None:  # fmt: skip
    url, answer = answering
    answer[0] = (status, text)
    assert error in told(url, tmp_path, capsys)


def test_what_a_server_says_beside_its_answer_is_kept(answering: tuple[str, list[tuple[int, str]]]) -> None:
    url, answer = answering
    none = {"status": "success", "data": {"resultType": "vector", "result": []}}

    async def warnings(**beside: object) -> list[str]:
        answer[0] = (200, json.dumps(none | beside))
        async with Prometheus(url, load_access(None)) as client:
            assert await client.instant("up", 0) == []
        return list(client.warnings)

    assert asyncio.run(warnings(isPartial=False)) == []
    assert asyncio.run(warnings(warnings=["a store is down"])) == ["a store is down"]
    # VictoriaMetrics
    assert asyncio.run(warnings(isPartial=True)) == [
        "a part of its storage did not answer, so data may be missing"
    ]


def history() -> str:
    """A device with values of before the period, in it, and of after it."""
    start = 1767225600  # 2026-01-01
    values = [[start - 7200, "1"], [start, "1"], [start + 3 * 86400, "1"]]
    series = {"metric": {"device": "ups-a", "site": ""}, "values": values}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}})


def test_values_of_other_times_are_left_out(
    answering: tuple[str, list[tuple[int, str]]], tmp_path: Path
) -> None:
    """A server that moves the times to a grid of its own may answer from before the period, or after it."""
    url, answer = answering
    answer[0] = (200, history())
    out = tmp_path / "a.html"
    period = ("--from=2026-01-01", "--to=2026-01-02")
    assert main(["report", f"--prometheus={url}", *period, f"--out={out}"]) == 0
    assert '<th scope="row">ups-a</th><td class="number">0.0 %</td>' in out.read_text(encoding="utf-8")


def test_no_pipe_is_replaced(
    answering: tuple[str, list[tuple[int, str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, answer = answering
    answer[0] = (200, history())
    pipe = tmp_path / "a.html"
    os.mkfifo(pipe)
    assert f"{pipe} is not a file: give another name" in told(url, tmp_path, capsys)
    assert pipe.is_fifo()


# the browser may write more than the exporter, whose disk is full at a megabyte
CHROMIUM = """#!/bin/sh
ulimit -f unlimited
for flag; do case "$flag" in --print-to-pdf=*) head -c 3000000 /dev/zero > "${flag#*=}";; esac; done
"""


def test_a_full_disk_leaves_the_pdf_that_was_there(
    answering: tuple[str, list[tuple[int, str]]], tmp_path: Path
) -> None:
    url, answer = answering
    answer[0] = (200, history())
    (tmp_path / "chromium").write_text(CHROMIUM)
    (tmp_path / "chromium").chmod(0o755)
    out = tmp_path / "a.pdf"
    out.write_text("the old one")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

    command = [sys.executable, "-m", "exporter", "report", f"--prometheus={url}", f"--out={out}"]
    done = subprocess.run(
        [*command, "--from=2026-01-01", "--to=2026-01-02"],
        env=environment(PATH=f"{tmp_path}:{os.environ['PATH']}"),
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.endswith(f"cannot write {out}: File too large\n")
    assert out.read_text() == "the old one"


def test_nobody_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no answer from http://127.0.0.1:1" in told("http://127.0.0.1:1", tmp_path, capsys)


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ("proxy_url: proxy:3128\n", "write http://HOST:PORT, the address of a proxy"),
        ("proxy_url: http://reader:secret@proxy:port\n", "write http://HOST:PORT, the address of a proxy"),
        ("proxy_url: http://010.0.0.1:3128\n", '"010.0.0.1" would be read as 8.0.0.1'),
        ("http_headers: {X Scope: {values: [a]}}\n", "not the name of a header"),
    ],
)
def test_what_is_wrong_in_the_file_is_not_told_of_the_server(
    access: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told("http://127.0.0.1:9", tmp_path, capsys, access)
    assert said in text
    assert "no answer from" not in text
    assert "secret" not in text
