"""Where the real provider does more than one call of AWS's, so does this one."""

from __future__ import annotations

import json

from tests.rehearsal.provider.world import POLICY, World


def _group(world: World, group_id: str) -> tuple[int, int]:
    found = world.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    return len(found["IpPermissions"]), len(found["IpPermissionsEgress"])


def test_a_new_security_group_lets_nothing_in_or_out(world: World) -> None:
    group = world.make("aws:ec2/securityGroup:SecurityGroup", vpcId=world.vpc.id)
    assert _group(world, group.id) == (0, 0)


def test_a_security_group_may_let_everything_out_by_saying_so(world: World) -> None:
    everything = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
    group = world.make("aws:ec2/securityGroup:SecurityGroup", vpcId=world.vpc.id, egress=[everything])
    assert _group(world, group.id) == (0, 1)


def test_the_default_security_group_is_taken_over_and_closed(world: World) -> None:
    group = world.make("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", vpcId=world.vpc.id)
    assert group.id == world.vpc.outputs["defaultSecurityGroupId"]
    assert _group(world, group.id) == (0, 0)


def test_a_rule_added_to_the_default_security_group_is_drift(world: World) -> None:
    group = world.make(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", vpcId=world.vpc.id, ingress=[], egress=[]
    )
    world.client("ec2").authorize_security_group_ingress(
        GroupId=group.id,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    )
    state = group.read()
    assert state is not None and state.inputs is not None
    assert state.inputs["ingress"][0]["fromPort"] == 22


def test_a_policy_changed_often_makes_room_for_its_next_version(world: World) -> None:
    policy = world.make("aws:iam/policy:Policy", policy=POLICY)
    for number in range(7):
        policy.update({"policy": POLICY.replace("logs:*", f"logs:Action{number}")})
    versions = world.client("iam").list_policy_versions(PolicyArn=policy.id)["Versions"]
    assert len(versions) == 5
    assert json.loads(policy.outputs["policy"])["Statement"][0]["Action"] == ["logs:Action6"]
    policy.delete()


def test_subnets_of_a_deleted_network_acl_go_back_to_the_default_one(world: World) -> None:
    acl = world.make("aws:ec2/networkAcl:NetworkAcl", vpcId=world.vpc.id, subnetIds=world.subnet_ids)
    acl.delete()
    found = world.client("ec2").describe_network_acls(
        NetworkAclIds=[world.vpc.outputs["defaultNetworkAclId"]]
    )["NetworkAcls"][0]
    held = {association["SubnetId"] for association in found["Associations"]}
    assert held >= set(world.subnet_ids)


def test_a_key_is_not_deleted_at_once_but_is_gone_for_the_program(world: World) -> None:
    key = world.make("aws:kms/key:Key", deletionWindowInDays=7)
    key.delete()
    assert world.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert key.read() is None


def test_a_group_waits_for_its_servers_unless_told_not_to(world: World) -> None:
    inputs = {**world.group_inputs(), "minSize": 1}
    del inputs["waitForCapacityTimeout"]
    group = world.make("aws:autoscaling/group:Group", **inputs)
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group.id])
    assert [server["LifecycleState"] for server in found["AutoScalingGroups"][0]["Instances"]] == [
        "InService"
    ]
