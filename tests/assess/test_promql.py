"""The outcomes as Prometheus finds them, by promtool, against the typed words."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from exporter.assess.outcomes import OUTCOMES
from exporter.assess.promql import Prom
from exporter.generate.alerts.outcomes import OUTCOME
from exporter.maps import built_in_maps
from tests.alerts.promtool import ROOT, run
from tests.assess.spoken import BACS, OTHERWISE, REASONS, STATES, Words, words
from tests.snapshots import Source, page

RULES = ROOT / "alerts" / "recording.rules.yml"
Spoken = Sequence[tuple[str, Words]]


def scraped(spoken: Spoken) -> dict[str, str]:
    """What a scrape brings of a device for each entry."""
    snapshots = [
        Source(name=f"d{number}").snapshot(words(change)) for number, (_, change) in enumerate(spoken)
    ]
    lines = [line.rpartition(" ") for line in page(snapshots).splitlines() if not line.startswith("#")]
    return {name: value for name, _, value in lines}


def series_of(spoken: Spoken, scrapes: int, well: int) -> list[dict[str, str]]:
    """A device for each entry, scraped four times a minute, first well, then as told, and then no more.

    `scrapes` are those after the first one that tells.
    """
    before = scraped([("", {})] * len(spoken))
    return [
        {"series": name, "values": f"{f'{before[name]}x{well - 1} ' if well else ''}{value}x{scrapes} stale"}
        for name, value in scraped(spoken).items()
    ]


Table = Sequence[tuple[str, str]]  # what is told and for which devices; the first that holds counts


def table(question: str) -> Table:
    """The rows that answer a question, with what the rules record of them."""
    prom = Prom(built_in_maps(), {})
    found = []
    for row in OUTCOMES:
        if text := getattr(row, question):
            text = prom.text(text) if question == "survival" else text.upper()
            found.append((f"{row.sign} {text}", f'max by (device) ({OUTCOME}{{outcome="{row.key}"}})'))
    return found


def check(
    folder: Path,
    asked: Sequence[tuple[Table, Spoken]],
    scrapes: int = 6,
    well: int = 0,
    # a failed scrape changes nothing: nothing good stands alone where what is bad has gone
    times: Sequence[str] = ("90s", "105s"),
) -> None:
    """Of each device it holds what stands in the table, and nothing above it does."""
    tests: list[dict[str, Any]] = []
    # few at a time, as promtool holds 10,000 samples at once and no more
    parts = [
        (rows, spoken[first : first + 12]) for rows, spoken in asked for first in range(0, len(spoken), 12)
    ]
    for rows, spoken in parts:
        # rows that say the same are one for whoever reads them
        number = {text: index for index, text in enumerate(dict(rows))}
        expr = " or ".join(f"{holds} * 0 + {number[text]}" for text, holds in rows)
        samples = [
            {"labels": f'{{device="d{index}"}}', "value": number[text]}
            for index, (text, _) in enumerate(spoken)
        ]
        queries = [{"expr": expr, "eval_time": at, "exp_samples": samples} for at in times]
        series = series_of(spoken, scrapes, well)
        tests.append({"interval": "15s", "input_series": series, "promql_expr_test": queries})
    path = folder / "tests.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": tests}))
    answer = run("test", "rules", str(path))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def tile(text: str) -> str:
    """What the tile says where the page says this: no time that is left, and what is worst alone."""
    sign, _, words = re.split(r"[;,]", text)[0].partition(" ")
    return f"{sign} {words.upper()}"


@pytest.mark.slow
def test_boards_and_rules_find_what_the_pages_say(tmp_path: Path) -> None:
    check(
        tmp_path,
        [
            (table("survival"), REASONS + OTHERWISE),
            (table("state"), [(tile(text), change) for text, change in STATES]),
            (table("bacs"), BACS),
        ],
    )


@pytest.mark.slow
def test_what_was_known_last_is_told_of_a_device_that_fell_silent(tmp_path: Path) -> None:
    told: Spoken = [
        ("✖ LOST IN DANGER", {1001: 0x0008}),
        ("✖ LOST IN DANGER", {1001: 0x4000}),
        ("✖ LOST, LOAD DARK", {109: 0x0000}),
        ("✖ LOST ON BATTERY", {109: 0x000C}),
        ("? UNREACHABLE", {}),
        ("? UNREACHABLE", {123: 1}),
    ]
    # five minutes in sight, and eleven in which nobody sees it
    check(tmp_path, [(table("state"), told)], scrapes=20, times=("16m",))
    # and what a single scrape told after two good minutes
    check(tmp_path, [(table("state"), told)], scrapes=0, well=9, times=("3m45s",))


def test_every_result_has_the_place() -> None:
    prom = Prom(built_in_maps(), {}, ("device", "site"))
    for row in OUTCOMES:
        expr = prom.holds(row)
        assert not re.findall(r"by \((?!device, site)", expr), row.key
        assert not re.findall(r"on \((?!device, site)", expr), row.key


def untold(question: str, spoken: Collection[str]) -> set[str]:
    return {text for text, _ in table(question)} - {*spoken}


def test_the_tables_leave_out_only_what_words_alone_cannot_say() -> None:
    assert untold("survival", dict(REASONS)) == {
        "✖ NO: danger to people", "✖ lost in danger", "✖ lost, load was dark", "✖ lost on battery",
        "▲ battery is discharging", "? unreachable", "? map in doubt", "? blocks not served",
        "? not served", "– no UPS", "? all values are 0",
    }  # fmt: skip
    assert untold("state", {tile(text): 0 for text, _ in STATES}) == {
        "✖ DANGER TO PEOPLE", "✖ LOST IN DANGER", "✖ LOST, LOAD DARK", "✖ LOST ON BATTERY",
        "? UNREACHABLE", "? MAP IN DOUBT", "? NOT SERVED", "– NO UPS",
    }  # fmt: skip
    assert untold("bacs", dict(BACS)) == {
        "? UNREACHABLE", "? BLOCKS NOT SERVED", "– NO BACS SERVED",
    }  # fmt: skip
