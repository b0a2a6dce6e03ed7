"""Run the exporter."""

import argparse
import asyncio
from pathlib import Path

from exporter import logs
from exporter.commands.check import summary
from exporter.commands.flags import AppendFlag, add_config_file, add_prefix_arguments
from exporter.config import Config, load_config, metrics_url, refuse_nothing_to_read
from exporter.durations import parse_duration
from exporter.errors import UsageError
from exporter.maps import DEFAULT_MODULE
from exporter.web.listen import PORT, ListenAddress, systemd_sockets
from exporter.web.prefix import Paths, route_prefix, telemetry_path

__all__ = ["PORT", "USES_ENVIRONMENT", "add_arguments", "add_log_arguments", "run"]

USES_ENVIRONMENT = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `serve`; each may come from the environment, as GENEREX_ and the flag in capitals."""
    add_config_file(parser, "configuration with devices, modules and maps")
    parser.add_argument(
        "--config.check", action="store_true",
        help="say whether all of this can be served, and end: no port is opened and no device asked",
    )  # fmt: skip
    parser.add_argument(
        "--target", action=AppendFlag, metavar="[NAME=]URL",
        help="a device to read, like ups1=tcp://10.0.0.7 (repeatable; adds to the file's devices)",
    )  # fmt: skip
    parser.add_argument(
        "--module",
        default=DEFAULT_MODULE,
        metavar="NAME",
        help=f"module of the --target devices (default: {DEFAULT_MODULE})",
    )
    parser.add_argument(
        "--web.listen-address", action=AppendFlag, metavar="[HOST]:PORT",
        help=f"where to listen (repeatable; default: :{PORT})",
    )  # fmt: skip
    parser.add_argument(
        "--web.systemd-socket", action="store_true",
        help="take the sockets that a .socket unit of systemd has open, in place of --web.listen-address",
    )  # fmt: skip
    parser.add_argument(
        "--web.telemetry-path", metavar="PATH", default="/metrics",
        help="a second path of /metrics, below the route prefix (default: none)",
    )  # fmt: skip
    add_prefix_arguments(parser)
    parser.add_argument(
        "--otlp.endpoint", metavar="URL",
        help="where to push all metrics over OTLP/HTTP, like http://collector:4318 (default: nowhere)",
    )  # fmt: skip
    parser.add_argument(
        "--web.config.file", metavar="FILE", dest="web_config_file", type=Path,
        help="TLS, users and limits, in the web-config.yml form of Prometheus (default: neither)",
    )  # fmt: skip
    parser.add_argument(
        "--timeout-offset", default="0.5", metavar="SECONDS",
        help="what is taken off the scraper's timeout, so that the answer is back in time (default: 0.5)",
    )  # fmt: skip
    add_log_arguments(parser)


def add_log_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the log."""
    parser.add_argument(
        "--log.level", default="info", choices=logs.LEVELS, help="lowest level that is logged (default: info)"
    )
    parser.add_argument(
        "--log.format", default="logfmt", choices=logs.FORMATS, help="form of the log lines (default: logfmt)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from exporter.exposition.own import WebAddress
    from exporter.web.security import CurrentWebConfig
    from exporter.web.server import serve
    from exporter.web.state import State

    options = vars(args)
    logs.set_up(options["log.level"], options["log.format"])
    endpoint = options["otlp.endpoint"]
    try:
        if endpoint is not None:
            metrics_url(endpoint)
        addresses = [ListenAddress.parse(text) for text in options["web.listen_address"] or [f":{PORT}"]]
        offset = _seconds(args.timeout_offset)
        paths = Paths(
            route_prefix(options["web.external_url"], options["web.route_prefix"]),
            telemetry_path(options["web.telemetry_path"]),
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    path = args.config_file
    targets = args.target or ()
    if path is None and not targets:
        raise UsageError("nothing to read: give a --target, or a --config.file with devices or probe.allow")
    web_config = CurrentWebConfig(args.web_config_file) if args.web_config_file else None
    scheme = "https" if web_config and web_config.config.tls else "http"
    address = WebAddress((options["web.external_url"] or "").rstrip("/"), scheme, paths.prefix)

    def load() -> Config:
        config = load_config(path, targets=targets, module=args.module, otlp_endpoint=endpoint)
        refuse_nothing_to_read(config, path)
        return config

    async def main() -> None:
        state = State(load, offset, address)
        if options["config.check"]:
            print(f"good: {summary(state.config)}")
            return
        sockets = systemd_sockets() if options["web.systemd_socket"] else addresses
        await serve(state, sockets, web_config=web_config, paths=paths)

    asyncio.run(main())
    return 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = parse_duration(text)
    if not 0 <= seconds < 3600:
        raise ValueError(f'bad --timeout-offset "{text}": a number of seconds is right')
    return seconds
