"""The commands around a rollout: `watch`, `cancel` and `rollback-refresh`; `plan` is in `commands_plan`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from scripts.releases import groups, members, rollout, rollout_show, show
from scripts.releases.aws import Account
from scripts.releases.errors import ReleaseError, one_line
from scripts.releases.groups import Group, Groups
from scripts.releases.options import Environment, JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.reach import Reached, reach
from scripts.releases.refreshes import Refresh
from scripts.releases.rollout import Outcome
from scripts.releases.rollout_show import Follower
from scripts.releases.scene import Scene

OneService = Annotated[
    str | None, typer.Option("--service", metavar="NAME", help="Only this service; default: every one.")
]
Stop = Callable[[Account, str, Iterable[Group]], list[tuple[Group, Refresh]]]


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command()(watch)
    app.command()(cancel)
    app.command("rollback-refresh")(rollback_refresh)


def watch(
    context: typer.Context,
    environment: Environment,
    service: OneService = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Follow ENV's running refreshes to their end; exit code 0 when all succeeded or none runs, else 1."""
    with errors_as_json(json):
        reached, found = _groups(context, environment, service, directory)
        account = reached.account
        going = rollout.running(account, found.all)
        if not going and not json:
            print(f"no refresh is running in {environment}")
        with Follower(quiet=json, scene=Scene(account, reached.state)) as look:
            ended = rollout.follow(account, going, look)
    _finish(account, ended, json, "Successful", {"environment": environment})


def cancel(
    context: typer.Context,
    environment: Environment,
    service: OneService = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Stop ENV's running refreshes where they are (CancelInstanceRefresh); nothing is undone."""
    _stop(context, environment, service, directory, json, rollout.cancel, "Cancelled")


def rollback_refresh(
    context: typer.Context,
    environment: Environment,
    service: OneService = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Put the servers from before ENV's running refreshes back (RollbackInstanceRefresh)."""
    _stop(context, environment, service, directory, json, rollout.roll_back, "RollbackSuccessful")


def _groups(
    context: typer.Context,
    environment: str,
    service: str | None,
    directory: Any,
    *,
    certain: bool = False,
) -> tuple[Reached, Groups]:
    """The environment, and the groups; on standard error what is doubtful, unless `certain` refuses."""
    reached = reach(find_project(context, directory), environment)
    found = reached.groups.of(service)
    if certain:
        found.certain()
    for line in reached.remarks:
        print(one_line(f"note: {line}"), file=sys.stderr)
    return reached, found


def _stop(
    context: typer.Context,
    environment: str,
    service: str | None,
    directory: Any,
    json: bool,
    stop: Stop,
    wanted: str,
) -> None:
    """Stops what runs, follows it to its end, and says what the servers run then."""
    with errors_as_json(json):
        reached, found = _groups(context, environment, service, directory, certain=True)
        account = reached.account
        going = stop(account, environment, found.all)
        with Follower(quiet=json, scene=Scene(account, reached.state)) as look:
            ended = rollout.follow(account, going, look)
    _finish(account, ended, json, wanted, {"environment": environment})
    if not json:
        print(f"the config is as it was: the next `pulumi up -s {environment}` starts a refresh to its image")
        print(f"to keep the image before, put it back there first: scripts/release rollback {environment}")


def _finish(
    account: Account, ended: list[Outcome], json: bool, wanted: str, document: dict[str, Any]
) -> None:
    """Says how each refresh ended and what runs now.

    Raises:
        ReleaseError: one of them ended otherwise than `wanted`.
    """
    bad = [outcome for outcome in ended if outcome.refresh.status != wanted]
    rows = []
    for outcome in ended:
        now = members.of(account, groups.again(account, outcome.group))
        rows.append(
            {
                "service": outcome.group.service,
                "group": outcome.group.name,
                "refresh": rollout_show.refresh_json(outcome.refresh),
                "runs": members.counted(now),
            }
        )
        if not json:
            print(rollout_show.ending(outcome))
            print(f"{outcome.group.service} runs {members.runs(now)}")
    if json:
        show.as_json({"ok": not bad, **document, "refreshes": rows})
    if bad:
        raise ReleaseError("; ".join(map(rollout_show.ending, bad)))
