"""A function's code in a process: Python of this machine, files of its own, and the emulated cloud for AWS.

It is as separate as a process of the same user is; it gets no settings but the function's, and the only
address it is told is the emulated cloud's on loopback.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from rehearsal.cloud.lambda_.functions import Function

BOOTSTRAP = Path(__file__).parent / "bootstrap.py"
#: However slow the emulated clock: Lambda lets no function run for longer.
MAX_SECONDS = 900.0


class Environment:
    """A warm execution environment: calls one after the other, in the same process. Close it.

    Args:
        function: as it is now; a later change is no change of a process that runs.
        endpoint: the emulated cloud's address.
        speed: emulated seconds per real one.
    """

    def __init__(self, function: Function, endpoint: str, speed: float) -> None:
        self.function = function
        self._folder = tempfile.TemporaryDirectory(prefix="function-")
        root = Path(self._folder.name)
        code = root / "task"
        code.mkdir()
        with zipfile.ZipFile(BytesIO(function.code)) as archive:
            archive.extractall(code)
        self._log = (root / "log").open("w+b")
        self.stream = f"[$LATEST]{uuid4().hex}"
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(BOOTSTRAP)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=code,
            env=_environment(function, code, endpoint, speed, self.stream),
        )

    def __enter__(self) -> Environment:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()
        self._folder.cleanup()

    def call(self, event: Any) -> dict[str, Any]:
        """{"result"} or {"error"}, Lambda's own words in the latter. A process that died answers no more."""
        request_id = str(uuid4())
        seconds = min(float(self.function.settings["Timeout"]), MAX_SECONDS)
        asked = {"event": event, "request_id": request_id, "seconds": seconds}
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            if self._process.stdin is None or self._process.stdout is None:
                raise OSError("no way to the process")
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timed_out = not timer.is_alive()
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        if timed_out:
            said = {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
            }
        else:
            said = {"errorType": "Runtime.ExitError",
                    "errorMessage": f"RequestId: {request_id} Error: Runtime exited"}  # fmt: skip
        return {"error": said}

    def log(self) -> list[str]:
        """The lines printed so far."""
        self._log.flush()
        return Path(self._log.name).read_text(errors="replace").splitlines()


def _environment(function: Function, code: Path, endpoint: str, speed: float, stream: str) -> dict[str, str]:
    settings = function.settings
    level = (settings.get("LoggingConfig") or {}).get("ApplicationLogLevel") or "WARNING"
    return {
        **function.variables(),
        "PATH": "/usr/bin:/bin",
        "HOME": str(code),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": settings["Handler"],
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": endpoint,
        "REHEARSAL_FUNCTION_ARN": function.arn,
        "REHEARSAL_LOG_LEVEL": {"WARN": "WARNING", "TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level),
        "REHEARSAL_SPEED": str(speed),
    }
