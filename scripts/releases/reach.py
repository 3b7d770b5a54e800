"""An environment as a command reaches it: its config, AWS in its region, its stack's outputs, its groups."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.releases import aws, groups
from scripts.releases.aws import Account
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import NotDeployedError, ReleaseError
from scripts.releases.groups import Groups
from scripts.releases.options import fleet
from scripts.releases.project import Project
from scripts.releases.state import EnvironmentState


@dataclass(frozen=True)
class Reached:
    """`state` is None without outputs, and `unread` says why; `unwitnessed` is set when that is trouble, and
    not an environment whose first `up` is not over.
    """

    config: ConfigFile
    account: Account
    groups: Groups
    state: EnvironmentState | None
    unread: str | None
    unwitnessed: bool

    @property
    def remarks(self) -> list[str]:
        """What a reader should know of the groups that are shown."""
        lines = [doubt.text for doubt in self.groups.doubts]
        if self.unwitnessed:
            lines.append(f"{self.unread}; so these are the groups with its tags, as far as AWS says")
        return lines


def reach(where: Project, environment: str, *, witnessed: bool = False) -> Reached:
    """The environment as it is. `witnessed`: outputs that are there and cannot be read are an error, for a
    command that would touch single servers.

    Raises:
        RefusedError: there is no such environment, it has no region, or no groups.
        ReleaseError: AWS refused, or `witnessed` and the state cannot be read.
    """
    config = where.config(environment)
    account = aws.account(config)
    state, unread, unwitnessed = None, None, False
    try:
        state = fleet(where, environment)
    except NotDeployedError as error:
        unread = str(error)
    except ReleaseError as error:
        if witnessed:
            raise
        unread, unwitnessed = str(error), True
    found = groups.find(account, where.name, config, state)
    return Reached(config, account, found, state, unread, unwitnessed)
