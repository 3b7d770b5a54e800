"""The log agent of a group's servers: it sends what they say where their user data tells.

That is what the image's agent reads below /etc/immutable: its own configuration, or LOG_GROUP in an
environment file. Without either nothing is sent, nor to a log group that is not there, nor by a server whose
role may not write to it. When the agent sends is told in `rehearsal.cloud.logs.groups`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

from moto.iam.models import iam_backends

from rehearsal.cloud.autoscaling import journal
from rehearsal.cloud.autoscaling.servers import Configuration, Server
from rehearsal.cloud.iam import permissions
from rehearsal.cloud.logs.models import logs_backends
from rehearsal.cloud.world import ACCOUNT

FOLDER, CONFIGURATION = "/etc/immutable", "log-agent.json"
_LOG_GROUP = re.compile(r'^LOG_GROUP="?([A-Za-z0-9_./#-]+)"?$', re.MULTILINE)
_INSTANCE = "{instance_id}"


class Told(NamedTuple):
    """What a version of a launch template tells its servers. `role`: its ARN, empty without one."""

    group: str
    stream: str
    role: str


T = TypeVar("T")


class Versions(Generic[T]):
    """What `read` makes of the versions of launch templates that a group's servers start from."""

    def __init__(self, group: Any, read: Callable[[dict[str, Any]], T | None]) -> None:
        self._group, self._read = group, read
        self._told: dict[tuple[str, int], T | None] = {}

    def of(self, configuration: Configuration) -> T | None:
        """A version of a template never changes: it is read once."""
        key = configuration.template_id, configuration.version
        if key not in self._told:
            template = self._group.ec2_backend.get_launch_template(configuration.template_id)
            self._told[key] = self._read(template.get_version(configuration.version).data)
        return self._told[key]


class LogAgent:
    """Of all servers of one Auto Scaling group."""

    def __init__(self, group: Any) -> None:
        self._group = group
        self._versions = Versions(group, told)

    def send(self, what: str, servers: list[Server]) -> None:
        """Note a line of each, in the stream of its own."""
        for configuration, some in groupby(servers, key=lambda server: server.configuration):
            told = self._versions.of(configuration)
            log_group = logs_backends[ACCOUNT][self._group.region].groups.get(told.group) if told else None
            if told is None or log_group is None or not _may_write(told.role, log_group.arn):
                continue
            line = journal.line(what, configuration.image_id)
            for server in some:
                log_group.note(told.stream.replace(_INSTANCE, server.id), line)


def told(data: dict[str, Any]) -> Told | None:
    """What a LaunchTemplateData says of logs; None when it says nothing."""
    # Of a template's first version moto keeps it in a type of its own.
    written = dict(files(str(data.get("UserData") or "")))
    role = role_of(data.get("IamInstanceProfile") or {})
    configuration = written.pop(f"{FOLDER}/{CONFIGURATION}", None)
    if configuration is not None:
        for entry in _entries(configuration):
            return Told(entry["log_group_name"], entry.get("log_stream_name", _INSTANCE), role)
    for name, content in written.items():
        found = _LOG_GROUP.search(content) if name.startswith(f"{FOLDER}/") else None
        if found:
            return Told(found[1], _INSTANCE, role)
    return None


def files(user_data: str) -> Iterator[tuple[str, str]]:
    """Path and content of what a `#cloud-config` writes."""
    import yaml

    try:
        text = base64.b64decode(user_data).decode()
        if text.startswith("#cloud-config"):
            found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe one
            for each in found["write_files"]:
                yield str(each["path"]), str(each["content"])
    except (yaml.YAMLError, ValueError, KeyError, TypeError):
        return  # No agent could read it either.


def _entries(configuration: str) -> Iterator[dict[str, str]]:
    """What the agent collects, of the journal and of files."""
    try:
        collected = json.loads(configuration)["logs"]["logs_collected"]
        for source in ("journald", "files"):
            yield from collected.get(source, {}).get("collect_list", [])
    except (AttributeError, ValueError, KeyError, TypeError):
        return


def role_of(profile: dict[str, str]) -> str:
    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    for each in iam_backends[ACCOUNT]["aws"].instance_profiles.values():
        if each.name == name and each.roles:
            return str(each.roles[0].arn)
    return ""


def _may_write(role: str, log_group_arn: str) -> bool:
    return bool(role) and permissions.allowed(role, "logs:PutLogEvents", f"{log_group_arn}:log-stream:any")
