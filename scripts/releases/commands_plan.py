"""The command `plan`: what a release would do, before anything starts. It changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.releases import plan, plan_show, prices, show
from scripts.releases.images import checked
from scripts.releases.options import (
    Environment,
    JsonOption,
    ProjectOption,
    errors_as_json,
    find_project,
)
from scripts.releases.reach import reach

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
        reached = reach(where, environment)
        made = plan.make(reached, known, plan.Request(environment, image, service))
    if json:
        show.as_json(plan_show.as_json(made))
    else:
        plan_show.as_text(made, known)
