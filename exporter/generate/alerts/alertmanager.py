"""alerts/alertmanager.yml: who is told of what, and which alert makes another needless."""

import re
from typing import Any

import yaml

from exporter.generate.alerts.model import Settings
from exporter.generate.alerts.render import HEAD, dump
from exporter.generate.alerts.texts import read_text

# what a device shows as a matter of course while it runs on its battery (operations 1.9)
ON_BATTERY_MUTES = (
    "input_bad|bypass_bad|input_volts|input_hertz|charger|string_volts_high|string_volts_low|string_current"
    "|volts_apart|volts_out_of_range|block_volts_low"
)
# what work on the modules makes them say of themselves; not what is measured, such as a reversed block
SERVICE_MUTES = (
    "modules_silent|block_volts_high|block_volts_low|block_temperature|block_cold|block_resistance"
    "|block_resistance_low|block_module|volts_.+|equalising|general_alarm"
)
# what is known of a UPS through its manager only; BACS still sees the battery
UPS_CONDITIONS = (
    "overload|output_bad|inverter|ups_fault|fuse|fan|ups_temperature|charger|battery_bad|test_failed|test"
    "|charge_not_rising|site_alarm|mains_hunting|missed_dip|battery_low|runtime_melting|battery_depleted"
    "|on_bypass|bypass_bad|input_bad|input_volts|input_hertz|map"
)
NEVER_MUTED_BY_SILENCE = "on_battery|lost_on_battery|thermal_runaway|ground_fault"
NEVER_PLANNED = frozenset(
    {"thermal_runaway", "ground_fault", "runaway_precursor", "block_reversed", "lost_on_battery"}
)
"""Conditions that no planned work explains, so that the runbook has no silence for them."""


def alertmanager_file(settings: Settings) -> str:
    """The configuration as text, as its comments are half of it."""
    text = read_text("texts", "alertmanager.yml")
    for name, value in (
        ("site", settings.place[0]),
        ("battery", ON_BATTERY_MUTES),
        ("service", SERVICE_MUTES),
        ("ups", UPS_CONDITIONS),
        ("never", NEVER_MUTED_BY_SILENCE),
    ):
        text = text.replace(f"<{name}>", value)
    return HEAD + text


def alertmanager_config(settings: Settings) -> str:
    """The same as an AlertmanagerConfig object of the Prometheus operator.

    The root takes the alerts of this project only: the cluster's other alerts go their own ways.
    """
    plain = yaml.safe_load(alertmanager_file(settings))
    route = _camel(plain["route"])
    spec = {
        "route": {"receiver": route.pop("receiver"), "matchers": [_matcher('alertname =~ "Generex.+"')]}
        | route,
        "receivers": _camel(plain["receivers"]),
        "inhibitRules": _camel(plain["inhibit_rules"]),
    }
    return HEAD + dump(
        {
            "apiVersion": "monitoring.coreos.com/v1alpha1",
            "kind": "AlertmanagerConfig",
            "metadata": {
                "name": "generex-exporter",
                "namespace": "monitoring",
                "labels": {"app.kubernetes.io/name": "generex-exporter"},
            },
            "spec": spec,
        }
    )


def _camel(part: Any) -> Any:
    """The operator's words for Alertmanager's: groupBy for group_by, and matchers taken apart."""
    if isinstance(part, list):
        return [_camel(item) for item in part]
    if not isinstance(part, dict):
        return part
    names = {"source_matchers": "sourceMatch", "target_matchers": "targetMatch"}
    made = {}
    for key, value in part.items():
        name = names.get(key) or re.sub("_(.)", lambda match: match[1].upper(), key)
        made[name] = [_matcher(text) for text in value] if key.endswith("matchers") else _camel(value)
    return made


def _matcher(text: str) -> dict[str, str]:
    match = re.fullmatch(r'(\w+) *(=~|!~|!=|=) *"(.*)"', text)
    if match is None:
        raise ValueError(f"not a matcher: {text}")
    return {"name": match[1], "matchType": match[2], "value": match[3]}
