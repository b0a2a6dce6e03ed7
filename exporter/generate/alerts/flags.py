"""From flags and roles to expressions, and alerts for the flags of the user's own maps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from exporter.assess.promql import Prom
from exporter.generate.alerts.model import Alert, FlagRef, Recording, Settings
from exporter.generate.alerts.snippets import literal
from exporter.maps.model import Clear, Flag, Map, Severity
from exporter.maps.roles import CALM, DANGER, ROLES, Played, gravity

BLOCK_WORD = "generex_bacs_module_alarm"
_BLOCK = "module:generex_bacs_module_alarm:set"
_BACS = "device:generex_bacs_flag:set"
LONG = "> 255"
"""Most of the last five minutes, in seconds: a flag that is set for so long has become an alert, or will."""


def role_recordings(settings: Settings) -> tuple[Recording, ...]:
    """A recording rule for each role that a flag or a state of the maps plays."""
    prom = Prom(settings.maps, settings.thresholds, place=("device", *settings.place), window="<held>")
    return tuple(
        Recording("device:generex_role:active", expr, meaning, (("role", role),))
        for role, meaning in ROLES.items()
        if (expr := prom.role(role))
    )


def block_recordings(maps: Iterable[Map]) -> tuple[Recording, ...]:
    """A recording rule for each bit of the alarm word of blocks."""
    bits = {
        flag.name: flag.bit
        for one in maps
        for word, flag in one.flags()
        if word.metric == BLOCK_WORD and flag.severity != "none"
    }
    return tuple(
        Recording(
            _BLOCK,
            f"floor(module:generex_bacs_module_alarm:word / {1 << bit}) % 2 == 1",
            "1 while a block has this flag, bit by bit from its alarm word; no series else",
            (("flag", name),),
        )
        for name, bit in bits.items()
    )


def flag_expression(flags: Sequence[FlagRef]) -> str:
    """An expression that holds while one of the flags of a BACS is set."""
    return f"max by (<place>) ({_BACS}{{{_any_of([name for _, name in flags])}}}) == 1"


def role_expression(roles: Sequence[str]) -> str:
    """An expression that holds while a flag is as one of the roles has it."""
    return f"max by (<place>) ({_of_roles(roles)}) == 1"


def block_expression(flag: str) -> str:
    """A series per block with this flag; one without a block where only the system's word has it.

    The BACS-wide word covers blocks that take turns: none of them has the flag for long.
    """
    of_block = f'{_BLOCK}{{flag="{flag}"}}'
    return (
        f"max by (<place>, string, module) ({of_block})\n"
        f'or max by (<place>) ({_BACS}{{flag="{flag}"}}) == 1\n'
        f"  unless on (<place>) count_over_time({of_block}[5m]) * <interval> {LONG}"
    )


def coarse_expression(roles: Sequence[str], flags: Sequence[FlagRef], finer: str) -> str:
    """An expression for a coarse role or flag, which gives way to finer flags set for most of five minutes.

    A finer flag that comes and goes does not count, as it never becomes an alert of its own. The coarse one
    is held for two minutes, so that both may come and go together.
    """
    coarse = _of_roles(roles) if roles else f"{_BACS}{{{_any_of([name for _, name in flags])}}}"
    return (
        f"max by (<place>) (max_over_time({coarse}[2m])) == 1\n"
        f"  unless on (<place>) sum_over_time({_BACS}{{{finer}}}[5m]) * <interval> {LONG}"
    )


def own_flag_alerts(flags: Mapping[FlagRef, Flag]) -> Iterator[Alert]:
    """An alert by its gravity for each flag that no other alert covers; none for what asks for nothing.

    It fires while the flag is set, of a flag that is normally set while it is clear.
    """
    for reference, flag in flags.items():
        if (grave := gravity(flag)) != "none":
            yield _own_alert(reference, "flag", int(not flag.normal), flag.trouble, grave, flag.role)


def own_state_alerts(states: Iterable[Played]) -> Iterator[Alert]:
    """An alert for each state whose role no other alert covers, in the words of the role."""
    for item in states:
        if item.role not in CALM:
            words = Clear(f"{item.metric} is {item.name}", ROLES[item.role])
            yield _own_alert((item.metric, item.name), "state", 1, words, "critical", item.role)


def _own_alert(
    reference: FlagRef, label: str, active: int, trouble: Clear, severity: Severity, role: str
) -> Alert:
    metric, name = reference
    words = f"{metric.removeprefix('generex_')}_{name}".split("_")
    value = f'last_over_time({metric}{{{label}="{name}"}}[<held>])'
    danger = role in DANGER
    return Alert(
        name="Generex" + "".join(word.capitalize() for word in words),
        expr=f"{'max' if active else 'min'} by (<place>) ({value}) == {active}",
        severity=severity,
        condition=f"{metric.removeprefix('generex_')}_{name}",
        summary=f"{trouble.label}.",
        description=f"<device>: {literal(trouble.description)}",
        means=trouble.description,
        check=trouble.action or "The map names no first action.",
        leads="The map does not say.",
        away="The map does not say: touch nothing that you do not know.",
        keep="1h" if danger else "5m",
        life_safety=danger,
        flags=(reference,),
    )


def _of_roles(roles: Sequence[str]) -> str:
    which = f'="{roles[0]}"' if len(roles) == 1 else f'=~"{"|".join(roles)}"'
    return f"device:generex_role:active{{role{which}}}"


def _any_of(names: Sequence[str]) -> str:
    different = tuple(dict.fromkeys(names))
    return f'flag="{different[0]}"' if len(different) == 1 else f'flag=~"{"|".join(different)}"'
