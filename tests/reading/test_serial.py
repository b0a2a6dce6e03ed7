"""What is special to serial lines: lines that echo, answers that stay behind, and too many that are owed."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.reading.plan.spans import Request as Span
from exporter.reading.transport.answers import Expected, LinkError, build_rtu, parse_rtu, without_echoes
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner
from exporter.reading.transport.late import LateAnswers
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.serial import SerialConnection
from exporter.reading.transport.transports import connection_to
from exporter.targets import parse_target
from tests import hostile
from tests.hostile import BACS, UPS, Hostile, Peer, Request, check_true, errors, fleet, scrape
from tests.loops import run, work

LINES = ("rtu-tcp", "rtu")
SLOW = {"request_timeout": "300ms", "timeout": "3s"}
EVERYTHING = {"ups": True, "bacs": True, "strings": True, "modules": True}


@pytest.mark.parametrize("transport", LINES)
def test_a_line_that_echoes_is_read_as_any_other(transport: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with (
            Hostile(transport, served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **SLOW}) as devices,
        ):
            device.pins |= {1003: 2, 1004: 40}
            device.behaviour = hostile.echoing(hostile.honest)
            a = devices.devices["a"]
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups == EVERYTHING
            assert errors(a) == {}
            assert a.counters.echoes == len(device.requests) > 8
            assert [r.getMessage() for r in caplog.records if "echoes" in r.getMessage()] == [
                "the serial line echoes: requests come back and are skipped"
            ]

    caplog.set_level(logging.INFO)
    run(test())


@pytest.mark.parametrize("transport", LINES)
def test_a_line_that_does_not_echo_is_not_said_to(transport: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with (
            Hostile(transport, served=UPS) as device,
            fleet({"name": "a", "target": device.target(), "module": "ups", **SLOW}) as devices,
        ):
            for _ in range(2):
                await scrape(devices.devices["a"])
            assert devices.devices["a"].counters.echoes == 0

    caplog.set_level(logging.INFO)
    run(test())
    assert [r.getMessage() for r in caplog.records if "echoes" in r.getMessage()] == []


@pytest.mark.parametrize("transport", LINES)
def test_an_echo_alone_is_silence(transport: str) -> None:
    """The device is off: what comes is the request, also when it would be a whole answer by its length."""

    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **SLOW}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = hostile.echoing(hostile.silent)
            for _ in range(3):
                snapshot = await scrape(a)
                assert not snapshot.up
                assert not snapshot.words
            assert errors(a).keys() == {"timeout"}

    run(test())


def bits(device: Hostile, peer: Peer, request: Request) -> None:
    """Every third bit is set."""
    values = sum(1 << number for number in range(0, request.count, 3))
    size = (request.count + 7) // 8
    peer.write(device.frame(request, bytes((request.function, size)) + values.to_bytes(size, "little")))


async def ask(connection: Connection, span: Span) -> list[int]:
    deadline = Deadline(asyncio.get_running_loop().time() + 5)
    return await connection.read(1, span, Manner(hostile.TIMEOUT), deadline)


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize("function", [1, 2])
def test_the_echo_of_a_request_for_bits_is_not_their_answer(transport: str, function: int) -> None:
    """20 bits from 0x0301: as an answer, the request would have 3 bytes of data and a right checksum."""
    span = Span(function, 0x0301, 20)

    async def test() -> None:
        async with Hostile(transport) as device:
            connection = connection_to(parse_target(device.target()).endpoint, Resolver())
            device.behaviour = hostile.echoing(hostile.silent)
            for _ in range(2):
                with pytest.raises(LinkError, match="only the request itself came back"):
                    await ask(connection, span)
            # an echo that comes as late as the next request
            device.script = [
                lambda device, peer, request: device.later(
                    2.5 * hostile.TIMEOUT, lambda: hostile.echoing(hostile.silent)(device, peer, request)
                )
            ]
            for _ in range(2):
                with pytest.raises(LinkError, match=r"no answer in time|itself came back"):
                    await ask(connection, span)
            device.behaviour = hostile.echoing(bits)
            assert await ask(connection, span) == [number % 3 == 0 for number in range(20)]
            connection.close()

    run(test())


@given(
    st.sampled_from([1, 2, 3, 4]), st.integers(0, 0xFF00), st.integers(1, 125), st.binary(max_size=1),
    st.integers(0, 300),
)  # fmt: skip
def test_an_answer_behind_an_echo_is_found_wherever_the_bytes_are_split(
    function: int, address: int, count: int, noise: bytes, split: int
) -> None:
    span, expected = Span(function, address, count), Expected(1, function, count)
    request = build_rtu(1, span)
    body = bytes((1, function, expected.byte_count)) + b"\x5a" * expected.byte_count
    answer = body + hostile.crc(body)
    whole = request + noise + answer
    for end in (min(split, len(whole)), len(whole)):
        heard = without_echoes(bytearray(whole[:end]), [request])
        values = parse_rtu(heard, expected) if heard is not None else None
        assert (values is not None) is (end == len(whole))


def left_behind(device: Hostile, peer: Peer) -> None:
    """A serial server has kept an answer for whoever connects next, or the adapter has."""
    request = device.requests[-1]
    peer.write(device.frame(request, device.pdu(request)))


async def stop_while_it_asks(device: Hostile, settings: Mapping[str, str]) -> None:
    """An exporter that ends before the answer to its last request comes."""
    async with fleet({"name": "a", "target": device.target(), **settings}) as devices:
        device.behaviour = lambda *it: (hostile.honest if it[2].count == 1 else hostile.silent)(*it)
        scraped = asyncio.create_task(scrape(devices.devices["a"]))
        await hostile.until(lambda: device.requests and device.requests[-1].count > 1)
        device.behaviour = hostile.honest
        scraped.cancel()
        await asyncio.gather(scraped, return_exceptions=True)


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize("after", [0.0, 0.3, 0.6])
def test_an_answer_to_the_exporter_before_this_one_is_not_taken(transport: str, after: float) -> None:
    """The words of the UPS are one request, the same after a restart: the answer would fit."""

    async def test() -> None:
        async with Hostile(transport) as device:
            await stop_while_it_asks(device, {})
            owed = device.requests[-1]
            old = device.frame(owed, device.pdu(owed))

            def with_the_old_one_before(device: Hostile, peer: Peer, request: Request) -> None:
                device.later(after * hostile.TIMEOUT, lambda: peer.write(old))
                device.in_time(request)
                answer = device.frame(request, device.pdu(request))
                device.later(after * hostile.TIMEOUT, lambda: peer.write(answer))

            device.script = [with_the_old_one_before]
            async with fleet({"name": "a", "target": device.target()}) as devices:
                a = devices.devices["a"]
                for _ in range(3):
                    snapshot = await scrape(a)
                    check_true(snapshot, device)
                    assert snapshot.up
                assert errors(a) == {}

    run(test())


def test_what_a_serial_server_kept_for_the_next_connection_is_not_taken() -> None:
    async def test() -> None:
        async with Hostile("rtu-tcp") as device:
            await stop_while_it_asks(device, {})
            device.welcome = left_behind
            async with fleet({"name": "a", "target": device.target()}) as devices:
                snapshot = await scrape(devices.devices["a"])
                check_true(snapshot, device)
                assert snapshot.up
                assert errors(devices.devices["a"]) == {}

    run(test())


@pytest.mark.parametrize("transport", LINES)
def test_a_slave_that_lags_by_one_answer_since_before_the_start_is_never_believed(transport: str) -> None:
    async def test() -> None:
        async with Hostile(transport) as device:
            await stop_while_it_asks(device, {})
            device.behaviour = slave = OneAnswerARead(1e9, behind=1)
            slave.buffered.append(device.requests[-1])
            async with fleet({"name": "a", "target": device.target(), "timeout": "1s"}) as devices:
                a = devices.devices["a"]
                said: set[str] = set()
                for _ in range(12):
                    snapshot = await scrape(a)
                    assert not snapshot.words
                    said.update(snapshot.errors)
                    work(15)
                assert any("lags an answer behind" in text for text in said), said

    run(test())


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize("kept", [("all", "all"), ("probe", "all"), ("all", "other"), ("other", "all")])
def test_a_slave_that_kept_two_requests_since_before_the_start_is_never_believed(
    transport: str, kept: tuple[str, str]
) -> None:
    """Also where one of them is just what the new exporter asks for first."""

    async def test() -> None:
        async with Hostile(transport) as device:
            await stop_while_it_asks(device, {})
            last = device.requests[-1]
            shapes = {
                "all": last,
                "probe": replace(last, count=1),
                "other": replace(last, function=4, count=1),
            }
            device.behaviour = slave = OneAnswerARead(1e9, behind=2)
            slave.buffered += [shapes[kind] for kind in kept]
            async with fleet({"name": "a", "target": device.target(), "timeout": "1s"}) as devices:
                a = devices.devices["a"]
                for _ in range(12):
                    snapshot = await scrape(a)
                    assert not snapshot.words
                    work(15)

    run(test())


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(hostile.short, "length"), (hostile.wrong_function, "function"), (hostile.wrong_unit, "unit")],
)
def test_what_does_not_fit_at_the_first_contact_is_told_as_what_it_is(
    transport: str, behaviour: hostile.Behaviour, reason: str
) -> None:
    async def test() -> None:
        async with Hostile(transport) as device:
            connection = connection_to(parse_target(device.target()).endpoint, Resolver())
            device.behaviour = behaviour
            with pytest.raises(LinkError) as caught:
                await ask(connection, Span(3, 97, 46))
            assert caught.value.reason == reason
            connection.close()

    run(test())


class OneAnswerARead:
    """A slave that stalled: requests lie in its buffer, and each further one brings the oldest answer.

    When nothing came for `quiet` seconds it throws away what it has.
    """

    def __init__(self, quiet: float, behind: int = 2) -> None:
        self.quiet = quiet
        self.buffered: list[Request] = []
        self.behind = behind

    def __call__(self, device: Hostile, peer: Peer, request: Request) -> None:
        if self.buffered and request.at - self.buffered[-1].at > self.quiet:
            self.buffered, self.behind = [], 0
        self.buffered.append(request)
        if len(self.buffered) > self.behind:
            answered = self.buffered.pop(0)
            if answered is request:
                device.in_time(request)
            peer.write(device.frame(answered, device.pdu(answered)))


@pytest.mark.parametrize("transport", LINES)
def test_a_slave_that_stays_behind_is_left_alone_until_it_starts_anew(
    transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target(), "timeout": "1s"}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = OneAnswerARead(20)
            seconds = 0
            while not (snapshot := await scrape(a)).up:
                assert not snapshot.words
                work(15)
                seconds += 15
                assert seconds < 300, "it is never read again"
            check_true(snapshot, device)
            assert seconds > 30
            said = [r for r in caplog.records if r.getMessage() == "answers lag behind"]
            assert [(r.__dict__["unit"], r.__dict__["behind"]) for r in said] == [(1, 2)]
            assert errors(a).keys() == {"timeout"}

    run(test())


def test_a_slave_that_stays_behind_for_good_is_never_believed() -> None:
    async def test() -> None:
        async with (
            Hostile("rtu-tcp") as device,
            fleet({"name": "a", "target": device.target(), "timeout": "1s"}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = OneAnswerARead(1e9)
            said: set[str] = set()
            for _ in range(20):
                snapshot = await scrape(a)
                assert not snapshot.words
                said.update(snapshot.errors)
                work(15)
            assert any("lags 2 answers behind" in text for text in said), said

    run(test())


@pytest.mark.parametrize(("function", "other"), [(3, 4), (1, 2)])
def test_a_unit_that_owes_every_answer_is_left_alone(function: int, other: int) -> None:
    late = LateAnswers()
    span = Span(function, 97, 46)
    late.add(Expected(1, other, 1), b"", 100.0)
    late.add(Expected(1, function, 46), b"", 100.0)
    asked = set()
    for number in range(200):
        probe = late.probe(1, span)
        if probe is None:
            break
        assert (probe.function, probe.count) not in asked
        asked.add((probe.function, probe.count))
        late.add(Expected(1, probe.function, probe.count), b"", 100.0 + number)
    assert 100 < len(asked) < 126
    late.expire(110.5)
    assert late.probe(1, span) is not None, "what cannot come any more is asked for again"
    late.add(Expected(2, function, 46), b"", 200.0)
    assert late.probe(2, span) == Span(other, 97, 1), "another unit owes nothing by the other code"
    assert late.probe(3, span) == Span(function, 97, 1), "nor a third one anything that is known of"
    assert late.probe(3, Span(function, 97, 1)).count > 1


def test_a_unit_that_owes_every_answer_says_so() -> None:
    async def test() -> None:
        async with (
            Hostile("rtu-tcp") as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = hostile.silent
            assert not (await scrape(a)).up
            now = asyncio.get_running_loop().time()
            connection = a.line.connection
            assert isinstance(connection, SerialConnection)
            for count in range(1, 126):
                for function in (3, 4):
                    connection._late.add(Expected(1, function, count), b"-", now + 60)
            assert "owes too many answers" in str((await scrape(a)).errors)

    run(test())
