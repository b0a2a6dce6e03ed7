"""Wrong answers of every kind: nothing is exported, the reason is counted, nobody else is hurt."""

import asyncio

import hostile
import pytest
from hostile import Behaviour, Hostile, check_true, errors, exported, fleet, scrape

TRANSPORTS = ("tcp", "rtu-tcp", "rtu")

WRONG: list[tuple[Behaviour, dict[str, str]]] = [
    (hostile.silent, {"tcp": "timeout", "rtu-tcp": "timeout", "rtu": "timeout"}),
    (hostile.close, {"tcp": "closed", "rtu-tcp": "closed"}),
    (hostile.wrong_unit, {"tcp": "unit", "rtu-tcp": "unit", "rtu": "unit"}),
    (hostile.wrong_function, {"tcp": "function", "rtu-tcp": "function", "rtu": "function"}),
    (hostile.short, {"tcp": "length", "rtu-tcp": "length", "rtu": "length"}),
    (hostile.long, {"tcp": "length", "rtu-tcp": "length", "rtu": "length"}),
    (hostile.lying_byte_count, {"tcp": "length", "rtu-tcp": "frame", "rtu": "frame"}),
    (hostile.cut_off, {"tcp": "frame", "rtu-tcp": "frame", "rtu": "frame"}),
    (hostile.wrong_transaction, {"tcp": "transaction"}),
    (hostile.wrong_protocol, {"tcp": "frame"}),
    (hostile.garbage, {"tcp": "frame", "rtu-tcp": "frame", "rtu": "frame"}),
    (hostile.flood, {"tcp": "frame", "rtu-tcp": "frame", "rtu": "frame"}),
    (hostile.bad_crc, {"rtu-tcp": "frame", "rtu": "frame"}),
    (hostile.two_answers, {"tcp": "frame"}),
    (hostile.previous_answer, {"tcp": "transaction"}),
    *(
        (hostile.exception(code), dict.fromkeys(TRANSPORTS, f"exception_{code}"))
        for code in (1, 2, 3, 4, 5, 6, 10, 11)
    ),
]
CASES = [
    pytest.param(transport, behaviour, reason, id=f"{transport}-{behaviour.__name__}")
    for behaviour, reasons in WRONG
    for transport, reason in reasons.items()
]


@pytest.mark.parametrize(("transport", "behaviour", "reason"), CASES)
def test_a_wrong_answer_is_no_answer(transport: str, behaviour: Behaviour, reason: str) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            Hostile("tcp") as neighbour,
            fleet(
                {"name": "a", "target": device.target()},
                {"name": "b", "target": neighbour.target(), "request_timeout": "1s", "timeout": "5s"},
            ) as devices,
        ):
            a, b = devices.devices["a"], devices.devices["b"]
            assert (await scrape(a)).up
            device.behaviour = behaviour
            bad, good = await asyncio.gather(scrape(a), scrape(b))
            # on a serial line what does not fit may, the second time, be the first answer coming late
            allowed = (
                {reason} if transport == "tcp" or "exception" in reason else {reason, "timeout", "frame"}
            )
            assert reason in errors(a)
            assert set(errors(a)) <= allowed
            assert not bad.up
            assert not bad.words
            assert exported(bad) == set()
            assert bad.groups == {"ups": False}
            assert good.up
            assert good.groups == {"ups": True}
            assert len(good.words) == 46
            check_true(good, neighbour)
            device.behaviour = hostile.honest
            again = await scrape(a)
            assert again.groups == {"ups": True}, again.errors
            check_true(again, device)

    asyncio.run(test())


@pytest.mark.parametrize(
    ("transport", "behaviour"),
    [
        *(pytest.param(t, hostile.byte_by_byte, id=f"{t}-byte_by_byte") for t in TRANSPORTS),
        *(pytest.param(t, hostile.noise_before, id=f"{t}-noise_before") for t in TRANSPORTS[1:]),
        *(pytest.param(t, hostile.two_answers, id=f"{t}-two_answers") for t in TRANSPORTS[1:]),
    ],
)
def test_an_odd_but_right_answer_is_taken(transport: str, behaviour: Behaviour) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "1s", "timeout": "5s"}
            ) as devices,
        ):
            device.behaviour = behaviour
            for _ in range(3):
                snapshot = await scrape(devices.devices["a"])
                assert snapshot.groups == {"ups": True}, snapshot.errors
                check_true(snapshot, device)
            assert errors(devices.devices["a"]) == {}

    asyncio.run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp"])
def test_closing_right_after_accepting_is_counted_as_closed(transport: str) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            device.accepting = False
            assert not (await scrape(a)).up
            assert set(errors(a)) == {"closed"}
            device.accepting = True
            snapshot = await scrape(a)
            assert snapshot.up
            check_true(snapshot, device)

    asyncio.run(test())


def test_a_closed_connection_fails_the_request_at_once() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "4s", "timeout": "5s"}
            ) as devices,
        ):
            device.behaviour = hostile.close
            loop = asyncio.get_running_loop()
            started = loop.time()
            assert not (await scrape(devices.devices["a"])).up
            assert loop.time() - started < 1

    asyncio.run(test())


def test_a_connection_closed_while_idle_is_not_noticed() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            for _ in range(3):
                assert (await scrape(a)).up
                device.peers[0].close()
                await hostile.until(lambda: not device.peers)
            # and the moment before the exporter can know
            assert (await scrape(a)).up
            device.script = [hostile.close]
            assert (await scrape(a)).up
            assert errors(a) == {}

    asyncio.run(test())
