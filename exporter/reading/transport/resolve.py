"""Host names to addresses, without letting one dead name server hold up anything else."""

import asyncio
import ipaddress
import socket
import threading


class Resolver:
    """Looks up host names, each in a daemon thread of its own, one at a time per name.

    The loop's own thread pool is small and is waited for at exit: a few names whose server does not answer
    would fill it, stop every other lookup, and keep the process from ending.
    """

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """The addresses of `host`, best first; none when it cannot be resolved."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            lookup = self._running.get(host) or self._start(host)
            return await asyncio.shield(lookup)
        return [host]

    def _start(self, host: str) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        self._running[host] = future

        def finish(addresses: list[str]) -> None:
            self._running.pop(host, None)
            if not future.done():
                future.set_result(addresses)

        def look_up() -> None:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            except (OSError, UnicodeError):
                addresses = []
            try:
                loop.call_soon_threadsafe(finish, addresses)
            except RuntimeError:  # the loop was closed while the name server was silent
                return

        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return future
