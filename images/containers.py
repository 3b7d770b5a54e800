"""Container images by digest: how a reference is written, and what one must be before pods start from it.

A tag may be moved to another image without a line of config changing, so that only digests count. Nothing is
asked here: the program gathers the facts by invokes, the release commands by boto3. Every preview imports
this file, which therefore imports next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from images.preflight import SEVERITIES, Limits

#: `REPOSITORY@sha256:` and 64 hexadecimal digits. The repository is host, perhaps with port, and path, in the
#: letters of the OCI distribution specification; an image of Docker Hub has its host written too.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]+(?::\d+)?|localhost(?::\d+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?:{_HOST})/{_PART}(?:/{_PART})*")
_ECR = re.compile(r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/(.+)")


@dataclass(frozen=True)
class Registry:
    """A private repository in Amazon ECR."""

    account: str
    region: str
    repository: str


@dataclass(frozen=True)
class Reference:
    """One container image. Its text is what pods are given."""

    repository: str
    digest: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}"

    @property
    def registry(self) -> Registry | None:
        """Where it is in ECR; None of one that is elsewhere."""
        found = _ECR.fullmatch(self.repository)
        return Registry(*found.groups()) if found else None

    def within(self, repository: str) -> Reference:
        """The same image as it is called in another repository: a digest is that of its content."""
        return Reference(repository, self.digest)


@dataclass(frozen=True)
class Facts:
    """What ECR says of an image.

    Attributes:
        found: whether its repository has an image of this digest.
        findings: how many the last scan found, by severity; None without a scan that is over.
    """

    reference: Reference
    found: bool = True
    findings: Mapping[str, int] | None = None


def problem(written: str) -> str | None:
    """Why `written` is no container image by digest, and what to write; None of one that is."""
    repository, at, digest = written.partition("@")
    form = "write REPOSITORY@sha256: and 64 hexadecimal digits in lower case"
    if not at:
        name, colon, tag = written.rpartition("/")[2].partition(":")
        if colon:
            return f"{written!r} names the tag {tag!r}, which may be moved to another image; {form}"
        return f"{written!r} names no digest, so that it is whatever {name!r} is today; {form}"
    if not _DIGEST.fullmatch(digest):
        return f"{written!r} has no digest that is one; {form}"
    if ":" in repository.rpartition("/")[2]:
        return f"{written!r} names a tag beside its digest, which says nothing; {form}"
    if not _REPOSITORY.fullmatch(repository):
        return f"{written!r} has no repository that is one; {form}, with the registry's host before the path"
    return None


def parse(written: str) -> Reference:
    """The reference in a text. Raises ValueError with `problem`."""
    wrong = problem(written)
    if wrong is not None:
        raise ValueError(wrong)
    repository, _, digest = written.partition("@")
    return Reference(repository, digest)


def repository_of(written: str) -> str:
    """The repository in a text that may name a tag, or nothing, in the place of a digest."""
    before = written.partition("@")[0]
    path, slash, name = before.rpartition("/")
    return f"{path}{slash}{name.partition(':')[0]}"


def short(written: str) -> str:
    """For people: `shop@sha256:0123456789ab`, without the registry and most of the digest; anything else as
    it is.
    """
    if problem(written) is not None:
        return written
    repository, _, digest = written.partition("@")
    return f"{repository.rpartition('/')[2]}@{digest[: len('sha256:') + 12]}"


def problems(facts: Facts, limits: Limits) -> list[str]:
    """Why pods must not start from this image: one line each, what is wrong and what to do."""
    name, registry = short(str(facts.reference)), facts.reference.registry
    if not facts.found:
        where = f"{registry.repository} of {registry.account} in {registry.region}" if registry else "there"
        return [
            f"{name} is not in {where}: copy it there with its digest (replication, or `crane copy`), "
            f"or name one that is"
        ]
    return [f"{name} {text}" for text in _findings(facts, limits)]


def _findings(facts: Facts, limits: Limits) -> Iterator[str]:
    """Without a scan nothing is against it: whether images are scanned is for their repository to say."""
    for severity, most in limits.max_findings.items():
        count = (facts.findings or {}).get(severity, 0)
        if count > most:
            yield (
                f"has {count} {severity} findings, and preflight.maxFindings.{severity} is {most}; build one "
                f"on a newer base, or raise the limit"
            )


def summary(facts: Facts) -> str:
    """What is known of an image that passed, as one line."""
    counts = facts.findings
    said = " ".join(f"{name}={counts.get(name, 0)}" for name in SEVERITIES) if counts is not None else ""
    return f"{facts.reference}: findings {said or 'not on record'}"
