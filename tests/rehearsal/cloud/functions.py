"""Functions for tests: their archive, their role, and who may call them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from rehearsal.cloud.local import Local

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def archive(text: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("function.py", text)
    return target.getvalue()


def role(cloud: Local, name: str = "function") -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    made = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def function(cloud: Local, text: str, **more: Any) -> str:
    """The ARN of a new function `rotate`, which Secrets Manager may call."""
    settings = {
        "FunctionName": "rotate",
        "Runtime": "python3.12",
        "Handler": "function.handler",
        "Timeout": 20,
    }
    client = cloud.client("lambda")
    made = client.create_function(Code={"ZipFile": archive(text)}, Role=role(cloud), **{**settings, **more})
    client.add_permission(
        FunctionName="rotate",
        StatementId="secrets",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    return str(made["FunctionArn"])
