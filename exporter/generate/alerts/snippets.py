"""Pieces of alert descriptions, in the template language of Prometheus: who, where and how much."""

import re

_PADDED = (
    'label_replace(label_replace(label_replace({query}, "order", "00$1", "module", "(.)"), '
    '"order", "0$1", "module", "(..)"), "order", "$1", "module", "(...)")'
)


def literal(text: str) -> str:
    """Text that stands as it is, whatever in it looks like a placeholder, a range or a template."""
    return re.sub(r"[<\[{]", lambda match: f'{{{{ "\\u{ord(match[0]):04x}" }}}}', text)


def _value(query: str, labels: str, text: str) -> str:
    """`text` with the value that `query` has for these labels; empty if it has none."""
    return f"{{{{ with printf `{query}` {labels} | query }}}}{text}{{{{ end }}}}"


def ranges(query: str, labels: str) -> str:
    """The modules for which `query` is above 0, as ranges, each with the modules between which it begins.

    `query` is PromQL with `%q` for each of `labels`, and has a value for every module. Templates cannot
    reckon, but they can walk the modules in the order of their numbers and keep the last good one.
    """
    end = (
        '{{ if $first }}{{ $comma }} {{ $first }}{{ $comma = "," }}'
        "{{ if ne $first $last }}–{{ $last }}{{ end }}"
        "{{ if $before }} (look between {{ $before }} and {{ $first }}){{ end }}{{ end }}"
    )
    walk = (
        "{{ if gt .Value 0.0 }}{{ if not $first }}{{ $first = .Labels.module }}{{ $before = $good }}{{ end }}"
        "{{ $last = .Labels.module }}"
        "{{ else }}" + end + '{{ $first = "" }}{{ $good = .Labels.module }}{{ end }}'
    )
    listed = _PADDED.format(query=query)
    head = f'{{{{ range printf `{listed}` {labels} | query | sortByLabel "order" }}}}'
    return (
        '{{ $comma := "" }}{{ $first := "" }}{{ $last := "" }}{{ $good := "" }}{{ $before := "" }}'
        f"{head}{walk}{{{{ end }}}}{end}"
    )


def _labels(place: tuple[str, ...]) -> tuple[str, str]:
    """Matchers for the device at its place, and what `printf` fills into them."""
    labels = ("device", *place)
    return ",".join(f"{label}=%q" for label in labels), " ".join(f"$labels.{label}" for label in labels)


def _all(place: tuple[str, ...]) -> dict[str, str]:
    where, labels = _labels(place)

    def of_device(query: str, text: str) -> str:
        return _value(query.replace("<where>", where), labels, text)

    def of_block(query: str, text: str) -> str:
        return _value(query.replace("<where>", f"{where},module=%q"), f"{labels} $labels.module", text)

    return {
        "where": where,
        "labels": labels,
        "block": "block {{ $labels.module }}{{ with $labels.string }} (string {{ . }}){{ end }} of "
        + _device(place),
        "device": _device(place),
        "left": of_device(
            "floor(min(generex_ups_battery_runtime_seconds{<where>}) / 60)"
            " and on () max(device:generex_ups_battery_runtime_seconds:min{<where>}) >= 0",
            ", {{ . | first | value }} min left by its own estimate",
        ).replace(labels + " |", f"{labels} {labels} |"),
        "charge": of_device(
            "100 * min(generex_ups_battery_charge_ratio{<where>})",
            ', charge {{ . | first | value | printf "%.0f" }} %',
        ),
        "on_battery": f"{{{{ with printf `device:generex_on_battery:max{{{where}}}` {labels} | query }}}}"
        "runs on its battery{{ else }}was on its battery when it was last seen{{ end }}",
        "battery": of_device(
            "min(string:generex_bacs_module_volts:median{<where>})",
            ', {{ . | first | value | printf "%.1f" }} V a block',
        ),
        "volts": of_block(
            "max(generex_bacs_module_volts{<where>})", ', {{ . | first | value | printf "%.2f" }} V'
        ),
        "celsius": of_block(
            "max(generex_bacs_module_temperature_celsius{<where>})",
            ', {{ . | first | value | printf "%.1f" }} °C',
        ),
        "ohms": of_block(
            "1000 * max(generex_bacs_module_resistance_ohms{<where>})",
            ', {{ . | first | value | printf "%.2f" }} mΩ',
        ),
        # `or` would drop a module that has a value although its BACS has lost contact with it
        "silent": ranges(
            f"max by (module) (1 - generex_bacs_module_present{{{where}}} or label_replace("
            f'module:generex_bacs_module_alarm:set{{flag="communication_lost",{where}}}, "of", "2", "", ""))',
            f"{labels} {labels}",
        ),
    }


def _device(place: tuple[str, ...]) -> str:
    words = {label: f", {label} " for label in place} | {place[0]: " at "}
    where = (f"{{{{ with $labels.{label} }}}}{word}{{{{ . }}}}{{{{ end }}}}" for label, word in words.items())
    return "{{ $labels.device }}" + "".join(where)


def snippet(name: str, place: tuple[str, ...]) -> str:
    """The snippet of that name. `place` are the labels that say where the device is, the site first."""
    return _all(place)[name]
