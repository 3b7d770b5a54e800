"""The configuration of a server's log agent: CloudWatch's agent reads the journal and sends it to a group.

The models hold what AWS's schema of the file takes, with its limits (amazon-cloudwatch-agent-schema.json, in
the agent's package), as far as servers here need it; an unknown key is an error, as in the schema. The agent
reads journals from version 1.300070.0 on.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LOG_AGENT_FILE = "log-agent.json"
"""Its name on a server, in the folder of the environment file (`user_data.FOLDER`)."""

INSTANCE_STREAM = "{instance_id}"
"""A log stream for each server; the agent fills in its own instance's ID."""

Priority = Literal["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

_LOG_GROUP = re.compile(r"[A-Za-z0-9_./#-]+")
_LOG_STREAM = re.compile(r"[^:*]+")
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
_PLACEHOLDERS = ("{hostname}", "{instance_id}", "{ip_address}", "{local_hostname}")


def _group_name(value: str) -> str:
    if not _LOG_GROUP.fullmatch(value) or value.startswith("aws/"):
        raise ValueError(
            f"{value!r} is no log group's name: take letters, digits and _ - / . #, not beginning with aws/"
        )
    return value


def _stream_name(value: str) -> str:
    if not _LOG_STREAM.fullmatch(value):
        raise ValueError(f"{value!r} is no log stream's name: take out every : and *")
    for found in _PLACEHOLDER.findall(value):
        if found not in _PLACEHOLDERS:
            raise ValueError(f"the agent fills in no {found}: it knows {', '.join(_PLACEHOLDERS)}")
    return value


def _unit(value: str) -> str:
    if not value or value.startswith("-") or re.search(r"\s", value):
        raise ValueError(f"{value!r} is no systemd unit: write one such as web.service")
    return value


GroupName = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_group_name)]
StreamName = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_stream_name)]
Unit = Annotated[str, Field(max_length=256), AfterValidator(_unit)]


class _Part(BaseModel):
    """A part of the file: its keys are spelled as AWS spells them, and there are no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Filter(_Part):
    """Which lines are sent: those that match, or those that do not."""

    type: Literal["include", "exclude"]
    expression: str = Field(min_length=1)
    """A regular expression, as Go knows them."""


class JournalEntry(_Part):
    """Where a part of the journal goes."""

    log_group_name: GroupName
    log_stream_name: StreamName = INSTANCE_STREAM
    units: tuple[Unit, ...] | None = Field(default=None, min_length=1)
    """Systemd units whose lines are sent; all without it, the agent's own and the kernel's too."""
    priority: Priority = "info"
    """The least priority that is sent. What a service prints is `info`, unless it says otherwise."""
    filters: tuple[Filter, ...] | None = Field(default=None, min_length=1)


class Journal(_Part):
    collect_list: tuple[JournalEntry, ...] = Field(min_length=1, max_length=16384)


class LogsCollected(_Part):
    journald: Journal


class Logs(_Part):
    logs_collected: LogsCollected
    force_flush_interval: int = Field(default=5, ge=1, le=172_800)
    """After how many seconds lines are sent, though a batch be not full: as many are lost with a server that
    dies at once. A server that leaves hands over what it has."""


class Agent(_Part):
    run_as_user: str = Field(default="root", pattern=r"^[a-z_][a-z0-9_-]{0,31}$")
    """Root reads every line of the journal, the other units' too."""


class LogAgentConfig(_Part):
    """The whole file. Raises ValueError for what the agent would refuse, or silently not do."""

    agent: Agent = Agent()
    logs: Logs

    def to_json(self) -> str:
        """As it stands on the server. The same arguments give the same text: another one is rolled out."""
        return self.model_dump_json(indent=2, exclude_none=True) + "\n"


def journal_to(log_group_name: str) -> LogAgentConfig:
    """All of a server's journal to one log group, in a stream of its own."""
    entry = JournalEntry(log_group_name=log_group_name)
    return LogAgentConfig(logs=Logs(logs_collected=LogsCollected(journald=Journal(collect_list=(entry,)))))
