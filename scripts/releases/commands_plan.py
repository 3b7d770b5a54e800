"""The command `plan`: what a release would do, before anything starts. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.releases import aws, groups, plan, plan_show, prices, show
from scripts.releases.errors import ReleaseError
from scripts.releases.images import checked
from scripts.releases.options import (
    Environment,
    JsonOption,
    ProjectOption,
    errors_as_json,
    find_project,
    fleet,
)
from scripts.releases.project import Project

ImageOption = Annotated[
    str | None,
    typer.Option("--image", metavar="AMI", help="This image instead of the configured one."),
]
ServiceOption = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="Only this service; --image is for it alone then."),
]
PricesOption = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="Another price table, in the form of prices.json."),
]


def add(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("plan")(plan_release)


def plan_release(
    context: typer.Context,
    environment: Environment,
    image: ImageOption = None,
    service: ServiceOption = None,
    table: PricesOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Say what a release of ENV would do: batches, minutes, servers, cost, and how a failure ends."""
    with errors_as_json(json):
        where = find_project(context, directory)
        config = where.config(environment)
        if image is not None:
            checked(image, "--image")
        if service is not None:
            config.own(service)
        known = prices.read(table or prices.OWN)
        account = aws.account(config)
        found = groups.find(account, where, environment, service)
        request = plan.Request(environment, image, service)
        exported, unread = _exported(where, environment)
        made = plan.make(account, config, found, exported, known, request, unread)
    if json:
        show.as_json(plan_show.as_json(made))
    else:
        plan_show.as_text(made, known)


def _exported(where: Project, environment: str) -> tuple[Mapping[str, Mapping[str, Any]], str | None]:
    """The preferences of the last `up` by service, or none and why the stack's state could not be read.

    A plan needs them for what the config leaves to its defaults. Without them the group's own policy counts,
    which is better than no plan: on the first `up` of all, or where nobody is logged in to the state.
    """
    try:
        services = fleet(where, environment).services
    except ReleaseError as error:
        return {}, str(error)
    return {name: state.refresh_preferences for name, state in services.items()}, None
