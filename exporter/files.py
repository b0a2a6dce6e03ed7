"""Reading what is a file or a pipe, and writing files that are there whole or not at all."""

import contextlib
import errno
import os
import select
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from exporter.errors import UserError

_PATIENCE = 10  # seconds until something is written to a pipe; a program that decrypts takes a few


def read_file(path: Path, most: int | None = None) -> bytes:
    """Up to `most` bytes of a file, or of what is written to a pipe, such as `<(command)` of a shell.

    Raises OSError, with a text for the user in `strerror`, and ValueError for a path that no file can have.
    """
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode):
        return _read_pipe(path, most)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "it is a folder: name the file in it")
    if stat.S_ISSOCK(mode):
        raise OSError(errno.ENXIO, "it is a socket: name a file")
    with path.open("rb") as file:
        return file.read(most)


def unreadable(error: Exception) -> str:
    """What to say of a file that a configuration names, without its path: it may be a secret by mistake."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"cannot read the file that is named here: {reason}"


def _read_pipe(path: Path, most: int | None) -> bytes:
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # else this waits until somebody writes
    try:
        there = select.poll()
        there.register(pipe, select.POLLIN)
        content = bytearray()
        while there.poll(_PATIENCE * 1000):
            piece = os.read(pipe, 1 << 16)
            content += piece
            if not piece or (most is not None and len(content) >= most):
                return bytes(content[:most])
    finally:
        os.close(pipe)
    raise OSError(errno.ETIMEDOUT, f"it is a pipe to which nobody writes within {_PATIENCE} s: name a file")


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


def write_whole(path: Path, content: str | bytes, check: Callable[[Path], object] = lambda _: None) -> None:
    """Write one file as `write_files` does, into a folder that is there. Raises UserError."""
    refuse_existing(path, force=True)
    write_files(path.parent, {path.name: content}, check)


def write_files(
    folder: Path, files: Mapping[str, str | bytes], check: Callable[[Path], object] = lambda _: None
) -> list[Path]:
    """Write files by their path within `folder`, which is made where needed; every file whole or not at all.

    No file is replaced before all are written beside their places, `check` has seen each, and all are on the
    disk: after a power failure, too, there is the old one or the new one. Raises UserError.
    """
    waiting: list[tuple[Path, Path]] = []
    path = beside = folder
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            waiting.append((beside, path))
            with beside.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            check(beside)
        for beside, path in waiting:
            beside.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    except UserError as error:
        raise UserError(str(error).replace(str(beside), str(path))) from None
    finally:
        for beside, _ in waiting:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    return [path for _, path in waiting]
