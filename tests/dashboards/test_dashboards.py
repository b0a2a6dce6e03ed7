"""The boards as files: generated, complete, in place, and consistent with maps and alerts."""

import argparse
import json
import re
import subprocess
import sys
import zlib
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from exporter.cli import main
from exporter.durations import parse_duration
from exporter.errors import UserError
from exporter.generate import dashboards
from exporter.generate.alerts.model import REPOSITORY_RUNBOOK, SERVED_RUNBOOK
from exporter.generate.alerts.thresholds import threshold_values
from exporter.generate.dashboards import rules
from exporter.maps import built_in_maps, load_maps
from tests.dashboards.boardfiles import FOLDER, NAMES, ROOT, board, panels, targets, with_rows
from tests.support import load_yaml

MAPS = built_in_maps()
THRESHOLDS = threshold_values({})
ALONE = ("–", "n/a", "none", "no discharge yet")


def generate(*settings: str) -> dict[str, str]:
    return dashboards.files(MAPS, arguments(*settings))


def arguments(
    *settings: str, place: tuple[str, ...] = (), url: str = "https://runbook.example"
) -> argparse.Namespace:
    """What the command line leaves of these flags."""
    parser = argparse.ArgumentParser()
    dashboards.add_arguments(parser)
    given = [f"--set={text}" for text in settings] + [f"--place={label}" for label in place]
    return parser.parse_args([f"--runbook-url={url}", *given])


def test_committed_files_are_what_the_generator_writes() -> None:
    files = generate()
    assert sorted(files) == sorted([".lint", *(f"{name}.json" for name in NAMES)])
    shipped = dashboards.files(MAPS, arguments(url=""))
    for name, text in shipped.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"run generate dashboards: {name}"


def test_every_metric_of_the_maps_is_on_some_board() -> None:
    shown = set(re.findall(r"\w+", " ".join(target.expr for target in targets())))
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
        and any(f"(max_over_time({metric}{{" in t["expr"] for t in panel["targets"])
        and panel["title"].endswith("every bit")
    )
    words = {override["matcher"]["options"]: override for override in panel["fieldConfig"]["overrides"]}
    levels = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    # not available must not look like healthy, and set must not look like clear
    assert len({levels[value]["color"] for value in ("3", "2", "1", "0", "-1")}) == 5
    assert levels["-1"]["text"] == "n/a"
    for item in MAPS.values():
        for word, flag in item.flags():
            if word.metric != metric or item.name not in ("ups", "bacs"):
                continue
            assert {p["id"]: p["value"] for p in words[flag.name]["properties"]} == {
                "displayName": flag.label
            }
            # asked for, and −1 where it is not known, in the query of its severity
            (query,) = (t["expr"] for t in panel["targets"] if f'"flag", "{flag.name}"' in t["expr"])
            level = {"critical": 3, "warning": 2}.get(flag.severity, 1)
            if flag.normal:  # clear: a dark load, and a monitor that has stopped
                level = {"output_act": 3, "running": 2}[flag.name]
            selector = re.search(rf'flag=~"([a-z0-9_|]*\|)?{flag.name}(\|[a-z0-9_|]*)?"', query)
            assert selector
            assert query[: selector.start()].rsplit("\n  or ", 1)[-1].startswith(f"{level} * ")


@pytest.mark.parametrize("name", NAMES)
def test_panels_are_complete(name: str) -> None:
    assert board(name)["schemaVersion"] >= 39
    assert board(name)["uid"] == f"generex-{name}"
    titles = [panel["title"] for panel in panels(name)]
    assert len(titles) == len(set(titles))
    ids = [panel["id"] for panel in with_rows(name)]
    assert len(ids) == len(set(ids))
    for panel in panels(name):
        assert len(panel["description"]) > 30, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_overlaps_another(name: str) -> None:
    in_rows = [panel["panels"] for panel in board(name)["panels"] if panel.get("panels")]
    for one_level in (board(name)["panels"], *in_rows):
        check_places([(panel["title"], panel["gridPos"]) for panel in one_level])


def check_places(places: list[tuple[str, dict[str, int]]]) -> None:
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
        # a table with a time of its own is one of history
        instant = panel["type"] in ("stat", "table") and "timeFrom" not in panel
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
    written = load_yaml((ROOT / "alerts" / "recording.rules.yml").read_text(encoding="utf-8"))
    records = {rule["record"] for group in written["groups"] for rule in group["rules"]}
    assert set(rules.ALL) <= records
    used = {name for target in targets() for name in re.findall(r"\b[a-z]+:generex_\w+:\w+", target.expr)}
    assert used == set(rules.ALL)


_READ = re.compile(r"\b([a-z]+:generex_\w+:\w+)(?:\{[^}]*\})?(?:\[([^]:]+)[]:])?")


def test_what_is_recorded_more_seldom_is_not_looked_for_in_each_step() -> None:
    rules_file = load_yaml((ROOT / "alerts/recording.rules.yml").read_text(encoding="utf-8"))
    every = {
        rule["record"]: parse_duration(group["interval"])
        for group in rules_file["groups"]
        for rule in group["rules"]
    }
    (ended,) = (group for group in rules_file["groups"] if group["name"] == "generex-records-ended")
    once = {rule["record"] for rule in ended["rules"]}  # of one moment, and there for ten minutes
    seldom = set()
    for target in targets():
        for name, window in _READ.findall(target.expr):
            if every[name] > 15:
                seldom.add(name)
                # without a window Prometheus looks five minutes back
                assert window != "$__interval" or name in once, (str(target), name)
                back = 300 if window in ("", "$__interval", "$__range") else parse_duration(window)
                assert back >= 2 * every[name], (str(target), name)
    assert len(seldom) > 5


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
    text = dashboards.files({**MAPS, "own": own}, arguments())["ups.json"]
    assert "generex_own_pressure_pascals{" in text


def test_the_panels_of_a_gateway_show_a_frame_of_ones_own_too(tmp_path: Path) -> None:
    path = tmp_path / "plc.yaml"
    path.write_text(
        "map: plc\ntitle: Own\nsource: a test\n"
        "metrics: {plc_error: {help: Error.}, plc_moves: {help: Count.}}\n"
        "groups:\n  plc:\n    title: Frame\n    trust: {rule: frame}\n    words:\n"
        "      sequence_number: {address: 305, description: Counts., metric: plc_moves}\n"
        "      error_code: {address: 306, description: Error., metric: plc_error}\n"
    )
    text = dashboards.files(load_maps([path]), arguments())["ups.json"]
    (row,) = (panel for panel in json.loads(text)["panels"] if panel["title"] == "Gateway")
    asked = {panel["title"]: panel["targets"][0]["expr"] for panel in row["panels"]}
    assert '__name__=~"generex_prof_error_code|plc_error"' in asked["Gateway error"]
    assert '__name__=~"generex_prof_sequence_number|plc_moves"' in asked["Gateway counter"]


def test_without_the_sdk_the_command_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['grafana_foundation_sdk'] = None\n"
        "from exporter.cli import main\n"
        "sys.exit(main(['generate', 'dashboards', '--out', '/dev/null/nowhere']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install '.[dashboards]'" in done.stderr
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


@pytest.mark.parametrize("name", NAMES)
def test_a_new_panel_moves_nobodys_links(name: str) -> None:
    """Ids come from titles, not from places: the CRC-32 of the title, as a link to a panel has it."""
    for panel in panels(name):
        assert panel["id"] == zlib.crc32(panel["title"].encode()) % 1_000_000 + 1, panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_a_board_fits_into_what_kubectl_can_annotate(name: str) -> None:
    """The object is kept in an annotation of 262,144 bytes, there with every quote and newline escaped."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert len(json.dumps(json.dumps({"data": {f"{name}.json": text}}))) < 262_144 * 0.9


def test_queries_stay_short_with_six_devices() -> None:
    """VictoriaMetrics refuses queries of 16 kB."""
    six = "|".join(f"ups-building-a-floor-{number}-of-the-north-campus" for number in range(6))
    for target in targets():
        assert len(target.expr.replace("$device", f"({six})").encode()) < 8000, target


@pytest.mark.parametrize("name", ["ups", "bacs"])
def test_boards_of_one_device_open_on_one_and_ask_little(name: str) -> None:
    (device,) = (v for v in board(name)["templating"]["list"] if v["name"] == "device")
    assert not device["multi"]
    assert not device["includeAll"]
    rows = [panel for panel in board(name)["panels"] if panel["type"] == "row"]
    assert not rows[0]["collapsed"]
    assert all(row["collapsed"] and row["panels"] for row in rows[-4:])
    assert not any(row.get("repeat") for row in rows)
    # an exact match, as Grafana escapes nothing in a variable with one value
    assert all('device=~"$device"' not in t.expr for t in targets() if t.board == name)


def test_what_is_short_is_seen_in_every_step() -> None:
    """A state over time is the worst of each step, and a step is never shorter than two scrapes."""
    for target in targets():
        if target.panel["type"] in ("state-timeline", "heatmap") and target.title != "Raw words":
            assert "_over_time(" in target.expr, target
            assert "[$__interval]" in target.expr, target
            assert target.panel["interval"] == "30s", target


@pytest.mark.parametrize(("scrape", "step"), [("15s", "30s"), ("30s", "1m"), ("1m", "2m")])
def test_steps_follow_the_scrape_interval(scrape: str, step: str, tmp_path: Path) -> None:
    arguments = ["generate", "dashboards", "--scrape-interval", scrape, "--out", str(tmp_path)]
    assert main(arguments) == 0
    boards = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    found = [panel for one in boards for row in one["panels"] for panel in (row, *row.get("panels", ()))]
    assert {panel["interval"] for panel in found if panel["type"] != "row"} == {step}


def test_heat_maps_have_the_same_scale_on_every_day() -> None:
    seen = {}
    for panel in panels("bacs"):
        if panel["type"] == "heatmap":
            colour = panel["options"]["color"]
            assert colour["min"] == 0
            seen[panel["title"].split(",")[0]] = colour["max"]
    assert seen == {
        "Block voltage": pytest.approx(1 - THRESHOLDS["weak_block"]),
        "Block temperature": THRESHOLDS["heat_critical"],
        "Block resistance": pytest.approx(THRESHOLDS["resistance_replace"] - 1),
        "Equalising": 1,
    }


def test_no_time_is_a_good_one_on_battery() -> None:
    calm = {"#23303F", "#37872D"}
    panel = next(panel for panel in panels("ups") if panel["title"] == "Runtime, by the charge")
    assert not calm & {step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
    for title in ("Runs on", "Runtime, says the UPS"):
        panel = next(panel for panel in panels("ups") if panel["title"] == title)
        (override,) = panel["fieldConfig"]["overrides"]
        (steps,) = (p["value"]["steps"] for p in override["properties"] if p["id"] == "thresholds")
        assert not calm & {step["color"] for step in steps}, title


@pytest.mark.parametrize("name", NAMES)
def test_the_place_is_a_variable_and_devices_follow_it(name: str) -> None:
    found = {v["name"]: v for v in board(name)["templating"]["list"]}
    assert found["site"]["allValue"] == ".*"  # also a device without a site
    assert 'site=~"$site"' in found["device"]["query"]


def test_the_labels_of_a_place_can_be_others() -> None:
    files = dashboards.files(MAPS, arguments(place=("building", "room")))
    for name in NAMES:
        text = files[f"{name}.json"]
        names = [v["name"] for v in json.loads(text)["templating"]["list"]]
        assert names[3:] == ["building", "room", "device", *(["elapsed"] if name == "bacs" else [])]
        assert "site" not in re.findall(r"\w+", " ".join(re.findall(r'"expr": "(.*)"', text)))


def test_every_alert_leads_to_its_section_of_the_runbook() -> None:
    (panel,) = (panel for panel in panels("fleet") if panel["title"] == "Firing alerts")
    (link,) = properties(panel, "Alert")["links"]
    assert link["url"] == "${__data.fields.url.text:raw}#${__data.fields.anchor.text}"
    # the address comes with each row: what an exporter serves, else the repository
    query = panel["targets"][0]["expr"]
    assert f"group_left (url) topk(1, {SERVED_RUNBOOK} or on () label_replace(vector(1)" in query
    assert REPOSITORY_RUNBOOK in query
    hidden = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]
              if {"id": "custom.hidden", "value": True} in o["properties"]}  # fmt: skip
    assert {"url", "anchor"} <= hidden
    anchors = properties(panel, "anchor")["mappings"][0]["options"]
    rules_file = load_yaml((ROOT / "alerts" / "generex.rules.yml").read_text(encoding="utf-8"))
    urls = {
        rule["alert"]: rule["annotations"]["runbook_url"]
        for group in rules_file["groups"]
        for rule in group["rules"]
    }
    assert {name: anchor["text"] for name, anchor in anchors.items()} == {
        name: url.rpartition("#")[2] for name, url in urls.items()
    }
    own = json.loads(dashboards.files(MAPS, arguments(url="https://wiki/ups"))["fleet.json"])
    (panel,) = (panel for panel in own["panels"] if panel["title"] == "Firing alerts")
    (link,) = properties(panel, "Alert")["links"]
    assert link["url"] == "https://wiki/ups#${__data.fields.anchor.text}"
    assert SERVED_RUNBOOK not in panel["targets"][0]["expr"]


def test_no_query_asks_a_subquery_for_the_timestamps_of_a_selector() -> None:
    """A day of them took nine tenths of what the whole fleet board took a Prometheus 2.42."""
    assert [t.expr for t in targets() if re.search(r"timestamp\([\w:]+\{[^}]*\}\)\[", t.expr)] == []
