"""ask a running exporter for its health; for container checks"""

import argparse
import http.client

from exporter.commands.flags import AppendFlag
from exporter.commands.serve import PORT
from exporter.errors import UserError

USES_ENVIRONMENT = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `healthy`: the same as those of the exporter it asks."""
    parser.add_argument(
        "--web.listen-address", action=AppendFlag, metavar="[HOST]:PORT",
        help=f"where the exporter listens (the first counts; default: :{PORT})",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Exit 0 when the exporter is healthy."""
    text = (vars(args)["web.listen_address"] or [f":{PORT}"])[0]
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise UserError(f'bad listen address "{text}": write :{PORT} or 127.0.0.1:{PORT}')
    host = host.strip("[]")
    host = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request("GET", "/-/healthy")
        response = connection.getresponse()
        answer = response.read(200).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise UserError(f"no answer from {host}:{port}: {error}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise UserError(f"{host}:{port} answers {response.status}: {answer}")
    print(answer)
    return 0
