"""The smallest right and wrong Auto Scaling groups."""

from __future__ import annotations

from typing import Any

from policies import autoscaling as rules
from tests.policies.cases import Case


def types(*names: str) -> dict[str, Any]:
    overrides = [{"instanceType": name} for name in names]
    return {"mixedInstancesPolicy": {"launchTemplate": {"overrides": overrides}}}


BY_NEED: dict[str, Any] = {
    "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceRequirements": {}}]}}
}

CASES: tuple[Case, ...] = (
    Case(
        rules.autoscaling_1,
        {"targetGroupArns": ["tg"], "healthCheckType": "ELB"},
        {"targetGroupArns": ["tg"], "healthCheckType": "EC2"},
        "healthCheckType is 'EC2'",
    ),
    Case(rules.autoscaling_1, {}, {"loadBalancers": ["classic"]}, "healthCheckType is 'EC2'"),
    Case(rules.autoscaling_1, {"targetGroupArns": []}, {"trafficSources": [{}]}, "healthCheckType is 'EC2'"),
    Case(rules.autoscaling_2, {"vpcZoneIdentifiers": ["a", "b"]}, {"vpcZoneIdentifiers": ["a"]}, "1 subnets"),
    Case(rules.autoscaling_2, {"availabilityZones": ["a", "b"]}, {}, "0 subnets"),
    Case(rules.autoscaling_6, types("m7g.large", "m6g.large"), types("m7g.large"), "types are m7g.large"),
    Case(rules.autoscaling_6, BY_NEED, types("m7g.large", "m7g.large"), "types are m7g.large, m7g.large"),
    Case(rules.autoscaling_6, BY_NEED, {}, "those of its launch template"),
    Case(rules.autoscaling_9, {}, {"launchConfiguration": "web-1"}, "'web-1'"),
)
