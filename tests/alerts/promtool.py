"""Running promtool on rules and on tests of rules."""

import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support import require

ROOT = Path(__file__).resolve().parents[2]
RULES = [str(ROOT / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]

SLOW = {"generex-slow", "generex-nominal"}
ALL_GROUPS = SLOW | {
    "generex-recording", "generex-power", "generex-ups", "generex-bacs", "generex-blocks", "generex-battery",
    "generex-health",
}  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([require("promtool"), *arguments], capture_output=True, text=True, check=False)


def check_tests(
    folder: Path,
    groups: Sequence[Mapping[str, Any]],
    step: str = "15s",
    rules: Sequence[str] = RULES,
    without: Collection[str] = (),
) -> None:
    """Run test groups; an assertion with promtool's words when they fail.

    promtool evaluates all rules at each step: groups `without` which a test gets by make it quick.
    """
    path = folder / "tests.yml"
    if without:
        rules = [_shortened(Path(name), folder, without) for name in rules]
    # promtool would take the groups in any order; Prometheus has them all, a moment old
    order = [group["name"] for name in rules for group in yaml.safe_load(Path(name).read_text())["groups"]]
    document = {
        "rule_files": list(rules),
        "evaluation_interval": step,
        "group_eval_order": order,
        "tests": list(groups),
    }
    path.write_text(
        yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True)
    )
    answer = run("test", "rules", str(path))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def _shortened(path: Path, folder: Path, without: Collection[str]) -> str:
    groups = yaml.safe_load(path.read_text())["groups"]
    assert set(without) <= ALL_GROUPS
    short = folder / path.name
    short.write_text(yaml.safe_dump({"groups": [g for g in groups if g["name"] not in without]}))
    return str(short)


def firing(at: str, alerts: Mapping[str, int]) -> dict[str, Any]:
    """A test that exactly these alerts fire at a time, each so many times."""
    return {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": at,
        "exp_samples": [
            {"labels": f'{{alertname="{name}"}}', "value": count} for name, count in sorted(alerts.items())
        ],
    }
