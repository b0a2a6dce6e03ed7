"""Two pseudo terminals tied together like a null-modem cable, for serial tests without hardware."""

import asyncio
import contextlib
import os
import tty


class TerminalPair:
    """What is written to one terminal is read from the other. Needs a running event loop; `close` ends it.

    The server opens `server_path`, the client `path`.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        ends = [os.openpty(), os.openpty()]
        # the inner ends stay open too: a terminal that nobody holds would read as hung up between two clients
        self._descriptors = [descriptor for end in ends for descriptor in end]
        (one, server), (other, client) = ends
        self.server_path, self.path = os.ttyname(server), os.ttyname(client)
        for terminal in (server, client):
            tty.setraw(terminal)
        for source, sink in ((one, other), (other, one)):
            os.set_blocking(source, False)
            self._loop.add_reader(source, _copy, source, sink)
        self._masters = (one, other)

    def close(self) -> None:
        """Cut the cable."""
        for master in self._masters:
            self._loop.remove_reader(master)
        for descriptor in self._descriptors:
            os.close(descriptor)


def _copy(source: int, sink: int) -> None:
    # a full terminal that nobody reads loses bytes, as a serial line does
    with contextlib.suppress(BlockingIOError):
        os.write(sink, os.read(source, 4096))
