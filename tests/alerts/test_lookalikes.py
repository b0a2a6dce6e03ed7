"""Devices that look alike: one name at two sites, or one whose site was edited, must not blind the fleet."""

from pathlib import Path

from tests.alerts.promtool import check_tests

FOUND = 'count by (device) (ALERTS{alertstate="firing", alertname="%s"})'


def _series(name: str, values: str, **labels: str) -> dict[str, str]:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f'{name}{{{inside},job="j",instance="i"}}', "values": values}


def _both(name: str, values: str, **labels: str) -> list[dict[str, str]]:
    """A device whose site was edited after an hour, and one of the same name at two sites."""
    return [
        _series(name, "230x60 stale" if values.startswith("230") else values, device="a", site="s", **labels),
        _series(name, f"_x60 {values}", device="a", site="t", **labels),
        _series(name, values, device="twin", site="s", **labels),
        _series(name, values, device="twin", site="t", **labels),
    ]


def _found(name: str, at: str) -> dict[str, object]:
    samples = [{"labels": '{device="b"}', "value": 1}]
    return {"expr": FOUND % name, "eval_time": at, "exp_samples": samples}


def test_one_name_at_two_sites_leaves_the_rules_of_all_others_in_force(tmp_path: Path) -> None:
    one = {"device": "b", "site": "t"}
    series = [
        *_both("generex_ups_output_volts", "230x200", phase="1"),
        *_both("generex_ups_input_volts", "230x200", phase="1"),
        *_both("generex_ups_input_frequency_hertz", "50x200", phase="1"),
        _series("generex_ups_output_volts", "230x100 180x100", phase="1", **one),
        _series("generex_ups_input_volts", "230x100 180x100", phase="1", **one),
        _series("generex_ups_input_frequency_hertz", "50x100 45x100", phase="1", **one),
    ]
    for module in ("1", "2", "3", "4"):
        where = {"string": "1", "module": module}
        series += _both("generex_bacs_module_volts", "11.8x200", **where)
        series += _both("generex_bacs_module_temperature_celsius", "22x200", **where)
        series.append(
            _series("generex_bacs_module_volts", f"{9 if module == '3' else 11.8}x200", **where, **one)
        )
        hot = "22x100 40x100" if module == "2" else "22x200"
        series.append(_series("generex_bacs_module_temperature_celsius", hot, **where, **one))
    series.append(_series("generex_bacs_state", "0x90 1x110", flag="discharging", **one))
    names = (
        "OutputVoltage",
        "InputVoltage",
        "InputFrequency",
        "BlockReversed",
        "WeakBlock",
        "BlockMuchHotter",
    )
    tests = [_found(f"Generex{name}", "120m") for name in names]
    group = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], "1m")
