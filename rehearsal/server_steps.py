"""Steps about prod's servers between releases: renewed when too old, put right after a hand, or cut off.

What someone does by hand here is done with AWS's own calls, past the project, as it would be.
"""

from __future__ import annotations

from typing import Any

from rehearsal.fleet import Group, least
from rehearsal.stage import Stage, StepFailedError, StepRecord, shown, unexpected

PROD = "prod"
DAY_SECONDS = 86_400
# Of the emulated cloud, between the leap and the first server that is too old.
BEFORE_SECONDS = 60.0
GROUP = "aws:autoscaling/group:Group"
# What a tired hand sets in the night, so that fewer servers are replaced by more at a time.
LAX = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 100}


def rotation(stage: Stage, step: StepRecord) -> None:
    """Days pass without a release, and the group renews every server that reached its lifetime, by itself.

    The emulated clock leaps to shortly before the first one is too old; what follows happens in its own time.
    """
    groups = stage.expect_whole(PROD)
    image = stage.workspace.image(PROD)
    lifetime = _lifetime_seconds(stage, groups)
    now = stage.sampler.sample()
    oldest = min(stage.sampler.first_seen[each] for group in groups for each in group.members)
    stage.leap(max(0.0, oldest + lifetime - BEFORE_SECONDS - now))
    began = stage.sampler.sample()
    step.notes.append(f"{lifetime / DAY_SECONDS:g} days pass: no server of prod may be older")
    renewed = stage.expect_whole(PROD, without={each for group in groups for each in group.members})
    stage.expect_fleet(PROD, image, step)
    weakest = least(stage.sampler.serving, PROD, began)
    for group in renewed:
        serving = weakest[group.service].serving
        if serving < group.desired:
            raise StepFailedError(
                f"{group.service} should be renewed without a gap; {serving} of {group.desired} served"
            )
        step.notes.append(
            f"{group.service}: {group.desired} other servers, never fewer than {serving} healthy"
        )


def _lifetime_seconds(stage: Stage, groups: list[Group]) -> int:
    """The longest of the groups, after which all of them have to be renewed."""
    described = stage.aws(PROD, "autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[group.name for group in groups]
    )["AutoScalingGroups"]
    lifetimes = [each.get("MaxInstanceLifetime") or 0 for each in described]
    if not all(lifetimes):
        raise StepFailedError(f"every group of {PROD} should have a maximum instance lifetime")
    return max(lifetimes)


def drift(stage: Stage, step: StepRecord) -> None:
    """Someone was on one of prod's servers and changed a group: both are found, and undone.

    The server is replaced. The setting is no change of the program: a refresh has to tell the state of it
    before an up puts it back.
    """
    groups = stage.expect_whole(PROD)
    touched, changed = min(groups[0].serving), groups[-1]
    _log_in(stage.aws(PROD, "ssm"), touched)
    stage.aws(PROD, "autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=changed.name, InstanceMaintenancePolicy=LAX
    )
    _expect_findings(stage, step, {("login", touched), ("setting", changed.name)})
    stage.run("refresh", PROD, step, count=False)
    outcome = stage.run("up", PROD, step)
    if odd := unexpected(outcome, lambda each: (each.op, each.type) == ("update", GROUP)):
        raise StepFailedError(f"up should put a group's setting back and nothing else; it did {shown(odd)}")
    replaced = stage.ask("replace", PROD, touched, "--why", "someone was on it")
    step.notes.append(f"{touched} is replaced by {shown(replaced['newInstances'])}")
    _expect_findings(stage, step, set())
    stage.expect_whole(PROD)


def quarantine(stage: Stage, step: StepRecord) -> None:
    """A server of prod is cut off and kept, another one takes its place; then it is let go."""
    group = stage.expect_whole(PROD)[0]
    suspect, began = min(group.serving), stage.sampler.sample()
    told = stage.ask("quarantine", PROD, suspect, "--why", "odd traffic")
    _expect_cut_off(stage.aws(PROD, "ec2"), suspect, told["securityGroup"])
    step.notes.append(f"{suspect} of {group.service} is in no group and gets no traffic: {told['why']}")
    whole = stage.expect_whole(PROD, without={suspect})
    now = next(each for each in whole if each.name == group.name)
    step.notes.append(f"{shown(sorted(now.members - group.members))} is in its place")
    # It is taken out first, as it may do harm; its place is empty until the other one has started.
    weakest = least(stage.sampler.serving, PROD, began)
    for service, moment in weakest.items():
        if moment.serving < moment.desired - (service == group.service):
            raise StepFailedError(
                f"a quarantine should take one server of {group.service} away; "
                f"of {service} {moment.serving} of {moment.desired} served"
            )
    step.notes.append(f"{group.service}: never fewer than {weakest[group.service].serving} served")
    _let_go(stage, step, suspect)


def _let_go(stage: Stage, step: StepRecord, suspect: str) -> None:
    """Release it, and delete its snapshots, which the release keeps for a person to look at."""
    told = stage.ask("release-quarantine", PROD, suspect)["snapshots"]
    ec2 = stage.aws(PROD, "ec2")
    of_it = [{"Name": "tag:quarantine:instance", "Values": [suspect]}]
    kept = sorted(each["SnapshotId"] for each in ec2.describe_snapshots(Filters=of_it)["Snapshots"])
    if not kept or kept != sorted(told):
        raise StepFailedError(
            f"the volumes of {suspect} should be kept as {shown(told)}; there is {shown(kept)}"
        )
    for snapshot in kept:
        ec2.delete_snapshot(SnapshotId=snapshot)
    step.notes.append(f"{suspect} is released; its snapshots ({shown(kept)}) are deleted by hand")


def _log_in(ssm: Any, instance_id: str) -> None:
    """A session on a server, opened and closed again."""
    session = ssm.start_session(Target=instance_id, Reason="a quick look")["SessionId"]
    ssm.terminate_session(SessionId=session)


def _expect_findings(stage: Stage, step: StepRecord, wanted: set[tuple[str, str]]) -> None:
    """`drift` finds this, by kind and subject, and nothing else; its exit code says whether there is any."""
    told = stage.ask("drift", PROD, exit_code=1 if wanted else 0)
    found = {(each["kind"], each["subject"]) for each in told["findings"]}
    if found != wanted:
        names = shown([f"{kind} {subject}" for kind, subject in sorted(found)])
        raise StepFailedError(f"drift {PROD} should find {sorted(wanted) or 'nothing'}; it found {names}")
    texts = [f"{each['kind']}: {each['text']}" for each in told["findings"]]
    step.notes += [f"drift finds {text}" for text in texts] or ["drift finds nothing any more"]


def _expect_cut_off(ec2: Any, instance_id: str, security_group_id: str) -> None:
    """Every network interface is in the security group alone, and that has no rule."""
    reservation = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]
    interfaces = reservation["Instances"][0]["NetworkInterfaces"]
    around = {group["GroupId"] for interface in interfaces for group in interface["Groups"]}
    group = ec2.describe_security_groups(GroupIds=[security_group_id])["SecurityGroups"][0]
    rules = len(group["IpPermissions"]) + len(group["IpPermissionsEgress"])
    if around != {security_group_id} or rules:
        raise StepFailedError(
            f"{instance_id} should be in {security_group_id} alone, without a rule; "
            f"it is in {shown(sorted(around))}, with {rules} rules"
        )
