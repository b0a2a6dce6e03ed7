"""Values that cannot be, by the table of the pages: a recording rule for each of its limits."""

from exporter.generate.alerts.model import Recording
from exporter.maps.limits import LIMITS, Limit

_RECORDED = {
    "generex_ups_input_frequency_hertz": "phase:{}:max", "generex_ups_input_volts": "phase:{}:max",
    "generex_ups_output_volts": "phase:{}:max", "generex_ups_output_load_ratio": "phase:{}:max",
    "generex_ups_battery_charge_ratio": "device:{}:min",
    "generex_bacs_module_temperature_celsius": "string:{}:median",
}  # fmt: skip
"""The series in which recording.yaml holds a metric."""


def implausible_recordings() -> tuple[Recording, ...]:
    """Rules that record a value that breaks a limit, with the label `what`."""
    return tuple(
        Recording(
            "device:generex_implausible:value",
            f"max by (<place>) ({' or '.join(_broken(limit))})",
            "a value that cannot be: a wrong scale, or the wrong register map",
            (("what", limit.what),),
        )
        for limit in LIMITS
    )


def _broken(limit: Limit) -> list[str]:
    series = _RECORDED.get(limit.metric, "last_over_time({}[<held>])").format(limit.metric)
    most = f"<{limit.threshold}>" if limit.threshold else f"{limit.most:g}"
    found = [f"{series} > {most}"]
    below = f"{series} < {limit.least:g}"
    for low, high in limit.gaps:
        if low == limit.least:
            below = f"{series} < {high:g} != {low:g}"
        else:
            found.append(f"{series} > {low:g} < {high:g}")
    return [*found, below]
