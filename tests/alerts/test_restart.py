"""A Prometheus that restarts goes on with the flags of blocks where it was (operations 1.1)."""

import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.alerts.series import Watched, healthy_images, named
from tests.alerts.words import put
from tests.support import free_port, require, running, wait_for

QUICK = 25  # seconds of the rules that pass in one
FLAG = 'flag="temperature_high"'
SINCE = "module:generex_bacs_module_alarm:since"
HOT = 'ALERTS{alertname="GenerexBlockHot",alertstate="firing"}'


@contextmanager
def _serving(page: Callable[[], str]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_block_that_was_told_before_a_restart_is_told_after_it(tmp_path: Path) -> None:
    healthy = healthy_images(1, 15, 1, 2)[0]
    hot = [put(healthy, "1063.4", "1068.4")]
    watched = Watched(named("d", site="s"))

    def page() -> str:
        return "".join(f"{name} {value}\n" for name, value in watched.page(hot[-1], 0).items())

    rules = alert_files(built_in_maps(), {}, time_scale=1 / QUICK)
    for name in ("recording", "generex"):
        (tmp_path / f"{name}.yml").write_text(rules[f"alerts/{name}.rules.yml"])
    port = free_port()
    command = [
        require("prometheus"),
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--query.lookback-delta={300_000 // QUICK}ms",
    ]

    def seen(expr: str) -> dict[str, float]:
        """Modules and values."""
        url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            result = json.load(answer)["data"]["result"]
        return {item["metric"].get("module", ""): float(item["value"][1]) for item in result}

    with _serving(page) as target:
        interval = f"{15_000 // QUICK}ms"
        config = {
            "global": {
                "scrape_interval": interval,
                "scrape_timeout": interval,
                "evaluation_interval": interval,
            },
            "rule_files": ["recording.yml", "generex.yml"],
            "scrape_configs": [{"job_name": "j", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
        }
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
        with running(command, tmp_path / "before.log"):
            told = wait_for(lambda: len(seen(HOT)) == 2 and seen(SINCE), 60, "the alert of both blocks")
            last = max(seen("timestamp(generex_bacs_module_alarm_word)").values())
        # the second block cools down meanwhile
        hot.append(put(healthy, "1063.4"))
        with running(command, tmp_path / "after.log"):
            wait_for(lambda: 0.0 in seen(f"generex_bacs_module_alarm{{{FLAG}}}").values(), 60, "a scrape")
            first = min(seen("timestamp(generex_bacs_module_alarm_word)").values())
            assert (first - last) * QUICK < 300, "this machine is too busy for five minutes in quick time"
            wait_for(lambda: "1" in seen(f"timestamp({HOT}) > {first}"), 2, "the alert, still")
            assert wait_for(lambda: len(seen(SINCE)) == 1 and seen(SINCE)) == {"1": told["1"]}
