"""Physical names: what the program or auto-naming said, or a prefix with a unique end."""

from __future__ import annotations

import secrets
import time

from rehearsal.plugin import Properties

# Terraform's unique suffix is 26 characters: the time to a tenth of a millisecond, and a counter in hex.
SUFFIX_CHARACTERS = 26


def physical_name(
    news: Properties, key: str = "name", prefix_key: str = "namePrefix", max_length: int = 255
) -> str:
    """The name to create under; a prefix gets as much of a unique suffix as fits into `max_length`."""
    name = news.get(key)
    if name:
        return str(name)
    prefix = str(news.get(prefix_key) or "pulumi-")
    now = time.time_ns()
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(now // 1_000_000_000))
    suffix = f"{stamp}{now % 1_000_000_000 // 100_000:04d}{secrets.token_hex(4)}"
    # Cut from the left: it is the end of the suffix that is unique.
    return prefix + suffix[-max(8, min(SUFFIX_CHARACTERS, max_length - len(prefix))) :]


def group_and_name(resource_id: str, known: Properties) -> tuple[str, str]:
    """Of what hangs on an Auto Scaling group. An import is asked for as `group/name`; later the name is
    enough, for its group is known.
    """
    group, _, name = resource_id.rpartition("/")
    return group or known["autoscalingGroupName"], name
