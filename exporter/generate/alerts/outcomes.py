"""What the outcomes and the flags say of each device, as recording rules that boards and alerts share.

Each outcome is a series of its own while it holds, with its rank as the value: of those that answer a
question the highest is the one to tell, at a moment as over a time.
"""

from collections.abc import Iterator

from exporter.assess.outcomes import OUTCOMES, Outcome
from exporter.assess.promql import FLAG, UPS_FLAG, Prom
from exporter.generate.alerts.loading import in_groups
from exporter.generate.alerts.model import Group, Recording, Settings
from exporter.generate.alerts.named import ups_flag_metrics
from exporter.generate.vocabulary import SEVERITIES, FlagMetric, Vocabulary, alternatives
from exporter.maps.model import Flag
from exporter.maps.roles import DANGER as DANGEROUS
from exporter.maps.roles import gravity

OUTCOME = "device:generex_outcome:rank"
"""`outcome` is its key. `state`, `survival` and `bacs` are `yes` where it answers that question. `urgency` is
what to see to first, in lower case. `says` is `no`, `yes`, `unknown` of what should be known, or `else`.
"""
DANGER, CRITICAL, WARNING, INFO = 400, 300, 200, 100
_HALF = 50
"""Ranks of flags. A general alarm is half a step lower: the flag that says what it is about goes first."""
_GRAVE = {
    DANGER: "danger", CRITICAL: "critical", CRITICAL - _HALF: "critical_general", WARNING: "warning",
    WARNING - _HALF: "warning_general", INFO: "info", INFO - _HALF: "info_general",
}  # fmt: skip

RANKS = {row.key: len(OUTCOMES) - index for index, row in enumerate(OUTCOMES)}
"""The rank of each outcome by its key: the graver, the higher."""


def outcome_groups(settings: Settings) -> tuple[Group, ...]:
    """The groups of rules that record outcomes and flags."""
    prom = Prom(settings.maps, settings.thresholds, ("<place>",))
    rules = [(row, _rule(row, when, prom)) for row in OUTCOMES if (when := prom.holds(row))]
    return (
        *in_groups("generex-flags", flag_recordings(settings)),
        # of one moment, so that no step of a timeline has only the harmless ones
        *in_groups("generex-states", [rule for row, rule in rules if row.state]),
        *in_groups("generex-outcomes", [rule for row, rule in rules if not row.state]),
    )


def _rule(row: Outcome, when: str, prom: Prom) -> Recording:
    return Recording(
        OUTCOME, f"({when}) * 0 + {RANKS[row.key]}", _words(row, prom), tuple(_labels(row).items())
    )


def _words(row: Outcome, prom: Prom) -> str:
    return prom.text(" / ".join(dict.fromkeys(filter(None, (row.state, row.survival, row.bacs)))))


def _labels(row: Outcome) -> dict[str, str]:
    questions = {"state": row.state, "survival": row.survival, "bacs": row.bacs}
    answers = {name: "yes" for name, text in questions.items() if text}
    return {"outcome": row.key, **answers, "says": says(row), "urgency": row.order.name.lower()}


def says(row: Outcome) -> str:
    """Whether an outcome says yes, no, that what should be known is unknown, or something else."""
    if row.level == "lost" or (row.level == "warning" and row.sign == "?"):
        return "unknown"
    return {"critical": "no", "good": "yes"}.get(row.level, "else")


def flag_recordings(settings: Settings) -> list[Recording]:
    """A rule for the flags of each word that are equally grave."""
    return list(_flag_rules(Vocabulary(settings.maps)))


def _flag_rules(words: Vocabulary) -> Iterator[Recording]:
    of_ups = ups_flag_metrics(words.words)
    for metric in words.system_metrics:
        for rank, parts in sorted(_by_rank(metric).items(), reverse=True):
            chosen = " or ".join(
                f'{UPS_FLAG}{{metric="{metric.name}", flag=~"{alternatives(names)}"}}'
                if value and metric.name in of_ups
                else f'last_over_time({metric.name}{{flag=~"{alternatives(names)}"}}[<held>]) == {value}'
                for value, names in parts.items()
            )
            yield Recording(
                FLAG, f"max by (<place>, flag) ({chosen}) * 0 + {rank}", "flags that ask for something",
                (("metric", metric.name), ("grave", _GRAVE[rank])),
            )  # fmt: skip


def _by_rank(metric: FlagMetric) -> dict[int, dict[int, list[str]]]:
    """Names of flags by their rank, and by the value at which they ask for something."""
    found: dict[int, dict[int, list[str]]] = {}
    for name, flag in metric.flags.items():
        if (rank := flag_rank(flag)) is not None:
            found.setdefault(rank, {}).setdefault(int(not flag.normal), []).append(name)
    return found


def flag_rank(flag: Flag) -> int | None:
    """How grave it is that a flag is set, or clear where it is normally set; None when it is nothing."""
    if flag.role in DANGEROUS:
        return DANGER
    if (grave := gravity(flag)) == "none":
        return None
    rank = (CRITICAL, WARNING, INFO)[SEVERITIES.index(grave)]
    return rank - _HALF if flag.role == "general_alarm" else rank
