"""The program's pre-flight through the engine and the provider: what EC2 and KMS say reaches the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud import zones
from rehearsal.cloud.images import Image
from rehearsal.cloud.local import Local, running
from rehearsal.cloud_client import TESTED
from rehearsal.engines import EmbeddedEngine, Outcome
from rehearsal.errors import UsageError
from rehearsal.workspace import Workspace

STAGING = "staging"


class Account:
    """An account with the hosted zones, in which a test puts the image that staging's configuration names."""

    def __init__(self, cloud: Local, workspace: Workspace) -> None:
        self.cloud, self.workspace = cloud, workspace
        self.image_id = workspace.image(STAGING)
        self.ec2, self.kms = cloud.client("ec2"), cloud.client("kms")
        self.key = self.kms.create_key()["KeyMetadata"]
        with cloud.cloud.lock:
            for zone_id, domain in workspace.zones().items():
                zones.host(zone_id, domain)

    def image(self, **changes: Any) -> None:
        given = {"tags": TESTED, "kms_key_id": self.key["Arn"], **changes}
        with self.cloud.cloud.lock:
            self.cloud.world.images.append(Image(self.image_id, "service", **given))

    def deprecate(self) -> None:
        world = self.cloud.world
        at = world.clock.date(world.timeline.now) + timedelta(minutes=2)
        self.ec2.enable_image_deprecation(ImageId=self.image_id, DeprecateAt=at)

    def preview(self) -> Outcome:
        engine = EmbeddedEngine(self.workspace, self.workspace.variables(self.cloud.url))
        return engine.run("preview", STAGING)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with running() as cloud:
        yield Account(cloud, Workspace.create(tmp_path / "scratch"))


def test_an_encrypted_image_that_passed_stands_in_the_preview(account: Account) -> None:
    account.image(tags=TESTED | {"immutable:recipe": "service"})
    outcome = account.preview().must()
    passed = {"recipe": "service", "tests": "passed", "findings": TESTED["immutable:findings"]}
    assert outcome.outputs["images"] == {account.image_id: passed}
    assert [line.partition(": ")[0] for line in outcome.lines if "pre-flight" in line] == [
        "pre-flight passed"
    ]


@pytest.mark.parametrize(
    ("changes", "spoil", "words"),
    [
        ({}, lambda account: account.ec2.disable_image(ImageId=account.image_id), "is not to be seen"),
        ({}, Account.deprecate, "is deprecated as of "),
        ({"architecture": "x86_64"}, None, "is an x86_64 image, and t4g.small, t4g.medium cannot run it"),
        ({}, lambda account: account.kms.disable_key(KeyId=account.key["KeyId"]), "which is disabled"),
        (
            {},
            lambda account: account.cloud.fault("DescribeKey", error="AccessDeniedException"),
            "and this account may not even look at it",
        ),
    ],
)
def test_an_image_that_must_not_be_used_is_one_line_and_nothing_else_is_asked(
    account: Account, changes: dict[str, Any], spoil: Callable[[Account], object] | None, words: str
) -> None:
    account.image(**changes)
    if spoil:
        spoil(account)
    outcome = account.preview()
    assert outcome.reason is not None
    assert outcome.reason.startswith(f"Pulumi.staging.yaml: immutable:imageId: {account.image_id} is ")
    assert words in outcome.reason
    assert outcome.changes["create"] <= 1, "the stack itself is all that was to be made"


def test_a_hosted_zone_that_is_not_there_ends_the_preview_in_one_line(tmp_path: Path) -> None:
    with running() as cloud:
        workspace = Workspace.create(tmp_path / "scratch")
        account = Account(cloud, workspace)
        account.image(tags=TESTED | {"immutable:recipe": "service"})
        config = workspace.config_file(STAGING)
        config.write_text(config.read_text().replace("zoneId: Z", "zoneId: ZZ"))
        outcome = account.preview()
    assert outcome.exit_code == UsageError.exit_code
    assert str(outcome.reason).startswith("Pulumi.staging.yaml: immutable:names.zoneId: ZZ")
    assert "No hosted zone found" in str(outcome.reason)
