"""A year of 330 blocks takes little memory and time, whatever the Prometheus needs for it."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

BLOCKS = 330
DEVICE = {"device": "ups-a", "site": "north"}
MOST_MEMORY, MOST_SECONDS = 200, 60  # MB, and seconds of processor time
# the most that this program had: what wait() tells has the memory of the process that it was forked from
MEASURED = """
import re, sys, time
from exporter.cli import main
assert main(sys.argv[1:]) == 0
most = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())
print(int(most[1]) / 1024, time.process_time())
"""


def answer(path: str, asked: dict[str, str]) -> list[dict[str, object]]:
    """The series that a Prometheus full of blocks would have; every value is the same."""
    expression = asked["query"]
    labels = [DEVICE]
    if "by (string, module" in expression:
        more = {"flag": "resistor_high"} if "flag" in expression else {}
        labels = [{"string": str(1 + n % 10), "module": str(n), **more} for n in range(1, BLOCKS + 1)]
    elif "role" in expression and "count_over_time" not in expression:
        labels = []  # no discharge
    elif "metric, flag" in expression or "expected" in expression:
        labels = []
    if path.endswith("/query"):
        return [{"metric": each, "value": [float(asked["time"]), "1"]} for each in labels]
    start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
    times = [start + number * step for number in range(int((end - start) / step) + 1)]
    return [{"metric": each, "values": [[at, "1"] for at in times]} for each in labels]


class Handler(BaseHTTPRequestHandler):
    """Answers queries."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        found = answer(self.path, asked)
        kind = "vector" if self.path.endswith("/query") else "matrix"
        self.send_response(200)
        self.end_headers()
        data = {"resultType": kind, "result": found}
        self.wfile.write(json.dumps({"status": "success", "data": data}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_year_of_330_blocks(url: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    arguments = ["report", f"--prometheus={url}", "--from=2025-01-01", "--to=2025-12-31", f"--out={out}"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True, timeout=600
    )
    memory, seconds = map(float, done.stdout.split()[-2:])
    assert out.read_text().count('<th scope="row">330<') == 1
    assert memory < MOST_MEMORY
    assert seconds < MOST_SECONDS
