"""Look-ups of names: few threads, none for ever, and no name that is dead until a restart."""

import asyncio
import socket
import threading

import pytest

from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.resolve import Resolver
from tests import hostile
from tests.hostile import fleet, scrape
from tests.loops import run


def lookups() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("resolve ")]


class NameServer:
    """In place of the system's resolver: says nothing until `answer` is set, but for names that begin so."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.most = 0

    def __call__(self, host: str, *_: object, **__: object) -> list[object]:
        self.most = max(self.most, len(lookups()))
        if not host.startswith("quick"):
            self.answer.wait(60)
        return [(0, 0, 0, "", ("192.0.2.1", 0))]


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    return server


def test_a_thousand_names_take_few_threads_and_leave_none(name_server: NameServer) -> None:
    async def test() -> None:
        resolver = Resolver()
        asked = [asyncio.create_task(resolver.addresses(f"h{number}.invalid")) for number in range(1000)]
        await hostile.until(lambda: len(lookups()) >= 24)
        assert len(lookups()) == 24
        name_server.answer.set()
        assert await asyncio.gather(*asked) == [["192.0.2.1"]] * 1000
        assert name_server.most <= 32
        await hostile.until(lambda: not lookups())

    run(test())


def test_a_name_that_was_found_is_looked_up_beside_many_that_are_not(name_server: NameServer) -> None:
    async def test() -> None:
        resolver = Resolver()
        assert await resolver.addresses("quick.invalid") == ["192.0.2.1"]
        asked = [asyncio.create_task(resolver.addresses(f"h{number}.invalid")) for number in range(100)]
        await hostile.until(lambda: len(lookups()) >= 24)
        async with asyncio.timeout(10):
            assert await resolver.addresses("quick.invalid") == ["192.0.2.1"]
        name_server.answer.set()
        await asyncio.gather(*asked)

    run(test())


def test_a_thread_that_cannot_be_started_is_told_and_forgotten(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def test() -> None:
        resolver = Resolver()
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", refuse)
            with pytest.raises(LinkError, match="no thread left"):
                await resolver.addresses("quick.invalid")
        assert await resolver.addresses("quick.invalid") == ["192.0.2.1"]
        # while others run, it waits for one of them
        slow = asyncio.create_task(resolver.addresses("slow.invalid"))
        await hostile.until(lambda: "resolve slow.invalid" in lookups())
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", refuse)
            waiting = asyncio.create_task(resolver.addresses("other.invalid"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert not waiting.done()
        name_server.answer.set()
        assert list(await asyncio.gather(slow, waiting)) == [["192.0.2.1"]] * 2

    run(test())


def test_a_silent_name_server_is_told_as_such(name_server: NameServer) -> None:
    async def test() -> None:
        async with fleet({"name": "a", "target": "ups.invalid"}) as devices:
            a = devices.devices["a"]
            snapshot = await scrape(a)
            why = 'cannot look up "ups.invalid" in time: the name server does not answer'
            assert snapshot.errors == (why,)
            assert hostile.errors(a).keys() == {"resolve"}
            name_server.answer.set()

    run(test())


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("[fe80::1%nosuch0]", 'no network interface is called "nosuch0"'),
        ("[::1%lo]", 'an address that is not link-local has no zone "lo"'),
        ("[fe80::1]", "a link-local address needs its network interface behind a %"),
    ],
)
def test_what_is_wrong_with_a_zone_is_told(host: str, why: str) -> None:
    async def test() -> None:
        async with fleet({"name": "a", "target": f"{host}:502"}) as devices:
            snapshot = await scrape(devices.devices["a"])
            assert snapshot.errors == (f"cannot connect to {host}:502: {why}",)

    run(test())
