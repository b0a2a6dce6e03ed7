"""Every query of every panel on a real Prometheus, fed by the simulator through the exporter."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboards.boardfiles import Target, panels, targets
from tests.dashboards.cases import BACS, CASES
from tests.dashboards.hall import HISTORY, Hall, filled, running_hall
from tests.support import wait_for

ALL_TARGETS = list(targets())
HALL = "[^:]+"
"""The devices of the hall, without those of the cases."""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with running_hall(tmp_path_factory.mktemp("hall")) as it:
        counter = 'generex_ups_power_failures_total{device="fine"}'
        wait_for(lambda: it.instant(f"count_over_time({counter}[2m]) >= 3"), what="some history")
        failures = float(it.instant(counter)[0]["value"][1])
        it.turn("fine", mains=False)  # a short power failure, so that something was counted
        wait_for(lambda: it.instant(f"{counter} > {failures}"), what="the power failure")
        it.turn("fine", mains=True)
        it.turn("lost", ups_communication=False)
        it.turn("dying", answers=False)
        lost = 'generex_data_valid{group="ups", device="lost"} == 0'
        wait_for(lambda: len(it.instant("generex_up == 0")) == 2, what="the device that dies")
        wait_for(lambda: it.instant(lost), what="the UPS that is lost")
        dead = 'device:generex_outcome:rank{device="dying", outcome="lost_on_battery"}'
        wait_for(lambda: it.instant(dead), what="the end of what is held over a failed pass")
        wait_for(
            lambda: it.instant('count_over_time(generex_up{device="case: healthy"}[2m]) >= 3'),
            what="the history of the cases",
        )
        wait_for(lambda: it.instant('generex_ups_alarm{device="fine", flag="on_battery"} == 0'), what="mains")
        baseline = "module:generex_bacs_module_resistance_ohms:baseline"
        wait_for(lambda: it.instant(baseline), 90, "a baseline, which takes eight means")
        fall = 'deriv(generex_ups_battery_charge_ratio{device="on-battery"}[5m]) < 0'
        wait_for(lambda: it.instant(fall), 90, "a percent less of charge")
        for job, what in (("generex", "exports"), ("fails", "export_failures")):
            pushes = f'increase(generex_exporter_otlp_{what}_total{{job="{job}"}}[1m]) > 0'
            wait_for(lambda pushes=pushes: it.instant(pushes), what="pushes")
        yield it


@pytest.mark.parametrize("target", ALL_TARGETS, ids=str)
def test_query_returns_data(hall: Hall, target: Target) -> None:
    expr = filled(target.expr)
    values = numbers(hall.of_panel(target.panel, target.index))
    if "vector(-1)" in expr:
        values = [value for value in values if value != -1]
    assert values, expr


def numbers(result: list[dict[str, Any]]) -> list[float]:
    pairs = [pair for series in result for pair in (series.get("values") or [series["value"]])]
    return [value for value in (float(text) for _, text in pairs) if math.isfinite(value)]


def of(device: str, expr: str) -> str:
    """A query narrowed to devices by a regular expression."""
    return expr.replace('device=~".+"', f'device=~"{device}"')


def tile(name: str, title: str, query: int = 0) -> tuple[dict[str, Any], str]:
    (panel,) = (panel for panel in panels(name) if panel["title"] == title)
    return panel, filled(panel["targets"][query]["expr"])


def words(hall: Hall, name: str, title: str, device: str = HALL) -> dict[str, str]:
    """What a state tile says about each device."""
    panel, expr = tile(name, title)
    expr = of(device, expr)
    options = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    return {s["metric"]["device"]: options[s["value"][1]]["text"] for s in hall.instant(expr)}


def test_states_by_precedence(hall: Hall) -> None:
    assert words(hall, "ups", "Runs on") == {
        "fine": "● ON MAINS",
        "on-battery": "▲ ON BATTERY",
        "sick-blocks": "✖ GROUND FAULT",
        "lost": "? UPS LOST",
        "dying": "✖ LOST ON BATTERY",
        "never-there": "? UNREACHABLE",
        "bypassed": "◆ ON BYPASS",
        "gateway": "● ON MAINS",
        "other-list": "? NOT SERVED",  # it has no word for what it runs on, and that is not mains
    }


def test_survival_with_its_reason(hall: Hall) -> None:
    assert words(hall, "ups", "Would we survive a failure now?") == {
        "fine": "✔ YES",
        "on-battery": "▲ on battery now",
        "sick-blocks": "✖ NO: ground fault",
        "lost": "? UPS lost",
        "dying": "✖ lost on battery",
        "never-there": "? unreachable",
        "bypassed": "◆ NO: on bypass",
        "gateway": "? blocks not served",  # a gateway does not serve strings and modules
        "other-list": "? not served",
    }


def test_the_bacs_tile(hall: Hall) -> None:
    said = words(hall, "bacs", "BACS")
    assert said["fine"] == "● RUNNING"
    assert said["on-battery"] == "▲ DISCHARGING"
    assert said["dying"] == "? UNREACHABLE"
    assert said["sick-blocks"] == "✖ DANGER: KEEP OUT"
    assert said["other-list"] == "– NO BACS SERVED"


def test_the_worst_comes_first_and_dead_devices_stay(hall: Hall) -> None:
    _, trouble = tile("fleet", "Devices")
    order = {s["metric"]["device"]: float(s["value"][1]) for s in hall.instant(of(HALL, trouble))}
    assert len(order) == 9
    ranked = sorted(order, key=lambda device: -order[device])
    assert ranked[0] == "sick-blocks"  # a ground fault endangers people
    assert ranked[1:3] == ["dying", "on-battery"]
    assert set(ranked[3:5]) == {"lost", "never-there"}
    assert ranked[5] == "bypassed"
    assert ranked[-1] in ("fine", "other-list")


def test_the_worst_alarm_in_words(hall: Hall) -> None:
    panel, expr = tile("fleet", "Devices", 3)
    alarms = {s["metric"]["device"]: s["metric"]["alarm"] for s in hall.instant(of(HALL, expr))}
    (override,) = (o for o in panel["fieldConfig"]["overrides"] if o["matcher"]["options"] == "Worst alarm")
    options = next(p["value"] for p in override["properties"] if p["id"] == "mappings")[0]["options"]
    assert set(alarms.values()) <= set(options)
    assert options[alarms["lost"]]["text"] == "✖ UPS not answering"
    assert options[alarms["sick-blocks"]]["text"] in ("✖ Ground fault", "✖ Residual current")


def test_a_flag_that_says_what_goes_before_the_general_alarm(hall: Hall) -> None:
    _, expr = tile("fleet", "Devices", 3)
    for device in ("case: block gone", "sick-blocks"):
        set_flags = hall.instant(f'generex_bacs_alarm{{device="{device}", flag="general_alarm"}} == 1')
        assert set_flags, device
        (worst,) = hall.instant(of(device, expr))
        assert not worst["metric"]["alarm"].endswith(".general_alarm")


def test_absent_blocks_are_seen_as_absent(hall: Hall) -> None:
    _, absent = tile("bacs", "Blocks absent")
    counts = {s["metric"]["device"]: s["value"][1] for s in hall.instant(absent)}
    assert counts["sick-blocks"] == "1"
    assert counts["fine"] == "0"
    assert "dying" not in counts
    _, flags = tile("bacs", "Flags of each block now")
    states = [s for s in hall.instant(of("sick-blocks", flags)) if s["metric"]["flag"] == "0_state"]
    assert {s["metric"]["block"] for s in states if s["value"][1] == "4"} == {"005"}
    _, heat = tile("bacs", "Block voltage, off the median")
    sick = of("sick-blocks", heat)
    rows = {s["metric"]["block"]: {value for _, value in s["values"]} for s in hall.over_time(sick, 6)}
    assert list(rows) == [f"00{number}" for number in range(1, 9)]
    assert rows["005"] == {"NaN"}
    assert "NaN" not in rows["004"]


def test_flags_that_a_device_does_not_have_are_not_available(hall: Hall) -> None:
    values: dict[str, str] = {}
    for target in ALL_TARGETS:
        if target.title == "Status: every bit":
            expr = of("other-list", filled(target.expr))
            values |= {s["metric"]["flag"]: s["value"][1] for s in hall.instant(expr)}
    assert len(values) == 16
    assert values["backup_mode"] == "-1"
    assert values["output_act"] == "0"  # as it should be


def test_last_seen_is_told_only_of_those_out_of_sight(hall: Hall) -> None:
    (panel,) = (panel for panel in panels("ups") if panel["title"].startswith("Last seen"))
    found = [
        {s["metric"]["device"]: float(s["value"][1]) for s in hall.instant(of(HALL, filled(target["expr"])))}
        for target in panel["targets"]
    ]
    for values in found:
        assert set(values) == {"dying", "lost"}
    ago, was, charge, _ = found
    assert 0 < ago["dying"] < 120  # looked at minute by minute
    assert was == {"dying": 1, "lost": 0}
    assert 0.3 < charge["dying"] <= 0.5


def test_the_weak_block_leads_the_rankings(hall: Hall) -> None:
    for title in ("The ten worst blocks", "Ranking from the last discharge"):
        _, expr = tile("bacs", title)
        result = hall.instant(of("on-battery", expr))
        by_block = {s["metric"]["block"]: float(s["value"][1]) for s in result}
        pick = min if title.startswith("Ranking") else max
        assert pick(by_block, key=lambda block: by_block[block]) == "003"
    _, expr = tile("bacs", "The ten worst blocks")
    result = hall.instant(of("sick-blocks", expr))
    assert max(result, key=lambda s: float(s["value"][1]))["metric"]["block"] == "005"


def test_power_failures_become_annotations(hall: Hall) -> None:
    from tests.dashboards.boardfiles import board

    (note,) = board("ups")["annotations"]["list"]
    assert note["datasource"]["uid"] == "$datasource"
    devices = {s["metric"]["device"] for s in hall.over_time(filled(note["expr"]))}
    assert "fine" in devices
    assert "bypassed" not in devices


@pytest.mark.parametrize("name", CASES)
def test_each_state_and_reason(hall: Hall, name: str) -> None:
    case, device = CASES[name], f"case: {name}"
    assert words(hall, "ups", "Runs on", device) == {device: case.runs_on}
    assert words(hall, "ups", "Would we survive a failure now?", device) == {device: case.survives}


@pytest.mark.parametrize("name", BACS)
def test_each_state_of_a_bacs(hall: Hall, name: str) -> None:
    device = f"case: {name}"
    assert words(hall, "bacs", "BACS", device) == {device: BACS[name]}


def test_a_block_that_is_missing_or_has_a_flag_is_ill(hall: Hall) -> None:
    for board, title, query in (("bacs", "Blocks needing attention", 0), ("fleet", "Devices", 8)):
        _, expr = tile(board, title, query)
        hot = "case: a block's heat, said by its module"
        for device, count in (("case: block gone", "1"), (hot, "1"), ("case: healthy", "0")):
            assert [s["value"][1] for s in hall.instant(of(device, expr))] == [count]
        assert hall.instant(of("gateway", expr)) == []  # not served is not 0


def test_a_gateway_has_no_green_where_it_serves_nothing(hall: Hall) -> None:
    for name, titles in (
        ("bacs", ("Blocks absent", "Blocks needing attention", "Strings side by side")),
        ("ups", ("Output voltage",)),
    ):
        for title in titles:
            panel, expr = tile(name, title)
            expr = of("gateway", expr)
            assert hall.instant(expr) == [], title
            assert panel["fieldConfig"]["defaults"]["noValue"] in ("not served", "n/a"), title


@pytest.mark.parametrize(
    ("job", "said"), [("cases", "– OFF"), ("generex", "● WORKS"), ("fails", "✖ FAILING"), ("none", None)]
)
def test_the_otlp_push_is_off_works_or_fails(hall: Hall, job: str, said: str | None) -> None:
    panel, expr = tile("exporter", "OTLP push")
    options = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    found = hall.instant(expr.replace('job=~".+"', f'job=~"{job}"'))
    assert [options[s["value"][1]]["text"] for s in found] == ([said] if said else [])
    assert options["0"]["color"] != options["2"]["color"]  # off is not green


def test_on_battery_the_tile_tells_the_smaller_runtime(hall: Hall) -> None:
    panel, expr = tile("ups", "Runs on", 1)
    runtimes = {s["metric"]["device"]: float(s["value"][1]) for s in hall.instant(of(HALL, expr))}
    assert set(runtimes) == {"on-battery"}
    for title, query in (("Runtime, says the UPS", 1), ("Runtime, by the charge", 0)):
        _, one = tile("ups", title, query)
        assert runtimes["on-battery"] <= 1.2 * float(hall.instant(of("on-battery", one))[0]["value"][1])
    (override,) = panel["fieldConfig"]["overrides"]
    assert override["matcher"] == {"id": "byFrameRefID", "options": "B"}


def test_no_alarm_and_no_word_about_alarms_are_told_apart(hall: Hall) -> None:
    _, expr = tile("fleet", "Devices", 3)
    alarms = {s["metric"]["device"]: s["metric"]["alarm"] for s in hall.instant(of(HALL, expr))}
    assert alarms["fine"] == "none"
    assert "dying" not in alarms
    assert "case: UPS unread" not in {
        s["metric"]["device"] for s in hall.instant(of("case: UPS unread", expr))
    }


def in_hours(hall: Hall, title: str, query: int = 0) -> list[dict[str, Any]]:
    """What a table of a year finds of `fine`, by the hour as Grafana asks, without the hall's own hour."""
    (panel,) = (panel for panel in panels("bacs") if panel["title"] == title)
    expr = filled(panel["targets"][query]["expr"], "1h")
    found = hall.over_time(of("fine", expr), HISTORY, 3600)
    return [{**one, "values": one["values"][:3]} for one in found]


@pytest.mark.parametrize(
    ("query", "found"), [(0, [600, 660, 600]), (1, [12.2, 12.1, 11.9]), (2, [0.1, 0.2, 0.4])]
)
def test_each_discharge_has_one_row_though_its_record_reaches_into_the_next_hour(
    hall: Hall, query: int, found: list[float]
) -> None:
    (row,) = in_hours(hall, "Discharges of the last year", query)
    assert [float(value) for _, value in row["values"]] == pytest.approx(found)


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Discharges side by side, after the same time", [12.4, 12.3, 12.1]),
        ("Discharges side by side, lowest voltage", [12.2, 12.1, 11.9]),
    ],
)
def test_the_last_three_discharges_of_a_block_stand_side_by_side(
    hall: Hall, title: str, found: list[float]
) -> None:
    (row,) = (series for series in in_hours(hall, title) if series["metric"]["block"] == "003")
    assert [float(value) for _, value in row["values"]] == pytest.approx(found)


def test_the_records_of_the_last_discharge_and_test(hall: Hall) -> None:
    for title, value in (("Length of the last discharge", 600), ("Last time to recharge", 1800)):
        (tile_,) = hall.instant(of("fine", tile("bacs", title)[1]).replace("[90d]", "[90d] offset 5m"))
        assert float(tile_["value"][1]) == value
    (since,) = hall.instant(of("fine", tile("bacs", "Since the last test that was passed")[1]))
    assert 3 * 3600 - 600 < float(since["value"][1]) < 3 * 3600
