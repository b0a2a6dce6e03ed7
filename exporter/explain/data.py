"""Explanations as data for JSON. The keys are a contract, and all of them are always there."""

import math
from dataclasses import asdict
from typing import Any

from exporter.explain.frame import Frame
from exporter.explain.word import Explanation
from exporter.maps.model import Flag
from exporter.terminal import hex_text


def word_data(explanation: Explanation) -> dict[str, Any]:
    """An explanation as data."""
    word, number = explanation.word, explanation.number
    return {
        "word": word.id, "vendor": word.vendor, "description": word.description, "address": word.address,
        "type": word.type, "confidence": word.confidence, "kind": explanation.kind,
        "raw": explanation.given, "hex": hex_text(word, explanation.given) or None,
        "available": explanation.available,
        "number": number if number is not None and math.isfinite(number) else None,
        "value": explanation.value, "unit": explanation.unit, "state": explanation.state or None,
        "metric": word.metric or None, "labels": dict(word.labels),
        "flags": [_flag_data(flag) for flag in explanation.active],
        "missing": [_flag_data(flag) for flag in explanation.missing],
        "undefined": explanation.undefined, "computed": dict(explanation.derived),
        "devices": {own.device: {"value": own.value, "unit": own.unit} for own in explanation.devices},
        "notes": list(explanation.notes),
    }  # fmt: skip


def frame_data(frame: Frame) -> dict[str, Any]:
    """A frame as data: its words as in `word_data`, and whether they are believed."""
    words = [
        word_data(item.explanation)
        | {"believed": item.believed, "doubted": sorted(item.doubted), "reason": item.reason or None}
        for item in frame.words
    ]
    return {
        "bytes": frame.size, "sequence_number": frame.counter, "error_code": frame.error,
        "valid": dict(frame.valid), "notes": list(frame.notes), "words": words,
    }  # fmt: skip


def _flag_data(flag: Flag) -> dict[str, Any]:
    return asdict(flag) | {"mask": flag.mask, "hex": f"0x{flag.mask:04X}"}
