"""Container images by digest: the only names of one that a release accepts."""

from images import containers
from scripts.releases.errors import RefusedError


def checked(image: str, source: str) -> str:
    """`image` itself, if it is a container image by digest.

    A tag would let pods change without a line of config changing.

    Raises:
        RefusedError: naming `source` (an option, or a file and its key) and the value.
    """
    wrong = containers.problem(image)
    if wrong is not None:
        raise RefusedError(f"{source}: {wrong}")
    return image


def same(one: str | None, other: str | None) -> bool:
    """Whether two references are of one image, in whichever repositories: a digest is that of the content."""
    return one is not None and other is not None and digest(one) == digest(other)


def digest(image: str) -> str:
    """The digest in a reference, or the whole text of one that has none."""
    return image.partition("@")[2] or image
