"""How many connections come in hangs on the open files that the system allows."""

import contextlib
import re
import socket
import sys
from pathlib import Path

from tests.support import free_port, running, wait_for

FILES = 300
LIMITED = ("sh", "-c", f'ulimit -Sn 100 && ulimit -Hn {FILES} && exec "$@"', "sh")


def test_half_of_the_files_are_for_connections(tmp_path: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "exporter",
        "--target=127.0.0.1:1",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running([*LIMITED, *command], tmp_path / "log") as process, contextlib.ExitStack() as stack:
        wait_for(lambda: is_served(stack.enter_context(connected(port))), what="a first answer")
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(rf"Max open files +{FILES} +{FILES} ", limits)
        while is_served(stack.enter_context(connected(port))):
            pass
        opened = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        assert FILES / 2 < opened < FILES / 2 + 30, "half of them, and what the process has besides"
        stack.close()
        wait_for(
            lambda: is_served(stack.enter_context(connected(port))), what="an answer once they have left"
        )


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def is_served(connection: socket.socket) -> bool:
    with contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(1000).startswith(b"HTTP/1.1 200")
    return False
