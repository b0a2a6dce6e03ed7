"""PromQL of the boards. Everything is scoped by the variables of the boards.

State tiles do not lean on recording rules: without the rules loaded a board must still tell the truth. What
needs history (baselines, nominal values, the last discharge) reads the rules by the names that alerts use.
"""

from collections.abc import Iterable, Iterator

from exporter.assess.promql import Prom
from exporter.generate.dashboards.vocabulary import SEVERITIES, FlagMetric, Vocabulary, alternatives
from exporter.maps.roles import DANGER, selector

SCOPE = 'job=~"$job", instance=~"$instance"'
DEVICE = 'device=~"$device"'


def own(metric: str, *matchers: str) -> str:
    """A selector of the exporter's own metrics: job and instance only."""
    return f"{metric}{{{', '.join((SCOPE, *matchers))}}}"


def series(metric: str, *matchers: str) -> str:
    """A selector of a device's series."""
    return own(metric, DEVICE, *matchers)


def recorded(rule: str) -> str:
    """A selector of a recording rule: rules know devices, but neither job nor instance."""
    return f"{rule}{{{DEVICE}}}"


def by(expr: str, *labels: str, how: str = "max") -> str:
    """An aggregate per device, or per device and further labels; also of a device scraped twice."""
    return f"{how} by ({', '.join(('device', *labels))}) ({expr})"


def either(metrics: Iterable[str], *matchers: str) -> str:
    """A selector of a device's series over several metrics."""
    return selector(tuple(dict.fromkeys(metrics)), SCOPE, DEVICE, *matchers)


UP = series("generex_up")
OWN_RUNTIME = by(series("generex_ups_battery_runtime_seconds"))
LAST_SEEN = f"round(time() - {by(f'max_over_time((timestamp({UP} == 1))[1d:1m])')})"
POWER_FAILURES = series("generex_ups_power_failures_total")
_FAILED = f"timestamp(increase({POWER_FAILURES}[$__rate_interval]) > 0)"
LAST_FAILURE = f"round(time() - {by(f'max_over_time(({_FAILED})[$__range:$__interval])')})"
PRESENT = series("generex_bacs_module_present")
BLOCK = ("string", "module")


def projected_runtime(prom: Prom) -> str:
    """Per device on battery the seconds left by the fall of the charge."""
    fall = by(f"deriv({series('generex_ups_battery_charge_ratio')}[5m])")
    return f"{prom.charge} / -({fall} < 0) and on (device) {prom.plays('on_battery')}"


def runtime(prom: Prom) -> str:
    """Per device the smaller of both runtimes."""
    return (
        f'min by (device) (\n  label_replace({OWN_RUNTIME}, "by", "ups", "", "")'
        f'\n  or label_replace({projected_runtime(prom)}, "by", "fall", "", "")\n)'
    )


def rank(metrics: tuple[FlagMetric, ...], *labels: str) -> str:
    """Set flags, or cleared ones that should be set: 4 is danger to life, 3 critical, 2 warning, 1 info.

    A general alarm is half a step lower: the flag that says what it is about goes before it.

    The label `alarm` names metric and flag, as `generex_ups_alarm.fan_failure`.
    """
    parts = []
    for number, metric, names in _ranks(metrics):
        chosen = series(metric.name, f'flag=~"{alternatives(names)}"')
        parts.append(f"{_named(f'{chosen} == 1', *labels)} * 0 + {number:g}")
    for metric in metrics:
        for name in metric.names("none", normal=True):
            number = 3 if metric.flags[name].role == "dark" else 2
            cleared = series(metric.name, f'flag="{name}"') + " == 0"
            parts.append(f"{_named(cleared, *labels)} * 0 + {number}")
    return "\n  or ".join(parts)


def _ranks(metrics: tuple[FlagMetric, ...]) -> Iterator[tuple[float, FlagMetric, tuple[str, ...]]]:
    for metric in metrics:
        if names := tuple(name for name, flag in metric.flags.items() if flag.role in DANGER):
            yield 4, metric, names
    for number, severity in zip((3, 2, 1), SEVERITIES, strict=True):
        for metric in metrics:
            found = [name for name in metric.names(severity) if metric.flags[name].role not in DANGER]
            for less, vague in ((0, False), (0.5, True)):
                if names := tuple(n for n in found if (metric.flags[n].role == "general_alarm") == vague):
                    yield number - less, metric, names


def _named(expr: str, *labels: str) -> str:
    return by(f'label_join({expr}, "alarm", ".", "__name__", "flag")', "alarm", *labels)


def module_rank(words: Vocabulary) -> str:
    """Per module 4 when it is absent, 3, 2 or 1 by its worst flag, 0 when it is there without any."""
    metric = words.flags("generex_bacs_module_alarm")
    parts = [f"{by(f'{PRESENT} == 0', *BLOCK)} + 4"]
    for number, severity in zip((3, 2, 1), SEVERITIES, strict=True):
        if names := metric.names(severity):
            chosen = series(metric.name, f'flag=~"{alternatives(names)}"')
            parts.append(f"{by(f'{chosen} == 1', *BLOCK)} * 0 + {number}")
    parts.append(f"{by(f'{PRESENT} == 1', *BLOCK)} * 0")
    return "\n  or ".join(parts)


def ill_modules(words: Vocabulary, prom: Prom) -> str:
    """Per device how many modules are absent or have a flag; nothing where they were not read."""
    modules = series("generex_group_up", 'group="modules"')
    healthy = f"({by(modules)} == 1 and on (device) {prom.bacs_trusted}) * 0"
    return f"count by (device) (({module_rank(words)}) > 0)\n  or {healthy}"


def deviation(metric: str, operator: str = "-") -> str:
    """Per module the difference to the median of its string, or with `/` the ratio."""
    block = by(series(metric), *BLOCK)
    median = f"quantile by (device, string) (0.5, {series(metric)})"
    return f"{block} {operator} on (device, string) group_left () {median}"


def block(expr: str) -> str:
    """Adds the label `block`, the module's number with zeros before it, so that blocks sort by number."""
    for digits, pad in (("...", ""), ("..", "0"), (".", "00")):
        expr = f'label_replace({expr}, "block", "{pad}$1", "module", "({digits})")'
    return expr


def with_absent(expr: str) -> str:
    """Adds absent modules as rows without a number, so that they keep their place."""
    return f"{expr}\n  or {by(f'{PRESENT} == 0', *BLOCK)} * NaN"


def known_flags(metric: str, flags: tuple[str, ...]) -> str:
    """The flags' values, and −1 for each that the device does not report: neither set nor fine."""
    missing = "".join(f'\n  or label_replace(vector(-1), "flag", "{name}", "", "")' for name in flags)
    chosen = series(metric, f'flag=~"{alternatives(flags)}"')
    return f"max by (flag) ({chosen}){missing}"
