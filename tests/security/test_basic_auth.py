"""Who gets in with which password, and how much work each attempt costs: counted, not timed."""

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import bcrypt
import pytest

from exporter.web.security.basicauth import Authenticator
from tests.loops import run
from tests.security.secured import PASSWORD, Server, basic, hashed, put, secured

USERS = {"alice": hashed(), "bob": hashed("bobs", prefix=b"2y"), "jürgen": hashed("Käse")}


class Counting:
    """bcrypt, with a note of every piece of work."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self.threads: set[str] = set()
        self.running = 0
        self.most_running = 0

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        self.threads.add(threading.current_thread().name)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return bcrypt.checkpw(password, hashed)
        finally:
            self.running -= 1


def test_the_right_password_gets_in_and_nothing_else_does() -> None:
    async def story() -> None:
        admits = Authenticator().admits
        for user, password in (("alice", PASSWORD), ("bob", "bobs"), ("jürgen", "Käse")):
            assert await admits(basic(user, password)["Authorization"], USERS)
            for wrong in ("", password + "x", password[:-1], password.upper(), "x" * 72, "a\0b"):
                assert not await admits(basic(user, wrong)["Authorization"], USERS)
        for user in ("", "Alice", "alice ", "carol"):
            assert not await admits(basic(user)["Authorization"], USERS)

    run(story())


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        f"Bearer {encoded(b'alice:' + PASSWORD.encode())}",
        f"Basic {encoded(b'alice')}",
        f"Basic {encoded(b'alice:' + PASSWORD.encode())}!",
        f"Basic {encoded(b':')}",
        f"Basic {encoded(bytes(range(256)))}",
        f"Basic {encoded(b'alice:' + b'x' * 73)}",
        f"Basic {encoded(b'alice:' + PASSWORD.encode() + b'x' * 5000)}",
        "Basic ä",
    ],
)
def test_what_is_no_user_and_password(header: str | None) -> None:
    assert not run(Authenticator().admits(header, USERS))


def test_where_no_thread_is_left_it_is_said(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        usual = threading.stack_size(1 << 46)  # more than there is: none can be started
        try:
            answer = await server.ask(headers=basic("alice"))
        finally:
            threading.stack_size(usual)
        # the web configuration needs one, too, and stays as it is
        assert answer.status == 503
        assert answer.text.startswith("the system has no thread left for this: try again")
        assert (await server.ask(headers=basic("alice"))).status == 200

    path = tmp_path / "web.yml"
    put(path, f"basic_auth_users: {{alice: {hashed()}}}\n")

    async def test() -> None:
        async with secured(path) as server:
            await story(server)

    run(test())


def test_an_unknown_user_costs_the_work_of_a_known_one() -> None:
    async def story() -> None:
        users = {"alice": hashed(cost=4), "bob": hashed(cost=5)}
        counting = Counting()
        admits = Authenticator(counting).admits
        for user in ("carol", "bob", "", "alicf"):
            before = len(counting.hashes)
            assert not await admits(basic(user, "wrong")["Authorization"], users)
            (done,) = counting.hashes[before:]
            # $2b$05$: the cost is what decides how long it takes
            assert done[4:6] == b"05"
            assert done != users["alice"].encode()
        assert counting.hashes[0] == counting.hashes[2] == counting.hashes[3]

    run(story())


def test_not_even_a_verifier_that_is_always_content_lets_these_in() -> None:
    """An unknown user, and more bytes than bcrypt looks at: older versions of it leave the rest out."""

    async def story() -> None:
        admits = Authenticator(lambda password, hashed: True).admits
        assert await admits(basic("alice", "x" * 72)["Authorization"], USERS)
        assert not await admits(basic("alice", "x" * 73)["Authorization"], USERS)
        assert not await admits(basic("carol")["Authorization"], USERS)

    run(story())


def test_a_right_password_costs_its_work_once_and_a_wrong_one_each_time() -> None:
    async def story() -> None:
        counting = Counting()
        admits = Authenticator(counting).admits
        for _ in range(5):
            assert await admits(basic("alice")["Authorization"], USERS)
        assert len(counting.hashes) == 1
        for number in range(1, 4):
            assert not await admits(basic("alice", "wrong")["Authorization"], USERS)
            assert len(counting.hashes) == 1 + number
        # not even many guesses make it forget
        for number in range(150):
            assert not await admits(basic(f"user{number}")["Authorization"], USERS)
        before = len(counting.hashes)
        assert await admits(basic("alice")["Authorization"], USERS)
        assert len(counting.hashes) == before

    run(story())


def test_at_most_a_hundred_are_remembered() -> None:
    async def story() -> None:
        counting = Counting()
        admits = Authenticator(counting).admits
        one = hashed()
        users = {f"user{number}": one for number in range(101)}
        for user in users:
            assert await admits(basic(user)["Authorization"], users)
        assert len(counting.hashes) == 101
        assert await admits(basic("user100")["Authorization"], users)
        assert len(counting.hashes) == 101
        assert await admits(basic("user0")["Authorization"], users)
        assert len(counting.hashes) == 102

    run(story())


def test_a_changed_hash_forgets_the_old_password() -> None:
    async def story() -> None:
        admits = Authenticator().admits
        assert await admits(basic("alice")["Authorization"], USERS)
        assert not await admits(basic("alice")["Authorization"], USERS | {"alice": hashed("new")})
        assert await admits(basic("alice", "new")["Authorization"], USERS | {"alice": hashed("new")})
        assert not await admits(basic("alice")["Authorization"], {"bob": USERS["bob"]})

    run(story())


def test_the_work_is_done_one_at_a_time_beside_the_loop_and_shared() -> None:
    async def story() -> None:
        counting = Counting()
        admits = Authenticator(counting).admits
        wrong = [admits(basic("alice", f"wrong {number}")["Authorization"], USERS) for number in range(10)]
        right = [admits(basic("alice")["Authorization"], USERS) for _ in range(30)]
        assert await asyncio.gather(*wrong, *right) == [False] * 10 + [True] * 30
        assert counting.most_running == 1
        assert threading.current_thread().name not in counting.threads
        assert len(counting.hashes) == 11

    run(story())


def test_whoever_leaves_makes_no_second_one_start() -> None:
    async def story() -> None:
        release, started = threading.Event(), threading.Event()
        running: list[bytes] = []

        def slow(password: bytes, hashed: bytes) -> bool:
            running.append(password)
            started.set()
            assert release.wait(10)
            return True

        admits = Authenticator(slow).admits
        first = asyncio.create_task(admits(basic("alice", "first")["Authorization"], USERS))
        await asyncio.to_thread(started.wait, 10)
        others = [
            asyncio.create_task(admits(basic("alice", f"{number}")["Authorization"], USERS))
            for number in range(20)
        ]
        await asyncio.sleep(0)
        for task in (first, *others[:-1]):
            task.cancel()
        await asyncio.gather(first, *others[:-1], return_exceptions=True)
        assert running == [b"first"]
        release.set()
        assert await others[-1]
        assert running == [b"first", b"19"]

    run(story())


def play(folder: Path, story: Callable[[Server], Awaitable[None]], users: Mapping[str, str] = USERS) -> None:
    lines = "".join(f"  {name}: {value}\n" for name, value in users.items())
    put(folder / "web.yml", f"basic_auth_users:\n{lines}")

    async def go() -> None:
        async with secured(folder / "web.yml") as server:
            await story(server)

    run(go())


PATHS = (
    "/",
    "/metrics",
    "/probe?target=a",
    "/sd",
    "/config",
    "/none",
    "/-/reload",
    "/-/healthy/",
    "//-/ready",
)


def test_every_path_asks_for_a_password_but_health(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        for path in PATHS:
            for method in ("GET", "POST", "HEAD", "OPTIONS", "TRACE"):
                answer = await server.ask(path, method=method)
                assert answer.status == 401, (method, path)
                assert answer.headers["WWW-Authenticate"] == 'Basic realm="generex-exporter", charset="UTF-8"'
        assert (await server.ask("/")).text == "a user and its password are needed\n"
        for path in ("/-/healthy", "/-/ready"):
            assert (await server.ask(path)).status == 200
        for path in ("/", "/metrics", "/sd", "/config"):
            assert (await server.ask(path, headers=basic("alice"))).status == 200
        assert (await server.ask("/none", headers=basic("alice"))).status == 404
        assert (await server.ask("/-/reload", method="POST", headers=basic("alice"))).status == 200

    play(tmp_path, story)


def test_a_password_that_bcrypt_cannot_take_is_wrong_and_no_error(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        for password in ("x" * 73, "x" * 4000, "a\0b", "ä" * 37):
            assert (await server.ask(headers=basic("alice", password))).status == 401

    play(tmp_path, story)


def test_a_handler_is_not_reached_without_a_password(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        await server.ask("/probe?target=a", headers=basic("alice", "wrong"))
        text = (await server.ask("/metrics?collect[]=exporter", headers=basic("alice"))).text
        assert 'generex_exporter_modbus_errors_total{device="a",reason="connect"} 0\n' in text
        await server.ask("/probe?target=a", headers=basic("alice"))
        text = (await server.ask("/metrics?collect[]=exporter", headers=basic("alice"))).text
        assert 'generex_exporter_modbus_errors_total{device="a",reason="connect"} 0\n' not in text

    play(tmp_path, story)
