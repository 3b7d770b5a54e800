"""Another server in the place of one: what a tainted one is answered with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.releases import members, servers, timing, waiting
from scripts.releases.aws import Account, errors
from scripts.releases.errors import RefusedError
from scripts.releases.groups import Groups, again
from scripts.releases.isolation import as_tags
from scripts.releases.timing import Timing

WHY = "replaced:why"
#: Without these a group neither ends an unhealthy server nor starts another.
PROCESSES = ("Launch", "Terminate", "ReplaceUnhealthy")
#: Room for what no hook and no check holds up: an image that boots for long, a zone without capacity.
SHORTEST_SECONDS = 1800.0


@dataclass(frozen=True)
class Replaced:
    """What became of it: the servers that the group has and had not before."""

    instance_id: str
    service: str
    group: str
    new: tuple[str, ...]

    def as_json(self, environment: str) -> dict[str, Any]:
        """For programs; see docs/operations.md for the fields."""
        return {
            "ok": True,
            "environment": environment,
            "instance": self.instance_id,
            "service": self.service,
            "group": self.group,
            "newInstances": list(self.new),
        }


def replace(
    account: Account,
    instance_id: str,
    groups: Groups,
    *,
    why: str | None,
    force: bool,
    limit_seconds: float | None,
    say: Callable[[str], None],
) -> Replaced:
    """Has the group replace a server and waits until it is whole again.

    The server is called unhealthy rather than terminated: a group replaces an unhealthy one as its
    instance maintenance policy says, the new server before the old one goes, while a termination on request
    is done at once. `limit_seconds` None: as long as the group's own hooks and checks allow.

    Raises:
        RefusedError: it is none of the environment's, or the last that serves; nothing was changed.
        ReleaseError: AWS refused, or the group was not whole in time.
    """
    server = _admitted(account, instance_id, groups, force)
    group = server.group
    took = timing.of(account, group)
    before = {each["InstanceId"] for each in group.settings["Instances"]}
    if server.lifecycle == members.IN_SERVICE and server.health == "Healthy":
        with errors():
            if why is not None:
                account.ec2.create_tags(Resources=[instance_id], Tags=as_tags({WHY: why}))
            account.autoscaling.set_instance_health(
                InstanceId=instance_id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
            )
        say(f"{instance_id}: {group.name} replaces it; {_course(took)}")
    else:
        say(f"{instance_id}: {group.name} replaces it already; {_course(took)}")
    whole = _Whole(account, server, say)
    waiting.until(
        whole,
        longest_seconds(took) if limit_seconds is None else limit_seconds,
        f"{group.name} is not whole yet; look with status {groups.environment} --live, and at its "
        f"scaling activities",
    )
    return Replaced(instance_id, group.service, group.name, tuple(sorted(whole.members - before)))


def longest_seconds(took: Timing) -> float:
    """How long a group may take for one server: a new one comes, validates itself and is called healthy, the
    old one drains and hands its logs over; and half as long again, as AWS takes its time between two steps.
    """
    return max(SHORTEST_SECONDS, 1.5 * (took.longest_boot + took.healthy + took.longest_leave))


def _course(took: Timing) -> str:
    """What is waited for, as far as it holds servers up."""
    hook = took.launch_hook
    validates = f" validates itself (at most {hook.timeout_seconds:g} s)" if hook else " is healthy"
    return f"the new one{validates}, the old one drains and goes (at most {took.longest_leave:g} s)"


def _admitted(account: Account, instance_id: str, groups: Groups, force: bool) -> servers.Member:
    described = servers.instance(account, instance_id)
    server = servers.member(account, groups, instance_id)
    if server is None:
        state = described["State"]["Name"]
        raise RefusedError(f"{instance_id} ({state}) is in none of the environment's groups")
    if server.lifecycle.startswith("Terminating"):
        return server
    if server.lifecycle != members.IN_SERVICE:
        raise RefusedError(
            f"{instance_id} is {server.lifecycle} in {server.group.name}; only what serves is replaced"
        )
    servers.refuse_suspended(server, PROCESSES)
    servers.refuse_last_healthy(account, server, force)
    return server


class _Whole:
    """Whether the group has all its servers again, all of them serving, and the old one is gone."""

    def __init__(self, account: Account, server: servers.Member, say: Callable[[str], None]) -> None:
        self.account, self.server, self.say = account, server, say
        self.members: set[str] = set()
        self._said = ""

    def __call__(self) -> bool:
        group = again(self.account, self.server.group)
        self.members = {each["InstanceId"] for each in group.settings["Instances"]}
        found = members.of(self.account, group)
        serving = sum(server.serves for server in found if server.id != self.server.id)
        text = f"{group.name}: {members.standing(found, group.desired)}"
        if text != self._said:
            self.say(text)
            self._said = text
        return self.server.id not in self.members and serving >= group.desired
