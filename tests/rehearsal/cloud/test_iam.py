from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local

OF_AWS = "arn:aws:iam::aws:policy/"


def test_a_policy_that_aws_manages_can_be_attached(cloud: Local) -> None:
    iam = cloud.client("iam")
    iam.create_role(RoleName="build", AssumeRolePolicyDocument="{}")
    for name in ("EC2ImageBuilderExecutionPolicy", "service-role/AmazonEC2RoleforSSM"):
        iam.attach_role_policy(RoleName="build", PolicyArn=OF_AWS + name)
    attached = iam.list_attached_role_policies(RoleName="build")["AttachedPolicies"]
    assert {one["PolicyArn"] for one in attached} == {
        f"{OF_AWS}EC2ImageBuilderExecutionPolicy", f"{OF_AWS}service-role/AmazonEC2RoleforSSM",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["NoSuchPolicy", "AmazonEC2RoleforSSM"])
def test_a_policy_that_aws_does_not_have_there_is_refused(name: str, cloud: Local) -> None:
    iam = cloud.client("iam")
    iam.create_role(RoleName="build", AssumeRolePolicyDocument="{}")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.attach_role_policy(RoleName="build", PolicyArn=OF_AWS + name)


def test_an_account_lists_no_policies_that_nobody_attached(cloud: Local) -> None:
    assert cloud.client("iam").list_policies()["Policies"] == []
