"""The sidecar pod runs: the device, the exporter that the component adds, and a Prometheus that scrapes it.

It is the classic form: to podman a native sidecar is an init container that has to end first.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.containers import BASE, podman
from tests.deploy.manifests import KUBERNETES, build, overlay
from tests.deploy.prometheus import query
from tests.support import free_port, require, wait_for


def workload(image: str, device: int, exporter: int, server: int, folder: Path) -> dict[str, Any]:
    """What stands for a user's workload: a simulated device, and a Prometheus of this machine."""
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f'scrape_configs: [{{job_name: pod, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}]\n'
    )
    simulate = ["simulate", f"--listen=127.0.0.1:{device}", "--strings=1", "--battery-modules=4"]
    serve = [
        "/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/data",
        f"--web.listen-address=127.0.0.1:{server}",
    ]  # fmt: skip
    mounts = [
        {"name": "program", "mountPath": "/prometheus"},
        {"name": "config", "mountPath": "/etc/prometheus"},
    ]
    containers = [
        {"name": "device", "image": image, "args": simulate},
        {"name": "prometheus", "image": BASE, "command": serve, "volumeMounts": mounts},
    ]
    volumes = [
        {"name": "program", "hostPath": {"path": require("prometheus"), "type": "File"}},
        {"name": "config", "hostPath": {"path": str(folder), "type": "Directory"}},
    ]
    labels = {"app": "play"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers, "volumes": volumes}}
    meta = {"name": f"play-{os.getpid()}", "labels": {"generex-exporter/sidecar": "true"}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


@contextmanager
def played(file: Path) -> Iterator[None]:
    """`podman play kube`; always taken down."""
    try:
        podman("play", "kube", "--network=host", str(file))
        yield
    finally:
        podman("play", "kube", "--down", str(file), check=False)


def test_prometheus_finds_what_the_sidecar_reads(image: str, tmp_path: Path) -> None:
    device, exporter, server = free_port(), free_port(), free_port()
    folder = tmp_path / "overlay"
    folder.mkdir()
    app = workload(image, device, exporter, server, folder)
    (folder / "app.yaml").write_text(yaml.safe_dump(app))
    variables = [
        f"GENEREX_TARGET=ups1=tcp://127.0.0.1:{device}",
        f"GENEREX_WEB_LISTEN_ADDRESS=127.0.0.1:{exporter}",
    ]
    repository, _, tag = image.rpartition(":")
    overlay(
        folder, [folder / "app.yaml"], [KUBERNETES / "components/sidecar-classic"],
        configMapGenerator=[{"name": "generex-exporter-sidecar", "literals": variables}],
        images=[{"name": "generex-exporter", "newName": repository, "newTag": tag}],
    )  # fmt: skip
    objects = build(folder)
    for item in objects:
        if item["kind"] == "Deployment":
            for container in item["spec"]["template"]["spec"]["containers"]:
                # podman would publish it, which the network of the host does not know
                container.pop("ports", None)
    file = tmp_path / "pod.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    with played(file):
        wait_for(lambda: query(server, 'generex_up{device="ups1"} == 1'), what="the device in Prometheus")
        ((labels, modules),) = query(server, "generex_bacs_modules")
        assert (labels["job"], modules) == ("pod", 4)
        assert len(query(server, "generex_ups_status")) == 16
        assert len(query(server, "generex_bacs_module_volts")) == 4
        name = f"{app['metadata']['name']}-pod-0-generex-exporter"
        assert podman("exec", name, "id", "-u") == "65532"
