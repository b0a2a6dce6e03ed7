"""The boards as files: generated, complete, in place, and consistent with maps and alerts."""

import argparse
import re
import subprocess
import sys
from itertools import combinations
from typing import Any

import pytest
import yaml
from boardfiles import FOLDER, NAMES, ROOT, board, panels, targets

from exporter.errors import UserError
from exporter.generate import dashboards
from exporter.generate.alerts.thresholds import threshold_values
from exporter.generate.dashboards import rules
from exporter.maps import built_in_maps

MAPS = built_in_maps()
THRESHOLDS = threshold_values({})
ALONE = ("–", "n/a", "none", "no discharge yet")


def generate(*settings: str) -> dict[str, str]:
    return dashboards.files(MAPS, argparse.Namespace(set=list(settings)))


def test_committed_files_are_what_the_generator_writes() -> None:
    files = generate()
    assert sorted(files) == sorted([".lint", *(f"{name}.json" for name in NAMES)])
    for name, text in files.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"run generate dashboards: {name}"


def test_every_metric_of_the_maps_is_on_some_board() -> None:
    shown = set(re.findall(r"\bgenerex_\w+", " ".join(target.expr for target in targets())))
    metrics = {name for item in MAPS.values() for name in item.metrics}
    assert metrics - shown == set()


@pytest.mark.parametrize(
    "metric", ["generex_ups_status", "generex_ups_alarm", "generex_bacs_state", "generex_bacs_alarm"]
)
def test_every_bit_has_its_words_on_a_timeline(metric: str) -> None:
    (panel,) = (
        panel
        for name in NAMES
        for panel in panels(name)
        if panel["type"] == "state-timeline"
        and any(t["expr"].startswith(f"max by (flag) ({metric}{{") for t in panel["targets"])
    )
    words = {override["matcher"]["options"]: override for override in panel["fieldConfig"]["overrides"]}
    for item in MAPS.values():
        for word, flag in item.flags():
            if word.metric != metric or item.name not in ("ups", "bacs"):
                continue
            properties = {p["id"]: p["value"] for p in words[flag.name]["properties"]}
            assert properties["displayName"] == flag.label
            options = properties["mappings"][0]["options"]
            assert flag.label in options["1"]["text"]
            assert options["-1"]["text"] == "n/a"
            # not available must not look like healthy, and set must not look like clear
            assert len({options[value]["color"] for value in ("1", "0", "-1")}) == 3
            # asked for, and −1 where it is not known, in the query of its severity
            assert sum(f'"flag", "{flag.name}"' in target["expr"] for target in panel["targets"]) == 1


@pytest.mark.parametrize("name", NAMES)
def test_panels_are_complete(name: str) -> None:
    assert board(name)["schemaVersion"] >= 39
    assert board(name)["uid"] == f"generex-{name}"
    titles = [panel["title"] for panel in panels(name)]
    assert len(titles) == len(set(titles))
    ids = [panel["id"] for panel in board(name)["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels(name):
        assert len(panel["description"]) > 30, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_overlaps_another(name: str) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in board(name)["panels"]]
    for title, place in places:
        assert place["w"] >= 1, title
        assert place["h"] >= 1, title
        assert 0 <= place["x"] <= 24 - place["w"], title
    for (one, a), (other, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one} overlaps {other}"


@pytest.mark.parametrize("name", NAMES)
def test_tiles_and_tables_ask_for_this_moment(name: str) -> None:
    assert "lastNotNull" not in (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    for panel in panels(name):
        instant = panel["type"] in ("stat", "table")
        for target in panel["targets"]:
            assert target["instant"] is instant, panel["title"]
            assert target["range"] is not instant, panel["title"]
        if panel["type"] == "stat":
            assert panel["options"]["reduceOptions"]["calcs"] == ["last"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_the_other_boards_with_variables_and_time(name: str) -> None:
    links = board(name)["links"]
    assert [link["url"] for link in links] == [f"/d/generex-{other}" for other in NAMES if other != name]
    assert all(link["keepTime"] and link["includeVars"] for link in links)


def test_a_click_on_a_device_leads_to_its_boards() -> None:
    (table,) = (panel for panel in panels("fleet") if panel["title"] == "Devices")
    links = properties(table, "Device")["links"]
    for uid, link in zip(("generex-ups", "generex-bacs"), links, strict=True):
        assert link["url"].startswith(f"/d/{uid}?var-device=${{__data.fields.Device}}&")
        for kept in (
            "${datasource:queryparam}",
            "${job:queryparam}",
            "${instance:queryparam}",
            "${__url_time_range}",
        ):
            assert kept in link["url"]


def properties(panel: dict[str, Any], name: str) -> dict[str, Any]:
    (override,) = (o for o in panel["fieldConfig"]["overrides"] if o["matcher"]["options"] == name)
    return {p["id"]: p["value"] for p in override["properties"]}


def steps(name: str, title: str) -> list[float]:
    (panel,) = (panel for panel in panels(name) if panel["title"] == title)
    return [
        step["value"]
        for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        if step["value"] is not None
    ]


@pytest.mark.parametrize(
    ("name", "title", "thresholds"),
    [
        ("ups", "Charge", ["survivable_charge"]),
        ("ups", "Charge over time", ["survivable_charge"]),
        ("ups", "Runtime, says the UPS", ["runtime_short"]),
        ("ups", "Both runtimes", ["runtime_short"]),
        ("ups", "Worst load", ["load_warning", "load_critical"]),
        ("ups", "Load per phase", ["load_warning", "load_critical"]),
        ("bacs", "Resistance against baseline", ["resistance_warning", "resistance_replace"]),
        ("bacs", "The last discharge, lowest blocks", ["weak_block"]),
    ],
)
def test_thresholds_are_those_of_the_alerts(name: str, title: str, thresholds: list[str]) -> None:
    seen = [panel for panel in panels(name) if panel["title"] == title]
    for panel in seen:
        values = [s["value"] for s in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert values == [None, *(THRESHOLDS[threshold] for threshold in thresholds)]
    assert seen


def test_other_thresholds_are_taken_over() -> None:
    text = generate("load_warning=0.7", "survivable_charge=0.85")["ups.json"]
    assert '"value": 0.7' in text
    assert "charge < 85 %" in text
    with pytest.raises(UserError, match='unknown threshold "lode"'):
        generate("lode=1")
    with pytest.raises(UserError, match="load_warning"):
        generate("load_warning=many")


def test_rules_that_boards_read_are_written_by_the_alerts() -> None:
    written = yaml.safe_load((ROOT / "alerts" / "recording.rules.yml").read_text(encoding="utf-8"))
    records = {rule["record"] for group in written["groups"] for rule in group["rules"]}
    assert set(rules.ALL) <= records
    used = {name for target in targets() for name in re.findall(r"\b[a-z]+:generex_\w+:\w+", target.expr)}
    assert used == set(rules.ALL)


def test_metrics_of_users_own_maps_get_panels() -> None:
    from dataclasses import replace

    from exporter.maps.model import Map, Metric

    ups = MAPS["ups"]
    metrics = {
        "generex_own_pressure_pascals": Metric("generex_own_pressure_pascals", "Pressure.", unit="pascals")
    }
    group = replace(
        ups.groups[0],
        name="own",
        words=(replace(ups.words["temperature"], map="own", metric=next(iter(metrics))),),
    )
    own = Map("own", "Own", "test", metrics, (group,))
    text = dashboards.files({**MAPS, "own": own}, argparse.Namespace(set=[]))["ups.json"]
    assert "generex_own_pressure_pascals{" in text


def test_without_the_sdk_the_command_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['grafana_foundation_sdk'] = None\n"
        "from exporter.cli import main\n"
        "sys.exit(main(['generate', 'dashboards', '--out', '/dev/null/nowhere']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'generex-exporter[dashboards]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_no_value_never_has_the_colour_of_a_threshold(name: str) -> None:
    """Grafana gives a missing value the colour of the lowest threshold, which may be green."""
    for panel in panels(name):
        if panel["type"] == "stat":
            assert says_missing(panel["fieldConfig"]["defaults"].get("mappings", [])), panel["title"]
        if panel["type"] == "table":
            for override in panel["fieldConfig"]["overrides"]:
                found = {p["id"]: p.get("value") for p in override["properties"]}
                if found.get("custom.cellOptions", {}).get("type") == "color-background":
                    assert says_missing(found["mappings"]), (panel["title"], override["matcher"]["options"])


def test_what_an_empty_table_says_may_stand_in_a_cell() -> None:
    """Grafana has one text for an empty table and for a cell without a value."""
    for name in NAMES:
        for panel in panels(name):
            if panel["type"] == "table":
                assert panel["fieldConfig"]["defaults"]["noValue"] in ALONE, panel["title"]


def says_missing(mappings: list[dict[str, Any]]) -> bool:
    judging = {"#37872D", "#E8701A", "#C4162A"}
    return any(
        m["type"] == "special"
        and m["options"]["match"] == "null+nan"
        and m["options"]["result"]["color"] not in judging
        for m in mappings
    )


def test_heat_maps_have_names_that_are_no_numbers_and_show_zeros() -> None:
    for panel in panels("bacs"):
        if panel["type"] == "heatmap":
            assert panel["targets"][0]["legendFormat"][0] == "S"
            assert panel["options"]["filterValues"]["le"] < -1000
            assert panel["options"]["calculate"] is False


def test_or_never_joins_two_metrics_that_may_have_equal_labels() -> None:
    """`a{flag="x"} or b{flag="x"}` keeps one of them only, so flags of several metrics are one selector."""
    pattern = re.compile(r'\bgenerex_\w+\{[^}]*flag=~?"([^"]*)"[^}]*\} or generex_\w+\{[^}]*flag=~?"([^"]*)"')
    for target in targets():
        for one, other in pattern.findall(target.expr):
            assert not set(one.split("|")) & set(other.split("|")), target
