"""The rules in Prometheus 3, whose ranges leave out their left end; the other tests are of 2.42."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.alerts.promtool import ROOT, RULES
from tests.alerts.test_situations import fired, flag, line, of, ups
from tests.support import load_yaml

PROMTOOL = ROOT / ".ci" / "promtool" / "build" / "promtool"


def promtool(*arguments: str) -> None:
    if not PROMTOOL.exists():
        reason = "there is no promtool 3 (.ci/promtool/install builds it where Go is)"
        if os.environ.get("REQUIRE_REAL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    answer = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_it_takes_the_rules() -> None:
    for name in RULES:
        promtool("check", "rules", "--lint-fatal", name)


def test_a_death_on_battery_and_flags_that_last_are_told_as_in_prometheus_2(tmp_path: Path) -> None:
    dies = "0x20 1x20 stale"
    series = ups("dies", dies, line("generex_ups_battery_runtime_seconds", "900x20 900-30x20 stale", "dies"),
                 up="1x41 0x200")  # fmt: skip
    # a failed pass in the middle, and one before which a single sample was set
    series += [line("generex_up", "1x240", device) for device in ("lasts", "once")]
    series += [
        flag("ups_alarm", "charger_failed", "0x20 1x12 stale 1x60", "lasts"),
        flag("ups_alarm", "charger_failed", "0x20 1 stale 0x60", "once"),
    ]
    names = of("dies", "OnBattery", "OnBatteryLong", "RuntimeShort", "LostOnBattery")
    test = {
        "rule_files": list(RULES),
        "evaluation_interval": "15s",
        "group_eval_order": [
            group["name"] for name in RULES for group in load_yaml(Path(name).read_text())["groups"]
        ],
        "tests": [
            {
                "interval": "15s",
                "input_series": series,
                "promql_expr_test": [
                    fired("13m", names | of("dies", "RuntimeMelting") | of("lasts", "ChargerFailed")),
                    fired("50m", names | of("dies", "Unreachable")),
                ],
            }
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(test))
    promtool("test", "rules", str(tmp_path / "tests.yml"))
