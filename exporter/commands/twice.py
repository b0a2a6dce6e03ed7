"""Devices that are one under two names, if look-ups on this machine show it."""

import asyncio
from collections.abc import Iterator, Sequence

from exporter.config import DeviceConfig
from exporter.hosts import plain_host
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.resolve import Names, is_address

_SECONDS = 3.0  # for all look-ups together
_At = tuple[int, int]  # port and unit


def said_of_names(devices: Sequence[DeviceConfig], names: Names) -> list[str]:
    """What is to be said of devices whose hosts are written otherwise, at the same port with the same unit.

    Other ways to write one host are an error of the configuration already.
    """
    return asyncio.run(_said(devices, names))


async def _said(devices: Sequence[DeviceConfig], names: Names) -> list[str]:
    alike: dict[_At, dict[str, DeviceConfig]] = {}
    for device in devices:
        if host := device.target.endpoint.host:
            at = device.target.endpoint.port, device.target.unit
            alike.setdefault(at, {})[plain_host(host)] = device
    doubtful = [hosts for hosts in alike.values() if len(hosts) > 1]
    wanted = {host for hosts in doubtful for host in hosts if not is_address(host)}
    lookups = {host: asyncio.create_task(_look_up(host, names)) for host in sorted(wanted)}
    if lookups:
        await asyncio.wait(lookups.values(), timeout=_SECONDS)
    found = {host: task.result() if task.done() else [] for host, task in lookups.items()}
    said = [text for hosts in doubtful for text in _twice(hosts, found)]
    if unknown := [host for host in found if not found[host]]:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        said.append(
            f"no address was found here for {', '.join(unknown[:5])}{more}: "
            "whether one is a device that is there already is not known"
        )
    return said


async def _look_up(host: str, names: Names) -> list[str]:
    try:
        return [plain_host(address) for address in await names.addresses(host)]
    except LinkError:
        return []


def _twice(hosts: dict[str, DeviceConfig], found: dict[str, list[str]]) -> Iterator[str]:
    first: dict[str, DeviceConfig] = {}
    # an address that is written out is what others are compared with
    for host in sorted(hosts, key=lambda host: host in found):
        device = hosts[host]
        for address in found.get(host, [host]):
            other = first.setdefault(address, device)
            if other is not device:
                yield (
                    f"{device.name}: {host} leads to {address}, as the device {other.name} does: "
                    "it would be read twice, and its power failures count twice"
                )
                break
