"""From flags to expressions, and alerts for the flags of the user's own maps."""

from collections.abc import Mapping, Sequence

from exporter.durations import format_duration, parse_duration
from exporter.generate.alerts.lasting import lasting
from exporter.generate.alerts.model import Alert, FlagRef, Severity
from exporter.generate.alerts.snippets import literal
from exporter.maps.model import Flag

_LATER = 45.0
"""How many seconds longer the system's word waits, until what modules say of themselves is recorded."""


def flag_expression(flags: Sequence[FlagRef], lasts: str) -> str:
    """An expression that holds while one of the flags is set, or has been for all of `lasts`.

    Every part is filtered before `or`: two flags of one name would otherwise be taken for the same series.
    """
    parts = []
    for metric in dict.fromkeys(metric for metric, _ in flags):
        names = [flag for other, flag in flags if other == metric]
        flag = f'flag="{names[0]}"' if len(names) == 1 else f'flag=~"{"|".join(names)}"'
        of_modules = metric == "generex_bacs_module_alarm"
        part = _module_flag(flag, lasts) if of_modules else lasting(f"{metric}{{{flag}}}", "==", "1", lasts)
        parts.append(_margin(part, 2))
    if len(parts) == 1 and "\n" not in parts[0]:
        return f"max by (<place>) ({parts[0]})"
    return "max by (<place>) (\n  " + "\n  or ".join(parts) + "\n)"


def block_expression(flag: str, lasts: str) -> str:
    """An expression for a flag that modules have and the system's word repeats.

    A series per module; where many have it, one with their number; where only the system's word says so, one
    with the value 1 and no module.
    """
    module = _module_flag(f'flag="{flag}"', lasts)
    longer = format_duration(parse_duration(lasts) + _LATER)
    system = _indent(lasting(f'generex_bacs_alarm{{flag="{flag}"}}', "==", "1", longer))
    return (
        f"count by (<place>, string, module) ({module})\n"
        f"  unless on (device) count by (device) (count by (device, module) ({module})) > <many_modules>\n"
        f"or count by (<place>) (count by (<place>, module) ({module})) > <many_modules>\n"
        f"or max by (<place>) ({system}\n)\n"
        # not by flags that come and go, which never last while the system's does: two blocks that take turns
        f"  unless on (device) max by (device) (max_over_time(({module})[5m:15s]))"
    )


def giving_way(coarse: str, finer: Sequence[str], signs: str) -> str:
    """A coarse expression that gives way to finer alerts that fire, and at first to flags that lead to them.

    `finer` are patterns of alert names, `signs` an expression for such flags. No finer alert takes six
    minutes: where the coarse one lasts and did six minutes ago, finer flags come and go and do not tell it.
    """
    # two minutes, as one finer alert may follow upon another, and its group has a clock of its own
    firing = f'ALERTS{{alertstate="firing", alertname=~"{"|".join(finer)}"}}[2m]'
    return (
        f"{coarse}\n"
        f"  unless on (device) max by (device) (max_over_time({firing}))\n"
        f"  unless on (device) (\n"
        f"    {_margin(signs, 4)}\n"
        f"      unless on (device) max_over_time((\n"
        f"        {_margin(coarse, 8)}\n"
        f"      )[10m:1m] offset 6m)\n"
        f"  )"
    )


def own_flag_alerts(flags: Mapping[FlagRef, Flag]) -> tuple[Alert, ...]:
    """An alert by its severity for each flag that no other alert covers; none for severity `none`."""
    return tuple(
        _own_alert(reference, flag, flag.severity)
        for reference, flag in flags.items()
        if flag.severity != "none" and not flag.normal
    )


def _own_alert(reference: FlagRef, flag: Flag, severity: Severity) -> Alert:
    metric, name = reference
    words = f"{metric.removeprefix('generex_')}_{name}".split("_")
    return Alert(
        name="Generex" + "".join(word.capitalize() for word in words),
        expr=f'max by (<place>) ({metric}{{flag="{name}"}} == 1)',
        severity=severity,
        condition=f"{metric.removeprefix('generex_')}_{name}",
        summary=f"{flag.label}.",
        description=f"<device>: {literal(flag.description)}",
        means=flag.description,
        check=flag.action or "The map names no first action.",
        leads="The map does not say.",
        away="The map does not say: touch nothing that you do not know.",
        flags=(reference,),
    )


def _module_flag(flag: str, lasts: str) -> str:
    """A series for each module that has this flag, and has had it for all of `lasts`.

    That it has lasted shows by its `since`, which is then the same as it was that long ago.
    """
    now, since = (f"module:generex_bacs_module_alarm:{what}{{{flag}}}" for what in ("set", "since"))
    return now if lasts == "0s" else f"{now} and {since} == {since} offset {lasts}"


def _margin(text: str, width: int) -> str:
    return text.replace("\n", "\n" + " " * width)


def _indent(text: str) -> str:
    return "".join(f"\n  {line}" for line in text.splitlines())
