"""Nominal voltage: what the configuration says of a device, else the median of its last day."""

from pathlib import Path
from typing import Any

from exporter.config import Expect
from tests.alerts.promtool import check_tests
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.words import put

OTHERS = {"generex-bacs", "generex-blocks", "generex-battery", "generex-health", "generex-power"}


def _test(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, Any]:
    return {
        "expr": expr,
        "eval_time": at,
        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples],
    }


def _volts(device: str, values: str, what: str = "output", phase: str = "1") -> dict[str, str]:
    labels = f'device="{device}",site="s",phase="{phase}",job="j",instance="i"'
    return {"series": f"generex_ups_{what}_volts{{{labels}}}", "values": values}


def test_the_nominal_voltage_is_the_median_of_the_last_day(tmp_path: Path) -> None:
    nominal = 'max by (device) (last_over_time(phase:generex_ups_output_volts:nominal{device="%s"}[1h]))'
    series = [
        # a fault of eleven hours is none; one of more than half a day is what is usual (docs/alerts.md)
        _volts("short", "230x288 185x65 230x100"),
        _volts("long", "230x288 185x200"),
    ]
    tests = [
        *(_test(nominal % "short", f"{at}h", ('{device="short"}', 230)) for at in (1, 24, 29, 36)),
        _test(nominal % "long", "34h", ('{device="long"}', 230)),
        _test(nominal % "long", "38h", ('{device="long"}', 185)),
    ]
    group = {"interval": "5m", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], "5m", without=OTHERS | {"generex-ups"})


def test_what_the_configuration_says_of_a_device_wins(tmp_path: Path) -> None:
    """A bad phase from the start, and phases that are not there, need no learning."""
    cases = {
        # 208 V from the first reading on, which is no fault by itself
        "learned": (Expect(), ("97=208", "98=208", "99=208")),
        "given": (Expect(output_volts=240), ("97=208", "98=208", "99=208")),
        # phase 3 never was alive
        "dead": (Expect(phases=3), ("99=0",)),
        "single": (Expect(phases=1), ("98=120", "99=0")),
        "ghost": (Expect(phases=1, output_volts=230), ("98=120", "99=0")),
        "unknown": (Expect(), ("99=0",)),
        "both": (Expect(phases=3, output_volts=230), ("99=0",)),
    }
    series = []
    for name, (expect, changes) in cases.items():
        watched = Watched(named(name, "ups", expect=expect, site="s"))
        pages = [
            watched.page(put(words, *changes), 30 * at) for at, words in enumerate(healthy_images(24, 30))
        ]
        series += input_series(pages, name)
    names = "GenerexOutput(Voltage|PhaseMissing)"
    fired = f'count by (device, phase) (ALERTS{{alertstate="firing",alertname=~"{names}"}})'
    tests = [
        _test(
            fired,
            "11m",
            ('{device="both"}', 1),
            ('{device="dead"}', 1),
            *((f'{{device="given", phase="{phase}"}}', 1) for phase in (1, 2, 3)),
        ),
        _test(
            'phase:generex_ups_output_volts:nominal{device=~"single|ghost"}',
            "11m",
            ('{__name__="phase:generex_ups_output_volts:nominal", device="ghost", phase="1", site="s"}', 230),
            (
                '{__name__="phase:generex_ups_output_volts:nominal", device="single", phase="1", site="s"}',
                230,
            ),
        ),
    ]
    group = {"interval": "30s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], "30s", without=OTHERS | {"generex-slow"})
