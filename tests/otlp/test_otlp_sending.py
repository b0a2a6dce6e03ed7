"""Sending: what goes wrong is told in words, also what the SDK takes for success; TLS and headers."""

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import trustme
from otlp_receiver import Receiver, receiver
from support import free_port

from exporter.config import Header, Otlp, OtlpTls
from exporter.exposition.otlp.send import Sender
from exporter.exposition.otlp.starts import Starts


def send(port: int, *, scheme: str = "http", timeout: float = 5.0, **settings: object) -> str:
    """What sending nothing to that port ends with."""
    sender = Sender(Otlp(f"{scheme}://localhost:{port}/v1/metrics", timeout=timeout, **settings), Starts(1))  # type: ignore[arg-type]
    try:
        return sender.send([], [], 1.0)
    finally:
        sender.close()


def refuse(status: int, headers: Mapping[str, str] | None = None) -> Callable[[Receiver], None]:
    def apply(collector: Receiver) -> None:
        collector.status, collector.answer_headers = status, headers or {}

    return apply


@pytest.mark.parametrize(
    ("behaviour", "error", "attempts"),
    [
        (refuse(400), "400 Bad Request", 1),
        (refuse(401), "401 Unauthorized", 1),
        (refuse(404), "404 Not Found", 1),
        (refuse(413), "413 Request Entity Too Large", 1),
        (refuse(500), "500 Internal Server Error", 1),
        (refuse(503, {"Retry-After": "3600"}), "503 Service Unavailable", 1),
        (refuse(429, {"Retry-After": "0"}), "429 Too Many Requests", 6),
        (
            refuse(302, {"Location": "https://elsewhere/"}),
            "redirected to https://elsewhere/: give that address as the endpoint",
            1,
        ),
        (lambda collector: collector.reject(7, "too old"), "7 points rejected: too old", 1),
    ],
)
def test_refusals_are_failures_that_name_the_reason(
    behaviour: Callable[[Receiver], None], error: str, attempts: int
) -> None:
    with receiver() as collector:
        behaviour(collector)
        assert send(collector.port) == error
        assert collector.attempts == attempts


def test_an_answer_in_another_form_is_good() -> None:
    with receiver() as collector:
        collector.answer = b'{"partialSuccess":{}}'
        assert send(collector.port) == ""


def test_no_collector() -> None:
    started = time.monotonic()
    assert send(free_port(), timeout=0.3) == "Connection refused"
    assert time.monotonic() - started < 2


def test_a_collector_that_hangs_costs_the_timeout() -> None:
    with receiver() as collector:
        collector.hangs = True
        started = time.monotonic()
        assert send(collector.port, timeout=0.3) == "timed out"
        assert 0.3 <= time.monotonic() - started < 2


def test_a_name_that_nobody_has() -> None:
    sender = Sender(Otlp("http://collector.invalid:4318/v1/metrics", timeout=0.3), Starts(1))
    assert re.search("not known|resolution", sender.send([], [], 1.0))


def test_the_sdk_logs_nothing_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert send(free_port(), timeout=1.5) == "Connection refused"
    assert caplog.records == []


def test_closing_ends_the_waiting_for_another_try() -> None:
    with receiver() as collector:
        collector.status, collector.answer_headers = 503, {"Retry-After": "20"}
        sender = Sender(Otlp(f"http://localhost:{collector.port}/v1/metrics", timeout=30), Starts(1))
        result: list[str] = []
        thread = threading.Thread(target=lambda: result.append(sender.send([], [], 1.0)), daemon=True)
        thread.start()
        while not collector.attempts:
            thread.join(0.01)
        sender.close()
        thread.join(5)
        assert result == ["503 Service Unavailable"]
        assert collector.attempts == 1


def test_path_headers_and_compression() -> None:
    headers = {"Authorization": Header("Bearer s3cret"), "x-scope-orgid": Header("ups")}
    with receiver() as collector:
        assert send(collector.port, headers=headers, compression="none") == ""
        assert send(collector.port, headers=headers, compression="gzip") == ""
        plain, packed = collector.pushes
    for push in (plain, packed):
        lower = {name.lower(): value for name, value in push.headers.items()}
        assert push.path == "/v1/metrics"
        assert lower["authorization"] == "Bearer s3cret"
        assert lower["x-scope-orgid"] == "ups"
        assert lower["content-type"] == "application/x-protobuf"
        assert lower.get("content-encoding") == (None if push is plain else "gzip")


class Authority:
    """A certificate authority with a server and a client."""

    def __init__(self, folder: Path) -> None:
        ca = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("localhost").configure_cert(self.context)
        ca.configure_trust(self.context)
        self.ca_file, self.cert_file, self.key_file = (
            str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem")
        )
        ca.cert_pem.write_to_path(self.ca_file)
        client = ca.issue_cert("exporter.example.org")
        client.cert_chain_pems[0].write_to_path(self.cert_file)
        client.private_key_pem.write_to_path(self.key_file)


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def test_tls(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # of a variable that requests heeds above what it was told
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    authority.context.verify_mode = ssl.CERT_NONE
    with receiver(context=authority.context) as collector:
        assert send(collector.port, scheme="https", tls=OtlpTls(authority.ca_file)) == ""
        assert len(collector.pushes) == 1
        error = send(collector.port, scheme="https", timeout=0.5)
        assert "certificate verify failed" in error
        assert len(collector.pushes) == 1, "nothing is sent to a collector that cannot be trusted"


def test_client_certificate(authority: Authority) -> None:
    authority.context.verify_mode = ssl.CERT_REQUIRED
    with receiver(context=authority.context) as collector:
        files = OtlpTls(authority.ca_file, authority.cert_file, authority.key_file)
        assert send(collector.port, scheme="https", tls=files) == ""
        assert send(collector.port, scheme="https", timeout=0.5, tls=OtlpTls(authority.ca_file)) != ""
        assert len(collector.pushes) == 1
