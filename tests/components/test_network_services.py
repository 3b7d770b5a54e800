"""What a network offers beside its subnets: ways to AWS's own services, and its flow logs."""

from __future__ import annotations

from typing import Any

from components import policies
from tests.components.networks import OWNER, A, B, Build, network, tags
from tests.components.recorder import ACCOUNT


def test_s3_and_dynamodb_are_reached_by_a_route(build: Build) -> None:
    def gateway(service: str, policy: policies.Document) -> dict[str, Any]:
        return {
            "vpcId": "net-id",
            "serviceName": f"com.amazonaws.eu-central-1.{service}",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [f"net-private-{A}-id", f"net-private-{B}-id", "net-isolated-id"],
            "policy": policy,
            "tags": tags(f"net-{service}"),
        }

    assert network(build, interface_endpoints=()).inputs("VpcEndpoint") == {
        "VpcEndpoint net-s3": gateway("s3", policies.s3_endpoint_policy(OWNER)),
        "VpcEndpoint net-dynamodb": gateway("dynamodb", policies.own_account_only(OWNER)),
    }


def test_endpoint_policies_keep_other_accounts_credentials_out() -> None:
    own = {
        "Sid": "OwnAccount",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
    }
    layers = {
        "Sid": "EcrLayers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*",
    }
    assert policies.own_account_only(OWNER) == {"Version": "2012-10-17", "Statement": [own]}
    assert policies.s3_endpoint_policy(OWNER) == {"Version": "2012-10-17", "Statement": [own, layers]}


def test_buckets_for_downloads_are_read_without_credentials_and_no_others(build: Build) -> None:
    built = network(build, interface_endpoints=(), download_buckets=("agents", "tools"))
    policy = built.inputs()["VpcEndpoint net-s3"]["policy"]
    assert policy == policies.s3_endpoint_policy(OWNER, ("agents", "tools"))
    assert policy["Statement"] == [
        *policies.s3_endpoint_policy(OWNER)["Statement"],
        {
            "Sid": "Downloads",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": ["arn:aws:s3:::agents/*", "arn:aws:s3:::tools/*"],
        },
    ]
    assert built.inputs()["VpcEndpoint net-dynamodb"]["policy"] == policies.own_account_only(OWNER)


def test_an_interface_endpoint_answers_within_the_vpc(build: Build) -> None:
    built = network(build, interface_endpoints=("ssm",))
    assert built.inputs("VpcEndpoint")["VpcEndpoint net-ssm"] == {
        "vpcId": "net-id",
        "serviceName": "com.amazonaws.eu-central-1.ssm",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [f"net-private-{A}-id", f"net-private-{B}-id"],
        "securityGroupIds": ["net-endpoints-id"],
        "policy": policies.own_account_only(OWNER),
        "tags": tags("net-ssm"),
    }
    assert built.inputs("SecurityGroup") == {
        "SecurityGroup net-endpoints": {
            "namePrefix": "net-endpoints-",
            "description": "Interface endpoints of the VPC",
            "vpcId": "net-id",
            "tags": tags("net-endpoints"),
        }
    }
    assert built.inputs("SecurityGroupIngressRule") == {
        "SecurityGroupIngressRule net-endpoints-https": {
            "securityGroupId": "net-endpoints-id",
            "description": "HTTPS from the VPC",
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.20.0.0/16",
            "tags": tags("net-endpoints-https"),
        }
    }


def test_servers_reach_what_they_need_without_internet(build: Build) -> None:
    made = {key.removeprefix("VpcEndpoint net-") for key in network(build).inputs("VpcEndpoint")}
    private = {"ec2messages", "kms", "logs", "monitoring", "secretsmanager", "ssm", "ssmmessages"}
    private |= {"autoscaling"}
    assert made == private | {"s3", "dynamodb"}


def test_flow_logs_record_all_traffic_for_a_year(build: Build) -> None:
    built = network(build)
    name = "net-flow-logs"
    arn = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:{name}-log"
    assert built.inputs("FlowLog") == {
        f"FlowLog {name}": {
            "vpcId": "net-id",
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": arn,
            "iamRoleArn": f"arn:role/{name}",
            "maxAggregationInterval": 60,
            "tags": tags(name),
        }
    }
    assert built.inputs("LogGroup") == {f"LogGroup {name}": {"retentionInDays": 365, "tags": tags(name)}}
    assert built.after()[f"FlowLog {name}"] == [f"RolePolicy {name}"]


def test_the_role_of_flow_logs_writes_to_their_log_group_and_nowhere_else(build: Build) -> None:
    built = network(build)
    name = "net-flow-logs"
    arn = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:{name}-log"
    write = {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": [arn, f"{arn}:*"],
    }
    find = {
        "Sid": "FindLogGroup",
        "Effect": "Allow",
        "Action": "logs:DescribeLogGroups",
        "Resource": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:*",
    }
    assert built.inputs("RolePolicy") == {
        f"RolePolicy {name}": {
            "role": f"{name}-role",
            "policy": {"Version": "2012-10-17", "Statement": [write, find]},
        }
    }
    assert built.inputs("Role") == {
        f"Role {name}": {
            "namePrefix": "net-flow-logs-",
            "description": "Lets the flow logs of the VPC write to their log group",
            "assumeRolePolicy": policies.flow_log_trust(OWNER),
            "tags": tags(name),
        }
    }


def test_another_accounts_flow_logs_cannot_use_the_role() -> None:
    assert policies.flow_log_trust(OWNER)["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc-flow-log/*"},
            },
        }
    ]


def test_flow_logs_outlive_the_network_unless_told_otherwise(build: Build) -> None:
    assert network(build).options() == {"LogGroup net-flow-logs": {"retain_on_delete": True}}
    assert network(build, retain_logs=False).options() == {}


def test_flow_logs_take_another_retention_and_a_customer_key(build: Build) -> None:
    built = network(build, flow_log_retention_days=30, log_kms_key_arn="arn:key")
    assert built.inputs("LogGroup")["LogGroup net-flow-logs"] == {
        "retentionInDays": 30,
        "kmsKeyId": "arn:key",
        "tags": tags("net-flow-logs"),
    }
