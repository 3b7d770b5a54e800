"""What a build's machine may do, and what Image Builder may do for the pipeline."""

from __future__ import annotations

from components import policies
from components.build_role import download_buckets
from tests.components.pipelines import OTHER, Build, key, pipeline, tags
from tests.components.recorder import ACCOUNT, REGION

LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:web-log"
RUN_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:web-pipeline-log"
WRITE_LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
BUCKETS = [
    f"ec2imagebuilder-toe-{REGION}-prod",
    f"ec2imagebuilder-managed-resources-{REGION}-prod",
    f"amazon-ssm-{REGION}",
    "amazoncloudwatch-agent",
    "ec2-downloads-windows",
]


def test_the_build_role_is_that_of_a_machine(build: Build) -> None:
    built = pipeline(build)
    assert built.inputs("Role")["Role web-build"] == {
        "namePrefix": "web-build-",
        "description": "Builds and tests images of web",
        "assumeRolePolicy": policies.trust("ec2.amazonaws.com"),
        "tags": tags("web-build"),
    }
    assert built.inputs("InstanceProfile") == {
        "InstanceProfile web-build": {
            "namePrefix": "web-build-",
            "role": "web-build-role",
            "tags": tags("web-build"),
        }
    }


def test_a_build_reads_its_own_components_and_writes_its_own_logs(build: Build) -> None:
    found = pipeline(build).inputs()["RolePolicy web-build"]
    assert found["role"] == "web-build-role"
    assert found["policy"] == {
        "Version": "2012-10-17",
        "Statement": [
            policies.ssm_agent(),
            {
                "Sid": "ReadComponents",
                "Effect": "Allow",
                "Action": "imagebuilder:GetComponent",
                "Resource": [
                    f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/web-base/*",
                    f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/web-seal/*",
                ],
            },
            {
                "Sid": "Download",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [f"arn:aws:s3:::{bucket}/*" for bucket in BUCKETS],
            },
            {
                "Sid": "KeepLogs",
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::builds-bucket/web/*",
            },
            {
                "Sid": "WriteLogs",
                "Effect": "Allow",
                "Action": WRITE_LOGS,
                "Resource": [LOGS, f"{LOGS}:*"],
            },
        ],
    }


def test_the_networks_endpoint_can_let_through_what_a_build_downloads() -> None:
    assert list(download_buckets(REGION)) == BUCKETS


def test_image_builder_takes_the_pipelines_role_for_this_account_alone(build: Build) -> None:
    built = pipeline(build)
    assert built.inputs("Role")["Role web-execution"] == {
        "namePrefix": "web-execution-",
        "description": "Runs the image pipeline web",
        "assumeRolePolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "imagebuilder.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                }
            ],
        },
        "tags": tags("web-execution"),
    }
    assert built.inputs("RolePolicyAttachment") == {
        "RolePolicyAttachment web-execution": {
            "role": "web-execution-role",
            "policyArn": "arn:aws:iam::aws:policy/EC2ImageBuilderExecutionPolicy",
        }
    }


def test_a_pipeline_works_with_what_is_its_own(build: Build) -> None:
    found = pipeline(build).inputs()["RolePolicy web-execution"]
    keys = [key(REGION), key("eu-west-1")]
    assert found["role"] == "web-execution-role"
    assert found["policy"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PublishImageIds",
                "Effect": "Allow",
                "Action": "ssm:PutParameter",
                "Resource": [
                    f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/immutable/images/web"
                    for region in (REGION, "eu-west-1")
                ],
            },
            {
                "Sid": "CheckImageIds",
                "Effect": "Allow",
                "Action": "ec2:DescribeImages",
                "Resource": "*",
            },
            {
                "Sid": "EncryptImages",
                "Effect": "Allow",
                "Action": policies.USE_KEY,
                "Resource": keys,
                "Condition": {"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}},
            },
            {
                "Sid": "EncryptVolumes",
                "Effect": "Allow",
                "Action": "kms:CreateGrant",
                "Resource": keys,
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
            {
                "Sid": "StartBuildMachines",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": "arn:role/web-build",
                "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            },
            {
                "Sid": "WriteLogs",
                "Effect": "Allow",
                "Action": WRITE_LOGS,
                "Resource": [LOGS, f"{LOGS}:*", RUN_LOGS, f"{RUN_LOGS}:*"],
            },
        ],
    }


def test_it_goes_to_other_accounts_by_the_role_that_these_have_for_it(build: Build) -> None:
    found = pipeline(build, accounts=(OTHER,)).inputs()["RolePolicy web-execution"]
    assert found["policy"]["Statement"][-1] == {
        "Sid": "DistributeToAccounts",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [f"arn:aws:iam::{OTHER}:role/EC2ImageBuilderDistributionCrossAccountRole"],
    }
