"""Devices that cost next to nothing, all in one process; and what the wire alone takes to read one."""

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

from exporter.simulator.plant import Plant
from exporter.simulator.registers import image

Read = tuple[int, int]
"""Address and number of words of a request."""

_PER_NET = 250  # addresses used of each 127.0.n.0/24


class Memory:
    """The words of a device as bytes, so that an answer is cut out rather than put together."""

    def __init__(self, modules: int) -> None:
        words = image(Plant(strings=2, modules=modules))
        self._bytes = b"".join(words.get(address, 0).to_bytes(2, "big") for address in range(max(words) + 1))
        self._served = bytes(address in words for address in range(max(words) + 1))

    def answer(self, request: bytes) -> bytes:
        """The answer frame to a request frame."""
        start, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
        if self._served[start : start + count].count(1) == count:
            pdu = bytes((request[6], request[7], 2 * count)) + self._bytes[2 * start : 2 * (start + count)]
        else:
            pdu = bytes((request[6], request[7] | 0x80, 2))
        return request[:4] + len(pdu).to_bytes(2, "big") + pdu


class _Responder(asyncio.Protocol):
    """Answers every read after `delay` seconds."""

    def __init__(self, memory: Memory, delay: float) -> None:
        self._memory = memory
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        answer = self._memory.answer(data)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._write, answer)
        else:
            self._write(answer)


def _serve(modules: int, delay: float, ready: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        memory = Memory(modules)
        # every address of 127.0.0.0/8 is this machine's: each is a device of its own to the exporter
        server = await loop.create_server(lambda: _Responder(memory, delay), "127.0.0.1", 0, backlog=1024)
        port = server.sockets[0].getsockname()[1]
        server.close()
        server = await loop.create_server(lambda: _Responder(memory, delay), "0.0.0.0", port, backlog=1024)
        ready.send(port)
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(run())


@contextlib.contextmanager
def devices(number: int, modules: int, delay: float = 0.0) -> Iterator[Sequence[str]]:
    """That many devices with so many modules each in 2 strings (none: no BACS); gives their HOST:PORT."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(modules, delay, there), daemon=True)
    process.start()
    try:
        port = here.recv()
        yield [f"127.0.{n // _PER_NET}.{n % _PER_NET + 1}:{port}" for n in range(number)]
    finally:
        process.terminate()
        process.join()


def floor(device: str, reads: Sequence[Read], rounds: int) -> list[float]:
    """The seconds that a plain socket takes for the same requests, one after the other."""
    host, _, port = device.rpartition(":")
    times = []
    with socket.create_connection((host, int(port))) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(rounds):
            start = time.perf_counter()
            for address, count in reads:
                head = b"\0\1\0\0\0\6\1\3" + address.to_bytes(2, "big") + count.to_bytes(2, "big")
                wire.sendall(head)
                left = 9 + 2 * count
                while left > 0 and (data := wire.recv(left)):
                    left = 0 if data[7:8] == b"\x83" else left - len(data)
            times.append(time.perf_counter() - start)
    return times
