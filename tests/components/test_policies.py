from __future__ import annotations

from typing import Any

import pytest

from components import policies

OWNER = policies.Owner("aws-cn", "cn-north-1", "111122223333")


def test_an_arn_tells_whose_it_is() -> None:
    arn = "arn:aws-cn:ec2:cn-north-1:111122223333:vpc/vpc-1:x"
    assert policies.owner_of(arn) == OWNER


def test_a_plain_trust_has_no_condition() -> None:
    assert policies.trust("ec2.amazonaws.com")["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


def test_no_document_names_a_partition_of_its_own() -> None:
    for made in (policies.flow_log_trust(OWNER), policies.s3_endpoint_policy(OWNER)):
        assert "arn:aws:" not in str(made)
        assert "arn:aws-cn:" in str(made)


def test_a_server_reports_itself_reads_no_parameters_and_opens_no_sessions() -> None:
    assert policies.ssm_agent() == {
        "Sid": "SsmAgent",
        "Effect": "Allow",
        # Neither ssm:GetParameter nor ssmmessages:OpenDataChannel.
        "Action": [
            "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage",
            "ec2messages:FailMessage",
            "ec2messages:GetEndpoint",
            "ec2messages:GetMessages",
            "ec2messages:SendReply",
            "ssm:DescribeAssociation",
            "ssm:DescribeDocument",
            "ssm:GetDocument",
            "ssm:ListAssociations",
            "ssm:ListInstanceAssociations",
            "ssm:PutInventory",
            "ssm:UpdateAssociationStatus",
            "ssm:UpdateInstanceAssociationStatus",
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:OpenControlChannel",
        ],
        "Resource": "*",
    }


def test_a_server_speaks_for_the_group_that_names_its_role_and_for_no_other() -> None:
    assert policies.lifecycle_completer(OWNER, "immutable-server-role", "web-role") == {
        "Sid": "CompleteLifecycle",
        "Effect": "Allow",
        "Action": ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
        "Resource": "arn:aws-cn:autoscaling:cn-north-1:111122223333:autoScalingGroup:*",
        "Condition": {"StringEquals": {"autoscaling:ResourceTag/immutable-server-role": "web-role"}},
    }


def test_what_a_service_asks_for_comes_on_top() -> None:
    own = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:queue"}
    assert policies.server_policy("arn:log", [own]) == {
        "Version": "2012-10-17",
        "Statement": [policies.ssm_agent(), policies.log_writer("arn:log"), own],
    }


@pytest.mark.parametrize("action", ["*", "s3:*", ["s3:GetObject", "kms:*"]])
def test_a_statement_that_allows_a_whole_service_is_refused(action: Any) -> None:
    with pytest.raises(ValueError, match=r"allows '(\*|s3:\*|kms:\*)': name the actions that are needed"):
        policies.refuse_wildcards([{"Effect": "Allow", "Action": action, "Resource": "*"}])


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:List*"], "Resource": "arn:bucket"},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:queue"},
    ],
)
def test_narrower_statements_pass(statement: dict[str, Any]) -> None:
    policies.refuse_wildcards([statement])
