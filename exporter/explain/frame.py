"""What a whole frame of an SNMP_PROF gateway says.

The verdicts are those of `reading.decode`, so that what is explained as believed is what is exported.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.config import Config, DeviceConfig
from exporter.explain.word import Explanation, explain_word
from exporter.maps.model import FILLER, Map, Trust, Word
from exporter.reading.decode.decode import Decoded, decode
from exporter.reading.decode.device_map import device_map
from exporter.reading.plan.spans import Span
from exporter.targets import Endpoint, Target

FRAME_BYTES = 100  # the gateway's table (seed 1, device.md 1.2)
MODULE_BYTES = 128  # the "64 Word I/O (Consistent)" module of its GSD file, which has room for more
_HEAD = ("header", "sequence_number", "error_code")


@dataclass(frozen=True)
class FrameWord:
    """A word of a frame. `doubted` are its flags that are not trusted, `reason` says why; "" if all are."""

    explanation: Explanation
    believed: bool = True
    doubted: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True)
class Frame:
    """A gateway frame: its head, the verdict over each section, and its words in order."""

    size: int
    counter: int | None
    error: int | None
    valid: Mapping[str, bool]
    notes: tuple[str, ...]
    words: tuple[FrameWord, ...]


def explain_frame(maps: Mapping[str, Map], item: Map, data: bytes, config: Config | None = None) -> Frame:
    """What a gateway frame of 100 bytes, or the module of 128, says by `item`, a map of such frames."""
    device = DeviceConfig("frame", Target(Endpoint("tcp", "frame", 502)), item.name, (item.name,))
    layout = device_map(device, maps).layout({})
    numbers = [int.from_bytes(data[index : index + 2], "big") for index in range(0, FRAME_BYTES, 2)]
    registers = {kind << 16 | address: word for address, word in enumerate(numbers) for kind in (3, 4)}
    decoded = decode(layout, registers)
    exported: dict[str, set[str]] = {}
    for readings in decoded.readings.values():
        for series, _ in readings:
            if series.word is not None:
                exported.setdefault(series.word.name, set()).update(series.flags or ())
    words = []
    for column in layout.singles:
        for word in column.words:
            if word.name not in _HEAD and word.id in decoded.words:
                given = _given(word, layout.named[word.name], registers, decoded)
                reason = _doubt(word.map, layout.trusts.get(column.section), decoded)
                words.append(_frame_word(explain_word(item, word, given, config), reason, exported))
    without_bacs = not decoded.bacs_there and any(trust.rule == "bacs" for trust in layout.trusts.values())
    counter, error = (decoded.words.get(f"{item.name}.{name}") for name in _HEAD[1:])
    return Frame(
        size=len(data),
        counter=None if counter is None else int(counter),
        error=None if error is None else int(error),
        valid=decoded.valid,
        notes=_notes(len(data), error, decoded.valid, words, without_bacs),
        words=tuple(words),
    )


def _given(word: Word, span: Span | None, registers: Mapping[int, int], decoded: Decoded) -> int | float:
    if span is None:
        return decoded.words[word.id]
    given = 0
    keys = span.keys()
    for key in keys:
        given = given << 16 | registers[key]
    return given


def _frame_word(explanation: Explanation, reason: str, exported: Mapping[str, set[str]]) -> FrameWord:
    word = explanation.word
    if not (reason and explanation.exported):
        return FrameWord(explanation)
    if word.name not in exported:
        return FrameWord(explanation, False, frozenset(flag.name for flag in word.all_flags), reason)
    doubted = frozenset(flag.name for flag in word.flags) - exported[word.name]
    return FrameWord(explanation, True, doubted, reason if doubted else "")


def _doubt(of_map: str, trust: Trust | None, decoded: Decoded) -> str:
    """Why the words of a section with that `trust` are not trusted; "" if they are."""
    if decoded.words.get(f"{of_map}.error_code", 0) != 0:
        return "not trusted"
    if trust is None or decoded.valid.get(trust.section, False):
        return ""
    if trust.rule == "bacs":
        return "" if trust.section in decoded.valid else "no BACS"
    if trust.rule == "lost_flags":
        names = {reference.split(".")[0] for reference in trust.lost_flags}
        heard = any(decoded.words.get(f"{of_map}.{name}", FILLER) != FILLER for name in names)
        return "frozen" if heard else "not confirmed"
    return ""


def _notes(
    size: int,
    error: int | float | None,
    valid: Mapping[str, bool],
    words: list[FrameWord],
    without_bacs: bool,
) -> tuple[str, ...]:
    notes = []
    if size > FRAME_BYTES:
        notes.append(f"Bytes {FRAME_BYTES + 1} to {size} of the module carry nothing and are ignored.")
    if error:
        notes.append(
            f"Error byte {error}: the frame is not valid. Nothing in it is to be believed but its counter."
        )
        return tuple(notes)
    for section in (name for name, believed in valid.items() if not believed):
        said = (item.explanation for item in words if item.explanation.word.section == section)
        found = {note: None for item in said for note in item.notes if "generex_data_valid" in note}
        notes += found or [
            f'No word of the group "{section}" confirms it: generex_data_valid{{group="{section}"}} is 0.'
        ]
    if without_bacs:
        notes.append("The BACS words are all 0 or not available: there is no BACS.")
    notes.append("One frame does not show whether the counter moves: if it stands still, all values are old.")
    return tuple(notes)
