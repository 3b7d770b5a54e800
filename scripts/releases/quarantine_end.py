"""A quarantined server is let go: terminated, while its snapshots stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases import isolation, servers, waiting
from scripts.releases.aws import Account, errors
from scripts.releases.errors import RefusedError
from scripts.releases.isolation import PREFIX
from scripts.releases.quarantine import ISOLATED, STATE, Say, recorded

TERMINATED_SECONDS = 900


@dataclass(frozen=True)
class Released:
    """What became of it. `security_group_gone`: it was the last one in quarantine."""

    instance_id: str
    snapshot_ids: tuple[str, ...]
    security_group_gone: bool

    def as_json(self, environment: str) -> dict[str, Any]:
        """For programs; see docs/operations.md for the fields."""
        return {
            "ok": True,
            "environment": environment,
            "instance": self.instance_id,
            "snapshots": list(self.snapshot_ids),
            "securityGroupRemoved": self.security_group_gone,
        }


def release(account: Account, environment: str, instance_id: str, say: Say) -> Released:
    """Terminates a quarantined server and keeps its snapshots.

    Raises:
        RefusedError: it is not in quarantine, or its snapshots are not whole; nothing was changed.
        ReleaseError: AWS refused or took too long; run it again.
    """
    described = servers.instance(account, instance_id)
    record = recorded(described)
    _refuse_unless_quarantined(environment, instance_id, record)
    kept = isolation.snapshots(account, instance_id)
    state = described["State"]["Name"]
    vpc_id = described.get("VpcId")
    if state not in servers.GONE:
        unfinished = [str(each["SnapshotId"]) for each in kept if each["State"] != "completed"]
        if unfinished:
            raise RefusedError(
                f"the snapshots of {instance_id} are not whole yet: {', '.join(unfinished)}; wait for them"
            )
        _terminate(account, instance_id)
    _wait_until_terminated(account, instance_id)
    say(f"{instance_id}: terminated; its snapshots stay")
    vpc_ids = [vpc_id] if vpc_id else _vpc_ids(account, environment)
    removed = [isolation.remove_unused_group(account, environment, each) for each in vpc_ids]
    return Released(instance_id, tuple(sorted(str(each["SnapshotId"]) for each in kept)), all(removed))


def _refuse_unless_quarantined(environment: str, instance_id: str, record: Mapping[str, str]) -> None:
    if not record:
        raise RefusedError(f"{instance_id} is not in quarantine")
    owner = record.get(f"{PREFIX}environment")
    if owner != environment:
        raise RefusedError(f"{instance_id} is a quarantined server of {owner}, not of {environment}")
    if record.get(STATE) != ISOLATED:
        raise RefusedError(
            f"the quarantine of {instance_id} was not finished; "
            f"run quarantine {environment} {instance_id} again"
        )


def _terminate(account: Account, instance_id: str) -> None:
    with errors():
        account.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiTermination={"Value": False})
        account.ec2.terminate_instances(InstanceIds=[instance_id])


def _wait_until_terminated(account: Account, instance_id: str) -> None:
    def terminated() -> bool:
        try:
            return bool(servers.instance(account, instance_id)["State"]["Name"] == "terminated")
        except RefusedError:
            return True

    waiting.until(terminated, TERMINATED_SECONDS, f"{instance_id} is still shutting down; run it again")


def _vpc_ids(account: Account, environment: str) -> list[str]:
    """Where the environment has a quarantine group; a terminated instance no longer says its VPC."""
    filters: Any = [{"Name": f"tag:{PREFIX}environment", "Values": [environment]}]
    with errors():
        found = account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return [str(each["VpcId"]) for each in found]
