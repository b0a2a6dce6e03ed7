"""A block that is off the median of its string on float: six hours and more, at 480 times their speed."""

from dataclasses import dataclass
from pathlib import Path

from exporter.simulator.scenarios import load_scenario
from tests.scenarios.stage import Actor, Stage, staged
from tests.support import wait_for

QUICK = 480  # an hour is 7.5 seconds, and the five minutes that a sample is seen are 0.6 s
HOUR = 3600 / QUICK
RECORDED = "module:generex_bacs_module_volts:float_deviation6h"

# what the alert would be without last_over_time, evaluated as often and kept as long
NAIVE = f"""\
groups:
  - name: naive
    interval: 300ms
    rules:
      - alert: Naive
        expr: {RECORDED} < -0.24
        keep_firing_for: {300_000 // QUICK}ms
        labels: {{severity: none}}
        annotations: {{description: "-"}}
"""


@dataclass(frozen=True)
class SlowRecord:
    """What was seen in some hours since the alert fired.

    `evaluations` are the times at which the slow rule gave a sample; `began` and `naive_began` are those at
    which the alert and its naive form became active, each anew when it had been away.
    """

    evaluations: list[float]
    last: float
    began: set[float]
    naive_began: set[float]
    told: set[tuple[str, str, str]]


def wait_for_hours(folder: Path) -> SlowRecord:
    # block 2 at 13.25 V, its neighbours at 13.65 V
    actor = Actor("shorted", load_scenario("normal"), "north", modules=8, pins={1066: 13250})
    with staged(folder, [actor], QUICK, 0.3, more_rules=NAIVE) as stage:
        wait_for(lambda: stage.instant(_active("GenerexFloatSpread")), 150, "the alert")
        wait_for(lambda: len(_samples(stage, RECORDED)) >= 6, 90, "more evaluations")
        alert = _samples(stage, _active("GenerexFloatSpread"))
        return SlowRecord(
            evaluations=[at for at, _ in _samples(stage, RECORDED)],
            last=max(at for at, _ in alert),
            began={since for _, since in alert},
            naive_began={since for _, since in _samples(stage, _active("Naive"))},
            told={
                (held["labels"]["device"], held["labels"]["string"], held["labels"]["module"])
                for held in stage.alerts()
                if held["labels"]["alertname"] == "GenerexFloatSpread"
            },
        )


def _active(alert: str) -> str:
    """Its value is the time at which the alert became active."""
    return f'ALERTS_FOR_STATE{{alertname="{alert}",device="shorted",module="2"}}'


def _samples(stage: Stage, selector: str) -> list[tuple[float, float]]:
    """The samples of the last minutes, of block 2 where they are of blocks."""
    found = [series for series in stage.instant(f"{selector}[5m]") if series["metric"]["module"] == "2"]
    return sorted((float(at), float(value)) for series in found for at, value in series["values"])
