"""The rules in Prometheus 3, whose ranges leave out their left end; the other tests are of 2.42."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.promtool import ROOT, RULES, rules_for
from tests.alerts.test_situations import Lines, fired, flag, line, of, ups
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
    play(
        tmp_path, 15, series,
        fired("13m", names | of("dies", "RuntimeMelting") | of("lasts", "ChargerFailed")),
        fired("50m", names | of("dies", "Unreachable")),
    )  # fmt: skip


@pytest.mark.parametrize("scrape", [15, 60])
def test_a_single_pass_of_zeros_on_battery_is_no_loss_and_silence_is(scrape: int, tmp_path: Path) -> None:
    series = ups(
        "a", "0x20 1x40 0 1x20 stale",
        flag("ups_status", "output_act", "1x61 0 1x20 stale"),
        line("generex_ups_output_volts", "230x61 0 230x20 stale", phase="1"),
        line("generex_ups_battery_charge_ratio", "1x61 0 0.9x20 stale"),
        up="1x83 0x100",
    )  # fmt: skip
    during = of("a", "OnBattery", "OnBatteryLong")
    still = [fired(f"{at * scrape}s", during) for at in (61, 62, 63, 64, 65, 83)]
    play(tmp_path, scrape, series, *still, fired(f"{90 * scrape}s", during | of("a", "LostOnBattery")))


def play(folder: Path, scrape: int, series: Lines, *tests: Mapping[str, Any]) -> None:
    rules = rules_for(scrape)
    test = {
        "rule_files": list(rules),
        "evaluation_interval": f"{scrape}s",
        "group_eval_order": [
            group["name"] for name in rules for group in load_yaml(Path(name).read_text())["groups"]
        ],
        "tests": [
            {
                "interval": f"{scrape}s",
                "input_series": series,
                "promql_expr_test": list(tests),
            }
        ],
    }
    (folder / "tests.yml").write_text(yaml.safe_dump(test))
    promtool("test", "rules", str(folder / "tests.yml"))
