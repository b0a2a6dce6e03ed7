"""All devices there are: the configured ones by name, and those probed by address, with their lines."""

import asyncio
import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.config import Config, DeviceConfig, adhoc_device
from exporter.errors import UserError
from exporter.reading.decode.device_map import DeviceMaps
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.counters import Counters
from exporter.reading.device.device import Device
from exporter.reading.device.history import History, Judge
from exporter.reading.device.lines import Lines, plain
from exporter.reading.readpass.asking import Clock
from exporter.reading.transport.resolve import Resolver
from exporter.targets import Endpoint, Place, Target

_STEP = (0.005, 0.2)  # seconds between the deadlines of two devices; all steps at most this share of the time
_AT_ONCE = 250  # devices of a reload in one step: a few milliseconds
MAX_PROBED = 100  # devices reached only through probe.allow whose connections are kept

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """What `Fleet.prepare` made of a configuration; a device whose settings did not change is the old one."""

    config: Config
    maps: DeviceMaps
    devices: Mapping[str, Device]
    configured: Mapping[Endpoint, Collection[int]]
    transports: Mapping[Place, str]


class Fleet:
    """The devices of one configuration.

    A reload goes over in place: a device whose settings did not change keeps its connection and memory.
    `check_names` is for a fleet whose targets strangers may name: then it is checked where names lead.
    `judge` is for the histories.
    """

    def __init__(
        self,
        config: Config,
        resolver: Resolver | None = None,
        *,
        check_names: bool = False,
        clock: Clock = time.monotonic,
        judge: Judge = lambda _: {},
    ) -> None:
        self._clock = clock
        self._judge = judge
        self._check_names = check_names
        self._lines = Lines(resolver or Resolver(), self._permits, clock)
        self._probed: OrderedDict[tuple[Target, str], Device] = OrderedDict()
        self.probed_counters = Counters()
        self.devices: Mapping[str, Device] = {}
        self._numbers = itertools.count(1)  # of scrapes of one device
        self._too_slow = False  # there was no time to ask some of them in the last `scrape`
        self.config = config
        self._maps = DeviceMaps(config.maps)
        self.apply(config)

    def apply(self, config: Config) -> None:
        """Take over a new configuration. Raises UserError, and then changes nothing."""
        for _ in self.go_over(self.prepare(config)):
            pass

    def prepare(self, config: Config) -> Prepared:
        """All of a new configuration that takes long with many devices. Changes nothing. Raises UserError.

        It may be called in a thread, while nothing else is taken over.
        """
        maps = DeviceMaps(config.maps, self._maps)
        devices = {}
        configured: dict[Endpoint, set[int]] = {}
        for one in config.devices:
            new, device = maps.of(one), self.devices.get(one.name)
            if device is None or device.map != new:
                counters = Counters() if device is None else device.counters
                device = Device(new, self._lines, counters, History(self._judge), self._clock)
            devices[one.name] = device
            configured.setdefault(one.target.endpoint, set()).add(one.target.unit)
        transports = {at.place: at.transport for at in configured if not at.path}
        return Prepared(config, maps, devices, configured, transports)

    def go_over(self, prepared: Prepared) -> Iterator[None]:
        """Take over what was prepared, in steps: others run in between, and see old devices or new ones."""
        devices = prepared.devices
        for number, (name, device) in enumerate(devices.items()):
            if number % _AT_ONCE == 0:
                yield
            old = self.devices.get(name)
            if old is not None and old is not device:
                device.take_over(old)
        self._lines.configured, self._transports = prepared.configured, prepared.transports
        self.devices, self.config, self._maps = devices, prepared.config, prepared.maps
        for key, device in list(self._probed.items()):
            if not self._is_unchanged(device):
                del self._probed[key]
        for number, device in enumerate(devices.values()):
            if number % _AT_ONCE == 0:
                yield
            device.find_line()
        self._drop_unused_lines()

    async def scrape(self, deadline: float) -> list[Snapshot]:
        """One pass over every configured device, all at once; each ends as in `Device.scrape`.

        They end one after the other, the last one by `deadline`: were all devices silent, decoding what there
        is of them at the same moment would hold up everything else. The silent ones begin last. Where this
        machine is too slow to begin with all in time, those left over are not asked. Those asked longest ago
        go first in the next scrape.
        """
        loop = asyncio.get_running_loop()
        tasks: dict[str, asyncio.Task[Snapshot]] = {}
        snapshots: dict[str, Snapshot] = {}
        names = list(self.devices)
        step = min(_STEP[0], _STEP[1] * (deadline - loop.time()) / max(len(names), 1))
        order = sorted(names, key=lambda it: (self.devices[it].silent, self.devices[it].asked))
        not_asked = 0
        ends = deadline
        async with asyncio.TaskGroup() as group:
            for number, name in enumerate(order, 1):
                if number > 1:
                    await asyncio.sleep(0)  # whatever else there is to do has its turn before the next
                if device := self.devices.get(name):  # a reload may come in between
                    if not not_asked:
                        ends = deadline - step * (len(order) - number)
                        not_asked = len(order) - number + 1 if loop.time() >= ends else 0
                    if not not_asked:
                        device.asked = next(self._numbers)
                    if number < len(order):
                        tasks[name] = group.create_task(device.scrape(ends))
                    else:  # the last, mostly the only one, needs no task of its own
                        snapshots[name] = await device.scrape(ends)
        if not_asked and not self._too_slow:
            log.warning(
                "no time to ask all devices: this machine is too slow for one scrape of them",
                extra={"devices": len(names), "not_asked": not_asked},
            )
        self._too_slow = not_asked > 0
        snapshots |= {name: task.result() for name, task in tasks.items()}
        return [snapshots[name] for name in names if name in snapshots]

    def probed(self, target: Target, module: str) -> Device:
        """The device at an address that no configured device has.

        Raises UserError for an unknown module, and where the place is being read over another transport.
        """
        key = (replace(target, endpoint=plain(target.endpoint)), module)
        device = self._probed.get(key)
        if device is None:
            settings: DeviceConfig = adhoc_device(self.config, target, module)
            self._make_way(target.endpoint)
            device = Device(self._maps.of(settings), self._lines, self.probed_counters, clock=self._clock)
            device.find_line()
            self._probed[key] = device
            while len(self._probed) > MAX_PROBED:
                self._probed.popitem(last=False)
            self._drop_unused_lines()
        self._probed.move_to_end(key)
        return device

    def at_place(self, target: Target) -> list[Device]:
        """The configured devices at the place of a target, whatever transport and unit they have."""
        asked = target.endpoint
        # a stranger's path is looked at on the disk only where serial lines are
        follow = asked.path.startswith("/dev/") and ".." not in asked.path

        def there(has: Endpoint) -> bool:
            if asked.path:
                return bool(has.path) and (has.path == asked.path or (follow and has.place == asked.place))
            return not has.path and has.place == asked.place

        return [device for device in self.devices.values() if there(device.config.target.endpoint)]

    def is_configured(self, device: Device) -> bool:
        """Whether the device is one of the configuration, not one that is probed by its address."""
        return self.devices.get(device.config.name) is device

    def counters(self) -> Iterator[tuple[str, Counters]]:
        """The counters by device name; those of all probed devices together under the empty name."""
        for name, device in self.devices.items():
            yield name, device.counters
        if self.config.probe.allow:
            yield "", self.probed_counters

    def close(self) -> None:
        """Close every connection."""
        self._lines.close()

    def _is_unchanged(self, probed: Device) -> bool:
        """Whether a probed device is still allowed, and would be made the same today."""
        target, module = probed.config.target, probed.config.module
        endpoint = target.endpoint
        if self._transports.get(endpoint.place, endpoint.transport) != endpoint.transport:
            return False
        if not self.config.probe.allows(target) or module not in self.config.modules:
            return False
        try:
            return self._maps.of(adhoc_device(self.config, target, module)) == probed.map
        except UserError:
            return False

    def _make_way(self, endpoint: Endpoint) -> None:
        """Forget what was probed at this place over another transport. Raises UserError while it is read."""
        for key, device in list(self._probed.items()):
            other = device.config.target.endpoint
            if other.place != endpoint.place or other.transport == endpoint.transport:
                continue
            if device.line is not None and device.line.in_use:
                here, there = Target(endpoint).url, Target(other).url
                raise UserError(f'"{here}" is being read as "{there}": one place has one transport')
            del self._probed[key]
        self._drop_unused_lines()

    def _permits(self, endpoint: Endpoint, address: str) -> bool:
        return not self._check_names or self.config.probe.may_lead_to(endpoint, address)

    def _drop_unused_lines(self) -> None:
        self._lines.drop_unused({device.line for device in self._probed.values() if device.line is not None})


def of_unit(there: Sequence[Device], unit: int, *, said: bool) -> Device | None:
    """The device at a place that a target means: of its unit, or the only one where no unit was `said`."""
    if len(there) == 1 and not said:
        return there[0]
    return next((device for device in there if device.config.target.unit == unit), None)
