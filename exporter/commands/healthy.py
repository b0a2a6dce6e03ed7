"""Ask a running exporter for its health; for container checks."""

import argparse
import http.client
import ssl

from exporter.commands.flags import AppendFlag, add_prefix_arguments
from exporter.errors import UsageError, UserError
from exporter.web.listen import PORT, ListenAddress
from exporter.web.prefix import route_prefix

USES_ENVIRONMENT = True

_TIMEOUT = 5  # seconds
# an exporter that listens on every address is asked on this machine's own
_OWN = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
# a server that speaks plain HTTP, as TLS sees it
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
# one that speaks TLS 1.2 and wants a client certificate; with TLS 1.3 it hangs up after the handshake
_WANTS_CERTIFICATE = ("UNEXPECTED_EOF_WHILE_READING", "SSLV3_ALERT_HANDSHAKE_FAILURE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `healthy`: the same as those of the exporter it asks."""
    parser.add_argument(
        "--web.listen-address", action=AppendFlag, metavar="[HOST]:PORT",
        help=f"where the exporter listens (the first counts; default: :{PORT})",
    )  # fmt: skip
    parser.add_argument(
        "--web.config.file",
        metavar="FILE",
        help="the exporter's web configuration, if it has one: it may speak TLS then",
    )
    add_prefix_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit 0 when the exporter is healthy."""
    options = vars(args)
    texts = options["web.listen_address"] or [f":{PORT}"]
    try:
        address = ListenAddress.parse(texts[0])
        path = route_prefix(options["web.external_url"], options["web.route_prefix"]) + "/-/healthy"
    except ValueError as error:
        raise UsageError(str(error)) from None
    host = _OWN.get(address.host, address.host)
    try:
        # The file itself is not read: it may be broken by now, which changes nothing in the running exporter.
        answer = options["web.config.file"] and _ask_with_tls(host, address.port, path)
        answer = answer or _ask(http.client.HTTPConnection(host, address.port, timeout=_TIMEOUT), path)
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        raise UserError(f"no answer from {address}: {getattr(error, 'strerror', None) or error}") from None
    status, text = answer
    if status != 200:
        raise UserError(f"{address} answers {status}: {text}")
    print(text)
    return 0


def _ask_with_tls(host: str, port: int, path: str) -> tuple[int, str] | None:
    """Status and text; None from a server that does not speak TLS."""
    # Whether the exporter's certificate is any good is for its scrapers to say. Nothing secret is sent.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=context)
    # this check has no certificate to show, but an exporter that turns it away for that is alive
    turned_away = 200, "Healthy (it asks for a client certificate)"
    try:
        connection.connect()
    except ssl.SSLError as error:
        if error.reason in _NO_TLS:
            return None
        if error.reason in _WANTS_CERTIFICATE:
            return turned_away
        raise
    try:
        return _ask(connection, path)
    except (ConnectionError, ssl.SSLError):
        return turned_away


def _ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(200).decode(errors="replace").strip()
    finally:
        connection.close()
