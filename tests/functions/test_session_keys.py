"""The rotation of session keys, step by step, against an emulated Secrets Manager in this process."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import moto
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.secretsmanager.models import secretsmanager_backends

from functions.session_keys import handler, parsed, rotated

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Secret:
    """A secret as a rotation finds it. A version that is to come is pending before it has a value."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.arn: str = client.create_secret(Name="sessions")["ARN"]

    def run(self, version: str, *steps: str) -> None:
        for step in steps:
            event = {"SecretId": self.arn, "ClientRequestToken": version, "Step": step}
            handler(event, None, self.client)

    def rotate(self) -> str:
        version = str(uuid.uuid4())
        self.run(version, *STEPS)
        return version

    def keys(self, **which: str) -> dict[str, str]:
        # moto gives the first version where none is named.
        wanted = which or {"VersionStage": "AWSCURRENT"}
        return parsed(self.client.get_secret_value(SecretId=self.arn, **wanted)["SecretString"])

    def stages(self) -> dict[str, list[str]]:
        described = self.client.describe_secret(SecretId=self.arn)
        found: dict[str, list[str]] = described.get("VersionIdsToStages", {})
        return {version: sorted(stages) for version, stages in found.items() if stages}


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secret]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        yield Secret(boto3.client("secretsmanager", region_name="eu-central-1"))


def test_the_first_rotation_makes_the_keys(secret: Secret) -> None:
    version = secret.rotate()
    keys = secret.keys()
    assert keys.keys() == {"current", "next"}
    assert {len(base64.b64decode(key)) for key in keys.values()} == {32}
    assert keys["current"] != keys["next"]
    assert secret.stages() == {version: ["AWSCURRENT"]}


def test_what_signs_after_a_rotation_was_known_before_it_and_what_signed_before_stays_valid(
    secret: Secret,
) -> None:
    secret.rotate()
    for _ in range(3):
        before = secret.keys()
        secret.rotate()
        after = secret.keys()
        assert after["current"] == before["next"]
        assert after["previous"] == before["current"]
        assert after["next"] not in before.values()


def test_the_version_before_stays_at_hand(secret: Secret) -> None:
    first, second = secret.rotate(), secret.rotate()
    assert secret.stages() == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}


@pytest.mark.parametrize("last", range(1, 5))
def test_a_rotation_that_stopped_after_any_step_is_run_again_to_the_same_end(
    secret: Secret, last: int
) -> None:
    secret.rotate()
    before, version = secret.keys(), "b" * 32
    secret.run(version, *STEPS[:last])
    if last < 4:
        assert secret.keys() == before, "a key is in use before the rotation is done"
    pending = secret.keys(VersionId=version)
    secret.run(version, *STEPS)
    assert secret.keys() == pending, "another run made other keys"
    assert secret.stages()[version] == ["AWSCURRENT"]


def test_each_step_may_be_repeated(secret: Secret) -> None:
    secret.rotate()
    version = "c" * 32
    secret.run(version, *(step for step in STEPS for _ in range(2)))
    assert secret.stages()[version] == ["AWSCURRENT"]


class DiesAfter:
    """A client whose process ends right after one call has reached the service."""

    def __init__(self, client: Any, calls: int) -> None:
        self._client, self._left = client, calls
        self.exceptions = client.exceptions

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: str) -> Any:
            if self._left == 0:
                raise SystemExit("the function was stopped")
            self._left -= 1
            return getattr(self._client, name)(**arguments)

        return call


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("calls", range(12))
def test_a_function_that_is_stopped_after_any_call_does_no_harm(
    secret: Secret, calls: int, *, first: bool
) -> None:
    if not first:
        secret.rotate()
    before = None if first else secret.keys()
    version = "d" * 32
    dying = DiesAfter(secret.client, calls)
    for step in STEPS:
        try:
            handler({"SecretId": secret.arn, "ClientRequestToken": version, "Step": step}, None, dying)
        except SystemExit:
            break
    secret.run(version, *STEPS)
    keys = secret.keys()
    assert secret.stages()[version] == ["AWSCURRENT"]
    if before is not None:
        assert (keys["current"], keys["previous"]) == (before["next"], before["current"])


def test_a_pending_version_without_a_value_is_filled(secret: Secret) -> None:
    """As Secrets Manager starts a rotation: the version is there, and empty."""
    secret.rotate()
    version = "0" * 32
    backend = secretsmanager_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"]
    empty = {"createdate": 0, "version_id": version, "version_stages": ["AWSPENDING"]}
    backend.secrets[secret.arn].versions[version] = empty
    secret.run(version, "createSecret")
    assert secret.keys(VersionId=version).keys() == {"current", "next", "previous"}
    assert secret.stages()[version] == ["AWSPENDING"]


def test_a_rotation_long_past_changes_nothing(secret: Secret) -> None:
    first = secret.rotate()
    secret.rotate()
    last = secret.rotate()
    with pytest.raises(ValueError, match=r"signed with a key that servers do not know yet|is not pending"):
        secret.run(first, "finishSecret")
    assert secret.stages()[last] == ["AWSCURRENT"]


def test_a_version_that_no_rotation_made_is_not_made_current(secret: Secret) -> None:
    last = secret.rotate()
    version = "9" * 32
    secret.client.put_secret_value(
        SecretId=secret.arn,
        ClientRequestToken=version,
        SecretString=json.dumps(rotated(secret.keys())),
        VersionStages=["BY-HAND"],
    )
    with pytest.raises(ValueError, match="is not pending"):
        secret.run(version, "finishSecret")
    assert secret.stages()[last] == ["AWSCURRENT"]


def test_no_version_without_a_value_becomes_current(secret: Secret) -> None:
    secret.rotate()
    before = secret.keys()
    with pytest.raises(ValueError, match="has no value: createSecret comes first"):
        secret.run("e" * 32, "finishSecret")
    assert secret.keys() == before


@pytest.mark.parametrize(
    "value",
    [
        "by hand",
        "[]",
        "{}",
        json.dumps({"current": "c2hvcnQ=", "next": "c2hvcnQ="}),
        json.dumps({"current": base64.b64encode(bytes(32)).decode()}),
    ],
)
def test_a_value_that_is_no_keys_is_refused_without_telling_it(secret: Secret, value: str) -> None:
    secret.client.put_secret_value(SecretId=secret.arn, SecretString=value)
    with pytest.raises(ValueError, match="did a person put a value into it") as refusal:
        secret.run("f" * 32, "createSecret")
    assert value not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_keys_that_skip_one_are_not_made_current(secret: Secret) -> None:
    """Servers that read the secret before would not know what others sign with."""
    secret.rotate()
    other = {
        name: base64.b64encode(bytes([index] * 32)).decode() for index, name in enumerate(["current", "next"])
    }
    version = "a" * 32
    secret.client.put_secret_value(
        SecretId=secret.arn,
        ClientRequestToken=version,
        SecretString=json.dumps(other),
        VersionStages=["AWSPENDING"],
    )
    for step in ("testSecret", "finishSecret"):
        with pytest.raises(ValueError, match="a key that servers do not know yet"):
            secret.run(version, step)


def test_the_first_keys_become_current_though_nothing_is_before_them(secret: Secret) -> None:
    """Secrets Manager labels the first version itself unless it made an empty one when the rotation began."""
    version = secret.rotate()
    moved: list[dict[str, str]] = []

    class Unlabelled:
        exceptions = secret.client.exceptions

        def get_secret_value(self, **which: str) -> Any:
            if which.get("VersionStage") == "AWSCURRENT":
                raise self.exceptions.ResourceNotFoundException({}, "GetSecretValue")
            return secret.client.get_secret_value(**which)

        def describe_secret(self, **_: str) -> Any:
            return {"VersionIdsToStages": {version: ["AWSPENDING"]}}

        def update_secret_version_stage(self, **arguments: str) -> None:
            moved.append(arguments)

    handler(
        {"SecretId": secret.arn, "ClientRequestToken": version, "Step": "finishSecret"}, None, Unlabelled()
    )
    assert moved == [
        {"SecretId": secret.arn, "VersionStage": "AWSCURRENT", "MoveToVersionId": version},
        {"SecretId": secret.arn, "VersionStage": "AWSPENDING", "RemoveFromVersionId": version},
    ]


def test_another_step_is_refused(secret: Secret) -> None:
    with pytest.raises(ValueError, match="'dropSecret' is no step of a rotation"):
        secret.run("a" * 32, "dropSecret")
