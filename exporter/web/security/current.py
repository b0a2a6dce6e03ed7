"""The web configuration in force: read again when the file changes, certificates on every handshake."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from exporter.aside import aside
from exporter.errors import UserError
from exporter.web.security.tls import Credentials, Handshake, make_handshake
from exporter.web.security.webconfig import TlsSettings, WebConfig, parse_web_config, read_content

log = logging.getLogger(__name__)

_OLD_CONFIG = "web configuration not read again, the old one stays"
_OLD_CERTIFICATES = "certificates not read again, the old ones stay"
_PATIENCE = 2.0  # seconds that a reading may take before the file system counts as one that does not answer


class CurrentWebConfig:
    """The web configuration of a file, without a restart.

    What is broken on a later reading changes nothing: who was kept out stays out, and monitoring goes on. A
    file that no longer protects what it protected counts as broken too. It may be half written, and a file
    that is empty for a moment must not open the exporter: taking a protection away needs a restart.
    """

    def __init__(self, path: Path) -> None:
        """Read the file and what it names. Raises UserError."""
        self._path = path
        self._content: bytes | None = read_content(self._path)
        self._config = parse_web_config(self._content, path)
        self._trouble: dict[str, str] = {}
        self._used: tuple[TlsSettings, Credentials] | None = None
        self._greeting: Handshake | None = None
        if self._config.tls is not None:
            self._greet_with(self._config.tls)
        self._lock = Lock()
        self._reading = _Reading(self._refresh)
        self._greeting_anew = _Reading(self._greet_anew)

    @property
    def config(self) -> WebConfig:
        """The configuration as it last was good."""
        return self._config

    async def refresh(self) -> WebConfig:
        """The configuration as the file has it now, or as it last was good.

        The file is read in a thread, as its file system may not answer: then the old one stays.
        """
        if why := await self._reading.hindered():
            self._complain("stall", _OLD_CONFIG, UserError(f"{self._path}: {why}"))
        return self._config

    async def handshake(self) -> Handshake | None:
        """What the next connection is greeted with, in the same way; None without TLS."""
        if why := await self._greeting_anew.hindered():
            self._complain("stall of tls", _OLD_CERTIFICATES, UserError(f"{self._path}: {why}"))
        return self._greeting

    def _refresh(self) -> None:
        with self._lock:
            try:
                self._read_again()
                if self._trouble.pop("stall", None):
                    log.info("web configuration read again", extra={"file": str(self._path)})
            except UserError as error:
                self._complain("config", _OLD_CONFIG, error)

    def _greet_anew(self) -> None:
        self._refresh()
        settings = self._config.tls
        if settings is not None:
            try:
                self._greet_with(settings)
                if self._trouble.pop("tls", None) or self._trouble.pop("stall of tls", None):
                    log.info("certificates read again", extra={"file": str(self._path)})
            except UserError as error:
                self._complain("tls", _OLD_CERTIFICATES, error)

    def _read_again(self) -> None:
        # of a file that is gone nothing is known, so that it is looked at when it is back, whatever it holds
        before, self._content = self._content, None
        self._content = read_content(self._path)
        if self._content != before:
            self._take(parse_web_config(self._content, self._path))
            log.info("web configuration read again", extra={"file": str(self._path)})
            self._trouble.pop("config", None)

    def _take(self, config: WebConfig) -> None:
        if lost := self._config.protections - config.protections:
            raise UserError(
                f"{self._path}: {' and '.join(sorted(lost))} would be taken away: restart for that"
            )
        if config.tls is not None and self._config.tls is None:
            raise UserError(f"{self._path}: TLS is new here: restart for that")
        self._config = config

    def _greet_with(self, settings: TlsSettings) -> None:
        used = (settings, Credentials.read(settings))
        if used != self._used:
            self._greeting = make_handshake(*used)
            self._used = used

    def _complain(self, what: str, message: str, error: UserError) -> None:
        # every request and every handshake would log it else
        if self._trouble.get(what) != str(error):
            self._trouble[what] = str(error)
            log.error(message, extra={"error": str(error)})


class _Reading:
    """Work with files, one at a time; it continues even if nobody waits for it any more."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._under_way: asyncio.Future[None] | None = None
        self._since = 0.0

    async def hindered(self) -> str:
        """Start, unless it is under way, and wait a moment: why it has not ended, or "".

        Raises what it raised.
        """
        now = asyncio.get_running_loop().time()
        if self._under_way is None or self._under_way.done():
            try:
                self._under_way, self._since = aside(self._work, "web configuration"), now
            except RuntimeError:
                return "the system has no thread left to read it"
        left = self._since + _PATIENCE - now
        if left > 0:
            await asyncio.wait({self._under_way}, timeout=left)
        if not self._under_way.done():
            return "the file system does not answer"
        self._under_way.result()
        return ""
