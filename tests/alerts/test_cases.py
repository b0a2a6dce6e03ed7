"""A case per alert: it fires with its labels and texts, holds through a failed pass, and spares the healthy.

The words of each case go through the exporter; expected.yaml has the labels and texts, typed.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.generate.alerts.model import REPOSITORY_RUNBOOK
from tests.alerts.cases import SHORT
from tests.alerts.promtool import ROOT, check_tests, in_parts
from tests.alerts.slow_cases import BATCHES
from tests.alerts.story import Batch
from tests.support import load_yaml

Expected = dict[str, list[dict[str, Any]]]
EXPECTED: dict[str, Expected] = load_yaml(Path(__file__).with_name("expected.yaml").read_text())
ALL = (SHORT, *BATCHES)
# ten looks at the healthy devices are enough to know them by, and the dearest step needs no more
AT_OTHER_INTERVALS = (replace(SHORT, healthy=5).every(15), replace(SHORT, ill=32).every(60))
FIRING = 'ALERTS{alertstate="firing"}'
WATCHDOG = {"labels": '{__name__="ALERTS", alertname="GenerexWatchdog", alertstate="firing", condition="watchdog", severity="none"}', "value": 1}  # fmt: skip  # noqa: E501


def rules() -> dict[str, dict[str, Any]]:
    groups = load_yaml((ROOT / "alerts" / "generex.rules.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def alert_test(batch: Batch, name: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    alerts = [
        {
            "exp_labels": {**entry["labels"]},
            "exp_annotations": {
                "summary": entry["summary"],
                "description": entry["description"],
                "runbook_url": f"{REPOSITORY_RUNBOOK}#{name.lower()}",
            },
        }
        for entry in expected
    ]
    return {"eval_time": batch.time(batch.gap - 1), "alertname": name, "exp_alerts": alerts}


def value_test(expr: str, at: str, *samples: dict[str, Any]) -> dict[str, Any]:
    return {"expr": expr, "eval_time": at, "exp_samples": list(samples)}


@pytest.mark.parametrize("batch", ALL, ids=lambda batch: str(batch.name))
def test_alerts_fire_with_their_texts_hold_through_a_failed_pass_and_spare_the_healthy(
    batch: Batch, tmp_path: Path
) -> None:
    expected = EXPECTED[batch.name]
    spared = [story.device for story in batch.stories if not story.alerts and "fleet" not in story.device]
    values = [
        value_test(FIRING, batch.time(batch.healthy - 1), WATCHDOG),
        # what fired before the failed pass holds in it and after it
        *(
            value_test(
                f"{FIRING} offset {batch.step * back}s unless {FIRING}", batch.time(batch.gap - 1 + back)
            )
            for back in (1, 2)
        ),
        *(
            value_test(f'ALERTS{{alertstate="firing",device=~"{"|".join(spared)}"}}', batch.time(step))
            for step in range(batch.healthy, batch.gap, max(1, batch.ill // 12))
            if spared
        ),
    ]
    group = {
        "interval": f"{batch.step}s",
        "input_series": batch.series(),
        "alert_rule_test": [alert_test(batch, name, entries) for name, entries in expected.items()],
        "promql_expr_test": values,
    }
    check_tests(tmp_path, in_parts(group), f"{batch.step}s")


@pytest.mark.parametrize("batch", AT_OTHER_INTERVALS, ids=lambda batch: f"{batch.step} s")
def test_the_same_alerts_fire_at_other_scrape_intervals(batch: Batch, tmp_path: Path) -> None:
    found = {
        (name, entry["labels"].get("device", ""))
        for name, entries in EXPECTED[batch.name].items()
        for entry in entries
    }
    at = batch.time(batch.gap - 1)
    ever = f"count_over_time({FIRING}[{batch.time(batch.ill)}])"
    tests = []
    for expr in (FIRING, ever):
        samples = [
            {"labels": f'{{alertname="{name}"{f", device={quoted(device)}" if device else ""}}}', "value": 1}
            for name, device in sorted(found)
        ]
        samples.append({"labels": '{alertname="GenerexWatchdog"}', "value": 1})
        tests.append(value_test(f"group by (alertname, device) ({expr})", at, *samples))
    group = {
        "interval": f"{batch.step}s",
        "input_series": batch.series(),
        "promql_expr_test": tests,
    }
    check_tests(tmp_path, in_parts(group), f"{batch.step}s")


def quoted(text: str) -> str:
    return f'"{text}"'


def test_every_alert_has_its_case() -> None:
    cased = {(name, story.device) for batch in ALL for story in batch.stories for name in story.alerts}
    typed = {
        (name, entry["labels"].get("device", ""))
        for expected in EXPECTED.values()
        for name, entries in expected.items()
        for entry in entries
    }
    without_device = {"GenerexFleetOnBattery", "GenerexScrapeDown"}
    assert {(name, device) for name, device in cased if name not in without_device} <= typed
    apart = {
        # test_exporter_itself.py
        "GenerexWatchdog", "GenerexNothingWatched", "GenerexReloadFailed", "GenerexOtlpFailing",
        # test_compared.py
        "GenerexBatteryAboveRoom", "GenerexBatteryVoltsDisagree", "GenerexRippleRisen",
        # test_records.py
        "GenerexTestOverdue", "GenerexTestShort", "GenerexTestUnknown",
        # test_situations.py, and test_nominal.py for the output phase
        "GenerexBatteryWarm", "GenerexBlockSensorBad", "GenerexDischargeDeep", "GenerexDischargeLong",
        "GenerexInputPhaseMissing", "GenerexNameTwice", "GenerexOutputPhaseMissing", "GenerexPairOverloaded",
        "GenerexRoomHot", "GenerexRoomHumid", "GenerexRoomWarm", "GenerexRuntimeBelowExpected",
        "GenerexScrapeSlow", "GenerexStringApart", "GenerexUpsFrozen", "GenerexWordsRefused",
    }  # fmt: skip
    assert {name for name, _ in cased} | apart == set(rules())
