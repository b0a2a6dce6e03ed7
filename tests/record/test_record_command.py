"""`record` as a command: whole lines whatever ends it; and what `simulate --replay` takes or refuses."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.errors import UserError
from exporter.recording.form import read_recording
from exporter.simulator.server import Simulator
from tests.hostile import Hostile, silent
from tests.support import cli, environment, free_port, running, simulator, wait_for

ANYWHERE = "127.0.0.1:0"


def record(capsys: pytest.CaptureFixture[str], *words: str, scenario: str = "normal") -> tuple[int, str, str]:
    """`record` on a simulated device that stands in for TARGET."""

    async def play() -> int:
        async with Simulator(scenario, listen=ANYWHERE) as device:
            filled = [device.target if word == "TARGET" else word for word in words]
            return await asyncio.to_thread(main, ["record", *filled])

    capsys.readouterr()
    code = asyncio.run(play())
    out, err = capsys.readouterr()
    return code, out, err


def test_a_recording_in_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "rec.jsonl"
    code, out, err = record(capsys, "TARGET", str(file), "--count=2", "--interval=50ms")
    assert (code, out) == (0, "")
    assert err.endswith(f"2 passes in {file}\n")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 3
    top = lines[0]
    assert (top["generex_recording"], top["transport"], top["unit"]) == (1, "tcp", 1)
    assert (top["module"], top["interval"]) == ("cs141", 0.05)
    assert top["target"].startswith("tcp://127.0.0.1:")
    first = lines[1]["requests"][0]
    assert (first["unit"], first["function"], first["address"], first["count"]) == (1, 3, 97, 46)
    assert first["words"][12] == 4  # 109
    assert first["seconds"] >= 0
    assert 0.04 <= lines[2]["at"] - lines[1]["at"] < 2
    # a pass is what the exporter reads: modules, too
    assert sum(len(r["words"]) for r in lines[2]["requests"]) > 46 + 6 + 200
    assert read_recording(file).header.interval == 0.05


def test_standard_output_and_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = record(capsys, "TARGET", "-", "--count=1", "--no-target")
    assert code == 0
    assert "127.0.0.1" not in out
    assert "target" not in json.loads(out.splitlines()[0])
    assert err.endswith("1 pass\n")


def test_a_duration_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = record(capsys, "TARGET", "-", "--duration=1s", "--interval=400ms")
    # a pass that begins late puts off those after it; `at` is rounded to a millisecond
    due = [json.loads(line)["at"] + 0.4 for line in out.splitlines()[1:]]
    assert 2 <= len(due) <= 3
    assert due[-2] - 0.001 < 1 <= due[-1] + 0.001, "no pass is due after the duration, nor left out before"


def test_a_silent_device_is_recorded_and_the_next_step_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    async def play() -> int:
        async with Hostile() as device:
            device.behaviour = silent
            (tmp_path / "c.yml").write_text(
                f"devices: [{{name: u, target: 'tcp://127.0.0.1:{device.port}', request_timeout: 50ms}}]"
            )
            words = ["u", str(tmp_path / "rec"), f"--config.file={tmp_path}/c.yml", "--count=2"]
            return await asyncio.to_thread(main, ["record", *words, "--interval=20ms", "--no-target"])

    assert asyncio.run(play()) == 1
    errors = capsys.readouterr().err
    assert "no answer in time\n  the port is open, and nothing comes back: is 1 the slave id" in errors
    assert errors.count("no answer in time") == 1
    assert "nothing could be read from tcp://127.0.0.1" in errors
    text = (tmp_path / "rec").read_text()
    assert '"reason":"timeout"' in text
    assert '"errors":["the device: no answer in time"]' in text
    assert "127.0.0.1" not in text


def test_a_device_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "rec"
    assert main(["record", f"127.0.0.1:{free_port()}", str(file), "--count=1"]) == 1
    assert "Connection refused\n  nothing listens there" in capsys.readouterr().err
    assert read_recording(file).passes[0].requests == ()


def test_a_silent_name_server_leads_to_the_ip_address(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(60) and [])
    (tmp_path / "c.yml").write_text("devices: [{name: u, target: ups.example, request_timeout: 50ms}]")
    words = ["u", str(tmp_path / "rec"), f"--config.file={tmp_path}/c.yml", "--count=1"]
    try:
        assert main(["record", *words]) == 1
    finally:
        ended.set()
    why = 'cannot look up "ups.example" in time: the name server does not answer'
    assert f"pass 1: {why}\n  try the IP address instead: " in capsys.readouterr().err


def test_a_file_is_not_replaced_without_being_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "rec"
    file.write_text("precious")
    code, _, err = record(capsys, "TARGET", str(file), "--count=1")
    assert (code, file.read_text()) == (1, "precious")
    assert f"{file} exists: give another name, or --force" in err
    assert record(capsys, "TARGET", str(file), "--count=1", "--force")[0] == 0
    assert len(read_recording(file).passes) == 1


def test_a_pipe_is_never_replaced(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, err = record(capsys, "TARGET", f"{tmp_path}/pipe", "--count=1", "--force")
    assert (code, (tmp_path / "pipe").is_fifo()) == (1, True)
    assert f"{tmp_path}/pipe is not a file: give another name" in err


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["x", "f", "--interval=0s"], 2, '--interval: "0s" is not between 1ms and 1d'),
        (["x", "f", "--interval=25h"], 2, '--interval: "25h" is not between 1ms and 1d'),
        (["x", "f", "--duration=366d"], 2, '--duration: "366d" is not between 1ms and 365d'),
        (["x", "f", "--interval=2"], 2, '--interval: bad duration "2"'),
        (["x", "f", "--count=0"], 2, "--count: 0 is less than 1"),
        (["http://x", "f"], 2, 'unknown scheme "http"'),
        (["10.0.0.1", "f", "--module=nope"], 2, 'unknown module "nope"'),
        (["10.0.0.1", "/no/such/f", "--count=1"], 1, "cannot write /no/such/f: there is no folder /no/such"),
    ],
)
def test_bad_values(capsys: pytest.CaptureFixture[str], words: list[str], code: int, text: str) -> None:
    assert main(["record", *words]) == code
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_the_file_is_whole(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "rec"
    port = free_port()
    with simulator(port):
        command = [
            sys.executable,
            "-m",
            "exporter",
            "record",
            f"127.0.0.1:{port}",
            str(file),
            "--interval=60s",
        ]
        with running(command, tmp_path / "log", environment()) as process:
            wait_for(lambda: file.exists() and file.read_text().count("\n") == 2, what="the first pass")
            process.send_signal(number)
            code = process.wait(10)
    assert code == (0 if number == signal.SIGINT else -number)
    assert file.read_text().endswith("\n")
    assert len(read_recording(file).passes) == 1
    assert [path.name for path in tmp_path.iterdir()] in (["rec", "log"], ["log", "rec"])


def test_a_line_that_a_crash_cut_off_is_passed_over(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "rec"
    record(capsys, "TARGET", str(file), "--count=2", "--interval=20ms")
    file.write_text(file.read_text()[:-100])
    assert len(read_recording(file).passes) == 1


def test_simulate_replays_a_recording(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "rec.jsonl"
    record(capsys, "TARGET", str(file), "--count=1", scenario="bypass")
    port = free_port()
    command = [sys.executable, "-m", "exporter", "simulate", f"--replay={file}", f"--listen=127.0.0.1:{port}"]
    with running(command, tmp_path / "log", environment()) as process:
        wait_for(lambda: "try: " in (tmp_path / "log").read_text(), what="the replay")
        said = (tmp_path / "log").read_text()
        assert said == (
            f"replaying {file}, 1 pass in 10 s, over and over (unit 1) on 127.0.0.1:{port}\n"
            f"try: generex-exporter probe 'tcp://127.0.0.1:{port}'\n"
        )
        done = cli("probe", f"127.0.0.1:{port}", "--format=prometheus")
        assert done.returncode == 0
        assert f'generex_bacs_modules{{device="127.0.0.1:{port}"}} 40\n' in done.stdout
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(bytes.fromhex("000100000006 01 03 00000001"))
            assert client.recv(100)[7:].hex() == "8302"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


HEADER = (
    '{"generex_recording":1,"version":"0","started":"t","transport":"tcp","unit":1,"module":"cs141",'
    '"interval":10.0}'
)
PASS = '{"at":0.0,"time":"t","seconds":0.1,"requests":[]}'
ONE = '{"unit":1,"function":3,"address":97,"count":2,"words":[1,2],"seconds":0.1}'


def head(old: str, new: str) -> str:
    """A header with something else in it."""
    return HEADER.replace(old, new) + "\n"


def body(old: str, new: str) -> str:
    """A recording of one pass with something else in it."""
    return f"{HEADER}\n" + PASS.replace("[]", f"[{ONE}]").replace(old, new) + "\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1: not a recording: its first line is missing or incomplete"),
        (HEADER, ":1: not a recording: its first line is missing or incomplete"),
        ("hello\n", ":1: not JSON: "),
        ("[]\n", ":1: Input should be a valid dictionary"),
        ('{"a":1}\n', ":1: "),
        (head('"unit":1', '"unit":300'), ":1: unit: Input should be less than or equal to 255"),
        (head("10.0", "0"), ":1: interval: Input should be greater than 0"),
        (head('recording":1', 'recording":2'), "is what `generex-exporter record` writes"),
        (f"{HEADER}\n", ":2: no pass in this file: record for longer"),
        (f"{HEADER}\n{PASS}\nx\n", ":3: not JSON: "),
        (f"{HEADER}\n{PASS}\n{PASS}\n", ":3: at: 0 does not come after 0"),
        (body('"time"', '"b":1,"time"'), ":2: b: Extra inputs are not permitted"),
        (body("[1,2]", "[1]"), ":2: requests.0: 2 words were asked for and there are 1"),
        (body("[1,2]", "[1,65536]"), ":2: requests.0.words.1: Input should be"),
        (body('"words":[1,2],', ""), ":2: requests.0: a request has either words or a reason"),
        (body("97", "65535"), ":2: requests.0: 2 words from 65535 go beyond address 65535"),
        (body('"function":3', '"function":6'), ":2: requests.0.function: Input should be less than"),
        (body('"seconds":0.1,"requests"', '"seconds":NaN,"requests"'), ":2: seconds: Input should be"),
        (b"\xff\xfe\n", ":1: not JSON: "),
    ],
)
def test_a_bad_recording_names_the_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    file = tmp_path / "rec"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        read_recording(file)
    assert str(caught.value).startswith(f"{file}:")
    assert message in str(caught.value)


def test_what_does_not_go_with_a_replay(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for flag in ("--scenario=normal", "--strings=2", "--battery-modules=40", "--set=109=4"):
        assert main(["simulate", f"--replay={tmp_path}/rec", flag]) == 2
        assert f"{flag.split('=')[0]} does not go with --replay" in capsys.readouterr().err
    assert main(["simulate", f"--replay={tmp_path}/rec"]) == 1
    assert f"cannot read {tmp_path}/rec: No such file or directory" in capsys.readouterr().err
