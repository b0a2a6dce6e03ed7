"""A real Prometheus that restarts in an outage: promtool cannot stop evaluating."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.e2e.test_real_prometheus import Prometheus
from tests.support import free_port, require, running, wait_for

SCRAPE = 2  # seconds; the rules are made for 15, and all their times are scaled
ON_BATTERY = """\
generex_up{device="a",site="north"} 1
generex_group_up{device="a",site="north",group="ups"} 1
generex_ups_output_volts{device="a",site="north",phase="1"} 230
generex_ups_status{device="a",site="north",flag="backup_mode"} 1
"""


class Device:
    """An exporter with one UPS on battery; while it is `busy`, scrapes fail."""

    busy = False

    def __init__(self) -> None:
        device = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(503 if device.busy else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")  # Prometheus 3 asks for one
                self.end_headers()
                if not device.busy:
                    self.wfile.write(ON_BATTERY.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """One that goes on with what is in `folder`; it has evaluated rules."""
    made = alert_files(built_in_maps(), {}, time_scale=SCRAPE / 15)
    for name in ("recording", "generex"):
        (folder / f"{name}.rules.yml").write_text(made[f"alerts/{name}.rules.yml"])
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {SCRAPE}s, scrape_timeout: {SCRAPE}s}}\n"
        f"rule_files: [{folder}/*.rules.yml]\n"
        f"scrape_configs: [{{job_name: generex, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port, log = free_port(), folder / "prometheus.log"
    command = [
        require("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}",
        f"--query.lookback-delta={20 * SCRAPE}s",
    ]  # fmt: skip
    with running(command, log):
        it = Prometheus(port, log)
        wait_for(lambda: evaluated(it), what="evaluated rules")
        yield it


def evaluated(it: Prometheus) -> bool:
    """Whether this process has evaluated the rules of an outage and of what they rest on."""
    last = {group["name"]: group["lastEvaluation"] for group in it.rule_groups()}
    return not any(last[name].startswith("0001") for name in ("generex-state", "generex-outage"))


def fired(it: Prometheus) -> set[str]:
    """All alerts of the last minute, at each evaluation of it."""
    found = it.query('group by (alertname) (last_over_time(ALERTS{alertstate="firing", device="a"}[1m]))')
    return {labels["alertname"] for labels, _ in found}


def test_a_ups_on_battery_is_not_lost_while_prometheus_restarts(tmp_path: Path) -> None:
    """The rules are evaluated before the first scrape; what they recorded before the restart is old."""
    device = Device()
    Thread(target=device.server.serve_forever, daemon=True).start()
    target = f"127.0.0.1:{device.server.server_port}"
    try:
        with prometheus(tmp_path, target) as it:
            wait_for(lambda: "GenerexOnBattery" in fired(it), what="an alert")
        device.busy, stopped = True, time.monotonic()
        # as long as the rules hold what they read
        wait_for(lambda: time.monotonic() - stopped > 3 * SCRAPE, what="the gap")
        with prometheus(tmp_path, target) as it:
            device.busy = False
            for enough in ("all:generex_rules:running[20s]) >= 8", "generex_up[10s]) >= 4"):
                wait_for(lambda enough=enough: it.query(f"count_over_time({enough}"), what=enough)
            assert "GenerexOnBattery" in fired(it)
            assert "GenerexLostOnBattery" not in fired(it)
    finally:
        device.server.shutdown()
        device.server.server_close()
