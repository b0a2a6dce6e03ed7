"""The rules of grafana/dashboard-linter (peers.md 5.2), over the JSON; and the real one where it is there."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.dashboards.boardfiles import FOLDER, NAMES, Target, board, panels, targets

# units of Grafana that the boards use; the real linter has the whole list
UNITS = {
    "none", "short", "percentunit", "hex0x", "volt", "amp", "ohm", "voltamp", "celsius", "kelvin", "hertz",
    "s", "dtdurations", "dateTimeAsLocal", "string", "bytes", "reqps", "cps",
}  # fmt: skip
SELECTOR = re.compile(r"((?:[a-z]+:)?[a-zA-Z_][a-zA-Z0-9_:]*)?\{([^{}]*)\}")

ALL_TARGETS = list(targets())


def variable(name: str, wanted: str) -> dict[str, Any]:
    (found,) = (v for v in board(name)["templating"]["list"] if v["name"] == wanted)
    return dict(found)


@pytest.mark.parametrize("name", NAMES)
class TestBoard:
    def test_template_datasource(self, name: str) -> None:
        (source,) = (v for v in board(name)["templating"]["list"] if v["type"] == "datasource")
        assert (source["name"], source["label"], source["query"]) == (
            "datasource",
            "Data Source",
            "prometheus",
        )

    @pytest.mark.parametrize("wanted", ["job", "instance", "device"])
    def test_template_job_instance_and_device(self, name: str, wanted: str) -> None:
        found = variable(name, wanted)
        assert found["type"] == "query"
        assert found["datasource"]["uid"] == "$datasource"
        assert found["label"] == wanted.title()
        if wanted == "device" and name in ("ups", "bacs"):  # these open on one
            assert (found["multi"], found["includeAll"]) == (False, False)
            return
        assert found["multi"] is True
        assert found["includeAll"] is True
        assert found["allValue"] == ".+"

    def test_template_label_promql(self, name: str) -> None:
        for found in board(name)["templating"]["list"]:
            if found["type"] == "query":
                assert re.fullmatch(r"label_values\(.+, \w+\)", found["query"])

    def test_template_on_time_change_reload(self, name: str) -> None:
        assert all(v["refresh"] == 2 for v in board(name)["templating"]["list"] if v["type"] == "query")

    def test_uneditable(self, name: str) -> None:
        assert board(name)["editable"] is False

    def test_panel_datasource(self, name: str) -> None:
        for panel in panels(name):
            assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
            for target in panel["targets"]:
                assert target["datasource"]["uid"] == "$datasource"

    def test_panel_title_description(self, name: str) -> None:
        assert all(panel["title"] and panel["description"] for panel in panels(name))

    def test_panel_no_targets(self, name: str) -> None:
        assert all(panel["targets"] for panel in panels(name))

    def test_panel_units(self, name: str) -> None:
        for panel in panels(name):
            units = {panel["fieldConfig"]["defaults"]["unit"]}
            for override in panel["fieldConfig"]["overrides"]:
                units |= {p["value"] for p in override["properties"] if p["id"] == "unit"}
            assert units <= UNITS, panel["title"]


@pytest.mark.parametrize("target", ALL_TARGETS, ids=str)
class TestTarget:
    def test_job_and_instance(self, target: Target) -> None:
        selectors = SELECTOR.findall(target.expr)
        assert selectors
        for metric, matchers in selectors:
            if ":" in metric + matchers or metric == "ALERTS":
                # rules and alerts know no job and no instance: .lint says so, and the device is chosen
                assert excepted(target, "target-job-rule")
                assert excepted(target, "target-instance-rule")
                assert any(
                    f"device{chosen}" in matchers for chosen in ('="$device"', '=~"$device"', '=~"$device|"')
                )
            else:
                assert 'job=~"$job"' in matchers
                assert 'instance=~"$instance"' in matchers

    def test_no_selector_without_braces(self, target: Target) -> None:
        bare = re.sub(r'"[^"]*"', '""', target.expr)
        assert re.findall(r"(?<!:)\b(?:generex|process|python)_\w+(?![\w:{])", bare) == []

    def test_rate_interval(self, target: Target) -> None:
        for function, window in re.findall(r"\b(rate|irate)\([^\[]*\[([^\]]*)\]", target.expr):
            assert window == "$__rate_interval", function

    def test_counters_only_as_increase(self, target: Target) -> None:
        for match in re.finditer(r"\w+_total\b", target.expr):
            assert target.expr[: match.start()].endswith(("rate(", "increase(")), target.expr


def excepted(target: Target, rule: str) -> bool:
    lint = yaml.safe_load((FOLDER / ".lint").read_text(encoding="utf-8"))
    wanted = {
        "dashboard": board(target.board)["title"],
        "panel": target.title,
        "targetIdx": str(target.index),
    }
    return wanted in lint["exclusions"][rule]["entries"]


def test_every_exception_of_the_linter_has_a_reason() -> None:
    lint = yaml.safe_load((FOLDER / ".lint").read_text(encoding="utf-8"))
    assert set(lint) == {"exclusions"}
    assert all(len(rule["reason"]) > 40 for rule in lint["exclusions"].values())


@pytest.mark.parametrize("name", NAMES)
def test_the_real_linter(name: str) -> None:
    linter = shutil.which("dashboard-linter")
    if linter is None:  # in no Debian package, so REQUIRE_REAL does not ask for it
        pytest.skip("dashboard-linter is not on PATH (go install github.com/grafana/dashboard-linter@v0.2.0)")
    command = [linter, "lint", "--strict", str(FOLDER / f"{name}.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
