"""A map of an unknown list to start from, its configuration, and the report to name it by. Pure."""

from collections.abc import Sequence

from exporter.discover.configfile import yaml_text
from exporter.discover.scanned import Place, Scanned, rows, summary
from exporter.markdown import table
from exporter.targets import Target

MAP = "scanned"
"""The name of the map and of its module."""

_NAMES = {1: "coil", 2: "discrete", 3: "word", 4: "input"}
_HEAD = ("code", "address", "raw", "hex", "looks like", "name and unit")
_MOST = 2000  # words: beyond that those that stood at 0 or filler are left out


def wanted(found: Sequence[Place]) -> list[Place]:
    """The words that the map gets: all, or where they are too many for a map those that say something."""
    return list(found) if len(found) <= _MOST else [place for place in found if not place.is_empty]


def map_text(head: str, found: Sequence[Place]) -> str:
    """The map: each word by its number, raw. `found` must not be empty."""
    lines = [
        f"# {head}",
        "# Every word is raw and unknown: what is written of it is only how it stood and moved. To make one",
        "# known, give it a name, a metric, and the scale to a base unit: docs/own-maps.md.",
        f"map: {MAP}",
        "title: Words of an unknown list",
        "source: a scan of the device, no document",
        "metrics:",
        "  generex_unknown_word:",
        "    help: Raw word of a list that nobody has named yet, by function code and address.",
        "groups:",
        f"  {MAP}:",
        "    title: Unknown words",
        "    words:",
    ]
    for place in found:
        lines += [
            f"      {_NAMES[place.function]}_{place.address}:",
            f"        address: {place.address}",
            *([f"        function: {place.function}"] if place.function != 3 else []),
            *(["        type: bool"] if place.function in (1, 2) else []),
            f"        description: {yaml_text(f'unknown: {place.like}')}",
            "        metric: generex_unknown_word",
            f'        labels: {{function: "{place.function}", address: "{place.address}"}}',
            "        optional: true",
        ]
    return "\n".join(lines) + "\n"


def config_of_scan(head: str, map_file: str, name: str, target: Target, max_words: int) -> str:
    """The configuration that reads the device with the map in `map_file`."""
    lines = [
        f"# {head}",
        f"maps: [{yaml_text(map_file)}]",
        f"modules: {{{MAP}: {{maps: [{MAP}]}}}}",
        "devices:",
        f"  - name: {yaml_text(name)}",
        f"    target: {yaml_text(target.url)}",
        f"    module: {MAP}",
    ]
    if max_words < 100:
        lines.append(f"    max_words: {max_words}  # more at once were not served")
    return "\n".join(lines) + "\n"


def scan_report(head: str, transport: str, scanned: Scanned, found: Sequence[Place]) -> str:
    """The report in Markdown, with an empty column to name each word in. Names no host, path or name."""
    lines = [
        "# Words of an unknown Modbus list",
        "",
        f"{head}. Unit {scanned.unit}, read over {transport}. Addresses are 0-based, as in the PDU. What a",
        "word looks like is a guess from how it stood and moved. Compare with the panel of the device, name",
        "the words you know, and write them into the map. Please add: maker, model, firmware.",
        "",
        *(f"- {line}" for line in summary(scanned)),
        "",
        table(_HEAD, ((*row, "") for row in rows(found))),
    ]
    return "\n".join(lines)
