"""`bake --local` as a user meets it; the bake itself is another matter, and stands in here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from images.recipes import Recipe
from scripts.bakes import local
from scripts.bakes.local import Baked
from scripts.releases.errors import RefusedError, ReleaseError
from tests.scripts.factory_project import DOCUMENT, RECIPE
from tests.scripts.release_project import ReleaseProject

BAKED = Baked(
    recipe="service", recipe_hash="0" * 16, hash="1" * 16, architecture="amd64", seconds=41.5,
    compressed_mb=120.5, boot_seconds=12.5, parent_kept=False, left_out=("agents",), folder="there",
    run="qemu-system-x86_64 there",
)  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    """Without a factory or credentials, which a bake on this machine needs none of."""
    made = ReleaseProject(tmp_path)
    for folder, name, text in (("recipes", "service", RECIPE), ("documents", "thing", DOCUMENT)):
        (made.directory / "images" / folder).mkdir(parents=True)
        (made.directory / "images" / folder / f"{name}.yaml").write_text(text)
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path, bool]]:
    """What the bake was asked for."""
    seen: list[tuple[str, Path, bool]] = []

    def bake(recipe: Recipe, folder: Path, say: Callable[[str], None], fresh: bool = False) -> Baked:
        seen.append((recipe.name, folder, fresh))
        say("a step")
        return BAKED

    monkeypatch.setattr(local, "bake", bake)
    return seen


@pytest.mark.parametrize(("options", "fresh"), [([], False), (["--rebuild"], True)])
def test_a_bake_on_this_machine_is_kept_in_the_project(
    project: ReleaseProject, asked: list[tuple[str, Path, bool]], options: list[str], fresh: bool
) -> None:
    done = project.run("bake", "service", "--local", *options)
    assert (done.code, done.error) == (0, "")
    assert asked == [("service", project.directory / ".bakes", fresh)]
    first, *rest = done.out.splitlines()
    assert first == "a step"
    assert "service 1111111111111111" in rest[0]
    assert "agents" in "\n".join(rest)
    assert rest[-1] == BAKED.run


def test_the_figures_go_to_a_file(
    project: ReleaseProject, asked: list[tuple[str, Path, bool]], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    project.run("bake", "service", "--local", "--json", str(file))
    document = json.loads(file.read_text())
    assert document["ok"] is True
    assert [document[name] for name in ("seconds", "compressed_mb", "boot_seconds", "hash")] == [
        41.5, 120.5, 12.5, "1" * 16,
    ]  # fmt: skip


def test_the_figures_alone_stand_on_standard_output(
    project: ReleaseProject, asked: list[tuple[str, Path, bool]]
) -> None:
    done = project.run("bake", "service", "--local", "--json", "-")
    assert json.loads(done.out)["hash"] == "1" * 16


@pytest.mark.parametrize(("error", "code"), [(RefusedError, 2), (ReleaseError, 1)])
def test_what_ends_a_bake_is_the_last_line_with_its_details_for_programs(
    project: ReleaseProject,
    monkeypatch: pytest.MonkeyPatch,
    error: type[ReleaseError],
    code: int,
) -> None:
    raised = error("it failed")
    raised.details = {"step": "parent", "log": ["its own output"]}
    monkeypatch.setattr(local, "bake", Mock(side_effect=raised))
    done = project.run("bake", "service", "--local", "--json", "-")
    assert (done.code, done.error.splitlines()[-1]) == (code, "release: it failed")
    assert json.loads(done.out) == {"ok": False, "error": "it failed", **raised.details}
