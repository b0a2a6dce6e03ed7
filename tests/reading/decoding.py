"""Words in, series out, both written as plainly as can be: `{109: 5}` and `ups_status{flag="output_act"}`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporter.config.model import DeviceConfig
from exporter.maps import load_maps
from exporter.reading.decode.decode import Decoded, decode
from exporter.reading.decode.device_map import DeviceMap, device_map
from exporter.targets import parse_target

FILLER = 0xD8F1

BUILT_IN = load_maps()
CS141 = ("ups", "bacs")


def mapped(*maps: str, files: tuple[Path, ...] = (), **device: Any) -> DeviceMap:
    """The map of a device with these maps and settings."""
    known = load_maps(files) if files else BUILT_IN
    return device_map(DeviceConfig("a", parse_target("10.0.0.1"), "m", maps or CS141, **device), known)


def keyed(words: Mapping[Any, int]) -> dict[int, int]:
    """Words by address (function 3), or by (function, address), as the link hands them over."""
    pairs = ((place if isinstance(place, tuple) else (3, place), word) for place, word in words.items())
    return {function << 16 | address: word for (function, address), word in pairs}


def run(
    device: DeviceMap, words: Mapping[Any, int], counts: Mapping[str, int] | None = None, **verdicts: Any
) -> tuple[dict[str, float], Decoded]:
    """All series of a pass, without `generex_`, and what else decoding found out."""
    decoded = decode(device.layout(counts or {}), keyed(words), **verdicts)
    found: dict[str, float] = {}
    for name, readings in decoded.readings.items():
        for series, raw in readings:
            assert series.metric.name == name
            for extra, value in series.samples(raw):
                labels = ",".join(f'{key}="{text}"' for key, text in sorted((*series.labels, *extra)))
                text = name.removeprefix("generex_") + (f"{{{labels}}}" if labels else "")
                assert text not in found, f"{text} is there twice"
                assert isinstance(value, float)
                found[text] = value
    return found, decoded


def series(
    device: DeviceMap, words: Mapping[Any, int], counts: Mapping[str, int] | None = None, **verdicts: Any
) -> dict[str, float]:
    """All series of a pass, without `generex_`."""
    return run(device, words, counts, **verdicts)[0]
