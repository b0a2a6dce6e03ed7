"""The one device that a command talks to: a configured one by name, or any by address."""

from exporter.errors import UsageError, UserError
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.targets import parse_target


def one_device(fleet: Fleet, text: str, module: str | None) -> Device:
    """The device that `text` names. Raises UsageError for a bad address, UserError for an unknown module."""
    named = fleet.devices.get(text)
    if named is None:
        try:
            target = parse_target(text)
        except ValueError as error:
            known = f"; configured are: {', '.join(fleet.devices)}" if fleet.devices else ""
            raise UsageError(f"{error}{known}") from None
        return fleet.probed(target, module or fleet.config.default_module)
    if module not in (None, named.config.module):
        raise UserError(
            f'module "{module}" contradicts the device "{text}", which has "{named.config.module}"'
        )
    return named
