"""The image's locked dependencies are those of pyproject.toml, each with its hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = {
    "requirements.txt": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["otlp"],
    ],
    "build-requirements.txt": PROJECT["build-system"]["requires"],
}


def pins(file: str) -> dict[str, tuple[str, int]]:
    """Each package's version, and how many hashes it has."""
    text = (ROOT / "deploy/image" / file).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    found = {}
    for entry in entries:
        match = re.match(r"([a-z0-9-]+)==([^\s;]+)", entry)
        assert match, f"{file}: not pinned: {entry.splitlines()[0]}"
        found[match[1]] = (match[2], entry.count("--hash=sha256:"))
    return found


@pytest.mark.parametrize("file", WANTED)
def test_every_dependency_is_locked(file: str) -> None:
    locked = pins(file)
    for requirement in map(Requirement, WANTED[file]):
        assert requirement.name in locked, f"{requirement.name} is missing: run `make lock`"
        version = locked[requirement.name][0]
        assert version in requirement.specifier, f"{requirement} is not {version}: run `make lock`"


@pytest.mark.parametrize("file", WANTED)
def test_every_pin_has_hashes(file: str) -> None:
    assert not [name for name, (_, hashes) in pins(file).items() if not hashes]
