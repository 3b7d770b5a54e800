"""The same image in another region: an AMI ID is good in one alone, and none is ever built anew."""

from __future__ import annotations

from images.preflight import BUILD
from scripts.releases import amis, aws
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError
from scripts.releases.preflight import answered


def in_region_of(target: ConfigFile, source: ConfigFile, image: str) -> str:
    """The ID under which the image of `source` stands in the region of `target`.

    Copies are told by their provenance, the build that EC2 Image Builder distributed them from; of several,
    one that can be used goes before one that cannot, and the newest of these counts. Whether it may be used
    is for the pre-flight to say.

    Raises:
        RefusedError: the image has no provenance, or no copy there, or AWS cannot be asked.
    """
    if None in (source.region, target.region) or source.region == target.region:
        return image
    with answered(image):
        build = _build(source, image)
        there = aws.account(target)
        copies = amis.own(there, {BUILD: build})
    if not copies:
        raise RefusedError(
            f"{image} has no copy in {target.region}, the region of {target.environment}; add "
            f"{target.region} to immutable:distribution / regions of the image factory, bring that up, and "
            f"bake again: the copy is told by its build {build}"
        )
    usable = [ami for ami in copies if ami.tested and ami.stage(there.now()) == amis.AVAILABLE]
    return (usable or copies)[0].id


def _build(source: ConfigFile, image: str) -> str:
    found = amis.known(aws.account(source), image)
    if not found:
        raise RefusedError(f"{image} is not to be seen in {source.region}, so that its copies are not known")
    if not found[0].build:
        raise RefusedError(
            f"{image} has no tag {BUILD}, so that no copy of it is known; promote between regions what "
            f"scripts/release bake made, or name a copy with set-image"
        )
    return found[0].build
