"""What holds for every workflow: no key, no more rights than needed, one deploy at a time, nothing that may
change under it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery.workflow_files import ALL, FILES, FOLDER, PREPARE, ROOT, SELF, Job, each, job, read, used

LONGEST_JOB_MINUTES = 360
"""GitHub's own limit on its runners."""

PERMISSIONS = {"contents", "id-token", "pull-requests"}


def bin_of(tool: str) -> str:
    return str(Path(sys.executable).parent / tool)


def said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    assert FILES
    assert said(bin_of("actionlint"), "-shellcheck", bin_of("shellcheck"), *map(str, FILES)) == ""


def test_actionlint_would_find_something(tmp_path: Path) -> None:
    """The test above proves nothing if the linter does not look."""
    broken = tmp_path / "broken.yml"
    broken.write_text((FOLDER / "sweep.yml").read_text().replace("vars.ROLES", "vras.ROLES"))
    assert "vras" in said(bin_of("actionlint"), str(broken))


def test_zizmor_finds_nothing() -> None:
    assert said(bin_of("zizmor"), "--offline", "--no-progress", "--quiet", str(ROOT / ".github")) == ""


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    broken = tmp_path / ".github" / "workflows" / "broken.yml"
    broken.parent.mkdir(parents=True)
    text = (FOLDER / "sweep.yml").read_text()
    broken.write_text(text.replace("--github", "--open ${{ github.head_ref }}"))
    assert "template-injection" in said(bin_of("zizmor"), "--offline", "--no-progress", str(broken))


def test_every_foreign_action_is_pinned_by_its_commit() -> None:
    """A tag can be moved to other code; a commit cannot. The version stands beside it for people."""
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
    assert [
        (where, uses) for where, uses in used() if not (pinned.fullmatch(uses) or uses.startswith(SELF))
    ] == []
    lines = [line for path in (*FILES, PREPARE) for line in path.read_text().splitlines() if "@" in line]
    assert [line for line in lines if "uses:" in line and not re.search(r"@[0-9a-f]{40} # v\d", line)] == []


def test_an_action_has_one_version_everywhere() -> None:
    foreign = {uses for _, uses in used() if not uses.startswith(SELF)}
    assert len(foreign) == len({uses.partition("@")[0] for uses in foreign})


def test_an_own_action_is_there() -> None:
    own = {uses.removeprefix(SELF) for _, uses in used() if uses.startswith(SELF)}
    assert [path for path in own if not (ROOT / path / "action.yml").exists()] == []


def test_the_pulumi_command_is_of_the_version_of_the_locked_package() -> None:
    [step] = [one for one in read(PREPARE)["runs"]["steps"] if one["uses"].startswith("pulumi/")]
    assert (
        f"\npulumi=={step['with']['pulumi-version']} " in (ROOT / "requirements" / "program.txt").read_text()
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_gives_no_right_that_a_job_does_not_name(path: Path) -> None:
    assert read(path)["permissions"] == {}


MAIN = {"push": {"branches": ["main"]}}
ON = {
    "pull-request": {"pull_request": None},
    "review": {
        "pull_request": {"types": ["labeled", "synchronize", "reopened", "unlabeled", "closed"]},
    },
    "sweep": {"schedule": [{"cron": "17 * * * *"}], "workflow_dispatch": None},
    "deploy": {**MAIN, "workflow_dispatch": None},
    "bake": {**MAIN, "schedule": [{"cron": "40 4 * * 0"}], "workflow_dispatch": None},
    "drift": {"schedule": [{"cron": "5 6 * * *"}], "workflow_dispatch": None},
    "retire": {"schedule": [{"cron": "30 5 * * 1"}], "workflow_dispatch": None},
}


@pytest.mark.parametrize("name", ON)
def test_a_workflow_starts_when_the_document_says(name: str) -> None:
    assert read(FOLDER / f"{name}.yml")["on"] == ON[name]
    rows = (ROOT / "docs" / "workflows.md").read_text().splitlines()
    assert [row for row in rows if row.startswith(f"| `{name}` |")]


@each()
def test_a_job_names_its_rights_and_its_time(one: Job) -> None:
    assert set(one.document["permissions"]) <= PERMISSIONS
    assert one.document["permissions"]["contents"] in ("read", "write")
    assert 0 < one.document["timeout-minutes"] <= LONGEST_JOB_MINUTES


@each()
def test_a_job_may_write_only_for_what_it_runs(one: Job) -> None:
    """An identity for roles that it takes; the pull request for a comment; the repository for a proposal."""
    text, given = "\n".join(one.runs), one.document["permissions"]
    takes_role = any("role" in step.get("with", {}) for step in one.steps)
    assert (given.get("id-token") == "write") == takes_role
    assert (given.get("contents") == "write") == ("release propose" in text)
    wanted = "write" if re.search("release (propose|comment)", text) else None
    assert given.get("pull-requests") == (wanted or ("read" if "--github" in text else None))


def test_there_is_no_stored_key() -> None:
    """Roles are assumed by the job's own identity; GitHub's token is the run's own and ends with it."""
    for path in (*FILES, PREPARE):
        assert "secrets." not in path.read_text(), path.name


@each()
def test_the_repositorys_token_is_not_left_in_the_checkout(one: Job) -> None:
    [checkout] = [step for step in one.steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["persist-credentials"] is False


@each()
def test_a_step_has_its_command_in_a_line_and_its_values_in_variables(one: Job) -> None:
    for run in one.runs:
        assert run.startswith("scripts/"), run
        assert "\n" not in run, run
        assert "${{" not in run, "a value in the command's text is run as code"


@each([one for one in ALL if one.environment is None])
def test_a_job_without_an_environment_takes_a_role_for_previews_only(one: Job) -> None:
    roles = [step["with"]["role"] for step in one.steps if "role" in step.get("with", {})]
    assert [role for role in roles if not role.endswith(".preview }}")] == []
    assert not re.search("release (up|review|bake|retire)", "\n".join(one.runs))


def conditions(one: Job) -> str:
    """What must hold for the job: its own condition, and those of the jobs that it needs."""
    needs = one.document.get("needs") or []
    before = [job(one.path.name, name) for name in ([needs] if isinstance(needs, str) else needs)]
    return " && ".join([str(one.document.get("if", "true")), *map(conditions, before)])


@each([one for one in ALL if any("role" in step.get("with", {}) for step in one.steps)])
def test_a_job_with_a_role_is_left_out_where_no_roles_are_set_up(one: Job) -> None:
    """A repository without an account still runs its tests."""
    assert "vars.ROLES != ''" in conditions(one)


@each([one for one in ALL if one.environment in {"staging", "prod", "images", "${{ inputs.environment }}"}])
def test_a_deploy_is_of_main(one: Job) -> None:
    assert "github.ref == 'refs/heads/main'" in conditions(one)


@each(
    [
        one
        for one in ALL
        if "pull_request" in read(one.path)["on"] and one.document["permissions"].get("id-token")
    ]
)
def test_a_fork_gets_no_identity(one: Job) -> None:
    assert "github.event.pull_request.head.repo.full_name == github.repository" in conditions(one)


def test_no_workflow_runs_a_strangers_branch_with_rights() -> None:
    for path in FILES:
        assert {"pull_request_target", "workflow_run", "issue_comment"} & set(read(path)["on"]) == set(), (
            path.name
        )
