"""What the provider makes of what happens outside: drift, refusals, failures half-way, another cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from rehearsal.plugin import UNKNOWN, PartialFailureError, ProviderError
from rehearsal.provider import aws_provider, recorded_types
from rehearsal.provider.types.s3 import _empty
from tests.rehearsal.provider.world import IMAGES, POLICY, World, urn

VPC = "aws:ec2/vpc:Vpc"
ROOT = Path(__file__).resolve().parents[3]


def test_a_tag_changed_outside_shows_in_outputs_and_inputs(world: World) -> None:
    vpc = world.make(VPC, cidrBlock="10.0.0.0/16", tags={"Name": "a", "owner": "b"})
    world.client("ec2").create_tags(Resources=[vpc.id], Tags=[{"Key": "Name", "Value": "changed"}])
    state = vpc.read()
    assert state is not None and state.inputs is not None
    assert state.outputs["tags"] == state.inputs["tags"] == {"Name": "changed", "owner": "b"}
    assert state.outputs["tagsAll"] == {"Name": "changed", "owner": "b"}


def test_a_setting_changed_outside_shows_and_the_next_update_puts_it_right(world: World) -> None:
    group = world.log_group
    world.client("logs").put_retention_policy(logGroupName=group.id, retentionInDays=7)
    state = group.read()
    assert state is not None and state.inputs is not None
    assert state.inputs["retentionInDays"] == 7
    group.inputs, group.outputs = state.inputs, state.outputs
    group.update({"retentionInDays": 30})
    assert group.outputs["retentionInDays"] == 30


def test_a_template_version_that_moved_on_is_all_that_changes_of_a_policy(world: World) -> None:
    group, before = world.auto_scaling_group, world.auto_scaling_group.inputs["mixedInstancesPolicy"]
    world.template.update({"imageId": IMAGES[1]})
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=group.id,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": world.template.id, "Version": "2"},
                "Overrides": [{"InstanceType": "m7g.large"}, {"InstanceType": "m6g.large"}],
            }
        },
    )
    state = group.read()
    assert state is not None and state.inputs is not None
    after = state.inputs["mixedInstancesPolicy"]
    assert after["launchTemplate"]["launchTemplateSpecification"].pop("version") == "2"
    specification = {**before["launchTemplate"]["launchTemplateSpecification"]}
    del specification["version"]
    assert after["launchTemplate"]["launchTemplateSpecification"] == specification
    assert after["launchTemplate"]["overrides"] == before["launchTemplate"]["overrides"]


def test_default_tags_are_set_and_are_not_the_resources_own(world: World) -> None:
    world.provider.configure(
        {"region": "eu-central-1", "defaultTags": '{"tags": {"team": "a", "Name": "default"}}'}
    )
    vpc = world.make(VPC, cidrBlock="10.0.0.0/16", tags={"Name": "own"})
    state = vpc.read()
    assert state is not None
    assert state.outputs["tags"] == {"Name": "own"}
    assert state.outputs["tagsAll"] == {"team": "a", "Name": "own"}
    assert state.outputs == vpc.outputs


def test_a_tag_no_longer_asked_for_is_removed(world: World) -> None:
    vpc = world.make(VPC, cidrBlock="10.0.0.0/16", tags={"Name": "a", "owner": "b"})
    vpc.update({"tags": None})
    assert vpc.outputs["tagsAll"] == {}


def test_what_aws_refuses_is_one_line(world: World) -> None:
    world.subnet_ids  # noqa: B018
    with pytest.raises(ProviderError) as refused:
        world.vpc.delete()
    text = str(refused.value)
    assert text.startswith(f"deleting {VPC} 'thing{world.number}': DependencyViolation: ")
    assert "\n" not in text


def test_a_creation_that_fails_half_way_leaves_what_exists(world: World) -> None:
    inputs, _ = world.check("aws:iam/instanceProfile:InstanceProfile", role="no-such-role")
    with pytest.raises(PartialFailureError) as failed:
        world.provider.create(urn("aws:iam/instanceProfile:InstanceProfile", "web"), inputs, 5, False)
    assert "NoSuchEntity" in str(failed.value)
    assert failed.value.resource_id == inputs["name"]
    assert failed.value.outputs["arn"].endswith(inputs["name"])


def test_an_update_without_a_difference_does_everything_again(world: World) -> None:
    vpc = world.make(VPC, cidrBlock="10.0.0.0/16", enableDnsHostnames=True)
    world.client("ec2").modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
    vpc.update({})
    answer = world.client("ec2").describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True


def test_a_group_goes_with_its_servers(world: World) -> None:
    inputs = {**world.group_inputs(), "minSize": 2, "waitForCapacityTimeout": "1m"}
    group = world.make("aws:autoscaling/group:Group", **inputs)
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group.id])
    servers = [server["InstanceId"] for server in found["AutoScalingGroups"][0]["Instances"]]
    assert len(servers) == 2
    group.delete()
    assert group.read() is None
    found = world.client("ec2").describe_instances(InstanceIds=servers)
    states = {item["State"]["Name"] for entry in found["Reservations"] for item in entry["Instances"]}
    assert states <= {"terminated", "shutting-down"}


def test_a_bucket_that_holds_objects_goes_only_when_told_to(world: World) -> None:
    bucket = world.make("aws:s3/bucket:Bucket")
    world.client("s3").put_object(Bucket=bucket.id, Key="a", Body=b"b")
    with pytest.raises(ProviderError, match="BucketNotEmpty"):
        bucket.delete()
    bucket.outputs["forceDestroy"] = bucket.inputs["forceDestroy"] = True
    bucket.delete()
    assert bucket.read() is None


def test_a_bucket_that_cannot_be_emptied_says_why() -> None:
    client = Mock()
    client.list_object_versions.return_value = {"Versions": [{"Key": "a", "VersionId": "1"}]}
    client.delete_objects.return_value = {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "held"}]}
    with pytest.raises(ProviderError, match=r"^emptying bucket logs: AccessDenied: held$"):
        _empty(Mock(client=Mock(return_value=client)), "logs")


def test_a_bucket_that_never_had_versions_has_no_versioning(world: World) -> None:
    made = world.make(
        "aws:s3/bucketVersioning:BucketVersioning",
        bucket=world.bucket.id,
        versioningConfiguration={"status": "Enabled"},
    )
    made.id = world.make("aws:s3/bucket:Bucket").id
    assert made.read() is None


def test_an_imported_policy_says_where_it_lies(world: World) -> None:
    made = world.make("aws:iam/policy:Policy", policy=POLICY, path="/team/")
    assert f":policy/team/{made.outputs['name']}" in made.id
    state = made.provider.read(made.urn, made.id, {}, {})
    assert state is not None and state.outputs["path"] == "/team/"


def test_versioning_once_on_is_suspended_in_the_end(world: World) -> None:
    made = world.make(
        "aws:s3/bucketVersioning:BucketVersioning",
        bucket=world.bucket.id,
        versioningConfiguration={"status": "Enabled"},
    )
    state = made.read()
    assert state is not None and state.outputs == made.outputs
    made.delete()
    assert world.client("s3").get_bucket_versioning(Bucket=world.bucket.id)["Status"] == "Suspended"


def test_a_buckets_logs_go_to_another_bucket(world: World) -> None:
    policy = POLICY.replace('"logs:*"', '"s3:PutObject"').replace(
        '"Effect"', '"Principal": {"Service": "logging.s3.amazonaws.com"}, "Effect"'
    ).replace('"Resource": "*"', f'"Resource": "arn:aws:s3:::{world.bucket.id}/*"')  # fmt: skip
    world.make("aws:s3/bucketPolicy:BucketPolicy", bucket=world.bucket.id, policy=policy)
    source = world.make("aws:s3/bucket:Bucket")
    made = world.make(
        "aws:s3/bucketLogging:BucketLogging",
        bucket=source.id,
        targetBucket=world.bucket.id,
        targetPrefix="a/",
    )
    state = made.read()
    assert state is not None and state.outputs == made.outputs
    made.delete()
    assert made.read() is None


def test_the_last_version_of_a_template_is_unknown_only_when_a_new_one_comes(world: World) -> None:
    template = world.template
    foreseen = template.update({"imageId": IMAGES[1]}, preview=True)
    assert foreseen["latestVersion"] == UNKNOWN
    assert foreseen["defaultVersion"] == 1
    foreseen = template.update({"tags": {"Name": "b"}}, preview=True)
    assert foreseen["latestVersion"] == 1
    foreseen = template.update({"imageId": IMAGES[1], "updateDefaultVersion": True}, preview=True)
    assert foreseen["defaultVersion"] == UNKNOWN


def test_a_type_that_is_not_emulated_is_recorded_and_named(world: World) -> None:
    token = "aws:wafv2/webAclAssociation:WebAclAssociation"
    made = world.make(token, resourceArn="arn:a", webAclArn="arn:b")
    assert token in recorded_types()
    assert made.id and made.outputs["resourceArn"] == "arn:a"
    state = made.read()
    assert state is not None and state.outputs == made.outputs and state.inputs == made.inputs
    assert not made.diff({}).changed
    assert made.diff({"webAclArn": "arn:c"}).diffs == ("webAclArn",)
    assert made.update({"webAclArn": "arn:c"})["webAclArn"] == "arn:c"
    made.delete()


@pytest.mark.parametrize(
    "url",
    ["", "https://ec2.eu-central-1.amazonaws.com", "http://10.0.0.1:5000", "http://127.0.0.1.evil.test"],
)
def test_no_cloud_but_the_emulated_one_is_ever_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(ProviderError, match="the emulated cloud only") as refused:
        aws_provider().configure({"region": "eu-central-1"})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_a_loopback_address_is_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    aws_provider().configure({"region": "eu-central-1"})


def test_a_cloud_that_is_not_there_is_one_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ProviderError, match="is it running") as failed:
        world.provider.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {})
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("config", [{}, {"region": "mars"}, {"region": 5}])
def test_a_region_must_be_named(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(ProviderError, match="region"):
        aws_provider().configure(config)


def test_many_resources_at_once_get_in_no_ones_way(world: World) -> None:
    group_id = world.groups[0].id

    def make(number: int) -> str:
        return world.make(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            securityGroupId=group_id,
            ipProtocol="tcp",
            fromPort=1000 + number,
            toPort=1000 + number,
            cidrIpv4="10.0.0.0/8",
        ).id

    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(make, range(40)))
    assert len(made) == 40


def test_a_preview_loads_no_aws_sdk(world: World) -> None:
    program = """
import sys
from rehearsal.provider import aws_provider
provider = aws_provider()
provider.configure({"region": "eu-central-1"})
provider.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})
urn = "urn:pulumi:s::p::aws:ec2/vpc:Vpc::web"
inputs, _ = provider.check(urn, {}, {"cidrBlock": "10.0.0.0/16"}, b"1")
provider.create(urn, inputs, 0, True)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore", "moto")))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.stdout.strip() == "[]", ran.stderr
