"""What an image must be before servers start from it, as rules: facts in, problems out.

Nothing is asked here: the program gathers the facts by invokes, the release commands by boto3. Every preview
imports this file, which therefore imports next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TESTS, FINDINGS = "immutable:tests", "immutable:findings"
PASSED = "passed"
#: Written by EC2 Image Builder: the ARN of the image's build, which its copies in all regions share.
BUILD = "Ec2ImageBuilderArn"
SEVERITIES = ("critical", "high", "medium")
ENABLED, DENIED = "Enabled", "AccessDenied"
#: AWS takes no deprecation date in the past, so that an image is retired a moment ahead of its date; and
#: clocks differ. An image with an hour left is one that is being retired.
AHEAD = timedelta(hours=1)

_RECORDED = ("recipe", "recipe-hash", "commit", "parent", "tests", "findings")


@dataclass(frozen=True)
class Limits:
    """What an environment asks of an image. `max_findings` is the most findings by severity; a severity that
    is not in it has no limit.
    """

    require_tests: bool = True
    max_findings: Mapping[str, int] = field(default_factory=lambda: {"critical": 0})


@dataclass(frozen=True)
class Facts:
    """What AWS says of an image in one region, to one account.

    Attributes:
        found: whether AWS shows it there.
        sees_disabled: whether a disabled one would have been shown to its owner; only boto3 asks for these.
        state: EC2's word for it, such as `available`, `pending` or `disabled`.
        deprecated_at: from when on it is deprecated; None for never.
        architecture: `arm64` or `x86_64`.
        tags: those that this account sees; tags of a shared image stay with its owner.
        keys: the state of each KMS key of its snapshots, as KMS words it, by key; `AccessDenied` where this
            account may not ask. A snapshot that stays with its owner tells no key.
    """

    image_id: str
    region: str
    found: bool = True
    sees_disabled: bool = False
    state: str = "available"
    deprecated_at: datetime | None = None
    architecture: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


def problems(facts: Facts, limits: Limits, wrong_types: Sequence[str], now: datetime) -> list[str]:
    """Why servers must not start from this image: one line each, what is wrong and what to do.

    Args:
        wrong_types: the instance types, of those that would start from it, that do not run its architecture.
        now: the present, with a time zone.
    """
    if not facts.found:
        return [_missing(facts)]
    found = [
        *_state(facts),
        *_deprecated(facts, now),
        *_architecture(facts, wrong_types),
        *_keys(facts),
        *_tests(facts, limits),
        *_findings(facts, limits),
    ]
    return [f"{facts.image_id} {text}" for text in found]


def findings(facts: Facts) -> dict[str, int] | None:
    """The number of findings by severity; None without a scan on record, or with one that cannot be read."""
    written = dict(re.findall(r"(\w+)=(\d+)(?!\S)", facts.tags.get(FINDINGS, "")))
    return {name: int(written[name]) for name in SEVERITIES} if written.keys() >= set(SEVERITIES) else None


def record(facts: Facts) -> dict[str, str]:
    """Where an image comes from and what is known of it: recipe, hash, commit, parent, tests, findings. What
    no tag says is left out.
    """
    said = {name: facts.tags.get(f"immutable:{name}") for name in _RECORDED}
    return {name.removeprefix("recipe-"): value for name, value in said.items() if value}


def summary(facts: Facts) -> str:
    """The same as one line."""
    said = record(facts)
    recipe = " ".join(said[name] for name in ("recipe", "hash") if name in said) or "unknown"
    return (
        f"{facts.image_id}: recipe {recipe}, commit {said.get('commit', 'unknown')[:12]}, "
        f"tests {said.get('tests', 'not on record')}, findings {said.get('findings', 'not on record')}"
    )


def _missing(facts: Facts) -> str:
    """AWS tells one that is not there from neither one that is not shared, nor a disabled one of others."""
    reasons = "does not exist there, or is not shared with this account"
    if not facts.sees_disabled:
        reasons = "does not exist there, is disabled, or is not shared with this account"
    return (
        f"{facts.image_id} is not to be seen in {facts.region}: it {reasons}; name an image of this region "
        f"(an ID is good in one region alone), or have its owner share it"
    )


def _state(facts: Facts) -> Iterator[str]:
    if facts.state == "disabled":
        yield (
            f"is disabled, so that no server starts from it; name another one, or enable it: "
            f"aws ec2 enable-image --image-id {facts.image_id}"
        )
    elif facts.state == "pending":
        yield "is pending, not available yet; wait until it is"
    elif facts.state != "available":
        yield f"is {facts.state}, not available; name another one"


def _deprecated(facts: Facts, now: datetime) -> Iterator[str]:
    at = facts.deprecated_at
    if at is not None and at - AHEAD <= now:
        yield (
            f"is deprecated as of {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC; name a newer one, or keep this "
            f"one: aws ec2 disable-image-deprecation --image-id {facts.image_id}"
        )


def _architecture(facts: Facts, wrong_types: Sequence[str]) -> Iterator[str]:
    if wrong_types:
        yield (
            f"is an {facts.architecture} image, and {', '.join(wrong_types)} cannot run it or is not offered "
            f"in {facts.region}; name other instanceTypes, or an image of their architecture"
        )


def _keys(facts: Facts) -> Iterator[str]:
    for key, state in facts.keys.items():
        if state == DENIED:
            yield (
                f"is encrypted with {key}, and this account may not even look at it (AccessDenied); allow it "
                f"in the key's policy, and kms:DescribeKey to whoever deploys"
            )
        elif state == "PendingDeletion":
            yield (
                f"is encrypted with {key}, which is about to be deleted (PendingDeletion); keep it: "
                f"aws kms cancel-key-deletion, then aws kms enable-key"
            )
        elif state == "Disabled":
            yield f"is encrypted with {key}, which is disabled; enable it: aws kms enable-key"
        elif state != ENABLED:
            yield f"is encrypted with {key}, which is {state} and cannot be used; name another image"


def _tests(facts: Facts, limits: Limits) -> Iterator[str]:
    if not limits.require_tests or facts.tags.get(TESTS) == PASSED:
        return
    if not facts.tags:
        yield (
            "carries no tag that this account sees, so that nobody knows whether its tests passed; tags of a "
            "shared image stay with its owner: have the factory copy it here (immutable:distribution / "
            "accounts)"
        )
    else:
        said = facts.tags.get(TESTS)
        tag = f"has {TESTS} = {said}" if said else f"has no tag {TESTS}"
        yield f"{tag}, not {PASSED}: its tests did not pass; name one that scripts/release bake made"


def _findings(facts: Facts, limits: Limits) -> Iterator[str]:
    if not limits.max_findings:
        return
    counts = findings(facts)
    if counts is None:
        yield (
            f"has no scan on record (tag {FINDINGS}), and preflight.maxFindings sets a limit; "
            f"scripts/release bake writes it, also to an image that is there already"
        )
        return
    for severity, most in limits.max_findings.items():
        if counts[severity] > most:
            yield (
                f"has {counts[severity]} {severity} findings, and preflight.maxFindings.{severity} is "
                f"{most}; bake one on a newer parent, or raise the limit"
            )
