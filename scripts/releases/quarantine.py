"""A server under suspicion: out of service, cut off, and kept for study.

Every step looks first and then acts, and the tags that the first one leaves name the rest of the work. A
command that was killed anywhere is finished by running it again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scripts.releases import isolation, members, servers, timing, waiting
from scripts.releases.aws import Account, errors
from scripts.releases.errors import RefusedError
from scripts.releases.groups import Groups, again
from scripts.releases.isolation import PREFIX, as_tags

STATE, STARTED, ISOLATED = f"{PREFIX}state", "started", "isolated"
DEFAULT_DAYS = 7
#: "Tag your Amazon EC2 resources": characters in a tag's value.
LONGEST_WHY = 256
#: A target drains for an hour at most ("Deregistration delay"), then Auto Scaling lets it go.
DETACHED_SECONDS = 3600 + 600

Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What is asked for. `until` None: a week from today, or what an earlier run wrote down."""

    environment: str
    instance_id: str
    why: str
    until: date | None = None
    force: bool = False


@dataclass(frozen=True)
class Quarantined:
    """What became of it."""

    instance_id: str
    service: str
    group: str
    why: str
    since: str
    until: str
    security_group_id: str
    snapshot_ids: tuple[str, ...]
    already: bool

    def as_json(self, environment: str) -> dict[str, Any]:
        """For programs; see docs/operations.md for the fields."""
        return {
            "ok": True,
            "environment": environment,
            "instance": self.instance_id,
            "service": self.service,
            "group": self.group,
            "why": self.why,
            "since": self.since,
            "until": self.until,
            "securityGroup": self.security_group_id,
            "snapshots": list(self.snapshot_ids),
            "changed": not self.already,
        }


def last_day(until: str | None, days: int | None, today: date) -> date | None:
    """The day until which a server is kept, from either option; None when neither is given.

    Raises:
        RefusedError: both are given, or the day is none, or is not in the future.
    """
    if until is not None and days is not None:
        raise RefusedError("--until and --days say the same twice; give one of them")
    if days is not None:
        if not 1 <= days <= 3650:
            raise RefusedError(f"--days {days} is not a number of days from 1 to 3650")
        return today + timedelta(days=days)
    if until is None:
        return None
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise RefusedError(f"--until {until!r} is not a day such as {today + timedelta(days=7)}") from error
    if day <= today:
        raise RefusedError(f"--until {until} is not in the future; give a later day")
    return day


def checked_why(why: str) -> str:
    """The reason, as a tag can hold it. Raises RefusedError."""
    text = " ".join(why.split())
    if not text or not text.isprintable():
        raise RefusedError(
            "--why is empty or not printable; say in a few words what is wrong with the server"
        )
    if len(text) > LONGEST_WHY:
        raise RefusedError(f"--why has {len(text)} characters; a tag holds {LONGEST_WHY}: shorten it")
    return text


def quarantine(account: Account, order: Order, groups: Groups, say: Say) -> Quarantined:
    """Takes a server out of service and cuts it off; `groups` are the environment's.

    Raises:
        RefusedError: it is none of the environment's, or the last that serves; nothing was changed.
        ReleaseError: AWS refused or took too long; run it again.
    """
    described, record = _admitted(account, order, groups)
    instance_id, already = order.instance_id, record.get(STATE) == ISOLATED
    record = _written(account, order, record)
    group = record[f"{PREFIX}group"]
    _protect(account, instance_id)
    _detach(account, instance_id, group, groups, say)
    _wait_until_out(account, instance_id, group, groups, say)
    security_group_id = isolation.closed_group(account, order.environment, described["VpcId"])
    # Its interfaces are read again: one may have come in the meantime.
    described = servers.instance(account, instance_id)
    for interface in isolation.isolate(account, described, security_group_id):
        say(f"{instance_id}: {interface} is in {security_group_id}, which lets nothing in or out")
    kept = isolation.keep_volumes(account, described, _snapshot_tags(record))
    say(f"{instance_id}: snapshots {', '.join(kept) or 'of no volume'}")
    if not already:
        _tag(account, instance_id, {STATE: ISOLATED})
    _tell(account, group, groups, say)
    return Quarantined(
        instance_id=instance_id,
        service=record[f"{PREFIX}service"],
        group=group,
        why=record[f"{PREFIX}why"],
        since=record[f"{PREFIX}since"],
        until=record[f"{PREFIX}until"],
        security_group_id=security_group_id,
        snapshot_ids=tuple(kept),
        already=already,
    )


def _admitted(account: Account, order: Order, groups: Groups) -> tuple[dict[str, Any], dict[str, str]]:
    """The instance and what an earlier run wrote down. Refuses what may not be quarantined."""
    environment, instance_id = order.environment, order.instance_id
    described = servers.instance(account, instance_id)
    if described["State"]["Name"] in servers.GONE:
        raise RefusedError(
            f"{instance_id} is {described['State']['Name']}: there is nothing left to quarantine"
        )
    record = recorded(described)
    server = servers.member(account, groups, instance_id)
    if server is None:
        if record.get(f"{PREFIX}environment") != environment:
            raise RefusedError(f"{instance_id} is in none of the groups of {environment}")
        return described, record
    if server.lifecycle == "Detaching":
        return described, record
    if server.lifecycle not in (members.IN_SERVICE, members.STANDBY):
        raise RefusedError(
            f"{instance_id} is {server.lifecycle} in {server.group.name}; only what serves is detached"
        )
    servers.refuse_suspended(server, ["Launch"], order.force)
    servers.refuse_last_healthy(account, server, order.force)
    fresh = {f"{PREFIX}service": server.group.service, f"{PREFIX}group": server.group.name}
    return described, {**record, **fresh}


def recorded(described: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a quarantine on an instance; none where there never was one."""
    return {key: value for key, value in servers.tags_of(described).items() if key.startswith(PREFIX)}


def _written(account: Account, order: Order, record: dict[str, str]) -> dict[str, str]:
    """Writes down what is to be done before any of it is. The first run's reason and time stay."""
    now = datetime.now(UTC)
    fresh = {
        STATE: STARTED,
        f"{PREFIX}environment": order.environment,
        f"{PREFIX}why": order.why,
        f"{PREFIX}since": now.isoformat(timespec="seconds"),
        f"{PREFIX}until": (now.date() + timedelta(days=DEFAULT_DAYS)).isoformat(),
    }
    wanted = {**fresh, **record}
    if order.until is not None:
        wanted[f"{PREFIX}until"] = order.until.isoformat()
    _tag(account, order.instance_id, wanted)
    return wanted


def _snapshot_tags(record: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in record.items() if key != STATE}


def _tag(account: Account, instance_id: str, tags: Mapping[str, str]) -> None:
    with errors():
        account.ec2.create_tags(Resources=[instance_id], Tags=as_tags(tags))


def _protect(account: Account, instance_id: str) -> None:
    """No one terminates it by mistake, nor does it end itself: a shutdown from within would delete it."""
    with errors():
        account.ec2.modify_instance_attribute(
            InstanceId=instance_id, InstanceInitiatedShutdownBehavior={"Value": "stop"}
        )
        account.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiTermination={"Value": True})


def _detach(account: Account, instance_id: str, group: str, groups: Groups, say: Say) -> None:
    server = servers.member(account, groups, instance_id)
    if server is None or server.lifecycle == "Detaching":
        return
    with errors():
        account.autoscaling.detach_instances(
            InstanceIds=[instance_id], AutoScalingGroupName=group, ShouldDecrementDesiredCapacity=False
        )
    say(f"{instance_id}: detached from {group}, which starts another one in its place")


def _wait_until_out(account: Account, instance_id: str, group: str, groups: Groups, say: Say) -> None:
    """Until neither the group nor a target group knows it: requests that it has may end first."""
    there = groups.by_name.get(group)
    told = False

    def out() -> bool:
        nonlocal told
        with errors():
            known = account.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance_id])
        states = members.target_states(account, there) if there else []
        if there and not told and any(each.get(instance_id) == "draining" for each in states):
            told = True
            say(f"{instance_id}: drains, which takes {timing.of(account, there).drain:g} s at most")
        return not known["AutoScalingInstances"] and not any(
            each.get(instance_id, members.UNUSED) != members.UNUSED for each in states
        )

    waiting.until(
        out,
        DETACHED_SECONDS,
        f"{instance_id} is detached from {group} but still takes requests; run the command again",
    )
    say(f"{instance_id}: no load balancer sends it anything")


def _tell(account: Account, group: str, groups: Groups, say: Say) -> None:
    """How the group stands without it: the new server may be long on its way, and nobody waits for it."""
    if group in groups.by_name:
        there = again(account, groups.by_name[group])
        say(f"{group}: {members.standing(members.of(account, there), there.desired)}")
