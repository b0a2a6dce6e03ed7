"""The exporter only ever reads: every byte it sends to a device is recorded and taken apart."""

import ast
import asyncio
import signal
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from exporter.cli import COMMANDS
from exporter.reading.plan.spans import Request as Span
from exporter.reading.transport.answers import build_rtu, build_tcp
from tests import hostile
from tests.hostile import Hostile, Peer, Request
from tests.security.secured import put, secured
from tests.support import environment

TRANSPORTS = ("tcp", "rtu", "rtu-tcp")
# Every command is in one of the two. What stands here speaks to the device at {target}, in these ways.
SPEAK_TO_A_DEVICE: dict[str, Sequence[Sequence[str]]] = {
    "serve": (),  # below
    "probe": (["{target}"], ["{target}", "--format=prometheus", "--watch"]),
    "discover": (["{target}"],),
    "record": (["{target}", "{file}", "--interval=1s"],),
}
SPEAK_TO_NONE = {
    "explain",
    "simulate",
    "demo",
    "check",
    "healthy",
    "maps",
    "generate",
    "completion",
    "report",
}


class Recording(Hostile):
    """A device that keeps all bytes it was sent, by connection."""

    def __init__(self, transport: str, served: Iterable[int], max_words: int = 125) -> None:
        super().__init__(transport, served=served, max_words=max_words)
        self.sent: dict[Peer, bytearray] = {}

    def received(self, peer: Peer, data: bytes) -> None:
        self.sent.setdefault(peer, bytearray()).extend(data)
        super().received(peer, data)

    def pdu(self, request: Request) -> bytes:
        if request.function > 2:
            return super().pdu(request)
        return bytes((request.function, (request.count + 7) // 8)) + b"\1" * ((request.count + 7) // 8)

    def functions(self) -> Counter[int]:
        """The function codes of the frames that were sent; all bytes must belong to a whole frame."""
        found: Counter[int] = Counter()
        for data in self.sent.values():
            found.update(_functions(bytes(data), self.transport == "tcp"))
        return found


def _functions(data: bytes, tcp: bool) -> list[int]:
    functions = []
    while data:
        if tcp:
            _, protocol, length = struct.unpack(">HHH", data[:6])
            assert protocol == 0
            assert len(data) >= 6 + length, f"no whole frame: {data.hex(' ')}"
            pdu, data = data[7 : 6 + length], data[6 + length :]
        else:
            # a read is 8 bytes with its checksum; any other request is not
            assert hostile.crc(data[:6]) == data[6:8], f"no whole frame of a read: {data.hex(' ')}"
            pdu, data = data[1:6], data[8:]
        assert len(pdu) == 5, f"no read has this length: {pdu.hex(' ')}"
        functions.append(pdu[0])
    return functions


def test_the_recorder_would_see_a_write() -> None:
    write = bytes((1, 6, 0, 97, 0, 1))
    assert _functions(b"\0\1\0\0\0\6" + write, True) == [6]
    assert _functions(write + hostile.crc(write), False) == [6]
    for broken in (write, write + b"\0\0", write + hostile.crc(write) + b"\1"):
        with pytest.raises(AssertionError):
            _functions(broken, False)
    many = bytes((1, 16, 0, 97, 0, 1, 2, 0, 1))
    with pytest.raises(AssertionError):
        _functions(b"\0\1\0\0\0\x09" + many, True)
    with pytest.raises(AssertionError):
        _functions(many + hostile.crc(many), False)


OWN_MAP = """\
map: own
title: own
source: one word by each function
metrics: {own_value: {help: A test.}}
groups:
  own:
    title: own
    words:
      coil: {address: 7, function: 1, type: bool, metric: own_value, labels: {by: "1"}}
      discrete: {address: 7, function: 2, type: bool, metric: own_value, labels: {by: "2"}}
      holding: {address: 7, function: 3, metric: own_value, labels: {by: "3"}}
      input: {address: 7, function: 4, metric: own_value, labels: {by: "4"}}
"""


def write_config(folder: Path, device: Hostile, options: str) -> Path:
    """A configuration with the device under the name `a`."""
    put(folder / "own.yaml", OWN_MAP)
    put(
        folder / "c.yaml",
        f"devices:\n  - {{name: a, target: '{device.target()}', request_timeout: 40ms, {options}}}\n"
        "modules: {own: {maps: [own]}}\nmaps: [own.yaml]\n"
        f"probe: {{allow: ['127.0.0.1:{device.port or 502}']}}\n",
    )
    return folder / "c.yaml"


IN_HALF_A_SECOND = {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
FAULTS = (
    hostile.silent,
    hostile.close,
    hostile.wrong_unit,
    hostile.short,
    hostile.cut_off,
    hostile.garbage,
    hostile.noise_before,
    hostile.exception(1),
    hostile.exception(3),
    hostile.exception(6),
    hostile.exception(11),
)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("served", "options", "max_words"),
    [
        # a UPS with words it refuses, a BACS that is looked for, fewer words at once than are asked for
        ([*range(97, 120), *range(125, 143)], "module: cs141", 20),
        # a BACS with strings and modules
        ([*range(97, 143), *range(1000, 1200)], "module: cs141, bacs: required, expect: {modules: 8}", 125),
        # sensors beside it
        (range(97, 151), "sensors: {1: {name: x, kind: temperature, scale: 0.1}}", 125),
        # a gateway frame, read again until its counter moves
        (range(50), "module: prof", 125),
        # a map of the user's own, with all functions there are
        ([7], "module: own", 125),
    ],
)
def test_the_exporter_only_reads(
    tmp_path: Path, transport: str, served: Sequence[int], options: str, max_words: int
) -> None:
    async def play() -> None:
        async with Recording(transport, served=served, max_words=max_words) as device:
            device.pins |= {1003: 1, 1004: 4, 1000: 0x41}
            config = write_config(tmp_path, device, options)
            async with secured(config=config) as server:
                paths = ["/metrics", "/metrics", "/probe?target=a", "/probe?target=a&debug=true"]
                if transport == "tcp":
                    paths.append(f"/probe?target=127.0.0.1:{device.port}&unit=7")
                for path in paths:
                    answer = await server.ask(path, headers=IN_HALF_A_SECOND)
                    assert answer.status in (200, 400), answer.text  # 400: this address has another unit
                device.script = [behaviour for fault in FAULTS for behaviour in (fault, hostile.honest)]
                for _ in range(4):
                    await server.ask("/probe?target=a&debug=true", headers=IN_HALF_A_SECOND)
                assert (await server.ask("/-/reload", method="POST")).status == 200
                assert (await server.ask("/metrics", headers=IN_HALF_A_SECOND)).status == 200
            functions = device.functions()
            assert sum(functions.values()) == len(device.requests) > 5
            assert set(functions) <= {1, 2, 3, 4}
            if options == "module: own":
                assert set(functions) == {1, 2, 3, 4}

    asyncio.run(play())


def cases() -> list[tuple[str, Sequence[str]]]:
    return [
        (name, ways) for name, all_ways in SPEAK_TO_A_DEVICE.items() if name in COMMANDS for ways in all_ways
    ]


@pytest.mark.parametrize("transport", ["tcp", "rtu"])
@pytest.mark.parametrize(
    ("command", "arguments"), cases(), ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_commands_only_read(tmp_path: Path, transport: str, command: str, arguments: Sequence[str]) -> None:
    async def play() -> None:
        served = [*range(97, 143), *range(1000, 1100)]
        async with Recording(transport, served=served) as device:
            device.pins |= {1003: 1, 1004: 4}
            filled = [text.format(target=device.target(), file=tmp_path / "out") for text in arguments]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "exporter", command, *filled,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE, env=environment(),
            )  # fmt: skip
            ended = asyncio.create_task(process.communicate())
            # those that go on and on are ended when they have asked for a while
            asked = asyncio.create_task(hostile.until(lambda: len(device.requests) > 4, 30))
            await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            asked.cancel()
            await asyncio.wait([asked])
            _, errors = await ended
            functions = device.functions()
            assert functions, errors.decode()
            assert sum(functions.values()) == len(device.requests)
            assert set(functions) <= {1, 2, 3, 4}

    asyncio.run(play())


def test_every_command_is_sorted() -> None:
    assert set(COMMANDS) <= SPEAK_TO_A_DEVICE.keys() | SPEAK_TO_NONE


EXPORTER = Path(__file__).parents[2] / "exporter"
READS = {"FramerRTU", "create_serial_connection"}  # the checksum, and the port


def test_nothing_that_writes_is_even_imported() -> None:
    taken: set[str] = set()
    for path in EXPORTER.rglob("*.py"):
        if path.parent.name == "simulator":  # it plays the device
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pymodbus"):
                taken |= {name.name for name in node.names}
            if isinstance(node, ast.Import):
                assert not any(name.name.startswith("pymodbus") for name in node.names), path
    assert taken == READS


@pytest.mark.parametrize("function", [0, *range(5, 256)])
def test_no_frame_but_a_read_can_be_built(function: int) -> None:
    with pytest.raises(ValueError, match=f"function {function} does not read"):
        build_tcp(1, Span(function, 97, 1), 1)
    with pytest.raises(ValueError, match=f"function {function} does not read"):
        build_rtu(1, Span(function, 97, 1))


@pytest.mark.parametrize("function", [1, 2, 3, 4])
def test_a_read_is_built_byte_by_byte(function: int) -> None:
    """The frames of the Modbus specification, with the checksums that pymodbus computes."""
    sums = {1: "edc8", 2: "a9c8", 3: "9408", 4: "21c8"}
    assert build_tcp(1, Span(function, 0x61, 0x2E), 7).hex() == f"000700000006010{function}0061002e"
    assert build_rtu(1, Span(function, 0x61, 0x2E)).hex() == f"010{function}0061002e{sums[function]}"
