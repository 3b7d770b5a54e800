"""A policy pack of a few lines, for tests."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

SMALL = """
import os
import pulumi
from pulumi_policy import *

def small(args, report):
    limit = int(pulumi.Config().require("limit"))
    if args.resource_type == "fake:index:Thing" and args.props["size"] > limit:
        report(f"size is {int(args.props['size'])}")

def few(args, report):
    things = [each for each in args.resources if each.resource_type == "fake:index:Thing"]
    if len(things) > 2:
        report(f"{len(things)} things")
        report("this one", things[0].urn)

PolicyPack("tiny", [
    ResourceValidationPolicy(
        "small", "Things are small.", small, EnforcementLevel.SMALL, severity=Severity.HIGH),
    StackValidationPolicy("few", "Things are few.", few, EnforcementLevel.FEW),
])
"""


def write(folder: Path, program: str, **levels: str) -> Path:
    """A pack of this program in a new folder; `SMALL="MANDATORY"` replaces the word SMALL."""
    for word, level in levels.items():
        program = program.replace(f"EnforcementLevel.{word}", f"EnforcementLevel.{level}")
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(
        "name: tiny\nversion: 1.2.3\n"
        f"runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
    )
    (folder / "__main__.py").write_text(textwrap.dedent(program))
    return folder


def tiny(folder: Path, *, small: str = "MANDATORY", few: str = "ADVISORY") -> Path:
    """The pack `tiny`: `small` looks at each thing (a size above `demo:limit`), `few` at all of them (3)."""
    return write(folder, SMALL, SMALL=small, FEW=few)
