"""What CONTRIBUTING.md and docs/inside.md name is there: files, targets of make, and names in the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [path for folder in ("exporter", "tests") for path in (ROOT / folder).rglob("*")]
CODE = {
    word
    for path in FILES
    if path.suffix in (".py", ".yaml")
    for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
} | {path.stem for path in FILES}
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
OF_A_RELEASE = ("dist/", "vVERSION")  # which makes them
NAMES = [
    (page, name)
    for page in ("CONTRIBUTING.md", "docs/inside.md")
    for name in dict.fromkeys(re.findall(r"`([^`\n]+)`", (ROOT / page).read_text(encoding="utf-8")))
    if name not in OF_A_RELEASE
]


def exists(name: str) -> bool:
    """Whether a file or folder is there: from the root, in the package, or by the end of its path."""
    pattern = name.strip("/").replace("NAME", "*")
    if any(next(folder.glob(pattern), None) for folder in (ROOT, ROOT / "exporter")):
        return True
    return any(path.match(pattern) for path in FILES)


@pytest.mark.parametrize(("page", "name"), NAMES)
def test_what_is_named_is_there(page: str, name: str) -> None:
    if name.startswith("make "):
        assert name.split()[1] in TARGETS
    elif re.fullmatch(r"[\w.*-]*(/[\w.*-]*)+|[\w-]+\.(py|yaml|md|toml)", name) and name[0] != "/":
        assert exists(name)
    elif re.fullmatch(r"_?[A-Za-z]\w+", name):
        assert name in CODE
