"""A real Prometheus scrapes the exporter in both ways, and mbpoll reads what the exporter reads."""

import asyncio
import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from exporter.simulator.server import Simulator
from tests.support import Exporter, exporter, free_port, require, running, wait_for

T = TypeVar("T")

ERRORS = "generex_exporter_modbus_errors_total{"

README = Path(__file__).parents[2] / "README.md"
CONFIG = """\
devices:
  - {{name: ups1, target: '{one}', labels: {{site: Wien, rack: "12"}}}}
  - {{name: 'Halle 2/Süd "A"', target: '{two}', labels: {{site: Graz}}}}
  - {{name: serial, target: '{three}', module: cs141, labels: {{site: Linz}}}}
"""


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    port: int
    log: Path

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The labels and value of each series of an instant query."""
        data = self._get("query", query=expression)
        return [(item["metric"], float(item["value"][1])) for item in data["result"]]

    def value(self, expression: str) -> float:
        (one,) = self.query(expression)
        return one[1]

    def targets(self) -> list[dict[str, str]]:
        return list(self._get("targets")["activeTargets"])

    def rule_groups(self) -> list[dict[str, Any]]:
        return list(self._get("rules")["groups"])

    def label_names(self) -> list[str]:
        return list(self._get("labels"))

    def _get(self, path: str, **parameters: str):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]


def configuration(exporter: str) -> str:
    """What the README shows, both ways in one file, for another exporter and with everything each second."""
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    examples = [block for block in blocks if "scrape_configs:" in block]
    assert len(examples) == 2
    text = (
        "".join(examples)
        .replace("127.0.0.1:10141", exporter)
        .replace("scrape_interval: 15s", "scrape_interval: 1s")
    )
    jobs = [job for part in text.split("scrape_configs:\n")[1:] for job in yaml.safe_load(part)]
    for job in jobs:
        for discovery in job.get("http_sd_configs", ()):
            discovery["refresh_interval"] = "1s"
    return yaml.safe_dump(
        {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    )


@contextmanager
def prometheus(folder: Path, at: Exporter) -> Iterator[Prometheus]:
    """A Prometheus with both ways of the README, on a free port and with a storage of its own."""
    program = require("prometheus")
    config, log, port = folder / "prometheus.yml", folder / "prometheus.log", free_port()
    config.write_text(configuration(f"127.0.0.1:{at.port}"))
    command = [
        program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=debug",
    ]  # fmt: skip
    with running(command, log):
        it = Prometheus(port, log)
        wait_for(lambda: it.targets() is not None, what="Prometheus")
        yield it


class Devices:
    """Two devices over TCP and one behind a serial server; their words stand still."""

    def __init__(self) -> None:
        self.one = Simulator("normal", listen="127.0.0.1:0", strings=2, modules=8, static=True)
        self.two = Simulator(
            listen="127.0.0.1:0", strings=1, modules=4, unit=7, static=True,
            pins={109: 0x000C, 98: 231, 107: 0xFFFB, 114: 9, 1010: 0xFF38, 1020: 0},
        )  # fmt: skip
        self.three = Simulator(listen="rtu-tcp://127.0.0.1:0", modules=0, static=True, pins={103: 87})


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[Exporter]:
    """The exporter as a process, from a coroutine."""
    stack = ExitStack()
    try:
        yield await outside(lambda: stack.enter_context(exporter(*arguments)))
    finally:
        await outside(stack.close)


async def outside(function: Callable[[], T]) -> T:
    """Run what blocks in a thread, while the simulators answer in this loop."""
    return await asyncio.to_thread(function)


def expected(words: dict[int, int], modules: int) -> dict[str, float]:
    """What a device's words mean, typed from device.md 2 and 3: series selector to value."""

    def signed(address: int) -> int:
        return words[address] - 0x10000 if words[address] & 0x8000 else words[address]

    values: dict[str, float] = {
        "generex_ups_battery_charge_ratio": words[103] / 100,
        "generex_ups_temperature_celsius": signed(107),
        "generex_ups_battery_runtime_seconds": words[108] * 60,
        "generex_ups_battery_volts": words[110],
        "generex_ups_power_failures_total": words[114],
        "generex_ups_status_word": words[109],
        'generex_ups_status{flag="output_act"}': words[109] >> 2 & 1,
        'generex_ups_status{flag="backup_mode"}': words[109] >> 3 & 1,
        'generex_ups_alarm{flag="on_battery"}': words[116],
    }
    for phase in (1, 2, 3):
        values[f'generex_ups_output_volts{{phase="{phase}"}}'] = words[96 + phase]
        values[f'generex_ups_output_load_ratio{{phase="{phase}"}}'] = words[99 + phase] / 100
        values[f'generex_ups_input_volts{{phase="{phase}"}}'] = words[103 + phase]
        values[f'generex_ups_input_frequency_hertz{{phase="{phase}"}}'] = words[110 + phase]
    if modules:
        values["generex_bacs_modules"] = words[1004]
        values["generex_bacs_strings"] = words[1003]
        values['generex_bacs_string_current_amperes{string="1"}'] = signed(1010) / 100
        values['generex_bacs_string_volts{string="1"}'] = words[1011] / 10
    for module in range(1, modules + 1):
        base, label = 1060 + 5 * (module - 1), f'{{module="{module}"}}'
        values[f"generex_bacs_module_temperature_celsius{label}"] = (words[base] - 78) / 2
        values[f"generex_bacs_module_volts{label}"] = words[base + 1] / 1000
        values[f"generex_bacs_module_resistance_ohms{label}"] = words[base + 2] / 100 / 1000
        values[f"generex_bacs_module_equalization_ratio{label}"] = words[base + 4] / 100
    return values


def check(server: Prometheus, job: str, device: str, wanted: dict[str, float]) -> None:
    assert server.value(_with("generex_up", job, device)) == 1
    for selector, value in wanted.items():
        assert server.value(_with(selector, job, device)) == pytest.approx(value), selector


def _with(selector: str, job: str, device: str) -> str:
    name, _, labels = selector.partition("{")
    more = labels.removesuffix("}")
    quoted = json.dumps(device, ensure_ascii=False)
    return f'{name}{{job="{job}",device={quoted}{"," if more else ""}{more}}}'


def test_prometheus_holds_what_the_devices_hold(tmp_path: Path) -> None:
    require("prometheus")

    async def play() -> None:
        devices = Devices()
        async with devices.one, devices.two, devices.three:
            config = tmp_path / "config.yaml"
            text = CONFIG.format(one=devices.one.target, two=devices.two.target, three=devices.three.target)
            await outside(lambda: config.write_text(text))
            stack = ExitStack()
            try:
                it = await outside(lambda: stack.enter_context(exporter(f"--config.file={config}")))
                server = await outside(lambda: stack.enter_context(prometheus(tmp_path, it)))
                await compare(devices, server)
                await vanish(devices, server)
            finally:
                await outside(stack.close)

    asyncio.run(play())


async def compare(devices: Devices, server: Prometheus) -> None:
    names = {"ups1": (devices.one, 8), 'Halle 2/Süd "A"': (devices.two, 4), "serial": (devices.three, 0)}
    jobs = ("generex", "generex-devices")

    def everything_is_there() -> bool:
        return all(len(server.query(f'generex_up{{job="{job}"}} == 1')) == 3 for job in jobs)

    await outside(lambda: wait_for(everything_is_there, what="all devices in Prometheus"))
    for job in jobs:
        for name, (simulator, modules) in names.items():
            wanted = expected(simulator.image(), modules)
            await asyncio.to_thread(check, server, job, name, wanted)
    # the labels of the configuration, in both ways of scraping
    sites = {(m["job"], m["device"], m["site"]) for m, _ in await outside(lambda: server.query("generex_up"))}
    assert sites == {(j, n, s) for j in jobs for n, s in zip(names, ("Wien", "Graz", "Linz"), strict=True)}
    assert not [name for name in await outside(server.label_names) if name.startswith("exported_")]

    def every_target_is_well() -> bool:
        targets = server.targets()
        return len(targets) == 5 and {(t["health"], t["lastError"]) for t in targets} == {("up", "")}

    await outside(lambda: wait_for(every_target_is_well, what="a good scrape of every target"))
    instances = {
        m["instance"] for m, _ in await outside(lambda: server.query('up{job="generex-devices"} == 1'))
    }
    assert instances == set(names)
    # nothing of a device comes by the job for the exporter itself
    assert (
        await outside(
            lambda: server.query('{job="generex-exporter",device!="",__name__!~"generex_exporter_.*"}')
        )
        == []
    )
    assert (
        await outside(
            lambda: server.value('generex_exporter_config_last_reload_successful{job="generex-exporter"}')
        )
        == 1
    )
    log = server.log.read_text()
    assert not [
        line for line in log.splitlines() if re.search(r"level=(warn|error)", line) and "scrape" in line
    ]


async def vanish(devices: Devices, server: Prometheus) -> None:
    await devices.one.stop()
    gone = 'generex_ups_output_volts{device="ups1"}'

    def down() -> bool:
        ups = server.query('generex_up{device="ups1"}')
        return [value for _, value in ups] == [0, 0] and not server.query(gone)

    await outside(lambda: wait_for(down, what="the end of the values"))
    up = await outside(lambda: server.query('up{job="generex-devices"}'))
    assert [value for _, value in up] == [1, 1, 1]
    others = await outside(lambda: server.query('generex_ups_output_volts{phase="1"}'))
    assert len(others) == 4


def samples(page: str) -> dict[str, float]:
    """A page's samples by name and labels, without the device."""
    found = {}
    for line in page.splitlines():
        if not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            found[re.sub(r'device="[^"]*",?', "", series).replace("{}", "")] = float(value)
    return found


def mbpoll(port: int, *arguments: str) -> dict[int, int]:
    """The words that mbpoll prints, by the address it prints."""
    command = [require("mbpoll"), "-m", "tcp", "-1", "-p", str(port), *arguments, "127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(a): int(v) for a, v in re.findall(r"^\[(\d+)\]:\s+(\d+)", done.stdout, re.MULTILINE)}


def test_mbpoll_reads_what_the_exporter_exports() -> None:
    require("mbpoll")

    async def play() -> None:
        async with Simulator(
            listen="127.0.0.1:0", strings=1, modules=4, static=True, pins={114: 3}
        ) as simulator:
            port = simulator.port
            # mbpoll counts from 1 unless told otherwise: its 98 is the 97 of the documents
            from_one = await outside(lambda: mbpoll(port, "-a", "1", "-r", "98", "-c", "46"))
            from_zero = await outside(lambda: mbpoll(port, "-0", "-r", "97", "-c", "46", "-t", "3"))
            assert {address - 1: word for address, word in from_one.items()} == from_zero
            general = await outside(lambda: mbpoll(port, "-0", "-r", "1000", "-c", "6"))
            strings = await outside(lambda: mbpoll(port, "-0", "-r", "1010", "-c", "5"))
            modules = await outside(lambda: mbpoll(port, "-0", "-r", "1060", "-c", "20"))
            words = from_zero | general | strings | modules
            assert len(words) == 46 + 6 + 5 + 20
            async with process(f"--target=a={simulator.target}") as it:
                page = samples(await outside(lambda: it.get("/probe?target=a")))
            for selector, value in expected(words, 4).items():
                wanted = selector.replace('{module="', '{string="1",module="')
                assert page[wanted] == pytest.approx(value), selector

    asyncio.run(play())


def test_rtu_over_a_terminal_from_end_to_end() -> None:
    async def play() -> None:
        async with (
            Simulator(listen="pty", strings=1, modules=4, static=True, unit=3) as simulator,
            process(f"--target=line={simulator.target}") as it,
        ):
            assert "parity=N" in simulator.target
            for path in ("/metrics?collect[]=devices", "/probe?target=line", "/metrics?collect[]=devices"):
                page = samples(await asyncio.to_thread(it.get, path))
                assert page["generex_up"] == 1
                for selector, value in expected(simulator.image(), 4).items():
                    wanted = selector.replace('{module="', '{string="1",module="')
                    assert page[wanted] == pytest.approx(value), selector
            own = await asyncio.to_thread(it.get, "/metrics?collect[]=exporter")
            errors = [line for line in own.splitlines() if line.startswith(ERRORS)]
            assert errors
            assert all(line.endswith(" 0") for line in errors)

    asyncio.run(play())
