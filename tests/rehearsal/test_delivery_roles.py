"""Stacks brought up, previewed and destroyed by the roles of deliveries, in a cloud that holds them to these.

What is not allowed is refused there as on AWS: an action that is missing in `components/delivery_actions.py`
fails one of these, with the action's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from rehearsal import aws_client, bench, factory_files
from rehearsal.cloud_client import CloudProcess
from rehearsal.engines import EmbeddedEngine, Operation, Outcome
from rehearsal.workspace import Workspace
from tests.rehearsal.cloud.tokens import credentials

REGION = "eu-central-1"
KINDS = {"staging": "environment", "prod": "environment", "images": "factory"}
SUBJECTS = {"preview": "pull_request", "deploy": "environment:{}"}


@dataclass(frozen=True)
class Account:
    """An account with the roles of deliveries, and nothing else yet."""

    workspace: Workspace
    cloud: CloudProcess
    outputs: dict[str, Any]

    def session(self, stack: str, role: str) -> dict[str, str]:
        """What a job of this repository gets that takes the role."""
        subject = f"repo:example/shop:{SUBJECTS[role].format(stack)}"
        sts = aws_client.client("sts", self.cloud.url, REGION)
        return credentials(sts, self.outputs["roles"][stack][role], subject)

    def run(self, operation: Operation, stack: str, role: str) -> Outcome:
        variables = {**self.workspace.variables(self.cloud.url), **self.session(stack, role)}
        return EmbeddedEngine(self.workspace, variables).run(operation, stack)

    def client(self, service: str, stack: str, role: str) -> Any:
        given = {name.lower(): value for name, value in self.session(stack, role).items()}
        return boto3.client(service, region_name=REGION, endpoint_url=self.cloud.url, **given)  # type: ignore[call-overload]

    def administrator(self, service: str) -> Any:
        return aws_client.client(service, self.cloud.url, REGION)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with bench.bench() as (workspace, cloud):
        made = EmbeddedEngine(workspace, workspace.variables(cloud.url)).run("up", "delivery")
        outputs = made.must().outputs
        for stack, kind in KINDS.items():
            path = workspace.config_file(stack)
            document = yaml.safe_load(path.read_text())
            document["config"]["immutable:permissionsBoundary"] = outputs["boundaries"][kind]
            path.write_text(yaml.safe_dump(document))
        bench.register(workspace, cloud)
        for parent in factory_files.parents(workspace.project):
            cloud.client.register_image(
                parent.name, {}, parent.image_id, owner=parent.owner, architecture=parent.architecture
            )
        yield Account(workspace, cloud, outputs)


@pytest.fixture(scope="module")
def staging(account: Account) -> Account:
    account.run("up", "staging", "deploy").must()
    return account


def test_a_stack_comes_up_is_previewed_and_goes_by_its_roles(account: Account) -> None:
    """The factory, whose every call is made within a few seconds; the environments follow below."""
    account.workspace.loosen("images")
    assert account.run("preview", "images", "preview").must().changes["create"] > 50
    account.run("up", "images", "deploy").must()
    assert account.run("preview", "images", "preview").must().changed_nothing
    assert account.run("refresh", "images", "deploy").must().changed_nothing
    account.run("destroy", "images", "deploy").must()


def test_an_environment_comes_up_and_is_previewed_by_its_roles(staging: Account) -> None:
    assert staging.run("preview", "staging", "preview").must().changed_nothing


def test_a_preview_role_writes_nothing_and_says_what_it_lacks(staging: Account) -> None:
    path = staging.workspace.config_file("staging")
    before = path.read_text()
    document = yaml.safe_load(before)
    document["config"]["immutable:tags"]["owner"] = "somebody-else"
    path.write_text(yaml.safe_dump(document))
    refused = staging.run("up", "staging", "preview")
    path.write_text(before)
    assert refused.changes["update"] == 0
    assert "delivery-staging-preview" in refused.reason
    assert "is not authorized to perform: " in refused.reason
    assert "because no identity-based policy allows the " in refused.reason


def code(call: Any, **given: Any) -> str:
    try:
        call(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def keys(kms: Any) -> list[str]:
    return [key["KeyId"] for key in kms.list_keys()["Keys"]]


def key_tags(kms: Any, key: str) -> list[str]:
    return [tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]]


def of_staging(account: Account) -> dict[str, tuple[str, dict[str, Any]]]:
    """What would be done to staging, by the call: the service, and what is given."""
    ask = account.administrator
    filters = [{"Name": "tag:environment", "Values": ["staging"]}]
    vpc = ask("ec2").describe_vpcs(Filters=filters)["Vpcs"][0]["VpcId"]
    group = ask("autoscaling").describe_auto_scaling_groups(Filters=filters)["AutoScalingGroups"][0]
    balancer = ask("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    database = ask("rds").describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"]
    key = next(key for key in keys(ask("kms")) if "staging" in key_tags(ask("kms"), key))
    secret = ask("secretsmanager").list_secrets(Filters=[{"Key": "tag-key", "Values": ["environment"]}])
    return {
        "modify_vpc_attribute": ("ec2", {"VpcId": vpc, "EnableDnsHostnames": {"Value": True}}),
        "update_auto_scaling_group": (
            "autoscaling",
            {"AutoScalingGroupName": group["AutoScalingGroupName"], "MaxSize": group["MaxSize"]},
        ),
        "set_ip_address_type": ("elbv2", {"LoadBalancerArn": balancer, "IpAddressType": "ipv4"}),
        "modify_db_instance": ("rds", {"DBInstanceIdentifier": database}),
        "enable_key_rotation": ("kms", {"KeyId": key}),
        "update_secret": ("secretsmanager", {"SecretId": secret["SecretList"][0]["ARN"], "Description": "a"}),
    }


def test_one_environment_leaves_the_other_ones_alone(staging: Account) -> None:
    """Both are in one account, and their deploy roles have the same actions."""
    for call, (service, given) in of_staging(staging).items():
        refused = code(getattr(staging.client(service, "prod", "deploy"), call), **given)
        assert refused in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), call
        assert code(getattr(staging.client(service, "staging", "deploy"), call), **given) == "", call
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "environment", "Value": "staging"}]}]
    pretend = {"CidrBlock": "10.99.0.0/16", "TagSpecifications": tags}
    assert code(staging.client("ec2", "prod", "deploy").create_vpc, **pretend) == "UnauthorizedOperation"


def test_a_deployment_gives_itself_nothing_more(staging: Account) -> None:
    """Whoever can change the program runs what he likes as the deploy role: it must not lead further."""
    iam = staging.client("iam", "staging", "deploy")
    boundary = staging.outputs["boundaries"]["environment"]
    anyone = json.dumps({"Version": "2012-10-17", "Statement": []})
    everything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    own = staging.outputs["roles"]["staging"]["deploy"].rpartition("/")[2]
    denied = "AccessDenied"

    def create(**more: str) -> str:
        return code(iam.create_role, RoleName="mine", AssumeRolePolicyDocument=anyone, **more)

    assert create() == denied, "a role outside of its path"
    assert create(Path="/immutable/prod/", PermissionsBoundary=boundary) == denied, "another environment's"
    assert create(Path="/delivery/", PermissionsBoundary=boundary) == denied, "a role of deliveries"
    assert create(Path="/immutable/staging/") == denied, "a role without the boundary"
    assert create(Path="/immutable/staging/", PermissionsBoundary=boundary) == ""
    assert code(iam.put_role_policy, RoleName=own, PolicyName="more", PolicyDocument=everything) == denied
    assert code(iam.update_assume_role_policy, RoleName=own, PolicyDocument=anyone) == denied
    assert code(iam.delete_role_permissions_boundary, RoleName="mine") == denied
    assert code(iam.create_policy, PolicyName="mine", PolicyDocument=everything) == denied
    assert code(iam.create_user, UserName="mine") == denied
    assert code(iam.create_policy_version, PolicyArn=boundary, PolicyDocument=everything) == denied
    assert code(iam.delete_role, RoleName="mine") == ""


@pytest.mark.parametrize("role", ["preview", "deploy"])
def test_no_role_of_deliveries_reads_a_secret_a_log_or_a_bucket(role: str, staging: Account) -> None:
    secret = staging.administrator("secretsmanager").list_secrets()["SecretList"][0]["ARN"]
    assert code(staging.client("secretsmanager", "staging", role).get_secret_value, SecretId=secret) != ""
    group = staging.administrator("logs").describe_log_groups()["logGroups"][0]["logGroupName"]
    events = {"logGroupName": group, "logStreamName": "any"}
    assert code(staging.client("logs", "staging", role).get_log_events, **events) == "AccessDeniedException"
    bucket = staging.administrator("s3").list_buckets()["Buckets"][0]["Name"]
    assert code(staging.client("s3", "staging", role).get_object, Bucket=bucket, Key="any") == "AccessDenied"


def test_the_boundary_takes_nothing_that_a_role_of_the_stack_has(staging: Account) -> None:
    """A component whose role does something new shows here, before its servers fail on AWS."""
    from rehearsal.cloud.iam.evaluation import like

    iam = staging.administrator("iam")
    arn = staging.outputs["boundaries"]["environment"]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    within = [each.lower() for statement in document["Statement"] for each in listed(statement["Action"])]
    roles = iam.list_roles(PathPrefix="/immutable/staging/")["Roles"]
    assert len(roles) > 5
    beyond = {
        (role["RoleName"], action)
        for role in roles
        for action in actions(iam, role["RoleName"])
        if not any(like(action.lower(), each) for each in within)
    }
    assert beyond == set()
    assert {role["RoleName"] for role in roles if bound(iam, role["RoleName"]) != arn} == set()


def bound(iam: Any, role: str) -> str:
    return str(
        iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    )


def actions(iam: Any, role: str) -> Iterator[str]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from allowed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        yield from allowed(found["PolicyVersion"]["Document"])


def allowed(document: dict[str, Any]) -> Iterator[str]:
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            yield from listed(statement["Action"])


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_an_environment_goes_by_its_role(staging: Account) -> None:
    """The last one: it takes away what the others look at."""
    staging.workspace.loosen("staging")
    staging.run("up", "staging", "deploy").must()
    staging.run("destroy", "staging", "deploy").must()
