"""Headers on every answer, requests from other sites, and the limits of what one client can take."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from exporter.web.security.ratelimit import TokenBucket
from exporter.web.security.schema import RateEntry
from tests.loops import run
from tests.security.secured import Authority, Reply, Server, put, reply, secured

STRICT = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PATHS = ("/", "/metrics", "/probe?target=a", "/probe", "/probe?target=a&debug=true", "/sd", "/config")


def test_every_answer_carries_the_security_headers() -> None:
    async def play() -> None:
        async with secured(targets=()) as server:
            for path in (*PATHS, "/-/healthy", "/-/ready", "/-/reload", "/none"):
                for method in ("GET", "POST"):
                    headers = (await server.ask(path, method=method)).headers
                    assert headers["X-Content-Type-Options"] == "nosniff"
                    assert headers["Content-Security-Policy"] == STRICT
                    assert headers["Referrer-Policy"] == "no-referrer"
                    assert headers["Server"] == "generex-exporter"

    run(play())


def test_headers_of_the_web_configuration_take_their_place(tmp_path: Path) -> None:
    put(
        tmp_path / "web.yml",
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 0\n"
        "    Content-Security-Policy: default-src https\n    Strict-Transport-Security: ''\n",
    )

    async def play() -> None:
        async with secured(tmp_path / "web.yml") as server:
            for path in ("/", "/none", "/-/healthy"):
                headers = (await server.ask(path)).headers
                assert headers["X-Frame-Options"] == "deny"
                assert headers["X-XSS-Protection"] == "0"
                assert headers["Content-Security-Policy"] == "default-src https"
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert "Strict-Transport-Security" not in headers

    run(play())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://here"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://here"}, 200),
        ({"Origin": "https://here"}, 200),  # a proxy in front may speak TLS
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://here"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://elsewhere"}, 403),
        ({"Origin": "http://here.elsewhere"}, 403),
        ({"Origin": "http://here:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
    ],
)
def test_a_page_of_another_site_cannot_reload(headers: dict[str, str], status: int) -> None:
    async def play() -> None:
        async with secured() as server:
            answer = await server.ask("/-/reload", method="POST", headers=headers)
            assert answer.status == status
            if status == 403:
                assert answer.text == "POST /-/reload is refused to pages of other sites\n"

    run(play())


def test_the_token_bucket() -> None:
    bucket = TokenBucket(RateEntry.model_validate({"interval": "2s", "burst": 3}), now=100.0)
    assert [bucket.take(100.0) for _ in range(5)] == [True, True, True, False, False]
    assert [bucket.take(101.9), bucket.take(102.0), bucket.take(102.1)] == [False, True, False]
    assert [bucket.take(1000.0) for _ in range(5)] == [True, True, True, False, False]


def test_the_rate_limit_holds_for_everything_but_health(tmp_path: Path) -> None:
    put(tmp_path / "web.yml", "rate_limit: {interval: 5m, burst: 3}\n")

    async def play() -> None:
        async with secured(tmp_path / "web.yml") as server:
            assert [(await server.ask(path)).status for path in ("/", "/sd", "/none")] == [200, 200, 404]
            for path in PATHS:
                answer = await server.ask(path)
                assert (answer.status, answer.text) == (
                    429,
                    "too many requests: rate_limit of the web configuration allows no more\n",
                )
            for _ in range(5):
                assert (await server.ask("/-/healthy")).status == 200
                assert (await server.ask("/-/ready")).status == 200

    run(play())


def test_an_interval_of_0_is_no_limit(tmp_path: Path) -> None:
    put(tmp_path / "web.yml", "rate_limit: {interval: 0, burst: 0}\n")

    async def play() -> None:
        async with secured(tmp_path / "web.yml") as server:
            for _ in range(5):
                assert (await server.ask()).status == 200

    run(play())


async def raw(server: Server, data: bytes) -> Reply:
    reader, writer = await server.connect()
    writer.write(data)
    try:
        return reply(await reader.read())
    finally:
        writer.close()


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /probe?target=" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x",
        b"GET /sd HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000,
        b"GET /sd HTTP/1.1\r\nHost: x" + b"".join(b"\r\nX%d: y" % number for number in range(200)),
        b"GET /sd HTTP/1.1\r\nHost: x\r\nX y: z",
        b"<script> /sd HTTP/1.1\r\nHost: x",
        b"GET /sd HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    ],
)
def test_requests_that_are_too_large_or_malformed_are_bad_requests(request_head: bytes) -> None:
    async def play() -> None:
        async with secured() as server:
            answer = await raw(server, request_head + b"\r\nConnection: close\r\n\r\n")
            assert answer.status == 400
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert len(answer.text) < 500
            assert answer.headers["Server"] == "generex-exporter"
            assert answer.headers["Content-Security-Policy"] == STRICT
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert (await server.ask()).status == 200

    run(play())


@pytest.mark.parametrize(
    "drip", [b"", b"GET ", b"GET /sd HTTP/1.1\r\n", b"GET /sd HTTP/1.1\r\nHost: x\r\nX-1: a\r\n"]
)
@pytest.mark.parametrize("second", [False, True])
def test_a_connection_that_brings_no_whole_request_is_closed(drip: bytes, second: bool) -> None:
    async def play() -> None:
        async with secured(idle_timeout=1.0) as server:
            reader, writer = await server.connect()
            if second:
                writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await reader.readuntil(b"Healthy\n")).startswith(b"HTTP/1.1 200")
            closed = asyncio.create_task(reader.read())
            writer.write(drip)
            async with asyncio.timeout(10):
                while not closed.done():
                    if drip.endswith(b"\r\n"):
                        writer.write(b"X: y\r\n")  # a header now and then, and never the end
                    await asyncio.wait([closed], timeout=0.05)
            writer.close()

    run(play())


def test_a_tls_handshake_that_does_not_come_is_no_open_connection_for_long(
    folder: Path, authority: Authority
) -> None:
    put(folder / "web.yml", "tls_server_config: {cert_file: server.crt, key_file: server.key}\n")

    async def play() -> None:
        async with secured(folder / "web.yml", max_connections=3) as server:
            silent = [await server.connect() for _ in range(3)]
            # they are counted although they said nothing
            assert await server.is_refused(authority.client())
            for _, writer in silent:
                writer.close()
            async with asyncio.timeout(10):
                while await server.is_refused(authority.client()):
                    pass

    run(play())


def test_there_are_only_so_many_connections() -> None:
    async def play() -> None:
        async with secured(max_connections=5) as server:
            held = [await server.connect() for _ in range(5)]
            for reader, writer in held:
                writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
                await reader.readuntil(b"Healthy\n")
            assert await server.is_refused()
            held.pop()[1].close()
            async with asyncio.timeout(10):
                while await server.is_refused():
                    pass
            for _, writer in held:
                writer.close()

    run(play())


def test_a_client_that_takes_nothing_of_its_answers_is_cut_off() -> None:
    async def play() -> None:
        async with secured(targets=(), max_connections=1, stall_timeout=0.3) as server:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", server.port))
                client.setblocking(False)
                # far more answers than the buffers of both sides hold
                request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
                with contextlib.suppress(BlockingIOError):
                    for _ in range(5000):
                        client.send(request)
                assert await server.is_refused()
                async with asyncio.timeout(20):
                    while await server.is_refused():
                        pass

    run(play())
