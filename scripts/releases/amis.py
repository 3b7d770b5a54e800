"""AMIs of this account that the factory built: what EC2 says of each, and what its tags say of its origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from images import preflight
from scripts.releases.aws import Account, errors

RECIPE, HASH, COMMIT, PARENT = (f"immutable:{name}" for name in ("recipe", "recipe-hash", "commit", "parent"))
AVAILABLE, DISABLED = "available", "disabled"


@dataclass(frozen=True)
class Ami:
    """An image in one region. The factory's tags are "" where there are none.

    Attributes:
        state: EC2's word, such as `available`, `pending` or `disabled`.
        deprecated_at: from when on it is deprecated; None for never.
        protected: whether deregistration protection is on.
    """

    id: str
    region: str
    name: str
    owner: str
    architecture: str
    state: str
    created_at: datetime
    deprecated_at: datetime | None
    protected: bool
    tags: Mapping[str, str]

    @property
    def recipe(self) -> str:
        return self.tags.get(RECIPE, "")

    @property
    def hash(self) -> str:
        """The hash of the recipe's content that it was built from."""
        return self.tags.get(HASH, "")

    @property
    def build(self) -> str:
        """The ARN of the image's build in EC2 Image Builder, which its copies in other regions share."""
        return self.tags.get(preflight.BUILD, "")

    @property
    def tested(self) -> bool:
        return self.tags.get(preflight.TESTS) == preflight.PASSED

    @property
    def findings(self) -> str:
        """The findings of its scan, as `critical=0 high=1 medium=4`."""
        return self.tags.get(preflight.FINDINGS, "")

    def stage(self, now: datetime) -> str:
        """`available`, `deprecated` (or about to be), `disabled`, or what else EC2 says."""
        if self.state == AVAILABLE and self.deprecated_at is not None:
            return "deprecated" if self.deprecated_at - preflight.AHEAD <= now else AVAILABLE
        return self.state


def own(account: Account, tags: Mapping[str, str | None]) -> list[Ami]:
    """This account's images with these tags (None: with any value), disabled and deprecated ones too.

    Raises:
        AwsError: AWS refused.
    """
    filters = [
        {"Name": "tag-key", "Values": [key]} if value is None else {"Name": f"tag:{key}", "Values": [value]}
        for key, value in tags.items()
    ]
    return described(account, Owners=["self"], Filters=filters, IncludeDisabled=True, IncludeDeprecated=True)


def known(account: Account, image_id: str) -> list[Ami]:
    """The image of this ID, disabled or deprecated too; none where this account sees none.

    Raises:
        AwsError: AWS refused.
    """
    which: Any = [{"Name": "image-id", "Values": [image_id]}]
    return described(account, Filters=which, IncludeDisabled=True, IncludeDeprecated=True)


def described(account: Account, **which: Any) -> list[Ami]:
    """The images that DescribeImages finds, the newest first. Raises AwsError when AWS refuses."""
    with errors():
        pages = account.ec2.get_paginator("describe_images").paginate(**which)
        found = [_ami(account.region, dict(each)) for page in pages for each in page["Images"]]
    return newest_first(found)


def newest_first(found: Iterable[Ami]) -> list[Ami]:
    return sorted(found, key=lambda ami: (ami.created_at, ami.id), reverse=True)


def _ami(region: str, said: Mapping[str, Any]) -> Ami:
    deprecated = said.get("DeprecationTime")
    return Ami(
        id=said["ImageId"],
        region=region,
        name=said.get("Name") or "",
        owner=said.get("OwnerId") or "",
        architecture=said.get("Architecture") or "",
        state=said.get("State") or "",
        created_at=moment(said["CreationDate"]),
        deprecated_at=moment(deprecated) if deprecated else None,
        protected=str(said.get("DeregistrationProtection") or "").startswith("enabled"),
        tags={tag["Key"]: tag.get("Value", "") for tag in said.get("Tags") or ()},
    )


def moment(text: str) -> datetime:
    """A time as EC2 and Image Builder write it: ISO 8601, in UTC where it does not say."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
