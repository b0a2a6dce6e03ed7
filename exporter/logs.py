"""Structured logs: one line per event, as logfmt or JSON, on standard error."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_NAMES = {"WARNING": "warn", "CRITICAL": "error"}


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


def _quoted(text: str) -> str:
    plain = text and all(character.isprintable() and character not in ' ="' for character in text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def set_up(level: str, form: str) -> None:
    """Send all log lines of `level` and above to standard error in the given form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Logfmt())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel({"warn": "WARNING"}.get(level, level.upper()))
    # one line per request is what access logs are for, and nobody asked for those
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # what goes wrong inside a request is logged by the application; this would log every port scan
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
