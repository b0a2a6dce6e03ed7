"""Three exporters and a real Prometheus with the example's rules: each device is read by one alone."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.manifests import KUBERNETES, build, of_kind
from tests.deploy.prometheus import targets
from tests.support import Exporter, exporter, free_port, require, running, wait_for

DEVICES = [f"ups-{number}" for number in range(12)]


def native(spec: dict[str, Any], port: int) -> dict[str, Any]:
    """A ScrapeConfig in Prometheus's own words, for exporters on 127.0.1.0, 127.0.1.1 and 127.0.1.2."""

    def here(text: str) -> str:
        host, _, _ = text.partition(".monitoring.svc:10141")
        assert host != text
        return text.replace(f"{host}.monitoring.svc:10141", f"{host}:{port}").replace(
            "generex-exporter-", "127.0.1."
        )

    rules = []
    for rule in spec["relabelings"]:
        own = {
            "source_labels": rule.get("sourceLabels"), "target_label": rule.get("targetLabel"),
            "modulus": rule.get("modulus"), "action": rule.get("action", "Replace").lower(),
            # the operator's config-reloader puts the number of the Prometheus there
            "regex": rule["regex"].replace("$(SHARD)", "0") if "regex" in rule else None,
            "replacement": here(rule["replacement"]) if "replacement" in rule else None,
        }  # fmt: skip
        rules.append({key: value for key, value in own.items() if value is not None})
    return {
        "job_name": spec["jobName"],
        "metrics_path": spec["metricsPath"],
        "http_sd_configs": [
            {"url": here(discovery["url"]), "refresh_interval": "1s"} for discovery in spec["httpSDConfigs"]
        ],
        "relabel_configs": rules,
    }


def asked(it: Exporter) -> set[str]:
    """The devices that an exporter has tried to reach."""
    page = it.get("/metrics?collect[]=exporter").splitlines()
    start = "generex_exporter_modbus_errors_total{"
    lines = [line for line in page if line.startswith(start) and 'reason="connect"' in line]
    assert len(lines) == len(DEVICES)
    return {line.partition('device="')[2].partition('"')[0] for line in lines if not line.endswith(" 0")}


def test_each_device_is_read_by_one_of_three(tmp_path: Path) -> None:
    program, port, server = require("prometheus"), free_port(), free_port()
    (config,) = of_kind(build(KUBERNETES / "overlays/three-replicas"), "ScrapeConfig")
    (tmp_path / "prometheus.yml").write_text(
        yaml.safe_dump(
            {"global": {"scrape_interval": "1s"}, "scrape_configs": [native(config["spec"], port)]}
        )
    )
    # nobody answers there: what an exporter has tried is seen in its errors
    devices = [
        {"name": name, "target": f"tcp://127.0.0.1:9?unit={number}"} for number, name in enumerate(DEVICES, 1)
    ]
    (tmp_path / "generex.yml").write_text(yaml.safe_dump({"devices": devices}))
    with ExitStack() as stack:
        three = [
            stack.enter_context(
                exporter(
                    f"--config.file={tmp_path / 'generex.yml'}",
                    f"--web.listen-address=127.0.1.{number}:{port}",
                )
            )
            for number in range(3)
        ]
        arguments = [
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--web.listen-address=127.0.0.1:{server}",
        ]
        stack.enter_context(
            running([program, *arguments, f"--storage.tsdb.path={tmp_path / 'tsdb'}"], tmp_path / "log")
        )

        def all_scraped() -> bool:
            return [target["health"] for target in targets(server)] == ["up"] * len(DEVICES)

        wait_for(all_scraped, what="a scrape of each device")
        shares = [asked(it) for it in three]
    assert sorted(name for share in shares for name in share) == sorted(DEVICES)
    assert all(shares), f"one has nothing to do: {shares}"
