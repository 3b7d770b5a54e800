"""Where Pulumi's state is to be, and what is found and done there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["there", "made", "changed"]


@dataclass(frozen=True)
class Place:
    """The bucket and the key as they are to be."""

    project: str
    account: str
    partition: str
    region: str
    bucket: str
    alias: str
    """With `alias/` before it."""
    keep_days: int
    """How long an object that was overwritten or deleted can be had back."""
    accounts: tuple[str, ...] = ()
    """Others, whose roles of deliveries keep their stacks' state here too."""

    @property
    def bucket_arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def shared(self, account: str, actions: tuple[str, ...], resource: str | list[str]) -> dict[str, object]:
        """What lets the roles of deliveries of another account in; their own policies say to what of it."""
        return {
            "Sid": f"Deliveries{account}",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{self.partition}:iam::{account}:root"},
            "Action": list(actions),
            "Resource": resource,
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": f"arn:{self.partition}:iam::{account}:role/delivery/*"}
            },
        }

    @property
    def tags(self) -> list[tuple[str, str]]:
        return [("managed-by", "scripts/bootstrap"), ("project", self.project)]


@dataclass(frozen=True)
class Part:
    """One thing, and whether it was there as it should be."""

    what: str
    state: State


@dataclass
class Done:
    """What was found and done; with `dry_run`, what would have been."""

    place: Place
    dry_run: bool
    parts: list[Part] = field(default_factory=list)
    key_arn: str | None = None
    """None in a dry run that would make the key."""

    @property
    def login(self) -> str:
        """The address that `pulumi login` takes."""
        return f"s3://{self.place.bucket}?region={self.place.region}"

    @property
    def secrets_provider(self) -> str | None:
        """What `pulumi stack init --secrets-provider` takes. An alias would be another key elsewhere."""
        return self.key_arn and f"awskms:///{self.key_arn}?region={self.place.region}"
