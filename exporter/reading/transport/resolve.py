"""Host names to addresses, without letting one dead name server hold up anything else."""

import asyncio
import ipaddress
import socket
import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from exporter.reading.transport.answers import LinkError

_THREADS = (
    32  # look-ups at a time; one that a name server does not answer takes the system half a minute or so
)
_FOR_ANY = 24  # so many of these for names that were not found last time; the others are for those that were
_REMEMBERED = 1000  # names that were found


class Names(Protocol):
    """Tells the addresses of a host."""

    async def addresses(self, host: str) -> list[str]:
        """The addresses of `host`, best first; none when it cannot be resolved. Raises LinkError."""


@dataclass
class Found:
    """The addresses of a host that was looked up: what was checked is what is connected to."""

    known: list[str]

    async def addresses(self, host: str) -> list[str]:
        """The addresses, whatever the host."""
        return self.known


def is_address(host: str) -> bool:
    """Whether a host needs no look-up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Resolver:
    """Looks up host names, each in a daemon thread of its own, a few at a time and one at a time per name.

    The loop's own thread pool is small and is waited for at exit: a few names whose server does not answer
    would fill it, stop every other look-up, and keep the process from ending.
    """

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Future[list[str]]] = {}
        self._waiting: deque[str] = deque()  # those of `_running` that have no thread yet
        self._found: set[str] = set()
        self._threads = 0

    async def addresses(self, host: str) -> list[str]:
        """The addresses of `host`, best first; none when it cannot be resolved. Raises LinkError."""
        if is_address(host):
            return [host]
        return await asyncio.shield(self._running.get(host) or self._start(host))

    def _start(self, host: str) -> asyncio.Future[list[str]]:
        self._running[host] = future = asyncio.get_running_loop().create_future()
        if host in self._found:
            self._waiting.appendleft(host)
        else:
            self._waiting.append(host)
        self._start_threads()
        return future

    def _start_threads(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            host = self._waiting[0]
            if self._threads >= (_THREADS if host in self._found else _FOR_ANY):
                return
            thread = threading.Thread(
                target=self._look_up, args=(host, loop), name=f"resolve {host}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the system has none left
                if self._threads:
                    return  # then it is its turn when one of these ends
                error = LinkError("resolve", f'cannot look up "{host}": the system has no thread left')
                self._running.pop(self._waiting.popleft()).set_exception(error)
            else:
                self._waiting.popleft()
                self._threads += 1

    def _look_up(self, host: str, loop: asyncio.AbstractEventLoop) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError):
            addresses = []
        try:
            loop.call_soon_threadsafe(self._finish, host, addresses)
        except RuntimeError:  # the loop was closed while the name server was silent
            return

    def _finish(self, host: str, addresses: list[str]) -> None:
        self._threads -= 1
        self._running.pop(host).set_result(addresses)
        if len(self._found) >= _REMEMBERED:
            self._found.clear()
        if addresses:
            self._found.add(host)
        else:
            self._found.discard(host)
        self._start_threads()
