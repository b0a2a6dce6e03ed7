"""`discover --scan` against devices, among them a server that nobody here wrote; and its map put to use."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from exporter.config import load_config
from exporter.recording.form import read_recording
from exporter.simulator.replayer import Replayer
from exporter.simulator.server import Simulator
from tests.discover.devices import QUICK, Done, command, discovered, lines_with, nothing_left, standing
from tests.hostile import Hostile, Peer, Request, exception, honest, silent
from tests.support import environment, free_port

SOON = (*QUICK, "--watch-for=0s", "--timeout=300ms")


def scan(capsys: pytest.CaptureFixture[str], device: Hostile, span: str, *words: str) -> Done:
    return discovered(capsys, device, f"--scan={span}", *SOON, *words)


@asynccontextmanager
async def foreign_server() -> AsyncIterator[int]:
    """pymodbus's own server: holding registers 10–39 (three move), input registers 100–107, 16 bits."""
    holding = [0] * 30
    holding[1:4] = [2298, 0xD8F1, 0x0104]
    holding[20:26] = [int.from_bytes(b"Riello UPS  "[i : i + 2], "big") for i in range(0, 12, 2)]
    number, asked = 0, (0, 0)

    def moving(sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        nonlocal number, asked
        if not sending:
            number, asked = number + 1, (pdu.function_code, pdu.address)
        elif asked[0] == 3 and pdu.registers:
            sent = pdu.registers
            assert isinstance(sent, list)
            now = {10: 2300 + number % 3, 20: 1000 + number, 21: 12 if number % 3 else 4}
            for address, word in now.items():
                if 0 <= address - asked[1] < len(pdu.registers):
                    sent[address - asked[1]] = word
        return pdu

    def registers(first: int, values: list[int]) -> list[SimData]:
        return [SimData(first, values=list(values), datatype=DataType.REGISTERS)]

    bits = [SimData(0, values=[True] + 15 * [False], datatype=DataType.BITS)]
    device = SimDevice(1, (bits, bits, registers(10, holding), registers(100, [7] * 8)))
    port = free_port()
    server = ModbusTcpServer(device, address=("127.0.0.1", port), trace_pdu=moving)
    await server.serve_forever(background=True)
    try:
        yield port
    finally:
        await server.shutdown()


def test_a_scan_of_a_server_that_nobody_here_wrote(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def play() -> None:
        async with foreign_server() as port:
            target = f"tcp://127.0.0.1:{port}"
            words = ["--scan=0-120", "--pause=0ms", "--watch-for=2s", "--bits"]
            files = ["--name=odd", "--write=generex.yml", "--report=report.md"]
            done = await command(capsys, "discover", target, *words, *files)
            assert done.code == 0
            assert "function code 3: 10–39 answer; 0–9, 40–120 refused with exception 2\n" in done.out
            assert "function code 4: 100–107 answer; 0–99, 108–120 refused with exception 2\n" in done.out
            assert lines_with(done.out, "function code 1: 0–15 answer")
            assert lines_with(done.out, "moves from 2300 to 2302: may be tenths of volts")
            assert lines_with(done.out, "only rises: a count or a clock")
            assert lines_with(done.out, "single bits change (3): a bit field")
            assert len(lines_with(done.out, 'text "Riello UPS" in 30–35')) == 6
            assert done.err.endswith(
                "wrote generex-words.yaml and generex.yml: read them, then "
                "generex-exporter --config.file generex.yml\n"
            )
            await put_to_use(capsys)

    asyncio.run(play())
    report = Path("report.md").read_text()
    assert "127.0.0.1" not in report
    assert "odd" not in report
    assert "| 3 | 11 | 2298 | 0x08FA | stands: may be tenths of volts |  |\n" in report


async def put_to_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The map loads as it is, its words are read, and a recording of them is replayed."""
    checked = await command(capsys, "check", "generex.yml")
    assert (checked.code, checked.out.splitlines()[0]) == (
        0,
        "generex.yml: good: 1 device, 1 module, 1 own map",
    )
    here = ("--config.file=generex.yml", "--format=prometheus")
    read = await command(capsys, "probe", "odd", *here)
    assert read.code == 0
    assert 'generex_unknown_word{device="odd",function="3",address="11"} 2298\n' in read.out
    assert 'generex_unknown_word{device="odd",function="4",address="107"} 7\n' in read.out
    assert 'generex_unknown_word{device="odd",function="1",address="0"} 1\n' in read.out
    assert 'function="3",address="12"' not in read.out  # filler
    recorded = await command(
        capsys, "record", "odd", "rec.jsonl", "--config.file=generex.yml", "--count=2", "--interval=20ms"
    )
    assert recorded.code == 0
    async with Replayer(read_recording(Path("rec.jsonl")), listen="127.0.0.1:0") as device:
        words = (device.target, "--module=scanned", *here)
        replayed = await command(capsys, "probe", *words)
        assert 'function="4",address="107"} 7\n' in replayed.out
        assert 'function="1",address="0"} 1\n' in replayed.out


def test_a_scan_of_a_cs141_finds_both_function_codes_alike(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    async def play() -> Done:
        async with Simulator(listen="127.0.0.1:0", static=True) as device:
            write = f"--write={tmp_path}/generex.yml"
            return await command(capsys, "discover", device.target, "--scan=90-160", *SOON, write)

    done = asyncio.run(play())
    assert done.code == 0
    assert "function code 3: 97–150 answer; 90–96, 151–160 refused with exception 2\n" in done.out
    assert "function code 4 gives the same as 3\n" in done.out
    text = (tmp_path / "generex-words.yaml").read_text()
    assert text.count("        address: ") == 54
    assert "function: 4" not in text


def test_a_list_with_holes(capsys: pytest.CaptureFixture[str]) -> None:
    served = [3, 50, 51, 99, *range(120, 140)]
    done = scan(capsys, standing(dict.fromkeys(served, 5), max_words=9), "0-150")
    assert (
        "function code 3: 3, 50–51, 99, 120–139 answer; 0–2, 4–49, 52–98, 100–119, 140–150 refused"
        in done.out
    )
    assert "it takes 9 words at once, not more" in done.out


@pytest.mark.parametrize(
    ("limit", "served"), [(7, range(120, 130)), (7, range(123, 135)), (32, range(110, 170))]
)
def test_the_longest_request_of_a_list_with_holes_is_found(
    capsys: pytest.CaptureFixture[str], limit: int, served: range
) -> None:
    done = scan(capsys, standing(dict.fromkeys((3, 50, *served), 5), max_words=limit), "0-199")
    assert f"it takes {limit} words at once, not more" in done.out


def test_the_longest_request_of_a_scan_is_found_and_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = standing(dict.fromkeys(range(200), 5), max_words=32)
    done = scan(capsys, device, "0-199", f"--write={tmp_path}/generex.yml")
    assert "it takes 32 words at once, not more" in done.out
    assert load_config(tmp_path / "generex.yml").devices[0].options.max_words == 32


def test_a_device_that_ignores_what_it_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    device = standing(dict.fromkeys(range(50, 60), 5))
    honest = device.behaviour

    def ignoring(device: Hostile, peer: Peer, request: Request) -> None:
        (silent if device.refusal(request) else honest)(device, peer, request)

    device.behaviour = ignoring
    done = scan(capsys, device, "0-100", "--timeout=80ms")
    assert done.code == 0
    assert "function code 3: 50–59 answer; 0–49, 60–100 not answered\n" in done.out


def test_a_device_that_falls_silent_leaves_what_was_heard(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = standing(dict.fromkeys(range(1000), 5))
    honest = device.behaviour

    def tired(device: Hostile, peer: Peer, request: Request) -> None:
        (honest if len(device.requests) < 6 else silent)(device, peer, request)

    device.behaviour = tired
    done = scan(capsys, device, "0-999", "--timeout=100ms", f"--write={tmp_path}/generex.yml")
    assert "with function code 3 the unit fell silent on the way" in done.out
    assert "not asked" in done.out
    assert load_config(tmp_path / "generex.yml").devices


def test_ctrl_c_leaves_a_good_partial_result(tmp_path: Path) -> None:
    async def play() -> tuple[int, str, str]:
        device = standing(dict.fromkeys(range(1000), 5))
        async with device:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "exporter", "discover", device.target(), "--scan=0-999",
                "--pause=200ms", f"--write={tmp_path}/generex.yml", env=environment(),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            while len(device.requests) < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
            return process.returncode or 0, out.decode(), err.decode()

    code, out, err = asyncio.run(play())
    assert code == 0
    assert "the scan was ended before its time" in out
    assert lines_with(out, "function code 3: 0–")[0].endswith("not asked")
    assert "function code 4: none answer; 0–999 not asked\n" in out
    assert "Traceback" not in err
    assert load_config(tmp_path / "generex.yml").devices[0].module == "scanned"


@pytest.mark.parametrize("known", [(3, 4), (3,), (4,)])
def test_a_device_that_says_illegal_function_of_what_it_does_not_have(
    capsys: pytest.CaptureFixture[str], known: tuple[int, ...]
) -> None:
    """That is said of a function code only where another one is answered otherwise."""
    device = Hostile(served=range(100, 143))

    def odd(device: Hostile, peer: Peer, request: Request) -> None:
        there = request.function in known and device.served.issuperset(
            range(request.address, request.last + 1)
        )
        (honest if there else exception(1))(device, peer, request)

    device.behaviour = odd
    done = scan(capsys, device, "0-199")
    assert done.code == 0
    for function in known:
        assert (
            f"function code {function}: 100–142 answer; 0–99, 143–199 refused with exception 1\n" in done.out
        )
    # it has words at the first address: what is said of the other code there is said of the code
    done = scan(capsys, device, "100-142")
    for function in {3, 4}.difference(known):
        text = f"function code {function}: none answer; 100–142 not asked; exception 1 (illegal function)"
        assert text in done.out


@pytest.mark.parametrize(
    "lists",
    [
        {3: range(100, 143), 4: range(20)},
        {3: range(20), 4: range(100, 143)},
        {3: range(100, 143), 4: range(50, 60)},
        {1: range(50, 66), 2: range(1), 3: range(100, 143), 4: range(20)},
        {1: range(200), 3: range(100, 143)},
        {2: range(16), 4: range(100, 143)},
    ],
)
def test_a_device_that_says_illegal_function_and_has_other_addresses_for_each_code(
    capsys: pytest.CaptureFixture[str], lists: dict[int, range]
) -> None:
    """Codes that are doubtful at the first address are not given up for one that answers there."""
    device = Hostile()

    def odd(device: Hostile, peer: Peer, request: Request) -> None:
        if not set(lists.get(request.function, ())).issuperset(range(request.address, request.last + 1)):
            exception(1)(device, peer, request)
            return
        data = bytes(2 * request.count if request.function in (3, 4) else (request.count + 7) // 8)
        peer.write(device.frame(request, bytes((request.function, len(data))) + data))

    device.behaviour = odd
    done = scan(capsys, device, "0-199", *(["--bits"] if lists.keys() & {1, 2} else []))
    for function, served in lists.items():
        text = f"{served[0]}–{served[-1]} answer" if len(served) > 1 else f"{served[0]} answers"
        assert f"function code {function}: {text}" in done.out


def test_a_code_that_is_ignored_says_nothing_of_one_that_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    device = Hostile(served=range(20, 30))

    def odd(device: Hostile, peer: Peer, request: Request) -> None:
        there = device.served.issuperset(range(request.address, request.last + 1))
        (silent if request.function == 3 else honest if there else exception(1))(device, peer, request)

    device.behaviour = odd
    done = scan(capsys, device, "0-39", "--timeout=80ms")
    assert "function code 3: none answer; 0–39 not answered\n" in done.out
    assert "function code 4: 20–29 answer; 0–19, 30–39 refused with exception 1\n" in done.out


@pytest.mark.parametrize("function", [1, 3])
def test_a_code_that_the_device_does_not_know_is_not_asked_for_each_address(
    capsys: pytest.CaptureFixture[str], function: int
) -> None:
    """What the device says of unknown addresses of another code shows it, even if no word answers there."""
    device = Hostile(served=[])

    def odd(device: Hostile, peer: Peer, request: Request) -> None:
        (honest if request.function == function else exception(1))(device, peer, request)

    device.behaviour = odd
    done = scan(capsys, device, "0-39", "--bits")
    for unknown in {1, 2, 3, 4} - {function}:
        text = f"function code {unknown}: none answer; 0–39 not asked; exception 1 (illegal function)\n"
        assert text in done.out


@pytest.mark.parametrize("code", [1, 2])
def test_a_device_without_words_writes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, code: int
) -> None:
    device = Hostile()
    device.behaviour = exception(code)
    done = scan(capsys, device, "0-9", f"--write={tmp_path}/generex.yml")
    assert done.code == 1
    assert "no word from 0 to 9 answers, so no map was written" in done.err
    assert f"function code 3: none answer; 0–9 refused with exception {code}\n" in done.out
    assert nothing_left(tmp_path)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--scan=9"], 'bad --scan "9": write two addresses from 0 to 65535, like 0-999'),
        (["--scan=9-1"], 'bad --scan "9-1"'),
        (["--scan=0-65536"], 'bad --scan "0-65536"'),
        (["--scan=0-9", "--units=1-2"], "--scan asks one unit: give one with --units"),
        (["--scan=0-9", "--watch-for=2d"], '--watch-for: "2d" is not between 0ms and 1d'),
    ],
)
def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str], words: list[str], text: str) -> None:
    done = asyncio.run(command(capsys, "discover", "10.0.0.7", *words))
    assert (done.code, done.out) == (2, "")
    assert text in done.err
