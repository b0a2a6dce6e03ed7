"""alerts/alertmanager.yml: who gets which alert, and which alert mutes another."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from exporter.generate.alerts.model import Alert, Group, Settings
from exporter.generate.alerts.render import HEAD, dump
from exporter.generate.alerts.texts import read_text

# what a device shows as a matter of course while it runs on its battery (operations 1.9)
ON_BATTERY_MUTES = (
    "input_bad|bypass_bad|input_volts|input_hertz|charger|string_volts_low|string_current"
    "|volts_apart|volts_out_of_range|block_volts_low"
)
# what work on the modules makes them say of themselves
SERVICE_MUTES = (
    "modules_silent|block_volts_high|block_volts_low|block_temperature|block_cold|block_resistance"
    "|block_resistance_low|block_module|block_sensor|volts_.+|equalising|general_alarm"
)
# what is known of a UPS through its manager only; BACS still sees the battery
UPS_CONDITIONS = (
    "overload|output_bad|inverter|ups_fault|fuse|fan|ups_temperature|charger|battery_bad|test_failed|test"
    "|charge_not_rising|site_alarm|mains_hunting|missed_dip|battery_low|runtime_.+|battery_depleted"
    "|on_bypass|bypass_bad|input_bad|input_volts|input_hertz|map|ups_frozen"
)
NEVER_MUTED_BY_SILENCE = "on_battery|lost_on_battery|thermal_runaway|ground_fault"

WARNINGS = 'severity =~ "warning|info"'
Mute = tuple[str, tuple[str, ...], tuple[str, ...]]
"""What mutes, what is muted, and which labels must agree beside those of the place.

One source to a rule, and of one source never two with the same of these labels: Alertmanager 0.34 remembers
one of them only, and forgets that too once it has ended.
"""
MUTES: tuple[Mute, ...] = (
    ("GenerexFleetOnBattery", ('alertname = "GenerexOnBattery"', WARNINGS), ()),
    ("GenerexOnBattery", (f'condition =~ "{ON_BATTERY_MUTES}"', WARNINGS), ("device",)),
    ("GenerexTestOnGoodMains", (f'condition =~ "{ON_BATTERY_MUTES}"', WARNINGS), ("device",)),
    ("GenerexBacsService", (f'condition =~ "{SERVICE_MUTES}"', WARNINGS), ("device",)),
    ("GenerexUnreachable", (f'condition !~ "{NEVER_MUTED_BY_SILENCE}"', WARNINGS), ("device",)),
    ("GenerexUpsOutOfSight", (f'condition =~ "{UPS_CONDITIONS}"', WARNINGS), ("device",)),
    ("GenerexGatewayFrameStale", (f'condition =~ "{UPS_CONDITIONS}"', WARNINGS), ("device",)),
    # an outage: what was told before says nothing new once there is less to do
    ("GenerexRuntimeShort", ('outage = "1 on battery"',), ("device",)),
    ("GenerexBatteryLowOnBattery", ('outage = "1 on battery"',), ("device",)),
    ("GenerexBatteryDepleted", ('outage = "1 on battery"',), ("device",)),
    ("GenerexShutdownPending", ('outage = "1 on battery"',), ("device",)),
    ("GenerexLoadDark", ('outage =~ "[12] .+"',), ("device",)),
    ("GenerexLoadDark", ('alertname =~ "Generex(LostOnBattery|UpsOutOfSight|Unreachable)"',), ("device",)),
    ("GenerexLostOnBattery", ('outage =~ "[12] .+"',), ("device",)),
    ("GenerexLostOnBattery", ('alertname =~ "Generex(UpsOutOfSight|Unreachable)"',), ("device",)),
)
"""What alerts of one condition are to those of another."""

NEVER_PLANNED = frozenset(
    {"thermal_runaway", "ground_fault", "runaway_precursor", "block_reversed", "lost_on_battery"}
)
"""Conditions that no planned work explains, so that the runbook has no silence for them."""


def alertmanager_file(alerts: Iterable[Group], settings: Settings) -> str:
    """The configuration as text, as its comments are half of it."""
    text = read_text("texts", "alertmanager.yml")
    place = ", ".join(("device", *settings.place))
    milder, rules = (
        "\n".join(_rule(source, targets, equal, settings) for source, targets, equal in mutes)
        for mutes in (_milder(alerts), MUTES)
    )
    for name, value in (("site", settings.place[0]), ("place", place), ("milder", milder), ("mutes", rules)):
        text = text.replace(f"<{name}>", value)
    return HEAD + text


def _milder(groups: Iterable[Group]) -> Iterator[Mute]:
    """Each critical alert mutes the milder forms of its condition, of the same block, string or sensor."""
    alerts = [rule for group in groups for rule in group.rules if isinstance(rule, Alert)]
    mild = {alert.condition for alert in alerts if alert.severity != "critical"}
    for alert in alerts:
        if alert.severity == "critical" and alert.condition in mild:
            targets = (f'condition = "{alert.condition}"', WARNINGS)
            yield alert.name, targets, ("device", "string", "module", "sensor")


def alertmanager_config(alerts: Iterable[Group], settings: Settings) -> str:
    """The same as an AlertmanagerConfig object of the Prometheus operator.

    The root takes the alerts of this project only: the cluster's other alerts go their own ways.
    """
    plain = yaml.safe_load(alertmanager_file(alerts, settings))
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


def _rule(source: str, targets: tuple[str, ...], equal: tuple[str, ...], settings: Settings) -> str:
    matchers = "".join(f"\n      - '{matcher}'" for matcher in (*targets, 'life_safety != "true"'))
    # alerts without a site are of no site
    only = "" if equal else f", '{settings.place[0]} != \"\"'"
    labels = ", ".join((*equal, *settings.place)) if equal else settings.place[0]
    return (
        f"  - source_matchers: ['alertname = \"{source}\"'{only}]\n"
        f"    target_matchers:{matchers}\n"
        f"    equal: [{labels}]"
    )
