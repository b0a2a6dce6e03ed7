"""The one device that a command talks to: a configured one by name, or any by address."""

import re

from exporter.errors import UsageError, UserError
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.targets import parse_target


def one_device(fleet: Fleet, text: str, module: str | None) -> Device:
    """The device that `text` names. Raises UsageError for a bad address, an unknown name or module."""
    named = fleet.devices.get(text)
    if named is None and _is_a_name(text):
        if fleet.devices:
            known = ", ".join(fleet.devices)
            raise UsageError(
                f'"{text}" is neither a configured device (there are: {known}) nor an address; '
                f"a host of that name is tcp://{text}"
            )
        raise UsageError(
            f'"{text}" is not an address like tcp://10.0.0.7; the name of a device needs --config.file FILE, '
            f"a host of that name is tcp://{text}"
        )
    if named is None:
        try:
            target = parse_target(text)
        except ValueError as error:
            known = f"; configured are: {', '.join(fleet.devices)}" if fleet.devices else ""
            raise UsageError(f"{error}{known}") from None
        try:
            return fleet.probed(target, module or fleet.config.default_module)
        except UserError as error:
            raise UsageError(str(error)) from None
    if module not in (None, named.config.module):
        raise UsageError(
            f'module "{module}" contradicts the device "{text}", which has "{named.config.module}"'
        )
    return named


def _is_a_name(text: str) -> bool:
    """Whether it looks like a device's name: no address, no port, no dot of a domain."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) is not None and text != "localhost"
