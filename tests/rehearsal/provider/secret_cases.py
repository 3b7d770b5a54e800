"""The cases of secrets and of what rotates them."""

from __future__ import annotations

import json

from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.world import Made, World


def policy(action: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": f"secretsmanager:{action}", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy_now(world: World, made: Made) -> str:
    found = world.client("secretsmanager").get_resource_policy(SecretId=made.id)["ResourcePolicy"]
    return str(json.loads(found)["Statement"][0]["Action"])


SECRETS = (
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda w: {
            "namePrefix": "main-",
            "description": "d",
            "kmsKeyId": w.key.outputs["arn"],
            "policy": policy("DeleteSecret"),
            "recoveryWindowInDays": 7,
            "tags": TAGS,
        },
        change=lambda _: {"description": "e", "policy": policy("PutSecretValue")},
        seen=lambda w, made: (
            w.client("secretsmanager").describe_secret(SecretId=made.id)["Description"],
            _policy_now(w, made),
        ),
        expected=("e", "secretsmanager:PutSecretValue"),
        replace=lambda _: {"namePrefix": "other-"},
    ),
    Case(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        lambda w: {"secretArn": w.secret.id, "policy": policy("DeleteSecret")},
        change=lambda _: {"policy": policy("PutSecretValue")},
        seen=_policy_now,
        expected="secretsmanager:PutSecretValue",
        replace=lambda _: {"secretArn": "arn:other"},
    ),
)
