"""How a plan looks: a table, a few lines a service, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.releases import plan_workload_show, show
from scripts.releases.errors import one_line
from scripts.releases.plan import Plan
from scripts.releases.plan_service import Cost, ServicePlan, Stage
from scripts.releases.plan_words import minutes
from scripts.releases.prices import Prices

COLUMNS = (
    "service", "image", "servers", "replaced", "batches", "minutes", "fewest", "most", "extra hours", "cost",
)  # fmt: skip


def as_text(plan: Plan, prices: Prices) -> None:
    """Prints a table on a terminal, aligned columns in a pipe, then what stands behind the numbers."""
    _table(COLUMNS, [tuple(map(one_line, _row(each))) for each in plan.services])
    pods = [tuple(map(one_line, plan_workload_show.row(each))) for each in plan.workloads]
    _table(plan_workload_show.COLUMNS, pods)
    for each in plan.services:
        for line in details(each):
            print(one_line(f"{each.service}: {line}"))
    for workload in plan.workloads:
        for line in plan_workload_show.details(workload):
            print(one_line(f"{workload.workload}: {line}"))
    passed = (f"pre-flight passed: {image}" for image in plan.passed)
    for line in (*passed, *plan.remarks, *_prices_used(plan, prices)):
        print(one_line(line))


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    if not sys.stdout.isatty():
        show.columns([header, *rows])
        return
    table = Table(*header)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(file=sys.stdout).print(table)


def _row(each: ServicePlan) -> tuple[str, ...]:
    course = each.course
    return (
        each.service,
        each.image,
        f"{each.now} of {each.desired}",
        str(each.replaced),
        str(course.batches),
        minutes(course.seconds) if course.batches else "0",
        str(course.lowest),
        str(course.highest),
        f"{each.cost.hours:.2f}",
        amount(each.cost),
    )


def amount(cost: Cost) -> str:
    """Such as `0.85 USD`; `no price` where the table has none."""
    if cost.amount is None:
        return "no price"
    return f"{cost.amount:.{2 if cost.amount >= 0.1 or cost.amount == 0 else 4}f} {cost.currency}"


def details(each: ServicePlan) -> list[str]:
    """What stands behind a service's numbers, a line each: pace, stages, and how a failure would end."""
    if each.refreshing:
        running = ["a refresh is running already, and the next `up` waits for it or refuses: see watch"]
    else:
        running = []
    if not each.desired:
        return [
            *running,
            f"sleeps (desired capacity 0): no server is replaced, the next start on {each.image}",
        ]
    if not each.course.batches:
        return [*running, f"every server runs {each.image}; this image needs no refresh"]
    failure = [_failure(each), *_invalid(each), _watched(each)]
    return [*running, *_pace(each), *_stages(each), *failure, *_unpriced(each)]


def _pace(each: ServicePlan) -> list[str]:
    chosen, most, took = each.preferences, each.preferences.max_healthy_percentage, each.timing
    limits = f"{chosen.min_healthy_percentage}% to {'100% (no maximum)' if most is None else f'{most}%'}"
    if took.boot is not None:
        boot = f"launches took {took.boot:.0f} s lately"
    elif took.launch_hook:
        boot = "no launch of late to measure, so the launch hook's time-out stands for the boot"
    else:
        boot = "no launch of late to measure, so the health check's grace period stands for the boot"
    warm = f"warm-up {chosen.instance_warmup_seconds:.0f} s"
    lines = [f"{limits} healthy; a batch takes {minutes(each.replace_seconds)} min ({boot}; {warm})"]
    if chosen.strategy == "ReplaceRootVolume":
        return [*lines, "servers stay and get a new root volume (ReplaceRootVolume): none is launched"]
    if took.leave is None:
        leave = f"{took.leave_seconds:.0f} s at most to drain and flush (no termination of late to measure)"
    else:
        leave = f"{took.leave_seconds:.0f} s, as lately, to drain and flush"
    return [*lines, f"a server that goes takes {leave}; until then it runs and costs beside the new one"]


def _stages(each: ServicePlan) -> list[str]:
    return [_stage(each, number, stage) for number, stage in enumerate(each.stages, 1)]


def _stage(each: ServicePlan, number: int, stage: Stage) -> str:
    of = f"{stage.new} of {stage.new + stage.old} servers new"
    stops = "bakes for" if stage.percent is None else f"pauses at {stage.percent}% for"
    count = len(each.preferences.alarms)
    watched = f"{count} alarms watched" if count else "no alarm watched"
    back = f"{each.failure.image} is back on all in {minutes(stage.back_seconds)} min"
    if each.failure.image is None:
        back = f"a rollback by hand takes {minutes(stage.back_seconds)} min"
    return (
        f"stage {number}, after {minutes(stage.at_seconds)} min: {of}; {stops} {minutes(stage.seconds)} min, "
        f"{watched}; a failure here: {back}, {stage.lowest} servers serve meanwhile"
    )


def _failure(each: ServicePlan) -> str:
    failure = each.failure
    if failure.image is None:
        return (
            "if it fails, AWS puts nothing back: new and old servers stay side by side until you roll back, "
            f"which takes up to {minutes(failure.last_seconds)} min"
        )
    first = f"in {minutes(failure.first_seconds)} min" if failure.first_seconds else "at once"
    return (
        f"if it fails, {failure.image} comes back by itself: {first} when the first batch fails, "
        f"in {minutes(failure.last_seconds)} min when the last one does; "
        f"{failure.lowest} servers serve all the while"
    )


def _invalid(each: ServicePlan) -> list[str]:
    """What becomes of a server that never validates itself."""
    hook = each.timing.launch_hook
    if hook is None or each.preferences.strategy == "ReplaceRootVolume":
        return []
    return [
        f"a new server that does not validate itself gets no request and is given up after "
        f"{minutes(hook.timeout_seconds)} min (hook {hook.name})"
    ]


def _watched(each: ServicePlan) -> str:
    chosen = each.preferences
    if chosen.alarms:
        alarms = f"alarms that stop it, until its bake time is over: {', '.join(chosen.alarms)}"
    else:
        alarms = "no alarm stops it"
    if chosen.timeout_seconds is None:
        return alarms
    return f"{alarms}; `up` waits for it {minutes(chosen.timeout_seconds)} min at most" + (
        ", which is shorter than this plan" if chosen.timeout_seconds < each.course.seconds else ""
    )


def _unpriced(each: ServicePlan) -> list[str]:
    cost = each.cost
    if cost.amount is not None:
        return []
    what = f"{cost.instance_type} in {cost.region}" if cost.instance_type else "an unknown instance type"
    return [f"the price table does not know {what}; give one with --prices FILE"]


def _prices_used(plan: Plan, prices: Prices) -> list[str]:
    dates = sorted({each.cost.date for each in plan.services if each.cost.amount and each.cost.date})
    return [f"prices of {date}, preferred types only: {prices.of}" for date in dates]


def as_json(plan: Plan) -> dict[str, Any]:
    """A plan for programs; see docs/releases.md for the fields."""
    return {
        "ok": True,
        "environment": plan.environment,
        "services": {each.service: _service_json(each) for each in plan.services},
        "workloads": {each.workload: plan_workload_show.as_json(each) for each in plan.workloads},
        "alarms": [alarm.as_json() for alarm in plan.alarms.values()],
        "preflight": list(plan.passed),
        "remarks": list(plan.remarks),
    }


def _service_json(each: ServicePlan) -> dict[str, Any]:
    course, failure, cost, took = each.course, each.failure, each.cost, each.timing
    return {
        "group": each.group.name,
        "image": each.image,
        "runs": each.runs,
        "desired": each.desired,
        "servers": each.now,
        "replaced": each.replaced,
        "batches": course.batches,
        "seconds": course.seconds if course.batches else 0.0,
        "batchSeconds": each.replace_seconds,
        "bootSeconds": took.boot,
        "leaveSeconds": took.leave,
        "lowest": course.lowest,
        "highest": course.highest,
        "refreshing": each.refreshing,
        "preferences": each.preferences.model_dump(by_alias=True, mode="json"),
        "stages": [_stage_json(stage) for stage in each.stages],
        "hooks": {hook.name: hook.timeout_seconds for hook in took.hooks},
        "failure": {
            "image": failure.image,
            "firstBatchSeconds": failure.first_seconds,
            "lastBatchSeconds": failure.last_seconds,
            "lowest": failure.lowest,
        },
        "cost": {
            "extraHours": cost.hours,
            "instanceType": cost.instance_type,
            "amount": cost.amount,
            "currency": cost.currency,
            "pricesOf": cost.date,
        },
    }


def _stage_json(stage: Stage) -> dict[str, Any]:
    return {
        "kind": "bake" if stage.percent is None else "checkpoint",
        "percent": stage.percent,
        "atSeconds": stage.at_seconds,
        "seconds": stage.seconds,
        "new": stage.new,
        "old": stage.old,
        "failureSeconds": stage.back_seconds,
        "failureLowest": stage.lowest,
    }
