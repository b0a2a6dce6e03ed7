"""The compose file: what it mounts exists, and the programs accept what they are given."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import load_config
from tests.support import require

COMPOSE = Path(__file__).parents[2] / "deploy/compose"
FILE: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]


def mounts(service: str) -> dict[str, Path]:
    """The files and folders of the repository that a container sees, by their path in it."""
    found = {}
    for volume in SERVICES[service].get("volumes", ()):
        source, target, *mode = re.sub(r"\$\{GENEREX_FILE:-([^}]+)\}", r"\1", volume).split(":")
        if source in FILE["volumes"]:
            continue
        assert mode == ["ro"], volume
        found[target] = (COMPOSE / source).resolve()
    return found


def test_everything_that_is_mounted_or_built_exists() -> None:
    seen = [path for service in SERVICES for path in mounts(service).values()]
    assert len(seen) >= 8
    assert [path for path in seen if not path.exists()] == []
    context = (COMPOSE / SERVICES["exporter"]["build"]).resolve()
    assert (context / "Dockerfile").is_file()
    named = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ()) if v[0].isalpha()}
    assert named == set(FILE["volumes"])


def test_every_address_is_a_service() -> None:
    texts = [path.read_text() for path in COMPOSE.rglob("*.yml")]
    hosts = set(re.findall(r"(?:http://|tcp://|\[\"|replacement: )([a-z]+):\d+", "\n".join(texts)))
    assert hosts == {"exporter", "device", "alertmanager", "prometheus"}
    assert hosts < set(SERVICES)


def test_ones_own_devices_take_the_place_of_the_simulated_one() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"device"}
    (volume, *_) = SERVICES["exporter"]["volumes"]
    assert volume == "${GENEREX_FILE:-./generex.yml}:/etc/generex-exporter/generex.yml:ro"


def test_nothing_listens_beyond_this_host() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", ["exporter", "device"])
def test_our_containers_are_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["image"] == SERVICES["exporter"]["image"]


def test_prometheus_accepts_its_configuration_and_rules(tmp_path: Path) -> None:
    inside = mounts("prometheus")
    rules = [path for target, path in inside.items() if target.startswith("/etc/prometheus/rules/")]
    assert {path.parent.name for path in rules} == {"alerts"}
    assert len(rules) == 2
    text = inside["/etc/prometheus/prometheus.yml"].read_text()
    assert "/etc/prometheus/rules/*.yml" in text
    folder = rules[0].parent
    copy = tmp_path / "prometheus.yml"
    copy.write_text(text.replace("/etc/prometheus/rules/*.yml", f"{folder}/*.rules.yml"))
    done = subprocess.run(
        [require("promtool"), "check", "config", copy],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rules found") == 2


def test_alertmanager_accepts_its_configuration() -> None:
    file = mounts("alertmanager")["/etc/alertmanager/alertmanager.yml"]
    done = subprocess.run(
        [require("amtool"), "check-config", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_finds_its_boards_and_their_data() -> None:
    inside = mounts("grafana")
    folder = inside["/etc/grafana/provisioning/dashboards"]
    (provider,) = yaml.safe_load((folder / "generex.yml").read_text())["providers"]
    boards = inside[provider["options"]["path"]]
    kinds = {
        variable["query"]
        for path in boards.glob("*.json")
        for variable in json.loads(path.read_text())["templating"]["list"]
        if variable["type"] == "datasource"
    }
    sources = inside["/etc/grafana/provisioning/datasources"]
    (source,) = yaml.safe_load((sources / "prometheus.yml").read_text())["datasources"]
    assert kinds == {source["type"]} == {"prometheus"}


def test_prometheus_reads_each_device_once() -> None:
    jobs = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]
    readers = [job for job in jobs if job.get("params", {}).get("collect[]") != ["exporter"]]
    assert [job["metrics_path"] for job in readers] == ["/probe"]


def test_the_devices_are_a_good_configuration() -> None:
    config = load_config(mounts("exporter")["/etc/generex-exporter/generex.yml"], targets=(), module="cs141")
    assert [device.target.url for device in config.devices] == ["tcp://device:5020"]
