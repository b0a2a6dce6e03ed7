"""What the log says of a device: one line when something is otherwise than before."""

import logging

from exporter.config import DeviceConfig
from exporter.reading.decode.snapshot import Snapshot

log = logging.getLogger(__name__)


class News:
    """What was said of a device so far."""

    def __init__(self) -> None:
        self._state: object = None
        self._was_up = False
        self._said_pacing = False

    def tell(self, device: DeviceConfig, snapshot: Snapshot, *, asked: bool, refused: bool = False) -> None:
        """One line when the device's state changes.

        `asked` says that the device was asked, or connecting to it was tried, `refused` that it refused
        everything.
        """
        state = (snapshot.up, refused, tuple(snapshot.groups.items()), tuple(snapshot.valid.items()))
        if state == self._state:
            return
        before, self._was_up = self._was_up, self._was_up or bool(snapshot.up)
        self._state = state
        bad = [name for name, good in snapshot.groups.items() if not good]
        doubtful = [name for name, valid in snapshot.valid.items() if not valid]
        fields = {"device": device.name, "target": device.target.url}
        error = "; ".join(snapshot.errors)
        if not snapshot.up:
            silent = "device does not answer" if asked else "device was not asked"
            text = "device refuses everything" if refused else silent
            log.warning(text, extra={**fields, "error": error})
        elif bad or doubtful:
            fields |= {"not_read": ",".join(bad), "not_valid": ",".join(doubtful), "error": error}
            found = {key: value for key, value in fields.items() if value}
            log.warning("device answers in part", extra=found)
        else:
            log.info("device answers again" if before else "device answers", extra=fields)

    def tell_of_pacing(self, device: DeviceConfig, snapshot: Snapshot) -> None:
        """One line, once: the device misses requests, and the errors of the pass say what may help."""
        if not self._said_pacing:
            self._said_pacing = True
            fields = {"device": device.name, "target": device.target.url}
            log.warning("device misses requests", extra={**fields, "error": "; ".join(snapshot.errors)})
