"""The smallest right and wrong stacks, as immutability asks for them."""

from __future__ import annotations

import json
from typing import Any

from policies import rollouts as rules
from policies.rules import Resource
from tests.policies.cases import Case, res

IMAGE, OTHER = "ami-0123456789abcdef0", "ami-0fedcba9876543210"
STACK = res(rules.STACK, images={IMAGE: {"recipe": "service"}})
TEMPLATE = res(rules.LAUNCH_TEMPLATE, imageId=IMAGE)


def group(ignored: str = rules.VERSION, **inputs: Any) -> Resource:
    plain = res(rules.GROUP, "web", **inputs)
    return Resource(**{**vars(plain), "ignore_changes": (ignored,)})


GROUP = group()
ROLLOUT = res(rules.ROLLOUT, depends={"group_name": GROUP})
OF_ANOTHER = res(rules.ROLLOUT, depends={"group_name": res(rules.GROUP, "api")})

PATTERN = json.dumps({"detail": {"eventName": ["StartSession"]}})
NOTICE = res(rules.EVENT_RULE, "sessions", eventPattern=PATTERN)
NOT_THAT = res(rules.EVENT_RULE, "other", eventPattern=json.dumps({"detail": {"eventName": ["StopTask"]}}))
MARK = res(rules.EVENT_TARGET, depends={"rule": NOTICE})
MARK_NOTHING = res(rules.EVENT_TARGET, depends={"rule": NOT_THAT})
AT_NIGHT = res(rules.EVENT_RULE, "nightly", scheduleExpression="cron(0 3 * * ? *)")
ODD = res(rules.EVENT_RULE, "odd", eventPattern="{")
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ACTIONS = (
    "ec2-instance-connect:OpenTunnel",
    "ec2-instance-connect:SendSSHPublicKey",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenDataChannel",
)
DOOR = res(rules.CONNECT_ENDPOINT, "door")


def allows(action: str, kind: str = rules.ROLE_POLICY) -> Resource:
    statement = {"Sid": "Log", "Effect": "Allow", "Action": action, "Resource": "*"}
    return res(kind, policy=json.dumps({"Statement": [statement]}))


def attached(arn: str) -> Resource:
    return res(rules.ATTACHMENT, policyArn=f"arn:aws:iam::aws:policy/{arn}")


CASES: tuple[Case, ...] = (
    Case(rules.factory_image, [STACK, TEMPLATE], [res(rules.STACK, images={OTHER: {}}), TEMPLATE], IMAGE),
    Case(rules.factory_image, [], [TEMPLATE], "is none that the pre-flight has passed"),
    Case(rules.factory_image, [res(rules.STACK)], [res(rules.STACK), TEMPLATE], "is none that"),
    Case(
        rules.watched_rollout, [GROUP, ROLLOUT], [GROUP, OF_ANOTHER], "no rollout changes the servers of web"
    ),
    Case(rules.watched_rollout, [], [group("tags"), ROLLOUT], "ignoreChanges lacks mixedInstancesPolicy"),
    Case(
        rules.watched_rollout,
        [group(instanceRefresh=None), ROLLOUT],
        [group(instanceRefresh={"strategy": "Rolling"}), ROLLOUT],
        "instanceRefresh starts a refresh that nobody waits for",
    ),
    Case(
        rules.session_taints,
        [allows("ssmmessages:OpenControlChannel")],
        [allows("ssmmessages:OpenDataChannel")],
        "statement Log allows ssmmessages:OpenDataChannel",
    ),
    Case(rules.session_taints, [], [allows("ssm:*", rules.POLICY)], "allows ssm:StartSession"),
    *(Case(rules.session_taints, [], [allows(action)], f"allows {action}") for action in ACTIONS),
    Case(rules.session_taints, [allows("*", BUCKET_POLICY)], [allows("*")], "allows ssm:StartSession"),
    Case(rules.session_taints, [res(rules.EVENT_RULE)], [AT_NIGHT, DOOR], "door leads to servers' logins"),
    Case(rules.session_taints, [], [ODD, DOOR], "door leads to servers' logins"),
    Case(
        rules.session_taints,
        [attached("CloudWatchAgentServerPolicy")],
        [attached("AmazonSSMManagedInstanceCore")],
        "AmazonSSMManagedInstanceCore opens sessions",
    ),
    Case(rules.session_taints, [NOTICE, MARK, DOOR], [NOTICE, DOOR], "door leads to servers' logins"),
    Case(rules.session_taints, [], [NOT_THAT, MARK_NOTHING, DOOR], "door leads to servers' logins"),
)
