"""What the rules cost a Prometheus: CPU of its process, as the kernel booked it."""

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import yaml

from exporter.durations import parse_duration
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.bench.devices import devices
from tests.bench.prometheus import History, Labels, Prometheus, labels_of, prometheus
from tests.bench.running import exporter
from tests.bench.table import Table

DEVICES, MODULES = 10, 40
PER = 50  # devices that the figures are told for
AHEAD = 30 * 60.0  # seconds of history that lies in the future while that is done
DAY = 86_400.0
_SERIES = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_RANGE = re.compile(r"\[(\w+)[]:]|offset (\w+)")


def rules(scrapes: int) -> Table:
    """The rules of alerts and boards, over a day of history."""
    groups = rule_groups()
    depth = depths(groups)
    with devices(1, MODULES) as targets, exporter(targets) as running:
        page = running.get(running.connection(), "/metrics?collect[]=devices").decode()
    raw = read(page, depth)
    made = recorded(raw, groups, depth)
    with prometheus() as it:
        time.sleep(10)
        idle = _cores(it, 20)
        alone = 15 * (_evaluating(it, groups, 45) - idle) / sum(len(group["rules"]) for group in groups)
    with prometheus() as it:
        now = time.time()
        begin = now - max(one.depth for one in (*raw, *made))
        it.write([*many(raw, AHEAD), *many(made, 0)], begin, now)
        it.write(many(raw, AHEAD), now, now + AHEAD)
        time.sleep(20)
        return _measured(it, groups, _cores(it, 30), alone)


def _measured(it: Prometheus, groups: Sequence[dict[str, Any]], idle: float, alone: float) -> Table:
    """`idle` are the cores that no rule takes, `alone` the seconds that a rule takes of no device at all."""
    table = Table(
        f"Alert and recording rules for {PER} devices with {MODULES} modules, on a Prometheus that does\n"
        f"nothing else; measured with {DEVICES} of them and with none",
        ("every", "groups", "rules", "CPU ms an evaluation", "cores"),
    )
    by_interval: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        by_interval[group["interval"]].append(group)
    cores = 0.0
    for interval, chosen in by_interval.items():
        number = sum(len(group["rules"]) for group in chosen)
        used = 15 * (_evaluating(it, chosen, 90 if interval == "15s" else 45) - idle)
        used = alone * number + PER / DEVICES * max(used - alone * number, 0)
        share = used / parse_duration(interval)
        cores += share
        table.rows.append(
            (interval, f"{len(chosen)}", f"{number}", f"{1000 * used:.0f}", f"{share:.4f}"),
        )
    table.rows.append(("all", "", "", "", f"{cores:.4f}"))
    table.figures["cores for the rules, 50 devices"] = cores
    return table


def _evaluating(it: Prometheus, groups: Sequence[dict[str, Any]], seconds: float) -> float:
    """Cores while these groups are evaluated every 15 s, also those that are not as often."""
    it.load(yaml.safe_dump({"groups": [{**group, "interval": "15s"} for group in groups]}))
    time.sleep(20)
    return _cores(it, seconds)


def _cores(it: Prometheus, seconds: float) -> float:
    cpu, start = it.cpu, time.monotonic()
    time.sleep(seconds)
    return (it.cpu - cpu) / (time.monotonic() - start)


def rule_groups() -> list[dict[str, Any]]:
    """The groups of both rule files."""
    made = alert_files(built_in_maps(), {})
    return [
        group
        for name in ("recording", "generex")
        for group in yaml.safe_load(made[f"alerts/{name}.rules.yml"])["groups"]
    ]


def depths(groups: Sequence[dict[str, Any]]) -> dict[str, float]:
    """How far back any rule looks at a metric, in seconds."""
    found: dict[str, float] = {}
    for rule in (rule for group in groups for rule in group["rules"]):
        ranges = [parse_duration(a or b) for a, b in _RANGE.findall(rule["expr"])]
        for name in re.findall(r"[\w:]*generex_[\w:]+", rule["expr"]):
            found[name] = max(found.get(name, 0), sum(ranges) + 600)
    return found


def read(page: str, depth: dict[str, float]) -> list[History]:
    """The series of a page, with as much history as a rule looks at."""
    found = []
    for line in page.splitlines():
        if match := _SERIES.match(line):
            labels = (("__name__", match[1]), *_LABEL.findall(match[2]), ("site", "north"))
            of_job = (*labels, ("job", "bench"), ("instance", "exporter:10141"))
            found.append(History(of_job, float(match[3]), 15, min(depth.get(match[1], 600), DAY)))
    return found


def recorded(
    raw: Sequence[History], groups: Sequence[dict[str, Any]], depth: dict[str, float]
) -> list[History]:
    """What the rules would have recorded of one device: a few rounds, as they build on each other."""
    found: dict[Labels, History] = {}
    with prometheus() as it:
        now = float(int(time.time()))
        old = [History(one.labels, one.value, 300, 8 * DAY) for one in raw]
        it.write(old, now - 8 * DAY, now - 600)
        it.write(raw, now - 600, now)
        for _ in range(5):
            new = {}
            for group in groups:
                for rule in (rule for rule in group["rules"] if "record" in rule):
                    for item in it.ask(rule["expr"], now):
                        metric = {**item["metric"], **rule.get("labels", {}), "__name__": rule["record"]}
                        labels, value = labels_of(metric), float(item["value"][1])
                        if labels not in found:
                            step = parse_duration(group["interval"])
                            new[labels] = History(labels, value, step, depth.get(rule["record"], 600))
            found |= new
            sparse = [History(one.labels, one.value, max(one.step, 300), 8 * DAY) for one in new.values()]
            it.write(sparse, now - 8 * DAY, now - 600)
            it.write(list(new.values()), now - 600, now)
    return list(found.values())


def many(series: Sequence[History], ahead: float) -> list[History]:
    """The same for each of the devices."""
    return [
        History(
            tuple((k, f"d{number}" if k == "device" else v) for k, v in one.labels),
            one.value,
            one.step,
            one.depth + ahead,
        )
        for number in range(DEVICES)
        for one in series
    ]
