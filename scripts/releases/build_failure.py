"""Why a build failed: the step of Image Builder's workflow that did, and the last lines of its log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.builds import Build
from scripts.releases.errors import one_line

#: Lines of the log that are shown: a failing command's output, and what the document runner says around it.
LOG_LINES = 25
FAILED = "FAILED"


@dataclass(frozen=True)
class Failure:
    """What is known of it. `step` and `message` are Image Builder's own words, "" where it says none; `log`
    are the last lines, none where there is no log.
    """

    step: str
    message: str
    log: tuple[str, ...]


def of(account: Account, build: Build) -> Failure:
    """Why the build failed. What AWS refuses to say is said in its place: the failure itself must be seen."""
    step = str(build.failure.get("failedStep") or "")
    message = _component(build.failure) or _distribution(build.failure)
    try:
        if not step or not message:
            found, said = _step(account, build)
            step, message = step or found, message or said or build.reason
    except AwsError as error:
        message = message or build.reason or str(error)
    try:
        log = tuple(_log(account, build.log_group, build.log_stream))
    except AwsError as error:
        log = () if error.code == "ResourceNotFoundException" else (f"the log cannot be read: {error}",)
    return Failure(step, one_line(message), log)


def _component(context: Mapping[str, Any]) -> str:
    """The step of a component document that failed, and what it said."""
    found = context.get("componentFailure") or {}
    if not found:
        return ""
    name = str(found.get("componentArn") or "?").split("/")[1:2] or ["?"]
    where = f"component {name[0]}, phase {found.get('phaseName')}, step {found.get('stepName')}"
    return f"{where}: {found.get('errorMessage') or 'it gives no reason'}"


def _distribution(context: Mapping[str, Any]) -> str:
    """What went wrong on the way to the regions."""
    found = context.get("distributionFailure") or {}
    regions = [
        f"{each.get('region')}: {each.get('errorMessage') or each.get('status')}"
        for each in found.get("regionFailures") or ()
    ]
    return "; ".join([*filter(None, [found.get("errorMessage")]), *regions])


def _step(account: Account, build: Build) -> tuple[str, str]:
    """The name of the workflow's step that failed and its message, as the workflows' records have them."""
    said = ""
    for execution in _pages(
        account, "list_workflow_executions", "workflowExecutions", imageBuildVersionArn=build.arn
    ):
        said = said or (str(execution.get("message") or "") if execution.get("status") == FAILED else "")
        which = {"workflowExecutionId": execution["workflowExecutionId"]}
        for step in _pages(account, "list_workflow_step_executions", "steps", **which):
            if step.get("status") == FAILED:
                return str(step.get("name") or ""), str(step.get("message") or said)
    return "", said


def _pages(account: Account, operation: str, key: str, **which: Any) -> Iterator[dict[str, Any]]:
    with errors():
        for page in account.client("imagebuilder").get_paginator(operation).paginate(**which):
            yield from page[key]


def _log(account: Account, group: str, stream: str) -> Iterator[str]:
    """The end of the log; a line of it may hold anything, also what would redraw a terminal."""
    with errors():
        found = account.client("logs").get_log_events(
            logGroupName=group, logStreamName=stream, limit=LOG_LINES, startFromHead=False
        )
    lines = [one_line(line) for event in found["events"] for line in event["message"].splitlines()]
    yield from [line for line in lines if line][-LOG_LINES:]
