"""The command line."""

import argparse
import importlib
import os
import sys
from collections.abc import Collection, Sequence

from exporter import __version__
from exporter.commands.flags import AppendFlag, Repeated
from exporter.errors import UsageError, UserError
from exporter.plaintext import lines

COMMANDS = {
    "serve": "run the exporter",
    "probe": "read a device once and print what it says",
    "explain": "say what a word means, bit by bit",
    "discover": "find out what a device serves, which map fits, and write a configuration to start from",
    "record": "write down raw words over time, for bug reports and simulate --replay",
    "simulate": "a CS141 with BACS on a TCP or serial port",
    "demo": "a simulated CS141 with BACS and the exporter on it, on this machine alone",
    "check": "check a configuration file",
    "healthy": "ask a running exporter for its health; for container checks",
    "maps": "the register maps, as a table",
    "completion": "print the completion script of a shell",
    "generate": "rebuild the shipped files from the register maps",
    "report": "the battery report of a site from a Prometheus: one HTML file that prints, or a PDF",
}
_PREFIX = "GENEREX_"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0 when it was good, 1 when it failed and 2 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    is_flag = bool(arguments) and arguments[0].startswith("-")
    if (is_flag and arguments[0] not in ("-h", "--help", "--version")) or (not arguments and _is_sidecar()):
        arguments.insert(0, "serve")
    try:
        args, unknown = _parser(arguments[:1]).parse_known_args(arguments)
        if unknown:  # argparse itself would show the usage of no command
            args.fail(f"unrecognized arguments: {' '.join(unknown)}")
        code: int = args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except UserError as error:
        print(f"generex-exporter: error: {lines(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read the output has seen enough; the interpreter must not complain about it at exit
        _silence_output()
        return 1
    except OSError as error:
        _silence_output()
        print(f"generex-exporter: error: cannot write the output: {error.strerror or error}", file=sys.stderr)
        return 1
    return code


def _is_sidecar() -> bool:
    """Whether the environment alone says what to serve."""
    return any(os.environ.get(f"{_PREFIX}{name}", "").strip() for name in ("TARGET", "CONFIG_FILE"))


def _silence_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _parser(wanted: Collection[str]) -> argparse.ArgumentParser:
    """The parser; only the commands that are `wanted` are loaded, as every one has its own imports."""
    version = f"generex-exporter {__version__}"
    parser = argparse.ArgumentParser(
        prog="generex-exporter",
        description="Prometheus exporter for GENEREX CS141 UPS managers and BACS battery monitors. "
        "It only ever reads.",
        epilog="Run a command with --help for its flags. "
        "When the first argument is a flag, the command is serve. "
        "The exit code is 0 when it was good, 2 when a word of the command line means nothing here, "
        "and 1 when anything else failed.",
    )
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        if name not in wanted:
            continue
        module = importlib.import_module(f"exporter.commands.{name}")
        module.add_arguments(command)
        command.add_argument("--version", action="version", version=version)
        if getattr(module, "USES_ENVIRONMENT", False):
            _add_environment(command)
        command.set_defaults(run=module.run, fail=command.error, whole_parser=lambda: _parser(COMMANDS))
    return parser


def _add_environment(command: argparse.ArgumentParser) -> None:
    """Let GENEREX_* variables stand in for flags that are not given.

    In the value of a repeatable flag commas part the values.
    """
    for action in command._actions:
        flag = next((option for option in action.option_strings if option.startswith("--")), None)
        if flag in (None, "--help", "--version"):
            continue
        variable = _PREFIX + str(flag).removeprefix("--").replace(".", "_").replace("-", "_").upper()
        value = os.environ.get(variable, "").strip()
        if not value:
            continue
        if action.nargs == 0:
            if value.lower() not in ("true", "false"):
                command.error(f"{variable}: {value!r} is not one of true, false")
            action.default = value.lower() == "true"
            continue
        if action.choices is not None and value not in action.choices:
            command.error(f"{variable}: {value!r} is not one of {', '.join(map(str, action.choices))}")
        action.default = Repeated(value.split(",")) if isinstance(action, AppendFlag) else value
