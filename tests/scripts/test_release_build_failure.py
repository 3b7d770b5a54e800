"""Why a build failed: as Image Builder's answer says it, or the records of its workflows, or its log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.releases import build_failure, builds
from scripts.releases.aws import Account
from scripts.releases.builds import Build
from tests.scripts.factory_pipeline import bring_up, change, start
from tests.scripts.factory_project import HOME, FactoryProject, factory_project


@pytest.fixture
def failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FactoryProject, Account, Build]]:
    """A build whose document failed."""
    with factory_project(tmp_path, monkeypatch) as project:
        for name, value in {key: value for key, value in project.variables.items() if value}.items():
            monkeypatch.setenv(name, value)
        change(project, "echo no room >&2; exit 7")
        arn = start(project, bring_up(project))
        project.cloud.step(1200)
        account = Account(HOME)
        yield project, account, builds.get(account, arn)


def test_the_step_of_the_document_says_why(failed: tuple[FactoryProject, Account, Build]) -> None:
    _, account, build = failed
    found = build_failure.of(account, build)
    assert found.step == "ApplyBuildComponents"
    assert found.message == "component service-thing, phase build, step make: no room exit status 7"
    assert "CmdExecution: Stderr: no room" in found.log


def test_without_a_context_the_workflows_record_says_why(
    failed: tuple[FactoryProject, Account, Build],
) -> None:
    _, account, build = failed
    found = build_failure.of(account, replace(build, failure={}))
    assert found.step == "ApplyBuildComponents"
    assert found.message.startswith("Document arn:")
    assert found.message.endswith(" failed!")


def test_a_record_that_may_not_be_read_leaves_the_builds_own_reason(
    failed: tuple[FactoryProject, Account, Build],
) -> None:
    project, account, build = failed
    project.cloud.fault("ListWorkflowExecutions", error="AccessDeniedException")
    found = build_failure.of(account, replace(build, failure={}))
    assert (found.step, found.message) == ("", build.reason)
    assert build.reason.startswith("Workflow Execution ID: ")
    refused = build_failure.of(account, replace(build, failure={}, reason=""))
    assert refused.message.startswith("AWS refused ListWorkflowExecutions: AccessDenied")


def test_a_log_that_may_not_be_read_is_said_and_hides_nothing(
    failed: tuple[FactoryProject, Account, Build],
) -> None:
    project, account, build = failed
    project.cloud.fault("GetLogEvents", error="AccessDeniedException")
    found = build_failure.of(account, build)
    assert found.step == "ApplyBuildComponents"
    assert [line.split(": ")[0] for line in found.log] == ["the log cannot be read"]


def test_a_build_without_a_log_shows_none(failed: tuple[FactoryProject, Account, Build]) -> None:
    _, account, build = failed
    assert build_failure.of(account, replace(build, log_group="/nowhere")).log == ()


def test_a_log_is_shown_from_its_end_without_what_would_redraw_a_terminal(
    failed: tuple[FactoryProject, Account, Build],
) -> None:
    project, account, build = failed
    logs = project.client("logs")
    now = int(project.cloud.world.clock.date(project.cloud.world.clock.now()).timestamp() * 1000)
    events = [{"timestamp": now, "message": f"line {number}\n\n\x1b[2Jmore"} for number in range(40)]
    logs.put_log_events(logGroupName=build.log_group, logStreamName=build.log_stream, logEvents=events)
    log = build_failure.of(account, build).log
    assert len(log) == build_failure.LOG_LINES
    assert log[-2:] == ("line 39", "[2Jmore")


def test_a_distribution_that_failed_says_so_for_each_region(
    failed: tuple[FactoryProject, Account, Build],
) -> None:
    _, account, build = failed
    regions = [
        {"region": "eu-west-1", "errorMessage": "no such key"},
        {"region": "us-east-1", "status": "TIMED_OUT"},
    ]
    context = {
        "failedStep": "DistributeImage",
        "distributionFailure": {"errorMessage": "2 of 3 failed", "regionFailures": regions},
    }
    found = build_failure.of(account, replace(build, failure=context))
    assert found.step == "DistributeImage"
    assert found.message == "2 of 3 failed; eu-west-1: no such key; us-east-1: TIMED_OUT"


def test_a_component_without_a_message_is_named_all_the_same(
    failed: tuple[FactoryProject, Account, Build],
) -> None:
    _, account, build = failed
    component = {
        "componentArn": "arn:aws:imagebuilder:r:1:component/service-base/1.2.3/1",
        "phaseName": "test",
    }
    context = {"failedStep": "ApplyTestComponents", "componentFailure": {**component, "stepName": "no-sshd"}}
    found = build_failure.of(account, replace(build, failure=context))
    assert found.message == "component service-base, phase test, step no-sshd: it gives no reason"
