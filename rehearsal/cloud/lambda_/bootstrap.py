"""Runs in the process of a function, as a script: calls its handler for each line of standard input.

A line is {"event", "request_id", "seconds"}; the answer is a line on standard output, {"result"} or {"error"}
as Lambda writes one. What the function prints goes to standard error, which is its log.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """What Lambda hands a handler beside the event."""

    def __init__(self, request_id: str, seconds: float) -> None:
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = os.environ["REHEARSAL_FUNCTION_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._end - time.monotonic()) * 1000))


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("REHEARSAL_LOG_LEVEL", "WARNING"))
    _hurry(float(os.environ["REHEARSAL_SPEED"]))
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    for line in sys.stdin:
        asked = json.loads(line)
        context = Context(asked["request_id"], asked["seconds"])
        answers.write(json.dumps(_answer(asked["event"], context)) + "\n")
        answers.flush()


def _answer(event: Any, context: Context) -> dict[str, Any]:
    try:
        module, _, name = os.environ["_HANDLER"].rpartition(".")
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
        return {"result": json.loads(json.dumps(handler(event, context)))}
    except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer
        lines = traceback.format_exception(error)
        print(f"[ERROR] {type(error).__name__}: {error}\n{''.join(lines[:-1])}", file=sys.stderr, flush=True)
        said = {"errorMessage": str(error), "errorType": type(error).__name__}
        return {"error": {**said, "requestId": context.aws_request_id, "stackTrace": lines[1:-1]}}


def _hurry(speed: float) -> None:
    """A function that waits, waits in the emulated cloud's time; when its clock is stopped, hardly at all."""
    real = time.sleep
    time.sleep = lambda seconds: real(float(seconds) / speed if speed else 0.01)


if __name__ == "__main__":
    main()
