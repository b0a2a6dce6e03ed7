"""The configuration: what is read, how, and what `/probe` may ask (design 2.7)."""

from exporter.config.allow import AllowRule
from exporter.config.checks import near
from exporter.config.fields import LABEL, HeaderName, Section, check_name
from exporter.config.load import adhoc_device, load_config, refuse_nothing_to_read
from exporter.config.model import (
    Config,
    DeviceConfig,
    Expect,
    ExpectedBlock,
    Header,
    Module,
    Options,
    Otlp,
    OtlpTls,
    Override,
    Probe,
    Prof,
    Sensor,
    SensorKind,
)
from exporter.config.otlp import metrics_url
from exporter.config.schema import config_json_schema

__all__ = [
    "LABEL",
    "AllowRule",
    "Config",
    "DeviceConfig",
    "Expect",
    "ExpectedBlock",
    "Header",
    "HeaderName",
    "Module",
    "Options",
    "Otlp",
    "OtlpTls",
    "Override",
    "Probe",
    "Prof",
    "Section",
    "Sensor",
    "SensorKind",
    "adhoc_device",
    "check_name",
    "config_json_schema",
    "load_config",
    "metrics_url",
    "near",
    "refuse_nothing_to_read",
]
