"""The form of a recording, read strictly and written line by line. Pure but for reading the file."""

import itertools
import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from exporter.errors import UserError
from exporter.files import read_file

Word = Annotated[int, Field(ge=0, le=0xFFFF)]
Seconds = Annotated[float, Field(ge=0, le=10**9)]

_LARGEST = 500_000_000  # bytes; weeks of a large BACS


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def line(self) -> str:
        """The JSON line, with its end."""
        return (
            json.dumps(self.model_dump(exclude_none=True), ensure_ascii=False, separators=(",", ":")) + "\n"
        )


Line = TypeVar("Line", bound=_Line)


class Header(_Line):
    """The first line: what was recorded, with what, and how often."""

    generex_recording: Literal[1] = 1
    version: str
    started: str
    target: str | None = None
    transport: Literal["tcp", "rtu", "rtu-tcp"]
    unit: Annotated[int, Field(ge=0, le=255)]
    module: str
    interval: Annotated[float, Field(gt=0, le=86400)]


class Request(_Line):
    """A request as it went over the wire: `words` came back, or `reason` says why none did.

    For function codes 1 and 2 the words are bits. The reasons are those of
    generex_exporter_modbus_errors_total; `seconds` is how long it took.
    """

    unit: Annotated[int, Field(ge=0, le=255)]
    function: Annotated[int, Field(ge=1, le=4)]
    address: Word
    count: Annotated[int, Field(ge=1, le=2000)]
    words: Annotated[tuple[Word, ...] | None, Field(strict=False)] = None
    reason: str | None = None
    seconds: Seconds

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "Request":
        if (self.words is None) == (self.reason is None):
            raise ValueError("a request has either words or a reason")
        if self.words is not None and len(self.words) != self.count:
            raise ValueError(f"{self.count} words were asked for and there are {len(self.words)}")
        if self.address + self.count > 0x10000:
            raise ValueError(f"{self.count} words from {self.address} go beyond address 65535")
        return self

    @property
    def exception(self) -> int | None:
        """The code of the exception that was answered, if one was."""
        number = (self.reason or "").removeprefix("exception_")
        return int(number) if self.reason != number and number.isdecimal() and int(number) < 256 else None


class Pass(_Line):
    """One read pass, `at` seconds after the first one began."""

    at: Seconds
    time: str
    seconds: Seconds
    requests: Annotated[tuple[Request, ...], Field(strict=False)]
    errors: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Recording(BaseModel):
    """A whole recording; there is at least one pass, and their times rise."""

    model_config = ConfigDict(frozen=True)

    header: Header
    passes: tuple[Pass, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts; the last pass counts for one interval."""
        return self.passes[-1].at + self.header.interval


def read_recording(path: Path) -> Recording:
    """The recording in a file. Raises UserError that names the line of the mistake.

    A last line without an end is what a crash left of it, and is passed over.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UserError(f"{path} is larger than {_LARGEST // 1_000_000} MB: cut off passes at its end")
        content = read_file(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    lines = content.split(b"\n")[:-1]
    if not lines:
        raise UserError(f"{path}:1: not a recording: its first line is missing or incomplete")
    header = _parse(Header, lines[0], f"{path}:1")
    passes = [_parse(Pass, line, f"{path}:{number}") for number, line in enumerate(lines[1:], 2)]
    if not passes:
        raise UserError(f"{path}:2: no pass in this file: record for longer")
    for number, (before, after) in enumerate(itertools.pairwise(passes), 3):
        if after.at <= before.at:
            raise UserError(f"{path}:{number}: at: {after.at:g} does not come after {before.at:g}")
    return Recording(header=header, passes=tuple(passes))


def _parse(model: type[Line], line: bytes, where: str) -> Line:
    try:
        return model.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        hint = ""
        if model is Header and "generex_recording" in place:
            hint = " (a recording is what `generex-exporter record` writes)"
        raise UserError(f"{where}: {place}: {message}{hint}".replace(": : ", ": ")) from None
    except (ValueError, RecursionError) as error:  # bad JSON and bad UTF-8 are ValueErrors
        raise UserError(f"{where}: not JSON: {error}") from None
