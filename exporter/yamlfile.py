"""Strict YAML files: duplicate keys are refused and every error names the file, the line and the place.

What stands in a wrong place may be a secret: where any text is right none is shown, and keys only if they are
plain names.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from exporter.errors import UserError
from exporter.files import read_file

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

_MAX_DEPTH = 50
_MAX_VALUES = 200_000  # an alias counts with all that is behind it, as it is walked and checked each time
_MAX_SHOWN = 200  # characters of a wrong value
# the mistakes that pydantic calls so: what stands there may be any text
_MAY_BE_SECRET = ("string_", "dict_", "list_", "model_")
# a name as people give them; most tokens have other characters or are longer
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,39}")
# what PyYAML quotes of a text without quotes that begins with *, & or !
_QUOTED = re.compile(r"\b(alias|anchor|tag|handle) (['\"]).*\2")

_PACKAGED = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML may have been built without libyaml

# sections in which no date and no number with zeros or colons is right: it may be a password
_NEAR_SECRETS = (
    ("otlp",), ("basic_auth_users",), ("tls_server_config",),
    ("basic_auth",), ("authorization",), ("bearer_token",), ("http_headers",),
)  # fmt: skip
# numbers of YAML 1.1 that people write and mean as something else: 010 is 8, 1:30 is 90
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


class Strict(BaseModel):
    """Base of everything read from YAML: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Document:
    """A parsed YAML text that remembers on which line each key and item stands."""

    def __init__(self, name: str, data: Any, lines: dict[Place, int]) -> None:
        self.name = name
        self.data = data
        self._lines = lines

    def line(self, place: Sequence[str | int]) -> int:
        """The line of `place`, or of the nearest thing around it."""
        path = tuple(place)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def error(self, place: Sequence[str | int], message: str) -> UserError:
        """An error that names file, line and place."""
        return UserError(f"{self.name}:{self.line(place)}: {_where(place)}{message}")


def parse(text: str, name: str, *, packaged: bool = False) -> Document:
    """Parse one YAML document strictly.

    libyaml takes a tenth of the time, but says in other words what is wrong: it parses what is `packaged`
    with the program.

    Raises UserError, with file and line, for bad YAML, duplicate keys, and aliases that hold themselves or
    multiply into more values than anyone writes.
    """
    try:
        loader = _PACKAGED(text) if packaged else yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            lines = {} if node is None else _Walk(loader, name).lines(node)
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = str(error.problem or error.context)
        if problem.startswith("but "):  # the other half of a sentence
            problem = f"{error.context}, {problem}"
        problem, quoted = _QUOTED.subn(r"\1", problem)
        advice = ": put text that begins with *, & or ! in quotes" if quoted else ""
        raise UserError(f"{name}:{line}: not valid YAML: {problem}{advice}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{name}:{line}: not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise UserError(f"{name}:1: not valid YAML: nested too deeply") from None
    return Document(name, data, lines)


def read(path: Path) -> Document:
    """Read and parse a file. Raises UserError when it cannot be read."""
    try:
        content = read_file(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:  # a path that no file can have
        raise UserError(f"cannot read {str(path)!r}: {error}") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8 text: {error.reason}") from None
    return parse(text, str(path))


class MistakesError(UserError):
    """What is wrong in a document, as (place, message) pairs; its text has a line for each."""

    def __init__(self, document: Document, mistakes: Sequence[tuple[Place, str]]) -> None:
        messages = [str(document.error(place, message)) for place, message in mistakes]
        super().__init__("\n".join(dict.fromkeys(messages)))
        self.mistakes = mistakes


def validate(document: Document, model: type[Model]) -> Model:
    """The document as `model`. Raises MistakesError with one line per mistake, each with its place."""
    try:
        return model.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        pairs = [(_known_place(document, item["loc"]), _describe(item)) for item in found]
        raise MistakesError(document, pairs) from None


class _Walk:
    """Goes over the nodes of a document: notes the lines and refuses what is not strict or not harmless."""

    def __init__(self, loader: yaml.SafeLoader, name: str) -> None:
        self._loader = loader
        self._name = name
        self._lines: dict[Place, int] = {}
        self._left = _MAX_VALUES

    def lines(self, root: yaml.Node) -> dict[Place, int]:
        """The line of every key and item below `root`."""
        self._value(root, (), 0)
        return self._lines

    def _fail(self, node: yaml.Node, message: str) -> UserError:
        return UserError(f"{self._name}:{node.start_mark.line + 1}: {message}")

    def _value(self, node: yaml.Node, place: Place, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise self._fail(node, f"more than {_MAX_VALUES} values, counting aliases each time")
        if depth > _MAX_DEPTH:
            raise self._fail(node, "nested too deeply, or an alias that holds itself")
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, place, depth)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._value(item, (*place, index), depth + 1)
        else:
            self._construct(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> None:
        seen: dict[str, int] = {}  # 1 and "1" are one key to those that read numbers
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                self._value(value_node, (*place, "<<"), depth + 1)
                continue
            self._value(key_node, (*place, "[key]"), depth + 1)
            key = self._construct(key_node, place)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str | int):
                raise self._fail(key_node, "a key is not text: put it in quotes")
            if (same := str(key)) in seen:
                raise self._fail(key_node, f"duplicate key{_in_quotes(key)} (first on line {seen[same]})")
            seen[same] = line
            self._lines[(*place, key)] = line
            self._value(value_node, (*place, key), depth + 1)

    def _construct(self, node: yaml.Node, place: Place) -> Any:
        try:
            value = self._loader.construct_object(node, deep=True)
        except (ArithmeticError, AttributeError, LookupError, ValueError) as error:
            # PyYAML trips over such values: 2001-99-99, !!int "", !!bool x, a number of 5000 digits
            kind = node.tag.rpartition(":")[2]
            message = f"this is no {kind}: put text in quotes"
            if kind == "timestamp" and isinstance(error, ValueError) and place[:1] not in _NEAR_SECRETS:
                shown = _shortened(node.value)
                message = f"there is no {shown} ({error}): write a date that there is, or put text in quotes"
            raise self._fail(node, _where(place) + message) from None
        if isinstance(value, int) and value.bit_length() > 64:
            raise self._fail(node, f"{_where(place)}a number of {value.bit_length()} bits is too large")
        if isinstance(node, yaml.ScalarNode) and node.style is None and isinstance(value, int | float):
            self._check_number(node, value, place)
        return value

    def _check_number(self, node: yaml.ScalarNode, value: int | float, place: Place) -> None:
        text = _shortened(node.value)
        if _OCTAL.fullmatch(node.value):
            digits = node.value.replace("_", "").lstrip("-+0") or "0"
            why = f"with a 0 before it a number is octal: write {'-' * (value < 0)}{digits[:_MAX_SHOWN]}"
        elif _SEXAGESIMAL.fullmatch(node.value):
            why = f"with colons a number counts in sixties: write {value}"
        else:
            return
        message = f"{text} is {value} in YAML, as {why} if that is meant, or put text in quotes"
        if place[:1] in _NEAR_SECRETS:
            message = "text belongs here: put it in quotes"
        raise self._fail(node, _where(place) + message)


def _known_place(document: Document, location: Sequence[str | int]) -> Place:
    """Drop the parts that pydantic adds for unions and keys, which are no places in the file."""
    place: list[str | int] = []
    data = document.data
    for part in location:
        inside = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if inside or (isinstance(data, dict) and part in data):
            place.append(part)
            data = data[part]
        elif part != "[key]" and part == location[-1]:
            place.append(part)
    return tuple(place)


def _describe(item: Any) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        return f"unknown key{_in_quotes(item['loc'][-1])}"
    if kind == "missing":
        return "this key is required"
    message: str = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[0].lower() + message[1:]
    value = item.get("input")
    if kind == "string_type" and isinstance(value, bool):
        return f"{message}, not {value}: put on, off, yes and no in quotes"
    own = kind in ("value_error", "assertion_error")
    if not own and not kind.startswith(_MAY_BE_SECRET) and isinstance(value, str | int | float | bool):
        return f"{message}, not {_shown(value)}"
    return message


def _where(place: Sequence[str | int]) -> str:
    return ".".join(_key(part) for part in place) + ": " if place else ""


def _key(key: str | int) -> str:
    """A key as errors show it."""
    text = str(key)
    return text if _PLAIN.fullmatch(text) else "…"


def _in_quotes(key: str | int) -> str:
    return f' "{key}"' if _PLAIN.fullmatch(str(key)) else ""


def _shown(value: object) -> str:
    return _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
