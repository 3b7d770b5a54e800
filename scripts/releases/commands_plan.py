"""The command `plan`: what a release would do, before anything starts. It changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.releases import digests, plan, plan_show, plan_workload, prices, show
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError
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
    typer.Option("--image", metavar="IMAGE", help="This image instead of the configured one."),
]
ServiceOption = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="Only this service; --image is for it alone then."),
]
WorkloadOption = Annotated[
    str | None,
    typer.Option("--workload", metavar="NAME", help="Only this workload; --image is a digest for it then."),
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
    workload: WorkloadOption = None,
    table: PricesOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Say what a release of ENV would do: batches, minutes, servers, pods, cost, and how a failure ends."""
    with errors_as_json(json):
        where = find_project(context, directory)
        config = where.config(environment)
        _check(config, image, service, workload)
        known = prices.read(table or prices.OWN)
        made = plan.Plan(environment, (), {}, (), ())
        if workload is None and (config.services or not config.workloads):
            made = plan.make(reach(where, environment), known, plan.Request(environment, image, service))
        if config.workloads and service is None and (workload is not None or image is None):
            alone = workload is not None or not config.services
            asked = plan_workload.Request(workload, image, alone)
            made = made.with_workloads(plan_workload.make(where, config, asked))
    if json:
        show.as_json(plan_show.as_json(made))
    else:
        plan_show.as_text(made, known)


def _check(config: ConfigFile, image: str | None, service: str | None, workload: str | None) -> None:
    """Refuses what names nothing in the config."""
    if service is not None and workload is not None:
        raise RefusedError(f"plan --service {service} or --workload {workload}, not both at once")
    if service is not None:
        config.own(service)
    if workload is not None and not config.having(config.image_key(workload)):
        raise RefusedError(
            f"no workload of {config.environment} has the image {workload}: nothing is rolled out"
        )
    if image is not None:
        (digests.checked if workload is not None else checked)(image, "--image")
