"""Work in threads beside the loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

from exporter.errors import UserError

T = TypeVar("T")


class NoThreadError(UserError):
    """The system has no thread left, so the work was not begun."""

    def __init__(self) -> None:
        super().__init__(
            "the system has no thread left for this: try again, and look at what limits it "
            "(TasksMax of the service, pids of the container, ulimit -u)"
        )


async def beside(work: Callable[[], T], executor: Executor | None = None) -> T:
    """The result of `work`, or what it raised; done in one of the loop's threads, or in those of `executor`.

    Raises NoThreadError.
    """
    try:
        doing = asyncio.get_running_loop().run_in_executor(executor, work)
    except RuntimeError:
        raise NoThreadError from None
    return await doing


def aside(work: Callable[[], T], name: str) -> "asyncio.Future[T]":
    """The result of `work`, or what it raised; done in a thread that nothing waits for, be it the end.

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
