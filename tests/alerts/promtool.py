"""Running promtool on rules and on tests of rules."""

import atexit
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from exporter.durations import parse_duration
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.alerts.reach import Group, asked, reachable
from tests.support import load_yaml, require

ROOT = Path(__file__).resolve().parents[2]
RULES = [str(ROOT / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]

SLOW = {
    "generex-slow", "generex-nominal", "generex-quarter-hour", "generex-ten-minutes", "generex-last",
    "generex-ageing",
}  # fmt: skip


@cache
def rules_for(scrape: float) -> tuple[str, str]:
    """Rule files made for devices that are scraped every so many seconds."""
    if scrape == 15:
        return RULES[0], RULES[1]
    folder = Path(tempfile.mkdtemp(prefix="generex-rules-"))
    atexit.register(shutil.rmtree, folder)
    made = alert_files(built_in_maps(), {}, scrape_interval=scrape)
    names = [name for name in made if name.endswith(".rules.yml")]
    for name in names:
        (folder / Path(name).name).write_text(made[name])
    return str(folder / Path(names[0]).name), str(folder / Path(names[1]).name)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([require("promtool"), *arguments], capture_output=True, text=True, check=False)


def check_tests(
    folder: Path,
    groups: Sequence[Mapping[str, Any]],
    step: str = "15s",
    rules: Sequence[str] = (),
    without: Collection[str] = (),
) -> None:
    """Run test groups; an assertion with promtool's words when they fail.

    Without `rules` they are those for devices that are scraped every `step`.

    promtool evaluates all rules at each step. Left out are rules that can bring nothing from the series of a
    group, those on which nothing rests that the group looks at, groups of rules `without` which a test
    gets by, or the beginnings of their names, and the texts of alerts that the group does not ask for.
    """
    groups_of_rules = [
        group
        for name in rules or rules_for(parse_duration(step))
        for group in _groups(name)
        if not any(group["name"].startswith(start) for start in without)
    ]
    answers = [
        _check(folder, group, step, reachable(_asked(groups_of_rules, group), group["input_series"]))
        for group in groups
    ]
    failed = [answer.stdout + answer.stderr for answer in answers if answer.returncode]
    assert not failed, "".join(failed)


def _asked(rules: Sequence[Group], group: Group) -> list[Group]:
    exprs = [test["expr"] for test in group.get("promql_expr_test", [])]
    exprs += [f'ALERTS{{alertname="{name}"}}' for name in sorted(_named(group))]
    return asked(_told(rules, _named(group)), exprs)


def _told(rules: Sequence[Group], named: Collection[str]) -> list[Group]:
    """The rules, with the texts of the named alerts only: each step writes all of them anew."""

    def kept(rule: Mapping[str, Any]) -> Mapping[str, Any]:
        asked_for = rule.get("alert") in named
        return rule if asked_for else {key: value for key, value in rule.items() if key != "annotations"}

    return [{**one, "rules": [kept(rule) for rule in one["rules"]]} for one in rules]


def _named(group: Group) -> set[str]:
    return {test["alertname"] for test in group.get("alert_rule_test", [])}


def _check(
    folder: Path, group: Mapping[str, Any], step: str, rules: Sequence[Mapping[str, Any]]
) -> subprocess.CompletedProcess[str]:
    _write(folder / "tested.rules.yml", {"groups": list(rules)})
    document = {
        "rule_files": ["tested.rules.yml"],
        "evaluation_interval": step,
        # promtool would take the groups in any order; Prometheus has them all, a moment old
        "group_eval_order": [group["name"] for group in rules],
        "tests": [group],
    }
    _write(folder / "tests.yml", document)
    return run("test", "rules", str(folder / "tests.yml"))


def _write(path: Path, document: Mapping[str, Any]) -> None:
    # JSON is YAML, and thousands of series are written in a tenth of the time
    path.write_text(json.dumps(document, ensure_ascii=False, indent=0))


@cache
def _groups(name: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = load_yaml(Path(name).read_text())["groups"]
    return groups


def firing(at: str, alerts: Mapping[str, int]) -> dict[str, Any]:
    """A test that exactly these alerts fire at a time, each so many times."""
    return {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": at,
        "exp_samples": [
            {"labels": f'{{alertname="{name}"}}', "value": count} for name, count in sorted(alerts.items())
        ],
    }


def in_parts(group: Mapping[str, Any], size: int = 30) -> list[dict[str, Any]]:
    """A test group as several, each of so many devices: promtool 2.42 loads ten thousand samples for a query.

    What is expected of no device is expected in the first part.
    """
    by_device: dict[str, list[Mapping[str, str]]] = {}
    device = ""
    for series in group["input_series"]:
        found = re.search(r'device="([^"]+)"', series["series"]) or re.search(
            r'instance="([^"]+)"', series["series"]
        )
        device = found[1] if found else device
        by_device.setdefault(device, []).append(series)
    devices = list(by_device)
    return [
        _part(group, by_device, devices[first : first + size], first == 0)
        for first in range(0, len(devices), size)
    ]


def _part(
    group: Mapping[str, Any],
    series: Mapping[str, list[Mapping[str, str]]],
    devices: Sequence[str],
    first: bool,
) -> dict[str, Any]:
    def here(device: str) -> bool:
        return device in devices if device else first

    part = dict(group) | {"input_series": [line for device in devices for line in series[device]]}
    if "alert_rule_test" in group:
        part["alert_rule_test"] = [
            test | {"exp_alerts": [a for a in test["exp_alerts"] if here(a["exp_labels"].get("device", ""))]}
            for test in group["alert_rule_test"]
        ]
    part["promql_expr_test"] = [
        test | {"exp_samples": [s for s in test["exp_samples"] if _watchdog(s) or here(_device(s["labels"]))]}
        for test in group["promql_expr_test"]
    ]
    return part


def _watchdog(sample: Mapping[str, Any]) -> bool:
    return "GenerexWatchdog" in sample["labels"]


def _device(labels: str) -> str:
    found = re.search(r'device="([^"]+)"', labels)
    return found[1] if found else ""
