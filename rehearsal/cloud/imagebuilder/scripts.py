"""What can be known of a bash script without running it: whether bash can read it, and that it must fail.

A script is read line by line for as long as it does nothing but print, set options and exit; what comes after
the first other command is taken to go well, unless the script's last line ends it as failed.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

_CHAINED = re.compile(r"\{\{.*?\}\}")
_LAST = re.compile(r"exit\s+([0-9]+)\s*(?:#.*)?")
#: ExecuteBash: the machine restarts and the step runs again.
RESTART = 194
_SYNTAX_SECONDS = 10


@dataclass
class Outcome:
    """`code` 0 for a script that is not known to fail; the output is what it prints before anything else."""

    code: int = 0
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)


class _Over(Exception):  # noqa: N818  (how a script ends, no error here)
    def __init__(self, code: int) -> None:
        self.code = code


def outcome(commands: Sequence[object]) -> Outcome:
    """Of the commands of one step, which ExecuteBash writes into one file."""
    script = _CHAINED.sub("value", "\n".join(_text(command) for command in commands))
    wrong = _syntax_error(script)
    if wrong:
        return Outcome(2, [], [wrong])
    found = Outcome()
    try:
        if not _read(script, found):
            found.code = _ending(script)
    except _Over as over:
        found.code = 0 if over.code == RESTART else over.code
    return found


def _text(command: object) -> str:
    """YAML's `true` is a command as good as any."""
    return str(command).lower() if isinstance(command, bool) else str(command)


@cache
def _syntax_error(script: str) -> str:
    """What bash says of a script that it cannot read; empty for one that it can, or without a bash."""
    bash = shutil.which("bash")
    if bash is None:
        return ""
    said = subprocess.run(
        [bash, "-n"], input=script, capture_output=True, text=True, timeout=_SYNTAX_SECONDS, check=False
    )
    return said.stderr.strip() if said.returncode else ""


def _read(script: str, found: Outcome) -> bool:
    """Follow a script to its end; whether all of it was understood. Raises _Over where it exits."""
    stops, code = False, 0
    for line in script.splitlines():
        for words in _commands(line):
            if not words:
                continue
            done = _do(words, found)
            if done is None:
                return False
            code = done
            if words[0] == "set" and any(re.fullmatch(r"-\w*e\w*|errexit", word) for word in words[1:]):
                stops = True
            if code and stops:
                raise _Over(code)
    raise _Over(code)


def _commands(line: str) -> list[list[str]]:
    """The words of each command of a line; one of the word `?` where the line holds more than plain ones."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # A quote or a backslash that goes on in the next line.
        return [["?"]]
    commands: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def _do(words: list[str], found: Outcome) -> int | None:
    """The exit code of a command; None for one that is not known here."""
    to_stderr = words[-2:] == [">&", "2"]
    words = words[:-2] if to_stderr else words
    if any(re.fullmatch(r"[;&|<>()]+", word) for word in words):
        return None
    name, *rest = words
    if name == "exit" and (not rest or rest[0].isdigit()):
        raise _Over(int(rest[0]) % 256 if rest else 0)
    if name == "echo":
        (found.stderr if to_stderr else found.stdout).append(" ".join(rest))
        return 0
    return {"true": 0, ":": 0, "set": 0, "false": 1}.get(name)


def _ending(script: str) -> int:
    """The exit code that the last line gives the whole script, when nothing before it can end it well."""
    lines = [line for line in script.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    last, before = lines[-1], "\n".join(lines[:-1])
    if re.search(r"\bexit(\s+0)?\s*(;|$|\})|\bexec\b", before, re.MULTILINE):
        return 0
    match = _LAST.fullmatch(last)
    code = int(match[1]) % 256 if match else int(last.strip() == "false" and last == last.lstrip())
    return 0 if code == RESTART else code
