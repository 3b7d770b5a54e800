"""What a release would do before anything starts: batches, minutes, servers, cost, and how a failure ends."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases import aws, course, members, preferences, refreshes
from scripts.releases.aws import Account
from scripts.releases.config_file import ConfigFile
from scripts.releases.course import Course, Fleet, Pace
from scripts.releases.errors import RefusedError
from scripts.releases.groups import Group
from scripts.releases.members import Server
from scripts.releases.preferences import Preferences
from scripts.releases.prices import Prices
from scripts.releases.reach import Reached


@dataclass(frozen=True)
class Failure:
    """How a bad image ends: what comes back, and how long that takes when the first batch or the last fails.

    Attributes:
        image: the one that comes back; None when AWS puts nothing back by itself.
        lowest: the fewest servers that serve until then.
    """

    image: str | None
    first_seconds: float
    last_seconds: float
    lowest: int


@dataclass(frozen=True)
class Cost:
    """What the servers beyond the desired capacity cost; `amount` None without a price for the type."""

    region: str
    hours: float
    instance_type: str | None
    amount: float | None
    currency: str
    date: str | None


@dataclass(frozen=True)
class ServicePlan:
    """One service's part of a release.

    Attributes:
        boot_seconds: how long a launch took lately (the median of the group's successful ones), or None when
            there was none: then the grace period of its health checks, which a server may not exceed.
        replaced: servers that run another image.
        now: every server that is not on its way out.
    """

    service: str
    group: Group
    image: str
    runs: str | None
    preferences: Preferences
    boot_seconds: float | None
    replace_seconds: float
    desired: int
    now: int
    replaced: int
    course: Course
    failure: Failure
    cost: Cost
    refreshing: bool


@dataclass(frozen=True)
class Plan:
    """A release of an environment; `remarks` are about services that it leaves out."""

    environment: str
    services: tuple[ServicePlan, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """What is asked for: an image other than the configured one, and one service instead of all."""

    environment: str
    image: str | None
    service: str | None


def make(reached: Reached, prices: Prices, request: Request) -> Plan:
    """The plan of an environment's groups. What the config leaves to its defaults is taken from the outputs
    of the last `up`; without them the group's own policy counts, which is better than no plan.

    Raises:
        RefusedError: there is no such service, an image is not there, or preferences are none that AWS takes.
        AwsError: AWS refused.
    """
    account, config, found = reached.account, reached.config, reached.groups.of(request.service).all
    services = reached.state.services if reached.state else {}
    exported = {name: service.refresh_preferences for name, service in services.items()}
    images = {name: _image(config, name, request) for name in config.services}
    groups_here = [group for group in found if group.service in images]
    _check_images(account, {images[group.service] for group in groups_here})
    plans = tuple(
        _service(account, config, group, exported.get(group.service, {}), prices, images[group.service])
        for group in groups_here
    )
    here = {group.service for group in found}
    unsaid = reached.unread or "its stack says no preferences yet"
    remarks = [
        f"{group.service}: {unsaid}; so the group's own policy is counted with, and the next `up` may use "
        f"another"
        for group in groups_here
        if not exported.get(group.service)
    ]
    remarks += [
        f"{name}: has no group yet; its servers start on {image}"
        for name, image in images.items()
        if name not in here and request.service in (None, name)
    ]
    remarks += [
        f"{name}: is up, but no longer in {config.path.name}; `pulumi up` takes it down"
        for name in sorted(here - set(images))
    ]
    remarks += [doubt.text for doubt in reached.groups.doubts]
    return Plan(request.environment, plans, tuple(remarks))


def _image(config: ConfigFile, service: str, request: Request) -> str:
    """The image that a release would bring: the asked one, for the services whose line it would change."""
    own = config.own(service) is not None
    named = service == request.service if request.service else not own
    return request.image if request.image and named else config.image(service)


def _check_images(account: Account, images: set[str]) -> None:
    if not images:
        return
    with aws.errors():
        answer = account.ec2.describe_images(Filters=[{"Name": "image-id", "Values": sorted(images)}])
    states = {image["ImageId"]: image.get("State", "available") for image in answer["Images"]}
    for image in sorted(images):
        if image not in states:
            raise RefusedError(f"{image} is not in {account.region}, or this account may not use it")
        if states[image] != "available":
            raise RefusedError(f"{image} is {states[image]}, not available; servers cannot start from it")


def _service(
    account: Account,
    config: ConfigFile,
    group: Group,
    exported: Mapping[str, Any],
    prices: Prices,
    image: str,
) -> ServicePlan:
    section = preferences.service_section(config, group.service)
    chosen = preferences.of(config, group.service, exported, group.settings)
    servers = [server for server in members.of(account, group) if not server.leaves]
    boot = _boot_seconds(account, group)
    healthy_seconds, drain_seconds = _target_seconds(account, group)
    grace = float(group.settings.get("HealthCheckGracePeriod") or 0)
    replace = (grace if boot is None else boot) + max(chosen.instance_warmup_seconds, healthy_seconds)
    desired = _desired(group, section)
    fleet = _fleet(desired, servers, image)
    limits = course.bounds(desired, chosen.min_healthy_percentage, chosen.max_healthy_percentage)
    pace = Pace(
        replace,
        drain_seconds,
        chosen.checkpoint_percentages,
        chosen.checkpoint_delay_seconds,
        chosen.bake_time_seconds,
    )
    planned = course.course(fleet, limits, pace)
    refresh = refreshes.of(account, group)
    before = refreshes.image_of(account, group, group.version)
    return ServicePlan(
        service=group.service,
        group=group,
        image=image,
        runs=before,
        preferences=chosen,
        boot_seconds=boot,
        replace_seconds=replace,
        desired=desired,
        now=len(servers),
        replaced=fleet.old + fleet.idle,
        course=planned,
        failure=_failure(fleet, limits, pace, planned, before if chosen.auto_rollback else None),
        cost=_cost(account.region, group, section, prices, planned),
        refreshing=refresh is not None and refresh.running,
    )


def _desired(group: Group, section: Mapping[str, Any]) -> int:
    """The capacity, moved into the config's limits: `up` sets these before it starts the refresh."""
    desired = group.desired
    for key, choose in (("min", max), ("max", min)):
        limit = section.get(key)
        if isinstance(limit, int) and not isinstance(limit, bool):
            desired = choose(desired, limit)
    return desired


def _fleet(desired: int, servers: Sequence[Server], image: str) -> Fleet:
    """Skip matching leaves servers with the template's new version alone: those of the image, if any."""
    others = [server for server in servers if server.image != image]
    serving = sum(server.serves for server in others)
    current = min(desired, len(servers) - len(others))
    return Fleet(desired, serving, current, len(others) - serving)


def _failure(fleet: Fleet, limits: course.Bounds, pace: Pace, planned: Course, image: str | None) -> Failure:
    """A rollback replaces what was replaced so far, without checkpoints and bake time."""
    plain = Pace(pace.replace_seconds, pace.drain_seconds)
    first = planned.steps[0]
    early = course.course(
        Fleet(fleet.desired, 0, min(fleet.desired, first.serving), first.launched), limits, plain
    )
    replaced = min(fleet.desired, fleet.old + fleet.idle)
    late = course.course(Fleet(fleet.desired, replaced, fleet.desired - replaced), limits, plain)
    lowest = min(planned.lowest, early.lowest, late.lowest)
    return Failure(image, early.seconds, late.seconds, lowest)


def _cost(region: str, group: Group, section: Mapping[str, Any], prices: Prices, planned: Course) -> Cost:
    """The preferred type's price: a group launches it unless a zone has run out of it."""
    written = section.get("instanceTypes")
    types = tuple(map(str, written)) if isinstance(written, list) and written else group.instance_types
    preferred = types[0] if types else None
    hours = planned.extra_seconds / 3600
    price = None if preferred is None else prices.an_hour(region, preferred)
    amount = None if price is None else hours * price
    return Cost(region, hours, preferred, amount, prices.currency, prices.date(region))


def _boot_seconds(account: Account, group: Group) -> float | None:
    """The median time from launch to service of the group's latest successful launches."""
    with aws.errors():
        answer = account.autoscaling.describe_scaling_activities(
            AutoScalingGroupName=group.name, MaxRecords=100
        )
    took = [
        (one["EndTime"] - one["StartTime"]).total_seconds()
        for one in answer["Activities"]
        if one["StatusCode"] == "Successful"
        and one.get("EndTime")
        and one.get("Description", "").startswith("Launching")
    ]
    return statistics.median(took) if took else None


def _target_seconds(account: Account, group: Group) -> tuple[float, float]:
    """How long a server needs at most to be healthy for its target groups, and how long it drains."""
    arns = list(group.settings.get("TargetGroupARNs") or ())
    if not arns:
        return 0.0, 0.0
    healthy, drains = 0.0, [0.0]
    with aws.errors():
        for one in account.elbv2.describe_target_groups(TargetGroupArns=arns)["TargetGroups"]:
            checks = one.get("HealthyThresholdCount", 5) * one.get("HealthCheckIntervalSeconds", 30)
            healthy = max(healthy, float(checks))
        for arn in arns:
            answer = account.elbv2.describe_target_group_attributes(TargetGroupArn=arn)
            drains += [
                float(each["Value"])
                for each in answer["Attributes"]
                if each.get("Key") == "deregistration_delay.timeout_seconds"
            ]
    return healthy, max(drains)
