"""The values of the Helm chart: what each does, and which are refused."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from exporter.config import load_config
from exporter.web.prefix import route_prefix
from tests.deploy.charts import CASES, CHART, DEVICES, ROOT, helm, template
from tests.deploy.manifests import Object, of_kind, validate

NAMES = [path.name.removesuffix("-values.yaml") for path in CASES]
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())


def test_values_and_schema_and_readme_name_the_same() -> None:
    def leaves(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> list[str]:
        assert values.keys() == schema["properties"].keys() - {"global"}, path
        found = []
        for key, value in values.items():
            inner = schema["properties"][key]
            if inner.get("additionalProperties") is False:
                found += leaves(value, inner, f"{path}{key}.")
            else:
                found.append(path + key)
        return found

    table = (CHART / "README.md").read_text()
    assert [leaf for leaf in leaves(VALUES, SCHEMA) if f"`{leaf}`" not in table] == []
    import jsonschema  # here, as every worker reads this file and it may take seconds to load

    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ("replica=3", "replica"),
        ("replicas=0", "replicas"),
        ("scrape.way=pull", "way"),
        ("scrape.interval=15", "interval"),
        ("replicas=3,scrape.way=metrics", "way"),
        ("replicas=2,serial.enabled=true", "replicas"),
        ("scrape.way=probe", "targets"),
        ("config.devices=null", "config.devices is empty, so there is nothing to read"),
        ("web.externalUrl=x/generex", "externalUrl"),
        ("web.externalUrl=https://x/generex?a=b", "externalUrl"),
        ("web.routePrefix=generex", "routePrefix"),
        ("web.routePrefix=/a//b", "routePrefix"),
        ("env[0].name=GENEREX_WEB_EXTERNAL_URL", "use the value web.externalUrl"),
        ("env[0].name=GENEREX_WEB_ROUTE_PREFIX", "use the value web.routePrefix"),
        ("env[0].name=GENEREX_WEB_LISTEN_ADDRESS", "use the value service.port"),
        ("env[0].name=GENEREX_WEB_CONFIG_FILE", "use the value webConfig.existingSecret"),
        ("env[0].name=GENEREX_CONFIG_FILE", "use the value config or existingConfigMap"),
        ("config=null", "config.devices is empty"),
        ("config.devices=null,config.probe=null", "config.devices is empty"),
    ],
)
def test_wrong_values_are_named(values: str, named: str) -> None:
    done = helm("template", "ups", CHART, DEVICES, f"--set={values}", check=False)
    assert done.returncode == 1
    assert named in done.stderr


def test_nobody_is_given_devices_that_he_did_not_write() -> None:
    """Helm merges maps: two devices as examples stayed beside `probe.allow`, and raised alerts."""
    assert VALUES["config"] == {}
    objects = template("--set=config.probe.allow={192.0.2.0/24}")
    (config,) = [item for item in of_kind(objects, "ConfigMap") if "generex.yml" in item["data"]]
    assert yaml.safe_load(config["data"]["generex.yml"]) == {"probe": {"allow": ["192.0.2.0/24"]}}


def test_every_key_of_a_configuration_survives_helm(tmp_path: Path) -> None:
    """On their way keys become text, sensor 1 becomes "1", and 0.00001 becomes 1e-05."""
    own_map = ROOT / "tests/config/maps/pump.yaml"
    text = (ROOT / "tests/config/good/full.yaml").read_text().replace("../maps/pump.yaml", str(own_map))
    text = text.replace("ups.input_volts_1: {scale: 0.01}", "bacs.module_resistance: {scale: -0.00001}")
    full = tmp_path / "full.yaml"
    full.write_text(text)
    values = tmp_path / "values.yaml"
    values.write_text("config:\n" + "".join(f"  {line}\n" for line in text.splitlines()))
    (config,) = [
        item for item in of_kind(template(f"--values={values}"), "ConfigMap") if "generex.yml" in item["data"]
    ]
    file = tmp_path / "generex.yml"
    file.write_text(config["data"]["generex.yml"])
    assert load_config(file).devices == load_config(full).devices


OWN = '"app.kubernetes.io/part-of": "mine"'
OTHERS = f'{{{OWN}, "app.kubernetes.io/instance": "prometheus"}}'


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_labels_of_ones_own_replace_the_charts(case: Path) -> None:
    """A key given twice is YAML that no server takes; an Operator may select by any label."""
    values = [f"{key}.labels={OTHERS}" for key in ("scrape", "prometheusRule", "alertmanagerConfig")]
    values += [f"podLabels={{{OWN}}}", 'podAnnotations={"checksum/config": "0"}']
    objects = template(
        f"--values={case}", "--set=dashboards.label=app.kubernetes.io/part-of",
        *(f"--set-json={value}" for value in values),
    )  # fmt: skip
    for item in objects:
        validate(item)
        labels = item["metadata"]["labels"]
        if item["apiVersion"].startswith("monitoring.coreos.com/"):
            assert labels["app.kubernetes.io/instance"] == "prometheus"
            assert labels["app.kubernetes.io/part-of"] == "mine"
        elif item["kind"] == "Deployment":
            pod = item["spec"]["template"]["metadata"]
            assert item["spec"]["selector"]["matchLabels"].items() <= pod["labels"].items()
            assert pod["labels"]["app.kubernetes.io/part-of"] == "mine"
            assert pod["annotations"]["checksum/config"] != "0"
        elif "generex.yml" not in item.get("data", {"generex.yml": ""}):
            assert labels["app.kubernetes.io/part-of"] == "1"


@pytest.mark.parametrize(
    "key",
    ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component",
     "generex-exporter/replica"],
)  # fmt: skip
def test_a_label_that_finds_the_pods_is_nobody_elses(key: str) -> None:
    label = f'--set-json=podLabels={{"{key}": "mine"}}'
    done = helm("template", "ups", CHART, DEVICES, "--set=replicas=2", label, check=False)
    assert done.returncode == 1
    assert f"podLabels has {key}, by which the chart's objects find its pods: leave it out" in done.stderr


def endpoints(objects: list[Object]) -> set[str]:
    """The paths that Kubernetes and Prometheus ask of the fleet's exporters."""
    paths = set()
    for item in objects:
        spec = item.get("spec", {})
        if item["kind"] == "Deployment":
            (container,) = spec["template"]["spec"]["containers"]
            checks = [container.get(f"{kind}Probe", {}) for kind in ("startup", "readiness", "liveness")]
            paths |= {check["httpGet"]["path"] for check in checks if "httpGet" in check}
        elif item["kind"] == "ServiceMonitor":
            paths |= {endpoint.get("path", "/metrics") for endpoint in spec["endpoints"]}
        elif item["kind"] == "Probe":
            paths.add(spec["prober"]["path"])
        elif item["kind"] == "ScrapeConfig":
            paths |= {spec["metricsPath"], *(urlsplit(sd["url"]).path for sd in spec["httpSDConfigs"])}
    return paths


@pytest.mark.parametrize(
    ("case", "values", "prefix"),
    [
        *((case, "web.externalUrl=https://x/generex/", "/generex") for case in NAMES),
        ("default", "web.externalUrl=http://x:8080/a/b", "/a/b"),
        ("default", "web.externalUrl=https://x", ""),
        ("default", "web.externalUrl=https://x/", ""),
        ("default", "web.routePrefix=/generex", "/generex"),
        ("default", "web.externalUrl=https://x/generex/,web.routePrefix=/", ""),
        ("default", "web.externalUrl=https://x/generex/,web.routePrefix=/ups/", "/ups"),
    ],
)
def test_probes_and_scrapes_follow_the_prefix(case: str, values: str, prefix: str) -> None:
    """A probe at the path of before would have Kubernetes restart the pod for ever."""
    file = f"--values={CHART / 'ci' / f'{case}-values.yaml'}"
    objects = template(file, f"--set={values}")
    assert endpoints(objects) == {prefix + path for path in endpoints(template(file))}
    for item in of_kind(objects, "Deployment"):
        (container,) = item["spec"]["template"]["spec"]["containers"]
        env = {entry["name"]: entry["value"] for entry in container["env"]}
        given = env.get("GENEREX_WEB_EXTERNAL_URL"), env.get("GENEREX_WEB_ROUTE_PREFIX")
        assert route_prefix(*given) == prefix
        validate(item)
    for item in of_kind(objects, "PodMonitor"):
        assert "path" not in item["spec"]["podMetricsEndpoints"][0]


def test_the_notes_name_the_page_below_the_prefix() -> None:
    arguments = ("--dry-run=client", DEVICES, "--set=web.externalUrl=https://x/generex/")
    assert "http://127.0.0.1:10141/generex/\n" in helm("install", "ups", CHART, *arguments).stdout


def test_a_collector_is_reached_whatever_networks_the_devices_have() -> None:
    objects = template(DEVICES, "--set=networkPolicy.devices={192.0.2.0/24},networkPolicy.ports={4318}")
    (policy,) = of_kind(objects, "NetworkPolicy")
    modbus, further, _ = policy["spec"]["egress"]
    assert modbus == {"ports": [{"port": 502}], "to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}
    assert further == {"ports": [{"port": 4318}]}


def test_no_variable_is_given_twice() -> None:
    """Server-side apply, which Helm 4 uses, refuses a list with the same name twice."""
    objects = template(DEVICES, '--set-json=env=[{"name": "GENEREX_LOG_FORMAT", "value": "logfmt"}]')
    (deployment,) = of_kind(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["env"][1:] == [{"name": "GENEREX_LOG_FORMAT", "value": "logfmt"}]


@pytest.mark.parametrize(
    "values",
    [
        "config.probe.allow={192.0.2.0/24},scrape.way=probe,scrape.targets={192.0.2.7}",
        "existingConfigMap=mine",
        "fleet.enabled=false",
    ],
)
def test_what_needs_no_devices_is_taken_without(values: str) -> None:
    for item in template(f"--set={values}"):
        validate(item)
