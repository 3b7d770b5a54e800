"""The arguments of the `pulumi` command that this one answers, under Pulumi's names.

What is not here is refused, rather than accepted without effect: a command that runs in the rehearsal must
not mean less than it does for real.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from rehearsal.errors import UsageError

OPERATIONS = ("preview", "up", "refresh", "destroy")
_ALIASES = {"update": "up", "pre": "preview"}
_TRUTH = re.compile(r"(--[a-z-]+)=(true|false)")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and nothing else."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            f"{message}; this is the rehearsal's stand-in for the pulumi command, "
            f"and `{self.prog} --help` says what it answers"
        )


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    """The arguments as a namespace whose `command` is the command's words, such as `stack init`.

    Raises UsageError for what this command does not answer.
    """
    words = [_ALIASES.get(word, word) if place == 0 else word for place, word in enumerate(arguments)]
    return _parser(environ).parse_args(_plain(words))


def _plain(words: list[str]) -> list[str]:
    """Pulumi's `--flag=true` is `--flag`, and `--flag=false` is nothing."""
    plain = []
    for word in words:
        flag = _TRUTH.fullmatch(word)
        if flag is None:
            plain.append(word)
        elif flag[2] == "true":
            plain.append(flag[1])
    return plain


def _parser(environ: Mapping[str, str]) -> _Parser:
    parser = _Parser(prog="pulumi", description=__doc__, allow_abbrev=False)
    parser.set_defaults(cwd=Path(), stack=environ.get("PULUMI_STACK"), non_interactive=False, action="")
    _common(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in OPERATIONS:
        _operation(_command(commands, name), name, environ)
    _stack(_command(commands, "stack"))
    config = _command(commands, "config")
    refresh = _command(config.add_subparsers(dest="action", required=True), "refresh")
    refresh.add_argument("--force", "-f", action="store_true", help="without a copy of the file before")
    cancel = _command(commands, "cancel")
    cancel.add_argument("name", nargs="?")
    _yes(cancel)
    login = _command(commands, "login")
    login.add_argument("url", nargs="?")
    for name in ("logout", "version", "whoami"):
        _command(commands, name)
    return parser


def _command(commands: Any, name: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, allow_abbrev=False)
    _common(command)
    return command


def _common(command: argparse.ArgumentParser) -> None:
    """The options that all commands have, before and after their words; what is not given keeps its value."""
    nothing = argparse.SUPPRESS
    command.add_argument("--cwd", "-C", type=Path, default=nothing, help="the directory of Pulumi.yaml")
    command.add_argument("--stack", "-s", default=nothing, help="the stack, e.g. staging")
    command.add_argument("--non-interactive", action="store_true", default=nothing, help="never ask")
    colours = ("always", "never", "raw", "auto")
    command.add_argument("--color", choices=colours, default=nothing, help="a terminal gets colours")


def _yes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", "-y", action="store_true", help="without asking")


def _operation(command: argparse.ArgumentParser, name: str, environ: Mapping[str, str]) -> None:
    command.add_argument("--parallel", "-p", type=_positive, default=16, metavar="N")
    command.add_argument("--target", "-t", action="append", default=[], metavar="URN")
    command.add_argument("--target-dependents", action="store_true")
    command.add_argument("--continue-on-error", action="store_true")
    command.add_argument("--message", "-m", default="")
    if environ.get("PULUMI_DEBUG_COMMANDS", "").lower() in ("1", "true"):
        # Pulumi's command too knows it only then.
        command.add_argument("--event-log", type=Path, metavar="FILE")
    if name in ("preview", "up"):
        command.add_argument("--replace", action="append", default=[], metavar="URN")
        command.add_argument("--policy-pack", type=Path, action="append", default=[], metavar="DIR")
    if name == "refresh":
        command.add_argument("--clear-pending-creates", action="store_true")
    else:
        command.add_argument("--refresh", "-r", action="store_true")
    if name != "preview":
        _yes(command)
        command.add_argument("--skip-preview", "-f", action="store_true")


def _stack(stack: argparse.ArgumentParser) -> None:
    actions = stack.add_subparsers(dest="action", required=True, metavar="COMMAND")
    listed = _command(actions, "ls")
    listed.add_argument("--json", "-j", action="store_true")
    made = _command(actions, "init")
    made.add_argument("name", nargs="?")
    made.add_argument("--secrets-provider", default="passphrase", metavar="PROVIDER")
    made.add_argument("--no-select", action="store_true")
    selected = _command(actions, "select")
    selected.add_argument("name", nargs="?")
    selected.add_argument("--create", "-c", action="store_true")
    selected.add_argument("--secrets-provider", default="passphrase", metavar="PROVIDER")
    removed = _command(actions, "rm")
    removed.add_argument("name", nargs="?")
    removed.add_argument("--force", "-f", action="store_true")
    removed.add_argument("--preserve-config", action="store_true")
    _yes(removed)
    for name in ("export", "import"):
        _command(actions, name).add_argument("--file", type=Path)
    shown = _command(actions, "output")
    shown.add_argument("name", nargs="?")
    shown.add_argument("--json", "-j", action="store_true")
    shown.add_argument("--show-secrets", action="store_true")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
