"""The one device that a command talks to: a configured one by name, or any by address."""

import re

from exporter.errors import UsageError, UserError
from exporter.hosts import check_host
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.targets import Target, parse_target


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
        configured = _configured_at(fleet, target, says_unit="unit=" in text.partition("?")[2])
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


def _configured_at(fleet: Fleet, target: Target, *, says_unit: bool) -> Device | None:
    """The configured device at this place with this unit; where no unit is said, the only one there."""
    there = [
        device
        for device in fleet.devices.values()
        if (has := device.config.target.endpoint).place == target.endpoint.place
        and has.manner == target.endpoint.manner
    ]
    if len(there) == 1 and not says_unit:
        return there[0]
    return next((device for device in there if device.config.target.unit == target.unit), None)


def _is_a_name(text: str) -> bool:
    """Whether it looks like a device's name: no address, no port, no dot of a domain."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) is not None and text != "localhost"
