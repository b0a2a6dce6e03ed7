"""What a package shows to the others is what `__all__` of its `__init__` names: objects or modules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXPORTER = ROOT / "exporter"
PACKAGES = sorted(path.parent for path in EXPORTER.rglob("*/__init__.py"))


def surface(package: Path) -> set[str]:
    for node in ast.parse((package / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def imported(path: Path) -> Iterator[str]:
    """The full name of all that a file takes from elsewhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write where it is from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def taken() -> list[tuple[Path, str]]:
    return [(path, name) for path in EXPORTER.rglob("*.py") for name in imported(path)]


def taken_by_others(package: Path) -> dict[str, Path]:
    """What files outside a package take from it, each with one of these files."""
    prefix = ".".join(package.relative_to(ROOT).parts) + "."
    outside = [(path, name) for path, name in taken() if not path.is_relative_to(package)]
    return {
        name.removeprefix(prefix).partition(".")[0]: path for path, name in outside if name.startswith(prefix)
    }


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(EXPORTER).as_posix())
def test_others_take_what_the_package_shows(package: Path) -> None:
    by_others, shown = taken_by_others(package), surface(package)
    hidden = {
        f"{path.relative_to(ROOT)} takes {name}" for name, path in by_others.items() if name not in shown
    }
    assert not hidden, f"name it in __all__ of {package.relative_to(ROOT)}/__init__.py, or do without"
    modules = {path.stem for path in package.glob("*") if path.suffix in ("", ".py")}
    assert shown & modules <= by_others.keys(), "modules that no other package takes"
