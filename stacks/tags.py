"""The tags that a stack file puts on every resource: the limits of whoever takes the fewest characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from components.lifecycle_hooks import refuse_tag_keys
from stacks.problems import Place, shown

# Set by the composition on every resource, so that nobody can contradict what they say.
OWN_TAGS = ("environment", "managed-by", "Name", "project", "service")
# AWS takes 50 tags a resource.
_MOST_TAGS = 50 - len(OWN_TAGS)
_IMAGE_TAGS = "immutable:"
_BUILDER_TAGS = ("CreatedBy", "Ec2ImageBuilderArn", "Tags")


def problems(tags: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """AWS's limits, over all services: IAM compares keys without case, the others take fewer characters."""
    if len(tags) > _MOST_TAGS:
        yield (
            ("tags",),
            f"has {len(tags)} tags; keep {_MOST_TAGS}, as AWS takes 50 and {len(OWN_TAGS)} more are set",
        )
    seen: dict[str, str] = {}
    for key, value in tags.items():
        place = ("tags", key)
        if key.lower().startswith("aws:"):
            yield place, "starts with aws:, which is AWS's own; rename it"
        elif key.lower() in (own.lower() for own in OWN_TAGS):
            yield place, "is set on every resource already; remove it"
        elif not re.fullmatch(r"[\w +=.:/@-]{1,128}", key):
            yield place, "is not a tag's key; take 1 to 128 letters, digits, spaces and + - = . _ : / @"
        if key.lower() in seen:
            yield place, f"differs from {shown(seen[key.lower()])} in case alone; keep one"
        seen[key.lower()] = key
        if value.lower().startswith("aws:") or not re.fullmatch(r"[\w +=.:/@-]{0,256}", value):
            text = "take up to 256 letters, digits, spaces and + - = . _ : / @, not starting with aws:"
            yield place, f"{shown(value)} is not a tag's value; {text}"


def server_problems(tags: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """Those that keep servers from reading their own tags."""
    for key in tags:
        try:
            refuse_tag_keys([key])
        except ValueError as error:
            yield ("tags", key), str(error)


def image_problems(tags: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """Those that Image Builder does not take (TagResource), or that would say what images say themselves."""
    for key in tags:
        if key.lower().startswith(_IMAGE_TAGS):
            yield ("tags", key), f"starts with {_IMAGE_TAGS}, which says where an image comes from; rename it"
        elif key in _BUILDER_TAGS:
            yield ("tags", key), "is set by Image Builder itself; rename it"
        elif not re.fullmatch(r"[A-Za-z0-9+,./:;<=_-]+", key):
            text = "Image Builder takes letters, digits and + - = . , _ : / in a tag's key"
            yield ("tags", key), f"holds something else; {text}"
