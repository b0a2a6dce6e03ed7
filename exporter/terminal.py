"""Output of the commands: tables and colours on a terminal, plain text in a pipe, numbers with their units.

rich is loaded only when a table is drawn: `serve` must start quickly.
"""

import io
import json
import math
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from exporter.maps.model import Flag, Word
from exporter.maps.units import UNITS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Format = Literal["table", "text", "json"]
FORMATS: tuple[Format, ...] = ("table", "text", "json")

SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan", "none": "dim"}
_TABLE_WIDTH = 110  # below it the seven columns of flags break in the middle of words
_PIPE_WIDTH = 120  # of a table that was asked for in a pipe: the same everywhere


def chosen_format(asked: Format | None) -> Format:
    """The format that was asked for, else a table on a terminal and text in a pipe."""
    return asked or ("table" if sys.stdout.isatty() else "text")


def emit(text: str) -> None:
    """Print `text`."""
    _be_lenient()
    print(text)


def emit_json(data: object) -> None:
    """Print `data` as JSON; a number that JSON does not have is an error of the caller."""
    emit(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def console() -> "Console":
    """A rich console on standard output: colours on a terminal only, no markup in what is printed."""
    from rich.console import Console

    _be_lenient()
    terminal = sys.stdout.isatty()
    width = None if terminal else _PIPE_WIDTH
    return Console(force_terminal=terminal, width=width, markup=False, emoji=False, highlight=False)


def _be_lenient() -> None:
    """Let what the output's encoding does not have, such as ° in ASCII, be a question mark and no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def table(*columns: str, title: str = "") -> "Table":
    """An empty rich table; a column whose name begins with `>` is a column of numbers."""
    from rich import box
    from rich.table import Table

    new = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold")
    for column in columns:
        if column.startswith(">"):
            new.add_column(column.removeprefix(">"), justify="right", no_wrap=True)
        else:
            new.add_column(column, overflow="fold")
    return new


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under a header as plain aligned text; a column whose name begins with `>` is one of numbers."""
    right = [name.startswith(">") for name in header]
    lines = [[name.removeprefix(">") for name in header], *([*row] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def plain(number: int | float) -> str:
    """A number without an exponent where it is of a usual size: 0.00499, 230, -1."""
    if isinstance(number, int) or not math.isfinite(number) or abs(number) >= 1e15:
        return str(number)
    text = f"{Decimal(repr(number)):f}".removesuffix(".0")
    return "0" if text == "-0" else text


def quantity(value: float, unit: str) -> str:
    """A value in its unit as exported, and as people say it where that differs: `0.00499 Ω (4.99 mΩ)`."""
    text = plain(value)
    exact = Decimal(repr(value)) if math.isfinite(value) else Decimal(0)
    if unit == "ratio":
        return f"{text} ({plain(float(exact * 100))} %)"
    aside = ""
    if unit == "seconds" and abs(value) >= 60 and value % 60 == 0:
        aside = f" ({plain(value / 60)} min)"
    if unit == "ohms":
        aside = f" ({plain(float(exact * 1000))} mΩ)"
    return f"{text} {UNITS[unit].symbol if unit in UNITS else unit}".rstrip() + aside


def hex_text(word: Word, raw: int | float) -> str:
    """A raw value in hexadecimal, with all digits of the word's width: `0x0038`; "" for a fraction."""
    if isinstance(raw, float):
        return ""
    sign = "-" if raw < 0 else ""
    return f"{sign}0x{abs(raw):0{4 * word.registers}X}"


def series_text(word: Word, state: str = "…") -> str:
    """The series that a word feeds, with `…` where there is one for each flag and `n` for each instance."""
    labels = [(word.repeat.label, "n")] if word.repeat else []
    labels += word.labels
    if word.flags or word.flag:
        labels.append(("flag", word.flag.name if word.flag else "…"))
    if word.states:
        labels.append(("state", state))
    inner = ",".join(f'{name}="{value}"' for name, value in labels)
    return word.metric + (f"{{{inner}}}" if inner else "")


def address_text(word: Word) -> str:
    """Where a word is: `109`, `1060 + 5·(n−1), n = 1…330`, or `= header >> 8` for a formula."""
    if word.address is None:
        return f"= {word.formula.text}" if word.formula else ""
    if word.repeat:
        return f"{word.address} + {word.repeat.stride}·(n−1), n = 1…{word.repeat.max}"
    return f"{word.address}" if word.registers == 1 else f"{word.address}–{word.address + word.registers - 1}"


def conversion_text(word: Word, unit: str) -> str:
    """How a raw word becomes its value: `raw × 0.5 − 39 °C`."""
    if not word.is_measurement:
        return "bits" if word.flags else "states" if word.states else "0 or 1"
    scale = "" if word.scale == 1 else f" × {word.scale:f}"
    offset = "" if word.offset == 0 else f" {'−' if word.offset < 0 else '+'} {abs(word.offset):f}"
    symbol = f" ({unit})" if unit == "ratio" else f" {UNITS[unit].symbol if unit in UNITS else unit}"
    return f"raw{scale}{offset}{symbol}".rstrip()


def flag_text(flags: Sequence[Flag]) -> str:
    """Flags as plain text: mask, names and severity in one line, meaning and first action below it."""
    return "\n".join(f"{title}\n{meaning}" for title, meaning in _flag_lines(flags)) or "  none"


def _flag_lines(flags: Sequence[Flag]) -> Iterable[tuple[str, str]]:
    """The line that names each flag, and those with its meaning."""
    rows = [(f"  {flag.mask}", f"0x{flag.mask:04X}", flag.name, flag.vendor, flag.severity) for flag in flags]
    for title, flag in zip(columns((">", "", "", "", ""), rows).splitlines()[1:], flags, strict=True):
        action = f"\n      First action: {flag.action}" if flag.action else ""
        yield title, f"      {flag.label}. {flag.description}{action}"


def show_flags(screen: "Console", title: str, flags: Sequence[Flag]) -> None:
    """Print flags on a rich console: a table coloured by severity, plain lines where it is too narrow."""
    from rich.text import Text

    if not flags or screen.width < _TABLE_WIDTH:
        screen.print(f"\n{title}:")
        for (name, meaning), flag in zip(_flag_lines(flags), flags, strict=True):
            screen.print(Text(name, style=SEVERITY_STYLES[flag.severity]))
            screen.print(meaning)
        if not flags:
            screen.print("  none")
        return
    names = (">mask", ">hex", "flag", "vendor name", "severity", "meaning", "first action")
    drawn = table(*names, title=f"{title}:")
    for flag in flags:
        severity = Text(flag.severity, style=SEVERITY_STYLES[flag.severity])
        meaning = f"{flag.label}. {flag.description}"
        hexadecimal = f"0x{flag.mask:04X}"
        drawn.add_row(str(flag.mask), hexadecimal, flag.name, flag.vendor, severity, meaning, flag.action)
    screen.print(drawn)
