"""The Markdown files that the exporter serves as its documentation."""

import functools
from collections.abc import Mapping
from pathlib import Path

import exporter

_FIRST = ("getting-started", "runbook", "alerts", "metrics", "configuration", "troubleshooting")


@functools.cache
def root() -> Path:
    """Where the files are: in an installed package, or in the checkout."""
    package = Path(exporter.__file__).parent
    packed = package / "web/manual"
    return packed if packed.is_dir() else package.parent


@functools.cache
def sources() -> Mapping[str, str]:
    """The files below `root` by the names of their pages, the most wanted first."""
    docs = root() / "docs"
    found = {path.relative_to(docs).with_suffix("").as_posix(): path for path in sorted(docs.rglob("*.md"))}
    found |= {"runbook": root() / "alerts/runbook.md"}
    found |= {name.lower(): root() / f"{name}.md" for name in ("README", "SECURITY", "CHANGELOG")}
    order = [*(name for name in _FIRST if name in found), *(name for name in found if name not in _FIRST)]
    return {name: found[name].relative_to(root()).as_posix() for name in order}


@functools.cache
def texts() -> Mapping[str, str]:
    """The Markdown of each page, by its name."""
    return {name: (root() / path).read_text(encoding="utf-8") for name, path in sources().items()}
