"""Work in a thread of its own, for which neither the loop nor the end of the program waits."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T], name: str) -> "asyncio.Future[T]":
    """The result of `work`, or what it raised.

    Who no longer wants it cancels the future; the thread is then left to itself. Raises RuntimeError where
    the system has no thread left.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def finish(set_outcome: Callable[[], None]) -> None:
        if not result.cancelled():
            set_outcome()

    def run() -> None:
        outcome: Callable[[], None]
        try:
            value = work()
        except Exception as error:
            outcome = partial(result.set_exception, error)
        else:
            outcome = partial(result.set_result, value)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(finish, outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    return result
