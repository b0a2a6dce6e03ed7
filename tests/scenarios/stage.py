"""The stage: simulators, the exporter, a Prometheus with the rules and an Alertmanager, all in quick time.

What Alertmanager tells people is written down.
"""

import asyncio
import json
import math
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exporter.durations import parse_duration
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from exporter.simulator.scenarios import Scenario
from exporter.simulator.server import Simulator
from tests.alerts.messages import Message, quicker, receiving
from tests.support import Exporter, exporter, free_port, load_yaml, require, running, wait_for

HELD = 0.05  # how fast simulated time runs before the curtain: the counter of a gateway must not stand still


@dataclass(frozen=True)
class Actor:
    """A device that plays a scenario."""

    device: str
    scenario: Scenario
    site: str
    module: str = "cs141"
    modules: int = 16
    pins: dict[int, int] = field(default_factory=dict)


class Clock:
    """Real time, which hardly moves until `begin`."""

    def __init__(self) -> None:
        self._line = (0.0, time.monotonic(), HELD)

    def __call__(self) -> float:
        base, since, rate = self._line
        return base + (time.monotonic() - since) * rate

    def begin(self) -> None:
        self._line = (self(), time.monotonic(), 1.0)


@dataclass(frozen=True)
class Stage:
    """Everything runs. `quick` is how many seconds of the story pass in one."""

    quick: float
    scrape: float
    clock: Clock
    exporter: Exporter
    prometheus: str
    alertmanager: str
    messages: list[Message]

    def instant(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        url = f"{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
        result: list[dict[str, Any]] = _get(url)["data"]["result"]
        return result

    def lag(self) -> float:
        """How many seconds ago the rules looked at the devices that answer."""
        found = self.instant("time() - min(timestamp(device:generex_discharging:max))")
        return float(found[0]["value"][1]) if found else math.inf  # so long ago that it is forgotten

    def alerts(self) -> list[dict[str, Any]]:
        """What Alertmanager holds, muted or not."""
        loaded: list[dict[str, Any]] = _get(f"{self.alertmanager}/api/v2/alerts?inhibited=true&active=true")
        return loaded


@contextmanager
def staged(
    folder: Path, actors: Sequence[Actor], quick: float, scrape: float, *, more_rules: str = ""
) -> Iterator[Stage]:
    """Put everything on the stage and wait until all devices have been seen, then start the clock.

    `scrape` is the scrape interval in seconds, and no rule group is evaluated more often. `more_rules` is a
    rule file beside the project's own.
    """
    programs = require("prometheus"), require("prometheus-alertmanager")
    clock = Clock()
    with ExitStack() as stack:
        phone, messages = stack.enter_context(receiving())
        simulators = stack.enter_context(_simulators(actors, quick, clock))
        (folder / "generex.yml").write_text(_devices(actors, simulators, quick, scrape))
        it = stack.enter_context(exporter(f"--config.file={folder / 'generex.yml'}", "--timeout-offset=0"))
        ports = {name: free_port() for name in ("prometheus", "alertmanager")}
        for path, text in _files(quick, scrape, it.port, ports["alertmanager"], phone).items():
            (folder / path).write_text(text)
        (folder / "more.rules.yml").write_text(more_rules)
        # five minutes, as quick as everything else; five scrapes at least, as one that is late is no gap
        lookback = max(300 / quick, 5 * scrape)
        for command in _commands(folder, lookback, *programs, ports["prometheus"], ports["alertmanager"]):
            stack.enter_context(running(command, folder / f"{Path(command[0]).name}.log"))
        urls = [f"http://127.0.0.1:{port}" for port in ports.values()]
        stage = Stage(quick, scrape, clock, it, urls[0], urls[1], messages)
        wait_for(lambda: _seen(stage, len(actors)), 120, "all devices in Prometheus")
        clock.begin()
        yield stage


def _seen(stage: Stage, devices: int) -> bool:
    """Every device answers and what takes longest to record is there; the watchdog has reached its end."""
    up = len(stage.instant("generex_up == 1")) == devices
    nominal = "count by (device) (phase:generex_ups_input_volts:nominal)"
    volts = "count by (device) (generex_ups_input_volts > 50)"
    return up and len(stage.instant(nominal)) == len(stage.instant(volts)) and bool(stage.alerts())


@contextmanager
def _simulators(actors: Sequence[Actor], quick: float, clock: Clock) -> Iterator[dict[str, Simulator]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulators")
    thread.start()

    def wait(what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, loop).result(20)

    simulators = {
        actor.device: Simulator(
            actor.scenario,
            listen="127.0.0.1:0",
            modules=actor.modules,
            speed=quick,
            pins=actor.pins,
            clock=clock,
        )
        for actor in actors
    }
    try:
        with ExitStack() as stack:
            for simulator in simulators.values():
                wait(simulator.start())
                stack.callback(lambda it=simulator: wait(it.stop()))
            yield simulators
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _devices(actors: Sequence[Actor], simulators: dict[str, Simulator], quick: float, scrape: float) -> str:
    def device(actor: Actor) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": actor.device,
            "target": simulators[actor.device].target,
            "module": actor.module,
            "labels": {"site": actor.site},
            # an answer takes milliseconds: the rest is for a busy machine
            "timeout": f"{scrape * 900:.0f}ms",
            "request_timeout": f"{scrape * 500:.0f}ms",
        }
        if actor.module == "prof":
            entry["prof"] = {"stale_after": f"{60_000 / quick:.0f}ms"}
        return entry

    return yaml.safe_dump({"devices": [device(actor) for actor in actors]})


def _files(quick: float, scrape: float, at: int, alertmanager: int, phone: int) -> dict[str, str]:
    """Rules, Prometheus and Alertmanager as users have them, but quick."""
    made = alert_files(built_in_maps(), {}, time_scale=1 / quick, scrape_interval=scrape * quick)

    def rules(name: str) -> str:
        groups = load_yaml(made[f"alerts/{name}"])["groups"]
        for group in groups:
            group["interval"] = f"{max(parse_duration(group['interval']), scrape) * 1000:.0f}ms"
        return yaml.safe_dump({"groups": groups})

    interval = f"{scrape * 1000:.0f}ms"
    config = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": ["*.rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [
            {
                "job_name": "generex-devices",
                "metrics_path": "/probe",
                "http_sd_configs": [{"url": f"http://127.0.0.1:{at}/sd", "refresh_interval": "1s"}],
                "relabel_configs": [
                    {"source_labels": ["__address__"], "target_label": "__param_target"},
                    {"source_labels": ["__param_target"], "target_label": "instance"},
                    {"target_label": "__address__", "replacement": f"127.0.0.1:{at}"},
                ],
            }
        ],
    }
    return {
        "recording.rules.yml": rules("recording.rules.yml"),
        "generex.rules.yml": rules("generex.rules.yml"),
        "prometheus.yml": yaml.safe_dump(config),
        "alertmanager.yml": quicker(made["alerts/alertmanager.yml"], quick, phone),
    }


def _commands(
    folder: Path, lookback: float, prometheus: str, alertmanager: str, port: int, alertmanager_port: int
) -> list[list[str]]:
    return [
        [
            alertmanager, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alertmanager",
            f"--web.listen-address=127.0.0.1:{alertmanager_port}", "--cluster.listen-address=",
            "--log.level=warn",
        ],
        [
            prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
            f"--query.lookback-delta={lookback * 1000:.0f}ms", "--rules.alert.resend-delay=1s",
        ],
    ]  # fmt: skip


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)
