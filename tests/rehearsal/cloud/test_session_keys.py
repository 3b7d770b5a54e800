"""The function of session keys as Secrets Manager runs it: a process of its own, and at first no value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.test_rotation import Keys, until

FUNCTION = Path(__file__).parents[3] / "functions" / "session_keys.py"


def keys_of(text: str | None) -> dict[str, str]:
    found: dict[str, Any] = json.loads(text or "{}")
    return found


def test_keys_make_and_renew_themselves(cloud: Local) -> None:
    secret = Keys(cloud, FUNCTION.read_text())
    secret.rotate()
    first = keys_of(until(secret.value))
    assert first.keys() == {"current", "next"}
    until(secret.idle)
    secret.rotate()
    second = keys_of(until(lambda: secret.value() if keys_of(secret.value()) != first else None))
    assert (second["current"], second["previous"]) == (first["next"], first["current"])
    until(secret.idle)
    assert secret.stages() == [["AWSCURRENT"], ["AWSPREVIOUS"]]
