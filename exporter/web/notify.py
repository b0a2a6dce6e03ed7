"""Tells systemd how the service is: sd_notify(3).

A datagram to a socket named by the environment is all of the protocol, so it is written here rather than
brought in with a library. Without a service manager that listens, nothing is sent.
"""

import logging
import os
import socket
import time

log = logging.getLogger(__name__)

READY = "READY=1"
STOPPING = "STOPPING=1"


def reloading() -> str:
    """The state at the begin of a reload; systemd tells reloads apart by the time, in microseconds."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def status(text: str) -> str:
    """The line that `systemctl status` shows."""
    return f"STATUS={' '.join(text.split())}"


def notify(*states: str) -> None:
    """Send states in one message. A manager that does not take it is logged, and no reason to stop."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    # a socket of the abstract namespace is written with an @
    address = f"\0{path[1:]}" if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.sendto("\n".join(states).encode(), address)
    except OSError as error:
        log.warning("service manager not told", extra={"socket": path, "error": error.strerror or str(error)})
