"""The cases of a service's own types: servers, load balancer, buckets, logs, keys."""

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.log_cases import LOGS
from tests.rehearsal.provider.world import IMAGES, OTHER_POLICY, POLICY, Made, World


def _template_inputs(world: World) -> Properties:
    return {
        "namePrefix": "web-",
        "imageId": IMAGES[0],
        "instanceType": "m7g.large",
        "updateDefaultVersion": True,
        "ebsOptimized": "true",
        "userData": "IyEvYmluL3NoCg==",
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "monitoring": {"enabled": True},
        "networkInterfaces": [
            {"deviceIndex": 0, "associatePublicIpAddress": "false", "securityGroups": [world.groups[0].id]}
        ],
        "blockDeviceMappings": [
            {"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3", "volumeSize": 20, "encrypted": "true"}}
        ],
        "tagSpecifications": [{"resourceType": "instance", "tags": TAGS}],
        "tags": TAGS,
    }


def _template_now(world: World, made: Made) -> tuple[str, int]:
    latest = world.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=made.id, Versions=["$Default"]
    )["LaunchTemplateVersions"][0]
    return latest["LaunchTemplateData"]["ImageId"], latest["VersionNumber"]


GROUP_SETTINGS = {
    "maxSize": ("MaxSize", 8),
    "defaultCooldown": ("DefaultCooldown", 77),
    "defaultInstanceWarmup": ("DefaultInstanceWarmup", 66),
    "healthCheckType": ("HealthCheckType", "ELB"),
    "healthCheckGracePeriod": ("HealthCheckGracePeriod", 55),
    "instanceMaintenancePolicy": (
        "InstanceMaintenancePolicy",
        {"minHealthyPercentage": 90, "maxHealthyPercentage": 120},
    ),
}
"""A group's settings in Pulumi's words, each with AWS's and the value that the case below changes it to."""


def _group_now(world: World, made: Made) -> tuple[list[Any], list[str], list[str]]:
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[made.id])
    group = found["AutoScalingGroups"][0]
    return (
        [_small(group[name]) for name, _ in GROUP_SETTINGS.values()],
        [tag["Value"] for tag in group["Tags"]],
        sorted(metric["Metric"] for metric in group["EnabledMetrics"]),
    )


def _small(value: Any) -> Any:
    """AWS's keys as Pulumi writes them."""
    if not isinstance(value, dict):
        return value
    return {key[0].lower() + key[1:]: each for key, each in value.items()}


def _cpu(target: float) -> Properties:
    return {
        "targetValue": target,
        "predefinedMetricSpecification": {"predefinedMetricType": "ASGAverageCPUUtilization"},
    }


SERVERS = (
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        _template_inputs,
        change=lambda _: {"imageId": IMAGES[1]},
        seen=_template_now,
        expected=(IMAGES[1], 2),
        replace=lambda _: {"namePrefix": "api-"},
    ),
    Case(
        "aws:autoscaling/group:Group",
        lambda w: w.group_inputs(),
        change=lambda _: {
            **{name: value for name, (_, value) in GROUP_SETTINGS.items()},
            "tags": [{"key": "owner", "value": "platform", "propagateAtLaunch": True}],
            "enabledMetrics": ["GroupInServiceInstances", "GroupMaxSize"],
        },
        seen=_group_now,
        expected=(
            [value for _, value in GROUP_SETTINGS.values()],
            ["platform"],
            ["GroupInServiceInstances", "GroupMaxSize"],
        ),
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:autoscaling/policy:Policy",
        lambda w: {
            "autoscalingGroupName": w.auto_scaling_group.id,
            "policyType": "TargetTrackingScaling",
            "targetTrackingConfiguration": _cpu(60),
        },
        change=lambda _: {"targetTrackingConfiguration": _cpu(70)},
        seen=lambda w, made: w.client("autoscaling").describe_policies(PolicyNames=[made.id])[
            "ScalingPolicies"
        ][0]["TargetTrackingConfiguration"]["TargetValue"],
        expected=70,
        replace=lambda _: {"autoscalingGroupName": "other"},
    ),
)


def _balancer_attribute(world: World, made: Made, key: str) -> str:
    answer = world.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=made.id)
    return str(next(item["Value"] for item in answer["Attributes"] if item["Key"] == key))


def _health(path: str) -> Properties:
    return {
        "path": path,
        "matcher": "200",
        "interval": 15,
        "timeout": 5,
        "healthyThreshold": 3,
        "unhealthyThreshold": 3,
        "port": "traffic-port",
        "protocol": "HTTP",
    }


def _rule_inputs(world: World) -> Properties:
    return {
        "listenerArn": world.listener.id,
        "priority": 10,
        "actions": [{"type": "forward", "targetGroupArn": world.targets[0].id}],
        "conditions": [{"hostHeader": {"values": ["a.test"]}}, {"pathPattern": {"values": ["/*"]}}],
        "tags": TAGS,
    }


def _rule_now(world: World, made: Made) -> tuple[str, list[Any]]:
    rule = world.client("elbv2").describe_rules(RuleArns=[made.id])["Rules"][0]
    return rule["Priority"], [condition["Field"] for condition in rule["Conditions"]]


TRAFFIC = (
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {
            "namePrefix": "web-",
            "subnets": w.subnet_ids,
            "securityGroups": [w.groups[0].id],
            "internal": True,
            "dropInvalidHeaderFields": True,
            "desyncMitigationMode": "strictest",
            "tags": TAGS,
        },
        change=lambda _: {"idleTimeout": 90},
        seen=lambda w, made: _balancer_attribute(w, made, "idle_timeout.timeout_seconds"),
        expected="90",
        replace=lambda _: {"internal": False},
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": w.balancer.id,
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [
                {
                    "type": "redirect",
                    "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
                }
            ],
            "tags": TAGS,
        },
        change=lambda _: {"port": 81},
        seen=lambda w, made: w.client("elbv2").describe_listeners(ListenerArns=[made.id])["Listeners"][0][
            "Port"
        ],
        expected=81,
        replace=lambda _: {"loadBalancerArn": "arn:other"},
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        _rule_inputs,
        change=lambda _: {"priority": 20, "conditions": [{"pathPattern": {"values": ["/a"]}}]},
        seen=_rule_now,
        expected=("20", ["path-pattern"]),
        replace=lambda _: {"listenerArn": "arn:other"},
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda w: {
            "namePrefix": "web-",
            "port": 8080,
            "protocol": "HTTP",
            "protocolVersion": "HTTP1",
            "vpcId": w.vpc.id,
            "deregistrationDelay": 60,
            "slowStart": 30,
            "stickiness": {"type": "lb_cookie", "enabled": False},
            "healthCheck": _health("/healthz"),
            "tags": TAGS,
        },
        change=lambda _: {"healthCheck": _health("/ready"), "deregistrationDelay": 90},
        seen=lambda w, made: w.client("elbv2").describe_target_groups(TargetGroupArns=[made.id])[
            "TargetGroups"
        ][0]["HealthCheckPath"],
        expected="/ready",
        replace=lambda _: {"port": 9090},
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda _: {"domainName": "a.test", "validationMethod": "DNS", "tags": TAGS},
        replace=lambda _: {"domainName": "b.test"},
    ),
)


def _bucket_setting(kind: str, inputs: Properties, change: Properties, seen: Any, expected: Any) -> Case:
    return Case(
        f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}",
        lambda w: {"bucket": w.bucket.id, **inputs},
        change=lambda _: change,
        seen=lambda w, made: seen(w.client("s3"), made.id),
        expected=expected,
        replace=lambda _: {"bucket": "other"},
    )


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _encryption(algorithm: str) -> Properties:
    return {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}]}


def _lifecycle(days: int) -> Properties:
    return {
        "rules": [
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {},
                "expiration": {"days": days},
                "noncurrentVersionExpiration": {"noncurrentDays": 1},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            }
        ]
    }


STORAGE = (
    Case(
        "aws:s3/bucket:Bucket",
        lambda _: {"bucketPrefix": "logs-", "forceDestroy": True, "tags": TAGS},
        change=lambda _: {"tags": {"Name": "other"}},
        seen=lambda w, made: w.client("s3").get_bucket_tagging(Bucket=made.id)["TagSet"],
        expected=[{"Key": "Name", "Value": "other"}],
        replace=lambda _: {"bucketPrefix": "other-"},
    ),
    _bucket_setting(
        "BucketPublicAccessBlock",
        dict.fromkeys(_BLOCKS, True),
        {"blockPublicAcls": False},
        lambda s3, name: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"][
            "BlockPublicAcls"
        ],
        False,
    ),
    _bucket_setting(
        "BucketOwnershipControls",
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "ObjectWriter"}},
        lambda s3, name: s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0][
            "ObjectOwnership"
        ],
        "ObjectWriter",
    ),
    _bucket_setting(
        "BucketServerSideEncryptionConfiguration",
        _encryption("AES256"),
        _encryption("aws:kms"),
        lambda s3, name: s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][
            0
        ]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "aws:kms",
    ),
    _bucket_setting(
        "BucketLifecycleConfiguration",
        _lifecycle(30),
        _lifecycle(60),
        lambda s3, name: s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"]["Days"],
        60,
    ),
    _bucket_setting(
        "BucketPolicy",
        {"policy": POLICY},
        {"policy": OTHER_POLICY},
        lambda s3, name: "s3:*" in s3.get_bucket_policy(Bucket=name)["Policy"],
        True,
    ),
)


def _alarm(threshold: float) -> Properties:
    return {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "HTTPCode_Target_5XX_Count",
        "namespace": "AWS/ApplicationELB",
        "period": 60,
        "statistic": "Sum",
        "threshold": threshold,
        "dimensions": {"LoadBalancer": "app/web"},
        "alarmActions": ["arn:aws:sns:eu-central-1:123456789012:pager"],
        "tags": TAGS,
    }


WATCHING = (
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {"retentionInDays": 30, "tags": TAGS},
        change=lambda _: {"retentionInDays": 90},
        seen=lambda w, made: w.client("logs").describe_log_groups(logGroupNamePrefix=made.id)["logGroups"][0][
            "retentionInDays"
        ],
        expected=90,
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda _: _alarm(1.5),
        change=lambda _: {"threshold": 2.5},
        seen=lambda w, made: w.client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"][0][
            "Threshold"
        ],
        expected=2.5,
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {"description": "d", "enableKeyRotation": True, "tags": TAGS},
        change=lambda _: {"description": "e", "enableKeyRotation": False},
        seen=lambda w, made: (
            w.client("kms").describe_key(KeyId=made.id)["KeyMetadata"]["Description"],
            w.client("kms").get_key_rotation_status(KeyId=made.id)["KeyRotationEnabled"],
        ),
        expected=("e", False),
        replace=lambda _: {"multiRegion": True},
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"targetKeyId": w.key.id},
        change=lambda w: {"targetKeyId": w.make("aws:kms/key:Key").id},
        replace=lambda _: {"name": "alias/other"},
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda _: {"displayName": "d", "tags": TAGS},
        change=lambda _: {"displayName": "e"},
        seen=lambda w, made: w.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"][
            "DisplayName"
        ],
        expected="e",
        replace=lambda _: {"name": "other"},
    ),
    *LOGS,
)
