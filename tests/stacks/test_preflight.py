"""The pre-flight of a stack: what is asked of AWS about its images, what is refused, and on which key."""

from __future__ import annotations

import logging
from typing import Any

import pulumi
import pytest

from tests.stacks.declared import TESTED, Account, Environment, declared
from tests.stacks.given import SMALLEST, complaint, loaded, stack_file, with_changes

AMI, OWN = SMALLEST["immutable:imageId"], "ami-0fedcba9876543210"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
API = {
    "port": 9090,
    "instanceTypes": ["m7g.large", "m6g.large"],
    "route": {"priority": 1, "paths": ["/api/*"]},
}
WITH_OWN = with_changes({"immutable:services.api": {**API, "imageId": OWN}})


def refused(account: Account, values: dict[str, Any] = SMALLEST) -> list[str]:
    """The lines of the refusal, and that not one resource was declared before it."""
    seen: list[Environment] = []
    with pytest.raises(pulumi.RunError) as error:
        seen.append(declared("staging", values, account=account))
    return str(error.value).splitlines()


def test_a_refusal_is_one_line_that_names_the_key_and_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert refused(Account(image={"state": "pending"})) == [
        f"Pulumi.staging.yaml: immutable:imageId: {AMI} is pending, not available yet; wait until it is"
    ]
    assert "pre-flight" not in caplog.text


def test_nothing_is_declared_before_the_images_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Environment] = []
    plain = Environment.__init__

    def keep(environment: Environment, *values: Any, **more: Any) -> None:
        plain(environment, *values, **more)
        kept.append(environment)

    monkeypatch.setattr(Environment, "__init__", keep)
    refused(Account(image={"state": "failed"}))
    assert [(each.resources, list(each.asked)) for each in kept] == [([], ["getAmi", "getInstanceTypes"])]


def test_a_services_own_image_is_refused_on_its_own_key() -> None:
    old = {"deprecationTime": "2026-01-01T10:00:00.000Z"}
    assert [line.partition(" is ")[0] for line in refused(Account(image=old), WITH_OWN)] == [
        f"Pulumi.staging.yaml: immutable:imageId: {AMI}",
        f"Pulumi.staging.yaml: immutable:services.api.imageId: {OWN}",
    ]
    assert "is deprecated as of 2026-01-01 10:00 UTC" in refused(Account(image=old))[0]


def test_an_image_that_aws_does_not_show_is_refused() -> None:
    none = "invoking: Your query returned no results. Please change\nyour search criteria"
    (line,) = refused(Account(image=none))
    assert f"{AMI} is not to be seen in eu-central-1: it does not exist there, is disabled, or is not" in line


def test_an_aws_that_does_not_answer_is_one_line_with_its_words() -> None:
    assert refused(Account(image="no valid\ncredentials")) == [
        f"Pulumi.staging.yaml: immutable:imageId: eu-central-1 does not tell of {AMI} (invoke of "
        "aws:ec2/getAmi:getAmi failed: no valid credentials ()); check credentials and network"
    ]


def test_types_that_do_not_run_the_image_are_named() -> None:
    api = {**API, "instanceTypes": ["m7g.large", "m6g.large"]}
    values = with_changes({"immutable:services.api": api})
    (line,) = refused(Account(runs=("m7g.large",)), values)
    assert f"immutable:imageId: {AMI} is an arm64 image, and m6g.large cannot run it" in line


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("Disabled", "which is disabled"),
        ("PendingDeletion", "which is about to be deleted"),
        ("reading: AccessDeniedException: not authorized", "and this account may not even look at it"),
        ("reading: NotFoundException: there is none", "which is NotFound and cannot be used"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(state: str, words: str) -> None:
    encrypted = Account(image={"disks": {"snap-1": "true"}}, snapshots={"snap-1": KEY}, keys={KEY: state})
    (line,) = refused(encrypted)
    assert f"immutable:imageId: {AMI} is encrypted with {KEY}, {words}" in line


def test_a_key_or_snapshot_that_is_not_told_for_another_reason_is_an_unanswered_question() -> None:
    account = Account(image={"disks": {"snap-1": "true"}}, snapshots={"snap-1": KEY}, keys={KEY: "time out"})
    assert "does not tell of" in refused(account)[0]
    account = Account(image={"disks": {"snap-1": "true"}}, snapshots={"snap-1": "time out"})
    assert "does not tell of" in refused(account)[0]


def test_a_snapshot_that_stays_with_its_owner_tells_no_key_and_is_no_problem() -> None:
    built = declared("staging", SMALLEST, account=Account(image={"disks": {"snap-1": "true"}}))
    assert list(built.asked) == ["getAmi", "getSnapshot", "getInstanceTypes", "getAvailabilityZones"]


def test_every_encrypted_volume_counts_and_no_other() -> None:
    disks = {"snap-1": "false", "snap-2": "true", "snap-3": "true"}
    keys = {"snap-2": KEY, "snap-3": f"{KEY}0"}
    account = Account(image={"disks": disks}, snapshots=keys, keys={KEY: "Enabled", f"{KEY}0": "Disabled"})
    (line,) = refused(account)
    assert f"is encrypted with {KEY}0, which is disabled" in line


def test_an_image_that_many_services_share_is_asked_about_once_and_in_few_questions() -> None:
    built = declared("staging", with_changes({"immutable:services.api": API}))
    assert {name: len(calls) for name, calls in built.asked.items()} == {
        "getAmi": 1,
        "getInstanceTypes": 1,
        "getAvailabilityZones": 1,
    }
    (types,) = (each["values"] for each in built.asked["getInstanceTypes"][0]["filters"][:1])
    assert types == ["m7g.large", "m6g.large"]


def test_a_shared_image_that_no_service_starts_from_is_not_asked_about() -> None:
    built = declared("staging", with_changes({"immutable:services.web.imageId": OWN}))
    assert list(built.outputs["images"]) == [OWN]


def test_what_passed_is_told_beside_the_preview_and_exported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        built = declared("staging", WITH_OWN)
    assert [line for line in caplog.messages if "pre-flight" in line] == [
        f"pre-flight passed: {image}: recipe service 0123456789abcdef, commit c0ffee, tests passed, findings "
        "critical=0 high=0 medium=0"
        for image in (AMI, OWN)
    ]
    assert set(built.outputs["images"]) == {AMI, OWN}


def test_an_image_without_tags_of_ours_is_exported_all_the_same() -> None:
    lax = with_changes({"immutable:preflight": {"requireTests": False, "maxFindings": {}}})
    assert declared("staging", lax, account=Account(image={"tags": None})).outputs["images"] == {AMI: {}}


def test_each_environment_has_its_own_limits() -> None:
    tags = {**TESTED, "immutable:findings": "critical=0 high=2 medium=0"}
    account = Account(image={"tags": tags})
    assert declared("staging", stack_file("staging"), account=account)
    with pytest.raises(pulumi.RunError, match=r"prod.*has 2 high findings, .*maxFindings\.high is 0"):
        declared("prod", stack_file("prod"), account=account)


def test_by_default_tests_must_have_passed_and_no_finding_may_be_critical() -> None:
    limits = loaded(SMALLEST).preflight.limits
    assert (limits.require_tests, limits.max_findings) == (True, {"critical": 0})


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("requireTest", True, "requireTest: is not a known key; did you mean requireTests?"),
        ("requireTests", "yes", "requireTests: 'yes' is text; write true or false"),
        ("maxFindings", {"critical": -1}, "maxFindings.critical: -1 is too low; the least is 0"),
        (
            "maxFindings",
            {"low": 1},
            "maxFindings.low: 'low' is not a choice; write critical, high or medium",
        ),
        (
            "maxFindings",
            {"critical": 0, "medium": 1},
            "maxFindings: has no high, which is graver than what it has; add high: 0",
        ),
    ],
)
def test_limits_that_are_none_are_refused(key: str, value: Any, line: str) -> None:
    assert complaint({f"immutable:preflight.{key}": value}) == f"immutable:preflight.{line}"
