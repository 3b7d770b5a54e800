"""The commands as a user meets them: lines, tables, JSON and exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.releases import change
from scripts.releases.project import ROOT
from tests.scripts.account import PASSED
from tests.scripts.release_project import CONFIG, NEW, OLD, OTHER, Finished, ReleaseProject, service

REGION = "config:\n  aws:region: eu-central-1"


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    made = ReleaseProject(tmp_path)
    made.configure("staging", NEW)
    made.runs("staging", NEW, previous=OLD)
    made.runs("prod", OLD)
    return made


def process(project: ReleaseProject, *arguments: str, **variables: str) -> Finished:
    """Runs the real command in a process of its own, from the project's directory."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.releases", *arguments],
        cwd=project.directory,
        env={**os.environ, **project.variables, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def test_the_wrapper_runs_from_any_directory_and_leaves_relative_paths_to_the_caller(
    project: ReleaseProject,
) -> None:
    if not (ROOT / ".venv").is_dir():
        pytest.skip("needs .venv, which scripts/setup makes")
    done = subprocess.run(
        [ROOT / "scripts" / "release", "promote", "staging", "prod", "--project", "project"],
        cwd=project.directory.parent,
        env={**os.environ, **project.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert project.file("prod").read_text() == CONFIG.format(name="prod", image=NEW)


def test_a_refusal_is_one_line_and_exit_code_2(project: ReleaseProject) -> None:
    done = process(project, "promote", "staging", "production", "--project", ".")
    assert (
        done.refusal == f"there is no environment 'production' in {project.directory}; known: prod, staging"
    )
    assert done.out == ""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "Missing command. (see --help)"),
        (["frobnicate"], "No such command 'frobnicate'. (see --help)"),
        (["promote", "staging"], "Missing argument 'TO'. (see --help)"),
        (["promote", "a", "b", "c"], "Got unexpected extra argument"),
        (["promote", "staging", "prod", "--force"], "No such option: --force"),
        (["status", "--project"], "Option '--project' requires an argument. (see --help)"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    project: ReleaseProject, arguments: list[str], line: str
) -> None:
    assert process(project, *arguments).refusal.startswith(line)


@pytest.mark.parametrize("command", [[], ["promote"], ["rollback"], ["set-image"], ["status"]])
def test_every_command_explains_itself(project: ReleaseProject, command: list[str]) -> None:
    done = process(project, *command, "--help")
    assert done.code == 0
    assert "--project" in done.out


def test_the_project_may_be_named_before_or_after_the_command(
    project: ReleaseProject, tmp_path: Path
) -> None:
    directory = str(project.directory)
    assert process(project, "--project", directory, "status").code == 0
    refusal = process(project, "--project", directory, "status", "--project", str(tmp_path)).refusal
    assert refusal == (
        f"{tmp_path}/Pulumi.yaml cannot be read: No such file or directory; "
        "name the project with --project DIR"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("runtime: python\n", "the project has no name"),
        ("name: [\n", "line 2, column 1: "),
        ("\xff", "codec"),
    ],
)
def test_a_project_file_that_does_not_name_it_is_refused(
    project: ReleaseProject, text: str, reason: str
) -> None:
    (project.directory / "Pulumi.yaml").write_text(text, encoding="latin-1")
    refusal = project.refused("status")
    assert refusal.startswith(f"{project.directory}/Pulumi.yaml: ")
    assert reason in refusal


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"config: [", "Pulumi.prod.yaml: line 1, column 10: "),
        (b"config: \xff\n", "Pulumi.prod.yaml is not UTF-8 text (byte 8)"),
        (b"config:\n  a: 1\n  a: 2\n", "Pulumi.prod.yaml: line 3: the key 'a' is there twice"),
    ],
)
def test_a_config_file_that_cannot_be_read_is_refused(
    project: ReleaseProject, content: bytes, reason: str
) -> None:
    project.file("prod").write_bytes(content)
    for command in (["promote", "staging", "prod"], ["set-image", "prod", NEW], ["status", "prod"]):
        assert project.refused(*command).startswith(reason)


@pytest.mark.parametrize(
    "image", ["my-image", "ami-xyz", "resolve:ssm:/a", "ami-0123456789abcdef01", "ami-\n"]
)
def test_set_image_takes_an_ami_id_and_nothing_else(project: ReleaseProject, image: str) -> None:
    assert project.refused("set-image", "staging", image) == (
        f"AMI: {image!r} is not an AMI ID; give ami- and 8 or 17 hexadecimal digits in lower case"
    )


@pytest.mark.parametrize("image", [OTHER, "ami-01234567"])
def test_set_image_needs_no_state(project: ReleaseProject, image: str) -> None:
    done = project.run("set-image", "staging", image, variables={"PULUMI_BACKEND_URL": None, "PATH": ""})
    assert (done.code, done.error) == (0, "")
    assert project.file("staging").read_text() == CONFIG.format(name="staging", image=image)


def test_a_dry_run_prints_the_diff_and_writes_nothing(project: ReleaseProject) -> None:
    before = project.files()
    done = project.run("promote", "staging", "prod", "--dry-run")
    assert done.code == 0
    assert done.out.startswith("--- a/Pulumi.prod.yaml\n+++ b/Pulumi.prod.yaml\n@@ ")
    changed = [line for line in done.out.splitlines()[2:] if line.startswith(("-", "+"))]
    assert changed == [
        f"-  immutable:imageId: {OLD}   # one line changes",
        f"+  immutable:imageId: {NEW}   # one line changes",
    ]
    assert project.files() == before


def test_a_diff_says_where_the_last_newline_is_missing(project: ReleaseProject) -> None:
    project.file("prod").write_bytes(f"{REGION}\r\n  immutable:imageId: {OLD}".encode())
    done = process(project, "set-image", "prod", NEW, "--dry-run", "--project", ".")
    assert done.out.endswith(f"+  immutable:imageId: {NEW}\n\\ No newline at end of file\n")
    project.file("prod").write_bytes(f"{REGION}\n  immutable:imageId: {OLD}\n".encode())
    done = process(project, "set-image", "prod", NEW, "--dry-run", "--project", ".")
    assert done.out.endswith(f"+  immutable:imageId: {NEW}\n")


def test_a_change_as_json(project: ReleaseProject) -> None:
    document = project.json("promote", "staging", "prod", "--dry-run")
    assert document.pop("diff").count(NEW) == 1
    expected = {
        "ok": True,
        "environment": "prod",
        "service": None,
        "workload": None,
        "file": "Pulumi.prod.yaml",
        "before": OLD,
        "image": NEW,
        "changed": True,
        "dryRun": True,
        "preflight": f"{NEW}: {PASSED}",
    }
    assert document == expected
    assert project.json("promote", "staging", "prod")["dryRun"] is False
    again = project.json("promote", "staging", "prod")
    assert (again["changed"], again["before"], again["image"], again["diff"]) == (False, NEW, NEW, "")
    assert again["preflight"] is None


@pytest.mark.parametrize(
    "command", [["promote", "x", "prod"], ["rollback", "x"], ["set-image", "prod", "x"], ["status", "x"]]
)
def test_a_refusal_as_json_is_on_standard_output_too(project: ReleaseProject, command: list[str]) -> None:
    done = project.run(*command, "--json")
    assert json.loads(done.out) == {"ok": False, "error": done.refusal}


def test_status_compares_config_and_fleet_of_every_environment(project: ReleaseProject) -> None:
    project.configure("prod", NEW)
    project.state("prod", {"web": service(NEW), "api": service(OLD, status="Failed", reason="alarm [x]")})
    nothing_new = service(NEW, reason=f"every server already runs {NEW}")
    project.state("staging", {"web": nothing_new, "api": nothing_new})
    done = project.run("status")
    assert (done.code, done.error) == (0, "")
    cells = [re.split(" {2,}", row) for row in done.out.splitlines()]
    assert cells == [
        ["environment", "service", "configured", "runs", "version", "last refresh", "agrees"],
        ["prod", "web", NEW, NEW, "3", "Successful", "yes"],
        ["prod", "api", NEW, OLD, "3", "Failed (alarm [x])", "no"],
        ["staging", "web", NEW, NEW, "3", "Successful", "yes"],
        ["staging", "api", NEW, NEW, "3", "Successful", "yes"],
        [f"prod: {NEW} ran in staging (now)"],
        [f"staging: {NEW} ran in prod (now)"],
    ]


def test_status_of_one_environment_still_asks_the_others_where_its_image_ran(project: ReleaseProject) -> None:
    done = project.run("status", "prod")
    assert "staging  " not in done.out
    assert done.out.splitlines()[-1] == f"prod: {OLD} ran in staging (before)"
    assert project.json("status", "prod")["environments"][0]["ranIn"] == {"staging": "before"}
    project.configure("prod", OTHER)
    assert project.run("status", "prod").out.splitlines()[-1] == (
        f"prod: {OTHER} is not known to have run in another environment"
    )


def test_status_as_json(project: ReleaseProject) -> None:
    project.state("prod", {"web": service(OLD, previous=OTHER), "gone": service(OTHER)})
    document = project.json("status", "prod")
    refresh = {"id": "refresh-1", "status": "Successful", "reason": ""}
    fleet = {"launchTemplateVersion": 3, "refresh": refresh}
    absent = {"running": None, "previousImage": None, "launchTemplateVersion": None, "refresh": None}
    assert document == {
        "ok": True,
        "environments": [
            {
                "environment": "prod",
                "image": OLD,
                "agrees": False,
                "ranIn": {"staging": "before"},
                "problem": None,
                "services": {
                    "web": {
                        "configured": OLD, "running": OLD, "previousImage": OTHER, "agrees": True, **fleet,
                    },
                    "api": {"configured": OLD, "agrees": False, **absent},
                    "gone": {
                        "configured": None, "running": OTHER, "previousImage": None, "agrees": False, **fleet,
                    },
                },
                "workloads": {},
            }
        ],
    }  # fmt: skip


def test_status_of_an_environment_that_is_not_up_is_no_error(project: ReleaseProject) -> None:
    (project.stacks / "prod.json").unlink()
    done = project.run("status", "prod")
    assert (done.code, done.error) == (0, "")
    assert f"prod: prod has no stack in {project.backend}; run `pulumi up -s prod` first\n" in done.out
    assert project.json("status", "prod")["environments"][0]["agrees"] is False


def test_status_shows_the_others_beside_a_damaged_one_and_exits_with_2(project: ReleaseProject) -> None:
    (project.stacks / "prod.json").write_text("{")
    done = project.run("status")
    assert "is damaged" in done.refusal
    assert "Successful    yes" in done.out
    done = project.run("status", "--json")
    assert json.loads(done.out)["ok"] is False
    assert done.code == 2
    project.file("prod").write_text("config: [")
    assert project.run("status").refusal.startswith("prod: Pulumi.prod.yaml: line 1, column 10: ")
    environments = json.loads(project.run("status", "--json").out)["environments"]
    assert [each["agrees"] for each in environments] == [False, True]


def test_the_right_image_after_a_refresh_that_did_not_end_well_does_not_agree(
    project: ReleaseProject,
) -> None:
    project.state("prod", {"web": service(OLD, status="Failed"), "api": service(OLD)})
    services = project.json("status", "prod")["environments"][0]["services"]
    assert {name: each["agrees"] for name, each in services.items()} == {"web": False, "api": True}


def test_status_leaves_out_stacks_that_run_no_servers(project: ReleaseProject) -> None:
    (project.directory / "Pulumi.images.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    assert [each["environment"] for each in project.json("status")["environments"]] == ["prod", "staging"]


def test_a_terminal_gets_a_table(project: ReleaseProject) -> None:
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.releases", "status", "--project", str(project.directory)],
        cwd=ROOT,
        env={**os.environ, **project.variables, "TERM": "xterm", "COLUMNS": "160"},
        stdout=side,
    ) as running:
        os.close(side)
        shown = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert running.wait(timeout=120) == 0
    os.close(main)
    assert "service" in shown.decode()
    assert "│ staging     │ web     │" in shown.decode()
    assert f"│ {NEW} │" in shown.decode()


def test_control_characters_in_a_reason_do_not_reach_the_terminal(project: ReleaseProject) -> None:
    project.state("prod", {"web": service(OLD, status="Failed", reason="\x1b[31mred\x07")})
    project.state("staging", {"\x1b[31mweb": service("\x1b[31mami")})
    assert "\x1b" not in project.run("status").out
    assert "\x1b" not in project.refused("promote", "prod", "staging")


def test_ctrl_c_is_one_line(project: ReleaseProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(change, "make", interrupted)
    done = project.run("set-image", "prod", NEW)
    assert done.code == 128 + signal.SIGINT
    assert done.error == "release: interrupted; a config file is changed wholly or not at all: see status\n"


def test_a_reader_that_has_seen_enough_is_no_traceback(project: ReleaseProject) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "scripts.releases", "status", "--project", str(project.directory)],
        cwd=ROOT,
        env={**os.environ, **project.variables},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_terminal_without_unicode_gets_the_words_all_the_same(project: ReleaseProject) -> None:
    project.file("prod").write_text(f"# über\n{REGION}\n  immutable:imageId: {OLD}\n")
    done = process(project, "set-image", "prod", NEW, "--dry-run", "--project", ".", PYTHONIOENCODING="ascii")
    assert done.code == 0
    assert " # \\xfcber\n" in done.out
