"""The effective configuration written as the YAML it could have been read from."""

from dataclasses import asdict, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from exporter.durations import format_duration

if TYPE_CHECKING:
    from exporter.config.model import Config, DeviceConfig, Options, Otlp

# the options that are seconds here and durations in the file
_DURATIONS = ("timeout", "request_timeout", "pacing", "connect_delay", "idle_close")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write equal parts out each time: people read this."""
        return True


def _represent_decimal(dumper: yaml.SafeDumper, number: Decimal) -> yaml.Node:
    text = format(number, "f")
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _represent_decimal)


def dump_config(config: "Config") -> str:
    """The configuration as YAML. Of secrets it says where they come from, never what they are."""
    data = {
        "devices": [_device(device) for device in config.devices],
        "modules": {
            module.name: {"maps": list(module.maps)} | _options(module.options)
            for module in config.modules.values()
        },
        "maps": list(config.map_files),
        "probe": {
            "allow": [str(rule) for rule in config.probe.allow],
            "max_concurrent": config.probe.max_concurrent,
        },
        "otlp": _otlp(config.otlp) if config.otlp else {},
        "links": {"grafana": config.grafana} if config.grafana else {},
    }
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _device(device: "DeviceConfig") -> dict[str, Any]:
    expect = {"strings": device.expect.strings, "modules": device.expect.modules} | {
        entry.name: value for entry in fields(device.expect) if (value := getattr(device.expect, entry.name))
    }
    if device.expect.string_groups:
        expect["string_groups"] = [list(group) for group in device.expect.string_groups]
    for name in ("runtime", "test_every", "test_lasts"):
        if name in expect:
            expect[name] = _duration(expect[name])
    if device.expect.blocks:
        expect["blocks"] = {
            block.module: {key: value for key in ("installed", "baseline") if (value := getattr(block, key))}
            for block in device.expect.blocks
        }
    return {
        "name": device.name,
        "target": device.target.url,
        "unit": device.target.unit,
        "module": device.module,
        "labels": dict(device.labels),
        "expect": expect,
        "sensors": {
            sensor.number: {"name": sensor.name, "kind": sensor.kind, "scale": sensor.scale}
            for sensor in device.sensors
        },
    } | _options(device.options)


def _otlp(otlp: "Otlp") -> dict[str, Any]:
    return {
        "endpoint": otlp.endpoint,
        "headers": {name: dict(header.origin) for name, header in otlp.headers.items() if header.origin},
        "interval": _duration(otlp.interval),
        "timeout": _duration(otlp.timeout),
        "compression": otlp.compression,
        "tls": {name: path for name, path in asdict(otlp.tls).items() if path},
    }


def _duration(seconds: float) -> str:
    return format_duration(seconds) if seconds else "0s"


def _options(options: "Options") -> dict[str, Any]:
    plain = {entry.name: getattr(options, entry.name) for entry in fields(options)}
    for name in _DURATIONS:
        plain[name] = _duration(plain[name])
    plain["prof"] = {
        "base_address": options.prof.base_address,
        "stale_after": _duration(options.prof.stale_after),
    }
    plain["overrides"] = {
        word: {
            key: value
            for key, value in (("scale", override.scale), ("offset", override.offset))
            if value is not None
        }
        for word, override in options.overrides.items()
    }
    return plain
