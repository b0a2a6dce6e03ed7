"""Pushes every device's metrics over OTLP at an interval; nothing of it happens unless it is configured."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from exporter.aside import aside
from exporter.config import Otlp
from exporter.errors import UserError
from exporter.exposition.otlp.past import Past
from exporter.reading.decode.series import Raw, Series
from exporter.reading.device.fleet import Fleet

if TYPE_CHECKING:
    from exporter.exposition.otlp.send import Sender

log = logging.getLogger(__name__)

_PATIENCE = 1.0  # seconds, at least, until sending that has not ended counts as failed
_NO_DEADLINE = 86400.0  # seconds: each device has a timeout of its own


class Pusher:
    """Reads the fleet as a scrape does and sends what was read, in a thread of its own.

    At most one push is under way; rounds that fall into it are left out. `own` gives what makes the
    exporter's own readings of this moment, in that thread. `exports` and `failures` count since the start; a
    push that does not end counts again and again.
    """

    def __init__(self, fleet: Fleet, own: Callable[[], Callable[[], list[tuple[Series, Raw]]]]) -> None:
        self._fleet = fleet
        self._own = own
        self._past = Past(time.time_ns())
        self._sender: Sender | None = None
        self._changed = asyncio.Event()
        self._error = ""
        self.exports = 0
        self.failures = 0

    @property
    def counts(self) -> tuple[int, int] | None:
        """Pushes, and how many of them failed; None while OTLP is not configured."""
        return (self.exports, self.failures) if self._sender is not None else None

    def prepare(self, settings: Otlp | None) -> "Sender | None":
        """What sends by these settings: the one in use where they are the same, None where nothing is sent.

        Raises UserError when OpenTelemetry is not installed.
        """
        if settings is None:
            return None
        if self._sender is not None and self._sender.settings == settings:
            return self._sender
        try:
            from exporter.exposition.otlp.send import Sender
        except ImportError as error:
            raise UserError(
                f"otlp.endpoint is set, but the sender is not installed ({error}): "
                "install the exporter with it, from a checkout by pip install '.[otlp]', from a wheel by "
                "pip install 'generex_exporter-VERSION-py3-none-any.whl[otlp]'"
            ) from None
        return Sender(settings, self._past)

    def use(self, sender: "Sender | None") -> None:
        """Go over to what `prepare` gave."""
        if sender is not self._sender:
            self.close()
            self._sender = sender
            self._error = ""
            self._changed.set()

    def close(self) -> None:
        """Do not try again what is under way."""
        if self._sender is not None:
            self._sender.close()

    async def run(self) -> None:
        """Push until cancelled: at once, and then at the interval. A change of the settings restarts it."""
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            sender, due = self._sender, loop.time()
            while sender is not None and not self._changed.is_set():
                await self._see_through(sender)
                due = next_round(due, loop.time(), sender.settings.interval)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), due - loop.time())
            await self._changed.wait()

    async def _see_through(self, sender: "Sender") -> None:
        """One push, to its end or until the settings or the program do: its thread is then left to itself."""
        push = asyncio.create_task(self._push(sender))
        changed = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait({push, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not push.done():
                why = "other settings" if self._changed.is_set() else "the exporter stops"
                log.info("push given up", extra={"endpoint": sender.settings.endpoint, "reason": why})
            push.cancel()
            changed.cancel()

    async def _push(self, sender: "Sender") -> None:
        deadline = asyncio.get_running_loop().time() + _NO_DEADLINE
        self.exports += 1
        fault: Exception | None = None
        try:
            snapshots = await self._fleet.scrape(deadline)
            now, own = time.time(), self._own()
            sending = aside(lambda: sender.send(snapshots, own(), now), "otlp push")
            error = await self._outcome(sender, sending)
        except Exception as caught:
            fault, error = caught, repr(caught)
        if sender is self._sender:  # else a reload has ended it, which says nothing about a collector
            self._tell(sender, error, fault)

    async def _outcome(self, sender: "Sender", sending: "asyncio.Future[str]") -> str:
        """How the sending ended.

        A silent name server can hold it for longer than any timeout: the log says so in time.
        """
        patience = max(sender.settings.interval + sender.settings.timeout, _PATIENCE)
        try:
            while not (await asyncio.wait({sending}, timeout=patience))[0]:
                self.exports += 1
                self._tell(sender, "the push before is still under way")
        finally:
            sending.cancel()
        return sending.result()

    def _tell(self, sender: "Sender", error: str, fault: Exception | None = None) -> None:
        """Count how a push ended, and log it when that is another way than before."""
        where = {"endpoint": sender.settings.endpoint}
        if error:
            self.failures += 1
            if error != self._error:
                log.warning("metrics not pushed", exc_info=fault, extra={**where, "error": error})
        elif self._error:
            log.info("metrics pushed again", extra=where)
        self._error = error


def next_round(due: float, now: float, interval: float) -> float:
    """When the round after that of `due` is; rounds that should have been before `now` are left out."""
    missed = max(now - due, 0) // interval
    return due + (missed + 1) * interval
