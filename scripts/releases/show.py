"""What the user sees: one line for a change, a table for the status, JSON for programs."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from images import containers
from scripts.releases import promotion
from scripts.releases.change import Change, Request
from scripts.releases.errors import one_line
from scripts.releases.status import EnvironmentStatus, ServiceStatus, WorkloadStatus

COLUMNS = ("environment", "service", "configured", "runs", "version", "last refresh", "agrees")
WORKLOADS = ("environment", "workload", "configured", "runs", "revision", "last rollout", "agrees")


def as_json(document: dict[str, Any]) -> None:
    """Prints a document for programs."""
    print(json.dumps(document, indent=2))


def change_json(change: Change, request: Request) -> dict[str, Any]:
    """A change for programs; see docs/releases.md for the fields."""
    return {
        "ok": True,
        "environment": request.environment,
        "service": request.service,
        "workload": request.workload,
        "file": change.config.path.name,
        "before": change.before,
        "image": change.after,
        "changed": change.before != change.after,
        "dryRun": request.dry_run,
        "diff": change.diff,
        "preflight": change.passed or None,
    }


def change_text(change: Change, request: Request) -> None:
    """Prints what was done, or with a dry run what would be."""
    line = change.config.line(request.owner)
    if change.passed and not request.dry_run:
        print(f"pre-flight passed: {one_line(change.passed)}")
    if change.before == change.after:
        print(f"nothing to do: {line} is {change.after} already")
    elif request.dry_run:
        print(change.diff, end="")
    else:
        print(f"{line}: {change.before} -> {change.after}; deploy it: pulumi up -s {request.environment}")


def status_text(statuses: list[EnvironmentStatus]) -> None:
    """Prints the status: a table on a terminal, aligned columns with the same words in a pipe."""
    services = [_row(each, service) for each in statuses for service in each.services]
    workloads = [_workload(each, workload) for each in statuses for workload in each.workloads]
    if services or not workloads:
        _table(COLUMNS, services)
    if workloads:
        _table(WORKLOADS, workloads)
    for each in statuses:
        for line in _remarks(each):
            print(line)


def _row(environment: EnvironmentStatus, service: ServiceStatus) -> tuple[str, ...]:
    fleet = service.fleet
    return tuple(
        one_line(cell)
        for cell in (
            environment.name,
            service.name,
            service.configured or "-",
            (fleet.image if fleet else None) or "-",
            (fleet.launch_template_version if fleet else None) or "-",
            promotion.outcome(fleet.refresh) if fleet else "-",
            "yes" if service.agrees else "no",
        )
    )


def _workload(environment: EnvironmentStatus, workload: WorkloadStatus) -> tuple[str, ...]:
    fleet = workload.fleet
    return tuple(
        one_line(cell)
        for cell in (
            environment.name,
            workload.name,
            containers.short(workload.configured or "-"),
            containers.short((fleet.image if fleet else None) or "-"),
            (fleet.rollout.revision if fleet else None) or "-",
            promotion.outcome(fleet.rollout) if fleet else "-",
            "yes" if workload.agrees else "no",
        )
    )


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not sys.stdout.isatty():
        columns([header, *rows])
        return
    table = Table(*header)
    for row in rows:
        # Text, not markup: a reason may hold brackets.
        table.add_row(*map(Text, row[:-1]), Text(row[-1], style="green" if row[-1] == "yes" else "red"))
    Console(file=sys.stdout).print(table)


def columns(everything: list[tuple[str, ...]]) -> None:
    """Prints rows with their cells below each other."""
    widths = [max(len(row[index]) for row in everything) for index in range(len(everything[0]))]
    for row in everything:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _remarks(status: EnvironmentStatus) -> list[str]:
    """What a table has no room for: a problem, and where else the environment's image runs or ran."""
    lines = [] if status.problem is None else [f"{status.name}: {one_line(status.problem)}"]
    if status.config is not None and status.config.shared is not None:
        lines.append(f"{status.name}: {one_line(status.config.shared)} {_ran(status.ran_in)}")
    for image, ran_in in {each.configured: each.ran_in for each in status.workloads}.items():
        if image is not None:
            lines.append(f"{status.name}: {one_line(containers.short(image))} {_ran(ran_in)}")
    return lines


def _ran(ran_in: dict[str, str]) -> str:
    seen = ", ".join(f"{name} ({when})" for name, when in ran_in.items())
    return f"ran in {seen}" if seen else "is not known to have run in another environment"
