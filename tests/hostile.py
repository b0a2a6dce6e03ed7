"""A device that misbehaves on purpose, on a bare socket or pseudo terminal, written by hand byte by byte.

Every answer carries other values than the one before, by address and by request: an answer taken for another
request's shows at once. `truth` holds what was said in time, and only that may ever be exported.
"""

import asyncio
import contextlib
import os
import socket
import struct
import tempfile
import tty
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from exporter.config import Config, load_config
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from tests.support import free_port

UPS = range(97, 143)
BACS = range(1000, 2710)
FILLER = 0xD8F1
TIMEOUT = 0.12  # the devices' request_timeout in these tests


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


@dataclass(frozen=True)
class Request:
    """A read as it came in; `number` counts them."""

    number: int
    transaction: int
    unit: int
    function: int
    address: int
    count: int
    at: float

    @property
    def last(self) -> int:
        return self.address + self.count - 1


Behaviour = Callable[["Hostile", "Peer", Request], None]


@dataclass(eq=False)
class Peer:
    """Whoever is connected."""

    write: Callable[[bytes], None]
    close: Callable[[], None]
    reset: Callable[[], None] = lambda: None
    since: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)


class Hostile:
    """The device. `behaviour` answers requests; `script` holds behaviours for the next ones, one each.

    async with Hostile("rtu", served=UPS) as device:
        device.behaviour = silent
    """

    def __init__(
        self,
        transport: str = "tcp",
        *,
        served: Iterable[int] = UPS,
        max_words: int = 125,
        too_long: int = 3,
        units: Iterable[int] = (1,),
    ) -> None:
        self.transport = transport
        self.served = set(served)
        self.max_words = max_words
        self.too_long = too_long
        self.units = set(units)
        self.pins = {109: 1, 134: 0, 1000: 0x41, 1001: 0, 1002: 0, 1003: 0, 1004: 0, 1005: 0}
        self.behaviour: Behaviour = honest
        self.script: list[Behaviour] = []
        self.requests: list[Request] = []
        self.truth: dict[tuple[int, int], int] = {}
        self.answered: deque[Request] = deque(maxlen=150)
        self.previous: bytes = b""
        self.welcome: Callable[[Hostile, Peer], None] | None = None
        self.connections = 0
        self.most_open = 0
        self.peers: list[Peer] = []
        self._server: asyncio.Server | None = None
        self._terminal: tuple[int, int] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._deaf: list[socket.socket] = []
        self._timers: list[asyncio.TimerHandle] = []
        self.port = free_port()  # nobody else gets it while it is closed
        self.path = ""

    # life

    async def __aenter__(self) -> Self:
        if self.transport == "rtu":
            self._folder = tempfile.TemporaryDirectory()
            self.path = f"{self._folder.name}/ttyUSB0"
            self.plug()
        else:
            await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self.unplug()
        if self._folder is not None:
            self._folder.cleanup()
        self.hear()
        await self.hang_up()

    def plug(self) -> None:
        """Put the serial adapter in."""
        master, slave = self._terminal = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        Path(self.path).symlink_to(os.ttyname(slave))
        peer = Peer(lambda data: self._to_terminal(master, data), self.unplug)
        self.peers = [peer]
        loop = asyncio.get_running_loop()
        loop.add_reader(master, lambda: self.received(peer, os.read(master, 4096)))

    def unplug(self) -> None:
        """Pull the serial adapter out."""
        if self._terminal is None:
            return
        asyncio.get_running_loop().remove_reader(self._terminal[0])
        for descriptor in self._terminal:
            os.close(descriptor)
        self._terminal = None
        self.peers = []
        Path(self.path).unlink()

    async def go_deaf(self) -> None:
        """Answer no more connection requests: the queue of an open port is full, and SYNs are dropped."""
        await self.hang_up()
        deaf = socket.create_server(("127.0.0.1", self.port), backlog=0)
        fillers = [socket.socket() for _ in range(2)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        self._deaf = [deaf, *fillers]

    def hear(self) -> None:
        """No longer be deaf; the port is closed."""
        for one in self._deaf:
            one.close()
        self._deaf = []

    async def listen(self) -> None:
        """Open the port, always the same."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)

    async def hang_up(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
            for peer in list(self.peers):
                peer.reset()
            await until(lambda: not self.peers)
            self._server = None

    @property
    def plugged(self) -> bool:
        return self._terminal is not None

    @property
    def listening(self) -> bool:
        return self._server is not None

    def target(self, unit: int = 1) -> str:
        end = f"unit={unit}"
        if self.transport == "rtu":
            return f"rtu://{self.path}?parity=N&{end}"  # a pseudo terminal has no parity
        return f"{self.transport}://127.0.0.1:{self.port}?{end}"

    # speaking

    def received(self, peer: Peer, data: bytes) -> None:
        peer.buffer += data
        size = 12 if self.transport == "tcp" else 8
        while len(peer.buffer) >= size:
            frame = bytes(peer.buffer[:size])
            del peer.buffer[:size]
            transaction, start = 0, 0
            if self.transport == "tcp":
                (transaction,), start = struct.unpack(">H", frame[:2]), 6
            else:
                assert crc(frame[:-2]) == frame[-2:], f"broken request {frame.hex()}"
            unit, function, address, count = struct.unpack(">BBHH", frame[start : start + 6])
            assert function in (1, 2, 3, 4), "the exporter only ever reads"
            at = asyncio.get_running_loop().time()
            request = Request(len(self.requests), transaction, unit, function, address, count, at)
            self.requests.append(request)
            (self.script.pop(0) if self.script else self.behaviour)(self, peer, request)

    def refusal(self, request: Request) -> int:
        """The exception that the request gets from an honest device; 0 for none."""
        if request.count > self.max_words:
            return self.too_long
        words = range(request.address, request.last + 1)
        return 0 if self.served.issuperset(words) else 2

    def values(self, request: Request) -> list[int]:
        words = range(request.address, request.last + 1)
        # below 0x4000: bit 14 of the status word would be a lost UPS
        return [
            self.pins.get(a, (a * 131 + request.unit * 37 + request.number * 1009) % 0x4000) for a in words
        ]

    def pdu(self, request: Request) -> bytes:
        """The right answer."""
        if code := self.refusal(request):
            return bytes((request.function | 0x80, code))
        values = self.values(request)
        return bytes((request.function, 2 * len(values))) + struct.pack(f">{len(values)}H", *values)

    def in_time(self, request: Request) -> None:
        """Note that the request is being answered truthfully and in time."""
        if not self.refusal(request):
            self.answered.append(request)
            for address, value in zip(
                range(request.address, request.last + 1), self.values(request), strict=True
            ):
                self.truth[request.unit, address] = value

    def frame(
        self,
        request: Request,
        pdu: bytes,
        *,
        unit: int | None = None,
        transaction: int | None = None,
        protocol: int = 0,
        more: int = 0,
    ) -> bytes:
        """`pdu` as it goes over the wire; `more` bytes are promised by the header and not sent."""
        body = bytes((request.unit if unit is None else unit,)) + pdu
        if self.transport != "tcp":
            return body + crc(body)
        number = request.transaction if transaction is None else transaction
        return struct.pack(">HHH", number, protocol, len(body) + more) + body

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, action))

    def to_whoever_is_there(self, data: bytes) -> None:
        """What a serial server does with bytes from the line."""
        if self.peers:
            self.peers[-1].write(data)

    def _to_terminal(self, master: int, data: bytes) -> None:
        with contextlib.suppress(OSError):  # full, or pulled out meanwhile
            os.write(master, data)


def _reset(transport: asyncio.Transport) -> None:
    """End the connection with a reset."""
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()


class _Connection(asyncio.Protocol):
    def __init__(self, device: Hostile) -> None:
        self.device = device
        self.peer: Peer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        device = self.device
        device.connections += 1
        self.peer = Peer(transport.write, transport.close, reset=lambda: _reset(transport))
        self.peer.since = asyncio.get_running_loop().time()
        device.peers.append(self.peer)
        device.most_open = max(device.most_open, len(device.peers))
        if device.welcome is not None:
            device.welcome(device, self.peer)

    def data_received(self, data: bytes) -> None:
        assert self.peer is not None
        self.device.received(self.peer, data)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self.peer is not None
        self.device.peers.remove(self.peer)


# behaviours


def honest(device: Hostile, peer: Peer, request: Request) -> None:
    if request.unit in device.units:  # a wrong unit gets no answer at all (device.md 4)
        device.in_time(request)
        device.previous = device.frame(request, device.pdu(request))
        peer.write(device.previous)


def silent(device: Hostile, peer: Peer, request: Request) -> None:
    pass


def close(device: Hostile, peer: Peer, request: Request) -> None:
    peer.close()


def reset(device: Hostile, peer: Peer, request: Request) -> None:
    peer.reset()


def wrong_unit(device: Hostile, peer: Peer, request: Request) -> None:
    peer.write(device.frame(request, device.pdu(request), unit=request.unit + 1))


def wrong_function(device: Hostile, peer: Peer, request: Request) -> None:
    pdu = device.pdu(request)
    peer.write(device.frame(request, bytes((pdu[0] ^ 7,)) + pdu[1:]))


def short(device: Hostile, peer: Peer, request: Request) -> None:
    pdu = device.pdu(request)
    peer.write(device.frame(request, bytes((pdu[0], max(pdu[1] - 2, 0))) + pdu[2:-2]))


def long(device: Hostile, peer: Peer, request: Request) -> None:
    pdu = device.pdu(request)
    peer.write(device.frame(request, bytes((pdu[0], pdu[1] + 2)) + pdu[2:] + b"\0\1"))


def lying_byte_count(device: Hostile, peer: Peer, request: Request) -> None:
    pdu = device.pdu(request)
    peer.write(device.frame(request, bytes((pdu[0], pdu[1] + 2)) + pdu[2:]))


def cut_off(device: Hostile, peer: Peer, request: Request) -> None:
    peer.write(device.frame(request, device.pdu(request))[:-3])


def wrong_transaction(device: Hostile, peer: Peer, request: Request) -> None:
    peer.write(device.frame(request, device.pdu(request), transaction=request.transaction + 1))


def wrong_protocol(device: Hostile, peer: Peer, request: Request) -> None:
    peer.write(device.frame(request, device.pdu(request), protocol=1))


def garbage(device: Hostile, peer: Peer, request: Request) -> None:
    peer.write(bytes(range(40, 99)))


def flood(device: Hostile, peer: Peer, request: Request) -> None:
    for _ in range(50):
        peer.write(bytes(range(40, 240)))


def bad_crc(device: Hostile, peer: Peer, request: Request) -> None:
    frame = device.frame(request, device.pdu(request))
    peer.write(frame[:-1] + bytes((frame[-1] ^ 1,)))


def previous_answer(device: Hostile, peer: Peer, request: Request) -> None:
    peer.write(device.previous)


def noise_before(device: Hostile, peer: Peer, request: Request) -> None:
    device.in_time(request)
    peer.write(b"\x00\xff\x01\x03" + device.frame(request, device.pdu(request)))


def byte_by_byte(device: Hostile, peer: Peer, request: Request) -> None:
    device.in_time(request)
    frame = device.frame(request, device.pdu(request))
    for index in range(len(frame)):
        device.later(index * 0.0003, lambda index=index: peer.write(frame[index : index + 1]))


def two_answers(device: Hostile, peer: Peer, request: Request) -> None:
    device.in_time(request)
    peer.write(device.frame(request, device.pdu(request)) * 2)


def exception(code: int) -> Behaviour:
    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        peer.write(device.frame(request, bytes((request.function | 0x80, code))))

    answer.__name__ = f"exception_{code}"
    return answer


def echoing(behaviour: Behaviour) -> Behaviour:
    """What an RS485 transceiver does that hears what it sends: the request comes back, then the answer."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        body = struct.pack(">BBHH", request.unit, request.function, request.address, request.count)
        peer.write(body + crc(body))
        device.later(0.004, lambda: behaviour(device, peer, request))

    return answer


def standing(number: int) -> Behaviour:
    """Answers always with the same transaction."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        device.in_time(request)
        peer.write(device.frame(request, device.pdu(request), transaction=number))

    return answer


def deaf_for(seconds: float) -> Behaviour:
    """Says nothing to what it is asked within `seconds` of a new connection."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        if request.at - peer.since >= seconds:
            honest(device, peer, request)

    return answer


class SlowGateway:
    """A behaviour: asks one unit at a time, and waits `hold` seconds for a dead one before exception 11.

    Without `says` it says nothing of a dead one.
    """

    def __init__(self, *dead: int, hold: float, says: bool = True) -> None:
        self.dead, self.hold = dead, hold
        self.of_dead = exception(11) if says else silent
        self.free_at = 0.0

    def __call__(self, device: Hostile, peer: Peer, request: Request) -> None:
        loop = asyncio.get_running_loop()
        dead = request.unit in self.dead
        self.free_at = max(self.free_at, loop.time()) + (self.hold if dead else 0.002)
        answer = self.of_dead if dead else honest

        def say() -> None:
            if peer in device.peers:
                answer(device, peer, request)

        device.later(self.free_at - loop.time(), say)


def late(seconds: float, *, in_time: bool = False) -> Behaviour:
    """The right answer after `seconds`; behind a serial server it goes to whoever is connected then."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        frame = device.frame(request, device.pdu(request))
        if in_time:
            device.in_time(request)
        write = peer.write if device.transport == "tcp" else device.to_whoever_is_there
        device.later(seconds, lambda: write(frame))

    return answer


# scraping


class Clock:
    """The clock of what is remembered, which can be ahead."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let what is remembered get older."""
        self._ahead += seconds


def config(*devices: Mapping[str, Any], **sections: Any) -> Config:
    """A configuration of devices with short timeouts, unless they say otherwise."""
    defaults = {"module": "ups", "request_timeout": f"{TIMEOUT * 1000:.0f}ms", "timeout": "600ms"}
    text = yaml.safe_dump({"devices": [{**defaults, **device} for device in devices], **sections})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(text)
        return load_config(file)


@asynccontextmanager
async def fleet(
    *devices: Mapping[str, Any], clock: Callable[[], float] | None = None, **sections: Any
) -> AsyncIterator[Fleet]:
    """The devices ready to scrape; afterwards every connection must be gone and no task left."""
    clock = clock or asyncio.get_running_loop().time
    result = Fleet(config(*devices, **sections), clock=clock)
    try:
        yield result
    finally:
        result.close()
        await until(lambda: len(asyncio.all_tasks()) == 1)


async def scrape(device: Device, seconds: float = 5.0) -> Snapshot:
    """One scrape, which must keep its deadline: when it is over, the loop has not many turns to go.

    Turns of two milliseconds or more, not seconds: those may be the machine's, which has other things to do.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    turns = 0
    handle: asyncio.Handle

    def turn() -> None:
        nonlocal turns, handle
        turns += 1
        handle = loop.call_later(0.002, turn)

    handle = loop.call_at(started + min(seconds, device.config.options.timeout), turn)
    try:
        snapshot = await device.scrape(started + seconds)
    finally:
        handle.cancel()
    assert turns < 25, "the scrape did not keep its deadline"
    return snapshot


def check_true(snapshot: Snapshot, device: Hostile, unit: int = 1) -> None:
    """Nothing but what the device said in time may be in the snapshot."""
    for name, raw in words(snapshot).items():
        assert raw == device.truth.get((unit, name)), f"word {name} is not what the device said last"


def words(snapshot: Snapshot) -> dict[int, int]:
    """The plain words that a snapshot has a value of, by address."""
    return {
        span.address: int(snapshot.words[name])
        for column in snapshot.layout.columns
        for name, span in zip(column.ids, column.spans, strict=False)  # a formula has no place
        if name in snapshot.words
    }


def exported(snapshot: Snapshot) -> set[str]:
    """The metrics with values from the device, without those about the pass itself."""
    own = ("generex_up", "generex_group_up", "generex_device_info", "generex_refused_words")
    return {name for name in snapshot.readings if name not in own and not name.startswith("generex_scrape_")}


def errors(device: Device) -> dict[str, int]:
    """The errors counted so far, without the zeros."""
    return {reason: number for reason, number in device.counters.errors.items() if number}


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (conditions of all kinds, most without an event)
            await asyncio.sleep(0.002)
