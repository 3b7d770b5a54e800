"""The pre-flight of the release commands, against the emulated account: what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.releases.preflight import limits
from scripts.releases.project import find
from tests.scripts.account import PASSED
from tests.scripts.image_account import LINE, Account, image_account
from tests.scripts.release_project import NEW, OLD, OTHER
from tests.stacks.given import loaded, with_changes


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with image_account(tmp_path, monkeypatch) as made:
        yield made


def test_a_tested_image_goes_into_the_config_and_is_told(account: Account) -> None:
    account.image()
    done = account.run("set-image", "prod", NEW)
    assert (done.code, done.error) == (0, "")
    assert done.out.startswith(f"pre-flight passed: {NEW}: {PASSED}\n")
    assert f"immutable:imageId: {NEW}\n" in account.project.file("prod").read_text()


def test_an_image_that_is_not_in_the_region_is_refused(account: Account) -> None:
    account.image(region="eu-west-1")
    assert account.refused().startswith(
        f"{LINE}{NEW} is not to be seen in eu-central-1: it does not exist there, or is not shared with this"
    )


def test_a_disabled_image_is_told_from_one_that_is_not_there(account: Account) -> None:
    account.image()
    account.ec2.disable_image(ImageId=NEW)
    assert account.refused().startswith(f"{LINE}{NEW} is disabled, so that no server starts from it")


def test_a_deprecated_image_is_refused_and_not_before_its_time(account: Account) -> None:
    account.image()
    account.deprecate()
    assert account.refused().startswith(f"{LINE}{NEW} is deprecated as of ")
    world = account.cloud.world
    later = world.clock.date(world.timeline.now) + timedelta(days=90)
    account.ec2.enable_image_deprecation(ImageId=NEW, DeprecateAt=later)
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0
    account.cloud.step(90 * 86_400)
    assert "is deprecated as of " in account.refused()


def test_the_types_of_all_services_that_share_the_image_must_run_it(account: Account) -> None:
    account.image(architecture="x86_64")
    assert account.refused().startswith(
        f"{LINE}{NEW} is an x86_64 image, and m7g.large, t4g.small cannot run it or is not offered in "
        "eu-central-1"
    )


def test_the_types_of_a_service_count_for_its_own_image_alone(account: Account) -> None:
    account.image(architecture="x86_64")
    assert account.run("set-image", "prod", NEW, "--service", "jobs").code == 0
    account.image(OTHER)
    assert account.refused("set-image", "prod", OTHER, "--service", "jobs").startswith(
        f"Pulumi.prod.yaml, immutable:services / jobs / imageId: {OTHER} is an arm64 image, and c7i.large "
        "cannot"
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda kms, key: kms.disable_key(KeyId=key.rpartition("/")[2]), "which is disabled; enable it"),
        (
            lambda kms, key: kms.schedule_key_deletion(KeyId=key.rpartition("/")[2]),
            "which is about to be deleted (PendingDeletion)",
        ),
    ],
)
def test_an_image_whose_key_cannot_be_used_is_refused(
    account: Account, spoil: Callable[[Any, str], object], words: str
) -> None:
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    account.image(kms_key_id=key)
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0
    spoil(account.kms, key)
    assert account.refused().startswith(f"{LINE}{NEW} is encrypted with {key}, {words}")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("AccessDeniedException", "and this account may not even look at it (AccessDenied)"),
        ("NotFoundException", "which is NotFound and cannot be used"),
    ],
)
def test_a_key_that_this_account_may_not_look_at_is_refused(account: Account, error: str, words: str) -> None:
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    account.image(kms_key_id=key)
    account.cloud.fault("DescribeKey", error=error)
    assert account.refused().startswith(f"{LINE}{NEW} is encrypted with {key}, {words}")


def test_nothing_is_asked_that_nobody_needs_to_know(account: Account) -> None:
    """A plain image has no key, one that is not there no types, a service may name none."""
    for call in ("DescribeSnapshots", "DescribeInstanceTypes"):
        account.cloud.fault(call, error="UnauthorizedOperation")
    assert "is not to be seen" in account.refused()
    account.image()
    account.project.configure("staging", OLD)
    assert account.run("set-image", "staging", NEW).code == 0


def test_a_key_that_is_not_told_for_another_reason_is_no_answer(account: Account) -> None:
    account.image(kms_key_id=account.kms.create_key()["KeyMetadata"]["Arn"])
    account.cloud.fault("DescribeKey", error="InternalFailure")
    assert account.refused().startswith(
        f"the pre-flight of {NEW} needs AWS: AWS refused DescribeKey: Internal"
    )


def test_untested_and_unscanned_images_are_refused(account: Account) -> None:
    account.image(without="immutable:tests")
    assert account.refused().startswith(f"{LINE}{NEW} has no tag immutable:tests, not passed")
    account.image(OTHER, without="immutable:findings")
    assert "has no scan on record" in account.refused("set-image", "prod", OTHER)


def test_the_limits_are_those_of_the_environment(account: Account) -> None:
    account.image(tags={"immutable:findings": "critical=0 high=2 medium=0"})
    account.configure("  immutable:preflight: {maxFindings: {critical: 0, high: 1}}\n")
    assert account.refused().startswith(
        f"{LINE}{NEW} has 2 high findings, and preflight.maxFindings.high is 1"
    )
    account.configure("  immutable:preflight: {maxFindings: {critical: 0, high: 2}}\n")
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0


def test_several_problems_are_one_line(account: Account) -> None:
    account.image(tags={"immutable:tests": "failed", "immutable:findings": "critical=1 high=0 medium=0"})
    refusal = account.refused()
    assert "; ami-0000000000000000b has 1 critical findings" in refusal
    assert refusal.startswith(f"{LINE}{NEW} has immutable:tests = failed, not passed")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{requireTests: maybe}", "preflight / requireTests: write true or false"),
        ("{maxFindings: 3}", "preflight / maxFindings: write numbers from 0 on for critical, high, medium"),
        ("{maxFindings: {low: 3}}", "preflight / maxFindings: write numbers"),
        ("{maxFindings: {high: -1}}", "preflight / maxFindings: write numbers"),
        ("{maxFindings: {high: true}}", "preflight / maxFindings: write numbers"),
    ],
)
def test_limits_that_are_none_are_refused(account: Account, text: str, line: str) -> None:
    account.image()
    account.configure(f"  immutable:preflight: {text}\n")
    assert account.refused().startswith(f"Pulumi.prod.yaml: {line}")


@pytest.mark.parametrize(
    "given", [{}, {"requireTests": False}, {"maxFindings": {}}, {"maxFindings": {"critical": 1, "high": 2}}]
)
def test_the_limits_are_the_programs(account: Account, given: dict[str, Any]) -> None:
    account.configure(f"  immutable:preflight: {given}\n")
    program = loaded(with_changes({"immutable:preflight": given}))
    assert limits(find(account.project.directory).config("prod")) == program.preflight.limits


def test_promote_and_rollback_refuse_as_set_image_does(account: Account) -> None:
    account.image(without="immutable:tests")
    account.project.configure("staging", NEW)
    account.project.runs("staging", NEW)
    account.project.runs("prod", OLD, previous=NEW)
    for command in (("promote", "staging", "prod"), ("rollback", "prod")):
        assert account.refused(*command).startswith(f"{LINE}{NEW} has no tag immutable:tests")


def test_without_an_answer_from_aws_nothing_is_released(account: Account) -> None:
    account.image()
    account.cloud.fault("DescribeImages", error="UnauthorizedOperation")
    assert account.refused().startswith(
        f"the pre-flight of {NEW} needs AWS: AWS refused DescribeImages: UnauthorizedOperation"
    )


def test_a_config_that_names_no_region_is_refused(account: Account) -> None:
    account.project.file("prod").write_text(f"config:\n  immutable:imageId: {OLD}\n")
    assert account.refused().startswith("Pulumi.prod.yaml has no aws:region")
