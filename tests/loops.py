"""Event loops with a time of their own, so that a busy machine changes no verdict."""

import asyncio
import math
import os
import selectors
import threading
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_QUIET = 0.001  # seconds of silence after which time goes on
_PACE = 5  # times as fast as the clock, where neither threads nor terminals are in use that keep to it
_TURN = 0.00005  # seconds that a turn of the loop takes, however long it took in truth

Events = list[tuple[selectors.SelectorKey, int]]


class _Patient(selectors.DefaultSelector):
    """Time passes while nothing comes, step by step: whoever has something to do is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = time.monotonic()
        self._threads = threading.active_count()
        self._terminals = False

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        # what goes through a terminal is passed on by the kernel when it gets to it
        self._terminals |= os.isatty(key.fd)
        return key

    def select(self, timeout: float | None = None) -> Events:
        self.now += _TURN
        left = math.inf if timeout is None else timeout
        ready = super().select(0)
        while not ready and left > 0:
            alone = threading.active_count() == self._threads and not self._terminals
            pace = _PACE if alone else 1
            if not (ready := super().select(_QUIET)):
                self.now += min(pace * _QUIET, left)
                left -= pace * _QUIET
        return ready


class _Jumping(selectors.SelectSelector):
    """Time jumps to whatever is waited for; nothing may come from outside."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Events:
        assert timeout is not None, "nothing is left to wait for"
        self.now += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, selector: _Patient | _Jumping) -> None:
        self.timed = selector
        super().__init__(selector)

    def time(self) -> float:
        return self.timed.now


def run(test: Coroutine[Any, Any, T]) -> T:
    """Run a test with peers in this process, on a loop whose time is that in which nothing comes.

    A timeout is over when the peer has said nothing for so long, not because neither had a processor.
    """
    with asyncio.Runner(loop_factory=lambda: _Loop(_Patient())) as runner:
        return runner.run(test)


def work(seconds: float) -> None:
    """Let so many seconds pass on the running loop of `run`, as if it had been busy for as long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop)
    loop.timed.now += seconds


def run_jumping(test: Coroutine[Any, Any, None]) -> None:
    """Run a test without sockets on a loop whose time jumps to whatever is waited for."""
    with asyncio.Runner(loop_factory=lambda: _Loop(_Jumping())) as runner:
        runner.run(test)
