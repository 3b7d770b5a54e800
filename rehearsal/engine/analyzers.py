"""Policy packs: other programs that say what is wrong with the resources of this one.

A pack is started as Pulumi's language host starts it (`python -u -m pulumi.policy <engine> <pack>` in the
pack's directory, with the stack and its configuration in the environment) and asked over Pulumi's own
protocol (`proto/pulumi/analyzer.proto`): every resource before its step, and all of them together at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rehearsal.engine import yaml_file
from rehearsal.engine.options import ORGANIZATION, Finding, Options
from rehearsal.errors import RehearsalError, UsageError

_MANIFEST = "PulumiPolicy.yaml"
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
# Messages hold all resources of a stack with their outputs; gRPC's own limit is 4 MiB.
_CHANNEL = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_ADVISORY, _MANDATORY, _DISABLED, _REMEDIATE = range(4)
_SEVERITIES = ("", "low", "medium", "high", "critical")
# Where a pack's messages to the engine would go; without an engine there, they come on standard error.
_NO_ENGINE = "127.0.0.1:0"


@dataclass(frozen=True)
class _Manifest:
    """What PulumiPolicy.yaml says."""

    directory: Path
    python: str
    version: str


class Analyzer:
    """One policy pack at work. It starts when this is made and is waited for at the first question, so that
    the program starts beside it. May be asked from several threads.
    """

    def __init__(self, directory: Path, options: Options, say: Callable[[str], None]) -> None:
        """`say` takes the pack's own messages. Raises UsageError when there is no pack in `directory`."""
        self._manifest = _read(directory)
        self.directory = directory
        self._options = options
        self._say = say
        self._ports: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said: list[str] = []
        self._heard = False
        self._info: Any = None
        self._opening = threading.Lock()
        self._process = self._start()
        self._threads = [
            threading.Thread(target=self._read_port, daemon=True),
            threading.Thread(target=self._read_messages, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # --- questions

    @property
    def name(self) -> str:
        """The pack's name."""
        self.wait()
        return str(self._info.name)

    @property
    def version(self) -> str:
        """The pack's version: the one of PulumiPolicy.yaml, or the one that its program gives."""
        self.wait()
        return self._manifest.version or str(self._info.version)

    def wait(self) -> None:
        """Return when the pack can be asked. Raises RehearsalError when it did not start."""
        self._stub  # noqa: B018 (made here)

    def analyze(self, request: Any) -> list[Finding]:
        """What is wrong with one resource (an AnalyzeRequest). Raises RehearsalError."""
        answer = self._ask("Analyze", request)
        return [self._finding(each, request.urn) for each in answer.diagnostics]

    def analyze_stack(self, request: Any) -> list[Finding]:
        """What is wrong with the stack as a whole (an AnalyzeStackRequest). Raises RehearsalError."""
        answer = self._ask("AnalyzeStack", request)
        return [self._finding(each, each.urn) for each in answer.diagnostics]

    def close(self) -> None:
        """Stop the pack and what it started."""
        if "_channel" in self.__dict__:
            self._channel.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
                break
        for thread in self._threads:
            thread.join(_STOP_SECONDS)

    def _ask(self, method: str, request: Any) -> Any:
        import grpc

        stub = self._stub
        try:
            return getattr(stub, method)(request)
        except grpc.RpcError as error:
            raise RehearsalError(f"policy pack {self.name}: {method} failed: {_details(error)}") from error

    def _finding(self, told: Any, urn: str) -> Finding:
        return Finding(
            pack=self.name,
            version=self.version,
            policy=told.policyName,
            level="advisory" if told.enforcementLevel == _ADVISORY else "mandatory",
            severity=_SEVERITIES[told.severity],
            urn=urn,
            message=told.message,
        )

    # --- the connection

    @cached_property
    def _channel(self) -> Any:
        import grpc

        try:
            port = self._ports.get(timeout=_START_SECONDS).strip()
        except queue.Empty:
            port = ""
        if not port.isdecimal():
            self._process.wait(_STOP_SECONDS)
            self._threads[1].join(_STOP_SECONDS)
            reason = self._said[-1].strip() if self._said else "it said nothing"
            raise RehearsalError(f"the policy pack {self.directory} did not start: {reason}")
        return grpc.insecure_channel(f"127.0.0.1:{port}", options=_CHANNEL)

    @property
    def _stub(self) -> Any:
        import grpc

        with self._opening:
            try:
                return self._opened
            except grpc.RpcError as error:
                raise RehearsalError(
                    f"the policy pack {self.directory} did not start: {_details(error)}"
                ) from error

    @cached_property
    def _opened(self) -> Any:
        """The connection, once the stack is told and the policies are configured."""
        from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

        stub = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        stub.ConfigureStack(
            analyzer_pb2.AnalyzerStackConfigureRequest(
                stack=self._options.stack,
                project=self._options.project,
                organization=ORGANIZATION,
                dry_run=self._options.preview,
                config=dict(self._options.config),
                config_secret_keys=sorted(self._options.secret_keys),
            )
        )
        self._info = stub.GetAnalyzerInfo(_empty())
        config = _configured(self._info)
        for name, given in config.items():
            if given.enforcementLevel == _REMEDIATE:
                raise UsageError(
                    f"the policy {name} of the pack {self._info.name} changes resources (remediates), which "
                    "this engine does not do: make it mandatory, or use the pulumi command"
                )
        if self._info.supportsConfig and config:
            stub.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=config))
        self._heard = True
        for line in list(self._said):
            self._say(line)
        return stub

    # --- the process

    def _start(self) -> subprocess.Popen[str]:
        options, directory = self._options, self._manifest.directory
        variables = {
            **os.environ,
            "PULUMI_ORGANIZATION": ORGANIZATION,
            "PULUMI_PROJECT": options.project,
            "PULUMI_STACK": options.stack,
            "PULUMI_DRY_RUN": "true" if options.preview else "false",
            "PULUMI_CONFIG": json.dumps(dict(options.config)),
        }
        return subprocess.Popen(
            [self._manifest.python, "-u", "-m", "pulumi.policy", _NO_ENGINE, str(directory)],
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # A terminal's Ctrl-C is for the engine, which still has questions.
            start_new_session=True,
        )

    def _read_port(self) -> None:
        """The first line of output is the port; whatever follows is a message."""
        assert self._process.stdout is not None  # noqa: S101 (PIPE was asked for)
        self._ports.put(self._process.stdout.readline())
        self._take(self._process.stdout)

    def _read_messages(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 (PIPE was asked for)
        self._take(self._process.stderr)

    def _take(self, lines: Iterable[str]) -> None:
        """Pass messages on. Those of a pack that does not start are a traceback: one line of it will do."""
        for line in lines:
            if not line.strip():
                continue
            if self._heard:
                self._say(line.rstrip())
            else:
                self._said.append(line.rstrip())


def _read(directory: Path) -> _Manifest:
    """Raises UsageError, naming the file, when there is no Python pack."""
    root = directory.resolve()
    file = root / _MANIFEST
    if not file.is_file():
        raise UsageError(f"--policy-pack {directory}: there is no {_MANIFEST} in it; name a pack's directory")
    raw = yaml_file.read(file)
    runtime = raw.get("runtime") if isinstance(raw, dict) else None
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise UsageError(f"{file}: runtime: {name!r} is not supported, only python is")
    options = (runtime.get("options") if isinstance(runtime, dict) else None) or {}
    return _Manifest(root, _python(file, options.get("virtualenv")), str(raw.get("version") or ""))


def _python(file: Path, virtualenv: Any) -> str:
    """The interpreter of the pack: of its virtual environment, or the one that runs this."""
    if not virtualenv:
        return sys.executable
    python = file.parent / str(virtualenv) / "bin" / "python"
    if not python.exists():
        raise UsageError(f"{file}: virtualenv: {virtualenv!r} has no Python: install the pack's packages")
    return str(python)


def _configured(info: Any) -> dict[str, Any]:
    """The configuration of each policy: its own level and defaults, and what the pack sets at first."""
    from google.protobuf import json_format
    from pulumi.runtime.proto import analyzer_pb2

    config: dict[str, Any] = {}
    initial: Mapping[str, Any] = info.initialConfig
    for policy in info.policies:
        given = analyzer_pb2.PolicyConfig(enforcementLevel=policy.enforcementLevel)
        for key, schema in json_format.MessageToDict(policy.configSchema.properties).items():
            if "default" in schema:
                given.properties.update({key: schema["default"]})
        for name in ("all", policy.name):
            if name in initial:
                given.enforcementLevel = initial[name].enforcementLevel
                given.properties.update(json_format.MessageToDict(initial[name].properties))
        config[policy.name] = given
    return config


def _details(error: Any) -> str:
    text: str = error.details() or str(error.code())
    return text.removeprefix("Exception calling application: ")


def _empty() -> Any:
    from google.protobuf import empty_pb2

    return empty_pb2.Empty()
