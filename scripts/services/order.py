"""What is asked for, and what is wrong with it before a file is looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from scripts.releases.errors import RefusedError

NO_IMAGE = "ami-00000000"
"""Stands in the config until the first image is baked; the pre-flight of an `up` says that there is none."""


class Kind(StrEnum):
    """What a service is; the keys of its config say it, and no word for it."""

    WEB = "web"
    INTERNAL = "internal"
    WORKER = "worker"
    JOB = "job"


@dataclass(frozen=True)
class Order:
    """One new service. Raises RefusedError for a name, a port, a path or a schedule that is none.

    Attributes:
        port: of a web or an internal one.
        path: of a web one, the path below which requests are its own.
        callers: of an internal one, the services that call it.
        schedule: of a job, as EventBridge Scheduler takes it.
        environments: whose config gets it; empty for all.
    """

    name: str
    kind: Kind = Kind.WEB
    port: int | None = None
    path: str | None = None
    callers: tuple[str, ...] = ()
    schedule: str | None = None
    environments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # As the program's: stacks/config.py.
        if not re.fullmatch(r"[a-z](?:-?[a-z0-9]){0,23}", self.name):
            raise RefusedError(
                f"{self.name!r} is not a service's name; take up to 24 lower-case letters, digits, hyphens, "
                "a letter first"
            )
        if len(self.name) < 3:
            raise RefusedError(f"{self.name!r} is too short for a recipe's name; take 3 characters or more")
        self._refuse_options_of_others()
        if self.port is not None and not 1 <= self.port <= 65_535:
            raise RefusedError(f"--port {self.port} is no TCP port; take 1 to 65535")
        if self.path is not None and not re.fullmatch(r"(/[A-Za-z0-9_.~-]+)+", self.path):
            raise RefusedError(f"--path {self.path!r} is not a path; write one such as /{self.name}")
        if self.schedule is not None and not _is_cron(self.schedule):
            raise RefusedError(
                f"--schedule {self.schedule!r} is no cron expression; write one such as "
                "'cron(0 3 * * ? *)': minutes, hours, day, month, weekday, year, one of the days as ?"
            )
        if self.kind is Kind.INTERNAL and not self.callers:
            raise RefusedError("an internal service that nobody calls is of no use; name one with --caller")

    def _refuse_options_of_others(self) -> None:
        asked = {Kind.WEB, Kind.INTERNAL}
        for option, given, kinds in (
            ("--port", self.port is not None, asked),
            ("--path", self.path is not None, {Kind.WEB}),
            ("--caller", bool(self.callers), asked),
            ("--schedule", self.schedule is not None, {Kind.JOB}),
        ):
            if given and self.kind not in kinds:
                fitting = " or ".join(sorted(kinds))
                raise RefusedError(
                    f"{option} is for --kind {fitting}, and this is a {self.kind}; leave it out"
                )


def _is_cron(text: str) -> bool:
    found = re.fullmatch(r"cron\(([^()\s]+(?: [^()\s]+){5})\)", text)
    fields = found[1].split(" ") if found else []
    return bool(fields) and (fields[2] == "?") != (fields[4] == "?")
