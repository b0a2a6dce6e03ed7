"""Strict YAML files: duplicate keys are refused and every error names the file, the line and the place."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from exporter.errors import UserError

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


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
        where = ".".join(str(part) for part in place)
        return UserError(f"{self.name}:{self.line(place)}: {where + ': ' if where else ''}{message}")


def parse(text: str, name: str) -> Document:
    """Parse one YAML document strictly. Raises UserError for bad YAML and duplicate keys."""
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            lines: dict[Place, int] = {}
            if node is not None:
                _note_lines(loader, node, (), lines, name)
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UserError(f"{name}:{line}: not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{name}:1: not valid YAML: {str(error).splitlines()[0]}") from None
    return Document(name, data, lines)


def read(path: Path) -> Document:
    """Read and parse a file. Raises UserError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read {path}: not UTF-8 text: {error.reason}") from None
    return parse(text, str(path))


def validate(document: Document, model: type[Model]) -> Model:
    """The document as `model`. Raises UserError with one line per mistake, each with its place."""
    try:
        return model.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        messages = []
        for item in error.errors(include_url=False):
            place = _known_place(document, item["loc"])
            messages.append(str(document.error(place, _describe(item))))
        raise UserError("\n".join(dict.fromkeys(messages))) from None


def _note_lines(
    loader: yaml.SafeLoader, node: yaml.Node, place: Place, lines: dict[Place, int], name: str
) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: dict[Any, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = loader.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str | int):
                raise UserError(f'{name}:{line}: key "{key}" is not text: put it in quotes')
            if key in seen:
                raise UserError(f'{name}:{line}: duplicate key "{key}" (first on line {seen[key]})')
            seen[key] = line
            lines[(*place, key)] = line
            _note_lines(loader, value_node, (*place, key), lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(loader, item, (*place, index), lines, name)


def _known_place(document: Document, location: Sequence[str | int]) -> Place:
    """Drop the parts that pydantic adds for unions and keys, which are no places in the file."""
    place: list[str | int] = []
    data = document.data
    for part in location:
        if isinstance(data, dict) and part in data:
            place.append(part)
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            place.append(part)
            data = data[part]
        elif part != "[key]" and part == location[-1]:
            place.append(part)
    return tuple(place)


def _describe(item: Any) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        return f'unknown key "{item["loc"][-1]}"'
    if kind == "missing":
        return "this key is required"
    message: str = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[0].lower() + message[1:]
    value = item.get("input")
    if kind not in ("value_error", "assertion_error") and isinstance(value, str | int | float | bool):
        return f"{message}, not {value!r}"
    return message
