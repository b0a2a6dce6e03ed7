"""say what a word means, bit by bit, or what a whole gateway frame says"""

import argparse
import difflib
import re
from collections.abc import Mapping

from exporter.commands.flags import add_config_file
from exporter.config import load_config, near
from exporter.errors import UsageError
from exporter.explain import (
    FRAME_BYTES,
    MODULE_BYTES,
    Explanation,
    Frame,
    FrameWord,
    explain_frame,
    explain_word,
    frame_data,
    value_range,
    word_data,
)
from exporter.maps import built_in_maps
from exporter.maps.model import FILLER, Flag, Map, Word
from exporter.plaintext import one_line
from exporter.terminal import (
    FORMATS,
    address_text,
    chosen_format,
    columns,
    console,
    emit,
    emit_json,
    flag_text,
    hex_text,
    quantity,
    series_text,
    show_flags,
    table,
)

_NUMBER = re.compile(r"(-?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|([0-9]+))")
_LONGEST = 80  # digits; the largest word has 64 bits
_SHOWN = 60
_MISSING = "not set, although it normally is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `explain`."""
    parser.add_argument(
        "word", metavar="MAP.WORD", help="the word, such as ups.status; prof for a whole gateway frame"
    )
    parser.add_argument(
        "value",
        metavar="VALUE",
        nargs="+",
        help="the raw word: decimal, hexadecimal (0x38) or binary (0b111000), several registers as one "
        f"number in the order of their addresses; for prof the {FRAME_BYTES} bytes of the frame in hex",
    )
    add_config_file(parser, "know also the maps and devices of this configuration")
    parser.add_argument(
        "--format", choices=FORMATS, help="how to print it (default: table on a terminal, text in a pipe)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the explanation and return 0. Raises UsageError for an unknown word or a bad value."""
    config = load_config(args.config_file) if args.config_file else None
    maps = config.maps if config else built_in_maps()
    form = chosen_format(args.format)
    text = " ".join(args.value)
    named = maps.get(args.word.lower())
    if named is not None and named.is_frame:
        _print_frame(explain_frame(maps, named, parse_frame(text), config), form)
    else:
        item, word = find_word(maps, args.word)
        _print_word(explain_word(item, word, parse_value(word, text), config), form)
    return 0


def find_word(maps: Mapping[str, Map], name: str) -> tuple[Map, Word]:
    """The word that is called MAP.WORD. Raises UsageError with what it could have meant."""
    map_name, dot, word_name = one_line(name.lower()).partition(".")
    if map_name in maps:
        item = maps[map_name]
        if word_name in item.words:
            return item, item.words[word_name]
        if dot:
            raise UsageError(f'map "{map_name}" has no word "{word_name}"{near(word_name, item.words)}')
        raise UsageError(
            f'"{map_name}" is a map: write MAP.WORD, such as {map_name}.{next(iter(item.words))}'
        )
    if dot:
        raise UsageError(f'unknown map "{map_name}"{near(map_name, maps)}')
    words = dict.fromkeys(word for item in maps.values() for word in item.words)
    close = [map_name] if map_name in words else difflib.get_close_matches(map_name, words, n=2)
    meant = [item.words[word].id for word in close for item in maps.values() if word in item.words]
    hint = f"did you mean {', '.join(meant)}?" if meant else "`generex-exporter maps` lists them"
    raise UsageError(f'"{map_name}" is not MAP.WORD ({hint})')


def parse_value(word: Word, text: str) -> int:
    """The registers of `word` as one unsigned number; for a formula its result, with its sign.

    A negative number is taken by two's complement; −9999 is the filler in every 16-bit word. Raises
    UsageError.
    """
    match = _NUMBER.fullmatch(text.strip())
    shown = one_line(text)[:_SHOWN]
    if match is None:
        raise UsageError(f'{word.id}: "{shown}" is not a whole number (write 56, 0x38 or 0b111000)')
    sign, hexadecimal, binary, decimal = match.groups()
    digits, base = (hexadecimal, 16) if hexadecimal else (binary, 2) if binary else (decimal, 10)
    low, high = value_range(word)
    number = int(digits, base) if len(digits) <= _LONGEST else high + 1
    number = -number if sign else number
    if number == FILLER - 0x10000 and word.registers == 1 and not word.formula and high == 0xFFFF:
        return FILLER
    if not low <= number <= high:
        raise UsageError(f"{word.id}: {shown} is out of range ({low} to {high}, {word.type})")
    return number if number >= 0 or word.formula else number + (1 << 16 * word.registers)


def parse_frame(text: str) -> bytes:
    """The bytes of a gateway frame in hexadecimal; blanks, colons and 0x may stand between.

    Raises UsageError.
    """
    digits = ""
    for piece in re.split(r"[\s:]+", text.strip()):
        part = piece[2:] if piece[:2] in ("0x", "0X") else piece
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", part):
            shown = one_line(piece)[:_SHOWN]
            raise UsageError(f'frame: "{shown}" is not hexadecimal with two digits for each byte')
        digits += part
    data = bytes.fromhex(digits)
    if len(data) not in (FRAME_BYTES, MODULE_BYTES):
        raise UsageError(
            f"frame: it has {len(data)} bytes; a frame has {FRAME_BYTES} ({FRAME_BYTES // 2} words), "
            f"the 64-word module of the gateway {MODULE_BYTES}"
        )
    return data


def _print_word(explanation: Explanation, form: str) -> None:
    if form == "json":
        emit_json(word_data(explanation))
        return
    head = "\n".join([*_title_lines(explanation), *_value_lines(explanation)])
    sections = _sections(explanation)
    if form == "text":
        blocks = [f"{title}:\n{flag_text(flags)}" for title, flags in sections]
        emit("\n\n".join([head, *blocks, *explanation.notes]))
        return
    screen = console()
    screen.print(head)
    for title, flags in sections:
        show_flags(screen, title, flags)
    for note in explanation.notes:
        screen.print(note, style="bold")


def _title_lines(explanation: Explanation) -> list[str]:
    word, given, number = explanation.word, explanation.given, explanation.number
    title = f"{word.id} = {given} ({hex_text(word, given)})"
    if number is not None and number != given:
        title += f", as {word.type} {number}"
    place = "computed" if word.address is None else "address"
    vendor = f"{word.vendor}, " if word.vendor else ""
    return [title, f"{vendor}{place} {address_text(word)}: {word.description}".rstrip(": ")]


def _value_lines(explanation: Explanation) -> list[str]:
    word, lines = explanation.word, []
    terms = [str(flag.mask) for flag in explanation.active]
    terms += [f"{explanation.undefined} (without a name)"] if explanation.undefined else []
    if explanation.kind == "flags" and len(terms) > 1:
        lines.append(f"{explanation.given} = {' + '.join(terms)}")
    if explanation.value is not None:
        lines.append(f"value: {quantity(explanation.value, explanation.unit)}")
    if explanation.state:
        lines.append(f"state: {explanation.state}")
    lines += [f"value on device {own.device}: {quantity(own.value, own.unit)}" for own in explanation.devices]
    lines += [f"{name}: {result}" for name, result in explanation.derived]
    if explanation.exported:
        lines.append(f"exported as: {series_text(word, explanation.state)}")
    if explanation.undefined:
        bits = [str(bit) for bit in range(word.registers * 16) if explanation.undefined >> bit & 1]
        mask = hex_text(word, explanation.undefined)
        lines.append(f"bits without a name: {', '.join(bits)} ({mask}), in generex_undefined_flags")
    return lines


def _sections(explanation: Explanation) -> list[tuple[str, tuple[Flag, ...]]]:
    """The flags to show under their headings."""
    flag = explanation.word.flag
    if not explanation.available or not (explanation.kind == "flags" or flag):
        return []
    sections = [("active" if flag else "set", explanation.active)]
    if explanation.missing:
        sections.append((_MISSING, explanation.missing))
    elif flag and not explanation.active:
        sections = [("not active; when it is 1", (flag,))]
    return sections


def _print_frame(frame: Frame, form: str) -> None:
    if form == "json":
        emit_json(frame_data(frame))
        return
    head = [f"SNMP_PROF frame of {frame.size} bytes"]
    head += [f"counter: {frame.counter}"] if frame.counter is not None else []
    head += [f"error byte: {frame.error} (0x{frame.error:02X})"] if frame.error is not None else []
    header = (">bytes", "word", ">raw", "hex", "value")
    rows = [_frame_row(word) for word in frame.words]
    if form == "text":
        blocks = ["\n".join(head), *frame.notes, columns(header, rows)]
        blocks += [f"{title}:\n{flag_text(flags)}" for title, flags in _frame_sections(frame)]
        emit("\n\n".join(blocks))
        return
    screen = console()
    screen.print("\n".join(head))
    for note in frame.notes:
        screen.print(note, style="bold")
    overview = table(*header)
    for row, word in zip(rows, frame.words, strict=True):
        overview.add_row(*row, style=None if word.believed else "dim")
    screen.print(overview)
    for title, flags in _frame_sections(frame):
        show_flags(screen, title, flags)


def _frame_row(item: FrameWord) -> tuple[str, str, str, str, str]:
    explanation, mark = item.explanation, f" [{item.reason}]"
    word = explanation.word
    place = "" if word.address is None else f"{2 * word.address + 1}+{2 * word.address + 2}"
    if not explanation.available:
        value = "not available"
    elif explanation.kind == "flags":
        named = [flag.name + (mark if flag.name in item.doubted else "") for flag in explanation.active]
        value = ", ".join(named) or ("none" if item.believed else f"none{mark}")
    elif explanation.kind == "alarm":
        value = "active" if explanation.active else "not active"
    elif explanation.value is None:
        value = explanation.state or "not exported"
    else:
        value = quantity(explanation.value, explanation.unit)
    if not item.believed and explanation.kind != "flags":
        value += mark
    return place, word.id, str(explanation.given), hex_text(word, explanation.given), value


def _frame_sections(frame: Frame) -> list[tuple[str, tuple[Flag, ...]]]:
    """The flags of a frame that are believed and worth a word: those that are set, and those missing."""
    sections = []
    for item in frame.words:
        explanation = item.explanation
        for title, flags in (("set", explanation.active), (_MISSING, explanation.missing)):
            believed = tuple(flag for flag in flags if flag.name not in item.doubted)
            if believed:
                sections.append((f"{explanation.word.id}, {title}", believed))
    return sections
