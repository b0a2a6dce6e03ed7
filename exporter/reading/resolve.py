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
        self._running: dict[str, asyncio.Future[str | None]] = {}

    async def address(self, host: str) -> str | None:
        """The first address of `host`, or None when it has none."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            lookup = self._running.get(host) or self._start(host)
            return await asyncio.shield(lookup)
        return host

    def _start(self, host: str) -> asyncio.Future[str | None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str | None] = loop.create_future()
        self._running[host] = future

        def finish(address: str | None) -> None:
            self._running.pop(host, None)
            if not future.done():
                future.set_result(address)

        def look_up() -> None:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                address = str(found[0][4][0]) if found else None
            except (OSError, UnicodeError):
                address = None
            try:
                loop.call_soon_threadsafe(finish, address)
            except RuntimeError:  # the loop was closed while the name server was silent
                return

        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return future
