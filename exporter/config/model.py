"""The configuration as the rest of the program sees it: frozen, merged, checked. Durations are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from exporter.config.allow import AllowRule, is_own_or_local
from exporter.config.dump import dump_config
from exporter.maps import DEFAULT_MODULE
from exporter.maps.model import Map
from exporter.targets import Endpoint, Target

SensorKind = Literal["temperature", "humidity", "value"]
Compression = Literal["gzip", "none"]


@dataclass(frozen=True)
class Sensor:
    """An analogue sensor, number 1 to 8; word × scale is °C, %RH or the value itself."""

    number: int
    name: str
    kind: SensorKind
    scale: Decimal


@dataclass(frozen=True)
class Override:
    """Scale or offset in place of the map's; None leaves the map's."""

    scale: Decimal | None = None
    offset: Decimal | None = None


@dataclass(frozen=True)
class ExpectedBlock:
    """What is known of a battery block: its resistance when new in ohms and the day it was installed.

    0 and None leave them open.
    """

    module: int
    baseline: float = 0.0
    installed: date | None = None


@dataclass(frozen=True)
class Expect:
    """What the device is known to be; 0, "" and () leave it to the device or to the alert rules.

    `string_groups` are numbers of strings whose currents compare with each other, UPSs of one
    `redundancy_group` stand in for each other; `runtime`, `test_every` and `test_lasts` are in seconds.
    """

    strings: int = 0
    modules: int = 0
    phases: int = 0
    output_volts: int = 0
    input_volts: int = 0
    chemistry: Literal["", "vrla", "lfp"] = ""
    cells_per_block: int = 0
    string_groups: tuple[tuple[int, ...], ...] = ()
    runtime: float = 0.0
    redundancy_group: str = ""
    blocks: tuple[ExpectedBlock, ...] = ()
    test_every: float = 0.0
    test_lasts: float = 0.0


@dataclass(frozen=True)
class Prof:
    """Where the gateway frame stands and after how many seconds without a new counter it is stale."""

    base_address: int = 0
    stale_after: float = 60.0


@dataclass(frozen=True)
class Options:
    """How a device is read. The order of precedence is device, module, these defaults."""

    timeout: float = 5.0
    request_timeout: float = 1.0
    pacing: float = 0.0
    connect_delay: float = 0.0
    any_transaction: bool = False
    idle_close: float = 300.0
    max_words: int = 125
    function: Literal[3, 4] | None = None
    bacs: Literal["auto", "required", "off"] = "auto"
    module_flags: Literal["all", "set"] = "all"
    prof: Prof = Prof()
    overrides: Mapping[str, Override] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    """A named set of maps and options."""

    name: str
    maps: tuple[str, ...]
    options: Options = Options()


@dataclass(frozen=True)
class DeviceConfig:
    """A device to read, with everything that applies to it merged in."""

    name: str
    target: Target
    module: str
    maps: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Options = Options()
    expect: Expect = Expect()
    sensors: tuple[Sensor, ...] = ()


@dataclass(frozen=True)
class Probe:
    """What `/probe` may ask beside the configured devices, and how many probes may run at once."""

    allow: tuple[AllowRule, ...] = ()
    max_concurrent: int = 50

    def allows(self, target: Target) -> bool:
        """Whether a rule covers the target's host and port. A serial line is never covered."""
        endpoint = target.endpoint
        return endpoint.transport != "rtu" and any(
            rule.allows(endpoint.host, endpoint.port) for rule in self.allow
        )

    def may_lead_to(self, endpoint: Endpoint, address: str) -> bool:
        """Whether the allowed host name of `endpoint` may stand for `address`.

        Whoever answers for the name must not turn the exporter against its own machine or link, unless a
        network among the rules covers the address too. localhost says what it is.
        """
        says_so = endpoint.host == "localhost" or endpoint.host.endswith(".localhost")
        return (
            not is_own_or_local(address)
            or says_so
            or any(rule.allows(address, endpoint.port) for rule in self.allow)
        )


@dataclass(frozen=True)
class Header:
    """A header of requests. The value is a secret; `origin` is what the file says instead, if it does."""

    value: str = field(repr=False)
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OtlpTls:
    """Files for TLS; without them the system's authorities and no client certificate."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True)
class Otlp:
    """Where metrics are pushed to and how. `endpoint` is the whole URL.

    `resource` are the attributes of all resources that the environment gives. With `delta` counters say what
    they grew by, which the environment asks for too.
    """

    endpoint: str
    headers: Mapping[str, Header] = field(default_factory=dict)
    interval: float = 60.0
    timeout: float = 10.0
    compression: Compression = "gzip"
    tls: OtlpTls = OtlpTls()
    resource: Mapping[str, str] = field(default_factory=dict)
    delta: bool = False


@dataclass(frozen=True)
class Config:
    """The whole configuration. `map_files` are the user's map files as the configuration names them.

    `grafana` is the address of the Grafana that has the boards, or "".
    """

    devices: tuple[DeviceConfig, ...]
    modules: Mapping[str, Module]
    maps: Mapping[str, Map]
    probe: Probe = Probe()
    default_module: str = DEFAULT_MODULE
    map_files: tuple[str, ...] = ()
    otlp: Otlp | None = None
    grafana: str = ""

    def dump(self) -> str:
        """The effective configuration as YAML, every default written out; `load_config` reads it back."""
        return dump_config(self)
