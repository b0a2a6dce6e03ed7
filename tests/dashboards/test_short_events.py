"""What is short is seen on a day's board: a day of samples in a real Prometheus, asked as Grafana asks."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.promtool import rules_for
from tests.alerts.reach import reachable
from tests.dashboards.boardfiles import panels
from tests.support import free_port, load_yaml, require, running, wait_for

DAY = 86_400
START = 1_700_006_400  # a whole step of every length below
STEPS = [(15, 30), (15, 60), (15, 180), (15, 300), (30, 60), (30, 180), (60, 120), (60, 300)]
"""How often a device is scraped and in what steps Grafana asks, from those of the board up, in seconds."""

TRANSFERS = [(3_600 + 7 + 5_400 * number, 20) for number in range(4)]
"""When the UPS is on battery: seconds after the start, and for how long."""
HUNTS = [(40_000 + 60 * number, 30) for number in range(10)]
GENERATOR = [(60_003, 45)]
DIP = (70_002, 75)
"""When block 3 falls to 10.9 V."""
UPS = 'device="ups-a",site="north"'


def on_battery(at: int) -> bool:
    return any(start <= at < start + lasts for start, lasts in (*TRANSFERS, *HUNTS, *GENERATOR))


def series_of_the_day() -> list[tuple[str, str, Callable[[int], float]]]:
    """What one device with a BACS of four blocks serves: name, labels, and the value at a second."""
    series: list[tuple[str, str, Callable[[int], float]]] = [
        ("generex_up", UPS, lambda at: 1),
        ("generex_ups_status", f'{UPS},flag="backup_mode"', on_battery),
        ("generex_ups_status", f'{UPS},flag="output_act"', lambda at: 1),
        ("generex_ups_alarm", f'{UPS},flag="on_battery"', on_battery),
        ("generex_ups_alarm", f'{UPS},flag="input_bad"', on_battery),
        ("generex_ups_battery_charge_ratio", UPS, lambda at: 1),
        ("generex_ups_input_volts", f'{UPS},phase="1"', lambda at: 0 if on_battery(at) else 230),
    ]
    for group in ("ups", "bacs", "strings", "modules"):
        series.append(("generex_group_up", f'{UPS},group="{group}"', lambda at: 1))
    for module in range(1, 5):
        block = f'{UPS},string="1",module="{module}"'
        low = module == 3
        series += [
            ("generex_bacs_module_present", block, lambda at: 1),
            (
                "generex_bacs_module_volts", block,
                lambda at, low=low: 10.9 if low and DIP[0] <= at < sum(DIP) else 13.5,
            ),
            (
                "generex_bacs_module_alarm", f'{block},flag="voltage_low"',
                lambda at, low=low: low and DIP[0] <= at < sum(DIP),
            ),
        ]  # fmt: skip
    return sorted(series, key=lambda one: one[0])


def samples(scrape: int) -> str:
    """The day as OpenMetrics."""
    lines, name = [], ""
    for metric, labels, value in series_of_the_day():
        if metric != name:
            name = metric
            lines.append(f"# TYPE {name} gauge")
        lines += [f"{name}{{{labels}}} {value(at):g} {START + at}" for at in range(0, DAY, scrape)]
    return "\n".join((*lines, "# EOF")) + "\n"


@dataclass(frozen=True)
class Day:
    """The day in a Prometheus, with what the rules make of it; seconds."""

    url: str
    scrape: int
    step: int

    def ask(self, expr: str) -> list[dict[str, Any]]:
        return query(self.url, expr, self.step)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], str]]:
    """The address of a Prometheus with the day, by how often the device is scraped."""
    with ExitStack() as stack:
        yield cache(lambda scrape: stack.enter_context(day_of(tmp_path_factory.mktemp("day"), scrape)))


@pytest.fixture(params=STEPS, ids=lambda it: f"{it[1]}s of {it[0]}s")
def day(request: pytest.FixtureRequest, days: Callable[[int], str]) -> Day:
    scrape, step = request.param
    return Day(days(scrape), scrape, step)


@contextmanager
def day_of(folder: Path, scrape: int) -> Iterator[str]:
    promtool, data = require("promtool"), folder / "data"
    (folder / "prometheus.yml").write_text("{}")
    (folder / "day.txt").write_text(samples(scrape))
    run(promtool, "tsdb", "create-blocks-from", "openmetrics", str(folder / "day.txt"), str(data))
    # one name: when in an interval a group is evaluated depends on it, and the groups are one in truth
    rules = folder / "rules.yml"
    for groups in needed_rules(scrape):
        rules.write_text(yaml.safe_dump({"groups": groups}))
        with prometheus(folder) as url:
            run(
                promtool, "tsdb", "create-blocks-from", "rules", f"--start={START}", f"--end={START + DAY}",
                f"--url={url}", f"--eval-interval={scrape}s", f"--output-dir={data}", str(rules),
            )  # fmt: skip
    with prometheus(folder) as url:
        yield url


def needed_rules(scrape: int) -> list[list[dict[str, Any]]]:
    """What outcomes are made of, and then what is made of that, step by step.

    promtool takes a fifth of a second for a rule and a day: those that can bring nothing are left out.
    """
    content = load_yaml(Path(rules_for(scrape)[0]).read_text(encoding="utf-8"))
    layers = ({"device:generex_role:active"}, {"device:generex_outcome:rank"})
    given = [
        {
            "series": f"{metric}{{{labels}}}",
            "values": " ".join({f"{value(at):g}" for at in range(0, DAY, scrape)}),
        }
        for metric, labels, value in series_of_the_day()
    ]
    groups = reachable([_with(group, set().union(*layers)) for group in content["groups"]], given)
    return [[_with(group, names) for group in groups] for names in layers]


def _with(group: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {**group, "rules": [rule for rule in group["rules"] if rule["record"] in names]}


@contextmanager
def prometheus(folder: Path) -> Iterator[str]:
    """A Prometheus on the blocks of the day, which are not to be thrown away or compacted meanwhile."""
    port = free_port()
    command = [
        require("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with running(command, folder / "prometheus.log"):
        wait_for(lambda: urllib.request.urlopen(f"{url}/-/ready").status == 200, 60, "Prometheus")
        yield url


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def query(url: str, expr: str, step: int) -> list[dict[str, Any]]:
    """What Grafana asks for: a day in whole steps."""
    expr = expr.replace("$__interval", f"{step}s").replace("$site", ".*").replace("$device", "ups-a")
    expr = expr.replace("$job", ".*").replace("$instance", ".*")
    data = urllib.parse.urlencode({"query": expr, "start": START, "end": START + DAY, "step": step}).encode()
    with urllib.request.urlopen(f"{url}/api/v1/query_range", data, timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


def shown(name: str, title: str, day: Day, **labels: str) -> dict[int, float]:
    """What a row of a panel shows, by seconds after the start."""
    (panel,) = (panel for panel in panels(name) if panel["title"] == title)
    answers = [series for target in panel["targets"] for series in day.ask(target["expr"])]
    (row,) = (series for series in answers if labels.items() <= series["metric"].items())
    return {int(at) - START: float(value) for at, value in row["values"]}


def bad_steps(
    values: dict[int, float], day: Day, event: tuple[int, int], rounds: int = 1
) -> list[set[float]]:
    """Of each sample of the event what the step shows that it is in, and those that its rules may be in.

    What falls between two scrapes has no sample. Rules are evaluated at some time between two scrapes, and
    those that build on others in as many `rounds`.
    """
    start, lasts = event
    scrapes = [at for at in range(0, DAY, day.scrape) if start <= at < start + lasts]
    assert scrapes or lasts < day.scrape
    later = [number * day.scrape - 1 for number in range(1, rounds + 1)]
    steps = [{day.step * -(-(at + late) // day.step) for late in (0, *later)} for at in scrapes]
    return [{values[step] for step in both} for both in steps]


@pytest.mark.parametrize(
    ("name", "title", "labels", "worst"),
    [
        ("fleet", "What each device ran on", {"device": "ups-a"}, "▲ ON BATTERY"),
        ("ups", "What it ran on", {"device": "ups-a"}, "▲ ON BATTERY"),
        ("ups", "Status: every bit", {"flag": "backup_mode"}, "▲ warning"),
        ("ups", "Alarms: every bit", {"flag": "on_battery"}, "▲ warning"),
        ("ups", "Input voltage", {"phase": "1"}, "0"),
    ],
)
def test_every_transfer_hunt_and_start_of_a_generator_is_seen(
    day: Day, name: str, title: str, labels: dict[str, str], worst: str
) -> None:
    values = shown(name, title, day, **labels)
    (panel,) = (panel for panel in panels(name) if panel["title"] == title)
    mappings = panel["fieldConfig"]["defaults"].get("mappings")
    words = mappings[0]["options"] if mappings else {}
    # what a device ran on is recorded from its roles, which are recorded from its flags
    rounds = 2 if worst == "▲ ON BATTERY" else 1
    for event in (*TRANSFERS, *HUNTS, *GENERATOR):
        for found in bad_steps(values, day, event, rounds):
            texts = {words.get(f"{value:g}", {"text": f"{value:g}"})["text"] for value in found}
            assert worst in texts, event
    quiet = values[day.step * (30_000 // day.step)]
    assert words.get(f"{quiet:g}", {"text": f"{quiet:g}"})["text"] in ("● ON MAINS", "no", "230")


def test_a_dip_of_one_block_is_seen(day: Day) -> None:
    off = shown("bacs", "Block voltage, off the median", day, block="003")
    flags = shown("bacs", "Blocks: worst flag and absence over time", day, block="003")
    assert all(max(found) == pytest.approx(1 - 10.9 / 13.5) for found in bad_steps(off, day, DIP))
    assert all(3 in found for found in bad_steps(flags, day, DIP))
    other = shown("bacs", "Block voltage, off the median", day, block="002")
    assert set(other.values()) == {0}
