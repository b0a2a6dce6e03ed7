"""Values that cannot be, by the table of the pages: a recording rule for each of its limits."""

from exporter.generate.alerts.model import Recording
from exporter.maps.limits import LIMITS, Limit


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
    series = f"string:{limit.metric}:median" if limit.of_string else f"last_over_time({limit.metric}[<held>])"
    most = f"<{limit.threshold}>" if limit.threshold else f"{limit.most:g}"
    found = [f"{series} > {most}", *(f"{series} > {low:g} < {high:g}" for low, high in limit.gaps)]
    found.append(f"{series} < {limit.least:g}")
    return found
