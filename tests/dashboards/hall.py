"""A hall of simulated devices, the exporter, and a real Prometheus that has the rules loaded."""

import asyncio
import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.simulator.scenarios import Scenario
from exporter.simulator.server import Simulator
from tests.dashboards.boardfiles import ROOT
from tests.dashboards.cases import CASES, Case
from tests.hostile import Hostile, Peer, Request, exception, honest
from tests.otlp.otlp_receiver import receiver
from tests.support import Exporter, exporter, free_port, require, running, wait_for

CONFIG = """\
otlp: {{endpoint: 'http://127.0.0.1:{collector}', interval: 2s}}
devices:
  - name: fine
    target: {fine}
    labels: {{site: north}}
    expect: {{strings: 2, modules: 8}}
    sensors:
      1: {{name: battery room, kind: temperature, scale: 0.1}}
      2: {{name: damp, kind: humidity, scale: 0.1}}
      3: {{name: level, kind: value, scale: 1}}
  - {{name: on-battery, target: '{battery}', labels: {{site: north}}}}
  - {{name: sick-blocks, target: '{sick}', labels: {{site: north}}}}
  - {{name: lost, target: '{lost}', labels: {{site: south}}}}
  - {{name: dying, target: '{dying}', labels: {{site: south}}}}
  - {{name: never-there, target: 'tcp://127.0.0.1:{closed}', labels: {{site: south}}}}
  - {{name: bypassed, target: '{bypassed}', labels: {{site: south}}}}
  - {{name: gateway, target: '{gateway}', module: prof, labels: {{site: south}}}}
  - {{name: other-list, target: '{other}', module: everexceed, labels: {{site: south}}}}
"""
PROMETHEUS = """\
global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}}
rule_files: [{folder}/*.rules.yml]
scrape_configs:
  - job_name: generex
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
  - job_name: cases
    scrape_interval: 4s
    scrape_timeout: 4s
    static_configs: [{{targets: ["127.0.0.1:{cases}"]}}]
  - job_name: fails
    static_configs: [{{targets: ["127.0.0.1:{fails}"]}}]
"""
# what the panel of alerts shows: an alert of a device, and one of none
SOME_ALERTS = """\
groups:
  - name: some-alerts
    rules:
      - alert: GenerexOnBattery
        expr: max by (device, site) (generex_ups_alarm{flag="on_battery", job="generex"}) == 1
        labels: {severity: warning}
      - alert: GenerexReloadFailed
        expr: vector(1)
        labels: {severity: warning}
"""
# an exporter that serves no device, and whose collector is not there
FAILS = """\
otlp: {{endpoint: 'http://127.0.0.1:{closed}', interval: 1s, timeout: 500ms}}
probe: {{allow: [127.0.0.1]}}
"""


HISTORY = 6 * 3600
"""Seconds before now in which `fine` had discharges, as the rules recorded them."""
DISCHARGES = ((5, 600, 12.4), (4, 660, 12.3), (3, 600, 12.1))
"""Each: hours ago, seconds, and the volts of block 3 after five minutes; the others had 12.5 V."""


def records(now: int) -> str:
    """What the rules recorded of DISCHARGES, as OpenMetrics; `now` is a Unix time."""
    found: dict[str, list[str]] = {}
    device = 'device="fine",site="north"'

    def put(name: str, labels: str, at: int, value: float) -> None:
        found.setdefault(name, []).append(f"{name}{{{labels}}} {value} {at}")

    for hours, seconds, volts in DISCHARGES:
        ended = now - 3600 * hours
        put("device:generex_recharge:seconds", device, ended + 1800, 1800)
        put("device:generex_test:passed_timestamp_seconds", device, ended + 600, ended + 600)
        for at in range(ended, ended + 600, 30):
            put("device:generex_discharge:seconds", device, at, seconds)
            put("string:generex_discharge_volts:spread", f'{device},string="1"', at, round(12.5 - volts, 1))
        for module in range(1, 9):
            block = f'{device},string="{1 + (module > 4)}",module="{module}"'
            own = volts if module == 3 else 12.5
            for minutes in (1, 5, 10):
                mark = f'{block},elapsed="{minutes}m"'
                put("module:generex_discharge_volts:mark", mark, ended - seconds + 60 * minutes, own)
            for at in range(ended, ended + 600, 30):
                put("module:generex_discharge_volts:lowest", block, at, own - 0.2)
    lines = [line for name, of in found.items() for line in (f"# TYPE {name} unknown", *of)]
    return "\n".join((*lines, "# EOF", ""))


def simulator(personality: str = "cs141", modules: int = 8, **knobs: Any) -> Simulator:
    steps = [{"at": "0s", "set": knobs}] if knobs else []
    scenario = Scenario.model_validate(
        {"name": "hall", "description": "-", "personality": personality, "lasts": "1h", "timeline": steps}
    )
    return Simulator(scenario, listen="127.0.0.1:0", strings=2, modules=modules)


def failing(case: Case) -> Hostile:
    """A healthy device that answers every request for the words `case.unread` with a failure (04)."""
    device = Hostile(served=range(3000))
    device.pins = {**simulator(modules=2).image(), **case.pins}

    def behaviour(device: Hostile, peer: Peer, request: Request) -> None:
        asked = set(range(request.address, request.last + 1))
        (honest if asked.isdisjoint(case.unread or ()) else exception(4))(device, peer, request)

    device.behaviour = behaviour
    return device


@dataclass(frozen=True)
class Hall:
    """The running hall, and the questions to its Prometheus."""

    devices: Mapping[str, Simulator]
    loop: asyncio.AbstractEventLoop
    exporter: Exporter
    port: int

    def turn(self, device: str, **knobs: Any) -> None:
        self.loop.call_soon_threadsafe(lambda: self.devices[device].turn(**knobs))

    def instant(self, expr: str) -> list[dict[str, Any]]:
        return self._ask("query", query=expr)

    def over_time(self, expr: str, seconds: int = 60, step: int = 2) -> list[dict[str, Any]]:
        now = time.time()
        return self._ask("query_range", query=expr, start=now - seconds, end=now, step=step)

    def of_panel(self, panel: dict[str, Any], query: int = 0) -> list[dict[str, Any]]:
        """What a query of a panel finds: now, over the last minute, or over all time where it has its own."""
        target = panel["targets"][query]
        steps = "60s" if "timeFrom" in panel else "4s"
        expr = filled(target["expr"], steps)
        if target["instant"]:
            return self.instant(expr)
        return self.over_time(expr, HISTORY, 60) if "timeFrom" in panel else self.over_time(expr)

    def _ask(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        data = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(url, data, timeout=30) as answer:
                content = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{parameters['query']}\n{error.read().decode()}") from None
        assert content["status"] == "success"
        result: list[dict[str, Any]] = content["data"]["result"]
        return result


@contextmanager
def running_hall(folder: Path) -> Iterator[Hall]:
    """All of it, for a minute's worth of history: faults from the start, and some that come while it runs."""
    program = require("prometheus")
    devices = {
        "fine": simulator(),
        "battery": simulator(weak_block=3, mains=False, charge=0.7),
        "sick": simulator(lost_modules=[5], ground_fault=True, weak_block=7),
        "lost": simulator(),
        "dying": simulator(mains=False, charge=0.5),
        "bypassed": simulator(bypass=True, load=[1.12, 0.9, 0.4]),
        "gateway": simulator("prof"),
        "other": simulator("everexceed"),
    }
    with ExitStack() as stack:
        loop = stack.enter_context(_thread())
        for device in devices.values():
            _enter(stack, loop, device)
        targets = {name: device.target for name, device in devices.items()}
        config = folder / "generex.yml"
        collector = stack.enter_context(receiver())
        config.write_text(CONFIG.format(closed=free_port(), collector=collector.port, **targets))
        it = stack.enter_context(exporter("--config.file", str(config)))
        entries = []
        for name, case in CASES.items():
            if case.unread is None:
                one = simulator(case.personality, 2, **case.knobs)
                for address, value in case.pins.items():
                    one.set(address, value)
                _enter(stack, loop, one)
                target = one.target
            else:
                other = failing(case)
                _enter(stack, loop, other)
                target = other.target()
            entry: dict[str, Any] = {"name": f"case: {name}", "target": target}
            if case.personality == "prof":
                entry["module"] = "prof"
            elif case.personality == "cs141":
                # what was never there is otherwise taken for a UPS without BACS
                entry["bacs"] = "required"
            if case.strings:
                entry["expect"] = {"strings": case.strings}
            entries.append(entry)
        config = folder / "cases.yml"
        config.write_text(json.dumps({"devices": entries}))
        cases = stack.enter_context(exporter("--config.file", str(config)))
        config = folder / "fails.yml"
        config.write_text(FAILS.format(closed=free_port()))
        fails = stack.enter_context(exporter("--config.file", str(config)))
        (folder / "recording.rules.yml").write_text(quick_rules())
        (folder / "generex.rules.yml").write_text(SOME_ALERTS)
        (folder / "prometheus.yml").write_text(
            PROMETHEUS.format(folder=folder, port=it.port, cases=cases.port, fails=fails.port)
        )
        (folder / "records.txt").write_text(records(int(time.time())))
        backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "records.txt", "data"]
        subprocess.run(backfill, cwd=folder, check=True, capture_output=True)
        port = free_port()
        command = [
            program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        ]  # fmt: skip
        stack.enter_context(running(command, folder / "prometheus.log"))
        hall = Hall(devices, loop, it, port)
        answering = len(devices) + len(CASES)
        up = "generex_up == 1"
        wait_for(lambda: len(hall.instant(up)) == answering, 90, "all devices that answer")
        yield hall


def quick_rules() -> str:
    """The committed recording rules, evaluated every other second and with subqueries of a second's step.

    What reaches over a failed pass does so here, too: over two and a half of the longest scrapes.
    """
    text = (ROOT / "alerts" / "recording.rules.yml").read_text(encoding="utf-8")
    text = re.sub(r"interval: \w+", "interval: 2s", text).replace("[2m]", "[6s]").replace("[40s]", "[10s]")
    return re.sub(r"\[\d+[dh]:\d+[mh]\]", "[2m:1s]", text)


def filled(expr: str, step: str = "4s") -> str:
    """A query of a board as Grafana sends it with everything chosen, in steps short enough for a test."""
    for name, value in (
        ("$__rate_interval", "9s"), ("$__range", "2m"), ("$__interval", step),
        ("$job", ".+"), ("$instance", ".+"), ("$site", ".*"), ('device="$device"', 'device=~".+"'),
        ("$device", ".+"), ("$elapsed", "5m"),
    ):  # fmt: skip
        expr = expr.replace(name, value)
    return re.sub(r"\[1d:1m\]", "[2m:1s]", expr)


def _enter(
    stack: ExitStack, loop: asyncio.AbstractEventLoop, device: AbstractAsyncContextManager[Any]
) -> None:
    asyncio.run_coroutine_threadsafe(device.__aenter__(), loop).result(10)
    leave = device.__aexit__
    stack.callback(lambda: asyncio.run_coroutine_threadsafe(leave(None, None, None), loop).result(10))


@contextmanager
def _thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulators")
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
