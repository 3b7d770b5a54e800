"""The commands that only look at or change a stack's state: export, import, output and cancel."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping

from rehearsal.engine.backend import Backend
from rehearsal.engine.project import load_config, load_project
from rehearsal.engine.values import redact, strip_secrets
from rehearsal.errors import UsageError


def run(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Carry out one of them. Raises RehearsalError."""
    project = load_project(parsed.cwd)
    backend = Backend.from_environment(environ)
    known = backend.stacks(project.name)
    if parsed.command == "cancel":
        holders = backend.cancel(project.name, parsed.stack)
        print("\n".join(holders) if holders else f"stack {parsed.stack} is not locked")
        return 0
    config = load_config(project, parsed.stack, environ, known)
    if parsed.command == "import":
        text = parsed.file.read_bytes() if parsed.file else sys.stdin.buffer.read()
        with backend.open(project.name, parsed.stack, salt=config.salt, fresh=True) as file:
            count = len(file.replace(text).resources)
        print(f"imported {count} resources into stack {parsed.stack}")
        return 0
    if parsed.stack not in known:
        raise UsageError(f"there is no stack {parsed.stack} of project {project.name}")
    with backend.open(project.name, parsed.stack, salt=config.salt, write=False) as file:
        if parsed.command == "export":
            text = file.exported()
            if parsed.file:
                parsed.file.write_text(text, encoding="utf-8")
            else:
                print(text)
            return 0
        stack = file.snapshot.stack
        outputs = stack.outputs if stack is not None else {}
    shown = strip_secrets(outputs) if parsed.show_secrets else redact(outputs)
    print(json.dumps(shown, indent=2))
    if parsed.json is not None:
        parsed.json.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    return 0
