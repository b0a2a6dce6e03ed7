"""`generate reference`: the committed page is the generator's, complete, and written whole or not at all."""

import argparse
import re
from pathlib import Path

import pytest

from exporter.commands import generate
from exporter.errors import UserError
from exporter.files import write_files
from exporter.generate.reference import exporter_metrics, metrics_page
from exporter.maps import built_in_maps
from exporter.maps.pass_metrics import PASS_METRICS

COMMITTED = Path(__file__).parents[2] / "docs" / "metrics.md"
PAGE = metrics_page(built_in_maps())

# typed from design 2.4
METRICS = [
    "generex_ups_output_volts", "generex_ups_output_load_ratio",
    "generex_ups_battery_charge_ratio", "generex_ups_input_volts", "generex_ups_temperature_celsius",
    "generex_ups_battery_runtime_seconds", "generex_ups_status", "generex_ups_status_word",
    "generex_ups_battery_volts", "generex_ups_input_frequency_hertz",
    "generex_ups_power_failures_total", "generex_ups_alarm", "generex_ups_aux_input",
    "generex_sensor_temperature_celsius", "generex_sensor_humidity_ratio", "generex_sensor_value",
    "generex_bacs_state", "generex_bacs_state_word", "generex_bacs_alarm", "generex_bacs_alarm_word",
    "generex_bacs_strings", "generex_bacs_modules", "generex_bacs_string_current_amperes",
    "generex_bacs_string_volts", "generex_bacs_string_module_average_volts",
    "generex_bacs_string_ripple_current_amperes", "generex_bacs_module_temperature_celsius",
    "generex_bacs_module_volts", "generex_bacs_module_resistance_ohms",
    "generex_bacs_module_equalization_ratio", "generex_bacs_module_alarm",
    "generex_bacs_module_alarm_word", "generex_bacs_module_present", "generex_prof_sequence_number",
    "generex_prof_error_code", "generex_undefined_flags", "generex_odd_words", "generex_refused_words",
    "generex_device_info", "generex_up", "generex_group_up", "generex_data_valid",
    "generex_scrape_duration_seconds", "generex_scrape_timeout_seconds", "generex_scrape_requests",
    "generex_expected_phases", "generex_expected_output_volts", "generex_expected_input_volts",
    "generex_expected_battery_info", "generex_expected_cells_per_block", "generex_expected_string_group_info",
    "generex_expected_runtime_seconds", "generex_expected_test_interval_seconds",
    "generex_expected_test_seconds", "generex_expected_redundancy_group_info",
    "generex_expected_block_resistance_ohms", "generex_expected_block_installed_timestamp_seconds",
    "generex_exporter_build_info", "generex_exporter_web_info",
    "generex_exporter_config_last_reload_successful",
    "generex_exporter_config_last_reload_success_timestamp_seconds",
    "generex_exporter_modbus_requests_total", "generex_exporter_scrapes_coalesced_total",
    "generex_exporter_modbus_errors_total", "generex_exporter_modbus_echoes_total",
    "generex_exporter_modbus_foreign_answers_total",
    "generex_exporter_otlp_exports_total", "generex_exporter_otlp_export_failures_total",
]  # fmt: skip


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="generate")
    generate.add_arguments(parser)
    return generate.run(parser.parse_args(arguments))


def cells(first: str) -> list[str]:
    """The cells of the row that begins with `first`; escaped pipes do not part cells."""
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def section(heading: str) -> str:
    return re.split(r"\n##+ ", PAGE.split(f"\n{heading}\n", 1)[1], maxsplit=1)[0]


def test_the_committed_page_is_what_the_generator_writes() -> None:
    hint = "run `generex-exporter generate reference` and commit docs/"
    assert COMMITTED.read_text(encoding="utf-8") == PAGE, hint


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_the_contract_has_a_row(name: str) -> None:
    metric, meaning, kind, *_ = cells(f"`{name}`")
    assert metric == f"`{name}`"
    assert meaning.endswith(".")
    assert kind == ("counter" if name.endswith("_total") else "gauge")
    assert PAGE.count(f"\n| `{name}` |") == 1


def test_every_metric_there_is_has_a_row() -> None:
    names = {name for item in built_in_maps().values() for name in item.metrics}
    names |= {metric.name for metric in PASS_METRICS} | {metric.name for metric, _ in exporter_metrics()}
    assert names <= set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))


def test_rows() -> None:
    *row, addresses = cells("`generex_ups_input_volts`")[2:]
    assert row == ["gauge", "volts", "`phase` (`1`, `2`, `3`)"]
    assert addresses.startswith("`ups` 104–106 (C); ")
    for other in ("`everexceed` 102 (V)", "`inform` 104–106 (C)", "`prof` 5–7 (C)"):
        assert other in addresses.split("; ")
    assert cells("`generex_bacs_module_volts`")[2:] == [
        "gauge", "volts", "`string` (where known), `module`", "`bacs` 1061 + 5·(n−1) (F)",
    ]  # fmt: skip
    assert cells("`generex_bacs_alarm`")[5].startswith("`bacs` 1002 (C); `bacs` 1005 (I)")
    assert cells("`generex_sensor_value`")[4:] == [
        "`sensor`", "`sensors` 143–150 (F), where the configuration names the sensor",
    ]  # fmt: skip
    assert cells("`generex_group_up`")[4] == "`group`"
    assert cells("`generex_device_info`")[4] == "`target`, `module`, `unit`"
    assert set(cells("`generex_exporter_modbus_errors_total`")[4].split(", ")) == {"`device`", "`reason`"}


def test_flag_tables() -> None:
    status = section("### ups.status")
    assert "`generex_ups_status` from `ups.status` at 109" in status
    rows = [line for line in status.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == 16
    assert "| 5 | 0x0020 | `over_temp` | `UPS_SB_OVER_TEMP` | Too hot | critical |  | " in rows[5]
    normal = [row.split(" | ")[2] for row in rows if row.split(" | ")[6] == "yes"]
    assert normal == ["`output_act`"]
    assert "`bacs.module_alarm` at 1063 + 5·(n−1)" in section("### bacs.alarms")
    assert len(re.findall(r"^\| \d+ \| 0x", section("### bacs.alarms_1"), re.MULTILINE)) == 14
    alarms = section("### generex_ups_alarm")
    for number in range(115, 139):
        assert f"\n| `ups` {number}; " in alarms


def test_links_lead_to_headings() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def check_tables(page: str) -> None:
    """Every row has as many cells as its head, and ends in its line."""
    width = 0
    for line in page.splitlines():
        count = len(re.split(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert count in (0, width) or width == 0, line
        assert not count or line.endswith(" |"), line
        width = count


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    check_tables(PAGE)


def test_examples() -> None:
    assert 'generex_ups_status{device="ups-a",site="north",flag="output_act"} 1\n' in PAGE
    assert (
        'generex_bacs_module_temperature_celsius{device="ups-a",site="north",string="1",module="1"} 18.5\n'
        in PAGE
    )


def test_writes_all_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "docs"
    assert run("reference", "--out", str(out)) == 0
    assert (out / "metrics.md").read_bytes() == PAGE.encode()
    assert (out / "configuration.md").read_text(encoding="utf-8").startswith("# Configuration\n")
    names = ["metrics.md", "otlp.md", "configuration.md"]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert capsys.readouterr().out == "".join(f"wrote {out / name}\n" for name in names)
    for name in names:
        committed = COMMITTED.with_name(name).read_text(encoding="utf-8")
        hint = "run `generex-exporter generate reference` and commit docs/"
        assert (out / name).read_text(encoding="utf-8") == committed, hint


def test_docs_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("reference") == 0
    assert (tmp_path / "docs" / "metrics.md").exists()


def test_own_maps_and_what_markdown_would_misread(tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text(
        "map: pump\ntitle: Pump *1*\nsource: manual\nmetrics:\n"
        "  generex_pump_mode: {help: 'Mode | of <b>the</b> _pump_.'}\n"
        "groups:\n  pump:\n    title: Pump\n    words:\n"
        "      raw: {address: 1}\n"
        "      mode: {formula: raw | 1, metric: generex_pump_mode, states: {1: idle, 3: auto}}\n",
        encoding="utf-8",
    )
    config = tmp_path / "generex.yml"
    config.write_text("maps: [pump.yaml]\n", encoding="utf-8")
    assert run("reference", "--config", str(config), "--out", str(tmp_path / "out")) == 0
    page = (tmp_path / "out" / "metrics.md").read_text(encoding="utf-8")
    assert "\n## Pump \\*1\\*\n" in page
    assert (
        "| `generex_pump_mode` | Mode \\| of \\<b>the\\</b> \\_pump\\_. | gauge |  "
        "| `state` ([states](#states)) | `pump` `= raw \\| 1` |" in page
    )
    assert "| `pump.mode` | 3 | `auto` |" in page


HOSTILE = """
map: pump
title: Pump
source: manual
metrics:
  generex_pump_status: {help: "Status\\nof the pump, x|y.", otlp: {attributes: {generex.pump: "x|y"}}}
flag_sets:
  bits:
    wet: {bit: 0, vendor: "A|B", label: Wet, description: "It is\\nwet|damp.", severity: none, action: None.}
groups:
  pump:
    title: Pump
    words:
      status: {address: 1, metric: generex_pump_status, flags: bits}
"""


WET = r"It is wet\|damp."


@pytest.mark.parametrize(
    ("kind", "texts"), [("reference", (WET, r"`generex.pump`=x\|y")), ("alerts", (WET,))]
)
def test_no_text_of_an_own_map_breaks_a_table(kind: str, texts: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "generex.yml").write_text("maps: [pump.yaml]\n", encoding="utf-8")
    assert run(kind, f"--config={tmp_path}/generex.yml", f"--out={tmp_path}/out") == 0
    pages = [path.read_text(encoding="utf-8") for path in tmp_path.glob("out/**/*.md")]
    assert all(any(text in page for page in pages) for text in texts)
    for page in pages:
        check_tables(page)


def test_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "first.md").write_text("old", encoding="utf-8")
    (tmp_path / "second.md").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"cannot write .*file.*third\.md: "):
        write_files(tmp_path, {"first.md": "new", "file/third.md": "new"})
    assert (tmp_path / "first.md").read_text(encoding="utf-8") == "old"
    with pytest.raises(UserError, match=r"cannot write .*second\.md: "):
        write_files(tmp_path, {"second.md": "new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "first.md", "second.md"]


@pytest.mark.parametrize("arguments", [(), ("unknown",), ("reference", "--set", "x=1")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
