"""The Helm chart: every case is valid, and its objects are those that Kustomize makes."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.deploy.charts import CASES, CHART, DEVICES, helm, template
from tests.deploy.manifests import KUBERNETES, Object, build, name, of_kind, overlay, validate

BASE = KUBERNETES / "base"
COMPONENTS = KUBERNETES / "components"
# what a release has of its own, and how Kustomize says the same
OWN_LABELS = {
    "helm.sh/chart",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
}


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
