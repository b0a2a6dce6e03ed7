"""What was found, as text: for the terminal, and with every raw word for the vendor. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from exporter.assess.facts import UPS_PREFIX
from exporter.discover.battery import Battery
from exporter.discover.configfile import own_module
from exporter.discover.findings import Findings, Shift
from exporter.discover.heard import Heard, counted, ranges
from exporter.discover.words import Said
from exporter.maps.model import Map, Word
from exporter.terminal import columns, quantity

Maps = Mapping[str, Map]

_ADDRESSES_IN_ROW = 10


def sections(item: Findings, maps: Maps) -> list[tuple[str, str]]:
    """The findings over one unit as titles with plain text."""
    heard = item.heard
    found = [("Which list", _which(item, maps)), ("How it answers", _answering(heard))]
    if item.words:
        found.append(("UPS words", _ups(item, maps)))
    elif item.maps and _has_ups(maps[item.maps[0]]):
        found.append(("UPS words", _by_map(heard, maps[item.maps[0]])))
    found.append(("BACS", ("read that way: " if item.shifted else "") + _bacs(item.battery)))
    found.append(("Verify on site", "\n".join(f"- {text}" for text in _to_verify(item, maps))))
    return found


def terminal_text(item: Findings, maps: Maps) -> str:
    """The findings for people who stand beside the device."""
    return "\n\n".join(f"{title}\n{_indented(text)}" for title, text in sections(item, maps))


def vendor_report(head: str, transport: str, items: Sequence[Findings], maps: Maps) -> str:
    """The report in Markdown: findings, raw words by address, exceptions. Names no host, path or name."""
    parts = [
        "# Modbus words of a GENEREX device",
        f"{head}. Read over {transport} by generex-exporter, which only ever reads. Addresses are 0-based, "
        "as in the PDU. The address of the device is left out. Please add: model, firmware, UPS model.",
    ]
    for item in items:
        parts.append(f"## Unit {item.heard.unit}")
        parts += [f"### {title}\n\n```\n{text}\n```" for title, text in sections(item, maps)]
        parts.append(f"### Raw words\n\n```\n{raw_table(item.heard)}\n```")
        parts.append(f"### Requests\n\n```\n{_requests(item.heard)}\n```")
    return "\n\n".join(parts) + "\n"


def raw_table(heard: Heard) -> str:
    """Every word that was read, in hexadecimal, ten addresses a row; `--` refused, `??` not answered."""
    known = {*heard.words, *heard.refused, *heard.silent}
    rows = []
    for start in sorted({address - address % _ADDRESSES_IN_ROW for address in known}):
        cells = [_cell(heard, address) for address in range(start, start + _ADDRESSES_IN_ROW)]
        rows.append(f"{start:>5}  {' '.join(cells)}".rstrip())
    return "\n".join(rows) or "nothing"


def _cell(heard: Heard, address: int) -> str:
    if address in heard.words:
        return f"{heard.words[address]:04X}"
    return "  --" if address in heard.refused else "  ??" if address in heard.silent else "    "


def _requests(heard: Heard) -> str:
    lines = []
    for asked in heard.asked:
        request = asked.request
        outcome = asked.outcome or "answered"
        lines.append(
            f"function {request.function}, {request.count} from {request.address}: {outcome} "
            f"({asked.seconds * 1000:.0f} ms)"
        )
    return "\n".join(lines)


def _which(item: Findings, maps: Maps) -> str:
    lines = []
    for fit in item.fits:
        lines.append(f"{maps[fit.name].short} ({fit.name}) {_verb(fit.verdict)}: {'; '.join(fit.reasons)}")
    if item.heard.function != 3:
        lines.append("Words are read with function code 4 here: the device needs `function: 4`.")
    if item.shifted:
        lines.append(f"The words are shifted: {item.shifted.text}.")
        lines.append(
            "No built-in map reads that. A map of your own does, with these lines (docs/own-maps.md):"
        )
        lines += _includes(item.shifted, maps)
    elif not item.maps:
        lines.append(f"{item.why_no_map}.")
        lines.append("A map of your own can read it: docs/own-maps.md. `discover --scan 0-999` shows which")
        lines.append("words there are, and writes a map to start from.")
    else:
        module = item.module or f"{own_module(item.maps)} (maps {', '.join(item.maps)})"
        lines.append(f"To be read with module {module}" + ("." if item.sure else ", which is doubtful."))
    return "\n".join(lines)


def _has_ups(item: Map) -> bool:
    return any(metric.startswith(UPS_PREFIX) for metric in item.metrics)


def _includes(shift: Shift, maps: Maps) -> Iterable[str]:
    """What a map of the user's own includes to read the lists where they are."""
    yield "  include:"
    for name in shift.maps:
        groups = ", ".join(group.name for group in maps[name].groups)
        first = min(word.address for word in maps[name].words.values() if word.address is not None)
        yield f"    - {{map: {name}, groups: [{groups}], at: {first + shift.by}}}"


def _verb(verdict: str) -> str:
    return {"doubtful": "is doubtful", "unknown": "cannot be told"}.get(verdict, verdict)


def _answering(heard: Heard) -> str:
    seconds = [asked.seconds for asked in heard.asked if not asked.outcome]
    reads = f"function code {heard.function} reads words" if heard.words else "no word was read"
    lines = [f"{reads}, {counted(len(heard.asked), 'request')}"]
    if seconds:
        lines[0] += f", {sorted(seconds)[len(seconds) // 2] * 1000:.0f} ms for the middle one"
    lines += [heard.other] if heard.other else []
    if heard.max_words < 100:
        lines.append(f"takes {counted(heard.max_words, 'word')} at once, not more")
    lines += [f"refused with exception {code}: {where}" for code, where in heard.refusals()]
    if heard.silent:
        lines.append(f"not answered: {ranges(heard.silent)}")
    return "\n".join([*lines, *heard.bits, *heard.notes])


def _ups(item: Findings, maps: Maps) -> str:
    # the chosen list may lack some of them: then they are named as in another that has them
    lists = [*(one for one in maps.values() if not one.is_frame), maps[item.chosen]]
    words = {word.address: word for one in lists for word in one.words.values()}
    metrics = {name: metric for one in lists for name, metric in one.metrics.items()}
    divided = {address for tenth in item.tenths for address in tenth.addresses}
    rows = []
    for said in item.words:
        word = words[said.address]
        unit = metrics[word.metric].unit if word.metric in metrics else ""
        quiet = word.flag is not None and said.raw == 0
        if not quiet:
            rows.append(_row(said, word, unit, tenth=said.address in divided))
    table = columns((">address", "word", ">raw", "hex", "value", "judgement"), rows)
    quiet_flags = [said.address for said in item.words if words[said.address].flag and said.raw == 0]
    notes = [f"alarm words that are 0: {ranges(quiet_flags)}"]
    notes += [f"(inferred) {tenth.reason}" for tenth in item.tenths]
    return "\n".join([table, *notes])


def _row(said: Said, word: Word, unit: str, *, tenth: bool) -> tuple[str, ...]:
    judgement = said.verdict + (f": {said.note}" if said.note else "")
    if said.raw is None:
        return str(said.address), word.id, "", "", "", judgement
    value = ""
    if said.verdict not in ("not available", "unjudged"):
        value = _value(word, said.raw, unit, 10 if tenth else 1)
    return str(said.address), word.id, str(said.raw), f"0x{said.raw:04X}", value, judgement


def _value(word: Word, raw: int, unit: str, divisor: int = 1) -> str:
    if word.flags:
        return ", ".join(flag.name for flag in word.flags if raw & flag.mask) or "no flag"
    if not word.is_measurement:
        return str(raw)
    return quantity(round(word.value(raw) / divisor, 6), unit)


def _by_map(heard: Heard, item: Map) -> str:
    """The words of a map that has places of its own, decoded by it."""
    base = heard.frame_base if item.is_frame else 0
    rows = []
    for word in item.words.values():
        if word.address is None or (address := word.address + base) not in heard.words:
            continue
        raw = heard.words[address]
        unit = item.metrics[word.metric].unit if word.metric in item.metrics else ""
        value = _value(word, raw, unit) if word.is_available(raw) else "not available"
        rows.append((str(address), word.id, str(raw), f"0x{raw:04X}", value))
    return columns((">address", "word", ">raw", "hex", "value"), rows)


def _bacs(battery: Battery) -> str:
    if not battery.there:
        return f"{'none' if battery.known else 'not known'}: {battery.why}"
    lines = [battery.why, battery.counts]
    lines.append(f"modules that answer: {ranges(battery.live)}")
    if battery.missing:
        lines.append(f"modules of its count that do not: {ranges(battery.missing)}")
    if battery.unread:
        lines.append(f"modules of its count that could not be read: {ranges(battery.unread)}")
    if battery.above:
        lines.append(f"modules above its own count: {ranges(battery.above)}; they are expected, too")
    for decoding in battery.decodings:
        note = f" ({decoding.note})" if decoding.note else ""
        verdict = "plausible" if decoding.plausible else "not plausible"
        span = f"{decoding.low:g} to {decoding.high:g} {decoding.unit}"
        lines.append(f"module {decoding.what} as {decoding.how}: {span}, {verdict}{note}")
    for current in battery.currents:
        number = current.number
        scaled = f"{number / 100:g} A if it counts 0.01 A, {number} A if it counts amperes"
        lines.append(f"string {current.string} current is {number}: {scaled}")
    if battery.cells:
        lines.append(f"(inferred) {battery.cells} lead-acid cells in a block, by its volts")
    doubts = [f"not read as BACS: {doubt}" for doubt in battery.doubts]
    return "\n".join([*lines, *battery.warnings, *doubts])


def _to_verify(item: Findings, maps: Maps) -> Iterable[str]:
    """What no reading can tell."""
    if item.shifted:
        yield "that the values of the map of your own are those on the panel of the UPS and on the web page"
        return
    if not item.maps:
        yield "which Modbus list the UPS maker gives for this model; send the report to the vendor"
        return
    if not item.sure:
        yield "the list: run discover again during a battery test, when alarm words are set"
    for tenth in item.tenths:
        yield f"{tenth.kind} against the panel of the UPS: the scale 0.1 is inferred"
    if any(_has_ups(maps[name]) for name in item.maps) and not item.tenths:
        yield "volts, hertz and degrees against the panel of the UPS: the lists name no scale"
    if any(maps[name].is_frame for name in item.maps):
        yield "that the gateway's counter moves and its error byte is 0 while the UPS is on battery, too"
    if item.battery.there and item.reads_bacs:
        yield (
            "string currents during a discharge, against the web page: below 0 is discharge, the scale is "
            "0.01 A or 1 A, and no document decides (override bacs.string_current)"
        )
        yield "a module's temperature, volts and resistance against the web page: field use only, one source"
    if not item.battery.known:
        yield "whether there is a BACS: its words were not answered"
    if item.phases:
        yield f"{counted(item.phases, 'phase')} (inferred from volts and hertz)"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
