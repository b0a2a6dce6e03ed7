"""What a quantity can be, at both ends, typed from operations 1.12 and device.md 2 and 6.1."""

from math import inf, nextafter

import pytest

from exporter.maps.limits import limit_of

TABLE: dict[str, tuple[float, float]] = {
    "generex_ups_input_frequency_hertz": (0, 440),
    "generex_ups_output_frequency_hertz": (0, 440),
    "generex_ups_input_volts": (0, 1000),
    "generex_ups_output_volts": (0, 1000),
    "generex_ups_output_load_ratio": (0, 2),
    "generex_ups_battery_charge_ratio": (0, 1.05),
    "generex_ups_battery_runtime_seconds": (0, 1_209_600),  # 14 days
    "generex_ups_battery_volts": (0, 1500),
    "generex_ups_temperature_celsius": (-40, 100),
    "generex_bacs_string_volts": (0, 1500),
    "generex_bacs_string_current_amperes": (-10_000, 10_000),
    "generex_bacs_string_module_average_volts": (0, 32),
    "generex_bacs_string_ripple_current_amperes": (0, 10_000),
    "generex_bacs_module_temperature_celsius": (-39, 150),
    "generex_bacs_module_volts": (0, 32),
    "generex_bacs_module_resistance_ohms": (0, 0.3),
    "generex_bacs_module_equalization_ratio": (0, 1.05),
    "generex_sensor_temperature_celsius": (-100, 300),
    "generex_sensor_humidity_ratio": (0, 1.05),
    # by the unit alone
    "acme_oil_celsius": (-100, 2000),
    "acme_grid_hertz": (0, 5000),
    "acme_fan_ratio": (-10, 100),
    "acme_grid_volts": (-20_000, 20_000),
}


@pytest.mark.parametrize(("metric", "ends"), TABLE.items())
def test_both_ends(metric: str, ends: tuple[float, float]) -> None:
    limit = limit_of(metric)
    assert limit is not None
    least, most = ends
    assert [limit.allows(value) for value in ends] == [True, True]
    beyond = nextafter(least, -inf), nextafter(most, inf)
    assert [limit.allows(value) for value in beyond] == [False, False]


@pytest.mark.parametrize("hertz", [0, 40, 50, 60, 70, 360, 400, 440])
def test_mains_are_off_or_of_50_60_or_400_hertz(hertz: float) -> None:
    limit = limit_of("generex_ups_input_frequency_hertz")
    assert limit is not None
    assert limit.allows(hertz)


@pytest.mark.parametrize("hertz", [0.1, 5, 39.9, 70.1, 100, 359.9])
def test_no_mains_have_a_frequency_between(hertz: float) -> None:
    limit = limit_of("generex_ups_input_frequency_hertz")
    assert limit is not None
    assert not limit.allows(hertz)


@pytest.mark.parametrize(
    ("metric", "filler"),
    [
        # all ones and the extremes of signed words as the maps scale them (device.md 8)
        ("generex_ups_battery_runtime_seconds", 32767 * 60),
        ("generex_ups_output_frequency_hertz", 655.35),
        ("generex_bacs_module_temperature_celsius", 16344.5),
        ("generex_bacs_module_volts", 32.767),
        ("generex_bacs_module_resistance_ohms", 0.65535),
        ("generex_bacs_module_resistance_ohms", 0.32767),
        ("generex_bacs_string_current_amperes", 32767),
        ("acme_oil_celsius", 32767),
        ("acme_grid_volts", -32768),
    ],
)
def test_a_drivers_filler_is_no_value(metric: str, filler: float) -> None:
    limit = limit_of(metric)
    assert limit is not None
    assert not limit.allows(filler)


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
