"""Writing files that are there whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from exporter.errors import UserError


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise UserError where `path` may not be written: it is there already, or its folder is not.

    A device or pipe is never replaced.
    """
    if not path.parent.is_dir():
        raise UserError(f"cannot write {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"cannot write {path}: the folder {path.parent} may not be written to")
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is not a file: give another name")
    if not force and path.exists():
        raise UserError(f"{path} exists: give another name, or --force to replace it")


def write_whole(path: Path, text: str, check: Callable[[Path], object] = lambda _: None) -> None:
    """Write `text` beside `path`, let `check` look at it, and only then put it in place. Raises UserError."""
    beside = _beside(path)
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        check(beside)
        beside.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    except UserError as error:
        raise UserError(str(error).replace(str(beside), str(path))) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write texts by their path within `folder`, which is made where needed; every file whole or not at all.

    No file is replaced before all are written beside their places, and on the disk: after a power failure,
    too, there is the old one or the new one. Raises UserError.
    """
    waiting: list[tuple[Path, Path]] = []
    path = folder
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = _beside(path)
            waiting.append((beside, path))
            with beside.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for beside, path in waiting:
            beside.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        for beside, _ in waiting:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    return [path for _, path in waiting]


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")
