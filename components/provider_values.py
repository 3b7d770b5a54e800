"""What dynamic providers have in common: when a value counts as changed, and how a line reaches the user."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any


def differs(old: Any, new: Any) -> bool:
    """Compare values of the state with values of the program: 100.0 is 100, and nothing is the same as
    empty.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(differs(old.get(key), new.get(key)) for key in {*old, *new})
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return len(old) != len(new) or any(differs(a, b) for a, b in zip(old, new, strict=True))
    if isinstance(old, int | float) and isinstance(new, int | float):
        return not math.isclose(old, new)
    return (old or None) != (new or None)


def say(line: str) -> None:
    """The engine shows what a provider prints; unflushed it would come when the rollout is over.

    In one piece: `print` writes the end of a line apart, and rollouts of several services run at once.
    """
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
