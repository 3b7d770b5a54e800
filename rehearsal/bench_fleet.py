"""An instance refresh of many servers in the emulated cloud: a program by itself, whose cost is measured.

    python -m rehearsal.bench_fleet SERVERS

Its servers are instances and targets, its group has the hooks of a service, and all is asked over HTTP, as a
rehearsal does.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from pathlib import Path
from typing import Any

from rehearsal.cloud.autoscaling.batches import bounds
from rehearsal.cloud.autoscaling.hooks import AGENT_SECONDS, LAUNCHING, TERMINATION
from rehearsal.cloud.autoscaling.protocols import Timings
from rehearsal.cloud.local import Local, running

NAME = "bench"
WARMUP_SECONDS = 60
#: Emulated seconds of a health check and how many make a target healthy: 30 in all.
INTERVAL_SECONDS, CHECKS = 15, 2
#: Launch before terminate, a tenth at a time.
MIN_PERCENT, MAX_PERCENT = 100, 110


def roll(servers: int) -> dict[str, Any]:
    """Refresh so many servers, from the first to the last; what DescribeInstanceRefreshes says of it."""
    with running() as cloud:
        autoscaling = cloud.client("autoscaling")
        new = _group(cloud, autoscaling, servers)
        cloud.step(1000)
        autoscaling.start_instance_refresh(
            AutoScalingGroupName=NAME,
            DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": new, "Version": "2"}},
            Preferences={
                "MinHealthyPercentage": MIN_PERCENT,
                "MaxHealthyPercentage": MAX_PERCENT,
                "InstanceWarmup": WARMUP_SECONDS,
                "AutoRollback": True,
            },
        )
        while True:
            cloud.step(60)
            found = autoscaling.describe_instance_refreshes(AutoScalingGroupName=NAME)["InstanceRefreshes"][0]
            if "EndTime" in found:
                return dict(found)


def _group(cloud: Local, autoscaling: Any, servers: int) -> str:
    """A group of so many servers behind a target group; the ID of its launch template, which has two
    versions.
    """
    ec2, elbv2 = cloud.client("ec2"), cloud.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{part}.0/18", AvailabilityZone=f"{cloud.region}{zone}")
        for part, zone in ((0, "a"), (64, "b"), (128, "c"))
    ]
    targets = elbv2.create_target_group(
        Name=NAME,
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        HealthCheckIntervalSeconds=INTERVAL_SECONDS,
        HealthyThresholdCount=CHECKS,
    )["TargetGroups"][0]["TargetGroupArn"]
    data = [
        {"ImageId": cloud.image(f"ami-0000000{number}"), "InstanceType": "m7g.large"} for number in (1, 2)
    ]
    created = ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=data[0])
    template = str(created["LaunchTemplate"]["LaunchTemplateId"])
    ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data[1])
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=NAME,
        MinSize=0,
        MaxSize=2 * servers,
        DesiredCapacity=servers,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        VPCZoneIdentifier=",".join(each["Subnet"]["SubnetId"] for each in subnets),
        TargetGroupARNs=[targets],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=300,
        DefaultInstanceWarmup=WARMUP_SECONDS,
        LifecycleHookSpecificationList=[
            {"LifecycleHookName": "launch", "LifecycleTransition": LAUNCHING, "HeartbeatTimeout": 600},
            {"LifecycleHookName": "termination", "LifecycleTransition": TERMINATION, "HeartbeatTimeout": 300},
        ],
    )
    return template


def duration_ratio(refresh: dict[str, Any], servers: int) -> float:
    """How long it took, as a share of what the batches say."""
    return float((refresh["EndTime"] - refresh["StartTime"]).total_seconds() / expected_seconds(servers))


def expected_seconds(servers: int) -> float:
    """ceil(n / batch) * (boot + warm-up).

    A batch is what fits between the fewest that serve and the most there are. Servers that are launched
    together are ready together, so it rolls in waves, and these are whole ones. If each took its own time it
    would roll on with every single one, and n / batch of the mean time would be the measure; the waves are
    the upper bound of that. Booting ends with the service: the launch hook's validation belongs to it.
    Not in it: a few seconds until it starts, and the last wave's way out, which it does not wait for.
    """
    limits = bounds(servers, MIN_PERCENT, MAX_PERCENT)
    waves = math.ceil(servers / (limits.max_total - limits.min_ready))
    ready = max(WARMUP_SECONDS, INTERVAL_SECONDS * CHECKS)
    return waves * (Timings().boot + AGENT_SECONDS[LAUNCHING] + ready)


def peak_mb() -> float:
    """The most memory that this program held, in MiB. What Linux tells of an ended child includes its
    parent's at the fork.
    """
    status = Path("/proc/self/status")
    if status.exists():
        told = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(told["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    count = int(sys.argv[1])
    rolled = roll(count)
    ratio = duration_ratio(rolled, count)
    print(json.dumps({"status": rolled["Status"], "duration_ratio": ratio, "peak_mb": peak_mb()}))
