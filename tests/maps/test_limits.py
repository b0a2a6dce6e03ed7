"""What a quantity can be, at both ends, typed from operations 1.12 and device.md 2 and 6.1."""

import pytest

from exporter.maps.limits import LIMITS, limit_of


@pytest.mark.parametrize(
    ("metric", "can_be", "cannot_be"),
    [
        ("generex_ups_battery_runtime_seconds", (0, 60, 29220, 10 * 86400), (-60, 32767 * 60)),
        ("generex_ups_output_volts", (0, 230, 400, 1000), (-1, 1001)),
        ("generex_ups_input_volts", (0, 230, 690), (-1, 2300)),
        ("generex_ups_battery_volts", (0, 12, 540, 1000), (-1, 3276.7)),
        ("generex_ups_battery_charge_ratio", (0, 1, 1.05), (-0.01, 2.55)),
        ("generex_ups_output_load_ratio", (0, 1.5), (-0.01, 655.35)),
        ("generex_ups_temperature_celsius", (-40, -1, 0, 85), (-41, 101)),
        ("generex_ups_input_frequency_hertz", (0, 50, 60, 400), (-1, 30, 500, 600)),
        ("generex_bacs_string_volts", (0, 54.8, 800), (-0.1, 3276.7)),
        ("generex_bacs_module_volts", (0, 2.25, 13.7, 27.4), (-0.001, 32.767)),
        ("generex_bacs_module_temperature_celsius", (-39, 20, 88.5), (-39.5, 16344.5)),
        ("generex_bacs_module_resistance_ohms", (0, 0.00499, 0.11), (0.65535, 0.32767)),
        ("generex_bacs_string_current_amperes", (-327.68, -0.01, 0, 327.67), (-32768, 32767)),
        ("acme_oil_celsius", (-40, 300), (-32768, 32767)),
        ("acme_grid_volts", (-48, 10_000), (-32768, 65535)),
    ],
)
def test_both_ends(metric: str, can_be: tuple[float, ...], cannot_be: tuple[float, ...]) -> None:
    limit = limit_of(metric)
    assert limit is not None
    assert [value for value in can_be if not limit.allows(value)] == []
    assert [value for value in cannot_be if limit.allows(value)] == []


@pytest.mark.parametrize(
    "metric",
    [
        "generex_ups_power_failures_total",
        "generex_ups_status_word",
        "generex_bacs_modules",
        "acme_pump_watts",
    ],
)
def test_what_may_have_any_value(metric: str) -> None:
    assert limit_of(metric) is None


def test_what_is_doubted_has_two_ends() -> None:
    assert all(float("-inf") < limit.least < limit.most < float("inf") for limit in LIMITS)
    assert {"generex_ups_battery_runtime_seconds", "generex_ups_battery_volts"} < {
        limit.metric for limit in LIMITS
    }
