"""How many messages a real Alertmanager with the project's configuration makes of what it is told."""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alerts.messages import Message, quicker, receiving
from tests.alerts.promtool import ROOT
from tests.alerts.test_alertmanager import alert
from tests.support import free_port, require, running, wait_for

QUICK = 25
"""So many times as quick: five seconds of waiting for more alerts of a group are a fifth of one."""
Labels = dict[str, str]


@dataclass(frozen=True)
class Told:
    """An Alertmanager and the messages that it has sent."""

    url: str
    messages: list[Message]

    def tell(self, *alerts: Labels, ended: bool = False) -> None:
        """As Prometheus does: these fire, or have just ended."""
        now = datetime.now(UTC)
        begun, ends = now - timedelta(minutes=1), now - timedelta(seconds=1 if ended else -600)
        content = [
            {"labels": labels, "startsAt": begun.isoformat(), "endsAt": ends.isoformat()} for labels in alerts
        ]
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200

    def muted(self) -> set[str]:
        """The names of the alerts that are muted by others."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=20) as answer:
            held = json.load(answer)
        return {one["labels"]["alertname"] for one in held if one["status"]["inhibitedBy"]}

    def calls(self) -> list[tuple[str, str, str]]:
        """What a person's phone has rung for: the step of the outage, the site and the device."""
        return [
            (it.group["outage"], it.group["site"], it.group["device"])
            for it in self.messages
            if it.receiver == "critical" and it.firing
        ]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    program, port = require("prometheus-alertmanager"), free_port()
    with receiving() as (phone, messages):
        text = (ROOT / "alerts" / "alertmanager.yml").read_text(encoding="utf-8")
        (tmp_path / "alertmanager.yml").write_text(quicker(text, QUICK, phone))
        command = [
            program, f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn",
        ]  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        with running(command, tmp_path / "alertmanager.log"):
            wait_for(lambda: urllib.request.urlopen(f"{url}/-/ready").status == 200, 60, "Alertmanager")
            yield Told(url, messages)


def outage(told: Told, *steps: tuple[str, ...]) -> None:
    """Each step fires on top of those before, once the last has been told."""
    for number, step in enumerate(steps, start=1):
        told.tell(*map(alert, step))
        wait_for(lambda number=number: len(told.calls()) >= number, 20, f"message {number}")


def later(told: Told, *names: str) -> None:
    """What fires one by one after that, each for long enough to be told."""
    for name in names:
        told.tell(alert(name))
        time.sleep(0.5)
    time.sleep(1)


UPS_1 = ("north", "ups-1")


def test_a_dying_ups_calls_three_times_in_the_order_of_what_to_do(told: Told) -> None:
    outage(told, ("OnBattery", "OnBatteryLong"), ("RuntimeShort", "BatteryLowOnBattery"), ("LoadDark",))
    later(told, "BatteryDepleted", "ShutdownPending", "ShutdownImminent")
    later(told, "UpsOutOfSight", "LostOnBattery", "Unreachable")
    assert told.calls() == [("1 on battery", *UPS_1), ("2 shut down", *UPS_1), ("3 dark", *UPS_1)]


def test_what_is_added_to_a_step_is_no_message_of_its_own(told: Told) -> None:
    outage(told, ("OnBatteryLong",), ("BatteryLowOnBattery",))
    later(told, "RuntimeShort", "BatteryDepleted", "ShutdownPending", "ShutdownImminent")
    assert told.calls() == [("1 on battery", *UPS_1), ("2 shut down", *UPS_1)]


def test_a_ups_that_falls_silent_on_battery_calls_twice(told: Told) -> None:
    outage(told, ("OnBatteryLong",), ("LostOnBattery",))
    later(told, "UpsOutOfSight", "Unreachable")
    assert told.calls() == [("1 on battery", *UPS_1), ("3 dark", *UPS_1)]


def test_devices_of_one_name_at_two_sites_stay_apart(told: Told) -> None:
    """What is dark in the north mutes nothing in the south."""
    told.tell(alert("OnBatteryLong"), alert("OnBatteryLong", site="south"))
    wait_for(lambda: len(told.calls()) == 2, 20, "a message for each")
    told.tell(alert("LoadDark"))
    wait_for(lambda: len(told.calls()) == 3, 20, "the dark load")
    told.tell(alert("RuntimeShort"), alert("RuntimeShort", site="south"))
    wait_for(lambda: len(told.calls()) == 4, 20, "the short runtime")
    time.sleep(1)

    assert sorted(told.calls()[:2]) == [("1 on battery", *UPS_1), ("1 on battery", "south", "ups-1")]
    assert told.calls()[2:] == [("3 dark", *UPS_1), ("2 shut down", "south", "ups-1")]


@pytest.mark.parametrize(
    ("ends", "stays"), [("BatteryLowOnBattery", "RuntimeShort"), ("RuntimeShort", "BatteryLowOnBattery")]
)
def test_a_source_that_ends_leaves_the_other_muting(told: Told, ends: str, stays: str) -> None:
    """Of a rule with several sources Alertmanager 0.34 remembers the one that was told last."""
    told.tell(alert("BatteryLow"), alert(stays))
    told.tell(alert(ends))
    wait_for(lambda: told.muted() == {"GenerexBatteryLow"}, 20, "the milder form is muted")
    told.tell(alert(ends), ended=True)
    time.sleep(0.5)
    assert told.muted() == {"GenerexBatteryLow"}
