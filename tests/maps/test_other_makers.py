"""Complete lists of other makers, read from a device on a socket; every value is typed from the list.

AEG Protect 8 has an enumerated mode and a number of its own for "not available", Riello NetMan 204 serves
single bits by function 1.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.reading.decode.snapshot import Snapshot
from tests.hostile import fleet, scrape
from tests.loops import run

LISTS = Path(__file__).parent / "lists"
Tables = Mapping[int, Mapping[int, int]]
"""What a device serves: by function code and address."""

# words 1–55 of an AEG Protect 8 on mains in the field (sdurnev/aeg3P1_modbus_rtu at ac44691, add/tmp2.txt)
AEG = {
    **dict.fromkeys(range(1, 77), 0),
    1: 1, 19: 1, 33: 1, 36: 1, 37: 1,
    39: 503, 40: 225, 41: 225, 42: 226, 43: 503, 44: 227, 45: 243, 46: 0, 47: 4870, 48: 100, 49: 1110,
    50: 502, 51: 220, 52: 11, 53: 10, 54: 20, 55: 1,
}  # fmt: skip
RIELLO_BITS = {
    0: "test_in_progress", 2: "shutdown_active", 4: "battery_charged", 5: "battery_charging", 6: "bypass_bad",
    8: "normal_operation", 10: "on_bypass", 11: "battery_low", 12: "on_battery", 13: "ups_locked",
    14: "output_powered", 27: "mains_present", 28: "over_temperature", 29: "output_overload",
    30: "general_fault", 63: "communication_lost",
}  # fmt: skip


@asynccontextmanager
async def device(tables: Tables, asked: list[tuple[int, int, int]]) -> AsyncIterator[int]:
    """A device on a free port, which is yielded; what it is asked goes to `asked`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                header = await reader.readexactly(7)
                function, address, count = struct.unpack(">BHH", await reader.readexactly(5))
                asked.append((function, address, count))
                table = tables.get(function, {})
                values = [table.get(place) for place in range(address, address + count)]
                if None in values:
                    answer = bytes((function | 0x80, 2))
                elif function == 1:
                    bits = sum((value or 0) << place for place, value in enumerate(values))
                    data = bits.to_bytes((count + 7) // 8, "little")
                    answer = bytes((function, len(data))) + data
                else:
                    answer = struct.pack(f">BB{count}H", function, 2 * count, *values)
                writer.write(header[:4] + struct.pack(">HB", len(answer) + 1, header[6]) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def read(name: str, tables: Tables) -> tuple[Snapshot, list[tuple[int, int, int]]]:
    """One pass over a device that is read by the list of that name, and what was asked."""
    asked: list[tuple[int, int, int]] = []

    async def one() -> Snapshot:
        async with (
            device(tables, asked) as port,
            fleet(
                {"name": "a", "target": f"tcp://127.0.0.1:{port}", "module": name, "timeout": "9s"},
                maps=[str(LISTS / f"{name}.yaml")],
            ) as devices,
        ):
            return await scrape(devices.devices["a"], 9)

    return run(one()), asked


def values(snapshot: Snapshot) -> dict[str, float]:
    """The series of the device's words, without `generex_`."""
    found = {}
    for name, readings in snapshot.readings.items():
        for series, raw in readings:
            for extra, value in series.samples(raw) if series.word else ():
                labels = ",".join(f'{key}="{text}"' for key, text in sorted((*series.labels, *extra)))
                found[name.removeprefix("generex_") + (f"{{{labels}}}" if labels else "")] = value
    return found


def alarms(found: Mapping[str, float]) -> set[str]:
    """The flags that are set."""
    prefix = 'ups_alarm{flag="'
    return {name[len(prefix) : -2] for name, value in found.items() if name.startswith(prefix) and value}


@pytest.mark.parametrize("name", ["aeg_protect_8", "riello_netman_204"])
def test_check_finds_it_good(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "generex.yml"
    config.write_text(
        f"maps: [{LISTS / name}.yaml]\ndevices: [{{name: a, target: 10.0.0.1, module: {name}}}]\n"
    )
    assert main(["check", str(config)]) == 0
    assert "good: 1 device, " in capsys.readouterr().out


def test_aeg_protect_8() -> None:
    snapshot, asked = read("aeg_protect_8", {3: AEG})
    assert asked == [(3, 1, 76)]
    assert snapshot.whole
    found = values(snapshot)
    assert {name for name, value in found.items() if name.startswith("aeg_mode") and value} == {
        'aeg_mode{state="normal"}'
    }
    assert alarms(found) == {"trickle_charge", "bypass_ready", "rectifier_on", "inverter_on"}
    assert sum(name.startswith("ups_alarm{") for name in found) == 34
    assert {k: v for k, v in found.items() if not k.startswith(("ups_alarm", "aeg_mode", "aeg_aux"))} == {
        'aeg_digital_input{input="1"}': 0.0,
        'aeg_digital_input{input="2"}': 0.0,
        'aeg_digital_input{input="3"}': 0.0,
        'ups_input_frequency_hertz{phase="1"}': 50.3,
        'ups_input_volts{phase="1"}': 225.0,
        'ups_input_volts{phase="2"}': 225.0,
        'ups_input_volts{phase="3"}': 226.0,
        "aeg_bypass_frequency_hertz": 50.3,
        "aeg_bypass_volts": 227.0,
        "ups_battery_volts": 243.0,
        "aeg_battery_current_amperes": 0.0,
        "ups_battery_runtime_seconds": 29220.0,  # 487 min
        "ups_battery_charge_ratio": 1.0,
        # no battery temperature: 1110 is no sensor
        'ups_output_frequency_hertz{phase="1"}': 50.2,
        'ups_output_volts{phase="1"}': 220.0,
        'ups_output_load_ratio{phase="1"}': 0.11,
        "aeg_output_current_amperes": 10.0,
        "aeg_output_power": 2.0,
        "aeg_life_check": 1.0,
    }
    assert sum(name.startswith("aeg_aux{") for name in found) == 21


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        (1, "normal"),
        (2, "bypass"),
        (3, "battery"),
        (4, "eco"),
        (6, "shutting_down"),
        (7, "shutdown"),
        (5, "5"),
    ],
)
def test_modes_of_an_aeg(number: int, mode: str) -> None:
    found = values(read("aeg_protect_8", {3: {**AEG, 1: number}})[0])
    assert {name for name, value in found.items() if name.startswith("aeg_mode") and value} == {
        f'aeg_mode{{state="{mode}"}}'
    }


def test_an_aeg_that_does_not_know_its_mode() -> None:
    found = values(read("aeg_protect_8", {3: {**AEG, 1: 0}})[0])
    assert not [name for name in found if name.startswith("aeg_mode")]


def test_numbers_of_an_aeg_that_are_only_near_to_not_available() -> None:
    found = values(read("aeg_protect_8", {3: {**AEG, 46: 0xD8F1, 49: 1109}})[0])
    assert found["aeg_battery_temperature_celsius"] == 110.9
    assert found["aeg_battery_current_amperes"] == -999.9  # its list knows no −9999


def test_riello_netman_204() -> None:
    bits = {**dict.fromkeys(range(64), 0), **dict.fromkeys((4, 8, 14, 27), 1)}
    snapshot, asked = read("riello_netman_204", {1: bits})
    assert asked == [(1, 0, 64)]
    assert snapshot.whole
    assert snapshot.valid == {"ups": True}
    found = values(snapshot)
    assert alarms(found) == {"battery_charged", "normal_operation", "output_powered", "mains_present"}
    assert len(found) == 16


@pytest.mark.parametrize("bit", [bit for bit in RIELLO_BITS if bit != 63])
def test_every_bit_of_a_riello_sets_its_flag_and_no_other(bit: int) -> None:
    bits = {place: int(place == bit) for place in range(64)}
    assert alarms(values(read("riello_netman_204", {1: bits})[0])) == {RIELLO_BITS[bit]}


def test_a_riello_out_of_sight_of_its_card() -> None:
    snapshot, _ = read("riello_netman_204", {1: dict.fromkeys(range(64), 1)})
    assert snapshot.valid == {"ups": False}
    assert values(snapshot) == {'ups_alarm{flag="communication_lost"}': 1.0}


def test_a_ups_that_knows_function_4_only() -> None:
    words = {address: 4 if address == 109 else 0 for address in range(97, 143)}
    asked: list[tuple[int, int, int]] = []

    async def one() -> Snapshot:
        async with device({4: words}, asked) as port:
            entry = {"name": "a", "target": f"tcp://127.0.0.1:{port}", "module": "ups", "timeout": "9s"}
            async with fleet({**entry, "function": 4}) as devices:
                return await scrape(devices.devices["a"], 9)

    snapshot = run(one())
    assert asked == [(4, 97, 46)]
    assert snapshot.groups == {"ups": True}
    assert values(snapshot)['ups_status{flag="output_act"}'] == 1
