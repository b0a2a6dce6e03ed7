"""The Helm chart: every case is valid, and its objects are those that Kustomize makes."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from exporter import __version__
from exporter.config import load_config
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from exporter.web.prefix import route_prefix
from tests.deploy.manifests import KUBERNETES, Object, build, name, objects_in, of_kind, overlay, validate
from tests.support import require

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/generex-exporter"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
NAMES = [path.name.removesuffix("-values.yaml") for path in CASES]
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
DEVICES = f"--values={CHART / 'ci/default-values.yaml'}"
BASE = KUBERNETES / "base"
COMPONENTS = KUBERNETES / "components"
# what a release has of its own, and how Kustomize says the same
OWN_LABELS = {
    "helm.sh/chart",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
}


def helm(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the helm that .ci/helm/install built, or the machine's."""
    built = ROOT / ".ci/helm/build/helm"
    program = str(built) if os.access(built, os.X_OK) else require("helm")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def template(*arguments: str | Path, release: str = "generex-exporter", chart: Path = CHART) -> list[Object]:
    """The objects that a release makes, in the namespace that Kustomize uses."""
    done = helm("template", release, chart, "--namespace=monitoring", *arguments)
    return objects_in(done.stdout)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_case_is_valid(case: Path) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, f"--values={case}").stdout
    objects = template(f"--values={case}", release="ups")
    assert objects
    assert len({name(item) for item in objects}) == len(objects)
    for item in objects:
        validate(item)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_two_releases_stand_in_one_namespace(case: Path) -> None:
    one, other = (
        {name(item) for item in template(f"--values={case}", release=release)} for release in ("a", "b")
    )
    assert one & other == set()


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


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


RECOMMENDED = {"name", "part-of", "managed-by", "version"}


@pytest.mark.parametrize("tool", ["helm", "kustomize"])
def test_the_exporters_objects_have_the_recommended_labels(tool: str) -> None:
    objects = (
        template(DEVICES, "--set=dashboards.enabled=false") if tool == "helm" else build(KUBERNETES / "base")
    )
    for item in of_kind(objects, "Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget"):
        labels = item["metadata"]["labels"]
        assert {f"app.kubernetes.io/{part}" for part in RECOMMENDED} <= labels.keys()
        assert labels["app.kubernetes.io/version"] == __version__


# the same objects as Kustomize


def selected(found: Any) -> Any:
    """matchLabels in the words of matchExpressions, and no label that only one of the two has."""
    if isinstance(found, list):
        return [selected(item) for item in found]
    if not isinstance(found, dict):
        return found
    made = {key: selected(value) for key, value in found.items() if key not in OWN_LABELS}
    if "matchLabels" in made or "matchExpressions" in made:
        labels = made.pop("matchLabels", {})
        wanted = made.pop("matchExpressions", [])
        wanted += [{"key": key, "operator": "In", "values": [value]} for key, value in labels.items()]
        made["matchExpressions"] = sorted(wanted, key=lambda item: str(item["key"]))
    return made


def same_form(objects: list[Object]) -> dict[str, Object]:
    """Objects by name, without what the two tools do each in its own way."""
    # Kustomize rolls out by a hash in the ConfigMap's name, the chart by a checksum beside it
    configs = {
        item["metadata"]["name"] for item in of_kind(objects, "ConfigMap") if "generex.yml" in item["data"]
    }
    found = {}
    for plain in objects:
        item = selected(plain)
        labels = item["metadata"].pop("labels")
        item["board"] = labels.get("grafana_dashboard")
        if item["kind"] == "ConfigMap" and "generex.yml" in item["data"]:
            item["metadata"]["name"] = "configuration"
            item["data"] = yaml.safe_load(item["data"]["generex.yml"])
        if item["kind"] == "Deployment":
            pod = item["spec"]["template"]
            pod["metadata"].pop("annotations", None)
            (volume,) = pod["spec"]["volumes"]
            assert volume["configMap"].pop("name") in configs
            (container,) = pod["spec"]["containers"]
            assert container.pop("imagePullPolicy", "IfNotPresent") == "IfNotPresent"
        found[name(item)] = item
    return found


@pytest.mark.parametrize(
    ("case", "folder", "components"),
    [
        ("default", KUBERNETES, []),
        ("metrics", KUBERNETES / "base", ["scrape-metrics"]),
        ("probe", KUBERNETES / "base", ["scrape-probe"]),
        ("serial", KUBERNETES / "overlays/serial", []),
        ("sidecars", KUBERNETES, ["podmonitor", "alertmanagerconfig"]),
    ],
)
def test_the_chart_makes_what_kustomize_makes(
    case: str, folder: Path, components: list[str], tmp_path: Path
) -> None:
    parts = [COMPONENTS / part for part in components]
    wanted = same_form(build(overlay(tmp_path / "o", [folder], parts)))
    arguments = [f"--values={CHART / 'ci' / f'{case}-values.yaml'}", "--set=scrape.labels=null"]
    if case == "sidecars":
        fleet = same_form(build(overlay(tmp_path / "f", [KUBERNETES / "base"], [COMPONENTS / "scrape-sd"])))
        wanted = {key: item for key, item in wanted.items() if key not in fleet}
    elif folder != KUBERNETES:
        arguments.append("--set=prometheusRule.enabled=false,dashboards.enabled=false")
    found = same_form(template(*arguments))
    assert found.keys() == wanted.keys()
    for key, item in wanted.items():
        assert found[key] == item, key


def test_the_chart_divides_devices_as_kustomize_does() -> None:
    wanted = same_form(build(KUBERNETES / "overlays/three-replicas"))
    found = same_form(
        template(
            f"--values={CHART / 'ci/three-replicas-values.yaml'}",
            "--set=prometheusRule.enabled=false,dashboards.enabled=false",
        )
    )
    # Kustomize has one of these for each exporter, the chart one for all
    shared = ("ConfigMap/", "NetworkPolicy/", "PodDisruptionBudget/")
    each = {key for key in wanted if not key.startswith(shared)}
    assert len([key for key in each if key.startswith(("Deployment/", "Service/"))]) == 6
    assert each == {key for key in found if not key.startswith(shared)}
    for key in each:
        assert found[key] == wanted[key], key
    replica = re.compile(r'\{"key": "generex-exporter/replica", [^}]*\}(, )?')
    for kind in shared[1:]:
        (one,) = [item for key, item in found.items() if key.startswith(kind)]
        for item in (item for key, item in wanted.items() if key.startswith(kind)):
            assert json.loads(replica.sub("", json.dumps(item["spec"])).replace("}, ]", "}]")) == one["spec"]


def test_the_sidecar_is_a_template_for_charts_of_others(tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "templates").mkdir(parents=True)
    shutil.copytree(CHART, app / "charts/generex-exporter")
    (app / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    off = {
        "fleet": {"enabled": False},
        "prometheusRule": {"enabled": False},
        "dashboards": {"enabled": False},
    }
    (app / "values.yaml").write_text(yaml.safe_dump({"generex-exporter": off}))
    (line,) = re.findall(r"^ +\{\{- include .*$", (CHART / "README.md").read_text(), re.MULTILINE)
    (app / "templates/app.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n"
        "  selector: {matchLabels: {app: app}}\n  template:\n    metadata:\n"
        '      labels: {app: app, generex-exporter/sidecar: "true"}\n    spec:\n'
        f"      containers: [{{name: app, image: app:1}}]\n      initContainers:\n{line}\n"
    )
    (item,) = template(chart=app)
    validate(item)
    (found,) = item["spec"]["template"]["spec"]["initContainers"]
    (deployment,) = of_kind(build(KUBERNETES / "overlays/sidecar"), "Deployment")
    (wanted,) = deployment["spec"]["template"]["spec"]["initContainers"]
    variables = {entry["name"]: entry["value"] for entry in found.pop("env")}
    assert variables == {"GENEREX_TARGET": "ups1=tcp://192.0.2.7", "GENEREX_LOG_FORMAT": "json"}
    assert found == {key: value for key, value in wanted.items() if key != "envFrom"}


def test_rules_of_ones_own_replace_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "prometheusrule.yaml"
    made = alert_files(built_in_maps(), {"load_warning": 0.7})["deploy/kubernetes/prometheusrule.yaml"]
    file.write_text(made)
    (rule,) = of_kind(template(DEVICES, f"--set-file=prometheusRule.file={file}"), "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(made)["spec"]


def test_a_secured_exporter_is_scraped_by_https() -> None:
    objects = template(f"--values={CHART / 'ci/secured-values.yaml'}")
    (scrape,) = of_kind(objects, "ScrapeConfig")
    assert (scrape["spec"]["scheme"], scrape["spec"]["httpSDConfigs"][0]["url"]) == (
        "HTTPS", "https://generex-exporter.monitoring.svc:10141/sd",
    )  # fmt: skip
    assert scrape["spec"]["httpSDConfigs"][0]["basicAuth"] == scrape["spec"]["basicAuth"]
    (deployment,) = of_kind(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    env = {item["name"]: item["value"] for item in container["env"]}
    assert env["GENEREX_WEB_CONFIG_FILE"] == "/etc/generex-exporter-web/web-config.yml"
    assert container["livenessProbe"]["exec"]["command"] == ["generex-exporter", "healthy"]
