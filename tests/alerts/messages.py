"""What a real Alertmanager sends to people: its receivers lead to a server that writes down each message."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from exporter.durations import parse_duration
from tests.support import load_yaml


@dataclass(frozen=True)
class Message:
    """One message: its receiver, its group, and the labels of the alerts that fire or have ended."""

    receiver: str
    group: dict[str, str]
    firing: tuple[dict[str, str], ...]
    resolved: tuple[dict[str, str], ...]


@contextmanager
def receiving() -> Iterator[tuple[int, list[Message]]]:
    """The port of the server, and the list of messages, which grows."""
    messages: list[Message] = []

    class Phone(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            firing, resolved = (
                tuple(alert["labels"] for alert in told["alerts"] if alert["status"] == status)
                for status in ("firing", "resolved")
            )
            messages.append(Message(told["receiver"], told["groupLabels"], firing, resolved))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Phone)
    thread = threading.Thread(target=server.serve_forever, name="phone")
    thread.start()
    try:
        yield server.server_port, messages
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def quicker(text: str, quick: float, phone: int) -> str:
    """alertmanager.yml with routes that are quicker by a factor, and receivers that lead to that port."""
    config = load_yaml(text)
    for route in (config["route"], *config["route"]["routes"]):
        for name in {"group_wait", "group_interval", "repeat_interval"} & route.keys():
            route[name] = f"{max(parse_duration(route[name]) * 1000 / quick, 1):.0f}ms"
    for receiver in config["receivers"]:
        (webhook,) = receiver["webhook_configs"]
        webhook["url"] = f"http://127.0.0.1:{phone}/{receiver['name']}"
    return yaml.safe_dump(config)
