"""What a collector's answer says: how many points it did not take, or why it took none."""

import json
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)

from exporter.exposition.otlp.post import LARGEST, Answer

_PROTOBUF = "application/x-protobuf"
_STATUS = (b"\x08", b"\x12")
"""How a google.rpc.Status begins, by its code or its message; no text begins so. Gateways change its type."""
_HTML = ("text/html", "application/xhtml+xml")


def partial_success(answer: Answer) -> tuple[int, str]:
    """The points that were rejected, and why, of an answer that says success.

    Raises ValueError, with what it is instead, where it is no answer of OpenTelemetry's: a portal, a login
    page or a proxy says 200 to everything.
    """
    if _is_page(answer):
        raise ValueError("a page of HTML")
    if len(answer.body) > LARGEST:
        raise ValueError("an answer without an end")
    try:
        found = ExportMetricsServiceResponse.FromString(answer.body).partial_success
        return found.rejected_data_points, found.error_message
    except DecodeError:
        pass
    said = _json(answer.body)
    if said is None:
        raise ValueError(f'the answer "{_text(answer.body)[:80].strip()}"')
    partial = said.get("partialSuccess")
    partial = partial if isinstance(partial, dict) else {}
    rejected = str(partial.get("rejectedDataPoints", 0))  # 64 bits are text in this form
    return int(rejected) if rejected.isdecimal() else 0, str(partial.get("errorMessage", ""))


def words(answer: Answer) -> str:
    """What the body of a refusal says, as it is written there; empty where that is nothing or a page."""
    if _is_page(answer):
        return ""
    if answer.kind == _PROTOBUF or answer.body.startswith(_STATUS):
        try:
            # it is a google.rpc.Status, whose message has the place and the type of this one
            return str(ExportMetricsPartialSuccess.FromString(answer.body[:LARGEST]).error_message)
        except DecodeError:
            pass
    said = _json(answer.body)
    if said is not None:
        return next((str(said[key]) for key in ("message", "error", "detail") if said.get(key)), "")
    return _text(answer.body)


def _is_page(answer: Answer) -> bool:
    return answer.kind in _HTML or answer.body.lstrip().startswith(b"<")


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _text(body: bytes) -> str:
    return body.decode(errors="replace")
