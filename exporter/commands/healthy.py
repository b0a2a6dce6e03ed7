"""Ask a running exporter for its health; for container checks."""

import argparse
import http.client

from exporter.commands.flags import AppendFlag
from exporter.errors import UsageError, UserError
from exporter.web.listen import PORT, ListenAddress

USES_ENVIRONMENT = True

_TIMEOUT = 5  # seconds
# an exporter that listens on every address is asked on this machine's own
_OWN = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `healthy`: the same as those of the exporter it asks."""
    parser.add_argument(
        "--web.listen-address", action=AppendFlag, metavar="[HOST]:PORT",
        help=f"where the exporter listens (the first counts; default: :{PORT})",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Exit 0 when the exporter is healthy."""
    texts = vars(args)["web.listen_address"] or [f":{PORT}"]
    try:
        address = ListenAddress.parse(texts[0])
    except ValueError as error:
        raise UsageError(str(error)) from None
    connection = http.client.HTTPConnection(
        _OWN.get(address.host, address.host), address.port, timeout=_TIMEOUT
    )
    try:
        connection.request("GET", "/-/healthy")
        response = connection.getresponse()
        answer = response.read(200).decode(errors="replace").strip()
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        raise UserError(f"no answer from {address}: {error}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise UserError(f"{address} answers {response.status}: {answer}")
    print(answer)
    return 0
