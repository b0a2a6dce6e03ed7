"""Where the link of an alert leads: to the runbook that an exporter serves, which needs no internet."""

from pathlib import Path

import pytest

from exporter.generate.alerts.model import REPOSITORY_RUNBOOK
from tests.alerts.promtool import check_tests

PAGES = "generex_exporter_web_info"


def address(
    instance: str, url: str = "", scheme: str = "http", prefix: str = "", values: str = "1x99"
) -> dict[str, str]:
    labels = f'instance="{instance}", external_url="{url}", scheme="{scheme}", prefix="{prefix}"'
    return {"series": f'{PAGES}{{job="generex", {labels}}}', "values": values}


WHERE = {
    "no exporter is scraped for its own metrics": ([], REPOSITORY_RUNBOOK),
    "the address that Prometheus scrapes": ([address("10.0.0.5:10141")], "http://10.0.0.5:10141/docs/runbook"),
    "with TLS, below a prefix": (
        [address("ups.example:443", scheme="https", prefix="/generex")],
        "https://ups.example:443/generex/docs/runbook",
    ),
    "an IPv6 address": ([address("[fd00::5]:10141")], "http://[fd00::5]:10141/docs/runbook"),
    "the external URL": (
        [address("10.0.0.5:10141", "https://ups.example/generex", prefix="/generex")],
        "https://ups.example/generex/docs/runbook",
    ),
    "an external URL before any address": (
        [address("10.0.0.5:10141"), address("10.0.0.6:10141", "https://ups.example")],
        "https://ups.example/docs/runbook",
    ),
    "always the same of several": (
        [address("10.0.0.6:10141"), address("10.0.0.5:10141")], "http://10.0.0.5:10141/docs/runbook",
    ),
    "a new external URL counts at once": (
        [address("a:10141", "https://old.example", values="1x20 stale"),
         address("a:10141", "https://new.example", values="_x20 1x79")],
        "https://new.example/docs/runbook",
    ),
    "an exporter that is down for half an hour": (
        [address("a:10141", values="1x4 stale")], "http://a:10141/docs/runbook",
    ),
    "an instance that relabelling made a name": ([address("exporter-a")], REPOSITORY_RUNBOOK),
}  # fmt: skip


@pytest.mark.parametrize("name", WHERE)
def test_an_alert_links_to_the_runbook(name: str, tmp_path: Path) -> None:
    series, url = WHERE[name]
    watchdog = {
        "exp_labels": {"severity": "none", "condition": "watchdog"},
        "exp_annotations": {
            "summary": "This alert always fires. Its absence means that the alert path is dead.",
            "description": "The path from Prometheus to Alertmanager works.",
            "runbook_url": f"{url}#generexwatchdog",
        },
    }
    group = {
        "interval": "1m", "input_series": series,
        "alert_rule_test": [{"eval_time": "30m", "alertname": "GenerexWatchdog", "exp_alerts": [watchdog]}],
    }  # fmt: skip
    check_tests(tmp_path, [group], without=("generex-bl", "generex-str", "generex-te"))
