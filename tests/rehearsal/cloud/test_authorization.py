"""Who takes a role in the emulated cloud may do what its policies say, and no more."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.iam.asked import asked
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import Clusters
from tests.rehearsal.cloud.tokens import AUDIENCE, ISSUER, client_as, credentials

SUBJECT = "repo:example/shop:environment:staging"
ACCOUNT = "123456789012"
Client = Callable[[str], Any]


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}


def deny(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(subject: Any = SUBJECT) -> str:
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"},
            "Condition": {"StringEquals": {f"{ISSUER}:sub": subject, f"{ISSUER}:aud": AUDIENCE}},
        }
    )


@pytest.fixture
def session(cloud: Local) -> Callable[..., Client]:
    """Clients of a role with these statements."""
    iam = cloud.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE])

    def made(*statements: dict[str, Any], boundary: dict[str, Any] | None = None) -> Client:
        more = {}
        if boundary:
            policy = iam.create_policy(PolicyName="boundary", PolicyDocument=document(boundary))["Policy"]
            more["PermissionsBoundary"] = policy["Arn"]
        role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust(), **more)["Role"]
        iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=document(*statements))
        given = credentials(cloud.client("sts"), role["Arn"], SUBJECT)
        return lambda service: client_as(cloud, given, service)

    return made


def code(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_role_is_taken_by_a_token_that_its_trust_names(cloud: Local, session: Any) -> None:
    client = session(allow("ec2:DescribeVpcs"))("sts")
    assert client.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/workflow"


@pytest.mark.parametrize(
    ("subject", "more", "refusal"),
    [
        ("repo:example/shop:environment:prod", {}, "AccessDenied"),
        ("repo:mallory/shop:environment:staging", {}, "AccessDenied"),
        (SUBJECT, {"audience": "somebody-else"}, "InvalidIdentityToken"),
        (SUBJECT, {"issuer": "tokens.example"}, "InvalidIdentityToken"),
    ],
    ids=["another environment", "another repository", "another audience", "another issuer"],
)
def test_a_role_is_taken_by_no_other(
    subject: str, more: dict[str, str], refusal: str, cloud: Local, session: Any
) -> None:
    session(allow("ec2:DescribeVpcs"))
    role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
    assert code(lambda: credentials(cloud.client("sts"), role, subject, **more)) == refusal


def test_a_call_that_no_policy_allows_is_refused_and_says_which_permission_is_missing(session: Any) -> None:
    ec2 = session(allow("ec2:DescribeVpcs"))("ec2")
    assert ec2.describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError) as refused:
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert refused.value.response["Error"] == {
        "Code": "UnauthorizedOperation",
        "Message": "You are not authorized to perform this operation. "
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/deploy/workflow is not authorized to perform: "
        "ec2:CreateVpc on resource: * because no identity-based policy allows the ec2:CreateVpc action",
    }


def test_every_protocol_has_its_own_code_for_it(session: Any) -> None:
    client = session(allow("ec2:DescribeVpcs"))
    assert {
        "json": code(lambda: client("logs").create_log_group(logGroupName="a")),
        "query": code(lambda: client("iam").create_role(RoleName="a", AssumeRolePolicyDocument="{}")),
        "path": code(lambda: client("scheduler").create_schedule_group(Name="a")),
        "s3": code(lambda: client("s3").create_bucket(Bucket="aaa", CreateBucketConfiguration=PLACE)),
    } == {
        "json": "AccessDeniedException",
        "query": "AccessDenied",
        "path": "AccessDeniedException",
        "s3": "AccessDenied",
    }


SCHEDULER = document(
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "scheduler.amazonaws.com"}}
)
PLACE = {"LocationConstraint": "eu-central-1"}


def test_a_denial_counts_before_what_is_allowed(session: Any) -> None:
    ec2 = session(allow("ec2:*"), deny("ec2:CreateVpc"))("ec2")
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_a_boundary_gives_nothing_and_takes_what_it_does_not_name(session: Any) -> None:
    client = session(allow("ec2:CreateVpc"), boundary=allow(["ec2:DescribeVpcs", "logs:*"]))
    with pytest.raises(ClientError, match="no permissions boundary allows the ec2:CreateVpc action"):
        client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert code(client("ec2").describe_vpcs) == "UnauthorizedOperation"


def test_a_region_that_is_not_named_is_refused(cloud: Local, session: Any) -> None:
    ec2 = session(allow("ec2:CreateVpc", StringEquals={"aws:RequestedRegion": ["eu-west-1"]}))("ec2")
    assert code(lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16")) == "UnauthorizedOperation"


def test_a_tag_of_a_resource_decides(cloud: Local, session: Any) -> None:
    mine, other = (
        cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged(environment))["Vpc"]
        for environment in ("staging", "prod")
    )
    condition = {"StringNotLike": {"aws:ResourceTag/environment": "staging"},
                 "Null": {"aws:ResourceTag/environment": "false"}}  # fmt: skip
    ec2 = session(allow("ec2:*"), deny("*", **condition))("ec2")
    assert code(lambda: ec2.delete_vpc(VpcId=other["VpcId"])) == "UnauthorizedOperation"
    assert code(lambda: ec2.delete_vpc(VpcId=mine["VpcId"])) == ""


def test_a_tag_that_is_given_decides(session: Any) -> None:
    ec2 = session(allow("ec2:*", StringEquals={"aws:RequestTag/environment": "staging"}))("ec2")
    for environment, answer in (("prod", "UnauthorizedOperation"), ("staging", "")):
        made = {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tagged(environment)}
        assert code(lambda made=made: ec2.create_vpc(**made)) == answer  # type: ignore[misc]
    assert code(lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16")) == "UnauthorizedOperation"


def tagged(environment: str) -> list[dict[str, Any]]:
    return [{"ResourceType": "vpc", "Tags": [{"Key": "environment", "Value": environment}]}]


def test_a_role_is_known_by_its_path_and_its_boundary(cloud: Local, session: Any) -> None:
    roles = f"arn:aws:iam::{ACCOUNT}:role/shop/staging/*"
    bound = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    iam = session(
        allow(
            ["iam:CreateRole", "iam:PutRolePolicy"], roles, StringEquals={"iam:PermissionsBoundary": bound}
        ),
        boundary=allow("iam:*"),
    )("iam")

    def create(name: str, **more: str) -> str:
        return code(lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", **more))

    assert create("one", Path="/shop/staging/") == "AccessDenied"
    assert create("one", Path="/shop/prod/", PermissionsBoundary=bound) == "AccessDenied"
    assert create("one", Path="/shop/staging/", PermissionsBoundary=bound) == ""
    policy = {"PolicyName": "all", "PolicyDocument": document(allow("*"))}
    assert code(lambda: iam.put_role_policy(RoleName="one", **policy)) == ""
    assert code(lambda: iam.put_role_policy(RoleName="deploy", **policy)) == "AccessDenied"


def test_handing_a_role_to_a_service_needs_leave_for_that_role_and_service(
    cloud: Local, session: Any
) -> None:
    iam = cloud.client("iam")
    sleep, other = (
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=SCHEDULER)["Role"]["Arn"]
        for name in ("sleep", "other")
    )
    to_scheduler = {"iam:PassedToService": "scheduler.amazonaws.com"}
    scheduler = session(
        allow("scheduler:*"),
        allow("iam:PassRole", sleep, StringEquals=to_scheduler),
        allow("iam:PassRole", other, StringEquals={"iam:PassedToService": "lambda.amazonaws.com"}),
    )("scheduler")

    def schedule(role: str) -> None:
        scheduler.create_schedule(
            Name="a",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": role, "Input": "{}"},
        )

    with pytest.raises(ClientError, match=f"to perform: iam:PassRole on resource: {other} because"):
        schedule(other)
    schedule(sleep)


@pytest.mark.parametrize(
    ("method", "path", "query", "action", "resource"),
    [
        ("PUT", "/logs", "", "s3:CreateBucket", "arn:aws:s3:::logs"),
        ("GET", "/logs", "list-type=2&prefix=a", "s3:ListBucket", "arn:aws:s3:::logs"),
        ("GET", "/logs", "publicAccessBlock", "s3:GetBucketPublicAccessBlock", "arn:aws:s3:::logs"),
        ("PUT", "/logs", "encryption", "s3:PutEncryptionConfiguration", "arn:aws:s3:::logs"),
        ("DELETE", "/logs", "policy", "s3:DeleteBucketPolicy", "arn:aws:s3:::logs"),
        ("DELETE", "/logs", "tagging", "s3:PutBucketTagging", "arn:aws:s3:::logs"),
        ("POST", "/logs", "delete", "s3:DeleteObject", "arn:aws:s3:::logs/*"),
        ("GET", "/logs/a/b", "", "s3:GetObject", "arn:aws:s3:::logs/a/b"),
        ("DELETE", "/logs/a", "versionId=1", "s3:DeleteObjectVersion", "arn:aws:s3:::logs/a"),
    ],
)
def test_a_request_of_s3_is_the_action_that_iam_calls_it(
    method: str, path: str, query: str, action: str, resource: str
) -> None:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    found = asked(environ, "s3")
    assert (found.action, found.resource) == (action, resource)


def test_a_condition_that_is_not_known_here_is_said_to_be_none(session: Any) -> None:
    ec2 = session(allow("ec2:*", NumericLessThan={"aws:RequestedRegion": "1"}))("ec2")
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*operator NumericLessThan"):
        ec2.describe_vpcs()


def test_a_policy_can_speak_of_a_cluster_and_of_its_parts(
    cloud: Local, session: Callable[..., Client]
) -> None:
    clusters = Clusters(cloud)
    clusters.created()
    pod, node = clusters.pod_role(), clusters.node_role_arn
    top = f"arn:aws:eks:eu-central-1:{ACCOUNT}"
    actions = ["eks:CreateAccessEntry", "eks:CreatePodIdentityAssociation", "eks:DescribeCluster"]
    passes = allow("iam:PassRole", pod, StringEquals={"iam:PassedToService": "pods.eks.amazonaws.com"})
    entries = allow("eks:DescribeAccessEntry", f"{top}:access-entry/demo/role/{ACCOUNT}/node/*")
    eks = session(allow(actions, f"{top}:cluster/demo"), passes, entries)("eks")
    assert eks.describe_cluster(name="demo")["cluster"]["name"] == "demo"
    with pytest.raises(ClientError, match=f"eks:DescribeCluster on resource: {top}:cluster/other"):
        eks.describe_cluster(name="other")
    # Who is let in is named, not handed over; pods get their role.
    for principal in (node, pod):
        eks.create_access_entry(clusterName="demo", principalArn=principal)
    eks.describe_access_entry(clusterName="demo", principalArn=node)
    with pytest.raises(ClientError, match=r"eks:DescribeAccessEntry on resource: .*/pod/"):
        eks.describe_access_entry(clusterName="demo", principalArn=pod)
    given = {"clusterName": "demo", "namespace": "shop", "serviceAccount": "shop"}
    eks.create_pod_identity_association(**given, roleArn=pod)
    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {node}"):
        eks.create_pod_identity_association(**given, roleArn=node)
