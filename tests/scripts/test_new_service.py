"""`scripts/new-service` on a copy of this project: what it writes works; what it refuses changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from images import recipes
from scripts.bakes.local import service_of
from stacks.calls import called
from stacks.kinds import kind_of
from tests.stacks.given import ROOT, loaded, loaded_factory

FILES = ("Pulumi.yaml", "Pulumi.images.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "images", project / "images", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "tests" / "images").mkdir(parents=True)
    return project


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "scripts.services", *arguments, "--project", str(project)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def added(project: Path, *arguments: str) -> str:
    """What it printed."""
    done = run(project, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def values(project: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())["config"]
    return found


def contents(project: Path) -> dict[str, bytes]:
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


KINDS = {
    "web": ((), "web"),
    "internal": (("--caller", "web"), "web"),
    "worker": ((), "worker"),
    "job": ((), "job"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken_by_both_environments_and_the_factory(copy: Path, kind: str) -> None:
    options, expected = KINDS[kind]
    added(copy, "billing", "--kind", kind, *options)
    for stack in ("staging", "prod"):
        config = loaded(values(copy, stack), stack)
        assert kind_of(config.services["billing"]) == expected
        assert ("billing" in called(config.services)) == (kind == "internal")
    assert "billing" in loaded_factory(values(copy, "images")).recipes
    recipe = recipes.load(copy / "images", "billing")
    assert [each.document.name for each in recipe.components][-2:] == ["billing", "seal"]


@pytest.mark.parametrize("kind", ["web", "worker", "job"])
def test_the_test_that_it_writes_passes(copy: Path, kind: str) -> None:
    added(copy, "mail-out", "--kind", kind)
    (copy / "tests" / "__init__.py").touch()
    (copy / "tests" / "images" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/images/test_mail_out.py"],
        cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize("kind", ["web", "worker", "job"])
def test_a_bake_on_this_machine_waits_for_the_answer_of_a_service_that_is_asked_alone(
    copy: Path, tmp_path: Path, kind: str
) -> None:
    added(copy, "mail-out", "--kind", kind)
    root = tmp_path / "root"
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(parents=True)
    shutil.copy(copy / "images/mail-out/mail-out.service", root / "etc/systemd/system")
    (wanted / "mail-out.service").symlink_to("/etc/systemd/system/mail-out.service")
    assert service_of(root) == ("mail-out" if kind == "web" else None)


def test_nothing_but_the_service_is_changed_in_any_file(copy: Path) -> None:
    before = contents(copy)
    added(copy, "billing")
    after = contents(copy)
    assert sorted(after.keys() - before.keys()) == [
        "images/billing/billing",
        "images/billing/billing.service",
        "images/documents/billing.yaml",
        "images/recipes/billing.yaml",
        "tests/images/test_billing.py",
    ]
    for name, content in before.items():
        # Every line is there still, in the same order.
        left = iter(after[name].splitlines())
        assert all(line in left for line in content.splitlines()), name
    assert {name for name in before if before[name] != after[name]} == set(FILES) - {"Pulumi.yaml"}


def test_a_route_comes_before_the_others_and_takes_only_its_own_path(copy: Path) -> None:
    added(copy, "billing", "--path", "/bills", "--port", "8443")
    billing = values(copy, "staging")["immutable:services"]["billing"]
    assert billing["route"] == {"priority": 90, "paths": ["/bills", "/bills/*"]}
    assert billing["port"] == 8443
    added(copy, "orders")
    assert values(copy, "staging")["immutable:services"]["orders"]["route"]["priority"] == 80


def test_a_service_has_the_size_of_the_first_one_in_each_environment(copy: Path) -> None:
    added(copy, "billing")
    for stack in ("staging", "prod"):
        services = values(copy, stack)["immutable:services"]
        for key in ("instanceTypes", "min", "max", "maxInstanceLifetimeDays"):
            assert services["billing"][key] == services["web"][key]


def test_it_says_what_is_left_to_do_production_last(copy: Path) -> None:
    said = added(copy, "billing").split("next:\n")[1]
    assert [line.strip() for line in said.splitlines()][1:] == [
        "pulumi up -s images",
        "scripts/release bake billing --to staging --service billing",
        "pulumi up -s staging",
        "scripts/release promote staging prod --service billing",
        "pulumi up -s prod",
    ]
    assert "# No image yet: scripts/release promote staging prod" in (copy / "Pulumi.prod.yaml").read_text()


def test_a_service_comes_to_a_second_environment_later(copy: Path) -> None:
    added(copy, "billing", "--environment", "staging")
    assert "billing" not in values(copy, "prod")["immutable:services"]
    before = contents(copy)
    added(copy, "billing", "--environment", "prod")
    changed = {name for name, content in contents(copy).items() if content != before.get(name)}
    assert changed == {"Pulumi.prod.yaml"}


def test_an_internal_service_is_called_by_whom_it_is_told(copy: Path) -> None:
    added(copy, "billing", "--kind", "internal", "--caller", "web", "--caller", "api")
    services = values(copy, "staging")["immutable:services"]
    assert services["web"]["calls"] == ["api", "billing"]
    assert services["api"]["calls"] == ["billing"]


def test_systemd_remembers_how_the_run_of_a_job_ended(copy: Path) -> None:
    added(copy, "report", "--kind", "job")
    unit = (copy / "images/report/report.service").read_text().splitlines()
    assert {"Type=oneshot", "RemainAfterExit=yes"} <= set(unit)


def test_a_job_runs_when_it_is_told(copy: Path) -> None:
    added(copy, "report", "--kind", "job", "--schedule", "cron(30 6 ? * MON-FRI *)")
    service = values(copy, "prod")["immutable:services"]["report"]
    assert service["schedule"] == "cron(30 6 ? * MON-FRI *)"


def test_a_dry_run_shows_all_of_it_and_writes_nothing(copy: Path) -> None:
    before = contents(copy)
    said = added(copy, "billing", "--dry-run")
    assert contents(copy) == before
    assert "+++ b/images/recipes/billing.yaml" in said
    assert "--- a/Pulumi.staging.yaml" in said and "+    billing:" in said


WRONG = [
    (("Billing",), "'Billing' is not a service's name"),
    (("ab",), "'ab' is too short for a recipe's name"),
    (("web",), "Pulumi.staging.yaml has a service web already"),
    (("seal",), "images/documents/seal.yaml is there already"),
    (("billing", "--kind", "lambda"), "Invalid value for '--kind'"),
    (("billing", "--port", "0"), "--port 0 is no TCP port; take 1 to 65535"),
    (("billing", "--path", "bills"), "--path 'bills' is not a path; write one such as /billing"),
    (("billing", "--kind", "internal"), "name one with --caller"),
    (
        ("billing", "--kind", "internal", "--caller", "shop"),
        "has no service 'shop' to call it; known: web, api",
    ),
    (("billing", "--kind", "worker", "--port", "80"), "--port is for --kind internal or web"),
    (("billing", "--kind", "worker", "--schedule", "cron(0 3 * * ? *)"), "--schedule is for --kind job"),
    (("billing", "--kind", "job", "--schedule", "daily"), "--schedule 'daily' is no cron expression"),
    (("billing", "--kind", "job", "--schedule", "cron(0 3 * * * *)"), "is no cron expression"),
    (("billing", "--kind", "job", "--caller", "web"), "--caller is for --kind internal or web"),
    (("billing", "--environment", "test"), "there is no environment 'test'"),
    (("billing", "--environment", "images"), "images is the image factory"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_bad_input_is_one_line_and_changes_nothing(copy: Path, arguments: tuple[str, ...], says: str) -> None:
    before = contents(copy)
    done = run(copy, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("new-service: ") and done.stderr.count("\n") == 1
    assert says in done.stderr
    assert contents(copy) == before


@pytest.mark.parametrize(
    ("stack", "old", "new", "says"),
    [
        ("prod", "  immutable:services:\n", "  immutable:services: {}\n  old:\n", "has no services yet"),
        ("prod", "  immutable:names:\n", "  immutable:nam:\n", "has no immutable:names, by which services"),
        (
            "images",
            "  immutable:recipes:\n",
            "  immutable:recipes: &all\n  - [\n",
            "Pulumi.images.yaml: line",
        ),
    ],
)
def test_a_file_that_cannot_take_it_is_named_and_nothing_is_changed(
    copy: Path, stack: str, old: str, new: str, says: str
) -> None:
    path = copy / f"Pulumi.{stack}.yaml"
    path.write_text(path.read_text().replace(old, new))
    before = contents(copy)
    done = run(copy, "billing", "--kind", "internal", "--caller", "web")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr and done.stderr.count("\n") == 1
    assert contents(copy) == before


def test_what_cannot_be_written_leaves_nothing_behind(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.releases import config_file
    from scripts.releases.project import find
    from scripts.services import cli, plan
    from scripts.services.order import Order

    before, put, calls = contents(copy), config_file.put, []

    def full(path: Path, old: bytes, new: bytes) -> None:
        calls.append(path.name)
        if len(calls) == 3:
            raise OSError(28, "No space left on device", str(path))
        put(path, old, new)

    monkeypatch.setattr(config_file, "put", full)
    with pytest.raises(OSError, match="No space left"):
        cli._write(plan.make(find(copy), Order("billing")))
    assert contents(copy) == before
