"""The documentation that the exporter serves, and its search."""

from pathlib import Path

import pytest

from exporter.assess.outcomes import CHARGE, OUTCOMES
from exporter.maps import built_in_maps
from exporter.web.pages.manual import find, render
from exporter.web.pages.sources import sources
from tests.loops import run
from tests.web.webcase import serving


def test_every_markdown_file_is_a_page() -> None:
    root = Path(__file__).parents[2]
    files = {path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md")}
    files |= {"alerts/runbook.md", "README.md", "SECURITY.md", "CHANGELOG.md"}
    assert set(sources().values()) == files


@pytest.mark.parametrize(
    ("wanted", "kind", "title"),
    [
        ("thermal runaway", "Flag", "Thermal runaway"),
        ("GenerexThermalRunaway", "Alert", "GenerexThermalRunaway"),
        ("UPS_SB_OVER_TEMP", "Flag", "Too hot"),
        ("battery breaker", "Flag", "Battery breaker open"),
        ("low charge on mains", "Runbook", "Low charge on mains"),
        ("planned work", "Runbook", "Planned work"),
        ("Lost on battery", "State", "Lost on battery"),
        ("NO: charge < 90 %", "State", "NO: charge < 90 %"),
        ("UPS not read", "State", "UPS not read"),
        ("block missing", "State", "Block missing / NO: block missing"),
        ("thermal-runaway", "Flag", "Thermal runaway"),
        ("overtemperature", "Flag", "Too hot"),
    ],
)
def test_the_search_finds_flags_and_alerts_first(wanted: str, kind: str, title: str) -> None:
    hits = find(wanted, built_in_maps())
    assert (hits[0].kind, hits[0].title) == (kind, title)


@pytest.mark.parametrize(
    ("wanted", "alerts"),
    [
        ("thermal runaway", ("GenerexThermalRunaway",)),
        ("UPS_SB_BATTERY_LOW", ("GenerexBatteryLowOnBattery", "GenerexBatteryLow")),
        ("UPS_SB_OUTPUT_ACT", ("GenerexLoadDark",)),
        ("eco mode", ()),
    ],
)
def test_a_flag_that_is_found_leads_to_its_sections(wanted: str, alerts: tuple[str, ...]) -> None:
    hit = next(hit for hit in find(wanted, built_in_maps()) if hit.kind == "Flag")
    assert hit.alerts == alerts


def test_a_state_that_is_found_leads_to_its_section() -> None:
    hit = next(hit for hit in find("block missing", built_in_maps()) if hit.kind == "State")
    assert hit.path == "runbook#generexmodulessilent"
    assert "block" in hit.text


def test_states_of_one_name_can_be_told_apart() -> None:
    titles = [hit.title for hit in find("danger: keep out", built_in_maps()) if hit.kind == "State"]
    assert "Danger: keep out / NO: ground fault / Ground fault" in titles
    assert len(titles) == len(set(titles))


def test_every_state_with_a_section_is_found() -> None:
    rows = [(row, name) for row in OUTCOMES if row.section for name in (row.state, row.survival, row.bacs)]
    for row, name in rows:
        if not name or CHARGE in name:
            continue
        paths = [hit.path for hit in find(name, built_in_maps()) if hit.kind == "State"]
        assert f"runbook#{row.section.lower().replace(' ', '-')}" in paths, name


def test_a_search_for_nothing_finds_nothing() -> None:
    assert find("  ", built_in_maps()) == []
    assert find("zzyzx", built_in_maps()) == []


def test_html_in_a_source_stays_text() -> None:
    assert "<!--" not in render("readme").html


def test_pages_and_errors() -> None:
    async def main() -> None:
        async with serving(targets=["a=127.0.0.1:1"]) as client:
            assert "<h1>Documentation</h1>" in await client.text("/docs/")
            assert 'id="thresholds"' in await client.text("/docs/alerts")
            assert 'no page of the documentation is called "none"' in await client.text("/docs/none", 404)
            assert "unknown path" in await client.text("/docs/images/..%2Fpyproject.toml", 404)
            assert 'unknown parameter "x"' in await client.text("/docs/search?x=1", 400)
            assert "&lt;script&gt;" in await client.text("/docs/search?q=%3Cscript%3E")
            found = await client.text("/docs/search?q=UPS_SB_OVER_TEMP")
            assert '<a href="../docs/runbook#generexupshot">GenerexUpsHot</a>' in found

    run(main())


OWN_MAP = """
map: pump
title: Pump
source: a sheet
metrics:
  generex_pump_state: {help: "<i>state</i>"}
flag_sets:
  pump_bits:
    leak:
      bit: 0
      vendor: LEAK
      label: "<img src=x onerror=alert(1)>"
      description: "<b>wet</b>"
      severity: warning
groups:
  pump:
    title: Pump
    words:
      state: {address: 1, vendor: STATE, metric: generex_pump_state, flags: pump_bits}
"""


def test_hostile_text_in_a_map_of_the_users_own_stays_text(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN_MAP)
    (tmp_path / "c.yaml").write_text(
        "maps: [own.yaml]\nmodules: {pump: {maps: [pump]}}\n"
        "devices: [{name: a, target: 127.0.0.1:1, module: pump}]\n"
    )

    async def main() -> None:
        async with serving(tmp_path / "c.yaml") as client:
            page = await client.text("/docs/search?q=wet")
            assert "&lt;img src=x onerror=alert(1)&gt;" in page
            assert "<img src=x" not in page

    run(main())
