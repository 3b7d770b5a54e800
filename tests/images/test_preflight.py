"""The rules of the pre-flight: each refusal with its words, and what passes."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from images import preflight
from images.preflight import Facts, Limits, findings, problems, record, summary
from tests.test_architecture import ROOT

AMI = "ami-0123456789abcdef0"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TAGS = {
    "immutable:recipe": "service",
    "immutable:recipe-hash": "0123456789abcdef",
    "immutable:commit": "c0ffee" + 34 * "0",
    "immutable:parent": "ami-11111111",
    "immutable:tests": "passed",
    "immutable:findings": "critical=0 high=1 medium=4",
}
GOOD = Facts(AMI, "eu-central-1", architecture="arm64", tags=TAGS, keys={KEY: "Enabled"})


def said(limits: Limits = Limits(), wrong_types: tuple[str, ...] = (), **changes: Any) -> str:  # noqa: B008
    """The one problem of an image with these changes, without its ID; "" for none."""
    found = problems(replace(GOOD, **changes), limits, wrong_types, NOW)
    assert len(found) < 2, found
    assert all(line.startswith(f"{AMI} ") and "\n" not in line for line in found)
    return found[0].removeprefix(f"{AMI} ") if found else ""


def without(tag: str) -> dict[str, str]:
    return {key: value for key, value in TAGS.items() if key != tag}


def test_a_tested_and_scanned_image_that_is_there_passes() -> None:
    assert said() == ""


def test_what_is_not_to_be_seen_may_not_exist_or_not_be_shared() -> None:
    assert said(found=False, sees_disabled=True, tags={}, state="failed") == (
        "is not to be seen in eu-central-1: it does not exist there, or is not shared with this account; "
        "name an image of this region (an ID is good in one region alone), or have its owner share it"
    )


def test_where_disabled_images_are_not_shown_it_may_be_one() -> None:
    assert "it does not exist there, is disabled, or is not shared" in said(found=False, sees_disabled=False)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("pending", "is pending, not available yet; wait until it is"),
        ("failed", "is failed, not available; name another one"),
        ("invalid", "is invalid, not available; name another one"),
        (
            "disabled",
            "is disabled, so that no server starts from it; name another one, or enable it: aws ec2 "
            f"enable-image --image-id {AMI}",
        ),
    ],
)
def test_another_state_than_available_is_a_problem(state: str, words: str) -> None:
    assert said(state=state) == words


def test_a_deprecated_image_is_a_problem_with_its_date() -> None:
    assert said(deprecated_at=NOW) == (
        "is deprecated as of 2026-11-20 10:00 UTC; name a newer one, or keep this one: aws ec2 "
        f"disable-image-deprecation --image-id {AMI}"
    )


@pytest.mark.parametrize(("ahead", "passes"), [(0, False), (59, False), (60, False), (61, True)])
def test_an_image_with_an_hour_left_counts_as_deprecated(ahead: int, passes: bool) -> None:
    """AWS takes no date in the past: who retires an image sets one a moment ahead."""
    assert (said(deprecated_at=NOW + timedelta(minutes=ahead)) == "") is passes


def test_instance_types_of_another_architecture_are_named() -> None:
    assert said(wrong_types=("t3.small", "m7i.large")) == (
        "is an arm64 image, and t3.small, m7i.large cannot run it or is not offered in eu-central-1; name "
        "other instanceTypes, or an image of their architecture"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            "AccessDenied",
            "and this account may not even look at it (AccessDenied); allow it in the key's policy, and "
            "kms:DescribeKey to whoever deploys",
        ),
        ("Disabled", "which is disabled; enable it: aws kms enable-key"),
        (
            "PendingDeletion",
            "which is about to be deleted (PendingDeletion); keep it: aws kms cancel-key-deletion, then aws "
            "kms enable-key",
        ),
        ("Unavailable", "which is Unavailable and cannot be used; name another image"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_with_its_state(state: str, words: str) -> None:
    assert said(keys={"another": "Enabled", KEY: state}) == f"is encrypted with {KEY}, {words}"


def test_an_image_without_the_mark_of_its_tests_is_a_problem() -> None:
    tail = "not passed: its tests did not pass; name one that scripts/release bake made"
    assert said(tags=without("immutable:tests")) == f"has no tag immutable:tests, {tail}"
    assert said(tags=TAGS | {"immutable:tests": "failed"}) == f"has immutable:tests = failed, {tail}"
    assert said(Limits(require_tests=False), tags=without("immutable:tests")) == ""


def test_an_image_whose_tags_stay_with_its_owner_is_said_to_need_a_copy() -> None:
    assert said(Limits(max_findings={}), tags={}) == (
        "carries no tag that this account sees, so that nobody knows whether its tests passed; tags of a "
        "shared image stay with its owner: have the factory copy it here (immutable:distribution / accounts)"
    )


def test_more_findings_than_the_limit_are_counted() -> None:
    assert said(Limits(max_findings={"critical": 0, "high": 0})) == (
        "has 1 high findings, and preflight.maxFindings.high is 0; bake one on a newer parent, or raise the "
        "limit"
    )
    assert said(Limits(max_findings={"critical": 0, "high": 1, "medium": 4})) == ""


@pytest.mark.parametrize("written", [None, "", "none", "critical=0 high=1", "critical=x high=0 medium=0"])
def test_a_scan_that_is_not_on_record_is_a_problem_only_where_there_is_a_limit(written: str | None) -> None:
    tags = without("immutable:findings") | ({} if written is None else {"immutable:findings": written})
    assert said(tags=tags) == (
        "has no scan on record (tag immutable:findings), and preflight.maxFindings sets a limit; "
        "scripts/release bake writes it, also to an image that is there already"
    )
    assert said(Limits(max_findings={}), tags=tags) == ""


def test_every_problem_is_told() -> None:
    bad = replace(GOOD, state="failed", deprecated_at=NOW, keys={KEY: "Disabled"}, tags={"a": "b"})
    found = problems(bad, Limits(), ("t3.small",), NOW)
    words = ("failed", "deprecated", "t3.small", KEY, "immutable:tests", "immutable:findings")
    assert len(found) == len(words)
    assert all(word in line for word, line in zip(words, found, strict=True))


def test_every_refusal_that_the_document_lists_is_one_of_these_and_none_is_left_out() -> None:
    text = (ROOT / "docs" / "releases.md").read_text()
    _, _, table = text.partition("| Refused | The way out |\n")
    rows = [line.split(" | ")[0] for line in table.partition("\n\n")[0].splitlines()[1:]]
    listed = [quoted.rstrip("…").strip() for row in rows for quoted in re.findall("`(.+?)`", row)]
    bad: list[dict[str, Any]] = [
        {"found": False},
        {"state": "pending"},
        {"state": "failed"},
        {"state": "disabled"},
        {"deprecated_at": NOW},
        {"wrong_types": ("t3.small",)},
        {"keys": {KEY: "Disabled"}},
        {"tags": without("immutable:tests")},
        {"limits": Limits(max_findings={}), "tags": {}},
        {"tags": without("immutable:findings")},
        {
            "limits": Limits(max_findings={"high": 0}),
            "tags": TAGS | {"immutable:findings": "high=2 critical=0 medium=0"},
        },
    ]
    told = [said(**each).replace(KEY, "KEY").replace("eu-central-1", "REGION") for each in bad]
    assert len(listed) == len(told)
    assert [line for line, words in zip(told, listed, strict=True) if not line.startswith(words)] == []


def test_findings_are_numbers_by_severity() -> None:
    assert findings(GOOD) == {"critical": 0, "high": 1, "medium": 4}
    assert findings(replace(GOOD, tags={})) is None


def test_the_record_of_an_image_is_what_its_tags_say_and_no_more() -> None:
    assert record(GOOD) == {
        "recipe": "service",
        "hash": "0123456789abcdef",
        "commit": "c0ffee" + 34 * "0",
        "parent": "ami-11111111",
        "tests": "passed",
        "findings": "critical=0 high=1 medium=4",
    }
    assert record(replace(GOOD, tags={"Name": "x", "immutable:recipe": "base"})) == {"recipe": "base"}


def test_the_summary_is_one_line() -> None:
    assert summary(GOOD) == (
        f"{AMI}: recipe service 0123456789abcdef, commit c0ffee000000, tests passed, findings critical=0 "
        "high=1 medium=4"
    )
    assert summary(replace(GOOD, tags={})) == (
        f"{AMI}: recipe unknown, commit unknown, tests not on record, findings not on record"
    )


def test_the_severities_are_those_that_the_tag_has_all_of() -> None:
    assert preflight.SEVERITIES == ("critical", "high", "medium")


def test_importing_the_rules_costs_a_preview_next_to_nothing() -> None:
    code = "import sys, images.preflight; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"yaml", "ruamel", "boto3", "botocore", "pydantic", "pulumi"} & set(done.stdout.split())
