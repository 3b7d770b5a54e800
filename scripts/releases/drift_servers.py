"""Drift of single servers: another image or template version, standby, age, and who was on them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from scripts.releases import members, sessions
from scripts.releases.aws import Account
from scripts.releases.declared import number
from scripts.releases.errors import one_line
from scripts.releases.findings import Finding
from scripts.releases.state import ServiceState

SECONDS_A_DAY = 86_400


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
    service: str, instance_id: str, there: Mapping[str, Any], max_age_days: int | None, now: datetime
) -> Iterator[Finding]:
    """A server older than allowed; None: no age is too old."""
    launched = there.get("LaunchTime")
    if max_age_days is None or launched is None:
        return
    days = (now - launched).total_seconds() / SECONDS_A_DAY
    if days > max_age_days:
        text = f"{service}: {instance_id} is {days:.1f} days old, allowed are {max_age_days}"
        yield Finding("age", service, instance_id, text, str(max_age_days), f"{days:.1f}")


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
