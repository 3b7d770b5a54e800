"""The SDK's `engine`: where `pulumi.log` and `pulumi.require_pulumi_version` go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Say = Callable[[str, str, str], None]
"""Takes a severity (`info`, `warning`, `error`), a URN or an empty string, and the text."""

_SEVERITIES = {1: "info", 2: "warning", 3: "error"}


class EngineLog:
    """Answers the Engine service. Debug messages are dropped: the SDK sends several for each resource."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def Log(self, request: Any) -> None:  # noqa: N802 (the protocol's name)
        """Show a message. An error is shown as one and fails nothing, as in Pulumi's engine."""
        severity = _SEVERITIES.get(request.severity)
        if severity is not None:
            self._say(severity, request.urn, request.message)

    def RequirePulumiVersion(self, request: Any) -> None:  # noqa: N802 (the protocol's name)
        """Accepted: this engine follows the SDK that the program runs with, whatever its number."""
