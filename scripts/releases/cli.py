"""The commands of `scripts/release`, and how each of them ends: 0 done, 1 failed, 2 refused or bad input."""

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from scripts.releases import (
    backend,
    change,
    commands_comment,
    commands_cost,
    commands_delivery,
    commands_gate,
    commands_images,
    commands_plan,
    commands_preview,
    commands_retire,
    commands_review,
    commands_rollout,
    commands_servers,
    commands_source,
    copies,
    digests,
    live_show,
    preflight,
    promotion,
    registry,
    show,
    status,
    workloads_live,
    workloads_show,
)
from scripts.releases import live as live_environment
from scripts.releases.change import Request
from scripts.releases.config_file import ConfigFile, Owner, Workload
from scripts.releases.errors import RefusedError, ReleaseError, one_line
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
from scripts.releases.reach import reach

# Typer's wrong usage; the class has no public name of its own.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
INTERRUPTED = 130


class OneLineErrors(TyperGroup):
    """Ends every command with one line on standard error instead of a box or a traceback."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Runs the command line and exits with its code."""
        # A terminal without UTF-8 must not turn a message into an encoding error.
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        try:
            code = super().main(*arguments, **{**options, "standalone_mode": False})
            sys.stdout.flush()
        except UsageError as error:
            code = _say(f"{error.format_message()} (see --help)", RefusedError.exit_code)  # type: ignore[attr-defined]
        except ReleaseError as error:
            # One that tells of an interruption itself says more than the line below.
            sys.exit(_say(str(error), error.exit_code))
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        except BrokenPipeError:
            # Whoever reads has seen enough (`| head`); what is left to print must not fail at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = ReleaseError.exit_code
        except OSError as error:
            code = _say(
                f"{error.filename or 'the system'}: {error.strerror or error}", ReleaseError.exit_code
            )
        if code == INTERRUPTED:
            _say("interrupted; a config file is changed wholly or not at all: see status", code)
        sys.exit(code if isinstance(code, int) else 0)


def _say(message: str, code: int) -> int:
    print(f"release: {one_line(message)}", file=sys.stderr)
    return code


app = typer.Typer(
    cls=OneLineErrors,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Moves images between environments: one line of one Pulumi.ENV.yaml at a time. "
    "Exit codes: 0 done, 1 failed, 2 refused or bad input (nothing changed).",
)

ServiceOption = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="The service's own image instead of the shared one."),
]
WorkloadOption = Annotated[
    str | None,
    typer.Option("--workload", metavar="NAME", help="The image of this workload, by its digest."),
]
ExpectOption = Annotated[
    str | None,
    typer.Option("--expect", metavar="IMAGE", help="Refuse unless the line to change holds this image now."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the diff and write nothing.")]


@app.callback()
def common(context: typer.Context, directory: ProjectOption = None) -> None:
    """Options before the command's name."""
    context.obj = directory


def _run(where: Project, request: Request, decide: Callable[[ConfigFile], str], as_json: bool) -> None:
    """Makes a change and shows it."""
    owner, gate = request.owner, preflight.Gate(request.service)
    if request.expected is not None:
        _checked_for(owner)(request.expected, "--expect")
    done = change.make(where, request, decide, registry.Gate(owner) if isinstance(owner, Workload) else gate)
    if as_json:
        show.as_json(show.change_json(done, request))
    else:
        show.change_text(done, request)


def _owner(service: str | None, workload: str | None) -> Owner:
    """Whose image a command is about."""
    if workload is None:
        return service
    if service is not None:
        raise RefusedError(
            f"--service {service} and --workload {workload} are two images; change one at a time"
        )
    return Workload(workload)


def _checked_for(owner: Owner) -> Callable[[str, str], str]:
    """What an image has to be: a container's digest for a workload, else an AMI ID."""
    return digests.checked if isinstance(owner, Workload) else checked


@app.command()
def promote(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="Environment whose fleet runs the image.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Environment whose config gets it.")],
    service: ServiceOption = None,
    workload: WorkloadOption = None,
    expect: ExpectOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Copy FROM's image to TO's config, if FROM's fleet runs it after a successful refresh or rollout."""
    with errors_as_json(json):
        where = find_project(context, directory)
        if source == target:
            raise RefusedError(f"{source} cannot be promoted to itself")
        origin, owner = where.config(source), _owner(service, workload)

        def decide(destination: ConfigFile) -> str:
            image = promotion.promotable(origin, fleet(where, source), owner)
            if isinstance(owner, Workload):
                return promotion.kept_repository(destination, owner, image)
            return copies.in_region_of(destination, origin, image)

        _run(where, Request(target, owner, expect, dry_run, f"promote {source} {target}"), decide, json)


@app.command()
def rollback(
    context: typer.Context,
    environment: Environment,
    service: ServiceOption = None,
    workload: WorkloadOption = None,
    expect: ExpectOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Put ENV's previous image back: the running one after a failed release, else the one before it."""
    with errors_as_json(json):
        where, owner = find_project(context, directory), _owner(service, workload)

        def decide(config: ConfigFile) -> str:
            return promotion.rollback_target(config, fleet(where, environment), owner)

        _run(where, Request(environment, owner, expect, dry_run, f"rollback {environment}"), decide, json)


@app.command("set-image")
def set_image(
    context: typer.Context,
    environment: Environment,
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="AMI ID, or with --workload REPOSITORY@sha256:…")
    ],
    service: ServiceOption = None,
    workload: WorkloadOption = None,
    expect: ExpectOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Put a new image into ENV's config; the first environment of a release starts with this."""
    with errors_as_json(json):
        where = find_project(context, directory)
        owner = _owner(service, workload)
        _checked_for(owner)(image, "IMAGE" if workload else "AMI")
        request = Request(environment, owner, expect, dry_run, f"set-image {environment}")
        _run(where, request, lambda _: image, json)


@app.command("status")
def show_status(
    context: typer.Context,
    environment: Annotated[str | None, typer.Argument(metavar="[ENV]", help="Default: all.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask AWS and the cluster: every server and pod of ENV.")
    ] = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Show each environment's configured image, the one that runs, and whether they agree."""
    with errors_as_json(json):
        where = find_project(context, directory)
        if live:
            _live(where, environment, json)
            return
        found = status.collect(where, backend.choose(where, os.environ), environment)
    if json:
        show.as_json(status.as_json(found))
    else:
        show.status_text(found)
    damaged = [each for each in found if each.damaged]
    if damaged:
        raise RefusedError(f"{damaged[0].name}: {damaged[0].problem}")


def _live(where: Project, environment: str | None, as_json: bool) -> None:
    if environment is None:
        raise RefusedError("--live needs one environment: status ENV --live")
    config = where.config(environment)
    servers = None
    if config.services or not config.workloads:
        servers = live_environment.look(reach(where, environment))
    seen = workloads_live.look(where, config, alone=servers is None)
    if as_json:
        show.as_json(workloads_show.live_json(servers, seen))
        return
    if servers is not None:
        live_show.as_text(servers)
    workloads_show.live_text(seen)


commands_images.add(app)
commands_plan.add(app)
commands_preview.add(app)
commands_cost.add(app)
commands_delivery.add(app)
commands_comment.add(app)
commands_gate.add(app)
commands_retire.add(app)
commands_review.add(app)
commands_rollout.add(app)
commands_servers.add(app)
commands_source.add(app)
