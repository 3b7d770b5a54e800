"""The commands about single servers: `quarantine`, `release-quarantine`, `replace` and `drift`."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from scripts.releases import (
    aws,
    backend,
    drift,
    drift_workloads,
    quarantine,
    quarantine_end,
    replacement,
    servers,
    show,
    workloads,
)
from scripts.releases.aws import Account
from scripts.releases.declared import Declared
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.findings import Drift
from scripts.releases.groups import Groups, survey
from scripts.releases.options import (
    Environment,
    JsonOption,
    ProjectOption,
    errors_as_json,
    find_project,
    fleet,
)
from scripts.releases.project import Project
from scripts.releases.reach import reach

DRIFT = 1

Instance = Annotated[str, typer.Argument(metavar="INSTANCE", help="Instance ID of a server of ENV.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Also when no other server is healthy, or none can be started.")
]


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command("quarantine")(quarantine_server)
    app.command("release-quarantine")(release_quarantine)
    app.command("replace")(replace_server)
    app.command("drift")(show_drift)


def _progress(json: bool) -> Callable[[str], None]:
    """Says what happens, on standard error: standard output is for the result. Silent for a program."""

    def say(line: str) -> None:
        if not json:
            print(one_line(line), file=sys.stderr, flush=True)

    return say


def _certain(where: Project, environment: str) -> tuple[Account, Groups]:
    """AWS, and the environment's groups without a doubt: what follows ends servers."""
    reached = reach(where, environment, witnessed=True)
    return reached.account, reached.groups.certain()


def quarantine_server(
    context: typer.Context,
    environment: Environment,
    instance: Instance,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What is wrong; becomes a tag.")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Kept until this day, as in 2030-12-31.")
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="N", help=f"Kept for N days (default {quarantine.DEFAULT_DAYS})."),
    ] = None,
    force: ForceOption = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Take a server out of service, cut it off from everything, and keep it and its volumes for study."""
    with errors_as_json(json):
        order = quarantine.Order(
            environment,
            servers.checked_id(instance),
            quarantine.checked_why(why),
            quarantine.last_day(until, days, datetime.now(UTC).date()),
            force,
        )
        account, groups = _certain(find_project(context, directory), environment)
        done = quarantine.quarantine(account, order, groups, _progress(json))
    if json:
        show.as_json(done.as_json(environment))
    else:
        print(
            f"{instance} of {done.service} is in quarantine until {done.until}: {one_line(done.why)}; "
            f"snapshots: {', '.join(done.snapshot_ids) or 'none'}"
        )


def release_quarantine(
    context: typer.Context,
    environment: Environment,
    instance: Instance,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Terminate a quarantined server. Its snapshots stay."""
    with errors_as_json(json):
        servers.checked_id(instance)
        account = aws.account(find_project(context, directory).config(environment))
        done = quarantine_end.release(account, environment, instance, _progress(json))
    if json:
        show.as_json(done.as_json(environment))
    else:
        print(f"{instance} is terminated; snapshots kept: {', '.join(done.snapshot_ids) or 'none'}")


def replace_server(
    context: typer.Context,
    environment: Environment,
    instance: Instance,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Becomes a tag.")] = None,
    minutes: Annotated[
        int | None,
        typer.Option("--timeout-minutes", metavar="N", help="Default: what hooks and checks allow, from 30."),
    ] = None,
    force: ForceOption = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Have ENV's group put a new server in the place of one, and wait until it serves."""
    with errors_as_json(json):
        servers.checked_id(instance)
        if minutes is not None and not 1 <= minutes <= 1440:
            raise RefusedError(f"--timeout-minutes {minutes} is not a number of minutes from 1 to 1440")
        reason = None if why is None else quarantine.checked_why(why)
        account, groups = _certain(find_project(context, directory), environment)
        done = replacement.replace(
            account,
            instance,
            groups,
            why=reason,
            force=force,
            limit_seconds=None if minutes is None else minutes * 60.0,
            say=_progress(json),
        )
    if json:
        show.as_json(done.as_json(environment))
    else:
        print(
            f"{instance} of {done.service} is replaced by {', '.join(done.new) or 'a server that was there'}"
        )


def show_drift(
    context: typer.Context,
    environment: Environment,
    max_age_days: Annotated[
        int | None,
        typer.Option("--max-age-days", metavar="N", help="Older ones are drift; default: the group's limit."),
    ] = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Show what is not as declared: exit code 1 when there is anything, 0 when there is nothing."""
    with errors_as_json(json):
        if max_age_days is not None and max_age_days < 1:
            raise RefusedError(f"--max-age-days {max_age_days} is not a number of days from 1 on")
        where = find_project(context, directory)
        config = where.config(environment)
        declared = Declared(where.name, config, fleet(where, environment))
        found = Drift()
        cluster = declared.state.cluster
        if declared.state.services or config.services or (cluster and cluster.node_group):
            account = aws.account(config)
            groups = survey(account, where.name, config, declared.state)
            found = drift.find(account, declared, groups, max_age_days, account.now())
        if declared.state.workloads:
            resources = backend.choose(where, os.environ).resources(environment) or []
            drift_workloads.find(workloads.reach(where, environment), resources, found)
    if json:
        show.as_json(found.as_json(environment))
    else:
        _drift_text(environment, found)
    if found.findings:
        raise typer.Exit(DRIFT)


def _drift_text(environment: str, found: Drift) -> None:
    for finding in found.findings:
        print(f"{finding.kind}: {one_line(finding.text)}")
    for note in found.notes:
        print(f"note: {one_line(note)}")
    what = f"{len(found.findings)} findings" if len(found.findings) != 1 else "1 finding"
    result = what if found.findings else "no drift"
    pods = f" and {found.pods} pods" if found.pods else ""
    print(f"{environment}: {result} among {found.servers} servers{pods}")
