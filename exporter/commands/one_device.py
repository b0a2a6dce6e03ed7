"""The one device that a command talks to: a configured one by name or address, or any other by address."""

import re

from exporter.errors import UsageError, UserError
from exporter.hosts import check_host
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet, of_unit
from exporter.targets import Target, options_said, parse_target


def one_device(fleet: Fleet, text: str, module: str | None) -> Device:
    """The device that `text` names; an address that a configured device has is that device.

    Raises UsageError for a bad address, an unknown name or module.
    """
    named = fleet.devices.get(text)
    if named is None and _is_a_name(text):
        try:
            check_host(text)
        except ValueError as error:
            raise UsageError(str(error)) from None
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
        configured = _configured(fleet, target, options_said(text))
        if configured is not None and module in (None, configured.config.module):
            return configured
        try:
            return fleet.probed(target, module or fleet.config.default_module)
        except UserError as error:
            raise UsageError(str(error)) from None
    if module not in (None, named.config.module):
        raise UsageError(
            f'module "{module}" contradicts the device "{text}", which has "{named.config.module}"'
        )
    return named


def _configured(fleet: Fleet, target: Target, said: set[str]) -> Device | None:
    """The configured device at an address: it has the scales. Other settings of a line are tried as said."""
    asked = target.endpoint
    settings_said = bool(said - {"unit"})
    there = [
        device
        for device in fleet.at_place(target)
        if (has := device.config.target.endpoint).transport == asked.transport
        and (has.manner == asked.manner or not settings_said)
    ]
    return of_unit(there, target.unit, said="unit" in said)


def _is_a_name(text: str) -> bool:
    """Whether it looks like a device's name: no address, no port, no dot of a domain."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) is not None and text != "localhost"
