from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import policies
from components.args import DatabaseAccess, SecretReference
from components.kubernetes.workload_identity import WorkloadIdentity, WorkloadIdentityArgs
from tests.components.kubernetes.clusters import ARN, Build, tags
from tests.components.recorder import ACCOUNT, REGION, Built

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:payment-Ab12Cd"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/flags"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
CONNECT = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-1/shop"
DATABASE = DatabaseAccess(
    host="db.example",
    port=5432,
    name="shop",
    security_group_id="sg-db",
    secret_arn=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1-Ab12Cd",
    secret_key_arn=KEY,
    connect_arn=CONNECT,
    user="shop",
)
GIVEN: dict[str, Any] = {
    "cluster_name": "main-1a2b3c4d",
    "cluster_arn": ARN,
    "namespace": "workloads",
    "service_account": "shop",
    "tags": {"owner": "platform"},
}


def identity(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = WorkloadIdentity("shop", WorkloadIdentityArgs(**{**GIVEN, **changed}))
        return {"arn": made.role_arn, "name": made.role_name}

    return build(program)


def statements(build: Build, **changed: Any) -> dict[str, Mapping[str, Any]]:
    policy = identity(build, **changed).inputs()["RolePolicy shop"]["policy"]
    return {each["Sid"]: each for each in policy["Statement"]}


def test_the_role_is_the_service_accounts_and_no_others(build: Build) -> None:
    built = identity(build)
    inputs = built.inputs()
    assert inputs["PodIdentityAssociation shop"] == {
        "clusterName": "main-1a2b3c4d",
        "namespace": "workloads",
        "serviceAccount": "shop",
        "roleArn": "arn:role/shop",
        "tags": {"owner": "platform"},
    }
    (statement,) = inputs["Role shop"]["assumeRolePolicy"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                "aws:RequestTag/eks-cluster-arn": ARN,
                "aws:RequestTag/kubernetes-namespace": "workloads",
                "aws:RequestTag/kubernetes-service-account": "shop",
            }
        },
    }
    assert inputs["Role shop"]["description"] == "Pods of workloads/shop"
    assert inputs["Role shop"]["tags"] == tags("shop")


def test_pods_read_the_secrets_that_are_named_and_the_mount_asks_which_version_is_current(
    build: Build,
) -> None:
    secrets = {
        "PAYMENT_KEY": SecretReference(arn=SECRET, key_arn=KEY),
        "FLAGS": SecretReference(arn=PARAMETER),
    }
    found = statements(build, secrets=secrets)
    assert found == {
        "ReadSecrets": {
            "Sid": "ReadSecrets",
            "Effect": "Allow",
            "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            "Resource": [SECRET],
        },
        "ReadParameters": policies.parameter_reader([PARAMETER]),
        "DecryptSecrets": policies.secret_decrypter([KEY]),
    }


def test_pods_are_the_databases_user_and_read_its_secret(build: Build) -> None:
    found = statements(build, database=DATABASE)
    assert found["ReadSecrets"]["Resource"] == [DATABASE.secret_arn]
    assert found["DecryptSecrets"]["Resource"] == [KEY]
    assert found["ConnectToDatabase"] == policies.database_user([CONNECT])


def test_pods_may_do_what_the_workload_asked_for(build: Build) -> None:
    own = {
        "Sid": "Send",
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": pulumi.Output.from_input("arn:queue"),
    }
    assert statements(build, policy_statements=(own,)) == {"Send": {**own, "Resource": "arn:queue"}}


def test_without_anything_to_do_there_is_a_role_that_may_nothing(build: Build) -> None:
    assert identity(build).inputs("RolePolicy") == {}


def test_pods_of_before_keep_what_they_read_until_the_update_succeeded(build: Build) -> None:
    secrets = {"PAYMENT_KEY": SecretReference(arn=SECRET)}
    built = identity(build, secrets=secrets)
    assert built.options() == {"RolePolicy shop": {"replace_on_changes": ["policy"]}}


def test_pods_that_wait_for_the_role_have_it(build: Build) -> None:
    from pulumi_aws import ec2

    def program() -> Mapping[str, Any]:
        secrets = {"PAYMENT_KEY": SecretReference(arn=SECRET)}
        made = WorkloadIdentity("shop", WorkloadIdentityArgs(**{**GIVEN, "secrets": secrets}))
        return {"id": ec2.SecurityGroup("pods", description=made.role_arn).id}

    built = build(program)
    assert "PodIdentityAssociation shop" in built.resources["SecurityGroup pods"].uses
    assert built.after()["PodIdentityAssociation shop"] == ["RolePolicy shop"]


def test_all_of_it_is_its_own(build: Build) -> None:
    built = identity(build)
    parents = built.parents()
    assert parents.pop("the WorkloadIdentity shop") == "Stack"
    assert parents == dict.fromkeys(("Role shop", "PodIdentityAssociation shop"), "the WorkloadIdentity shop")
    assert built.types()["the WorkloadIdentity shop"] == "immutable:workloadidentity:WorkloadIdentity"
    assert built.outputs == {"arn": "arn:role/shop", "name": "shop-role"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"policy_statements": ({"Effect": "Allow", "Action": "s3:*"},)}, "allows 's3:"),
        ({"namespace": "Work loads"}, "should match pattern"),
        ({"service_account": "-shop"}, "should match pattern"),
        ({"role_arn": "arn:role"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_narrow_identity_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        WorkloadIdentityArgs(**{**GIVEN, **changed})
