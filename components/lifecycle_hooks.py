"""Lifecycle hooks: a server is in service once it validated itself, and goes once it has tidied up.

The server's half is a program in its image (`images/lifecycle`, docs/images.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import autoscaling
from pydantic import AfterValidator

from .args import Args, Late

SERVER_ROLE_TAG = "immutable-server-role"
"""On a group: the IAM role of its servers, which may complete the actions of this group and of no other."""
VARIABLES = "IMMUTABLE_"
"""What the names of the variables for the server's half begin with."""
INITIAL_HOOKS = "initialLifecycleHooks"
"""The group's input that AWS takes only at its creation: a change would replace the group."""

_TAG_KEY = re.compile(r"[A-Za-z0-9+\-=.,_:@]+")


def _hook_seconds(value: int) -> int:
    if value and not 30 <= value <= 7200:
        raise ValueError(f"{value} seconds: a hook waits 30 to 7200 (PutLifecycleHook); 0 is for no hook")
    return value


HookSeconds = Annotated[int, AfterValidator(_hook_seconds)]


class Lifecycle(Args):
    """How long hooks hold a server back. Both times are in the servers' user data: another one is rolled out.

    Raises ValueError for a time that is neither 0 nor 30 to 7200 seconds.
    """

    launch_timeout_seconds: HookSeconds = 600
    """How long a new server may take to validate itself; then it is given up, and another one is launched.
    0 is for an image without the program: servers are in service as soon as they run."""
    termination_timeout_seconds: HookSeconds = 300
    """How long a server that takes no more requests may take to end its work and hand its logs over; then it
    goes all the same. 0 is for an image without the program."""

    @property
    def any(self) -> bool:
        """Whether there is a hook at all."""
        return bool(self.launch_timeout_seconds or self.termination_timeout_seconds)


class Hook(NamedTuple):
    """One hook, in AWS's words."""

    name: str
    transition: str
    timeout_seconds: int
    default_result: str


def hooks(lifecycle: Lifecycle) -> list[Hook]:
    """Those that wait. A server that did not validate itself is given up; one that goes is not kept."""
    both = (
        Hook("launch", "autoscaling:EC2_INSTANCE_LAUNCHING", lifecycle.launch_timeout_seconds, "ABANDON"),
        Hook(
            "termination",
            "autoscaling:EC2_INSTANCE_TERMINATING",
            lifecycle.termination_timeout_seconds,
            "CONTINUE",
        ),
    )
    return [hook for hook in both if hook.timeout_seconds]


def initial_hooks(lifecycle: Lifecycle) -> list[autoscaling.GroupInitialLifecycleHookArgs]:
    """For the group's creation, so that its first servers do not slip by. Ignore later changes of them
    (`INITIAL_HOOKS`): these reach the group by `LifecycleHooks`, which takes over hooks of the same names.
    """
    return [
        autoscaling.GroupInitialLifecycleHookArgs(
            name=hook.name,
            lifecycle_transition=hook.transition,
            heartbeat_timeout=hook.timeout_seconds,
            default_result=hook.default_result,
        )
        for hook in hooks(lifecycle)
    ]


def variables(
    port: int | None, health_path: str | None, lifecycle: Lifecycle, run_seconds: int | None = None
) -> dict[str, str]:
    """What the server's half is told by the environment file; 0 seconds say that there is no such hook.

    Without a port it judges the service by its unit; `run_seconds` is how long the run of a job may take.
    """
    if not lifecycle.any:
        return {}
    found = {
        "PORT": port,
        "HEALTH_PATH": health_path,
        "LAUNCH_SECONDS": lifecycle.launch_timeout_seconds,
        "TERMINATION_SECONDS": lifecycle.termination_timeout_seconds,
        "RUN_SECONDS": run_seconds,
    }
    return {f"{VARIABLES}{name}": str(value) for name, value in found.items() if value is not None}


def refuse_tag_keys(keys: Iterable[str]) -> None:
    """Raises ValueError for a tag that servers cannot have while they read their tags from their metadata.

    They read their group's name there. EC2 then launches no server that has another tag with such a key
    (EC2 User Guide, View tags for your EC2 instances using instance metadata).
    """
    for key in keys:
        if not _TAG_KEY.fullmatch(key) or key in (".", "..", "_index"):
            raise ValueError(
                f"the tag {key!r} keeps servers from reading their metadata, which lifecycle hooks need: "
                "take letters, digits and + - = . , _ : @, or set both lifecycle timeouts to 0"
            )


class LifecycleHooksArgs(Args):
    """What `LifecycleHooks` are made of."""

    group_name: Late
    lifecycle: Lifecycle = Lifecycle()


class LifecycleHooks(pulumi.ComponentResource):
    """A group's hooks, `launch` and `termination`, as resources: a change of one reaches the group."""

    names: tuple[Output[str], ...]
    """The names of those that there are."""

    def __init__(self, name: str, args: LifecycleHooksArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:lifecyclehooks:LifecycleHooks", name, None, opts)
        made = [
            autoscaling.LifecycleHook(
                f"{name}-{hook.name}",
                name=hook.name,
                autoscaling_group_name=args.group_name,
                lifecycle_transition=hook.transition,
                heartbeat_timeout=hook.timeout_seconds,
                default_result=hook.default_result,
                opts=ResourceOptions(parent=self),
            )
            for hook in hooks(args.lifecycle)
        ]
        self.names = tuple(hook.name for hook in made)
        self.register_outputs({"names": list(self.names)})
