"""docs/real-account.md against what it speaks of."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer
import yaml

from scripts.accounts.cli import app
from stacks import config
from stacks.delivery_sections import DeliveryConfig
from tests.stacks.given import ROOT, complaints, factory_complaints, in_stack

TEXT = (ROOT / "docs" / "real-account.md").read_text()
BLOCKS = [yaml.safe_load(each) for each in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)]


def test_the_section_that_it_shows_is_taken() -> None:
    (shown,) = [each for each in BLOCKS if "immutable:delivery" in each]
    values = {"aws:region": "eu-central-1", **shown}
    assert isinstance(in_stack("delivery", values, lambda: config.load("delivery")), DeliveryConfig)


def test_the_boundary_that_it_shows_is_one() -> None:
    (shown,) = [each for each in BLOCKS if "immutable:permissionsBoundary" in each]
    boundary = {key: value.replace("…", "1") for key, value in shown.items()}
    assert complaints(boundary) == []
    assert factory_complaints(boundary) == []


def test_every_option_of_bootstrap_is_told_and_no_other() -> None:
    options = {option for each in typer.main.get_command(app).params for option in each.opts}
    told = set(re.findall(r"(?<=[ `(])--[a-z-]+", TEXT))
    of_others = {"--secrets-provider", "--resource-types", "--to", "--keep", "--all"}
    assert told - of_others == options


@pytest.mark.parametrize("command", sorted(set(re.findall(r"scripts/release ([a-z-]+)", TEXT))))
def test_the_commands_that_it_names_are_there(command: str) -> None:
    asked = [sys.executable, "-m", "scripts.releases", command, "--help"]
    assert subprocess.run(asked, cwd=ROOT, capture_output=True).returncode == 0


def test_the_pages_and_places_that_it_links_to_are_there() -> None:
    for page, place in re.findall(r"\]\(([a-z-]+\.md)(?:#([a-z-]+))?\)", TEXT):
        there = (ROOT / "docs" / page).read_text()
        headings = {
            re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-")
            for each in re.findall(r"^#+ (.+)$", there, re.MULTILINE)
        }
        assert not place or place in headings, f"{page}#{place}"
