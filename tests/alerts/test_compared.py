"""Values that vouch for each other over hours, and the alerts where they do not, at each scrape interval."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.promtool import check_tests, rules_for
from tests.alerts.test_situations import Lines, flag, line

SCRAPES = pytest.mark.parametrize("scrape", [15, 30, 60])
HOURS = 3
BESIDE = ("generex-outcomes", "generex-states", "generex-remembered", "generex-flags", "generex-implausible")
"""Groups that say nothing here, and take long at every step of a day."""


def check(folder: Path, scrape: int, series: Lines, *tests: dict[str, Any], step: int = 0) -> None:
    """The rules for a scrape interval; the series have a value at each, or every `step` seconds."""
    every = f"{step or scrape}s"
    group = {"interval": every, "input_series": series, "promql_expr_test": list(tests)}
    check_tests(folder, [group], every, rules_for(scrape), BESIDE)


def told(at: str, names: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Exactly these of the alerts that are tried here fire at a time."""
    tried = "Generex(BatteryVoltsDisagree|RippleRisen|BatteryAboveRoom)"
    return {
        "expr": f'group by (alertname, device) (ALERTS{{alertstate="firing", alertname=~"{tried}"}})',
        "eval_time": at,
        "exp_samples": [
            {"labels": f'{{alertname="Generex{name}", device="{device}"}}', "value": 1}
            for name, device in sorted(names)
        ],
    }


def device(
    name: str, scrape: int, values: Mapping[str, str], hours: int = HOURS, mode: str = "float_charging"
) -> Lines:
    """A device in one mode of BACS; of `values`, `{n}` is the number of passes in an hour."""
    passes = hours * 3600 // scrape
    found = [line("generex_up", f"1x{passes}", name), flag("bacs_state", mode, f"1x{passes}", name)]
    for metric, text in values.items():
        metric, _, label = metric.partition(" ")
        labels = dict([label.split("=")]) if label else {}
        found.append(line(f"generex_{metric}", text.format(all=passes, hour=3600 // scrape), name, **labels))
    return found


@SCRAPES
def test_a_ups_and_its_strings_that_differ_are_told_and_halves_of_a_battery_are_not(
    scrape: int, tmp_path: Path
) -> None:
    def ups(name: str, volts: float, *, mode: str = "float_charging", strings: str = "54.4x{all}") -> Lines:
        values = {"ups_battery_volts": f"{volts}x{{all}}"}
        values |= {f"bacs_string_volts string={number}": strings for number in "12"}
        return device(name, scrape, values, mode=mode)

    series = [
        *ups("well", 54), *ups("two halves", 109), *ups("a half", 27), *ups("a little off", 56),
        *ups("none", 0), *ups("no string", 54, strings="0x{all}"), *ups("discharged", 48, mode="discharging"),
        *ups("tenths", 544), *ups("tenth", 5.4), *ups("a block more", 61), *ups("fewer", 49),
        # every tenth pass fails
        *ups("misses", 544, strings="54.4x8 _ " * (HOURS * 360 // scrape)),
    ]  # fmt: skip
    apart = {
        ("BatteryVoltsDisagree", name) for name in ("tenths", "tenth", "a block more", "fewer", "misses")
    }
    check(tmp_path, scrape, series, told("30m", ()), told("2h30m", apart))


@SCRAPES
def test_ripple_that_rises_above_its_week_is_told(scrape: int, tmp_path: Path) -> None:
    def string(name: str, before: float, after: float) -> Lines:
        values = f"{before}x{26 * 12} {after}x{2 * 12}"
        return device(name, 300, {"bacs_string_ripple_current_amperes string=1": values}, hours=28)

    series = [
        *string("rises", 0.3, 0.7), *string("from nothing", 0, 0.4), *string("noise", 0.01, 0.04),
        *string("a little", 0.3, 0.5), *string("falls", 0.7, 0.3),
    ]  # fmt: skip
    risen = {("RippleRisen", "rises"), ("RippleRisen", "from nothing")}
    check(tmp_path, scrape, series, told("26h", ()), told("27h30m", risen), step=300)


@SCRAPES
def test_a_battery_far_above_all_sensors_of_its_room_is_told(scrape: int, tmp_path: Path) -> None:
    def battery(name: str, celsius: float, *rooms: float, mode: str = "float_charging") -> Lines:
        values = {f"bacs_module_temperature_celsius module={n}": f"{celsius}x{{all}}" for n in range(1, 5)}
        values |= {
            f"sensor_temperature_celsius sensor=s{n}": f"{room}x{{all}}" for n, room in enumerate(rooms)
        }
        return device(name, scrape, values, mode=mode)

    series = [
        *battery("warm", 33, 19, 22), *battery("well", 24, 19, 22), *battery("one is near", 33, 19, 25),
        *battery("no sensor", 33), *battery("discharged", 33, 22, mode="discharging"),
    ]  # fmt: skip
    check(tmp_path, scrape, series, told("2h30m", {("BatteryAboveRoom", "warm")}))
