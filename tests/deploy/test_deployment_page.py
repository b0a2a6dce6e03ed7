"""What docs/deployment.md shows works."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__
from exporter.config import load_config
from tests.deploy.manifests import KUBERNETES, build, of_kind, validate
from tests.support import require

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    """The fenced block that holds a text."""
    (found,) = [text for text in re.findall(r"```\w+\n(.*?)```", PAGE, re.DOTALL) if marker in text]
    return str(found)


def test_an_overlay_of_ones_own(tmp_path: Path) -> None:
    text = block("# kustomization.yaml of yours")
    assert "- generex/deploy/kubernetes\n" in text
    (tmp_path / "generex").symlink_to(ROOT, target_is_directory=True)
    (tmp_path / "generex.yml").write_text("devices: [{name: mine, target: 10.0.0.7}]\n")
    (tmp_path / "kustomization.yaml").write_text(text)
    objects = build(tmp_path)
    for item in objects:
        validate(item)
    assert {item["metadata"]["namespace"] for item in objects} == {"ups"}
    (config,) = [item for item in of_kind(objects, "ConfigMap") if "generex.yml" in item["data"]]
    assert "mine" in config["data"]["generex.yml"]
    (deployment,) = of_kind(objects, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["volumes"][0]["configMap"]["name"] == config["metadata"]["name"]
    assert pod["containers"][0]["image"] == "registry.example/generex-exporter:1.0.0"
    # every address that Prometheus asks follows the namespace
    (scrape,) = of_kind(objects, "ScrapeConfig")
    hosts = set(re.findall(r"[a-z-]+\.[a-z]+\.svc:\d+", yaml.safe_dump(scrape)))
    assert hosts == {"generex-exporter.ups.svc:10141"}


def test_the_scrape_configuration_for_three() -> None:
    shown: dict[str, Any] = yaml.safe_load(block("__tmp_replica"))
    (job,) = shown["scrape_configs"]
    done = subprocess.run(
        [require("promtool"), "check", "config", "/dev/stdin"],
        input=yaml.safe_dump(shown), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    # the same division as the object for the operator, whose test is on a real Prometheus
    (config,) = of_kind(build(KUBERNETES / "overlays/three-replicas"), "ScrapeConfig")
    rules = [
        (
            rule.get("sourceLabels"),
            rule.get("action", "replace").lower(),
            rule.get("modulus"),
            rule["targetLabel"],
        )
        for rule in config["spec"]["relabelings"][:4]
    ]
    assert rules == [
        (rule.get("source_labels"), rule.get("action", "replace"), rule.get("modulus"), rule["target_label"])
        for rule in job["relabel_configs"]
    ]


def test_the_folders_that_the_page_names_exist() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| ", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    components = {f"components/{path.name}" for path in (KUBERNETES / "components").iterdir()}
    assert named == {".", "base", "overlays/*"} | components
    for path in (KUBERNETES / "overlays").iterdir():
        assert f"`{path.name}`" in PAGE


@pytest.mark.parametrize("setting", ["DeviceAllow=", "LoadCredential="])
def test_systemd_understands_the_drop_ins(setting: str, tmp_path: Path) -> None:
    unit = tmp_path / "generex-exporter.service"
    text = (ROOT / "deploy/systemd/generex-exporter.service").read_text()
    unit.write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    folder = tmp_path / f"{unit.name}.d"
    folder.mkdir()
    (folder / "one.conf").write_text(block(setting))
    done = subprocess.run(
        [require("systemd-analyze"), "verify", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_credentials_are_named_as_systemd_calls_them(tmp_path: Path) -> None:
    loaded = dict(re.findall(r"^LoadCredential=([^:]+):(.+)$", block("LoadCredential="), re.MULTILINE))
    assert loaded["otlp"] == "/etc/generex-exporter/secrets/otlp"
    assert re.findall(r"%d/(\S+)", block("LoadCredential=")) == ["web.yml"]
    assert {"web.yml", "server.crt", "server.key"} <= loaded.keys()
    folder = "/run/credentials/generex-exporter.service"
    shown = block(f"{folder}/otlp")
    (tmp_path / "otlp").write_text("Bearer x\n")
    (tmp_path / "generex.yml").write_text(shown.replace(folder, str(tmp_path)))
    config = load_config(tmp_path / "generex.yml")
    assert config.otlp is not None
    assert config.otlp.headers["Authorization"].value == "Bearer x"


def test_the_files_name_the_version_of_the_package() -> None:
    files = [*(ROOT / "deploy").rglob("*.yaml"), ROOT / "docs/deployment.md"]
    named = {
        version
        for path in files
        for text in [path.read_text(encoding="utf-8")]
        for version in re.findall(
            r"generex-exporter:(\d+\.\d+\.\d+)|name: generex-exporter\n +newTag: ([\d.]+)", text
        )
    }
    assert {one or other for one, other in named} == {__version__}
