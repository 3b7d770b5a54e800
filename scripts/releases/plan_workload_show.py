"""How the plan of workloads looks: rows, a few lines a workload, JSON."""

from __future__ import annotations

from typing import Any

from images import containers
from scripts.releases.plan_words import minutes
from scripts.releases.plan_workload import WorkloadPlan

COLUMNS = ("workload", "image", "pods", "replaced", "at once", "rounds", "minutes", "fewest", "most")


def row(each: WorkloadPlan) -> tuple[str, ...]:
    course, needed = each.course, each.needed
    return (
        each.workload,
        containers.short(each.image),
        f"{each.live.serving} of {course.replicas}",
        str(each.replaced),
        str(course.at_once),
        str(course.rounds if needed else 0),
        minutes(each.seconds),
        str(course.lowest),
        str(course.highest if needed else course.replicas),
    )


def details(each: WorkloadPlan) -> list[str]:
    """What stands behind a workload's numbers, a line each."""
    running = [f"a rollout is under way ({each.live.step}): see watch"] if each.rolling else []
    if not each.needed:
        return [*running, f"every pod runs {containers.short(each.image)}; this image needs no rollout"]
    return [*running, *_migration(each), *_pace(each), _failure(each)]


def _migration(each: WorkloadPlan) -> list[str]:
    if not each.migrates:
        return []
    took = f"the last one took {minutes(each.migrate_seconds)} min" if each.migrate_seconds else ""
    return [
        f"its migration runs first, once, with the new image ({took or 'its time is not known'}); when it "
        f"fails no pod is replaced"
    ]


def _pace(each: WorkloadPlan) -> list[str]:
    chosen, course = each.settings, each.course
    if each.measured is not None:
        boot = f"pods took {each.measured:.0f} s lately to be ready"
    elif chosen.start is not None:
        boot = "no start of late to measure, so the startup probe's longest wait stands for it"
    else:
        boot = "no start of late to measure, and no probe says how long one may take"
    return [
        f"rounds of {course.at_once} (maxSurge {chosen.max_surge}, maxUnavailable {chosen.max_unavailable}); "
        f"a round takes {minutes(each.ready_seconds)} min ({boot}; {chosen.settle:.0f} s to settle)",
        f"a pod that goes takes {chosen.leave:.0f} s at most to drain, beside the new one",
    ]


def _failure(each: WorkloadPlan) -> str:
    runs = containers.short(each.runs or "the version before")
    return (
        f"if it fails, at the latest after {minutes(each.settings.deadline)} min without progress, `up` puts "
        f"{runs} back: at once when the first round fails, in {minutes(each.back_seconds)} min when the last "
        f"one does; {each.course.lowest} pods serve all the while"
    )


def as_json(each: WorkloadPlan) -> dict[str, Any]:
    chosen, course = each.settings, each.course
    return {
        "deployment": each.live.deployment_name,
        "image": each.image,
        "runs": each.runs,
        "replicas": course.replicas,
        "serving": each.live.serving,
        "replaced": each.replaced,
        "atOnce": course.at_once,
        "rounds": course.rounds if each.needed else 0,
        "seconds": each.seconds,
        "readySeconds": each.measured,
        "startSeconds": chosen.start,
        "leaveSeconds": chosen.leave,
        "migrates": each.migrates,
        "migrateSeconds": each.migrate_seconds,
        "lowest": course.lowest,
        "highest": course.highest if each.needed else course.replicas,
        "rolling": each.rolling,
        "failure": {
            "image": each.runs,
            "deadlineSeconds": chosen.deadline,
            "lastRoundSeconds": each.back_seconds,
            "lowest": course.lowest,
        },
    }
