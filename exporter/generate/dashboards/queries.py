"""PromQL of the boards, with placeholders that a board fills in.

`<device>` is what chooses devices by the board's variables, `<place>` the labels of a device and its place.
States and what needs history come from the recording rules that the alerts use (rules.py), so that boards and
alerts say the same. A state over time is the worst of each step: a sample of it would miss what is short.
"""

from collections.abc import Sequence

from exporter.assess.outcomes import Urgency
from exporter.generate.dashboards.rules import BLOCK_FLAG, FLAG, OUTCOME

SCOPE = 'job=~"$job", instance=~"$instance"'
DEVICE = "<device>"
BLOCK = ("string", "module")


def own(metric: str, *matchers: str) -> str:
    """A selector of the exporter's own metrics: job and instance only."""
    return f"{metric}{{{', '.join((SCOPE, *matchers))}}}"


def series(metric: str, *matchers: str) -> str:
    """A selector of a device's series."""
    return own(metric, DEVICE, *matchers)


def any_series(metrics: Sequence[str]) -> str:
    """A selector of a device's series of several metrics."""
    return series(metrics[0]) if len(metrics) == 1 else series("", f'__name__=~"{"|".join(metrics)}"')


def recorded(rule: str, *matchers: str) -> str:
    """A selector of a recording rule: rules know devices and places, but neither job nor instance."""
    return f"{rule}{{{', '.join((DEVICE, *matchers))}}}"


def by(expr: str, *labels: str, how: str = "max") -> str:
    """An aggregate per device, or per device and further labels; also of a device scraped twice."""
    return f"{how} by ({', '.join(('<place>', *labels))}) ({expr})"


def per(expr: str, *labels: str, how: str = "max") -> str:
    """An aggregate by labels alone, on a board of one device."""
    return f"{how} by ({', '.join(labels)}) ({expr})" if labels else f"{how}({expr})"


def most(selector: str) -> str:
    """The highest value within each step."""
    return f"max_over_time({selector}[$__interval])"


def least(selector: str) -> str:
    """The lowest value within each step."""
    return f"min_over_time({selector}[$__interval])"


UP = series("generex_up")
_SAYS_NO = 'says="no"'
_ASKS_STATE, _ASKS_SURVIVAL = 'state="yes"', 'survival="yes"'
STATE = by(recorded(OUTCOME, _ASKS_STATE))
STATE_OVER_TIME = by(most(recorded(OUTCOME, _ASKS_STATE)))
SURVIVAL = by(recorded(OUTCOME, _ASKS_SURVIVAL))
BACS_STATE = by(recorded(OUTCOME, 'bacs="yes"'))
ALARM = f'label_join({recorded(FLAG)}, "alarm", ".", "metric", "flag")'
CHARGE = by(series("generex_ups_battery_charge_ratio"))
OWN_RUNTIME = by(series("generex_ups_battery_runtime_seconds"))
_FALL = by(f"deriv({series('generex_ups_battery_charge_ratio')}[5m])")
_ON_BATTERY = by(recorded(OUTCOME, 'outcome="on_battery"'))
PROJECTED_RUNTIME = f"({CHARGE} / -({_FALL} < 0) and {_ON_BATTERY})"
RUNTIME = by(f'{OWN_RUNTIME} or label_replace({PROJECTED_RUNTIME}, "by", "fall", "", "")', how="min")
POWER_FAILURES = series("generex_ups_power_failures_total")
_FAILED = f"timestamp(increase({POWER_FAILURES}[$__rate_interval]) > 0)[$__range:$__interval]"
LAST_FAILURE = f"round(time() - {by(f'max_over_time({_FAILED})')})"
PRESENT = series("generex_bacs_module_present")


def with_state(matcher: str) -> str:
    """The devices whose gravest word about what they run on has these labels."""
    return f"{by(recorded(OUTCOME, _ASKS_STATE, matcher))} == {STATE}"


def with_survival(matcher: str) -> str:
    """The same for whether they would survive a power failure."""
    return f"{by(recorded(OUTCOME, _ASKS_SURVIVAL, matcher))} == {SURVIVAL}"


def trouble() -> str:
    """Per device how much trouble it is in: what to see to first, the least runtime, then its flags."""

    def urgent(urgency: Urgency, *matchers: str) -> str:
        return recorded(OUTCOME, f'urgency="{urgency.name.lower()}"', *matchers)

    steps = {urgency: 1000 * (Urgency.REST - urgency) for urgency in Urgency}
    parts = [f"{step} + {urgent(urgency)}" for urgency, step in steps.items() if step]
    runtime = f"{steps[Urgency.ON_BATTERY] + 999} - clamp_max({RUNTIME}, 36000) / 40"
    parts.append(f"{runtime} and on (<place>) {urgent(Urgency.ON_BATTERY)}")
    # what says no stands between a critical flag and a warning
    parts.append(f"250 + {urgent(Urgency.REST, _ASKS_SURVIVAL, _SAYS_NO)}")
    parts += [recorded(FLAG), urgent(Urgency.REST)]
    return by("\n  or ".join(parts))


def whole() -> str:
    """Per device 1 if all groups were read and can be trusted, by the exporter that reads most."""
    groups = series("", '__name__=~"generex_group_up|generex_data_valid"')
    return f"min by (<place>) ({by(groups, 'group', '__name__')}) == 1"


def ill_modules() -> str:
    """Per device how many modules are absent or have a flag; empty if they were not read."""
    absent = f"{by(PRESENT, *BLOCK)} == 0"
    return f"count by (<place>) ({absent} or {by(recorded(BLOCK_FLAG), *BLOCK)}) or {by(PRESENT)} * 0"


def block(expr: str) -> str:
    """Adds the label `block`, the module's number with zeros before it, so that blocks sort by number."""
    for digits, pad in (("...", ""), ("..", "0"), (".", "00")):
        expr = f'label_replace({expr}, "block", "{pad}$1", "module", "({digits})")'
    return expr


def with_absent(expr: str) -> str:
    """Adds absent modules as rows without a number, so that they keep their place."""
    return f"{expr}\n  or {by(f'{PRESENT} == 0', *BLOCK)} * NaN"
