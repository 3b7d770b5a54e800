"""`touched`: which stacks a change concerns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.releases import project, touched
from scripts.releases.cli import app
from scripts.releases.touched import DELIVERY, ENVIRONMENT, FACTORY, Touched

REPOSITORY = project.ROOT


def of(*paths: str) -> Touched:
    """In this repository."""
    return touched.find(project.find(REPOSITORY), paths)


@pytest.mark.parametrize("stack", ["staging", "prod", "images"])
def test_a_stacks_own_file_touches_it_alone(stack: str) -> None:
    assert list(of(f"Pulumi.{stack}.yaml").stacks) == [stack]


@pytest.mark.parametrize(
    "path", [*touched.EVERYWHERE, "policies/PulumiPolicy.yaml", "stacks/config.py", "components/args.py"]
)
def test_what_every_program_reads_touches_every_stack(path: str) -> None:
    assert set(of(path).stacks) == set(project.find(REPOSITORY).files())


def test_what_an_environment_alone_reads_touches_no_factory() -> None:
    found = of("stacks/environment.py", "components/load_balancer.py", "functions/session_keys.py")
    assert list(found.stacks) == ["prod", "staging"]
    assert found.of(FACTORY) == []


def test_what_the_factory_alone_reads_touches_no_environment() -> None:
    found = of("stacks/images.py", "components/image_recipe.py", "images/recipes/service.yaml")
    assert found.stacks == {"images": FACTORY}
    assert found.of(ENVIRONMENT) == []


def test_an_image_is_to_be_baked_when_what_goes_into_it_changed() -> None:
    assert of("images/recipes/service.yaml").images
    assert not of("images/preflight.py", "stacks/images.py", "images/README.md").images


def test_rules_about_images_that_environments_read_touch_them_too() -> None:
    assert {"staging", "prod", "images"} <= set(of("images/preflight.py").stacks)


@pytest.mark.parametrize("path", ["docs/releases.md", "tests/conftest.py", "scripts/release", "README.md"])
def test_what_no_program_reads_touches_nothing(path: str) -> None:
    assert of(path) == Touched({}, (), images=False)


@pytest.mark.parametrize("path", ["components/gone.py", "stacks/table.json"])
def test_a_part_of_the_program_that_nobody_can_follow_touches_every_stack(path: str) -> None:
    assert {"staging", "prod", "images"} <= set(of(path).stacks)


def test_a_stack_whose_file_is_gone_is_told_apart() -> None:
    found = of("Pulumi.demo.yaml")
    assert (found.stacks, found.removed) == ({}, ("demo",))


def test_the_imports_that_are_followed_are_those_that_python_follows() -> None:
    """Whatever the interpreter loads of the project for an environment is in the list."""
    code = (
        "import sys, stacks.config, stacks.environment\n"
        "print('\\n'.join(m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = [Path(line) for line in done.stdout.splitlines()]
    venv = Path(sys.prefix).resolve()
    own = {
        str(path.relative_to(REPOSITORY))
        for path in loaded
        if path.is_relative_to(REPOSITORY)
        and not path.resolve().is_relative_to(venv)
        and not path.is_relative_to(REPOSITORY / ".venv")
    }
    assert len(own) > 50
    assert own <= touched.reads(REPOSITORY, ENVIRONMENT)


class Checkout:
    """A project of three kinds of stacks under git, with a commit and a branch."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("Pulumi.yaml", "name: immutable\nruntime: python\n")
        self.write("Pulumi.staging.yaml", "config: {'immutable:imageId': ami-1}\n")
        self.write("Pulumi.images.yaml", "config: {'immutable:recipes': {}}\n")
        self.write("Pulumi.delivery.yaml", "config: {'immutable:delivery': {}}\n")
        self.write("stacks/config.py", "from stacks import shared\n")
        self.write("stacks/shared.py", "")
        self.write("stacks/environment.py", "from components import fleet\n")
        self.write("stacks/delivery.py", "import components.roles\n")
        self.write("stacks/images.py", "")
        self.write("components/__init__.py", "")
        self.write("components/fleet.py", "from .parts.group import Group\n")
        self.write("components/parts/__init__.py", "from . import names\n")
        self.write("components/parts/names.py", "")
        self.write("components/parts/group.py", "from ..server import Server\n")
        self.write("components/server.py", "def broken(:\n")
        self.write("components/roles.py", "")
        self.commit()

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.directory), *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def write(self, path: str, text: str) -> None:
        file = self.directory / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=a")
        return self.git("rev-parse", "HEAD").strip()

    def run(self, *arguments: str, given: str | None = None) -> tuple[int, str, str]:
        command = ["touched", *arguments, "--project", str(self.directory)]
        done = CliRunner().invoke(app, command, input=given, catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "project")


@pytest.mark.parametrize(
    ("path", "stacks"),
    [
        ("components/fleet.py", ["staging"]),
        ("components/parts/group.py", ["staging"]),
        ("components/parts/names.py", ["staging"]),
        ("components/server.py", ["staging"]),
        ("components/roles.py", ["delivery"]),
        ("stacks/delivery.py", ["delivery"]),
        ("stacks/shared.py", ["delivery", "images", "staging"]),
    ],
)
def test_relative_imports_and_packages_are_followed(checkout: Checkout, path: str, stacks: list[str]) -> None:
    assert list(touched.find(project.find(checkout.directory), [path]).stacks) == stacks


def test_the_third_kind_of_stack_is_known(checkout: Checkout) -> None:
    assert touched.kind(project.find(checkout.directory), "delivery") == DELIVERY


def test_a_branch_is_compared_with_where_it_began(checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "-b", "change")
    checkout.write("components/roles.py", "here = 1\n")
    checkout.commit()
    checkout.git("checkout", "--quiet", "main")
    checkout.write("Pulumi.staging.yaml", "config: {'immutable:imageId': ami-2}\n")
    checkout.commit()
    code, out, error = checkout.run("--base", "main", "--head", "change")
    assert (code, out, error) == (0, "delivery\n", "")


def test_a_file_that_moved_counts_where_it_was_and_where_it_is(checkout: Checkout) -> None:
    base = checkout.git("rev-parse", "HEAD").strip()
    checkout.write("components/roles.py", "a = 1\nb = 2\nc = 3\n")
    moved = checkout.commit()
    checkout.git("mv", "components/roles.py", "docs.py")
    checkout.commit()
    assert base != moved
    assert checkout.run("--base", moved)[1].split() == ["delivery", "images", "staging"]


def test_later_steps_get_lists_and_flags(checkout: Checkout, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text("before=1\n")
    assert checkout.run("--paths", "-", "--output", str(output), given="images/a.yaml\n")[0] == 0
    assert output.read_text().splitlines() == [
        "before=1", 'stacks=["images"]', "any=true", "environments=[]", "factory=images", "images=true",
    ]  # fmt: skip


def test_a_stack_that_is_left_out_is_said_and_not_handed_on(checkout: Checkout, tmp_path: Path) -> None:
    """Such as one that no workflow may read."""
    output = tmp_path / "output"
    code, out, error = checkout.run(
        "--paths", "-", "--leave-out", "delivery", "--leave-out", "none", "--output", str(output),
        given="Pulumi.yaml\n",
    )  # fmt: skip
    assert (code, out.split()) == (0, ["images", "staging"])
    assert error == "note: delivery is touched too, and left out\n"
    assert 'stacks=["images", "staging"]\n' in output.read_text()


def test_nothing_touched_is_an_answer(checkout: Checkout, tmp_path: Path) -> None:
    output = tmp_path / "output"
    assert checkout.run("--paths", "-", "--output", str(output), given="README.md\n\n")[:2] == (0, "")
    assert "any=false\n" in output.read_text()
    assert "stacks=[]\n" in output.read_text()


def test_the_document_for_programs(checkout: Checkout) -> None:
    _, out, _ = checkout.run("--paths", "-", "--json", given="Pulumi.staging.yaml\nPulumi.old.yaml\n")
    assert json.loads(out) == {
        "ok": True,
        "paths": ["Pulumi.staging.yaml", "Pulumi.old.yaml"],
        "stacks": {"staging": "environment"},
        "removed": ["old"],
        "images": False,
    }


def test_a_stack_whose_file_is_gone_is_said(checkout: Checkout) -> None:
    _, out, error = checkout.run("--paths", "-", given="Pulumi.old.yaml\n")
    assert out == ""
    assert error == ("note: Pulumi.old.yaml is gone; its stack, if it is up, stays until `pulumi destroy`\n")


@pytest.mark.parametrize(
    ("arguments", "given", "refusal"),
    [
        (("--base", "nowhere"), None, "git cannot compare: Not a valid object name nowhere; fetch the whole"),
        (("--base", "--output=x"), None, "--base --output=x is not a commit; name a branch, a tag or an ID"),
        (("--paths", "gone"), None, "--paths gone cannot be read"),
        (("--paths", "-"), "/etc/passwd", "--paths: /etc/passwd is not a path within the project"),
        (("--paths", "-"), "a/../../b", "--paths: a/../../b is not a path within the project"),
        (("--paths", "-", "--output", "/gone/file"), "a", "--output /gone/file cannot be written"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    checkout: Checkout, arguments: tuple[str, ...], given: str | None, refusal: str
) -> None:
    code, out, error = checkout.run(*arguments, given=given)
    assert (code, out) == (2, "")
    assert error.startswith(f"release: {refusal}")
    assert error.count("\n") == 1


def test_a_directory_without_git_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: immutable\n")
    done = CliRunner().invoke(app, ["touched", "--project", str(tmp_path)])
    assert done.exit_code == 2
    assert "git cannot compare: not a git repository" in done.stderr
