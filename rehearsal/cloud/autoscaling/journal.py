"""What emulated servers say in their journals, as CloudWatch's agent sends it: JSON, with the fields of the
journal under `body`.

A server says that it booted, that it serves once it is healthy or works where nobody asks it, what goes wrong
with its image, how the run of its job ended, and that it leaves. It says the last only while its termination
hook holds it: without the hook the agent ends with the server, and what it had not sent yet is lost, as on
AWS.
"""

from __future__ import annotations

import json
from functools import lru_cache

BOOTED, SERVING, ERRING, CRASHED, LEAVING = "booted", "serving", "erring", "crashed", "leaving"
WORKING, RUN_SUCCEEDED, RUN_FAILED = "working", "run-succeeded", "run-failed"

_PROGRAM, _PROGRAM_UNIT = "immutable-lifecycle", "immutable-lifecycle@service.service"

#: By the word: who says it, its unit, its priority (3 is an error, 6 is information), and what.
_LINES = {
    BOOTED: ("systemd", "init.scope", 6, "Booted from {image}."),
    SERVING: ("service", "service.service", 6, "Serving requests."),
    ERRING: ("service", "service.service", 3, "ERROR: requests fail, and are answered with 500."),
    CRASHED: ("systemd", "init.scope", 3, "service.service: Main process exited, status=1/FAILURE"),
    WORKING: ("service", "service.service", 6, "Working."),
    RUN_SUCCEEDED: (_PROGRAM, _PROGRAM_UNIT, 6, f"{_PROGRAM}: run succeeded"),
    RUN_FAILED: (_PROGRAM, _PROGRAM_UNIT, 3, f"{_PROGRAM}: run failed: it ended with exit-code, status 1"),
    LEAVING: ("service", "service.service", 6, "Leaving: this is the last line."),
}


@lru_cache(maxsize=256)
def line(what: str, image_id: str) -> str:
    """The message of a log event."""
    identifier, unit, priority, text = _LINES[what]
    body = {
        "MESSAGE": text.format(image=image_id),
        "PRIORITY": str(priority),
        "SYSLOG_IDENTIFIER": identifier,
        "_SYSTEMD_UNIT": unit,
    }
    return json.dumps({"body": body}, separators=(",", ":"))
