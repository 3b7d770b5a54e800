"""The secrets of an environment are in Secrets Manager alone: not in state, outputs, user data or a log."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import aws_client, bench
from rehearsal.engines import EmbeddedEngine, Outcome
from rehearsal.workspace import Workspace
from tests.rehearsal.cloud.test_rotation import until

STACK = "staging"
REGION = "eu-central-1"
PAYMENT = "not-a-real-key-4242424242424242"


class Brought(list[str]):
    """The secret values of an environment that was brought up; `places` is all that was written of it."""

    def __init__(self, workspace: Workspace, outcome: Outcome, url: str, values: list[str]) -> None:
        super().__init__(values)
        self.outcome, self.url = outcome, url
        self.places = [path for path in workspace.root.rglob("*") if path.is_file()]


def configure(workspace: Workspace, secret_arn: str) -> None:
    path = workspace.config_file(STACK)
    config = yaml.safe_load(path.read_text())["config"]
    for key in ("immutable:databases", "immutable:names"):
        config.pop(key)
    config["immutable:loadBalancer"]["certificateArn"] = CERTIFICATE
    web = config["immutable:services"]["web"]
    web["secrets"] = {"PAYMENT_KEY": secret_arn}
    web.pop("calls")
    config["immutable:services"] = {"web": web}
    path.write_text(yaml.safe_dump({"config": config}))


CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/2b8e9f10-4c1d-4f7a-9d43-5a6b7c8d9e01"


@pytest.fixture(scope="module")
def brought() -> Iterator[Brought]:
    with bench.bench() as (workspace, cloud):
        client = aws_client.client("secretsmanager", cloud.url, REGION)
        arn = client.create_secret(Name="payment", SecretString=PAYMENT)["ARN"]
        configure(workspace, arn)
        bench.register(workspace, cloud)
        outcome = EmbeddedEngine(workspace, workspace.variables(cloud.url)).run("up", STACK)
        assert outcome.ok, outcome.lines[-10:]

        def session_keys() -> Any:
            (keys,) = [each for each in client.list_secrets()["SecretList"] if each["Name"] != "payment"]
            try:
                return json.loads(client.get_secret_value(SecretId=keys["ARN"])["SecretString"])
            except client.exceptions.ResourceNotFoundException:
                return None

        yield Brought(workspace, outcome, cloud.url, [PAYMENT, *until(session_keys).values()])


def test_no_file_of_the_environment_holds_one(brought: Brought) -> None:
    assert len(brought) == 3
    states = [path for path in brought.places if b"aws:secretsmanager/secret:Secret" in path.read_bytes()]
    assert states, "the state was not among what was looked at"
    assert [path for path in brought.places if _holds(path, brought)] == []


def test_nothing_that_is_said_or_exported_holds_one(brought: Brought) -> None:
    said = "\n".join(brought.outcome.lines) + json.dumps(brought.outcome.outputs)
    assert not [value for value in brought if value in said]


def test_no_launch_template_holds_one(brought: Brought) -> None:
    client = aws_client.client("ec2", brought.url, REGION)
    (template,) = client.describe_launch_templates()["LaunchTemplates"]
    versions = client.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    told = base64.b64decode(versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]).decode()
    assert "IMMUTABLE_SECRETS" in told
    assert not [value for value in brought if value in told]


def _holds(path: Path, values: list[str]) -> bool:
    content = path.read_bytes()
    return any(value.encode() in content for value in values)
