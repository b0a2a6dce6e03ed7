"""The configuration file that discover writes: text with comments, to start from. Pure."""

import json
from collections.abc import Mapping, Sequence

from exporter.discover.battery import Battery
from exporter.discover.findings import Findings
from exporter.discover.tables import MOST_MODULES, MOST_STRINGS
from exporter.targets import Target

_WORDS = {
    97: "output_volts_1", 98: "output_volts_2", 99: "output_volts_3",
    104: "input_volts_1", 105: "input_volts_2", 106: "input_volts_3",
    107: "temperature", 110: "battery_volts",
    111: "input_frequency_1", 112: "input_frequency_2", 113: "input_frequency_3",
}  # fmt: skip


def config_text(head: str, targets: Sequence[tuple[str, Target, Findings]], twins: Mapping[int, int]) -> str:
    """The file for devices given as name, target and findings; of a device without a map only a comment.

    `twins` are units that are most likely the device of another unit: they are written as comments.
    """
    lines = [
        f"# {head}",
        "# What is marked (inferred) was concluded from the words, no document says it: verify it on site.",
        "# `generex-exporter check FILE` checks this file, docs/configuration.md lists every key.",
    ]
    own = sorted({item.maps for _, _, item in targets if item.maps and not item.module})
    if own:
        lines.append("modules:")
        for maps in own:
            lines += [f"  {own_module(maps)}:", f"    maps: [{', '.join(maps)}]"]
    lines.append("devices:")
    for name, target, item in targets:
        entry = _device(name, target, item)
        if item.heard.unit in twins:
            lines.append(
                f"  # unit {item.heard.unit} says what unit {twins[item.heard.unit]} says: one device?"
            )
            entry = [f"  # {line[2:]}" for line in entry]
        lines += entry
    return "\n".join(lines) + "\n"


def own_module(maps: Sequence[str]) -> str:
    """The name of the module for maps that no built-in module has together."""
    return "-".join(maps)


def _device(name: str, target: Target, item: Findings) -> list[str]:
    heard, battery = item.heard, item.battery
    if not item.maps:
        why = item.shifted.text if item.shifted else item.why_no_map[0].lower() + item.why_no_map[1:]
        return [f"  # {yaml_text(name)} at {target.url}: {why}"]
    lines = [
        f"  - name: {yaml_text(name)}",
        f"    target: {yaml_text(target.url)}",
        f"    module: {item.module or own_module(item.maps)}"
        + ("" if item.sure else "  # (inferred) doubtful"),
    ]
    if heard.function != 3:
        lines.append(f"    function: {heard.function}  # words are not read with function code 3 here")
    if heard.max_words < 100:
        lines.append(f"    max_words: {heard.max_words}  # more at once were not served")
    if item.is_frame and heard.frame_base:
        lines += ["    prof:", f"      base_address: {heard.frame_base}"]
    has_bacs = battery.there and item.reads_bacs
    if has_bacs and not (battery.expected_strings or battery.expected_modules):
        lines.append("    bacs: required")
    for what, number, most in (
        ("strings", battery.strings, MOST_STRINGS), ("modules", battery.modules, MOST_MODULES)
    ):  # fmt: skip
        if has_bacs and number > most:
            lines.append(f"    # the device counts {number} {what}, and the known list ends at {most}")
    expected = [f"phases: {item.phases}  # (inferred) from volts and hertz"] if item.phases else []
    if expected := [*expected, *(_expected_battery(item.battery) if has_bacs else ())]:
        lines += ["    expect:", *(f"      {line}" for line in expected)]
    if item.reads_bacs and not has_bacs:
        what = "no BACS" if battery.known else "whether there is a BACS is not known"
        lines.append(f"    # {what}: {battery.why}; it is looked for from time to time all the same")
    if battery.doubts:
        lines.append(f"    # not read as BACS: {'; '.join(battery.doubts)}")
    if item.tenths:
        lines.append("    overrides:")
        for tenth in item.tenths:
            lines.append(f"      # (inferred) {tenth.reason}")
            map_name = item.maps[0]
            lines += [f"      {map_name}.{_WORDS[address]}: {{scale: 0.1}}" for address in tenth.addresses]
    return lines


def _expected_battery(battery: Battery) -> list[str]:
    strings, modules = battery.expected_strings, battery.expected_modules
    lines = []
    if strings:
        lines.append(f"strings: {strings}")
    if modules:
        above = f"  # the device counts {battery.modules}, but {modules} answers" if battery.above else ""
        lines.append(f"modules: {modules}{above}")
    if battery.cells:
        # no word tells the chemistry: that they are lead-acid is taken from the voltage of a cell
        lines.append(f"cells_per_block: {battery.cells}  # (inferred) from the volts of a block")
        lines.append("# chemistry: lfp  # for lithium; no word tells, lead-acid is assumed")
    return lines


def yaml_text(text: str) -> str:
    """Text as YAML, in double quotes as in JSON."""
    return json.dumps(text, ensure_ascii=False)
