"""Sending: whatever goes wrong is told in words, on real sockets; TLS and headers."""

import gzip
import logging
import re
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from exporter.config import Header, Otlp, OtlpTls
from exporter.exposition.otlp.past import Past
from exporter.exposition.otlp.send import Sender
from tests.otlp.otlp_receiver import Receiver, receiver
from tests.snapshots import Source, simulated
from tests.support import free_port, quickest


def send(port: int, *, scheme: str = "http", timeout: float = 5.0, **settings: object) -> str:
    """What sending nothing to that port ends with."""
    sender = Sender(Otlp(f"{scheme}://localhost:{port}/v1/metrics", timeout=timeout, **settings), Past(1))  # type: ignore[arg-type]
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
        (refuse(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), "429 Too Many Requests", 6),
        (refuse(503, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 -0000"}), "503 Service Unavailable", 1),
        (refuse(502, {"Retry-After": "soon"}), "502 Bad Gateway", 1),
        (
            refuse(503, {"Retry-After": f"Fri, 01 Jan 2100 00:00:00 +{'9' * 20}"}),
            "503 Service Unavailable",
            1,
        ),
        (refuse(504), "504 Gateway Timeout", 1),
        (refuse(304), "304 Not Modified", 1),
        (
            refuse(302, {"Location": "https://u:s3cret@elsewhere/x?token=s3cret#s3cret"}),
            "redirected to https://elsewhere/x: give that address as the endpoint",
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
        # without a word from the collector the first pause would be a second
        assert send(collector.port, timeout=0.7) == error
        assert collector.attempts == attempts


def test_an_answer_in_another_form_is_good() -> None:
    with receiver() as collector:
        collector.answer = b'{"partialSuccess":{}}'
        assert send(collector.port) == ""


def says(status: int, kind: str, body: bytes) -> Callable[[Receiver], None]:
    def apply(collector: Receiver) -> None:
        collector.status, collector.answer, collector.answer_headers = status, body, {"Content-Type": kind}

    return apply


PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>a portal</body></html>"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (says(200, "text/html; charset=utf-8", PAGE), "200 OK, but a page of HTML"),
        (says(200, "application/x-protobuf", b"\n" + PAGE), "200 OK, but a page of HTML"),
        (says(200, "text/plain", b"welcome to nginx!"), '200 OK, but the answer "welcome to nginx!"'),
        (says(200, "application/json", b"[1]"), '200 OK, but the answer "[1]"'),
        (says(202, "text/html", PAGE), "202 Accepted, but a page of HTML"),
        (says(200, "text/plain", b"x" * 1_000_000), "200 OK, but an answer without an end"),
    ],
)
def test_success_of_something_else_is_a_failure(behaviour: Callable[[Receiver], None], error: str) -> None:
    with receiver() as collector:
        behaviour(collector)
        assert send(collector.port) == f"{error}: is the endpoint that of a collector?"


# a google.rpc.Status with a code, a message and a detail
STATUS = b"\x08\x03\x12\x0ebad resource x\x1a\x05\x0a\x03t/X"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        # Prometheus without the flag
        (
            says(404, "text/plain; charset=utf-8", b"otlp write receiver needs to be enabled with "
                 b"--web.enable-otlp-receiver\n"),
            "404 Not Found: otlp write receiver needs to be enabled with --web.enable-otlp-receiver",
        ),
        # a google.rpc.Status, as the collector answers: code 3, message
        (says(400, "application/x-protobuf", b"\x08\x03\x12\x07too old"), "400 Bad Request: too old"),
        # the same of gateways that name another type, or none
        (says(400, "application/protobuf", STATUS), "400 Bad Request: bad resource x"),
        (says(400, "text/plain; charset=utf-8", STATUS), "400 Bad Request: bad resource x"),
        (says(400, "", STATUS[2:]), "400 Bad Request: bad resource x"),
        (says(400, "text/plain", b"\x08\x03\x12\x7ftoo short"), "400 Bad Request: too short"),
        (says(401, "application/json", b'{"code": 16, "message": "no token"}'), "401 Unauthorized: no token"),
        (says(502, "text/plain", b"a\r\nb\tc " + b"d" * 500), "502 Bad Gateway: a b c " + "d" * 277),
        (says(500, "text/html", PAGE), "500 Internal Server Error"),
        (says(403, "text/plain", b"token s3cret-token is old"), "403 Forbidden: token … is old"),
    ],
)  # fmt: skip
def test_what_a_collector_says_is_told_in_a_line(behaviour: Callable[[Receiver], None], error: str) -> None:
    with receiver() as collector:
        behaviour(collector)
        headers = {"authorization": Header("Bearer s3cret-token")}
        assert send(collector.port, headers=headers, timeout=3) == error


def test_rejected_points_in_json() -> None:
    with receiver() as collector:
        body = b'{"partialSuccess": {"rejectedDataPoints": "7", "errorMessage": "too old"}}'
        says(200, "application/json", body)(collector)
        assert send(collector.port) == "7 points rejected: too old"


def test_an_answer_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    packed = gzip.compress(b"\0" * 200_000_000, 9)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with answering(head + packed) as port:
        tracemalloc.start()
        try:
            assert send(port) == "200 OK, but an answer without an end: is the endpoint that of a collector?"
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("head", "drip"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
        (b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_an_answer_that_drips_ends_with_the_timeout(head: bytes, drip: bytes) -> None:
    with answering(head, drip) as port:
        assert send(port, timeout=0.5) == "timed out"
        # and the next one has a connection of its own
        assert send(port, timeout=0.2) == "timed out"


def test_the_port_of_grpc_is_named() -> None:
    sender = Sender(Otlp("http://127.0.0.1:4317/v1/metrics", timeout=3), Past(1))
    assert sender.send([], [], 1.0).endswith(GRPC)


GRPC = " (collectors speak gRPC at port 4317; this sends OTLP over HTTP, which they take at 4318)"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        # SETTINGS, as the Collector sends it
        (bytes.fromhex("000006 04 00 00000000 0005 00004000"), "it speaks HTTP/2 alone, as gRPC does"),
        # GOAWAY, of a server that waits for the client to speak first
        (bytes.fromhex("000008 07 00 00000000 00000000 00000001"), "it speaks HTTP/2 alone, as gRPC does"),
        (
            b"HTTP/1.1 415 Unsupported\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n",
            "415 Unsupported in gRPC",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto\r\nContent-Length: 0\r\n\r\n",
            "200 OK in gRPC",
        ),
    ],
)  # fmt: skip
def test_a_server_for_grpc_is_known_by_what_it_says(answer: bytes, error: str) -> None:
    with answering(answer) as port:
        assert send(port, timeout=3) == error + GRPC


def test_no_collector() -> None:
    said: list[str] = []
    assert quickest(lambda: said.append(send(free_port(), timeout=0.3))) < 2
    assert "Connection refused" in said
    # what a busy machine sees after the timeout
    assert {*said} <= {"Connection refused", "timed out"}


def test_a_collector_that_hangs_costs_the_timeout() -> None:
    with receiver() as collector:
        collector.hangs = True

        def timed_out() -> None:
            assert send(collector.port, timeout=0.3) == "timed out"

        assert 0.3 <= quickest(timed_out) < 2


def test_a_name_that_nobody_has() -> None:
    sender = Sender(Otlp("http://collector.invalid:4318/v1/metrics", timeout=3), Past(1))
    assert re.search("not known|resolution", sender.send([], [], 1.0))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "Remote end closed connection without response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "IncompleteRead(3 bytes read, 6 more expected)"),
        (b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", "503"),
    ],
)
def test_what_is_no_collector(answer: bytes, error: str) -> None:
    with answering(answer) as port:
        # time for a second try, 1.2 s later at most, and for no third, which is 2.4 s later at least
        assert send(port, timeout=2.3) == error


@contextmanager
def answering(answer: bytes, drip: bytes = b"") -> Iterator[int]:
    """Something that answers every connection so and closes it, after five seconds of `drip`; its port."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client:
                    client.recv(65536)
                    with suppress(OSError):
                        client.sendall(answer)
                        for _ in range(250 if drip else 0):
                            time.sleep(0.02)
                            client.sendall(drip)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass  # closed with something unread, the connection would be reset

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.parametrize(
    ("proxy", "error"),
    [
        (
            "http://u:s3cret@[x",
            "the address of the endpoint, or of a proxy in the environment, cannot be read",
        ),
        ("http://u:s3cret@proxy.invalid:3128", "Name or service not known"),
    ],
)
def test_a_proxy_that_there_is_not(proxy: str, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    sender = Sender(Otlp("http://collector.invalid:4318/v1/metrics", timeout=3), Past(1))
    found = sender.send([], [], 1.0)
    assert found == error or "resolution" in found


def test_rejected_points_of_one_request_do_not_keep_back_the_others() -> None:
    words = simulated(strings=10, modules=330)
    large = [Source(name=f"large{n}", strings=10, modules=330).snapshot(words) for n in (1, 2)]
    with receiver() as collector:
        for behaviour, error, requests in (
            (lambda it: it.reject(7, "too old"), "7 points rejected: too old", 2),
            (refuse(413), "413 Request Entity Too Large", 2),
            (refuse(400), "400 Bad Request", 2),
            (refuse(401), "401 Unauthorized", 1),
            (refuse(500), "500 Internal Server Error", 1),
        ):
            behaviour(collector)
            collector.pushes.clear()
            sender = Sender(Otlp(f"http://localhost:{collector.port}/v1/metrics"), Past(1))
            assert sender.send(large, [], 1.0) == error
            assert len(collector.pushes) == requests


def test_nothing_is_sent_after_the_end() -> None:
    with receiver() as collector:
        sender = Sender(Otlp(f"http://localhost:{collector.port}/v1/metrics"), Past(1))
        sender.close()
        assert sender.send([], [], 1.0) == "given up"
        assert collector.attempts == 0


def test_libraries_log_nothing_by_themselves(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        # time for a second try, 1.2 s later at most, and for no third, which is 2.4 s later at least
        assert send(free_port(), timeout=2.3) == "Connection refused"
    assert caplog.records == []


def test_closing_ends_the_waiting_for_another_try() -> None:
    with receiver() as collector:
        collector.status, collector.answer_headers = 503, {"Retry-After": "20"}
        sender = Sender(Otlp(f"http://localhost:{collector.port}/v1/metrics", timeout=30), Past(1))
        result: list[str] = []
        thread = threading.Thread(target=lambda: result.append(sender.send([], [], 1.0)), daemon=True)
        thread.start()
        while not collector.attempts:
            thread.join(0.01)
        sender.close()
        thread.join(5)
        assert result == ["503 Service Unavailable"]
        assert collector.attempts == 1


def test_a_collector_that_was_busy_is_asked_again() -> None:
    with receiver() as collector:
        collector.status = 503

        def recover() -> None:
            while not collector.attempts:
                time.sleep(0.01)
            collector.status = 200

        thread = threading.Thread(target=recover)
        thread.start()
        started = time.monotonic()
        assert send(collector.port) == ""
        assert time.monotonic() - started > 0.7
        assert collector.attempts == 2
        thread.join(5)


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
        error = send(collector.port, scheme="https", timeout=3)
        assert "certificate verify failed" in error
        elsewhere = Otlp(f"https://127.0.0.1:{collector.port}/v1/metrics", tls=OtlpTls(authority.ca_file))
        assert "certificate is not valid for '127.0.0.1'" in Sender(elsewhere, Past(1)).send([], [], 1.0)
        assert re.search("closed|reset", send(collector.port, timeout=3)), "HTTP to where TLS is spoken"
        assert len(collector.pushes) == 1, "nothing is sent to a collector that cannot be trusted"


def test_tls_to_where_none_is_spoken() -> None:
    with receiver() as collector:
        assert "wrong version number" in send(collector.port, scheme="https")


def test_client_certificate(authority: Authority) -> None:
    authority.context.verify_mode = ssl.CERT_REQUIRED
    with receiver(context=authority.context) as collector:
        files = OtlpTls(authority.ca_file, authority.cert_file, authority.key_file)
        assert send(collector.port, scheme="https", tls=files) == ""
        error = send(collector.port, scheme="https", timeout=3, tls=OtlpTls(authority.ca_file))
        # TLS 1.3 turns a client away only after the handshake: it may not get to hear why
        assert re.search("certificate required|EOF occurred|reset by peer|Broken pipe|closed", error)
        assert len(collector.pushes) == 1
