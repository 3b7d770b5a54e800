"""Where an image comes from, as its tags tell in the emulated account: recipe, commit, parent, tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal import aws_client

BUILD = "Ec2ImageBuilderArn"
_TAGS = {
    "recipe": "immutable:recipe",
    "hash": "immutable:recipe-hash",
    "commit": "immutable:commit",
    "parent": "immutable:parent",
    "tests": "immutable:tests",
    "findings": "immutable:findings",
}


@dataclass(frozen=True)
class Provenance:
    """What the tags of an image say, "" for each that it does not have; `regions` has its copies' IDs."""

    image: str
    recipe: str = ""
    hash: str = ""
    commit: str = ""
    parent: str = ""
    tests: str = ""
    findings: str = ""
    build: str = ""
    regions: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As it stands in the JSON file and on the report page."""
        return asdict(self)


def read(endpoint: str, image: str, regions: Sequence[str]) -> Provenance:
    """The provenance of an image in the first region, with its copies in all of them."""
    own = {"Name": "image-id", "Values": [image]}
    found = _images(endpoint, regions[0], own)
    tags = found.get(image, {})
    build = tags.get(BUILD, "")
    same = {"Name": f"tag:{BUILD}", "Values": [build]} if build else own
    copies = {region: min(_images(endpoint, region, same), default="") for region in regions}
    said = {name: tags.get(key, "") for name, key in _TAGS.items()}
    return Provenance(image, **said, build=build, regions={r: copy for r, copy in copies.items() if copy})


def _images(endpoint: str, region: str, wanted: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The tags of the account's own images, by ID; disabled and deprecated ones too."""
    ec2 = aws_client.client("ec2", endpoint, region)
    request = {"Owners": ["self"], "IncludeDisabled": True, "IncludeDeprecated": True, "Filters": [wanted]}
    return {
        each["ImageId"]: {tag["Key"]: tag["Value"] for tag in each.get("Tags") or []}
        for each in ec2.describe_images(**request)["Images"]
    }
