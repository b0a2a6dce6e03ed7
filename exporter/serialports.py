"""Names of serial ports: ttyUSB0 is whichever adapter came first, a link of udev stays with its adapter."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from exporter.targets import Target

log = logging.getLogger(__name__)

BY_ID = Path("/dev/serial/by-id")
"""Where udev puts a link for each adapter, named after maker, product and serial number."""
_HOPS = 40  # from link to link, as many as Linux follows


def lasting_name(path: str, folder: Path = BY_ID) -> str | None:
    """The name in by-id of the port that a path names by number; None where there is none.

    A link in /dev lasts: udev makes it at each start, by its own rules (by-id, by-path) or one of yours.
    A link elsewhere lasts as long as what it leads to.
    """
    link = Path(path)
    for _ in range(_HOPS):
        if not os.path.islink(link):  # noqa: PTH114 - that of Path fails where a folder may not be entered
            break
        place = link.parent.resolve()
        if place.is_relative_to(folder.parent.parent):
            return None
        link = place / link.readlink()
    port = os.path.realpath(link)
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return None
    return next((str(link) for link in links if os.path.realpath(link) == port), None)


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
