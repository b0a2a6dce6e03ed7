"""What README and docs show is true: the example loads, links lead somewhere, no key is left out."""

import doctest
import re
import shlex
import shutil
from itertools import takewhile
from pathlib import Path

import pytest

from exporter.assess.outcomes import CHARGE, SURVIVAL
from exporter.cli import _parser, main
from exporter.config import config_json_schema, load_config
from tests.snapshots import Source, simulated
from tests.snapshots import page as rendered

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "docs" / "examples"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language on a page."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def fenced(language: str, marker: str) -> str:
    """The first fenced block of a language that holds `marker`."""
    return next(block for block in blocks(ROOT / "README.md", language) if marker in block)


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


COMMAND = re.compile(r"^\$ generex-exporter ((?:explain|maps|check) .+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
SHOWN = [
    pytest.param(command, printed, id=f"{page.name}: {command[:40]}")
    for page in PAGES
    for block in blocks(page, "console")
    for command, printed in COMMAND.findall(block)
    if printed.strip()
]


@pytest.mark.parametrize(("command", "printed"), SHOWN)
def test_what_is_shown_is_what_is_printed(
    command: str, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder of the examples; a line of three dots stands for those left out."""
    monkeypatch.chdir(EXAMPLES)
    assert main(shlex.split(command)) == 0
    found = capsys.readouterr().out
    assert doctest.OutputChecker().check_output(printed, found, doctest.ELLIPSIS), found


def test_what_is_shown_is_looked_at() -> None:
    assert {param.id.split(":")[0] for param in SHOWN} >= {"README.md", "gateway.md", "own-maps.md"}


def test_the_readme_shows_series_of_the_simulated_device() -> None:
    lines = rendered([Source(name="demo", modules=40).snapshot(simulated(modules=40))]).splitlines()
    assert set(fenced("text", "generex_ups_output_volts").splitlines()) <= set(lines)
    series = sum(not line.startswith("#") for line in lines)
    assert f"among {series:,} series of the simulated device with its 2 strings of 20 blocks" in README


def told(page: Path) -> list[list[str]]:
    """The commands of ours that a page tells to type, in words."""
    lines = [line for block in blocks(page, "console") for line in block.replace("\\\n", "").splitlines()]
    split = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines if line.startswith("$ ")]
    return [
        list(takewhile(lambda word: word != "|", it[1:])) for it in split if it[:1] == ["generex-exporter"]
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if told(page)], ids=lambda page: page.name)
def test_commands_that_are_told_have_these_flags(page: Path) -> None:
    for words in told(page):
        command = ["serve", *words] if words[0].startswith("-") else words
        _, unknown = _parser(command[:1]).parse_known_args(command)
        assert not unknown, words


CONFIGURATIONS = [
    pytest.param(block, id=f"{page.name} {number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "yaml"))
    if re.search(r"^devices:", block, re.MULTILINE)
]


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_every_shown_configuration_loads(text: str, tmp_path: Path) -> None:
    for file in EXAMPLES.iterdir():
        shutil.copy(file, tmp_path)
    path = tmp_path / "shown.yml"
    path.write_text(text, encoding="utf-8")
    assert load_config(path).devices


CITATION = re.compile(
    r"\b(device(?=\.)|operations|peers|design)(?:\.md)? (\d[\d.]*(?:(?:, |; | and | to |–)\d[\d.]*)*)"
)
CITING = [
    path
    for folder in ("exporter", "tests", "docs", "alerts", "deploy")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".md", ".py", ".yaml", ".yml"} and "sources" not in path.parts
]


def test_what_is_cited_is_in_the_sources() -> None:
    """ "operations 1.4" is the section 1.4 of docs/sources/operations.md."""
    sections = {
        path.stem: set(re.findall(r"^#+ (\d+(?:\.\d+)?)", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in (ROOT / "docs" / "sources").glob("*.md")
    }
    cited = {
        (path.relative_to(ROOT).as_posix(), page, number)
        for path in CITING
        for page, numbers in CITATION.findall(path.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+(?:\.\d+)?", numbers)
    }
    assert {page for _, page, _ in cited} == {"device", "operations", "peers", "design"}
    assert not sorted(where for where in cited if where[2] not in sections[where[1]])


def test_the_parts_of_the_worked_example_are_parts_of_its_file() -> None:
    names = ("own_ups.yaml", "own_modes.yaml")
    files = [set((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) for name in names]
    shown = [block for block in blocks(ROOT / "docs" / "own-maps.md", "yaml") if "own_ups.yaml" not in block]
    assert len(shown) >= 12
    assert not [block for block in shown if not any(set(block.splitlines()) <= file for file in files)]


def test_the_worked_example_is_right() -> None:
    """The addresses and bits of the vendor's list (device.md 5.2)."""
    words = load_config(EXAMPLES / "own.yml").maps["own_ups"].words
    places = [(name, words[name].address) for name in ("temperature", "input_volts_1", "status")]
    assert places == [("temperature", 100), ("input_volts_1", 102), ("status", 106)]
    flags = [(flag.name, flag.mask) for flag in words["status"].flags]
    assert flags == [("bypass_mode", 1), ("output_act", 4)]


def test_the_boards_page_names_every_answer_to_survival() -> None:
    table = (ROOT / "docs/dashboards.md").read_text()
    for row in SURVIVAL:
        words = row.survival.replace(CHARGE, "90").removeprefix("NO: ")
        assert re.search(rf"^  \| .*{re.escape(words)}.* \|", table, re.M), words
