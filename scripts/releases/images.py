"""AMI IDs: the only names of an image that a release accepts."""

import re

from scripts.releases.errors import RefusedError

# EC2's IDs are 8 hexadecimal digits (before 2016) or 17.
AMI_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")


def checked(image: str, source: str) -> str:
    """`image` itself, if it is an AMI ID.

    A name, an alias or `resolve:ssm:` would let a server change without a line of config changing.

    Raises:
        RefusedError: naming `source` (an option, or a file and its key) and the value.
    """
    if AMI_ID.fullmatch(image):
        return image
    raise RefusedError(
        f"{source}: {image!r} is not an AMI ID; give ami- and 8 or 17 hexadecimal digits in lower case"
    )
