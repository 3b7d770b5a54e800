"""The command `cost`: what an environment costs a month. It reads state and prices, and asks AWS nothing."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from scripts.releases import backend, cost, cost_show, prices, show
from scripts.releases.commands_plan import PricesOption
from scripts.releases.errors import RefusedError
from scripts.releases.options import (
    Environment,
    JsonOption,
    ProjectOption,
    errors_as_json,
    find_project,
)

LogsOption = Annotated[
    float | None,
    typer.Option("--log-gib", metavar="GIB", help="What the servers log in a month, to count that too."),
]


def add(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("cost")(estimate_cost)


def estimate_cost(
    context: typer.Context,
    environment: Environment,
    table: PricesOption = None,
    log_gib: LogsOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Say what ENV costs a month, by part: with the fewest servers and the most, hours asleep left out."""
    with errors_as_json(json):
        where = find_project(context, directory)
        config = where.config(environment)
        if log_gib is not None and not 0 <= log_gib < float("inf"):
            raise RefusedError(f"--log-gib: {log_gib} is no amount; write GiB a month, such as 50")
        if config.region is None:
            raise RefusedError(f"{config.path.name} has no aws:region, and prices are a region's; add it")
        known = prices.read(table or prices.OWN)
        resources = backend.choose(where, os.environ).resources(environment)
        made = cost.make(environment, config.region, resources, known, log_gib)
    if json:
        show.as_json(cost_show.as_json(made))
    else:
        cost_show.as_text(made)
