"""The expression of GenerexImplausible: for two minutes a value that cannot be, by the table of the pages."""

from exporter.maps.limits import LIMITS, Limit


def implausible_expression() -> str:
    """A series with the label `what` for each limit that a device breaks. With `lasting` and placeholders."""
    return "\nor ".join(
        "label_replace(\n  max by (<place>) (\n    "
        + "\n    or ".join(_broken(limit))
        + f'\n  ), "what", "{limit.what}", "", ""\n)'
        for limit in LIMITS
    )


def _broken(limit: Limit) -> list[str]:
    series = f"string:{limit.metric}:median" if limit.of_string else limit.metric
    most = f"<{limit.threshold}>" if limit.threshold else f"{limit.most:g}"
    found = [f"lasting[2m]({series} > {most})", f"lasting[2m]({series} < {limit.least:g})"]
    for low, high in limit.gaps:
        found.append(f"lasting[2m]({series} > {low:g}) and max_over_time({series}[2m]) < {high:g}")
    return found
