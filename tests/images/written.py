"""Documents and recipes as files, the way their authors write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from images import documents, recipes
from images.documents import Document
from images.problems import DocumentError
from images.recipes import Recipe

DOCUMENT = """\
description: Something
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: install
        action: ExecuteBash
        inputs:
          commands:
            - |
              set -euo pipefail
              apt-get install -y bash
  - name: test
    steps:
      - name: proves-it
        action: ExecuteBash
        inputs:
          commands: [bash --version]
"""

RECIPE = """\
description: An image
parent:
  id: ami-0123456789abcdef0
  owner: "136693071363"
  name: debian-12-arm64-*
  suite: bookworm
architecture: arm64
volumeSizeGib: 8
rootDeviceName: /dev/xvda
components:
  - one
"""


def folder(root: Path, **files: str) -> Path:
    """A folder with the recipe `image` of the document `one`, and more `files` by KIND_NAME."""
    files = {"documents_one": DOCUMENT, "recipes_image": RECIPE, **files}
    for name, text in files.items():
        kind, _, stem = name.partition("_")
        path = root / "images" / kind / f"{stem}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "images"


def document(root: Path, text: str = DOCUMENT) -> Document:
    return documents.load(folder(root, documents_one=text) / "documents" / "one.yaml")


def recipe(root: Path, text: str = RECIPE, **files: str) -> Recipe:
    return recipes.load(folder(root, recipes_image=text, **files), "image")


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def refused_document(root: Path, text: str) -> list[str]:
    with pytest.raises(DocumentError) as refused:
        document(root, text)
    return str(refused.value).split("\n")


def refused_recipe(root: Path, text: str = RECIPE, **files: str) -> list[str]:
    with pytest.raises(DocumentError) as refused:
        recipe(root, text, **files)
    return str(refused.value).split("\n")
