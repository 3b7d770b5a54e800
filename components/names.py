"""Names and tags: bounded where AWS bounds them, so that a replacement can stand beside what it replaces."""

from __future__ import annotations

import re
from collections.abc import Mapping

LOAD_BALANCER_PREFIX = 6
"""Load balancers and target groups: 32 characters, of which the provider's unique suffix takes 26."""
ROLE_PREFIX = 38
"""IAM roles: 64 characters less the suffix."""
RULE_PREFIX = 38
"""EventBridge rules: as roles."""
BUCKET_PREFIX = 37
"""S3 buckets: 63 characters less the suffix."""
LONG_PREFIX = 100
"""Launch templates, instance profiles, security groups, Auto Scaling groups: 128 or more, less the suffix."""


def name_prefix(name: str, max_length: int) -> str:
    """A prefix made of `name`, at most `max_length` characters with its closing hyphen.

    Letters are lowered and anything but a letter, digit or hyphen becomes a hyphen, which every service
    takes. Two names may get one prefix: the provider's suffix is what makes the physical name unique.
    """
    cleaned = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return cleaned[: max_length - 1].rstrip("-") + "-"


def named(tags: Mapping[str, str], name: str) -> dict[str, str]:
    """`tags` with the `Name` that AWS's console shows."""
    return {**tags, "Name": name}
