"""From the configuration file and the flags to the checked `Config`. Everything wrong is reported at once."""

import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from exporter.config import checks
from exporter.config.allow import AllowRule
from exporter.config.device_schema import ModuleEntry
from exporter.config.devices import Given, Resolver, from_flags
from exporter.config.merge import merge_options
from exporter.config.model import Config, DeviceConfig, Module, Probe
from exporter.config.otlp import OtlpResolver
from exporter.config.problems import Problems, Source
from exporter.config.salvage import Salvage, can_salvage
from exporter.config.schema import ConfigEntry
from exporter.errors import UserError
from exporter.maps import DEFAULT_MODULE, built_in_maps, load_maps, modules_of
from exporter.maps.model import Map
from exporter.targets import Target
from exporter.yamlfile import Document, MistakesError, Place, read, validate

_NO_TEXT = ("Cc", "Zl", "Zp")  # what Unicode calls control characters, and ends of lines and paragraphs


def load_config(
    path: Path | None = None,
    *,
    targets: Sequence[str] = (),
    module: str = DEFAULT_MODULE,
    otlp_endpoint: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """The configuration of a file, of `--target [NAME=]URL` flags, or of both.

    `module` is taken wherever a device names none, `otlp_endpoint` in place of the file's; `environ` is the
    environment. Raises UserError with a line `FILE:LINE: place: message` for each mistake, UsageError where
    all of them are in flags or variables.
    """
    document = Document("", None, {}) if path is None else read(path)
    folder = path.parent if path else Path()
    _check_scalars(document, document.data, ())
    problems = Problems(document)
    entry, numbers = _entry(document, problems)
    maps = _load_maps(entry.maps, folder, problems)
    modules = _modules(entry, maps, problems)
    if module not in modules:
        problems.add(Source(flag="--module"), (), f'unknown module "{module}"{checks.near(module, modules)}')
    resolver = Resolver(problems, modules, maps, module)
    given: list[Given] = [
        (Source(("devices", number)), device) for number, device in zip(numbers, entry.devices, strict=True)
    ]
    given += from_flags(targets, problems)
    devices = [resolver.resolve(source, device) for source, device in given]
    otlp = OtlpResolver(problems, environ, folder).resolve(entry.otlp, otlp_endpoint)
    problems.raise_if_any()
    return Config(
        devices=tuple(device for device in devices if device is not None),
        modules={name: item for name, (item, _) in modules.items()},
        maps=maps,
        probe=Probe(tuple(map(AllowRule.parse, entry.probe.allow)), entry.probe.max_concurrent),
        default_module=module,
        map_files=tuple(entry.maps),
        otlp=otlp,
        grafana=entry.links.grafana or "",
    )


def refuse_nothing_to_read(config: Config, path: Path | None) -> None:
    """Raise UserError where nothing could be read by a configuration, which `path` has."""
    if not config.devices and not config.probe.allow:
        raise UserError(f"nothing to read: {path} has neither devices nor probe.allow")


def _entry(document: Document, problems: Problems) -> tuple[ConfigEntry, Sequence[int]]:
    """The entries, and which of the devices each one is.

    Where values in devices are wrong that is noted, and what is left is given back, for the checks of it.
    """
    try:
        entry = validate(document, ConfigEntry)
    except MistakesError as error:
        places = [place for place, _ in error.mistakes]
        if not can_salvage(places):
            raise
        for place, message in error.mistakes:
            problems.add(Source(place), (), message)
        salvage = Salvage(document.data, places)
        problems.clouded = salvage.clouded
        try:
            return ConfigEntry.model_validate(salvage.data), salvage.numbers
        except ValidationError:
            raise error from None
    return entry, range(len(entry.devices))


def adhoc_device(config: Config, target: Target, module: str) -> DeviceConfig:
    """A device that is not configured, for `/probe?target=ADDRESS`: named by its address, without labels.

    Raises UserError for an unknown module.
    """
    if module not in config.modules:
        raise UserError(f'unknown module "{module}" (there are: {", ".join(config.modules)})')
    chosen = config.modules[module]
    return DeviceConfig(target.default_name, target, module, chosen.maps, options=chosen.options)


def _check_scalars(document: Document, data: object, place: Place) -> None:
    """Refuse text that YAML can write, but one line of an error or a label cannot hold."""
    if isinstance(data, dict):
        for key, value in data.items():
            _check_scalars(document, key, place)
            _check_scalars(document, value, (*place, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            _check_scalars(document, item, (*place, index))
    elif isinstance(data, str):
        try:
            data.encode()
        except UnicodeEncodeError:
            raise document.error(place, "not valid Unicode text") from None
        if any(unicodedata.category(char) in _NO_TEXT for char in data):
            raise document.error(place, "text with line ends or control characters")


def _load_maps(paths: Sequence[str], folder: Path, problems: Problems) -> Mapping[str, Map]:
    found = []
    for index, text in enumerate(paths):
        path = folder / text
        try:
            there = path.is_file()
        except OSError:  # a name too long, a folder that may not be entered
            there = False
        if there:
            found.append(path)
        else:
            problems.add(Source(("maps", index)), (), f'no map file "{path}"')
    try:
        maps = load_maps(found)
        # with a file missing, every map in it would be reported as unknown
        return maps if len(found) == len(paths) else {}
    except UserError as error:
        text = str(error)
        own = any(text.startswith((f"{path}:", f"cannot read {path}:")) for path in found)
        problems.found.append((0, text if own else str(problems.document.error(("maps",), text))))
        return {}


def _modules(
    entry: ConfigEntry, maps: Mapping[str, Map], problems: Problems
) -> dict[str, tuple[Module, ModuleEntry]]:
    known = modules_of(built_in_maps().values()) | modules_of(maps.values())
    entries = {name: ModuleEntry(maps=list(names)) for name, names in known.items()}
    for name, item in entry.modules.items():
        entries[name] = item
        options = merge_options(item)
        findings = [*checks.times(item, options)]
        if maps:
            findings += checks.module_maps(item.maps, maps)
            if all(name in maps for name in item.maps):
                findings += checks.overrides(item, item.maps, maps)
                findings += checks.battery(item, options, item.maps, maps)
                findings += checks.widths(item, options, item.maps, maps)
                findings += checks.tables(item, options, item.maps, maps)
        for place, message in findings:
            problems.add(Source(("modules", name)), place, message)
    if maps and entry.maps:
        # an own map that takes the place of a built-in one may no longer fit beside the others
        for name in [name for name in known if name not in entry.modules]:
            for _, message in checks.module_maps(entries[name].maps, maps):
                problems.add(Source(("maps",)), (), f'module "{name}": {message}')
    return {
        name: (Module(name, tuple(item.maps), merge_options(item)), item) for name, item in entries.items()
    }
