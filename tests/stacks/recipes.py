"""A folder of recipes for tests of the factory, as small as images.recipes takes one."""

from __future__ import annotations

from pathlib import Path

DOCUMENT = """\
description: what every server has
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: hello
        action: ExecuteBash
        inputs: {commands: ["echo hello"]}
  - name: test
    steps:
      - name: hello
        action: ExecuteBash
        inputs: {commands: ["true"]}
"""
RECIPE = """\
description: Debian with a server
parent: {id: ami-0123456789abcdef0, owner: "136693071363", name: "debian-12-*", suite: bookworm}
architecture: arm64
volumeSizeGib: 10
rootDeviceName: /dev/xvdb
components: [base, {document: agents, on: aws}]
"""


def folder_of_recipes(place: Path) -> Path:
    """`web`, of arm64, and `batch`, of x86_64, both made of `base` and, on AWS, of `agents`."""
    for name in ("recipes", "documents"):
        (place / name).mkdir(parents=True)
    for document in ("base", "agents"):
        (place / "documents" / f"{document}.yaml").write_text(DOCUMENT)
    (place / "recipes" / "web.yaml").write_text(RECIPE)
    (place / "recipes" / "batch.yaml").write_text(RECIPE.replace("arm64", "x86_64"))
    return place
