"""The commands around a rollout: `watch`, `cancel` and `rollback-refresh`; `plan` is in `commands_plan`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import typer

from scripts.releases import (
    groups,
    members,
    rollout,
    rollout_show,
    show,
    workloads,
    workloads_show,
    workloads_watch,
)
from scripts.releases.aws import Account
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.groups import Group, Groups
from scripts.releases.options import Environment, JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.reach import Reached, reach
from scripts.releases.refreshes import Refresh
from scripts.releases.rollout import Outcome
from scripts.releases.rollout_show import Follower
from scripts.releases.scene import Scene
from scripts.releases.workloads import Cluster, Live

OneService = Annotated[
    str | None, typer.Option("--service", metavar="NAME", help="Only this service; default: every one.")
]
OneWorkload = Annotated[
    str | None, typer.Option("--workload", metavar="NAME", help="Only the rollout of this workload.")
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
    workload: OneWorkload = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Follow ENV's running refreshes and rollouts to their end; exit code 0 unless one of them fails."""
    account: Account | None = None
    followed: list[rollout.Following] = []
    with errors_as_json(json):
        config = find_project(context, directory).config(environment)
        if workload is not None:
            config.image_key(workload)
            if service is not None:
                raise RefusedError(f"watch --service {service} or --workload {workload}, not both at once")
        pods = _rollouts(context, config, workload, directory) if service is None else None
        scene = None
        going: list[tuple[Group, Refresh]] = []
        if workload is None and (config.services or pods is None):
            reached, found = _groups(context, environment, service, directory)
            account, scene = reached.account, Scene(reached.account, reached.state)
            going = rollout.running(account, found.all)
        if not json and not going and not (pods and pods[1]):
            names = [*(["refresh"] if account else []), *(["rollout"] if pods else [])]
            print(f"no {' and no '.join(names)} is running in {environment}")
        with Follower(quiet=json, scene=scene) as look:
            followed = [] if account is None else [rollout.Following(account, going, look)]
            rollouts = [workloads_watch.Following(*pods, look.workload)] if pods else []
            rollout.to_the_end(*followed, *rollouts)
    refreshes = [outcome for each in followed for outcome in each.ended]
    ended = [outcome for each in rollouts for outcome in each.ended]
    _finish(account, refreshes, json, "Successful", {"environment": environment}, ended)


def _rollouts(
    context: typer.Context, config: ConfigFile, workload: str | None, directory: Any
) -> tuple[Cluster, list[Live]] | None:
    """The cluster and what is rolled out there; None where there is no cluster to ask.

    With services to follow beside, a cluster that cannot be asked is a note.
    """
    if not config.workloads:
        return None
    try:
        cluster = workloads.reach(find_project(context, directory), config.environment)
        return cluster, [each for each in workloads.look(cluster, workload) if each.running]
    except ReleaseError as error:
        if workload is not None or not config.services:
            raise
        print(one_line(f"note: workloads are not followed: {error}"), file=sys.stderr)
        return None


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
    account: Account | None,
    ended: list[Outcome],
    json: bool,
    wanted: str,
    document: dict[str, Any],
    rollouts: Sequence[workloads_watch.Outcome] = (),
) -> None:
    """Says how each refresh and each rollout ended and what runs now. Only refreshes need an `account`.

    Raises:
        ReleaseError: one of them ended otherwise than `wanted`.
    """
    bad = [rollout_show.ending(outcome) for outcome in ended if outcome.refresh.status != wanted]
    bad += [outcome.text for outcome in rollouts if not outcome.succeeded]
    rows = []
    for outcome in ended:
        assert account is not None  # noqa: S101 - it told of the refresh
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
        told = [outcome.as_json() for outcome in rollouts]
        show.as_json({"ok": not bad, **document, "refreshes": rows, "rollouts": told})
    else:
        for ending in rollouts:
            print(one_line(ending.text))
            print(f"{ending.live.name} runs {workloads_show.runs(ending.live.pods)}")
    if bad:
        raise ReleaseError("; ".join(bad))
