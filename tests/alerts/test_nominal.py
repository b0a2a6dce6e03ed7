"""Nominal voltage: standard values that a fault of many hours does not change, and what the config says."""

from pathlib import Path
from typing import Any

from exporter.config import Expect
from exporter.generate.alerts.nominal import STANDARD_VOLTS
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


def test_a_fault_of_many_hours_does_not_become_the_nominal_voltage(tmp_path: Path) -> None:
    # six days well, 30 hours of a fault, a day well; by the hour
    nominal = 'max by (device) (last_over_time(phase:generex_ups_output_volts:nominal{device="%s"}[1h]))'
    series = [
        _volts("low", "230x144 185x30 230x24"),
        # an installation of yesterday: the fault is shorter than what is known
        _volts("young", "_x120 230x23 185x12 230x43"),
        # set to another standard voltage for good
        _volts("new", "230x48 240x152"),
    ]
    tests = [
        *(_test(nominal % "low", f"{at}h", ('{device="low"}', 230)) for at in (1, 144, 160, 174, 190)),
        *(_test(nominal % "young", f"{at}h", ('{device="young"}', 230)) for at in (130, 154, 160)),
        _test(nominal % "new", "50h", ('{device="new"}', 230)),
        _test(nominal % "new", "199h", ('{device="new"}', 240)),
    ]
    group = {"interval": "1h", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], "1h", without=OTHERS | {"generex-ups"})


def test_a_voltage_means_the_standard_one_it_is_nearest_to(tmp_path: Path) -> None:
    pairs = {
        98: 100, 113: 115, 118: 120, 126: 127, 196: 200, 207: 208, 219: 220, 231: 230, 238: 240, 275: 277,
        350: 347, 384: 380, 397: 400, 418: 415, 436: 440, 476: 480, 605: 600, 688: 690,
        # no standard is near: taken as it is, so that values in tenths are no second alert
        60: 60, 2300: 2300,
    }  # fmt: skip
    assert set(pairs.values()) - {60, 2300} == set(STANDARD_VOLTS) - {110}
    series = [_volts(f"{volts:04}", f"{volts}x12", "input") for volts in pairs]
    samples = [(f'{{device="{volts:04}"}}', float(nominal)) for volts, nominal in sorted(pairs.items())]
    test = _test("max by (device) (phase:generex_ups_input_volts:nominal)", "10m", *samples)
    group = {"interval": "1m", "input_series": series, "promql_expr_test": [test]}
    check_tests(tmp_path, [group], "1m", without=OTHERS | {"generex-ups"})


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
    fired = 'count by (device, phase) (ALERTS{alertname="GenerexOutputVoltage"})'
    tests = [
        _test(
            fired,
            "11m",
            ('{device="both", phase="3"}', 1),
            ('{device="dead", phase="3"}', 1),
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
