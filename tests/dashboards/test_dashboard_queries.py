"""Every query of every panel on a real Prometheus, fed by the simulator through the exporter."""

import math
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from boardfiles import Target, panels, targets
from hall import Hall, filled, running_hall
from support import wait_for

ALL_TARGETS = list(targets())


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with running_hall(tmp_path_factory.mktemp("hall")) as it:
        time.sleep(8)
        it.turn("fine", mains=False)  # a short power failure, so that something was counted
        time.sleep(3)
        it.turn("fine", mains=True)
        it.turn("lost", ups_communication=False)
        it.turn("dying", answers=False)
        wait_for(lambda: len(it.instant("generex_up == 0")) == 2, what="the device that dies")
        wait_for(lambda: it.instant('generex_data_valid{group="ups"} == 0'), what="the UPS that is lost")
        time.sleep(4)
        yield it


@pytest.mark.parametrize("target", ALL_TARGETS, ids=str)
def test_query_returns_data(hall: Hall, target: Target) -> None:
    names = re.findall(r"\bgenerex_exporter_otlp_\w+", target.expr)
    if names and not any(name in hall.exporter.get("/metrics") for name in names):
        pytest.skip("this exporter does not push over OTLP, so it has no counters for it")
    expr = filled(target.expr)
    values = numbers(hall.instant(expr) if target.instant else hall.over_time(expr))
    if "vector(-1)" in expr:
        values = [value for value in values if value != -1]
    assert values, expr


def numbers(result: list[dict[str, Any]]) -> list[float]:
    pairs = [pair for series in result for pair in (series.get("values") or [series["value"]])]
    return [value for value in (float(text) for _, text in pairs) if math.isfinite(value)]


def tile(name: str, title: str, query: int = 0) -> tuple[dict[str, Any], str]:
    (panel,) = (panel for panel in panels(name) if panel["title"] == title)
    return panel, filled(panel["targets"][query]["expr"])


def words(hall: Hall, name: str, title: str) -> dict[str, str]:
    """What a state tile says about each device."""
    panel, expr = tile(name, title)
    options = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    return {s["metric"]["device"]: options[s["value"][1]]["text"] for s in hall.instant(expr)}


def test_states_by_precedence(hall: Hall) -> None:
    assert words(hall, "ups", "Runs on") == {
        "fine": "● MAINS",
        "on-battery": "▲ ON BATTERY",
        "sick-blocks": "● MAINS",
        "lost": "? UPS LOST",
        "dying": "✖ UNREACHABLE",
        "never-there": "✖ UNREACHABLE",
        "bypassed": "◆ BYPASS",
        "gateway": "● MAINS",
        "other-list": "? NOT SERVED",  # it has no word for what it runs on, and that is not mains
    }


def test_survival_with_its_reason(hall: Hall) -> None:
    assert words(hall, "ups", "Would we survive a failure now?") == {
        "fine": "✔ YES",
        "on-battery": "▲ on battery now",
        "sick-blocks": "✖ NO: block missing",
        "lost": "? UPS lost",
        "dying": "? unreachable",
        "never-there": "? unreachable",
        "bypassed": "✖ NO: on bypass",
        "gateway": "? blocks not served",  # a gateway does not serve strings and modules
        "other-list": "? not served",
    }


def test_the_bacs_tile(hall: Hall) -> None:
    said = words(hall, "bacs", "BACS")
    assert said["fine"] == "● RUNNING"
    assert said["on-battery"] == "▲ DISCHARGING"
    assert said["dying"] == "✖ UNREACHABLE"
    assert said["sick-blocks"] == "✖ DANGER: KEEP OUT"
    assert said["other-list"] == "– NO BACS SERVED"


def test_the_worst_comes_first_and_dead_devices_stay(hall: Hall) -> None:
    _, trouble = tile("fleet", "Devices")
    order = {s["metric"]["device"]: float(s["value"][1]) for s in hall.instant(trouble)}
    assert len(order) == 9
    ranked = sorted(order, key=lambda device: -order[device])
    assert set(ranked[:2]) == {"dying", "never-there"}
    assert ranked[2] == "lost"
    assert ranked[-1] in ("fine", "other-list")


def test_the_worst_alarm_in_words(hall: Hall) -> None:
    panel, expr = tile("fleet", "Devices", 3)
    alarms = {s["metric"]["device"]: s["metric"]["alarm"] for s in hall.instant(expr)}
    (override,) = (o for o in panel["fieldConfig"]["overrides"] if o["matcher"]["options"] == "Worst alarm")
    options = next(p["value"] for p in override["properties"] if p["id"] == "mappings")[0]["options"]
    assert set(alarms.values()) <= set(options)
    assert options[alarms["lost"]]["text"] == "✖ UPS not answering"
    assert options[alarms["sick-blocks"]]["text"].startswith("✖ ")
    assert "fine" not in alarms
    assert "dying" not in alarms


def test_absent_blocks_are_seen_as_absent(hall: Hall) -> None:
    _, absent = tile("bacs", "Blocks absent")
    counts = {s["metric"]["device"]: s["value"][1] for s in hall.instant(absent)}
    assert counts["sick-blocks"] == "1"
    assert counts["fine"] == "0"
    assert "dying" not in counts
    _, heat = tile("bacs", "Block voltage")
    sick = heat.replace('device=~".+"', 'device="sick-blocks"')
    rows = {s["metric"]["block"]: {value for _, value in s["values"]} for s in hall.over_time(sick, 6)}
    assert list(rows) == [f"00{number}" for number in range(1, 9)]
    assert rows["005"] == {"NaN"}
    assert "NaN" not in rows["004"]


def test_flags_that_a_device_does_not_have_are_not_available(hall: Hall) -> None:
    values: dict[str, str] = {}
    for target in ALL_TARGETS:
        if target.title == "Status: every bit":
            expr = filled(target.expr).replace('device=~".+"', 'device="other-list"')
            values |= {s["metric"]["flag"]: s["value"][1] for s in hall.instant(expr)}
    assert len(values) == 16
    assert values["backup_mode"] == "-1"
    assert values["output_act"] == "1"


def test_last_seen_is_told_only_of_those_out_of_sight(hall: Hall) -> None:
    (panel,) = (panel for panel in panels("ups") if panel["title"].startswith("Last seen"))
    found = [
        {s["metric"]["device"]: float(s["value"][1]) for s in hall.instant(filled(target["expr"]))}
        for target in panel["targets"]
    ]
    for values in found:
        assert set(values) == {"dying", "lost"}
    ago, was, charge, _ = found
    assert 0 < ago["dying"] < 60
    assert was == {"dying": 1, "lost": 0}
    assert 0.3 < charge["dying"] <= 0.5


def test_the_weak_block_leads_the_rankings(hall: Hall) -> None:
    for title in ("The ten worst blocks", "Ranking from the last discharge"):
        _, expr = tile("bacs", title)
        result = hall.instant(expr.replace('device=~".+"', 'device="on-battery"'))
        by_block = {s["metric"]["block"]: float(s["value"][1]) for s in result}
        pick = min if title.startswith("Ranking") else max
        assert pick(by_block, key=lambda block: by_block[block]) == "003"
    _, expr = tile("bacs", "The ten worst blocks")
    result = hall.instant(expr.replace('device=~".+"', 'device="sick-blocks"'))
    assert max(result, key=lambda s: float(s["value"][1]))["metric"]["block"] == "005"


def test_power_failures_become_annotations(hall: Hall) -> None:
    from boardfiles import board

    (note,) = board("ups")["annotations"]["list"]
    assert note["datasource"]["uid"] == "$datasource"
    devices = {s["metric"]["device"] for s in hall.over_time(filled(note["expr"]))}
    assert "fine" in devices
    assert "bypassed" not in devices


WHOLE: dict[str, Any] = {
    "bypass": False, "load": [0.4, 0.4, 0.4], "eco": False, "test": False, "output": True, "breaker": True,
    "charger": True, "faults": [], "charge": 1.0, "bacs_starting": False, "lost_modules": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("knobs", "runs_on", "survives"),
    [
        ({}, "● MAINS", "✔ YES"),
        ({"eco": True}, "◐ ECO", "✔ YES"),
        ({"eco": True, "bypass": True}, "◆ BYPASS", "✖ NO: on bypass"),
        ({"test": True}, "▲ ON BATTERY", "▲ on battery now"),
        ({"test": True, "output": False}, "✖ LOAD DARK", "✖ load is dark"),
        ({"breaker": False}, "● MAINS", "✖ NO: battery depleted"),  # the UPS itself sees no battery then
        ({"load": [1.2, 0.4, 0.4]}, "● MAINS", "✖ NO: overload"),
        ({"charger": False}, "● MAINS", "✖ NO: charger failed"),
        ({"faults": ["inverter_failure", "battery_bad"]}, "● MAINS", "✖ NO: UPS fault"),
        ({"faults": ["battery_bad"]}, "● MAINS", "✖ NO: battery bad"),
        ({"faults": ["diagnostic_test_failed"]}, "● MAINS", "✖ NO: test failed"),
        ({"lost_modules": [8]}, "● MAINS", "✖ NO: block missing"),
        ({"charge": 0.6}, "● MAINS", "✖ NO: charge < 90%"),
        ({"bacs_starting": True}, "● MAINS", "? BACS not trusted"),
    ],
)
def test_each_state_and_reason(hall: Hall, knobs: dict[str, Any], runs_on: str, survives: str) -> None:
    hall.turn("bypassed", **(WHOLE | knobs))

    def said() -> bool:
        assert words(hall, "ups", "Runs on")["bypassed"] == runs_on
        assert words(hall, "ups", "Would we survive a failure now?")["bypassed"] == survives
        return True

    wait_for(said, 8, "both tiles")


@pytest.mark.parametrize("address", [117, 109])
def test_a_flag_in_one_of_its_two_places_is_enough(hall: Hall, address: int) -> None:
    device = hall.devices["bypassed"]
    hall.turn("bypassed", **WHOLE)
    battery_low = {117: 1, 109: 0b10100}[address]
    hall.loop.call_soon_threadsafe(device.set, address, battery_low)
    title = "Would we survive a failure now?"
    try:
        wait_for(lambda: words(hall, "ups", title)["bypassed"] == "✖ NO: battery low", 8, "the low battery")
    finally:
        hall.loop.call_soon_threadsafe(device.unset, address)
    wait_for(lambda: words(hall, "ups", title)["bypassed"] == "✔ YES", 8, "its end")
