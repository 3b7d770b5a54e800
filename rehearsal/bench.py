"""What a preview and an up cost, and how the cost grows with the number of services, or of workloads.

Costs are processor time of the embedded engine's process (the program and the provider run in it), without
that of the emulated cloud, which stands for AWS. Runs of different kinds take turns, so that a machine that
gets slower gets slower for all of them; of several runs the median counts.
"""

from __future__ import annotations

import json
import math
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from rehearsal.cloud_client import TESTED, CloudProcess
from rehearsal.container_files import EXAMPLE, IMAGES_KEY, WORKLOADS_KEY
from rehearsal.engines import EmbeddedEngine, Operation
from rehearsal.errors import RehearsalError
from rehearsal.processes import run, uninterrupted
from rehearsal.workspace import NAMES_KEY, REPOSITORY, Workspace

STACK = "staging"
AWS = "pulumi_aws."
# A preview of a cluster and so many workloads in it, beside the services that there are.
WORKLOADS = "workloads_preview"
# An up stays within AWS's quota, which the emulated cloud keeps to: 60 rules a security group, of which the
# load balancer's has one for each service. A preview makes no rule.
FULL = {"preview": (1, 10, 50, 100), "up": (1, 10, 25, 50), WORKLOADS: (1, 20, 100, 200)}
QUICK = {"preview": (1, 10, 30), "up": (1, 10, 30), WORKLOADS: (1, 10, 30)}
TARGETS = {
    "preview_start_ratio": 1.3,
    "preview_ms_per_resource": 5.0,
    "preview_mb_per_resource": 0.1,
    "preview_exponent": 1.1,
    "workloads_preview_ms_per_resource": 5.0,
    "workloads_preview_mb_per_resource": 0.1,
    "workloads_preview_exponent": 1.1,
    "up_ms_per_resource": 5.0,
    "up_mb_per_resource": 0.1,
    "up_exponent": 1.1,
    "rehearsal_seconds": 60.0,
    "refresh_10k_seconds": 20.0,
    "refresh_10k_mb": 500.0,
    "refresh_10k_duration_ratio": 1.1,
}
#: Where less is not better: 10 percent to either side.
AT_LEAST = {"refresh_10k_duration_ratio": 0.9}
# Fast enough that no operation waits for the emulated cloud's clock.
SPEED = 100_000.0
# Gives the stack's file with so many of something.
Fill = Callable[[dict[str, Any], int], dict[str, Any]]


@dataclass(frozen=True)
class Point:
    """The cost of one operation on so many resources: processor seconds, real seconds, peak memory."""

    services: int
    resources: int
    cpu_seconds: float
    seconds: float
    peak_rss_mb: float


def measure(points: Mapping[str, Sequence[int]], runs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """All measures but the rehearsal's own, with the points they were fitted to. Raises RehearsalError."""
    measures: dict[str, Any] = start_ratio(runs, say)
    operations: tuple[Operation, ...] = ("preview", "up")
    for operation in operations:
        measures.update(growth(operation, costs(operation, points[operation], runs, say)))
    measures.update(growth(WORKLOADS, costs("preview", points[WORKLOADS], runs, say, with_workloads)))
    return measures


def start_ratio(runs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Processor time of a first preview of staging ÷ that of importing the AWS modules it uses.

    Both from start to end. The end of the import alone is a third of it, as of any Python process; the
    program spares itself that.
    """
    previews, imports = [], []
    with bench() as (workspace, cloud):
        register(workspace, cloud)
        variables = workspace.variables(cloud.url)
        telling = EmbeddedEngine(workspace, {**variables, "PYTHONPROFILEIMPORTTIME": "1"}, guarded=False)
        modules = aws_services(telling.run("preview", STACK).must().lines)
        # A lookup in the module, for the import of the module alone is put off as well.
        code = "import importlib\n" + "\n".join(
            f"getattr(importlib.import_module({name!r}), '_', None)" for name in ("pulumi_aws", *modules)
        )
        engine = EmbeddedEngine(workspace, variables, guarded=False)
        command = [sys.executable, "-c", code]
        for number in range(runs + 1):
            say(f"start: run {number + 1} of {runs + 1}")
            preview = engine.run("preview", STACK).must()
            imported = run(command, cwd=workspace.project, variables=variables)
            # The first run reads files that the later ones find in memory.
            if number:
                previews.append(preview.cpu_seconds)
                imports.append(imported.cpu_seconds)
    return {
        # Of neighbours, so that a machine that gets slower meanwhile changes nothing.
        "preview_start_ratio": statistics.median(p / i for p, i in zip(previews, imports, strict=True)),
        "preview_start_cpu_seconds": statistics.median(previews),
        "import_cpu_seconds": statistics.median(imports),
        "import_modules": modules,
    }


def costs(
    operation: Operation,
    points: Sequence[int],
    runs: int,
    say: Callable[[str], None],
    fill: Fill | None = None,
) -> list[Point]:
    """The median cost of the operation from nothing, for each number of services, or of what `fill` fills
    the stack's file with.
    """
    fill = fill or with_services
    found: dict[int, list[Point]] = {number: [] for number in points}
    for run_number in range(runs):
        for number in points:
            say(f"{operation} {fill.__name__.replace('_', ' ')}, {number}: run {run_number + 1}")
            found[number].append(cost(operation, number, fill))
    return [_median(each) for each in found.values()]


def cost(operation: Operation, services: int, fill: Fill) -> Point:
    """Run the operation once on an empty cloud."""
    with bench() as (workspace, cloud):
        config = workspace.config_file(STACK)
        config.write_text(yaml.safe_dump(fill(yaml.safe_load(config.read_text()), services)))
        register(workspace, cloud)
        engine = EmbeddedEngine(workspace, workspace.variables(cloud.url), guarded=False)
        outcome = engine.run(operation, STACK).must()
    return Point(
        services,
        sum(outcome.changes.values()),
        outcome.cpu_seconds,
        outcome.seconds,
        outcome.peak_rss_mb,
    )


def with_services(document: dict[str, Any], services: int) -> dict[str, Any]:
    """The stack's file with so many services, each like its first but for name and route, calling none."""
    config = dict(document["config"])
    first = dict(next(iter(config["immutable:services"].values())))
    first.pop("calls", None)
    domain = config.get(NAMES_KEY, {}).get("domain", "example.com")
    config["immutable:services"] = {
        f"s{number:03}": {
            **first,
            "route": {"priority": number + 1, "hosts": [f"s{number:03}.{domain}"]},
        }
        for number in range(services)
    }
    return {**document, "config": config}


def with_workloads(document: dict[str, Any], workloads: int) -> dict[str, Any]:
    """The stack's file with the example's cluster and so many workloads, each like its first but the name.

    The first alone has a route (a cluster has at most 50), each calls the next. Images are somebody else's.
    """
    given = yaml.safe_load(EXAMPLE.read_text())[STACK]
    first = next(iter(given[WORKLOADS_KEY].values()))
    inner = {key: value for key, value in first.items() if key != "route"}
    names = [f"w{number:03}" for number in range(workloads)]
    images = {name: f"public.ecr.aws/bench/{name}@sha256:{'0' * 64}" for name in (*names, "log-agent")}
    made = {name: {**inner, "calls": names[number : number + 1]} for number, name in enumerate(names, 1)}
    made[names[0]]["route"] = first["route"]
    return {
        **document,
        "config": {**document["config"], **given, IMAGES_KEY: images, WORKLOADS_KEY: made},
    }


def register(workspace: Workspace, cloud: CloudProcess) -> None:
    """Put into the account what the configuration names."""
    for image in workspace.images():
        cloud.client.register_image(f"bench-{image}", TESTED, image)
    for arn in workspace.certificates():
        cloud.client.register_certificate(arn, "*.example.com")
    for zone_id, domain in workspace.zones().items():
        cloud.client.register_zone(zone_id, domain)


def growth(operation: str, points: Sequence[Point]) -> dict[str, Any]:
    """How the cost grows: per further resource, and the exponent of its growth (1 is linear)."""
    resources = [float(point.resources) for point in points]
    cpu = [point.cpu_seconds for point in points]
    return {
        f"{operation}_ms_per_resource": 1000 * slope(resources, cpu),
        f"{operation}_mb_per_resource": slope(resources, [point.peak_rss_mb for point in points]),
        f"{operation}_exponent": exponent(resources, cpu),
        f"{operation}_wall_ms_per_resource": 1000 * slope(resources, [point.seconds for point in points]),
        f"{operation}_points": [vars(point) for point in points],
    }


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The slope of the line through the points by least squares."""
    return statistics.linear_regression(xs, ys).slope


def exponent(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The exponent e of cost = fixed + c·x^e.

    The fixed cost of a start hides the growth, so it is fitted to the marginal cost, the rise between
    neighbouring points, which has no fixed part: that grows with x^(e-1). Placed half-way, it is
    exact for e of 1 and of 2.
    """
    marginal = [
        ((left + right) / 2, (high - low) / (right - left))
        for (left, low), (right, high) in pairwise(zip(xs, ys, strict=True))
    ]
    if any(rise <= 0 for _, rise in marginal):
        raise RehearsalError("the cost does not grow with the resources: the machine is too busy to measure")
    return 1 + slope([math.log(x) for x, _ in marginal], [math.log(rise) for _, rise in marginal])


def aws_services(lines: Iterable[str]) -> list[str]:
    """The pulumi_aws modules of which something was loaded, read from what Python tells of its imports.

    The SDK puts the import of a service off until it is used, so the program's text would name too many.
    """
    told = (line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:"))
    return sorted(
        {".".join(name.split(".")[:2]) for name in told if name.count(".") > 1 and name.startswith(AWS)}
    )


def refresh_10k(say: Callable[[str], None], servers: int = 10_000) -> dict[str, Any]:
    """Processor seconds and peak memory of a process that refreshes so many servers in an emulated cloud, and
    how long the refresh took there ÷ what its batches say. Raises RehearsalError.
    """
    say(f"a refresh of {servers:,} servers")
    command = [sys.executable, "-m", "rehearsal.bench_fleet", str(servers)]
    finished = run(command, cwd=REPOSITORY, variables={"PATH": "/usr/bin:/bin"})
    found = json.loads(finished.last_line) if not finished.exit_code else {}
    if found.get("status") != "Successful":
        raise RehearsalError(f"the refresh of {servers:,} servers failed: {finished.last_line}")
    return {
        "refresh_10k_seconds": finished.cpu_seconds,
        "refresh_10k_mb": found["peak_mb"],
        "refresh_10k_duration_ratio": found["duration_ratio"],
    }


def rehearsal_seconds(say: Callable[[str], None]) -> float:
    """Real seconds of the whole rehearsal, from the start of the command to its end."""
    say("the whole rehearsal")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        command = [sys.executable, "-m", "rehearsal", "--engine", "embedded"]
        command += ["--report", f"{folder}/report.html"]
        finished = run(command, cwd=REPOSITORY, variables={"PATH": "/usr/bin:/bin", "HOME": folder})
    if finished.exit_code:
        raise RehearsalError(f"the rehearsal failed: {finished.last_line}")
    return finished.seconds


@contextmanager
def bench() -> Iterator[tuple[Workspace, CloudProcess]]:
    """An empty cloud and a scratch copy, both gone afterwards."""
    with uninterrupted():
        root = Path(tempfile.mkdtemp(prefix="bench-"))
    cloud: CloudProcess | None = None
    try:
        workspace = Workspace.create(root / "scratch")
        with uninterrupted():
            cloud = CloudProcess.start(root / "cloud.log", speed=SPEED)
        yield workspace, cloud.ready()
    finally:
        if cloud:
            cloud.stop()
        shutil.rmtree(root, ignore_errors=True)


def _median(points: Sequence[Point]) -> Point:
    return Point(
        points[0].services,
        points[0].resources,
        statistics.median(point.cpu_seconds for point in points),
        statistics.median(point.seconds for point in points),
        statistics.median(point.peak_rss_mb for point in points),
    )
