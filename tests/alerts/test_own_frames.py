"""The frame of a gateway in a user's own map: it alerts as the built-in one does, and tells why."""

from pathlib import Path

import pytest
import yaml

from exporter.config import load_config
from exporter.files import write_files
from exporter.generate.alerts import alert_files
from exporter.generate.alerts.model import REPOSITORY_RUNBOOK
from exporter.simulator.plant import Plant
from exporter.simulator.registers import image
from tests.alerts.promtool import SLOW, check_tests, firing
from tests.alerts.series import Watched, input_series

OWN = """
map: plc
title: A frame that another PLC puts elsewhere
source: its manual
metrics:
  plc_error: {help: Error code of the gateway.}
include: [{map: ups, addresses: [100, 142], group: plc, at: 310}]
groups:
  plc:
    title: Frame
    trust: {rule: frame}
    words:
      sequence_number: {address: 305, description: It goes up with every answer.}
      error_code: {address: 306, description: 0 when all is well., metric: plc_error}
"""
WELL, COUNT = 8, 34
FAULTS = {
    "well": lambda at: {},
    "still": lambda at: {305: WELL},
    "error": lambda at: {306: 3},
    "empty": lambda at: dict.fromkeys(range(305, 360), 0),
}
SAYS = {
    "empty": ", its counter stands still",
    "error": ", error code 3",
    "still": ", its counter stands still",
}


@pytest.mark.slow
@pytest.mark.parametrize("told", [True, False], ids=["with the error code", "without"])
def test_a_frame_of_ones_own_that_is_not_valid_is_told(told: bool, tmp_path: Path) -> None:
    (tmp_path / "plc.yaml").write_text(OWN if told else OWN.replace(", metric: plc_error", ""))
    devices = [
        {"name": name, "target": f"192.0.2.{at}", "module": "plc", "labels": {"site": name}}
        for at, name in enumerate(FAULTS, start=1)
    ]
    document = {"maps": ["plc.yaml"], "modules": {"plc": {"maps": ["plc"]}}, "devices": devices}
    (tmp_path / "generex.yml").write_text(yaml.safe_dump(document))
    config = load_config(tmp_path / "generex.yml")
    write_files(tmp_path, alert_files(config.maps, {}))
    words = image(Plant(2, 2), "cs141")
    ups = {address + 210: words[address] for address in range(100, 143) if address in words}
    series = []
    for device in config.devices:
        watched, fault = Watched(device, config), FAULTS[device.name]
        pages = [
            watched.page(ups | {305: at, 306: 0} | (fault(at) if at >= WELL else {}), 15 * at)
            for at in range(COUNT)
        ]
        series += input_series(pages, device.name)
    alert = {
        "eval_time": "8m",
        "alertname": "GenerexGatewayFrameStale",
        "exp_alerts": [
            {
                "exp_labels": {
                    "severity": "critical", "condition": "ups_out_of_sight", "device": name, "site": name,
                },
                "exp_annotations": {
                    "summary": "The frame of an SNMP_PROF gateway has an error or is frozen.",
                    "description": f"{name} at {name}: the gateway's frame is not valid"
                    f"{why if told else ''}. The state of the UPS is unknown.",
                    "runbook_url": f"{REPOSITORY_RUNBOOK}#generexgatewayframestale",
                },
            }
            for name, why in SAYS.items()
        ],
    }  # fmt: skip
    tests = [
        firing("1m45s", {"GenerexWatchdog": 1}),
        firing("8m", {"GenerexWatchdog": 1, "GenerexGatewayFrameStale": len(SAYS)}),
    ]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests, "alert_rule_test": [alert]}
    rules = [str(tmp_path / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]
    check_tests(tmp_path, [group], rules=rules, without=SLOW)
