"""PromQL of the boards. Everything is scoped by the variables of the boards.

State tiles do not lean on recording rules: without the rules loaded a board must still tell the truth. What
needs history (baselines, nominal values, the last discharge) reads the rules by the names that alerts use.
"""

from collections.abc import Iterable, Iterator, Mapping

from exporter.assess.facts import BATTERY_ALARMS, UPS_ALARM
from exporter.generate.dashboards.vocabulary import SEVERITIES, FlagMetric, Vocabulary, alternatives
from exporter.maps.limits import LIMITS
from exporter.maps.model import Severity

SCOPE = 'job=~"$job", instance=~"$instance"'
DEVICE = 'device=~"$device"'

ON_BATTERY_FLAGS = (("generex_ups_status", "backup_mode"), ("generex_ups_alarm", "on_battery"))
BYPASS_FLAGS = (("generex_ups_status", "bypass_mode"), ("generex_ups_alarm", "on_bypass"))
ECO_FLAGS = (("generex_ups_status", "eco_mode"),)
TEST_FLAGS = (("generex_ups_status", "test_act"), ("generex_ups_alarm", "test_in_progress"))
LOST_FLAGS = (("generex_ups_status", "comm_lost"), ("generex_ups_alarm", "communication_lost"))
RUNAWAY_FLAGS = ("thermal_runaway",)
GROUND_FLAGS = ("current_ground_fault_detected", "rcm_current_difference")
DARK_FLAGS = (
    ("generex_ups_status", "shutdown"),
    *(
        ("generex_ups_alarm", flag)
        for flag in (
            "output_off_as_requested",
            "ups_off_as_requested",
            "ups_output_off",
            "ups_system_off",
            "awaiting_power",
        )
    ),
)


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
    """A selector over several metrics. `or` would drop a series where the other has the same labels."""
    names = alternatives(dict.fromkeys(metrics))
    return series("", f'__name__=~"{names}"', *matchers) if "|" in names else series(names, *matchers)


def flag(*flags: tuple[str, str]) -> str:
    """Per device 1 when any of the flags is set, 0 when none is; nothing where none is known."""
    names = alternatives(dict.fromkeys(name for _, name in flags))
    matcher = f'flag=~"{names}"' if "|" in names else f'flag="{names}"'
    return by(either((metric for metric, _ in flags), matcher))


# A device stays listed for a day after its exporter fell silent; until then it counts as unreachable.
UP = series("generex_up")
ROWS = f"({by(UP)} or {by(f'last_over_time({UP}[1d])')} * 0)"
ON_BATTERY = flag(*ON_BATTERY_FLAGS)
OUTPUT = series("generex_ups_status", 'flag="output_act"')
DARK = f"({by(f'1 - {OUTPUT}')} == 1 or {flag(*DARK_FLAGS)} == 1)"
CHARGE = by(series("generex_ups_battery_charge_ratio"))
OWN_RUNTIME = by(series("generex_ups_battery_runtime_seconds"))
_FALL = f"deriv({series('generex_ups_battery_charge_ratio')}[5m])"
PROJECTED_RUNTIME = f"{CHARGE} / -({by(_FALL)} < 0) and on (device) {ON_BATTERY} == 1"
RUNTIME = (
    f'min by (device) (\n  label_replace({OWN_RUNTIME}, "by", "ups", "", "")'
    f'\n  or label_replace({PROJECTED_RUNTIME}, "by", "fall", "", "")\n)'
)
LAST_SEEN = f"round(time() - {by(f'max_over_time((timestamp({UP} == 1))[1d:1m])')})"
POWER_FAILURES = series("generex_ups_power_failures_total")
_FAILED = f"timestamp(increase({POWER_FAILURES}[$__rate_interval]) > 0)"
LAST_FAILURE = f"round(time() - {by(f'max_over_time(({_FAILED})[$__range:$__interval])')})"
PRESENT = series("generex_bacs_module_present")
BLOCK = ("string", "module")


def out_of_sight(words: Vocabulary) -> str:
    """Per device 1 when the manager has lost the UPS, or its values do not vouch for themselves."""
    groups = alternatives(words.ups_groups)
    valid = series("generex_data_valid", f'group=~"{groups}"')
    return f"({flag(*LOST_FLAGS)} == 1 or {by(valid, how='min')} == 0)"


def ups_read(words: Vocabulary) -> str:
    """Per device 1 when all its words about the UPS were read, else 0; nothing where it has no UPS."""
    return by(series("generex_group_up", f'group=~"{alternatives(words.ups_groups)}"'), how="min")


def map_in_doubt(words: Vocabulary) -> str:
    """Per device something when it refuses as many words as a map has alarm words, and serves none of these.

    Nothing bears out its status word then, which may be something else by the list of the UPS's maker.
    """
    refused = by(series("generex_refused_words", f'group=~"{alternatives(words.ups_groups)}"'))
    alarm = by(series(UPS_ALARM))
    return f"({refused} >= {words.fewest_alarm_words} unless on (device) {alarm})"


def implausible(thresholds: Mapping[str, float]) -> str:
    """Per device something when it shows a value that cannot be, by the table of the pages."""
    beyond: dict[str, list[str]] = {}
    for limit in LIMITS:
        bounds = [f"> {thresholds.get(limit.threshold, limit.most):g}", f"< {limit.least:g}"]
        for bound in (*bounds, *(f"> {low:g} < {high:g}" for low, high in limit.gaps)):
            bound = f"median {bound}" if limit.of_string else bound
            beyond.setdefault(bound, []).append(limit.metric)
    found = []
    for bound, metrics in beyond.items():
        value = either(metrics)
        if bound.startswith("median "):
            value = f"quantile by (device, string) (0.5, {value})"
        found.append(f"{value} {bound.removeprefix('median ')}")
    return by("\n  or ".join(found))


def bacs_read(words: Vocabulary) -> str:
    """Per device 1 when its BACS was read to the last module, else 0; nothing where it has none."""
    return by(series("generex_group_up", f'group=~"{alternatives(words.bacs_groups)}"'), how="min")


def bacs_trusted(words: Vocabulary) -> str:
    """Per device 0 when its BACS does not vouch for itself, or the frame that carries its words is stale."""
    return by(series("generex_data_valid", f'group=~"{alternatives(words.bacs_groups)}"'), how="min")


def bacs_alarm(words: Vocabulary, severity: Severity) -> str:
    """Per device 1 when a flag of that severity is set of the BACS or of one of its modules."""
    flags = [
        (name, flag)
        for name, metric in words.flag_metrics.items()
        if name.startswith("generex_bacs_")
        for flag in metric.names(severity)
    ]
    return f"{flag(*flags)} == 1"


def battery_alarm(words: Vocabulary) -> str:
    """The same for what is critical, or what the BACS calls an alarm itself."""
    flags = [
        (name, flag)
        for name, metric in words.flag_metrics.items()
        if name.startswith("generex_bacs_")
        for flag in metric.flags
        if flag in BATTERY_ALARMS or flag in metric.names("critical")
    ]
    return f"{flag(*flags)} == 1"


def missing_modules() -> str:
    """Per device something when an expected module is silent, or the device counts fewer than it did."""
    count = by(series("generex_bacs_modules"))
    most = by(f"max_over_time({series('generex_bacs_modules')}[1d])")
    return f"({by(f'{PRESENT} == bool 0')} == 1 or {count} < {most})"


def blocks_not_served() -> str:
    """Per device something when its BACS counts modules of which it serves no word, as in a gateway frame."""
    return f"{by(series('generex_bacs_modules'))} > 0 unless on (device) {by(PRESENT)}"


def missing_strings(words: Vocabulary) -> str:
    """Per device something when a string has no values, or the device counts fewer than it did.

    Expected are those that the device counts, and those of the modules that are expected.
    """
    strings = by(series("generex_bacs_strings"))
    present = series("generex_bacs_module_present", 'string!=""')
    of_modules = f"count by (device) ({by(present, 'string')})"
    expected = by(f'{strings} or label_replace({of_modules}, "of", "modules", "", "")')
    shown = f"count by (device) ({by(series('generex_bacs_string_volts'), 'string')})"
    read = by(series("generex_group_up", 'group="strings"'))
    most = by(f"max_over_time({series('generex_bacs_strings')}[1d])")
    return (
        f"({expected} > 0 unless on (device) {shown} >= {expected} and on (device) {read} == 1"
        f" unless on (device) {bacs_trusted(words)} == 0 or {strings} < {most})"
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
            number = 3 if name == "output_act" else 2
            cleared = series(metric.name, f'flag="{name}"') + " == 0"
            parts.append(f"{_named(cleared, *labels)} * 0 + {number}")
    return "\n  or ".join(parts)


def _ranks(metrics: tuple[FlagMetric, ...]) -> Iterator[tuple[float, FlagMetric, tuple[str, ...]]]:
    danger, vague = (*RUNAWAY_FLAGS, *GROUND_FLAGS), ("general_alarm",)
    for metric in metrics:
        if names := tuple(name for name in danger if name in metric.flags):
            yield 4, metric, names
    for number, severity in zip((3, 2, 1), SEVERITIES, strict=True):
        for metric in metrics:
            found = tuple(name for name in metric.names(severity) if name not in danger)
            if names := tuple(name for name in found if name not in vague):
                yield number, metric, names
            if names := tuple(name for name in found if name in vague):
                yield number - 0.5, metric, names


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


def ill_modules(words: Vocabulary) -> str:
    """Per device how many modules are absent or have a flag; nothing where they were not read."""
    modules = series("generex_group_up", 'group="modules"')
    healthy = f"({by(modules)} == 1 and on (device) {bacs_trusted(words)} == 1) * 0"
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
