"""What README and docs show is true: the example loads, links lead somewhere, no key is left out."""

import re
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.config import config_json_schema, load_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def fenced(language: str, marker: str) -> str:
    """The first fenced block of a language that holds `marker`."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(block for block in blocks if marker in block)


def test_the_example_configuration_loads(tmp_path: Path) -> None:
    path = tmp_path / "generex.yml"
    path.write_text(fenced("yaml", "# generex.yml"), encoding="utf-8")
    config = load_config(path)
    assert [device.name for device in config.devices] == ["ups-a", "ups-b", "ups-c"]
    first, second, third = config.devices
    assert (first.expect.strings, first.expect.modules, first.options.bacs) == (2, 40, "required")
    assert (second.target.unit, second.sensors[0].name) == (2, "battery room")
    assert third.options.request_timeout == 0.5
    assert config.probe.allow[0].allows("10.0.1.9", 502)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"^@[A-Z]+@$", README, re.MULTILINE)


def test_every_key_of_the_schema_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = config_json_schema()
    sections = [schema, *schema["$defs"].values()]
    keys = {key for section in sections for key in section.get("properties", {})}
    assert {"devices", "target", "base_address", "allow"} <= keys
    assert not [key for key in sorted(keys) if f"| `{key}` |" not in page]


def test_the_shown_explanation_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ups.status", "56", "--format=text"]) == 0
    assert f"$ generex-exporter explain ups.status 56\n{capsys.readouterr().out}```" in README
