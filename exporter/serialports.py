"""Names of serial ports: ttyUSB0 is whichever adapter came first, a name in by-id stays with its adapter."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from exporter.targets import Target

log = logging.getLogger(__name__)

BY_ID = Path("/dev/serial/by-id")
"""Where udev puts a link for each adapter, named after maker, product and serial number."""


def lasting_name(path: str, folder: Path = BY_ID) -> str | None:
    """The name in by-id of the port that a path names by number; None where there is none.

    A name in by-path lasts too: it is that of the USB port, for adapters that share one name in by-id.
    """
    if Path(path).parent in (folder, folder.with_name("by-path")):
        return None
    place = os.path.realpath(path)
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return None
    return next((str(link) for link in links if os.path.realpath(link) == place and str(link) != path), None)


def passing_names(targets: Iterable[Target], folder: Path = BY_ID) -> list[tuple[str, str]]:
    """The path and the lasting name of each line that is configured by a name that may change.

    Two adapters that swap their numbers after a reboot show one UPS's values under the other's name.
    """
    paths = sorted({target.endpoint.path for target in targets if target.endpoint.path})
    return [(path, name) for path in paths if (name := lasting_name(path, folder)) is not None]


def warn_of_passing_names(targets: Iterable[Target], folder: Path = BY_ID) -> None:
    """Say in the log which lines would better be configured by another name."""
    for path, name in passing_names(targets, folder):
        log.warning(
            "this port may be another adapter after a restart: configure it by its name in by-id",
            extra={"port": path, "by_id": name},
        )
