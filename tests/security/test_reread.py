"""What changes without a restart, and what a broken or half-written file does: nothing that opens a door."""

import asyncio
import logging
import os
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from exporter.web.security import CurrentWebConfig
from tests.loops import run
from tests.security.secured import Authority, Server, basic, hashed, put, secured

PAIR = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
VERIFY = f"{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"


def play(folder: Path, config: str, story: Callable[[Server], Awaitable[None]]) -> None:
    put(folder / "web.yml", config)

    async def go() -> None:
        async with secured(folder / "web.yml") as server:
            await story(server)

    run(go())


def users(**passwords: str) -> str:
    return "basic_auth_users:\n" + "".join(f"  {name}: {hashed(text)}\n" for name, text in passwords.items())


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{record.message}: {record.__dict__['error']}"
        for record in caplog.records
        if record.levelno >= logging.ERROR
    ]


def test_users_and_headers_come_and_go(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        assert (await server.ask(headers=basic("alice", "a"))).status == 200
        assert (await server.ask(headers=basic("bob", "b"))).status == 401
        put(
            tmp_path / "web.yml",
            users(bob="b") + "http_server_config: {headers: {Strict-Transport-Security: max-age=1}}\n",
        )
        answer = await server.ask(headers=basic("bob", "b"))
        assert (answer.status, answer.headers["Strict-Transport-Security"]) == (200, "max-age=1")
        assert (await server.ask(headers=basic("alice", "a"))).status == 401

    play(tmp_path, users(alice="a"), story)


def test_users_are_added_where_there_were_none(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        assert (await server.ask()).status == 200
        put(tmp_path / "web.yml", users(alice="a"))
        assert (await server.ask()).status == 401
        assert (await server.ask(headers=basic("alice", "a"))).status == 200

    play(tmp_path, "", story)


@pytest.mark.parametrize("broken", [b"", b"{}", b"basic_auth_users: {}", b"basic", b"\xff", b"x: 1", None])
def test_a_file_that_breaks_or_empties_opens_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: bytes | None
) -> None:
    path = tmp_path / "web.yml"

    async def story(server: Server) -> None:
        good = path.read_bytes()
        path.unlink()
        if broken is not None:
            path.write_bytes(broken)
        for _ in range(3):
            assert (await server.ask()).status == 401
            assert (await server.ask(headers=basic("alice", "a"))).status == 200
        (line,) = errors(caplog)
        assert line.startswith("web configuration not read again, the old one stays: ")
        assert str(path) in line
        # what is whole again is taken, and the next fault is told again
        path.write_bytes(good + b"\n# whole\n")
        assert (await server.ask(headers=basic("alice", "a"))).status == 200
        path.write_bytes(b"x: 2")
        assert (await server.ask(headers=basic("alice", "a"))).status == 200
        assert len(errors(caplog)) == 2

    play(tmp_path, users(alice="a"), story)


@pytest.mark.parametrize("content", ["as it was", "x: 1"])
def test_each_time_that_the_file_goes_and_comes_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    path = tmp_path / "web.yml"
    caplog.set_level(logging.INFO)

    async def story(server: Server) -> None:
        back = path.read_bytes() if content == "as it was" else content.encode()
        for _ in range(2):
            for change in (path.unlink, lambda: path.write_bytes(back)):
                change()
                for _ in range(3):
                    assert (await server.ask()).status == 401
        told = [record for record in caplog.records if record.name == "exporter.web.security.current"]
        gone = "cannot read"
        there = "web configuration read again" if content == "as it was" else 'unknown key "x"'
        assert [gone in r.__dict__.get("error", "") for r in told] == [True, False, True, False]
        assert [there in r.__dict__.get("error", r.message) for r in told] == [False, True, False, True]

    play(tmp_path, users(alice="a"), story)


def test_a_file_system_that_stalls_holds_up_nothing(
    folder: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe in place of the file: whoever opens it waits until somebody writes."""
    caplog.set_level(logging.INFO)
    path, pipe = folder / "web.yml", folder / "pipe"
    os.mkfifo(pipe)

    async def story(server: Server) -> None:
        client = authority.client()
        assert (await server.ask(tls=client, headers=basic("alice", "a"))).status == 200
        pipe.rename(path)
        asked = [server.ask(tls=client, headers=basic(name, "a")) for name in ("alice", "bob") * 5]
        assert [answer.status for answer in await asyncio.gather(*asked)] == [200, 401] * 5
        why = f"{path}: the file system does not answer"
        assert sorted(errors(caplog)) == [
            f"certificates not read again, the old ones stay: {why}",
            f"web configuration not read again, the old one stays: {why}",
        ]
        writing = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        put(folder / "new", PAIR + users(bob="a"))
        (folder / "new").rename(path)
        os.close(writing)
        async with asyncio.timeout(20):
            while (await server.ask(tls=client, headers=basic("bob", "a"))).status != 200:
                pass
        assert (await server.ask(tls=client, headers=basic("alice", "a"))).status == 401

    play(folder, PAIR + users(alice="a"), story)


def test_where_no_thread_is_left_the_old_configuration_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "web.yml"
    put(path, users(alice="a"))
    current = CurrentWebConfig(path)

    async def test() -> None:
        usual = threading.stack_size(1 << 46)  # more than there is: none can be started
        try:
            assert (await current.refresh()).users.keys() == {"alice"}
            assert await current.handshake() is None
        finally:
            threading.stack_size(usual)
        put(path, users(bob="b"))
        assert (await current.refresh()).users.keys() == {"bob"}

    asyncio.run(test())
    why = f"{path}: the system has no thread left to read it"
    assert f"web configuration not read again, the old one stays: {why}" in errors(caplog)


def test_every_half_of_the_file_keeps_out_who_was_kept_out(folder: Path, authority: Authority) -> None:
    """A writer that is no careful one truncates first: all prefixes of a file can be met."""
    config = f"{VERIFY}  client_allowed_sans: [one]\n{users(alice='a')}"

    async def story(server: Server) -> None:
        assert server.config is not None
        for end in range(0, len(config), 3):
            put(folder / "web.yml", config[:end])
            handshake = await server.config.handshake()
            assert handshake is not None
            assert handshake.context.verify_mode == ssl.CERT_REQUIRED
            assert handshake.allowed_sans is not None
            assert server.config.config.users
        assert await server.is_refused(authority.client())
        assert (await server.ask(tls=authority.client("one"))).status == 401

    play(folder, config, story)


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (PAIR, "", "TLS"),
        (VERIFY, PAIR, "the requirement of client certificates and the verification of client certificates"),
        (
            VERIFY,
            VERIFY.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"),
            "the requirement of client certificates",
        ),
        (f"{VERIFY}  client_allowed_sans: [one]\n", VERIFY, "client_allowed_sans"),
    ],
)
def test_taking_away_a_protection_needs_a_restart(
    folder: Path,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
    before: str,
    after: str,
    lost: str,
) -> None:
    async def story(server: Server) -> None:
        put(folder / "web.yml", after)
        assert (await server.ask(tls=authority.client("one"))).status == 200
        assert [f"{lost} would be taken away: restart for that" in line for line in errors(caplog)] == [True]

    play(folder, before, story)


def test_tls_cannot_begin_in_the_middle(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(server: Server) -> None:
        put(folder / "web.yml", PAIR)
        assert (await server.ask()).status == 200
        assert ["TLS is new here: restart for that" in line for line in errors(caplog)] == [True]

    play(folder, "", story)


async def shown(server: Server, tls: ssl.SSLContext) -> bytes:
    """The certificate that the server shows."""
    _, writer = await server.connect(tls)
    certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return certificate


def test_a_new_certificate_is_shown_at_once(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        client = authority.client()
        reader, writer = await server.connect(client)
        first = await shown(server, client)
        assert await shown(server, client) == first
        authority.write_server(folder)
        second = await shown(server, client)
        assert second != first
        assert await shown(server, client) == second
        # connections that are open stay so
        writer.write(b"GET /sd HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()

    play(folder, PAIR, story)


def test_a_half_renewed_pair_is_not_used(
    folder: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(server: Server) -> None:
        client = authority.client()
        first = await shown(server, client)
        key = (folder / "server.key").read_bytes()
        authority.write_server(folder)
        new_key = (folder / "server.key").read_bytes()
        (folder / "server.key").write_bytes(key)
        for _ in range(3):
            assert await shown(server, client) == first
        (folder / "server.key").unlink()
        assert await shown(server, client) == first
        (folder / "server.key").write_bytes(new_key)
        caplog.set_level(logging.INFO)
        assert await shown(server, client) != first
        assert [record.message for record in caplog.records][-1] == "certificates read again"
        mismatch, missing = errors(caplog)
        assert "the key does not belong to the certificate" in mismatch
        assert "certificates not read again, the old ones stay" in missing
        assert "cannot read" in missing

    play(folder, PAIR, story)


def test_a_new_client_ca_counts_at_once(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        other = Authority()
        stranger = authority.client()
        other.ca.issue_cert("me").configure_cert(stranger)
        assert not await server.is_refused(authority.client("me"))
        assert await server.is_refused(stranger)
        other.write_ca(folder / "ca.crt")
        assert await server.is_refused(authority.client("me"))
        assert not await server.is_refused(stranger)

    play(folder, VERIFY, story)


def test_versions_count_at_once(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        old = authority.client(version=ssl.TLSVersion.TLSv1_2)
        assert not await server.is_refused(old)
        put(folder / "web.yml", f"{PAIR}  min_version: TLS13\n")
        assert await server.is_refused(old)

    play(folder, PAIR, story)
