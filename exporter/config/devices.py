"""Devices: from the file's entries and the `--target` flags to resolved ones, no two of them the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from exporter.config import checks
from exporter.config.device_schema import DeviceEntry, ExpectEntry, ModuleEntry
from exporter.config.fields import NAME, check_name
from exporter.config.merge import merge_options
from exporter.config.model import DeviceConfig, Expect, ExpectedBlock, Module, Sensor
from exporter.config.problems import Problems, Source
from exporter.maps.model import Map
from exporter.targets import Endpoint, Place, Target, options_said, parse_target, shown_target

Given = tuple[Source, DeviceEntry]


def from_flags(texts: Sequence[str], problems: Problems) -> list[Given]:
    """The devices of `--target [NAME=]URL`."""
    given = []
    for text in texts:
        # what stands before an @ may be a password
        source = Source(flag="--target" if "@" in text else f'--target "{shown_target(text)}"')
        # only what stands before the first = can be a name: tcp://h?unit=2 has one too
        name, equals, url = text.strip().partition("=")
        if not equals or not NAME.fullmatch(name):
            name, url = "", text.strip()
        try:
            if name:
                check_name(name)
            parse_target(url)
        except ValueError as error:
            problems.add(source, (), str(error))
            continue
        entry = DeviceEntry(target=url, name=name) if name else DeviceEntry(target=url)
        given.append((source, entry))
    return given


class Resolver:
    """Resolves devices against the modules and maps, and remembers them to find doubles.

    `modules` are the modules with the entries they were read from; `maps` is empty when loading them failed.
    """

    def __init__(
        self,
        problems: Problems,
        modules: Mapping[str, tuple[Module, ModuleEntry]],
        maps: Mapping[str, Map],
        default_module: str,
    ) -> None:
        self._problems = problems
        self._modules = modules
        self._maps = maps
        self._taken_labels = checks.map_labels(maps.values())
        self._default_module = default_module
        self._names: dict[str, Source] = {}
        self._targets: dict[tuple[Place, int], tuple[str, Source]] = {}
        self._endpoints: dict[Place, tuple[Endpoint, Source]] = {}

    def resolve(self, source: Source, entry: DeviceEntry) -> DeviceConfig | None:
        """The device, or None when its module is unknown; what is wrong is noted as a problem."""
        target = self._target(source, entry)
        name = entry.name or target.default_name
        if self._is_at_its_own_place(source, target, name) or entry.name is not None:
            first = self._names.setdefault(name, source)
            if first is not source:
                where = self._problems.where(first)
                self._problems.add(source, ("name",), f'the name "{name}" is taken ({where})')
        module_name = entry.module or self._default_module
        if module_name not in self._modules:
            if entry.module:
                hint = checks.near(module_name, self._modules)
                self._problems.add(source, ("module",), f'unknown module "{module_name}"{hint}')
            options = merge_options(entry)
            for place, message in (
                *checks.times(entry, options),
                *checks.labels(entry.labels, self._taken_labels),
            ):
                self._problems.add(source, place, message)
            return None
        module, module_entry = self._modules[module_name]
        device = DeviceConfig(
            name=name,
            target=target,
            module=module_name,
            maps=module.maps,
            labels=dict(entry.labels),
            options=merge_options(module_entry, entry),
            expect=_expect(entry.expect),
            sensors=tuple(
                Sensor(number, sensor.name, sensor.kind, sensor.scale)
                for number, sensor in sorted(entry.sensors.items())
            ),
        )
        self._check_against_maps(source, entry, device)
        return device

    def _target(self, source: Source, entry: DeviceEntry) -> Target:
        target = parse_target(entry.target)
        if entry.unit is None:
            return target
        if "unit" in options_said(entry.target) and target.unit != entry.unit:
            self._problems.add(
                source, ("unit",), f"unit {entry.unit} contradicts unit={target.unit} in the target"
            )
        return replace(target, unit=entry.unit)

    def _is_at_its_own_place(self, source: Source, target: Target, name: str) -> bool:
        """Whether no other device is the same one, and the place is asked in one manner."""
        endpoint = target.endpoint
        there, first = self._endpoints.setdefault(endpoint.place, (endpoint, source))
        if endpoint.manner != there.manner:
            what = "one serial line with two settings" if endpoint.path else "one place with two transports"
            message = f'{what}: "{Target(endpoint).url}" here and "{Target(there).url}"'
        else:
            # two names would read one device twice and count its power failures twice
            other, first = self._targets.setdefault((endpoint.place, target.unit), (name, source))
            message = f'"{target.url}" is the device "{other}" already'
            if first is source:
                return True
        self._problems.add(source, ("target",), f"{message} ({self._problems.where(first)})")
        return False

    def _check_against_maps(self, source: Source, entry: DeviceEntry, device: DeviceConfig) -> None:
        findings = [*checks.times(entry, device.options), *checks.sensors(entry, device.maps, self._maps)]
        findings += checks.labels(entry.labels, self._taken_labels)
        if all(name in self._maps for name in device.maps):
            findings += checks.overrides(entry, device.maps, self._maps)
            findings += checks.battery(entry, device.options, device.maps, self._maps)
            findings += checks.widths(entry, device.options, device.maps, self._maps)
            findings += checks.tables(entry, device.options, device.maps, self._maps)
            findings += checks.nothing(entry, device.options, device.maps, self._maps)
        for place, message in findings:
            self._problems.add(source, place, message)


def _expect(entry: ExpectEntry) -> Expect:
    return Expect(
        entry.strings,
        entry.modules,
        entry.phases or 0,
        entry.output_volts or 0,
        entry.input_volts or 0,
        entry.chemistry or "",
        entry.cells_per_block or 0,
        tuple(tuple(group) for group in entry.string_groups),
        entry.runtime or 0.0,
        entry.redundancy_group or "",
        tuple(
            ExpectedBlock(module, block.baseline or 0.0, block.installed)
            for module, block in sorted(entry.blocks.items())
        ),
        test_every=entry.test_every or 0.0,
        test_lasts=entry.test_lasts or 0.0,
    )
