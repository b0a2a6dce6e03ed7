"""list the register maps, or the words of one"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from exporter.commands.flags import add_config_file
from exporter.config import load_config, near
from exporter.errors import UsageError
from exporter.explain import kind_of
from exporter.maps import built_in_maps
from exporter.maps.model import Map, Word
from exporter.plaintext import one_line
from exporter.terminal import (
    FORMATS,
    address_text,
    chosen_format,
    columns,
    console,
    conversion_text,
    emit,
    emit_json,
    table,
)

_MAP_COLUMNS = ("name", "title", "groups", ">words", "source")
_WORD_COLUMNS = ("address", "hex", "name", "type", "value", ">flags", "metric", "vendor name", "confidence")
_CONFIDENCE = {
    "C": "confirmed",
    "V": "one vendor document",
    "F": "field use only",
    "I": "inferred",
    "?": "unknown",
    "": "",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `maps`."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the map whose words are listed, such as ups")
    add_config_file(parser, "know also the maps of this configuration")
    parser.add_argument(
        "--format", choices=FORMATS, help="how to print it (default: table on a terminal, text in a pipe)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the maps, or one of them, and return 0. Raises UsageError for an unknown map."""
    maps = load_config(args.config_file).maps if args.config_file else built_in_maps()
    form = chosen_format(args.format)
    if args.name is None:
        _print_maps(maps, form)
        return 0
    item = maps.get(args.name.lower())
    if item is None:
        name = one_line(args.name)
        raise UsageError(f'unknown map "{name}"{near(name, maps)}')
    _print_map(item, form)
    return 0


def map_data(item: Map) -> dict[str, Any]:
    """A map as data for JSON."""
    return {
        "name": item.name,
        "title": item.title,
        "source": item.source,
        "groups": [group.name for group in item.groups],
        "word_count": len(item.words),
    }


def word_data(item: Map, word: Word) -> dict[str, Any]:
    """A word as data for JSON. `address` is 0-based, None for a formula; `repeat` is None where none is."""
    metric = item.metrics.get(word.metric)
    repeat = word.repeat
    return {
        "name": word.name,
        "group": word.group,
        "address": word.address,
        "function": word.function,
        "type": word.type,
        "kind": kind_of(word),
        "formula": word.formula.text if word.formula else None,
        "repeat": {"label": repeat.label, "stride": repeat.stride, "max": repeat.max} if repeat else None,
        "scale": float(word.scale),
        "offset": float(word.offset),
        "unit": metric.unit if metric else "",
        "metric": word.metric or None,
        "labels": dict(word.labels),
        "flags": [flag.name for flag in word.all_flags],
        "states": {str(number): name for number, name in word.states},
        "vendor": word.vendor,
        "description": word.description,
        "confidence": word.confidence,
        "optional": word.optional,
    }


def _print_maps(maps: Mapping[str, Map], form: str) -> None:
    if form == "json":
        emit_json([map_data(item) for item in maps.values()])
        return
    rows = [
        (
            item.name,
            item.title,
            ", ".join(group.name for group in item.groups),
            str(len(item.words)),
            item.source,
        )
        for item in maps.values()
    ]
    _print_rows(_MAP_COLUMNS, rows, form)


def _print_map(item: Map, form: str) -> None:
    if form == "json":
        emit_json(map_data(item) | {"words": [word_data(item, word) for word in item.words.values()]})
        return
    head = f"{item.name}: {item.title}\nsource: {item.source}"
    if form == "text":
        emit(f"{head}\n")
    else:
        console().print(head)
    _print_rows(_WORD_COLUMNS, [_word_row(item, word) for word in item.words.values()], form)


def _word_row(item: Map, word: Word) -> tuple[str, ...]:
    metric = item.metrics.get(word.metric)
    flags = len(word.flags) or int(word.flag is not None)
    return (
        address_text(word),
        "" if word.address is None else f"0x{word.address:04X}",
        word.name,
        word.type,
        conversion_text(word, metric.unit if metric else ""),
        str(flags) if flags else "",
        word.metric,
        word.vendor,
        _CONFIDENCE[word.confidence],
    )


def _print_rows(header: Sequence[str], rows: Sequence[tuple[str, ...]], form: str) -> None:
    if form == "text":
        emit(columns(header, rows))
        return
    drawn = table(*header)
    for row in rows:
        drawn.add_row(*row)
    console().print(drawn)
