"""The web configuration in force: read again when the file changes, certificates on every handshake."""

import logging
from pathlib import Path

from exporter.errors import UserError
from exporter.web.security.tls import Credentials, Handshake, make_handshake
from exporter.web.security.webconfig import TlsSettings, WebConfig, parse_web_config, read_content

log = logging.getLogger(__name__)


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

    def config(self) -> WebConfig:
        """The configuration as the file has it now, or as it last was good."""
        try:
            self._read_again()
        except UserError as error:
            self._complain("config", "web configuration not read again, the old one stays", error)
        return self._config

    def handshake(self) -> Handshake | None:
        """What the next connection is greeted with; None without TLS."""
        settings = self.config().tls
        if settings is not None:
            try:
                self._greet_with(settings)
                if self._trouble.pop("tls", None):
                    log.info("certificates read again", extra={"file": str(self._path)})
            except UserError as error:
                self._complain("tls", "certificates not read again, the old ones stay", error)
        return self._greeting

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
