"""Everything that is wrong, gathered so that one run of `check` shows all of it."""

import sys
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from exporter.errors import UsageError, UserError
from exporter.plaintext import one_line
from exporter.yamlfile import Document, Place

_AFTER_THE_FILE = sys.maxsize


@dataclass(frozen=True)
class Source:
    """Where something was given: a place in the file, or a flag with its value."""

    place: Place = ()
    flag: str = ""


@dataclass
class Problems:
    """The errors found so far: the line (flags come after all lines), and the words they are shown in.

    Of `clouded` places (of three parts, in devices) nothing is noted: another mistake would be behind it.
    """

    document: Document
    found: list[tuple[int, str]] = field(default_factory=list)
    clouded: AbstractSet[Place] = frozenset()

    def add(self, source: Source, place: Place, message: str) -> None:
        """Note that `message` holds at `place` within `source`."""
        if source.flag:
            self.found.append((_AFTER_THE_FILE, one_line(f"{source.flag}: {message}")))
            return
        where = (*source.place, *place)
        if where[:3] not in self.clouded:
            self.found.append((self.document.line(where), str(self.document.error(where, message))))

    def where(self, source: Source) -> str:
        """How to point at something given earlier: its line, or its flag."""
        return source.flag or f"line {self.document.line(source.place)}"

    def raise_if_any(self) -> None:
        """Raise UserError with one line per problem; UsageError where the file is not to blame for any."""
        if self.found:
            lines, messages = zip(*sorted(self.found, key=lambda item: item[0]), strict=True)
            error = UsageError if min(lines) == _AFTER_THE_FILE else UserError
            raise error("\n".join(dict.fromkeys(messages)))
