"""Progress on standard error: one line that changes on a terminal, plain lines for the steps elsewhere."""

import os
import sys
from types import TracebackType
from typing import Self


class Progress:
    """Says what is being done. `step` is for every reader, `detail` for whoever sits at the terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = False

    def step(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)

    def detail(self, text: str) -> None:
        """A line that the next one replaces; not written unless standard error is a terminal."""
        if self._terminal:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            print(f"\r\x1b[K  {text[: max(width - 3, 1)]}", end="", file=sys.stderr, flush=True)
            self._shown = True

    def _clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()
