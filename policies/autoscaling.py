"""Amazon EC2 Auto Scaling: groups that notice sick servers, and outlast a zone and an instance type."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rules import Resource, Rule, Severity, all_items, at, rule

GROUP = "aws:autoscaling/group:Group"


@rule(
    id="autoscaling-1",
    types=(GROUP,),
    severity=Severity.LOW,
    control="AutoScaling.1",
    reason="A server that runs but does not answer is replaced only when the load balancer is asked.",
    fix="set healthCheckType to ELB",
)
def autoscaling_1(group: Resource) -> Iterator[str]:
    balanced = any(len(at(group, key, ())) for key in ("targetGroupArns", "loadBalancers", "trafficSources"))
    kind = at(group, "healthCheckType", "EC2")
    if balanced and kind != "ELB":
        yield f"healthCheckType is {kind!r} behind a load balancer"


@rule(
    id="autoscaling-2",
    types=(GROUP,),
    severity=Severity.MEDIUM,
    control="AutoScaling.2",
    reason="A group in one zone is lost with that zone.",
    fix="give it subnets in two zones or more",
)
def autoscaling_2(group: Resource) -> Iterator[str]:
    places = at(group, "vpcZoneIdentifiers", at(group, "availabilityZones", ()))
    if len(places) < 2:
        yield f"it has {len(places)} subnets"


@rule(
    id="autoscaling-6",
    types=(GROUP,),
    severity=Severity.MEDIUM,
    control="AutoScaling.6",
    reason="Where a zone has run out of the only instance type, no server starts.",
    fix="name two instance types or more, of one architecture",
)
def autoscaling_6(group: Resource) -> Iterator[str]:
    overrides = all_items(group, "mixedInstancesPolicy.launchTemplate.overrides")
    given = [at(override, "instanceType") for override in overrides]
    by_need = any("instanceRequirements" in override for override in overrides)
    if not by_need and len(set(given)) < 2:
        yield f"its instance types are {', '.join(map(str, given)) or 'those of its launch template'}"


@rule(
    id="autoscaling-9",
    types=(GROUP,),
    severity=Severity.MEDIUM,
    control="AutoScaling.9",
    also=("AutoScaling.3", "AutoScaling.5"),
    reason="A launch configuration has no versions: there is none to roll out, and none to go back to.",
    fix="start servers from a launch template",
)
def autoscaling_9(group: Resource) -> Iterator[str]:
    if configuration := at(group, "launchConfiguration"):
        yield f"launchConfiguration is {configuration!r}"


RULES: tuple[Rule, ...] = (autoscaling_1, autoscaling_2, autoscaling_6, autoscaling_9)
