"""The simulator on real sockets."""

import asyncio
import logging
import struct
from collections.abc import Callable, Coroutine

import pytest

from exporter.errors import UserError
from exporter.simulator.listen import parse_listen
from exporter.simulator.scenarios import load_scenario
from exporter.simulator.server import Simulator
from tests.loops import run
from tests.simulator.sim_wire import Client
from tests.support import free_port

ANY = "127.0.0.1:0"
READ_STATUS = struct.pack(">BHH", 3, 109, 1)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def against(simulator: Simulator, story: Callable[[Client], Coroutine[None, None, None]]) -> None:
    async def play() -> None:
        async with simulator:
            client = await Client.connect(simulator.port)
            try:
                await story(client)
            finally:
                await client.close()

    asyncio.run(play())


def test_both_read_functions_answer_the_same_words() -> None:
    simulator = Simulator(listen=ANY, static=True)

    async def story(client: Client) -> None:
        for address, count in ((97, 46), (97, 54), (1000, 10), (1010, 50), (1060, 125), (2585, 125)):
            holding = await client.read(address, count, 3)
            assert holding == await client.read(address, count, 4)
            assert holding == [simulator.image()[a] for a in range(address, address + count)]
        assert await client.read(109, 1) == [4]
        assert await client.read(1000, 5) == [0x0041, 0, 0, 2, 40]

    against(simulator, story)


async def others_are_served(port: int, unit: int) -> None:
    """By then the simulator has dealt with what came before: pymodbus takes one request at a time."""
    client = await Client.connect(port)
    for _ in range(2):
        await client.ask(READ_STATUS, unit)
    await client.close()


@pytest.mark.parametrize(
    ("request_pdu", "answer"),
    [
        ("03 0060 0001", "83 02"),  # 96 is not defined
        ("04 0096 0002", "84 02"),  # 150 is, 151 is not
        ("03 0a95 0002", "83 02"),  # 2709 is the last
        ("03 ffff 0001", "83 02"),
        ("03 ffff 0002", "83 02"),
        ("03 0061 0000", "83 03"),
        ("03 0061 007e", "83 03"),  # 126 words
        ("03 0061", "83 03"),
        ("01 0000 0001", "81 01"),
        ("02 0000 0001", "82 01"),
        ("05 006d ff00", "85 01"),
        ("06 006d 0000", "86 01"),
        ("0f 006d 0001 01 00", "8f 01"),
        ("10 006d 0001 02 0000", "90 01"),
        ("16 006d 0000 0000", "96 01"),
        ("17 006d 0001 006d 0001 02 0000", "97 01"),
        ("08 0000 1234", "88 01"),
        ("11", "91 01"),
        ("2b 0e 01 00", "ab 01"),
        ("41 00", "c1 01"),
    ],
)
def test_what_is_refused(request_pdu: str, answer: str) -> None:
    async def story(client: Client) -> None:
        assert (await client.ask(bytes.fromhex(request_pdu))).hex() == answer.replace(" ", "")
        assert await client.read(109, 1) == [4]  # nothing was written

    against(Simulator(listen=ANY), story)


def test_without_bacs_its_words_are_refused() -> None:
    async def story(client: Client) -> None:
        assert await client.ask(struct.pack(">BHH", 3, 1000, 6)) == b"\x83\x02"
        assert await client.read(109, 1) == [4]

    against(Simulator(listen=ANY, modules=0), story)


def test_another_unit_gets_no_answer_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def story(client: Client) -> None:
        for unit in (0, 1, 255):
            client.send(READ_STATUS, unit)
            await others_are_served(simulator.port, 7)
        client.send(bytes.fromhex("06006d0000"), 1)
        await others_are_served(simulator.port, 7)
        client.send(READ_STATUS, 7)
        transaction, unit, answer = await client.receive()
        assert (transaction, unit, answer.hex()) == (5, 7, "03020004")  # the first thing ever answered

    simulator = Simulator(listen=ANY, unit=7)
    with caplog.at_level(logging.DEBUG):
        against(simulator, story)
    assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]


def test_a_dead_device_is_silent_and_may_come_back() -> None:
    simulator = Simulator(listen=ANY)

    async def story(client: Client) -> None:
        simulator.turn(answers=False)
        client.send(READ_STATUS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.reader.read(1)
        simulator.turn(answers=True)
        client.send(READ_STATUS)
        transaction, _, answer = await client.receive()
        assert (transaction, answer.hex()) == (2, "03020004")

    against(simulator, story)


def test_pins_beat_the_plant_and_may_stand_anywhere() -> None:
    simulator = Simulator(listen=ANY, pins={109: 28, 5000: 0xD8F1})

    async def story(client: Client) -> None:
        assert await client.read(109, 1) == [28]
        assert await client.read(5000, 1) == [0xD8F1]
        simulator.set(109, 12)
        assert await client.read(109, 1) == [12]
        simulator.unset(109)
        assert await client.read(109, 1) == [4]
        simulator.unset(5000)
        assert await client.ask(struct.pack(">BHH", 3, 5000, 1)) == b"\x83\x02"

    against(simulator, story)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pins": {70000: 1}}, "address is a number from 0 to 65535, not 70000"),
        ({"pins": {1: -1}}, "value is a number from 0 to 65535, not -1"),
        ({"unit": 300}, "unit is a number from 0 to 255, not 300"),
        ({"speed": 0}, "speed is more than 0 and at most 100000, not 0"),
        ({"strings": 12}, "strings is a number from 1 to 10, not 12"),
        ({"listen": "nowhere"}, 'bad listen address "nowhere"'),
    ],
)
def test_numbers_out_of_range_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Simulator(**options)  # type: ignore[arg-type]


def test_time_passes_at_speed_when_somebody_looks() -> None:
    clock = Clock()
    simulator = Simulator("power-failure", speed=10, clock=clock)
    assert simulator.image()[109] == 4
    clock.now += 5.9
    assert simulator.image()[109] == 4
    clock.now += 0.2  # 61 s
    assert simulator.image()[109] == 12
    clock.now += 100_000
    assert simulator.image()[1000] == 0x0041
    assert simulator.plant.seconds == pytest.approx(1_000_061)


def test_words_are_computed_at_most_every_50_ms_and_never_when_static() -> None:
    clock = Clock()
    simulator = Simulator(clock=clock)
    first = simulator.image()
    clock.now += 0.04
    assert simulator.image() is first
    clock.now += 0.02
    assert simulator.image() is not first
    static = Simulator("power-failure", static=True, clock=clock)
    held = static.image()
    clock.now += 1000
    assert static.image() is held
    assert held[109] == 4


def test_a_scenario_object_and_the_gateway_frame() -> None:
    scenario = load_scenario("plc-stopped").model_copy(update={"base": 300})

    async def story(client: Client) -> None:
        frame = await client.read(300, 50)
        assert frame[10] == 4  # bytes 21 and 22: status
        assert await client.ask(struct.pack(">BHH", 3, 299, 1)) == b"\x83\x02"
        assert await client.ask(struct.pack(">BHH", 3, 350, 1)) == b"\x83\x02"

    against(Simulator(scenario, listen=ANY), story)


def test_many_clients_are_served_and_cut_at_once_when_it_stops() -> None:
    async def play() -> None:
        simulator = Simulator(listen=ANY)
        await simulator.start()
        clients = [await Client.connect(simulator.port) for _ in range(10)]
        answers = await asyncio.gather(*(client.read(1060, 125) for client in clients))
        assert all(answer == answers[0] for answer in answers)
        late = await asyncio.open_connection("127.0.0.1", simulator.port)
        clients[0].send(READ_STATUS)
        began = asyncio.get_running_loop().time()
        await simulator.stop()
        assert asyncio.get_running_loop().time() - began < 2
        assert asyncio.all_tasks() == {asyncio.current_task()}
        for client in [*clients, Client(*late)]:
            async with asyncio.timeout(5):
                try:
                    while await client.reader.read(100):
                        pass
                except ConnectionResetError:
                    pass
            await client.close()
        await simulator.stop()  # a second time is harmless

    run(play())


def test_it_can_be_stopped_at_once_and_started_again_on_the_same_port() -> None:
    async def play() -> None:
        port = free_port()
        async with Simulator(listen=f"127.0.0.1:{port}") as simulator:
            assert simulator.port == port
        async with Simulator(listen=f"127.0.0.1:{port}") as simulator:
            assert simulator.port == port
            assert simulator.address == f"127.0.0.1:{port}"
            assert simulator.target == f"tcp://127.0.0.1:{port}"
        async with Simulator(listen="pty"):
            pass

    asyncio.run(play())


def test_a_taken_port_is_named() -> None:
    async def play() -> None:
        async with Simulator(listen=ANY) as first:
            with pytest.raises(
                UserError, match=f"cannot listen on {first.address}: .*address already in use"
            ):
                await Simulator(listen=first.address).start()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("127.0.0.1:5020", "tcp", "127.0.0.1:5020"),
        ("tcp://127.0.0.1:5020", "tcp", "127.0.0.1:5020"),
        (":5020", "tcp", "0.0.0.0:5020"),
        ("[::1]:0", "tcp", "[::1]:0"),
        ("rtu-tcp://127.0.0.1:4001", "rtu-tcp", "127.0.0.1:4001"),
        ("rtu:///dev/ttyUSB0?baudrate=19200&parity=N", "rtu", "/dev/ttyUSB0"),
    ],
)
def test_places_to_listen(text: str, kind: str, address: str) -> None:
    listen = parse_listen(text)
    assert (listen.kind, listen.endpoint.address) == (kind, address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "localhost:", "1:70000", "udp://x:1", "tcp://x:1/y", "rtu://", "[::1:5"]
)
def test_bad_places_to_listen_are_named(text: str) -> None:
    with pytest.raises(ValueError, match=r'bad (listen address|target) "'):
        parse_listen(text)
