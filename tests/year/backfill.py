"""Puts a year into a real Prometheus, with what the recording rules make of it.

A test gets it so:

    from tests.year.backfill import year
    from tests.year.story import Story

    with year(tmp_path, Story(seed=1)) as prometheus:   # some minutes; skips where Prometheus is missing
        prometheus.instant("generex_up", END - COARSE)  # or any client on prometheus.url

`tests/year/conftest.py` has one such year for all tests of this folder as the fixture `one_year`. The
last sample is at `END - COARSE`: a question without a time finds nothing, so ask for that time, or from
`story.start` to it. `RECORDED` has what is recorded; what that needs is, too. The rules are the
project's own for a scrape interval of thirty seconds. On float samples and rules are an hour apart,
during a discharge 30 s, and for three hours after it 5 min.
"""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml

from exporter.durations import parse_duration
from exporter.exposition.lines import Renderer
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.snapshots import Source
from tests.support import free_port, load_yaml, require, running, wait_for
from tests.year.story import COARSE, DENSE, RECHARGE, Story

BLOCK = 1458 * 3600  # seconds: two months, as promtool makes blocks of two hours times a power of three
MOST_POINTS = 10_000  # Prometheus answers at most 11,000
SCRAPE = DENSE
RECORDED = (
    'device:generex_role:active{role=~"on_battery|discharging|test|test_failed"}',
    "device:generex_on_battery:max",
    "device:generex_discharging:max",
    "device:generex_float_charging:max",
    "device:generex_battery_test:exempt",
    "device:generex_ups_battery_charge_ratio:min",
    "device:generex_ups_battery_runtime_seconds:min",
    "device:generex_ups_output_load_ratio:max",
    "module:generex_discharge_volts:ratio",
    "module:generex_bacs_module_volts:float_deviation6h",
    "module:generex_bacs_module_resistance_ohms:growth",
    "module:generex_bacs_module_resistance_ohms:ratio1d",
    "module:generex_bacs_module_equalization_ratio:mean1d",
    "module:generex_bacs_module_volts:float1d",
    "module:generex_bacs_module_temperature_celsius:deviation",
    "module:generex_bacs_module_temperature_celsius:mean1d",
    "module:generex_bacs_module_temperature_celsius:max1d",
    "string:generex_bacs_ageing_factor:mean30d",
    "module:generex_bacs_module_alarm:set",
)

HELD = "module:generex_bacs_module_alarm:set"
"""The record of which is counted for how long it is there: it is written every five minutes."""

Found = list[dict[str, Any]]


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus, and questions to it."""

    url: str

    def instant(self, expr: str, at: float) -> Found:
        """The series of an instant query at a Unix time."""
        return self._ask("query", query=expr, time=at)

    def over_time(self, expr: str, start: float, end: float, step: float) -> Found:
        """The series of a range query."""
        return self._ask("query_range", query=expr, start=start, end=end, step=step)

    def _ask(self, path: str, **parameters: Any) -> Found:
        data = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", data, timeout=120) as answer:
                found: Found = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{parameters['query']}\n{error.read().decode()}") from None
        return found


@contextmanager
def year(folder: Path, story: Story, recorded: Collection[str] = RECORDED) -> Iterator[Prometheus]:
    """The year of `story` in a Prometheus whose data are in `folder`."""
    require("promtool")
    (folder / "prometheus.yml").write_text("{}")
    _write(folder, _samples(story, folder))
    for layer in layers(recorded):
        with running_prometheus(folder) as prometheus:
            made = [series for rule in layer for series in _evaluate(prometheus, story, rule)]
        _write(folder, sorted(made, key=itemgetter(1)))
    with running_prometheus(folder) as prometheus:
        yield prometheus


@contextmanager
def running_prometheus(folder: Path) -> Iterator[Prometheus]:
    """A Prometheus on the blocks in `folder`, which are not to be thrown away meanwhile."""
    port = free_port()
    command = [
        require("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        "--query.max-samples=200000000",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with running(command, folder / "prometheus.log"):
        wait_for(lambda: urllib.request.urlopen(f"{url}/-/ready").status == 200, 60, "Prometheus")
        yield Prometheus(url)


_SELECTED = re.compile(r"(\w+:[\w:]*\w)({[^}]*})?")
_LABEL = re.compile(r'(\w+)=~?"([^"]*)"')

Sample = tuple[str, int, str]
"""Series with its labels, Unix time and value."""


def _samples(story: Story, folder: Path) -> Iterator[Sample]:
    config = folder / "generex.yml"
    device = {
        "name": story.device, "target": "tcp://127.0.0.1:502", "labels": {"site": story.site},
        "expect": {
            "strings": story.strings, "modules": story.modules,
            "blocks": {story.replaced: {"installed": story.replaced_at.date()}},
        },
        "module_flags": "set",
    }  # fmt: skip
    config.write_text(yaml.safe_dump({"devices": [device]}))
    source = Source(config=config, strings=story.strings, modules=story.modules)
    renderer = Renderer()  # one for all pages, as it prepares the lines that they share
    for at, words in story.words():
        for line in "".join(renderer.devices([source.snapshot(words)], "text")).splitlines():
            if line[0] != "#":
                series, _, value = line.rpartition(" ")
                yield series, at, value


def layers(recorded: Iterable[str]) -> list[list[dict[str, Any]]]:
    """The rules that make these series, with those that they need, each after what it rests on.

    Each has `interval` in seconds beside its `record`, `expr` and `labels`.
    """
    made = alert_files(built_in_maps(), {}, scrape_interval=SCRAPE)["alerts/recording.rules.yml"]
    rules = [
        rule | {"interval": parse_duration(group["interval"])}
        for group in load_yaml(made)["groups"]
        for rule in group["rules"]
    ]
    depth: dict[int, int] = {}

    def deep(number: int) -> int:
        if number not in depth:
            needed = {
                n for name, labels in _SELECTED.findall(rules[number]["expr"]) for n in told(name, labels)
            }
            depth[number] = 1 + max(map(deep, needed), default=-1)
        return depth[number]

    def told(name: str, labels: str) -> list[int]:
        """The rules that make what is selected; a label that a rule sets tells it from others of its name."""
        wanted = dict(_LABEL.findall(labels))
        return [
            number
            for number, rule in enumerate(rules)
            if rule["record"] == name
            and all(re.fullmatch(wanted.get(k, ".*"), v) for k, v in rule.get("labels", {}).items())
        ]

    for wanted in recorded:
        (selected,) = _SELECTED.findall(wanted)
        assert told(*selected), f"no rule records {wanted}"
        for number in told(*selected):
            deep(number)
    deepest = max(depth.values(), default=-1)
    return [[rules[n] for n in depth if depth[n] == d] for d in range(deepest + 1)]


def _evaluate(prometheus: Prometheus, story: Story, rule: dict[str, Any]) -> Iterator[Sample]:
    """What a rule records when it looks as often as samples come, but no more often than its group does."""
    every = rule["interval"]
    kept = [span for span in story.windows if every <= max(span.step, 60)]
    spans = [(span.start, span.end, max(span.step, round(every))) for span in kept]
    step = max(COARSE, round(every))
    begin = story.start
    inside = {begin + at for start, end, _ in spans for at in range(-(-start // step) * step, end, step)}
    for first in range(0, story.days * 86_400, step * MOST_POINTS):
        spans.append((first, min(first + step * MOST_POINTS, story.days * 86_400), step))
    for start, end, step in spans:
        coarse = step >= COARSE
        found = prometheus.over_time(rule["expr"], begin + start, begin + end - step, step)
        for series in found:
            labels = {k: v for k, v in series["metric"].items() if k != "__name__"} | rule.get("labels", {})
            name = rule["record"] + "{" + ",".join(f'{k}="{v}"' for k, v in sorted(labels.items())) + "}"
            held = range(0, step, RECHARGE) if coarse and rule["record"] == HELD else (0,)
            for at, value in series["values"]:
                if not (coarse and at in inside):
                    for later in held:
                        yield name, at + later, value


def _write(folder: Path, samples: Iterable[Sample]) -> None:
    """Make blocks of the samples, which come block by block; each promtool reads only what goes into one."""
    for families in _by_block(samples):
        path = folder / "samples.txt"
        with path.open("w", encoding="utf-8") as file:
            for name, lines in families.items():
                file.write(f"# TYPE {name} unknown\n")
                file.writelines(lines)
            file.write("# EOF\n")
        command = [
            require("promtool"),
            "tsdb",
            "create-blocks-from",
            f"--max-block-duration={BLOCK // 3600}h",
        ]
        command += ["--quiet", "openmetrics", str(path), str(folder / "data")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _by_block(samples: Iterable[Sample]) -> Iterator[dict[str, list[str]]]:
    """The lines of each block by the names of their series."""
    families: dict[str, list[str]] = defaultdict(list)
    end = 0.0
    for series, at, value in samples:
        if at >= end:
            if families:
                yield families
            families = defaultdict(list)
            end = (at // BLOCK + 1) * BLOCK
        families[series.partition("{")[0]].append(f"{series} {value} {at}\n")
    if families:
        yield families
