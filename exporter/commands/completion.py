"""print the completion script of a shell: commands, flags, words of the maps, scenarios, files"""

import argparse
from collections.abc import Iterator, Sequence

from exporter.maps import built_in_maps, modules_of
from exporter.simulator.scenarios import scenario_names
from exporter.terminal import emit

SHELLS = ("bash", "zsh", "fish")
_HOW = """\
bash:  generex-exporter completion bash > ~/.local/share/bash-completion/completions/generex-exporter
zsh:   generex-exporter completion zsh > ~/.zsh/completions/_generex-exporter  (a folder in $fpath)
fish:  generex-exporter completion fish > ~/.config/fish/completions/generex-exporter.fish

Make the folder first; the shells started after that know it. For this bash alone:
       source <(generex-exporter completion bash)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `completion`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _HOW
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def run(args: argparse.Namespace) -> int:
    """Print the script and return 0. `args.whole_parser` makes the parser with every command in it."""
    import shtab  # late: nobody else needs it

    parser: argparse.ArgumentParser = args.whole_parser()
    for command, action in _actions(parser):
        if action.metavar in ("FILE", "DIR"):
            action.complete = shtab.FILE if action.metavar == "FILE" else shtab.DIRECTORY  # type: ignore[attr-defined]
        elif not action.choices and (words := _words(command, action)):
            # only shown, never checked: nothing is parsed with this parser
            action.choices = words
    emit(shtab.complete(parser, args.shell).rstrip("\n"))
    return 0


def _actions(parser: argparse.ArgumentParser, command: str = "") -> Iterator[tuple[str, argparse.Action]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from _actions(inner, command or name)
        else:
            yield command, action


def _words(command: str, action: argparse.Action) -> Sequence[str]:
    maps = built_in_maps()
    if action.dest == "scenario":
        return scenario_names()
    if action.dest == "module":
        return list(modules_of(maps.values()))
    if (command, action.dest) == ("maps", "name"):
        return list(maps)
    if (command, action.dest) == ("explain", "word"):
        frames = [name for name, item in maps.items() if item.is_frame]
        return [*frames, *(word.id for item in maps.values() for word in item.words.values())]
    return ()
