"""`generex-exporter probe` against simulated devices; on a terminal and while it watches as a process."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator.server import Simulator
from tests.hostile import Hostile, standing
from tests.support import told_inside


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "exporter",
        "probe",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _probe(*arguments: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(told_inside, "probe", *arguments)
    return done.returncode, done.stdout, done.stderr


def probe_normal(
    *arguments: str, modules: int = 40, pins: dict[int, int] | None = None
) -> tuple[int, str, str]:
    async def run() -> tuple[int, str, str]:
        async with Simulator(listen="127.0.0.1:0", modules=modules, pins=pins) as device:
            return await _probe(device.target, *arguments)

    return asyncio.run(run())


def test_a_pipe_gets_prometheus_text() -> None:
    code, out, error = probe_normal()
    assert (code, error) == (0, "")
    families = {family.name: family for family in text_string_to_metric_families(out)}
    assert families["generex_up"].samples[0].value == 1
    assert len(families["generex_bacs_module_volts"].samples) == 40


def test_the_table_shows_what_is_wrong_first() -> None:
    # 12: output on, on battery; module 2 of the second word of the first string: voltage low
    code, out, _ = probe_normal("--format=table", pins={109: 12, 116: 1, 1068: 0x0008})
    assert code == 0
    lines = out.splitlines()
    flags = [line.split()[0] for line in lines[lines.index("Active flags") + 2 :] if line][:4]
    assert flags[0] == "critical"
    assert "string 1 module 2" in out
    assert "\x1b" not in out
    assert "ups_output_volts" in out
    assert [line for line in lines if line.startswith("1       2 ")], "the row of module 2 in string 1"


def test_json_holds_words_and_metrics() -> None:
    code, out, _ = probe_normal("--format=json", modules=4, pins={109: 56})
    assert code == 0
    data = json.loads(out)
    assert data["up"] is True
    assert data["words"]["ups.status"] == 56
    status = {m["labels"]["flag"]: m["value"] for m in data["metrics"] if m["name"] == "generex_ups_status"}
    assert {flag for flag, value in status.items() if value} == {"over_temp", "battery_low", "backup_mode"}


@pytest.mark.parametrize("unit", ["", "?unit=1", "?unit=2"])
def test_the_address_of_a_configured_device_is_that_device(tmp_path: Path, unit: str) -> None:
    """Its settings are what it can be read by; another unit there is another device."""

    async def run() -> tuple[int, str, str]:
        async with Hostile(units=(1, 2)) as device:
            device.behaviour = standing(0)
            file = tmp_path / "generex.yml"
            settings = "name: hall, any_transaction: true, module: ups"
            file.write_text(f"devices: [{{{settings}, target: '{device.target()}'}}]\n")
            config = f"--config.file={file}"
            return await _probe(f"127.0.0.1:{device.port}{unit}", config, "--format=json")

    code, out, _ = asyncio.run(run())
    assert (code, json.loads(out)["device"] == "hall") == ((0, True) if unit != "?unit=2" else (1, False))


def test_a_serial_port_of_windows_is_no_name() -> None:
    code, _, error = asyncio.run(_probe("COM3"))
    assert (code, '"COM3" is a serial port, no host: write it like rtu:///dev/ttyUSB0' in error) == (2, True)


def test_values_that_cannot_be_point_to_discover() -> None:
    """A list that counts from 1 shows the input volts as the temperature."""
    code, _, error = probe_normal(modules=0, pins={107: 231})
    assert code == 0
    assert error.startswith(
        "generex-exporter: there are values that cannot be: generex-exporter discover tcp://"
    )
    assert error.endswith(" finds out which list it speaks\n")


@pytest.mark.parametrize(
    ("listen", "configured", "asked"),
    [
        ("127.0.0.1:0", "", ""),
        ("127.0.0.1:0", "?unit=1", "?unit=1"),
        ("pty", "?baudrate=19200&parity=N", ""),
    ],
)
def test_a_configured_device_is_read_with_its_scales_by_its_address_too(
    tmp_path: Path, listen: str, configured: str, asked: str
) -> None:
    """It was read without its scales: 2300 V, with the very file that `discover` had written for it."""

    async def run(*arguments: str) -> str:
        async with Simulator(listen=listen, modules=0, static=True, pins={97: 2300}) as device:
            address = device.target.partition("?")[0]
            file = tmp_path / "generex.yml"
            file.write_text(
                f"devices:\n  - name: ups-a\n    target: {address}{configured}\n"
                "    overrides: {ups.output_volts_1: {scale: 0.1}}\n"
            )
            return (await _probe(f"{address}{asked}", f"--config.file={file}", *arguments))[1]

    lines = asyncio.run(run()).splitlines()
    assert 'generex_ups_output_volts{device="ups-a",phase="1"} 230' in lines
    tried = asyncio.run(run("--module=ups")).splitlines()
    assert not [line for line in tried if 'device="ups-a"' in line], "another module is tried as it is"


@pytest.mark.parametrize(("by", "where"), [(1, "higher"), (-1, "lower")])
def test_a_list_that_counts_from_another_address_is_told(by: int, where: str) -> None:
    async def run() -> str:
        words = {address + by: word for address, word in Simulator(static=True).image().items()}
        device = Hostile(served=set(words))
        device.pins = words
        async with device:
            return (await _probe(device.target()))[2]

    error = asyncio.run(run())
    fits = f"one address {where}, they fit the list ups: its word 109 stands at {109 + by}."
    assert f"The words seem shifted: {fits}" in error
    assert " says how such a list is read\n" in error


def test_the_command_to_go_on_with_can_be_pasted_into_a_shell() -> None:
    """The settings of a serial line are joined by `&`."""

    async def run() -> tuple[str, str]:
        async with Simulator(listen="pty", modules=0, pins={107: 231}) as device:
            return device.target, (await _probe(device.target))[2]

    target, error = asyncio.run(run())
    assert "&" in target
    assert f" discover '{target}' finds out" in error


@pytest.mark.parametrize("form", ["table", "prometheus", "json"])
def test_a_dead_device_is_exit_1(form: str) -> None:
    code, out, error = asyncio.run(_probe("tcp://127.0.0.1:1", f"--format={form}"))
    assert code == 1
    assert "cannot connect to 127.0.0.1:1" in out + error
    assert "Traceback" not in error
    assert "generex_ups_output_volts" not in out
    assert "nothing listens there, or it takes no further master" in error


def test_a_pass_that_ends_while_it_waits_is_a_timeout(tmp_path: Path) -> None:
    async def run() -> str:
        async with Hostile() as device:
            file = tmp_path / "generex.yml"
            file.write_text(f"devices: [{{name: hall, connect_delay: 2s, target: '{device.target()}'}}]\n")
            return (await _probe("hall", f"--config.file={file}", "--timeout=300ms"))[2]

    error = asyncio.run(run())
    assert "no time left after connect_delay" in error
    assert "the port is open, and nothing comes back" in error


@pytest.mark.parametrize(
    ("arguments", "expected", "message"),
    [
        (["tcp://127.0.0.1:x"], 2, 'bad target "tcp://127.0.0.1:x"'),
        (["127.0.0.1", "--module=nope"], 2, 'unknown module "nope"'),
        (["127.0.0.1", "--timeout=5"], 2, '--timeout: bad duration "5"'),
        (["127.0.0.1", "--timeout=0s"], 2, '--timeout: "0s" is not between 1ms and 1d'),
        (["127.0.0.1", "--timeout=25h"], 2, '--timeout: "25h" is not between 1ms and 1d'),
        (["127.0.0.1", "--config.file=/nonexistent.yml"], 1, "cannot read /nonexistent.yml"),
    ],
)
def test_bad_input_is_named(arguments: list[str], expected: int, message: str) -> None:
    code, out, error = asyncio.run(_probe(*arguments))
    assert (code, out) == (expected, "")
    assert error.startswith("generex-exporter: error: ")
    assert message in error
    assert "Traceback" not in error


def test_watch_reads_again_until_it_is_told_to_stop() -> None:
    async def run() -> tuple[int, int]:
        async with Simulator(listen="127.0.0.1:0", modules=0) as device:
            process = await _start(device.target, "--format=prometheus", "--watch")
            assert process.stdout is not None
            passes = 0
            async with asyncio.timeout(20):
                while passes < 2:
                    passes += (await process.stdout.readline()).startswith(b"generex_up{")
            process.send_signal(signal.SIGINT)
            _, error = await process.communicate()
            assert b"Traceback" not in error
            return passes, process.returncode or 0

    assert asyncio.run(run()) == (2, 0)


def test_on_a_terminal_it_draws_a_table() -> None:
    async def run() -> bytes:
        shown = bytearray()
        loop = asyncio.get_running_loop()
        here, there = os.openpty()
        complete = asyncio.Event()

        def read() -> None:
            shown.extend(os.read(here, 65536))
            if b"Modules" in shown:
                complete.set()

        loop.add_reader(here, read)
        try:
            async with Simulator(listen="127.0.0.1:0", modules=4) as device:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "exporter", "probe", device.target),
                    stdout=there,
                    env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
                )
                assert await process.wait() == 0
                async with asyncio.timeout(10):
                    await complete.wait()
        finally:
            loop.remove_reader(here)
            os.close(here)
            os.close(there)
        return bytes(shown)

    shown = asyncio.run(run())
    assert b"Measurements" in shown
    assert b"\x1b[" in shown
    assert b"# HELP" not in shown
