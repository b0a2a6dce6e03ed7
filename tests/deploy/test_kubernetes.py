"""The Kubernetes objects: each is valid, and no combination of them reads a device twice."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import load_config
from tests.deploy.manifests import KUBERNETES, Object, build, kustomize, name, of_kind, overlay, validate

BASE = KUBERNETES / "base"
COMPONENTS = KUBERNETES / "components"
WAYS = sorted(COMPONENTS.glob("scrape-*"))
BESIDE = [COMPONENTS / "podmonitor", COMPONENTS / "alertmanagerconfig"]
BUILDS = {
    "fleet": KUBERNETES,
    "base": BASE,
    "boards": KUBERNETES.parents[1] / "dashboards",
    **{folder.name: folder for folder in sorted((KUBERNETES / "overlays").iterdir())},
}
FLEET = {"app.kubernetes.io/name": "generex-exporter", "app.kubernetes.io/component": "fleet"}
SIDECAR = {"generex-exporter/sidecar": "true"}


@pytest.fixture(name="built", scope="module")
def _built() -> dict[str, list[Object]]:
    return {key: build(folder) for key, folder in BUILDS.items()}


def pods(objects: list[Object]) -> list[Object]:
    """The pod templates."""
    return [item["spec"]["template"] for item in of_kind(objects, "Deployment")]


def exporters(pod: Object) -> list[Object]:
    """The exporter's containers of a pod, of both sorts."""
    spec = pod["spec"]
    every = [*spec["containers"], *spec.get("initContainers", ())]
    return [item for item in every if item["image"].startswith("generex-exporter:")]


def test_every_kustomization_is_tried() -> None:
    found = {path.parent for path in KUBERNETES.rglob("kustomization.yaml")}
    parts = {path for path in found if path.parent.name == "three-replicas"}
    assert {path for path in found if COMPONENTS not in path.parents} - parts == set(BUILDS.values()) - {
        BUILDS["boards"]
    }
    used = set(COMPONENTS.iterdir())
    tried = {
        COMPONENTS / part
        for part in ("sidecar", "sidecar-classic", "serial", "podmonitor", "alertmanagerconfig")
    }
    assert used == tried | set(WAYS)


@pytest.mark.parametrize("key", BUILDS)
def test_every_object_is_valid(built: dict[str, list[Object]], key: str) -> None:
    assert built[key]
    for item in built[key]:
        validate(item)


@pytest.mark.parametrize("way", [*WAYS, *BESIDE], ids=lambda path: path.name)
def test_every_component_of_the_operator_is_valid(tmp_path: Path, way: Path) -> None:
    for item in build(overlay(tmp_path / "o", [BASE], [way])):
        validate(item)


def test_the_validation_knows_wrong_from_right(built: dict[str, list[Object]]) -> None:
    for kind in ("Deployment", "ScrapeConfig", "ServiceMonitor", "PrometheusRule", "NetworkPolicy"):
        (item,) = of_kind(built["fleet"], kind)
        with pytest.raises(Exception, match="serviceAcountName"):
            validate(item | {"spec": item["spec"] | {"serviceAcountName": "x"}})


# what reads devices


def reads_devices(item: Object, objects: list[Object]) -> bool:
    """Whether an object of the operator makes Prometheus read devices of the base's exporter."""
    spec = item.get("spec", {})
    if item["kind"] == "ServiceMonitor":
        assert spec["selector"]["matchLabels"] == FLEET
        (endpoint,) = spec["endpoints"]
        assert endpoint.get("path", "/metrics") == "/metrics"
        return bool(endpoint.get("params", {}).get("collect[]", ["exporter", "devices"]) != ["exporter"])
    if item["kind"] == "PodMonitor":
        wanted = spec["selector"]["matchLabels"].items()
        return any(wanted <= pod["metadata"]["labels"].items() for pod in pods(objects))
    return item["kind"] in ("Probe", "ScrapeConfig")


@pytest.mark.parametrize("way", WAYS, ids=lambda path: path.name)
def test_each_way_reads_each_device_once(tmp_path: Path, way: Path) -> None:
    objects = build(overlay(tmp_path / "o", [BASE], [way, COMPONENTS / "podmonitor"]))
    assert len([item for item in objects if reads_devices(item, objects)]) == 1
    (own,) = of_kind(objects, "ServiceMonitor")
    (service,) = of_kind(objects, "Service")
    assert own["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert own["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


@pytest.mark.parametrize(
    "two", [*itertools.combinations(WAYS, 2)], ids=lambda two: "+".join(path.name for path in two)
)
def test_two_ways_together_are_refused(tmp_path: Path, two: tuple[Path, Path]) -> None:
    done = kustomize(overlay(tmp_path / "o", [BASE], two))
    assert done.returncode == 1
    assert "already registered id: ServiceMonitor" in done.stderr


def test_nothing_asks_for_scrapes_by_annotation(built: dict[str, list[Object]]) -> None:
    # scrapers that go by prometheus.io/scrape would read the devices once more
    for item in itertools.chain.from_iterable(built.values()):
        annotations = item["metadata"].get("annotations", {})
        template = item.get("spec", {}).get("template") or {}
        assert not annotations | template.get("metadata", {}).get("annotations", {}), name(item)


def test_the_probe_names_the_devices_of_the_configuration(tmp_path: Path) -> None:
    objects = build(overlay(tmp_path / "o", [BASE], [COMPONENTS / "scrape-probe"]))
    (probe,) = of_kind(objects, "Probe")
    devices = load_config(BASE / "generex.yml", targets=(), module="cs141").devices
    assert probe["spec"]["targets"]["staticConfig"]["static"] == [device.name for device in devices]


@pytest.mark.parametrize("key", ["fleet", "serial", "three-replicas"])
def test_every_selector_is_of_one_exporter(built: dict[str, list[Object]], key: str) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(built[key])]
    selectors = [
        *(item["spec"]["selector"] for item in of_kind(built[key], "Service")),
        *(item["spec"]["selector"]["matchLabels"] for item in of_kind(built[key], "PodDisruptionBudget")),
        *(item["spec"]["podSelector"]["matchLabels"] for item in of_kind(built[key], "NetworkPolicy")),
    ]
    assert len(selectors) == 3 * len(labels)
    for selector in selectors:
        assert selector.items() >= FLEET.items()
        assert len([pod for pod in labels if selector.items() <= pod.items()]) == 1


@pytest.mark.parametrize("key", ["fleet", "base", "serial", "three-replicas"])
def test_the_network_policy_lets_prometheus_in(built: dict[str, list[Object]], key: str) -> None:
    policies = of_kind(built[key], "NetworkPolicy")
    assert len(policies) == len(pods(built[key]))
    for policy in policies:
        (rule,) = policy["spec"]["ingress"]
        (peer,) = rule["from"]
        prometheus = {"key": "app.kubernetes.io/name", "operator": "In", "values": ["prometheus"]}
        assert peer == {"namespaceSelector": {}, "podSelector": {"matchExpressions": [prometheus]}}
        assert rule["ports"] == [{"port": "http"}]


def test_three_replicas_divide_the_devices(built: dict[str, list[Object]]) -> None:
    objects = built["three-replicas"]
    services = sorted(item["metadata"]["name"] for item in of_kind(objects, "Service"))
    assert services == ["generex-exporter-0", "generex-exporter-1", "generex-exporter-2"]
    (config,) = of_kind(objects, "ScrapeConfig")
    by_label = {rule["targetLabel"]: rule for rule in config["spec"]["relabelings"] if "targetLabel" in rule}
    hashed, address = by_label["__tmp_replica"], by_label["__address__"]
    assert (hashed["action"], hashed["modulus"]) == ("HashMod", len(services))
    assert hashed["sourceLabels"] == ["__param_target"]
    hosts = {address["replacement"].replace("$1", str(number)) for number in range(hashed["modulus"])}
    assert hosts == {f"{service}.monitoring.svc:10141" for service in services}
    lists = [discovery["url"] for discovery in config["spec"]["httpSDConfigs"]]
    assert lists == [f"http://{host}/sd" for host in sorted(hosts)]
    assert len([item for item in objects if reads_devices(item, objects)]) == 1


@pytest.mark.parametrize("key", ["fleet", "three-replicas"])
def test_shards_of_prometheus_divide_the_devices(built: dict[str, list[Object]], key: str) -> None:
    (config,) = of_kind(built[key], "ScrapeConfig")
    rules = config["spec"]["relabelings"]
    (shard,) = [rule for rule in rules if rule.get("targetLabel") == "__tmp_hash"]
    assert shard["sourceLabels"] == ["__param_target"]
    # the operator (v0.85, promcfg.go) adds its keep rule unless one hashes already; then it has to be here
    if any(rule.get("action") == "HashMod" for rule in rules):
        assert rules[-2:] == [
            shard,
            {"sourceLabels": ["__tmp_hash"], "action": "Keep", "regex": "$(SHARD)"},
        ]
        assert (shard["action"], shard["modulus"]) == ("HashMod", 1)
    else:
        assert "action" not in shard


# security and settings


@pytest.mark.parametrize("key", [key for key in BUILDS if key != "boards"])
def test_every_exporter_meets_the_restricted_standard(built: dict[str, list[Object]], key: str) -> None:
    count = 0
    for pod in pods(built[key]):
        shared = pod["spec"].get("securityContext", {})
        for container in exporters(pod):
            count += 1
            own = shared | container["securityContext"]
            assert own["runAsNonRoot"] is True
            assert own["runAsUser"] == own["runAsGroup"] == 65532
            assert own["seccompProfile"] == {"type": "RuntimeDefault"}
            assert own["allowPrivilegeEscalation"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys()
            assert not [volume for volume in pod["spec"].get("volumes", ()) if "hostPath" in volume]
    assert count


@pytest.mark.parametrize("key", [key for key in BUILDS if key != "boards"])
def test_probes_ports_and_resources(built: dict[str, list[Object]], key: str) -> None:
    for container in (found for pod in pods(built[key]) for found in exporters(pod)):
        (port,) = container["ports"]
        assert port["containerPort"] == 10141
        probes = {kind: container[kind]["httpGet"] for kind in container if kind.endswith("Probe")}
        assert {probe["port"] for probe in probes.values()} == {port["name"]}
        assert probes["livenessProbe"]["path"] == "/-/healthy"
        if port["name"] == "http":
            assert probes["readinessProbe"]["path"] == probes["startupProbe"]["path"] == "/-/ready"
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "cpu" not in container["resources"]["limits"]


def test_the_configuration_is_where_the_exporter_looks(built: dict[str, list[Object]]) -> None:
    for key in ("fleet", "serial", "three-replicas"):
        configs = {item["metadata"]["name"]: item["data"] for item in of_kind(built[key], "ConfigMap")}
        for pod in pods(built[key]):
            (container,) = exporters(pod)
            (volume,) = pod["spec"]["volumes"]
            (mount,) = container["volumeMounts"]
            env = {item["name"]: item["value"] for item in container["env"]}
            (file,) = configs[volume["configMap"]["name"]]
            assert env["GENEREX_CONFIG_FILE"] == f"{mount['mountPath']}/{file}"


@pytest.mark.parametrize("key", ["base", "serial"])
def test_the_examples_are_good_configurations(key: str) -> None:
    load_config(BUILDS[key] / "generex.yml", targets=(), module="cs141")


def test_a_serial_line_has_one_master(built: dict[str, list[Object]]) -> None:
    (deployment,) = of_kind(built["serial"], "Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
@pytest.mark.parametrize("form", ["sidecar", "sidecar-classic"])
def test_a_sidecar_joins_what_asks_for_it(tmp_path: Path, kind: str, form: str) -> None:
    def workload(name: str, labels: dict[str, str]) -> dict[str, Any]:
        own = {"name": "app", "image": "app:1", "ports": [{"containerPort": 80}]}
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [own]}}
        spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
        if kind == "StatefulSet":
            spec["serviceName"] = name
        meta = {"name": name, "labels": labels}
        return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}

    folder = tmp_path / "o"
    folder.mkdir()
    (folder / "app.yaml").write_text(yaml.safe_dump_all([workload("with", SIDECAR), workload("without", {})]))
    variables = {"name": "generex-exporter-sidecar", "literals": ["GENEREX_TARGET=ups1=tcp://192.0.2.7"]}
    objects = build(
        overlay(folder, [folder / "app.yaml"], [COMPONENTS / form], configMapGenerator=[variables])
    )
    for item in objects:
        validate(item)
    joined, alone = (
        next(item for item in objects if item["metadata"]["name"] == name) for name in ("with", "without")
    )
    template = joined["spec"]["template"]
    assert template["metadata"]["labels"] == {"app": "with"} | SIDECAR
    (container,) = exporters(template)
    assert ("restartPolicy" in container) == (form == "sidecar")
    assert [item["name"] for item in template["spec"]["containers"] if item != container] == ["app"]
    (source,) = container["envFrom"]
    (config,) = of_kind(objects, "ConfigMap")
    assert source["configMapRef"]["name"] == config["metadata"]["name"]
    assert alone["spec"]["template"] == workload("without", {})["spec"]["template"]


def test_the_pod_monitor_finds_sidecars_by_label_and_port(tmp_path: Path) -> None:
    objects = build(overlay(tmp_path / "o", [KUBERNETES / "overlays/sidecar"], [COMPONENTS / "podmonitor"]))
    (monitor,) = of_kind(objects, "PodMonitor")
    (pod,) = pods(objects)
    assert reads_devices(monitor, objects)
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert [endpoint["port"]] == [port["name"] for port in exporters(pod)[0]["ports"]]


def test_boards_are_what_the_grafana_sidecar_looks_for(built: dict[str, list[Object]]) -> None:
    folder = BUILDS["boards"]
    data: dict[str, str] = {}
    for item in built["boards"]:
        assert item["metadata"]["labels"] == {"grafana_dashboard": "1"}
        assert len(str(item["data"])) < 1024**2, "a ConfigMap holds 1 MiB"
        data |= item["data"]
    assert data == {path.name: path.read_text() for path in folder.glob("*.json")}
