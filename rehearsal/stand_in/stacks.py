"""`pulumi stack …`, `pulumi config refresh` and `pulumi cancel`: what does not run the program."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from rehearsal.engine import history
from rehearsal.engine.project import load_config
from rehearsal.engine.values import redact, strip_secrets
from rehearsal.errors import RehearsalError, UsageError
from rehearsal.stand_in.surroundings import Surroundings

_PASSPHRASE = ("passphrase", "default")


def ls(parsed: argparse.Namespace, around: Surroundings) -> None:
    """The project's stacks; the selected one is current."""
    rows = [_row(around, name) for name in around.stacks()]
    if parsed.json:
        print(json.dumps(rows, indent=2))
        return
    lines = [("NAME", "LAST UPDATE", "RESOURCE COUNT")]
    for row in rows:
        mark = "*" if row["current"] else ""
        lines.append((row["name"] + mark, row.get("lastUpdate", "n/a"), str(row["resourceCount"])))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _row(around: Surroundings, name: str) -> dict[str, Any]:
    with around.backend.open(around.project.name, name, write=False) as file:
        snapshot = file.snapshot
    row: dict[str, Any] = {"name": name, "current": name == around.selected}
    if snapshot.manifest.get("time"):
        row["lastUpdate"] = snapshot.manifest["time"]
    return {**row, "resourceCount": len(snapshot.resources)}


def init(parsed: argparse.Namespace, around: Surroundings) -> None:
    """Make an empty stack and select it. Raises UsageError for a name that is none, RehearsalError when it is
    there already.
    """
    reference = parsed.name or parsed.stack
    if not reference:
        raise UsageError("missing stack name: name one, e.g. `pulumi stack init staging`")
    name = around.name(reference)
    _refuse_other_secrets(parsed.secrets_provider)
    _make(around, name)
    print(f"Created stack {name!r}")
    if not parsed.no_select:
        around.select(name)


def _make(around: Surroundings, name: str) -> None:
    if name in around.stacks():
        raise RehearsalError(f"stack 'organization/{around.project.name}/{name}' already exists")
    salt = load_config(around.project, name, around.environ, [name]).salt
    with around.backend.open(around.project.name, name, salt=salt) as file:
        file.create()


def _refuse_other_secrets(provider: str) -> None:
    if provider not in _PASSPHRASE:
        raise UsageError(
            f"--secrets-provider {provider!r}: on this machine there is no key of a cloud; use passphrase"
        )


def select(parsed: argparse.Namespace, around: Surroundings) -> None:
    """Take a stack from now on; with `--create`, make it when there is none."""
    reference = parsed.name or parsed.stack
    if not reference:
        raise UsageError("missing stack name: name one, e.g. `pulumi stack select staging`")
    name = around.name(reference)
    if parsed.create and name not in around.stacks():
        _refuse_other_secrets(parsed.secrets_provider)
        _make(around, name)
        print(f"Created stack {name!r}")
    around.select(around.stack(name))


def rm(parsed: argparse.Namespace, around: Surroundings) -> None:
    """Forget a stack that holds nothing any more, and its file of configuration."""
    name = around.stack(parsed.name or parsed.stack)
    require_yes(parsed, f"This will permanently remove the {name!r} stack!", name)
    around.backend.remove(around.project.name, name, force=parsed.force)
    if not parsed.preserve_config:
        around.project.config_file(name).unlink(missing_ok=True)
    if around.selected == name:
        around.select(None)
    print(f"Stack {name!r} has been removed!")


def export(parsed: argparse.Namespace, around: Surroundings) -> None:
    """The state, for `import`."""
    name = around.stack(parsed.stack)
    with around.backend.open(around.project.name, name, write=False) as file:
        text = file.exported()
    if parsed.file:
        _put(parsed.file, text)
    else:
        print(text, end="")


def import_(parsed: argparse.Namespace, around: Surroundings) -> None:
    """Put an export in the place of the state. Raises UsageError when it is damaged, or of another stack."""
    name = around.stack(parsed.stack)
    try:
        text = parsed.file.read_bytes() if parsed.file else sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"--file {parsed.file} cannot be read: {error.strerror}") from error
    salt = load_config(around.project, name, around.environ, [name]).salt
    with around.backend.open(around.project.name, name, salt=salt, fresh=True) as file:
        file.replace(text)
    print("Import complete.")


def output(parsed: argparse.Namespace, around: Surroundings) -> None:
    """The stack's outputs, or one of them."""
    name = around.stack(parsed.stack)
    with around.backend.open(around.project.name, name, write=False) as file:
        root = file.snapshot.stack
    outputs: dict[str, Any] = root.outputs if root is not None else {}
    shown = strip_secrets(outputs) if parsed.show_secrets or parsed.name else redact(outputs)
    if parsed.name:
        if parsed.name not in shown:
            raise RehearsalError(f"current stack does not have output property {parsed.name!r}")
        value = shown[parsed.name]
        print(value if isinstance(value, str) and not parsed.json else json.dumps(value))
    elif parsed.json:
        print(json.dumps(shown, indent=2))
    else:
        print(f"Current stack outputs ({len(shown)}):")
        for key, value in sorted(shown.items()):
            print(f"    {key}  {value if isinstance(value, str) else json.dumps(value)}")


def refresh_config(parsed: argparse.Namespace, around: Surroundings) -> None:
    """Write the configuration of the stack's latest update to its file."""
    name = around.stack(parsed.stack)
    config = history.latest_config(around.backend.root, around.project.name, name)
    if config is None:
        raise RehearsalError("getting latest configuration: no previous deployment")
    with around.backend.open(around.project.name, name, write=False) as file:
        salt = file.secrets.salt
    document = {**({"encryptionsalt": salt} if salt else {}), "config": config}
    path = around.project.config_file(name)
    if path.exists() and not parsed.force:
        aside = path.with_name(f"{path.name}.bak")
        while aside.exists():
            aside = aside.with_name(f"{aside.name}.bak")
        path.rename(aside)
        print(f"backed up existing configuration file to {aside}")
    _put(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))
    print(f"refreshed configuration for stack {name!r}")


def cancel(parsed: argparse.Namespace, around: Surroundings) -> None:
    """Take away the locks of whoever works on the stack."""
    name = around.stack(parsed.name or parsed.stack)
    require_yes(parsed, f"This will irreversibly cancel the currently running update for {name!r}!", name)
    around.backend.cancel(around.project.name, name)
    print(f"The currently running update for {name!r} has been canceled!")


def require_yes(parsed: argparse.Namespace, warning: str, answer: str) -> None:
    """Ask a person on a terminal to type `answer`. Raises UsageError when there is nobody to ask, and
    RehearsalError for another answer.
    """
    if parsed.yes:
        return
    if parsed.non_interactive or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--yes must be passed in to proceed when running in non-interactive mode")
    print(warning)
    if input(f"Please confirm that this is what you'd like to do by typing `{answer}`: ").strip() != answer:
        raise RehearsalError("confirmation declined")


def _put(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
