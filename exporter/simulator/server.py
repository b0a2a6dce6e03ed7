"""The simulator on the wire: pymodbus's server, which asks the plant, or a recording, for each answer."""

import asyncio
import logging
import struct
import termios
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.framer import FramerType
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from exporter.errors import UserError
from exporter.simulator.listen import Listen, parse_listen
from exporter.simulator.plant import Plant
from exporter.simulator.registers import Image, image
from exporter.simulator.scenarios import Playback, Scenario, load_scenario
from exporter.simulator.terminals import TerminalPair
from exporter.targets import Endpoint, Target

READ_CODES = {3: ReadHoldingRegistersResponse, 4: ReadInputRegistersResponse}
BIT_CODES = {1: ReadCoilsResponse, 2: ReadDiscreteInputsResponse}
MOST_WORDS, MOST_BITS = 125, 2000  # the protocol's limits for one request
FRESH_SECONDS = 0.05  # within this time all requests see the same moment of the plant


Reply = list[int] | int | None
"""The words or bits that were asked for, the code of an exception, or None for silence."""


class Server(ABC):
    """A device on a TCP or serial port that answers what `reply` says. Raises ValueError for bad numbers."""

    def __init__(self, listen: str, unit: int) -> None:
        if not 0 <= unit <= 255:
            raise ValueError(f"unit is a number from 0 to 255, not {unit}")
        self.unit = unit
        self._listen: Listen = parse_listen(listen)
        self._server: _TcpServer | _SerialServer | None = None
        self._terminals: TerminalPair | None = None

    @abstractmethod
    def reply(self, function: int, address: int, count: int) -> Reply:
        """What the device says to a read request that is well formed."""

    def knows(self, function: int) -> bool:
        """Whether the device has this function code at all."""
        return function in READ_CODES

    @property
    def port(self) -> int:
        """The TCP port that was opened. Raises RuntimeError on a serial line or before `start`."""
        if not isinstance(self._server, _TcpServer):
            raise RuntimeError("the simulator does not listen on TCP")
        return self._server.port

    @property
    def address(self) -> str:
        """`HOST:PORT`, or the path of the serial device to connect to."""
        if self._terminals is not None:
            return self._terminals.path
        endpoint = self._listen.endpoint
        if self._listen.kind == "rtu":
            return endpoint.path
        return f"[{endpoint.host}]:{self.port}" if ":" in endpoint.host else f"{endpoint.host}:{self.port}"

    @property
    def target(self) -> str:
        """The target to give to the exporter, for example `tcp://127.0.0.1:5020`."""
        transport = self._listen.endpoint.transport
        if transport == "rtu":
            return Target(replace(self._listen.endpoint, path=self.address), self.unit).url
        # a server on all addresses is asked on one of them
        host = self._listen.endpoint.host.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        return Target(Endpoint(transport, host, self.port), self.unit).url

    async def start(self) -> None:
        """Open the port. Raises UserError when it cannot be opened."""
        # pymodbus reports each client's oddities as errors, with other clients' frames (peers.md 6.1)
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        try:
            self._server = self._make_server()
            self._server.decoder = _Decoder(self._answer)
            await self._server.open()
        except (OSError, termios.error) as error:
            self._server = None
            self._close_terminals()
            reason = error.args[-1] if isinstance(error, termios.error) else error.strerror or error
            raise UserError(f"cannot listen on {self._listen.endpoint.address}: {reason}") from None

    async def stop(self) -> None:
        """Close everything: the port, all connections, the terminals. Does nothing when not started."""
        server, self._server = self._server, None
        if server is not None:
            await server.close_all()
        self._close_terminals()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _make_server(self) -> "_TcpServer | _SerialServer":
        # pymodbus wants a device with memory; the decoder below answers before it is ever looked at
        device = SimDevice(self.unit, [SimData(0, datatype=DataType.REGISTERS)])
        endpoint = self._listen.endpoint
        if self._listen.kind in ("tcp", "rtu-tcp"):
            framer = FramerType.SOCKET if self._listen.kind == "tcp" else FramerType.RTU
            return _TcpServer(
                device, framer=framer, address=(endpoint.host, endpoint.port), ignore_missing_devices=True
            )
        path = endpoint.path
        if self._listen.kind == "pty":
            self._terminals = TerminalPair()
            path = self._terminals.server_path
        return _SerialServer(
            device,
            port=path,
            baudrate=endpoint.baudrate,
            parity=endpoint.parity,
            stopbits=endpoint.stopbits,
            ignore_missing_devices=True,
        )

    def _close_terminals(self) -> None:
        if self._terminals is not None:
            self._terminals.close()
            self._terminals = None

    def _answer(self, unit: int, function: int, data: bytes) -> ModbusPDU:
        """The answer to one request. Raises NoSuchIdException, on which the server stays silent."""
        if unit != self.unit:
            raise NoSuchIdException  # a wrong slave id gets no answer at all (device.md 4)
        address, count = struct.unpack(">HH", data) if len(data) == 4 else (0, 0)
        reply = self.reply(function, address, count)
        if reply is None:
            raise NoSuchIdException
        if not self.knows(function):
            return ExceptionResponse(function, ExcCodes.ILLEGAL_FUNCTION)
        if not 1 <= count <= (MOST_BITS if function in BIT_CODES else MOST_WORDS):
            return ExceptionResponse(function, ExcCodes.ILLEGAL_VALUE)
        if isinstance(reply, int):
            return ExceptionResponse(function, reply)
        if function in BIT_CODES:
            return BIT_CODES[function](bits=[bool(bit) for bit in reply])
        return READ_CODES[function](registers=reply)


class Simulator(Server):
    """A CS141 with BACS that answers Modbus requests.

    Time on the plant is real time multiplied by `speed`; it passes when somebody asks, by Modbus or by
    `image`. `pins` are words that hold a value whatever the plant does. With `static` time stands still and
    the words are computed once, for benchmarks. With 0 modules it is a CS141 without BACS.

        async with Simulator("power-failure", listen="127.0.0.1:0") as simulator:
            print(simulator.address, simulator.image()[109])

    Raises UserError for an unknown scenario and when it cannot listen, ValueError for numbers out of range.
    """

    def __init__(
        self,
        scenario: str | Scenario = "normal",
        *,
        listen: str = "127.0.0.1:5020",
        strings: int = 2,
        modules: int = 40,
        unit: int = 1,
        speed: float = 1.0,
        pins: Mapping[int, int] | None = None,
        static: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(listen, unit)
        if not 0 < speed <= 100_000:
            raise ValueError(f"speed is more than 0 and at most 100000, not {speed:g}")
        self.scenario = load_scenario(scenario) if isinstance(scenario, str) else scenario
        self.plant = Plant(strings, modules)
        self.speed = speed
        self._playback = Playback(self.scenario, self.plant)
        self._static = static
        self._clock = clock
        self._looked = clock()
        self._computed: Image | None = None
        self._pins: dict[int, int] = {}
        for address, value in (pins or {}).items():
            self.set(address, value)

    async def start(self) -> None:
        """Open the port, and let time begin. Raises UserError when it cannot be opened."""
        self._looked = self._clock()
        await super().start()

    def set(self, address: int, value: int) -> None:
        """Pin the word at `address` (0-based) to `value`, over scenario and plant, until `unset`."""
        for what, number in (("address", address), ("value", value)):
            if not 0 <= number <= 0xFFFF:
                raise ValueError(f"{what} is a number from 0 to 65535, not {number}")
        self._pins[address] = value
        self._computed = None

    def unset(self, address: int) -> None:
        """Let the word at `address` follow the plant again."""
        self._pins.pop(address, None)
        self._computed = None

    def turn(self, **values: Any) -> None:
        """Turn knobs of the plant now (see knobs.py), for example `turn(mains=False)`."""
        self._pass_time()
        self.plant.turn(**values)
        self._computed = None

    def image(self) -> Image:
        """The words that the device holds now, by address. Do not change them."""
        stale = not self._static and self._clock() - self._looked >= FRESH_SECONDS
        if self._computed is not None and not stale:
            return self._computed
        self._pass_time()
        self._computed = image(self.plant, self.scenario.personality, self.scenario.base) | self._pins
        return self._computed

    def reply(self, function: int, address: int, count: int) -> Reply:
        """The words of the plant; an address that it does not have is refused."""
        words = self.image()
        if not self.plant.knobs.answers:
            return None
        try:
            return [words[word] for word in range(address, address + count)]
        except KeyError:
            return int(ExcCodes.ILLEGAL_ADDRESS)

    def _pass_time(self) -> None:
        now = self._clock()
        if not self._static:
            self._playback.advance((now - self._looked) * self.speed)
        self._looked = now


_Answer = Callable[[int, int, bytes], ModbusPDU]


class _Request(ModbusPDU):
    """Any request. pymodbus would answer many function codes by itself; here the simulator decides on all."""

    def __init__(self, answer: _Answer, function: int, data: bytes) -> None:
        super().__init__()
        self.function_code = function
        self._answer = answer
        self._data = data

    async def datastore_update(self, context: object, device_id: int) -> ModbusPDU:
        """Called by pymodbus for the answer to a request to `device_id`."""
        return self._answer(device_id, self.function_code, self._data)


class _Decoder(DecodePDU):
    def __init__(self, answer: _Answer) -> None:
        super().__init__(True)
        self._answer = answer

    def decode(self, frame: bytes) -> ModbusPDU | None:
        return _Request(self._answer, frame[0] & 0x7F, frame[1:])


class _TcpServer(ModbusTcpServer):
    port = 0

    async def open(self) -> None:
        """Like serve_forever(background=True), which swallows the reason when it fails."""
        self.is_listener = True
        listener: asyncio.Server = await self.call_create()
        self.transport = listener  # type: ignore[assignment]
        self.port = listener.sockets[0].getsockname()[1]

    async def close_all(self) -> None:
        """Close the port and cut all connections without waiting for their peers."""
        listener: asyncio.Server = self.transport  # type: ignore[assignment]
        listener.close()
        await _settle()  # a client that is just being let in gets its connection, to be cut with the others
        for connection in self.active_connections.values():
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()
        await self.shutdown()  # type: ignore[no-untyped-call]
        await _settle()
        await listener.wait_closed()


class _SerialServer(ModbusSerialServer):
    async def open(self) -> None:
        """Like serve_forever(background=True), which swallows the reason when it fails."""
        self.is_listener = True
        self.transport, _ = await self.call_create()
        await _settle()  # the port is attached to the loop two turns later, and must be before it is closed

    async def close_all(self) -> None:
        """Close the serial port."""
        await self.shutdown()  # type: ignore[no-untyped-call]
        await _settle()


async def _settle() -> None:
    """Let the callbacks run that closed connections, and requests under way in pymodbus, have queued."""
    for _ in range(6):
        await asyncio.sleep(0)
