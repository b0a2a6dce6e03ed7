"""A collector that takes everything and looks at nothing, in a process of its own."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection


def _serve(pipe: Connection) -> None:
    requests, size = 0, 0

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal requests, size
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests, size = requests + 1, size + len(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.timeout = 0.1
    pipe.send(server.server_port)
    while not pipe.poll():
        server.handle_request()
    pipe.send((requests, size))


@contextlib.contextmanager
def sink() -> Iterator[tuple[str, Callable[[], tuple[int, int]]]]:
    """Its URL, and what tells at the end how many requests and bytes came."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    found: list[tuple[int, int]] = []
    try:
        yield f"http://127.0.0.1:{here.recv()}", lambda: found[0]
        here.send("enough")
        found.append(here.recv())
    finally:
        process.terminate()
        process.join()
