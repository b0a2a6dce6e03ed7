"""docs/metrics.md, docs/otlp.md and docs/configuration.md: every metric, every flag and every key

The metrics come from the register maps, from the read pass and from the exporter itself.
"""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence

from exporter.exposition.lines import plain_line
from exporter.exposition.own import ExporterMetrics, ExporterState
from exporter.generate.configuration import configuration_page
from exporter.generate.otlp import otlp_page
from exporter.maps import DEFAULT_MODULE, pass_metrics
from exporter.maps.model import Flag, Labels, Map, Metric, Word
from exporter.markdown import cell, table
from exporter.reading.decode.series import Raw, Series
from exporter.reading.device.counters import Counters
from exporter.terminal import address_text

OUT = "docs"

_INTRO = """\
# Metrics

This page is generated from the register maps: `generex-exporter generate reference`; with `--config FILE`
also from your own maps.

- Every series of a device carries the label `device`, the device's labels from the configuration, and the
  labels named here.
- Everything is a gauge, except names in `_total`, which are counters. Units are base units: volts, seconds,
  ratios from 0 to 1.
- A value that was not read in this pass is not exported. The same holds for the filler 0xD8F1 (−9999, "not
  available"), and for all ones or an extreme of a signed word (0xFFFF, 0x8000, 0x7FFF) if the quantity cannot
  have such a value.
- When the manager has lost contact with the UPS, the frozen values of the UPS are not exported either
  (`generex_data_valid{group="ups"}` is 0).
- Registers are 0-based addresses as in the PDU, after the name of their map. A client that counts from 1 must
  add 1. n is the number of the string or module.
- The letter after the registers says how sure address and scale are: C confirmed by two sources, V one vendor
  document, F field use only, I inferred.

`generex-exporter explain MAP.WORD VALUE` says what a word means, `generex-exporter maps NAME` lists a map.
"""
_OWN_INTRO = """\
## The exporter itself

These are on `/metrics` only; `?collect[]=exporter` selects them alone. `/metrics` also has the usual
`process_*` and `python_*` of the Prometheus client library.
"""

# a plausible raw word of each metric; a map that has no such word has no such example
_EXAMPLES = {
    "ups.output_volts_1": 230, "ups.output_load_1": 42, "ups.battery_charge": 100, "ups.input_volts_1": 231,
    "ups.temperature": 24, "ups.battery_runtime": 35, "ups.status": 4, "ups.battery_volts": 273,
    "ups.input_frequency_1": 50, "ups.power_failures": 7, "ups.on_battery": 0, "ups.aux_1": 1,
    "bacs.state": 0x0041, "bacs.alarms": 0x0002, "bacs.num_strings": 2, "bacs.num_modules": 40,
    "bacs.string_current": 0xFF6A, "bacs.string_volts": 0x0224, "bacs.string_average_volts": 0x3583,
    "bacs.string_ripple_current": 12, "bacs.module_temperature": 0x0073, "bacs.module_volts": 0x357A,
    "bacs.module_resistance": 0x01F3, "bacs.module_alarm": 0x2000, "bacs.module_equalization": 4,
}  # fmt: skip
# an example of each metric of a pass, which also gives the names of its labels
_DEVICE = (("device", "ups-a"), ("site", "north"))
_PASS_EXAMPLES: dict[Metric, tuple[Labels, float]] = {
    pass_metrics.UP: ((), 1),
    pass_metrics.GROUP_UP: ((("group", "ups"),), 1),
    pass_metrics.DATA_VALID: ((("group", "ups"),), 1),
    pass_metrics.DEVICE_INFO: (
        (("target", "tcp://10.0.0.5:502"), ("module", DEFAULT_MODULE), ("unit", "1")),
        1,
    ),
    pass_metrics.UNDEFINED_FLAGS: ((("word", "bacs.alarms_1"),), 0),
    pass_metrics.ODD_WORDS: ((("group", "ups"),), 0),
    pass_metrics.REFUSED_WORDS: ((("group", "ups"),), 0),
    pass_metrics.SCRAPE_DURATION: ((), 0.184),
    pass_metrics.SCRAPE_TIMEOUT: ((), 5),
    pass_metrics.SCRAPE_REQUESTS: ((), 4),
    pass_metrics.EXPECTED_PHASES: ((), 3),
    pass_metrics.EXPECTED_OUTPUT_VOLTS: ((), 230),
    pass_metrics.EXPECTED_INPUT_VOLTS: ((), 230),
    pass_metrics.EXPECTED_BATTERY_INFO: ((("chemistry", "lfp"),), 1),
    pass_metrics.EXPECTED_CELLS_PER_BLOCK: ((), 4),
    pass_metrics.EXPECTED_STRING_GROUP_INFO: ((("string", "2"), ("string_group", "1")), 1),
    pass_metrics.EXPECTED_RUNTIME: ((), 600),
    pass_metrics.EXPECTED_TEST_INTERVAL: ((), 7776000),
    pass_metrics.EXPECTED_TEST: ((), 600),
    pass_metrics.EXPECTED_REDUNDANCY_GROUP_INFO: ((("redundancy_group", "hall a"),), 1),
    pass_metrics.EXPECTED_BLOCK_RESISTANCE: ((("module", "17"),), 0.0042),
    pass_metrics.EXPECTED_BLOCK_INSTALLED: ((("module", "17"),), 1772323200),
}
_METRIC_HEAD = ("metric", "meaning", "type", "unit", "labels")
_FLAG_HEAD = ("flag", "vendor name", "label", "severity", "normally set", "description", "first action")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reference has no arguments of its own."""


def files(maps: Mapping[str, Map], args: argparse.Namespace) -> dict[str, str]:
    """The pages by their names."""
    pass_metrics = [(metric, list(dict(labels))) for metric, (labels, _) in _PASS_EXAMPLES.items()]
    return {
        "metrics.md": metrics_page(maps),
        "otlp.md": otlp_page(maps, pass_metrics, exporter_metrics()),
        "configuration.md": configuration_page(),
    }


def metrics_page(maps: Mapping[str, Map]) -> str:
    """The page of all metrics and flags, as Markdown."""
    parts = [_INTRO]
    seen: set[str] = set()
    for item in maps.values():
        new = [metric for name, metric in item.metrics.items() if name not in seen]
        seen.update(item.metrics)
        if new:
            rows = [_map_row(metric, maps) for metric in new]
            parts += [f"## {cell(_text(item.title))}\n", table((*_METRIC_HEAD, "registers"), rows)]
            parts += _example([reading for metric in new for reading in _readings(metric, item)])
    rows = [_row(metric, dict(labels)) for metric, (labels, _) in _PASS_EXAMPLES.items()]
    parts += ["## Every read pass\n", table(_METRIC_HEAD, rows)]
    parts += _example([(Series(metric, labels), value) for metric, (labels, value) in _PASS_EXAMPLES.items()])
    parts += [
        _OWN_INTRO,
        table(_METRIC_HEAD, [_row(metric, labels) for metric, labels in exporter_metrics()]),
    ]
    parts += ["## Flags\n\nA flag is a series with the value 0 or 1 and its name in the label `flag`.\n"]
    parts += [*_flag_words(maps), *_alarm_words(maps), *_states(maps)]
    return "\n".join(parts)


def exporter_metrics() -> list[tuple[Metric, list[str]]]:
    """The exporter's own metrics with their labels, all that there can be."""
    state = ExporterState([("ups-a", Counters(errors={"timeout": 0}))], True, 0.0, (0, 0))
    return list(
        {
            series.metric.name: (series.metric, [name for name, _ in series.labels])
            for series, _ in ExporterMetrics().readings(state)
            if series.metric.name.startswith("generex_")
        }.values()
    )


def _row(metric: Metric, labels: Iterable[str]) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in labels)
    return (f"`{metric.name}`", _text(metric.help), metric.type, metric.unit, names)


def _map_row(metric: Metric, maps: Mapping[str, Map]) -> tuple[str, ...]:
    labels: dict[str, dict[str, None]] = {}
    registers: dict[tuple[str, str], list[Word]] = {}
    special = ""
    for item in maps.values():
        if metric.name not in item.metrics:
            continue
        words = [word for word in item.words.values() if metric.name in (word.metric, word.raw_metric)]
        for group in item.groups:
            if group.repeat and group.repeat.present_metric == metric.name:
                words, special = list(group.words), ", any of them"
        if not words and any(word.sensor for word in item.words.values()):
            words, special = list(item.words.values()), ", where the configuration names the sensor"
            labels["sensor"] = {}
        for word in words:
            registers.setdefault((item.name, word.confidence), []).append(word)
            for name, value in _labels_of(word, metric, maps):
                labels.setdefault(name, {})[value] = None
    shown = [f"`{name}`" + _values(values) for name, values in labels.items()]
    places = [f"`{name}` {_places(words)}{f' ({c})' if c else ''}" for (name, c), words in registers.items()]
    cells = _row(metric, ())[:4]
    return (*cells, ", ".join(shown), "; ".join(places) + special)


def _labels_of(word: Word, metric: Metric, maps: Mapping[str, Map]) -> list[tuple[str, str]]:
    labels = []
    if word.repeat:
        parent = [(word.repeat.parent_label, "where known")] if word.repeat.parent_label else []
        labels += [*parent, (word.repeat.label, "")]
    if metric.name == word.raw_metric:
        return [*labels, *((name, f"`{value}`") for name, value in word.raw_labels)]
    if metric.name != word.metric:
        return labels
    labels += [(name, f"`{value}`") for name, value in word.labels]
    if word.flags:
        labels.append(("flag", _link(_flag_sets(maps)[word.flags][0].id)))
    if word.flag:
        labels.append(("flag", _link(metric.name)))
    if word.states:
        labels.append(("state", _link("states")))
    return labels


def _values(values: Iterable[str]) -> str:
    known = ", ".join(value for value in values if value)
    return f" ({known})" if known else ""


def _link(heading: str) -> str:
    return f"[{heading}](#{re.sub(r'[^a-z0-9_-]', '', heading.lower())})"


def _places(words: Sequence[Word]) -> str:
    """Addresses in words: runs of neighbours as a range, repeating words and formulas written out."""
    runs: list[list[int]] = []
    others = []
    for word in words:
        if word.address is None or word.repeat:
            text = address_text(word).partition(", n =")[0]
            others.append(f"`{text}`" if word.formula else text)
        elif runs and word.address == runs[-1][1] + 1:
            runs[-1][1] = word.address + word.registers - 1
        else:
            runs.append([word.address, word.address + word.registers - 1])
    return ", ".join([*(f"{low}" if low == high else f"{low}–{high}" for low, high in runs), *others])


def _readings(metric: Metric, item: Map) -> list[tuple[Series, Raw]]:
    """What the metric's series look like, for the words that have an example."""
    readings: list[tuple[Series, Raw]] = []
    for word in item.words.values():
        raw = _EXAMPLES.get(word.id)
        if raw is None or metric.name not in (word.metric, word.raw_metric):
            continue
        parent = ((word.repeat.parent_label, "1"),) if word.repeat and word.repeat.parent_label else ()
        labels = (*parent, (word.repeat.label, "1")) if word.repeat else ()
        if metric.name == word.raw_metric:
            readings.append((Series(metric, (*labels, *word.raw_labels)), raw))
            continue
        flag = (("flag", word.flag.name),) if word.flag else ()
        names = tuple(flag.name for flag in word.flags) if word.flags else None
        readings.append((Series(metric, (*labels, *word.labels, *flag), word, names, set_only=True), raw))
    return readings


def _example(readings: Sequence[tuple[Series, Raw]]) -> list[str]:
    if not readings:
        return []
    lines = "".join(
        plain_line(series.metric.name, (*_DEVICE, *series.labels, *extra), value)
        for series, raw in readings
        for extra, value in series.samples(raw)
    )
    return [f"Examples, of flags those that are set:\n\n```\n{lines}```\n"]


def _flag_sets(maps: Mapping[str, Map]) -> dict[tuple[Flag, ...], list[Word]]:
    """The words with flags, by their flags: words that share them stand in one table."""
    sets: dict[tuple[Flag, ...], list[Word]] = {}
    for item in maps.values():
        for word in item.words.values():
            if word.flags:
                sets.setdefault(word.flags, []).append(word)
    return sets


def _flag_words(maps: Mapping[str, Map]) -> Iterable[str]:
    for flags, words in _flag_sets(maps).items():
        metrics = ", ".join(dict.fromkeys(f"`{word.metric}`" for word in words))
        places = ", ".join(f"`{word.id}` at {_places([word])}" for word in words)
        yield f"### {words[0].id}\n\n{metrics} from {places}.\n"
        rows = [(str(flag.bit), f"0x{flag.mask:04X}", *_flag_row(flag)) for flag in flags]
        yield table(("bit", "mask", *_FLAG_HEAD), rows)


def _alarm_words(maps: Mapping[str, Map]) -> Iterable[str]:
    metrics: dict[str, dict[Flag, dict[str, list[Word]]]] = {}
    for item in maps.values():
        for word in item.words.values():
            if word.flag:
                metrics.setdefault(word.metric, {}).setdefault(word.flag, {}).setdefault(
                    item.name, []
                ).append(word)
    for metric, flags in metrics.items():
        yield f"### {metric}\n\nOne word for each flag: 0, or 1 when it is set.\n"
        rows = [
            (
                "; ".join(f"`{name}` {_places(words)}" for name, words in places.items()),
                *_flag_row(flag),
            )
            for flag, places in flags.items()
        ]
        yield table(("register", *_FLAG_HEAD), rows)


def _states(maps: Mapping[str, Map]) -> Iterable[str]:
    rows = [
        (f"`{word.id}`", str(number), f"`{name}`")
        for item in maps.values()
        for word in item.words.values()
        for number, name in word.states
    ]
    if rows:
        yield "### States\n"
        yield table(("word", "number", "state"), rows)


def _flag_row(flag: Flag) -> tuple[str, ...]:
    normal = "yes" if flag.normal else ""
    said = " ".join(filter(None, (flag.description, flag.note)))
    action = flag.action
    if flag.clear is not None:
        said += f" Clear: {flag.clear.label}. {flag.clear.description}"
        action = flag.clear.action
    texts = _text(flag.label), flag.severity, normal, _text(said), _text(action)
    return (f"`{flag.name}`", f"`{flag.vendor}`", *texts)


def _text(text: str) -> str:
    """Prose as Markdown: what would be markup is escaped."""
    return re.sub(r"[\\`*<\[\]]|(?<!\w)_|_(?!\w)", lambda match: "\\" + match[0], text)
