"""From flags and roles to expressions, and alerts for the flags of the user's own maps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from exporter.assess.facts import BACS_PREFIX
from exporter.assess.promql import BLOCK_ALARM, BLOCK_FLAG, LAST, ROLE, any_of, playing
from exporter.generate.alerts.model import Alert, FlagRef, Recording, Settings
from exporter.generate.alerts.snippets import literal
from exporter.maps.model import Clear, Flag, Map, Severity, Word
from exporter.maps.roles import CALM, DANGER, ROLES, Played, gravity, played, selector

_BLOCK_WORD = "module:generex_alarm:word"
_BACS_FLAG = "device:generex_bacs_flag:set"
_BLOCK_ACTIVE = "module:generex_bacs_flag:active"
_LASTING = "device:generex_bacs_flag:lasting"
_LONG = "> 255"
"""Most of the last five minutes, in seconds: a flag that is set for so long has become an alert, or will."""
_TOLD_ALONE = ("danger",)
"""Roles that are remembered although each of their flags has an alert of its own."""


def role_recordings(settings: Settings) -> tuple[tuple[Recording, ...], tuple[Recording, ...]]:
    """A recording rule for each role that a flag or a state of the maps plays.

    The second ones are those of the roles that flags of blocks play, which are recorded before, and what
    lasts of the flags.
    """
    scraped: list[Recording] = []
    of_blocks: list[Recording] = []
    for role, meaning in ROLES.items():
        if expr := playing(settings.maps.values(), role, "<held>", blocks=BLOCK_FLAG):
            rule = Recording(ROLE, f"max by (<place>) ({expr})", meaning, (("role", role),))
            (of_blocks if BLOCK_FLAG in expr else scraped).append(rule)
    dangers = (
        Recording(
            ROLE,
            f"max by (<place>) ({_value(item)})" if item.active else f"max by (<place>) (1 - {_value(item)})",
            "the same of one flag, which an alert of its own tells",
            (("role", item.role), ("condition", _condition(item.metric, item.name))),
        )
        for item in played(settings.maps.values(), *_TOLD_ALONE)
    )
    lasting = Recording(
        _LASTING,
        f"sum_over_time({_BACS_FLAG}[5m]) * <interval> {_LONG}",
        "a flag that has been set for most of five minutes; no series else",
    )
    return (*scraped, *dangers), (*of_blocks, lasting)


def flag_recordings(maps: Iterable[Map]) -> tuple[Recording, ...]:
    """The flags of blocks, bit by bit from their alarm word, and what a BACS has of all of its flags."""
    words = [(word, flag) for one in maps for word, flag in one.flags()]
    blocks = {
        flag.name: _block_flag(flag, tuple(word for word, _ in words if word.metric == BLOCK_ALARM))
        for word, flag in words
        if word.metric == BLOCK_ALARM and (flag.role or flag.severity != "none")
    }
    systems = [
        word.metric for word, _ in words if word.metric.startswith(BACS_PREFIX) and word.metric != BLOCK_ALARM
    ]
    of_systems = selector(tuple(dict.fromkeys(systems)))
    return (
        Recording(
            _BLOCK_WORD,
            f"max by (<place>, string, module) (last_over_time({BLOCK_ALARM}_word[<held>]) > 0)",
            "the alarm word of a block that has any flag: hardly any has one, and one word holds all "
            "sixteen flags",
        ),
        *(
            Recording(
                BLOCK_FLAG,
                expr,
                "1 while a block has this flag, bit by bit from its alarm word; no series else",
                (("flag", name),),
            )
            for name, expr in blocks.items()
        ),
        Recording(
            _BACS_FLAG,
            f"max by (<place>, flag) (last_over_time({of_systems}[<held>]) == 1 or {BLOCK_FLAG})",
            "1 while a BACS has this flag, in whichever of its words; no series else",
        ),
        Recording(
            _BLOCK_ACTIVE,
            f"{BLOCK_FLAG}\n"
            f"  or {_BACS_FLAG}\n"
            f"    unless on (<place>, flag) count_over_time({BLOCK_FLAG}[5m]) * <interval> {_LONG}",
            "each flag with the block that has it, or without a block if its BACS reports it and no block "
            "has it for long (blocks take turns)",
        ),
    )


def _block_flag(flag: Flag, words: Iterable[Word]) -> str:
    """1 for a block with this flag: by its bit, where that is this flag in each map that has such a word."""
    in_word = f"{BLOCK_ALARM}_word"
    same = all(
        word.raw_metric == in_word and [it.name for it in word.flags if it.bit == flag.bit] == [flag.name]
        for word in words
    )
    if same:
        return f"floor({_BLOCK_WORD} / {1 << flag.bit}) % 2 == 1"
    chosen = f'last_over_time({BLOCK_ALARM}{{flag="{flag.name}"}}[<held>])'
    return f"max by (<place>, string, module) ({chosen} == 1)"


def flag_expression(flags: Sequence[FlagRef]) -> str:
    """An expression that holds while one of the flags of a BACS is set."""
    return _by_device(_of_bacs(flags), len({name for _, name in flags}))


def role_expression(roles: Sequence[str]) -> str:
    """An expression that holds while a flag is as one of the roles has it."""
    return f"{_by_device(_of_roles(roles), len(roles))} == 1"


def block_expression(flag: str) -> str:
    """A series per block with this flag; one without a block where only the system's word has it for long."""
    return f'{_BLOCK_ACTIVE}{{flag="{flag}"}}'


def coarse_expression(roles: Sequence[str], flags: Sequence[FlagRef], finer: str) -> str:
    """An expression for a coarse role or flag, which gives way to finer flags set for most of five minutes.

    A finer flag that comes and goes does not count, as it never becomes an alert of its own. The coarse one
    is held for two minutes, so that both may come and go together.
    """
    coarse = _of_roles(roles) if roles else _of_bacs(flags)
    coarse = _by_device(f"max_over_time({coarse}[2m])", len(roles or flags)) + (" == 1" if roles else "")
    return f"{coarse}\n  unless on (<place>) {_LASTING}{{{finer}}}"


def own_flag_alerts(flags: Mapping[FlagRef, Flag]) -> Iterator[Alert]:
    """An alert by its gravity for each flag that no other alert covers; none for what asks for nothing.

    It fires while the flag is set, of a flag that is normally set while it is clear.
    """
    for reference, flag in flags.items():
        if (grave := gravity(flag)) != "none":
            item = Played(reference[0], "flag", reference[1], flag.role, int(not flag.normal))
            yield _own_alert(item, flag.trouble, grave)


def own_state_alerts(states: Iterable[Played]) -> Iterator[Alert]:
    """An alert for each state whose role no other alert covers, in the words of the role."""
    for item in states:
        if item.role not in CALM:
            words = Clear(f"{item.metric} is {item.name}", ROLES[item.role])
            yield _own_alert(item, words, "critical")


def _own_alert(item: Played, trouble: Clear, severity: Severity) -> Alert:
    condition = _condition(item.metric, item.name)
    expr = f"{'max' if item.active else 'min'} by (<place>) ({_value(item)}) == {item.active}"
    danger = item.role in DANGER
    unseen = ""
    # of a device that is lost, what was last seen
    if item.role in _TOLD_ALONE:
        which = f'role="{item.role}",condition="{condition}"'
        expr = f"{LAST}{{{which}}} == 1"
        unseen = (
            f"{{{{ with printf `{ROLE}{{{which},<where>}}` <labels> | query }}}}{{{{ else }}}}, "
            "when it was last seen{{ end }}"
        )
    return Alert(
        name="Generex" + "".join(word.capitalize() for word in condition.split("_")),
        expr=expr,
        severity=severity,
        condition=condition,
        summary=f"{trouble.label}.",
        description=f"<device>{unseen}: {literal(trouble.description)}",
        means=trouble.description,
        check=trouble.action or "The map names no first action.",
        leads="The map does not say.",
        away="The map does not say: touch nothing that you do not know.",
        life_safety=danger,
        flags=((item.metric, item.name),),
    )


def _value(item: Played) -> str:
    return f'last_over_time({item.metric}{{{item.label}="{item.name}"}}[<held>])'


def _condition(metric: str, name: str) -> str:
    return f"{metric.removeprefix('generex_')}_{name}"


def _of_roles(roles: Sequence[str]) -> str:
    return f"{ROLE}{{{any_of('role', roles)}}}"


def _of_bacs(flags: Sequence[FlagRef]) -> str:
    return f"{_BACS_FLAG}{{{any_of('flag', [name for _, name in flags])}}}"


def _by_device(expr: str, series: int) -> str:
    """One series per device, of so many that are recorded; a single one already is."""
    return expr if series == 1 else f"max by (<place>) ({expr})"
