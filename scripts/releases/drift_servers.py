"""Drift of single servers: another image or template version, standby, age, and who was on them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from scripts.releases import members, sessions
from scripts.releases.aws import Account
from scripts.releases.declared import number
from scripts.releases.errors import one_line
from scripts.releases.findings import Finding
from scripts.releases.groups import Group
from scripts.releases.state import ServiceState

SECONDS_A_DAY = 86_400
#: A group replaces servers that reached their age one after another, which takes its time.
LATE_DAYS = 0.25


def of(
    state: ServiceState | None, service: str, seen: Mapping[str, Any], there: Mapping[str, Any]
) -> Iterator[Finding]:
    """What a group's word of a server (`seen`) and EC2's (`there`) say against the stack's outputs."""
    instance_id = seen["InstanceId"]
    if seen["LifecycleState"].startswith("Terminating"):
        return
    image, declared = there.get("ImageId"), state.image if state else None
    if image and declared and image != declared:
        text = f"{service}: {instance_id} runs {image}, declared is {declared}"
        yield Finding("image", service, instance_id, text, declared, image)
    version = str((seen.get("LaunchTemplate") or {}).get("Version", ""))
    wanted = number(state.launch_template_version if state else None)
    if wanted and version != wanted:
        text = (
            f"{service}: {instance_id} was started from launch template version {version or 'none'}, "
            f"declared is {wanted}"
        )
        yield Finding("template-version", service, instance_id, text, wanted, version)
    if seen["LifecycleState"].endswith(members.STANDBY):
        text = f"{service}: {instance_id} was put on standby by hand"
        yield Finding("standby", service, instance_id, text, members.IN_SERVICE, seen["LifecycleState"])


def age(
    group: Group, instance_id: str, there: Mapping[str, Any], max_age_days: int | None, now: datetime
) -> Iterator[Finding]:
    """A server older than allowed. Without `max_age_days` the group's own limit counts; without either, no
    age is too old.
    """
    launched, lifetime = there.get("LaunchTime"), group.settings.get("MaxInstanceLifetime") or 0
    allowed = lifetime / SECONDS_A_DAY if max_age_days is None else float(max_age_days)
    if launched is None or not allowed:
        return
    days = (now - launched).total_seconds() / SECONDS_A_DAY
    late = LATE_DAYS if max_age_days is None else 0.0
    if days > allowed + late:
        source = f" (the lifetime of {group.name})" if max_age_days is None else ""
        text = f"{group.service}: {instance_id} is {days:.1f} days old, allowed are {allowed:g}{source}"
        yield Finding("age", group.service, instance_id, text, f"{allowed:g}", f"{days:.1f}")


def logins(
    account: Account, owners: Mapping[str, str], instances: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Sessions on any server of `owners` (services by instance)."""
    launched = [each["LaunchTime"] for each in instances.values() if "LaunchTime" in each]
    # An hour's grace for clocks that disagree; sessions of before the oldest server are no one's here.
    since = min(launched) - timedelta(hours=1) if launched else None
    for session in sessions.on(account, owners, since):
        who = session.owner or "someone"
        text = (
            f"{owners[session.target]}: {who} was on {session.target} at {session.start} "
            f"(session {session.id}); replace it"
        )
        yield Finding("login", owners[session.target], session.target, one_line(text), actual=session.id)
