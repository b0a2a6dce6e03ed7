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
    """`text` with the value that `query` has for these labels; nothing where it has none."""
    return f"{{{{ with printf `{query}` {labels} | query }}}}{text}{{{{ end }}}}"


def _first(shape: str) -> str:
    return f"{{{{ . | first | value | {shape} }}}}"


def ranges(query: str) -> str:
    """The modules for which `query` is above 0, as ranges, each with the modules between which it begins.

    `query` is PromQL with `%q` for the device, and has a value for every module. Templates cannot
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
    devices = " $labels.device" * query.count("%q")
    head = f'{{{{ range printf `{listed}`{devices} | query | sortByLabel "order" }}}}'
    return (
        '{{ $comma := "" }}{{ $first := "" }}{{ $last := "" }}{{ $good := "" }}{{ $before := "" }}'
        f"{head}{walk}{{{{ end }}}}{end}"
    )


_OF_DEVICE, _OF_MODULE = "$labels.device", "$labels.device $labels.module"
_VOLTS = ', {{ . | first | value | printf "%.2f" }} V'
_SNIPPETS = {
    "block": "block {{ $labels.module }}{{ with $labels.string }} (string {{ . }}){{ end }} of ",
    "left": _value(
        "min(generex_ups_battery_runtime_seconds{device=%q})",
        _OF_DEVICE,
        f", {_first('humanizeDuration')} left by its own estimate",
    ),
    "charge": _value(
        "min(generex_ups_battery_charge_ratio{device=%q})",
        _OF_DEVICE,
        f", charge {_first('humanizePercentage')}",
    ),
    "volts": _value("max(generex_bacs_module_volts{device=%q,module=%q})", _OF_MODULE, _VOLTS),
    "celsius": _value(
        "max(generex_bacs_module_temperature_celsius{device=%q,module=%q})",
        _OF_MODULE,
        ', {{ . | first | value | printf "%.1f" }} °C',
    ),
    "ohms": _value(
        "1000 * max(generex_bacs_module_resistance_ohms{device=%q,module=%q})",
        _OF_MODULE,
        ', {{ . | first | value | printf "%.2f" }} mΩ',
    ),
    "silent": ranges("1 - max by (module) (generex_bacs_module_present{device=%q})"),
}


def snippet(name: str, place: tuple[str, ...]) -> str:
    """The snippet of that name. `place` are the labels that say where the device is, the site first."""
    if name == "device":
        words = {label: f", {label} " for label in place} | {place[0]: " at "}
        where = (
            f"{{{{ with $labels.{label} }}}}{word}{{{{ . }}}}{{{{ end }}}}" for label, word in words.items()
        )
        return "{{ $labels.device }}" + "".join(where)
    if name.startswith("many_"):
        flag = name.removeprefix("many_")
        return ranges(
            f'max by (module) (generex_bacs_module_alarm{{device=%q,flag="{flag}"}})'
            # with `module_flags: set` those without the flag have no series of it
            " or 0 * max by (module) (generex_bacs_module_present{device=%q})"
        )
    return _SNIPPETS[name] + (snippet("device", place) if name == "block" else "")
