"""Structured logs: one line per event, as logfmt or JSON, on standard error.

A storm stays readable: of too many lines of one kind some are left out and counted (`exporter/loglimit.py`).
"""

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TextIO

from exporter.loglimit import Kind, LogLimit

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_NAMES = {"WARNING": "warn", "CRITICAL": "error"}
_COUNT_EVERY = 60.0  # seconds between the counts of what was left out


def _fields(record: logging.LogRecord) -> dict[str, object]:
    time = (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    fields: dict[str, object] = {
        "ts": time,
        "level": _NAMES.get(record.levelname, record.levelname.lower()),
        "msg": record.getMessage(),
    }
    fields |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if record.exc_info and record.exc_info[1] is not None:
        fields["error"] = "".join(traceback.format_exception(record.exc_info[1])).strip()
    return fields


class _Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in _fields(record).items())


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record), default=str)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines to standard error while there is room, and now and then how many were dropped.

    The count comes from a timer: after a storm it may be long until the next line.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._limit = LogLimit()
        self._timer: threading.Timer | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        self.acquire()
        try:
            if not self._limit.allows(_kind(record), str(getattr(record, "device", "")), time.monotonic()):
                self._count_later()
                return False
            return bool(super().handle(record))
        finally:
            self.release()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._count()
        super().close()

    def _count_later(self) -> None:
        if self._timer is None:
            timer = threading.Timer(_COUNT_EVERY, self._count)
            timer.daemon = True
            with suppress(RuntimeError):  # the system has no thread left: the next line that is dropped tries
                timer.start()
                self._timer = timer

    def _count(self) -> None:
        self.acquire()
        try:
            self._timer = None
            for left_out in self._limit.take_left_out(time.monotonic()):
                name, level, message = left_out.kind
                record = logging.LogRecord(name, level, "", 0, "log lines left out", (), None)
                record.__dict__ |= {"of": message or name, "lines": left_out.lines}
                if left_out.devices:
                    more = left_out.devices - len(left_out.names)
                    names = ",".join(left_out.names) + (f" and {more} more" if more else "")
                    record.__dict__["devices"] = names
                self.emit(record)
        finally:
            self.release()


def _kind(record: logging.LogRecord) -> Kind:
    # the messages of libraries may be a new text each time
    ours = record.name.partition(".")[0] == "exporter"
    return record.name, record.levelno, str(record.msg) if ours else ""


def _quoted(text: str) -> str:
    plain = text and all(character.isprintable() and character not in ' ="' for character in text)
    if plain:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    # of what cannot be seen that leaves most as it is
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in quoted)


def set_up(level: str, form: str) -> None:
    """Send all log lines of `level` and above to standard error in the given form."""
    handler = _Handler()
    handler.setFormatter(_Json() if form == "json" else _Logfmt())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel({"warn": "WARNING"}.get(level, level.upper()))
    # one line per request is what access logs are for, and nobody asked for those
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # what goes wrong inside a request is logged by the application; this would log every port scan
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


@contextmanager
def quiet() -> Iterator[None]:
    """Log nothing below an error meanwhile, for a command that prints what is wrong itself."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
