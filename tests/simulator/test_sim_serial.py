"""RTU frames on a socket and on a real pseudo terminal, and mbpoll as a client that is not ours."""

import asyncio
import os
import shutil
import struct
import subprocess

import pytest
import serial

from exporter.errors import UserError
from exporter.simulator.server import Simulator
from tests.simulator.sim_wire import crc

ANY = "127.0.0.1:0"


def test_a_missing_serial_port_is_named() -> None:
    with pytest.raises(UserError, match="cannot listen on /dev/no-such-port: "):
        asyncio.run(Simulator(listen="rtu:///dev/no-such-port").start())


def test_rtu_over_tcp() -> None:
    async def play() -> None:
        async with Simulator(listen="rtu-tcp://127.0.0.1:0", unit=5) as simulator:
            assert simulator.target == f"rtu-tcp://127.0.0.1:{simulator.port}?unit=5"
            reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
            request = bytes.fromhex("0503006d0001")
            writer.write(request[:3])
            await asyncio.sleep(0.01)
            writer.write(request[3:] + crc(request))
            async with asyncio.timeout(5):
                answer = await reader.readexactly(7)
            assert answer[:5].hex() == "0503020004"
            assert answer[5:] == crc(answer[:5])
            writer.close()
            await writer.wait_closed()

    asyncio.run(play())


def test_the_checksum_of_the_tests_is_right() -> None:
    assert crc(bytes.fromhex("010400630001")).hex() == "c1d4"  # device.md 2.8


def test_a_pseudo_terminal_serves_one_client_after_the_other() -> None:
    def ask(path: str, unit: int) -> bytes:
        with serial.Serial(path, 9600, timeout=5 if unit == 1 else 0.1) as line:
            request = bytes([unit, 4]) + struct.pack(">HH", 97, 46)
            line.write(request + crc(request))
            answer: bytes = line.read(3 + 92 + 2)
            return answer

    async def play() -> None:
        async with Simulator(listen="pty") as simulator:
            assert simulator.target == f"rtu://{simulator.address}?baudrate=9600&parity=N&stopbits=1"
            for _ in range(3):
                answer = await asyncio.to_thread(ask, simulator.address, 1)
                assert answer[:3] == bytes([1, 4, 92])
                assert answer[3 + 24 : 3 + 26] == b"\x00\x04"  # 109
                assert answer[-2:] == crc(answer[:-2])
                assert await asyncio.to_thread(ask, simulator.address, 9) == b""

    asyncio.run(play())


def mbpoll() -> str:
    path = shutil.which("mbpoll")
    if path is None:
        if os.environ.get("REQUIRE_REAL") == "1":
            pytest.fail("mbpoll is required (REQUIRE_REAL=1) and not installed")
        pytest.skip("mbpoll is not installed")
    return path


def run_mbpoll(*arguments: str) -> str:
    done = subprocess.run(
        [mbpoll(), "-1", "-0", "-o", "5", *arguments], capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout + done.stderr


def test_mbpoll_reads_it_over_tcp() -> None:
    mbpoll()

    async def play() -> None:
        async with Simulator("old-firmware", listen=ANY, static=True) as simulator:
            tcp = ("-p", str(simulator.port), "127.0.0.1")
            status = await asyncio.to_thread(run_mbpoll, "-r", "109", "-t", "3", *tcp)
            assert "[109]: \t4\n" in status
            bacs = await asyncio.to_thread(run_mbpoll, "-r", "1000", "-c", "6", "-t", "4:hex", *tcp)
            assert "[1000]: \t0x0041\n" in bacs
            assert "[1005]: \t0xD8F1\n" in bacs
            refused = await asyncio.to_thread(run_mbpoll, "-r", "200", *tcp)
            assert "Illegal data address" in refused

    asyncio.run(play())


def test_mbpoll_reads_it_over_a_pseudo_terminal() -> None:
    mbpoll()

    async def play() -> None:
        async with Simulator(listen="pty") as simulator:
            line = ("-m", "rtu", "-b", "9600", "-P", "none", simulator.address)
            status = await asyncio.to_thread(run_mbpoll, "-r", "109", "-t", "3", *line)
            assert "[109]: \t4\n" in status

    asyncio.run(play())
