"""`/probe`: which device a target means, and whether it may be asked."""

from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from exporter.config import AllowRule
from exporter.errors import UserError
from exporter.hosts import plain_host
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet, of_unit
from exporter.targets import Endpoint, Target, options_said, parse_target, shown_target
from exporter.web.parameters import RequestError, check_known, one

PARAMETERS = ("target", "module", "unit", "debug")


def probed_device(request: web.Request, fleet: Fleet) -> tuple[Device, bool]:
    """The device that a request names, and whether it wants the debug page. Raises RequestError."""
    check_known(request, PARAMETERS)
    name = one(request, "target")
    if name is None:
        raise RequestError('parameter "target" is missing: the name of a configured device, or an address')
    module = one(request, "module")
    if module is not None and module not in fleet.config.modules:
        raise RequestError(f'unknown module "{module}" (there are: {", ".join(fleet.config.modules)})')
    unit = _unit(one(request, "unit"))
    debug = one(request, "debug") or "false"
    if debug not in ("true", "false"):
        raise RequestError(f'parameter "debug" is true or false, not "{debug}"')
    device = fleet.devices.get(name) or _at_address(name, unit, module, fleet)
    _check_contradiction(device, module, unit)
    return device, debug == "true"


def _unit(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 255):
        raise RequestError(f'parameter "unit" is a number from 0 to 255, not "{text}"')
    return int(text)


def _at_address(text: str, unit: int | None, module: str | None, fleet: Fleet) -> Device:
    try:
        target = parse_target(text)
    except ValueError as error:
        # what stands before an @ may be a password
        what = "this" if "@" in text else f'"{shown_target(text)}"'
        raise RequestError(f"{what} is neither a configured device nor an address: {error}") from None
    says_unit = "unit" in options_said(text)
    if unit is not None:
        if says_unit and target.unit != unit:
            raise RequestError(f'parameter "unit" is {unit}, but the target says {target.unit}')
        target, says_unit = replace(target, unit=unit), True
    there = _configured_at(target, fleet)
    if device := of_unit(there, target.unit, said=says_unit):
        return device
    if len(there) == 1:
        _check_contradiction(there[0], None, target.unit)
    if not fleet.config.probe.allows(target):
        raise RequestError(_refusal(target), 403)
    try:
        return fleet.probed(target, module or fleet.config.default_module)
    except UserError as error:
        raise RequestError(str(error)) from None


def _configured_at(target: Target, fleet: Fleet) -> list[Device]:
    """The configured devices at this place. Raises RequestError where another transport is theirs."""
    there = fleet.at_place(target)
    for device in there:
        if (transport := device.config.target.endpoint.transport) != target.endpoint.transport:
            raise RequestError(
                f'"{target.url}" is where the configured device "{device.config.name}" is, which is read as '
                f"{transport}: one place has one transport"
            )
    return there


def _check_contradiction(device: Device, module: str | None, unit: int | None) -> None:
    config = device.config
    for what, asked, has in (("module", module, config.module), ("unit", unit, config.target.unit)):
        if asked is not None and asked != has:
            raise RequestError(
                f'{what} "{asked}" contradicts the configured device "{config.name}", which has "{has}"'
            )


def _refusal(target: Target) -> str:
    endpoint = target.endpoint
    if endpoint.transport == "rtu":
        return f'"{endpoint.path}" is not configured; serial lines are read only for configured devices'
    rule = _rule(endpoint)
    if rule is None:
        return (
            f'"{endpoint.address}" is neither configured nor an address that probe.allow can name; '
            "give it an entry under devices"
        )
    return (
        f'"{endpoint.address}" is neither configured nor allowed; to allow it, add to the configuration:\n'
        f'probe:\n  allow:\n    - "{rule}"'
    )


def _rule(endpoint: Endpoint) -> AllowRule | None:
    """The line that allows exactly this endpoint, or None when there is none."""
    with suppress(ValueError):
        rule = AllowRule.parse(replace(endpoint, host=plain_host(endpoint.host)).address)
        if rule.allows(endpoint.host, endpoint.port):
            return rule
    return None
