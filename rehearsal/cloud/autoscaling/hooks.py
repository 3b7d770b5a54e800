"""Lifecycle hooks: servers wait on their way into service and out of it, until someone lets them go on.

Source: "Amazon EC2 Auto Scaling lifecycle hooks" and `PutLifecycleHook`. A hook's wait ends with a completed
action, or after its heartbeat timeout with its default result. The agent that the images of this project
carry completes the hooks named in AGENT_HOOKS; any other waits for CompleteLifecycleAction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from rehearsal.cloud.autoscaling import journal, volumes
from rehearsal.cloud.autoscaling.servers import PENDING_WAIT, REPLACING_WAIT, TERMINATING_WAIT, Server

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.fleet import Fleet

LAUNCHING, TERMINATION = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
CONTINUE, ABANDON = "CONTINUE", "ABANDON"
AGENT_HOOKS = {LAUNCHING: "launch", TERMINATION: "termination"}
#: What the agent takes: asking the service until it answers, flushing the logs.
AGENT_SECONDS = {LAUNCHING: 10.0, TERMINATION: 5.0}
#: No heartbeat keeps a server waiting any longer.
MOST_SECONDS, MOST_HEARTBEATS = 48 * 3600, 100
_WAIT_STATES = {LAUNCHING: PENDING_WAIT, TERMINATION: TERMINATING_WAIT}
_ABANDONED = (
    "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {} was abandoned: {}"
)
_BY_TIME, _BY_REQUEST = "Heartbeat Timeout", "Lifecycle Action Completed with ABANDON Result"


@dataclass(frozen=True)
class Hook:
    """One hook of a group, with AWS's defaults. `extra`: what no one is notified with, described as given."""

    name: str
    transition: str
    heartbeat_seconds: int = 3600
    default_result: str = ABANDON
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def global_seconds(self) -> int:
        return min(MOST_SECONDS, MOST_HEARTBEATS * self.heartbeat_seconds)


class Wait:
    """One server's wait for one hook. `deadline` is an emulated second; a heartbeat moves it."""

    __slots__ = ("deadline", "hook", "since", "token")

    def __init__(self, hook: Hook, now: float) -> None:
        self.hook, self.since, self.token = hook, now, str(uuid4())
        self.deadline = now + hook.heartbeat_seconds


class Hooks:
    """The hooks of one fleet and the servers that wait for them. All waits of a batch end in one event."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.by_name: dict[str, Hook] = {}

    def hold_replacing(self, servers: list[Server]) -> bool:
        """Let servers wait whose root volume is to be replaced; the hooks are those of a termination."""
        return self.hold(servers, TERMINATION, REPLACING_WAIT)

    def hold(self, servers: list[Server], transition: str, state: str = "") -> bool:
        """Let servers on their way through `transition` wait, if there is a hook for it."""
        hooks = [hook for hook in self.by_name.values() if hook.transition == transition]
        if not hooks:
            return False
        now, after = self.fleet.timeline.now, self.fleet.timeline.after
        for server in servers:
            server.lifecycle = state or _WAIT_STATES[transition]
            server.waits = {hook.name: Wait(hook, now) for hook in hooks}
            if server.activity and server.activity.end is None:
                server.activity.status = "MidLifecycleAction"
        for hook in hooks:
            after(hook.heartbeat_seconds, self._expiry(servers, hook.name))
            if hook.name == AGENT_HOOKS[transition]:
                after(AGENT_SECONDS[transition], self._agent(servers, hook))
        self.fleet.changed()
        return True

    def waits(self, hook_name: str, token: str | None, server_id: str | None) -> tuple[Server, Wait] | None:
        """The wait of a server given by its ID or by the action's token."""
        servers = self.fleet.servers
        candidates = [servers[server_id]] if server_id in servers else [] if server_id else servers.values()
        for server in candidates:
            wait = server.waits.get(hook_name)
            if wait and token in (None, wait.token):
                return server, wait
        return None

    def complete(self, server: Server, hook_name: str, result: str) -> None:
        self._complete([server], hook_name, result, _BY_REQUEST)

    def heartbeat(self, server: Server, wait: Wait) -> None:
        """Wait as long again from now on, but never longer than the hook's global timeout."""
        now = self.fleet.timeline.now
        wait.deadline = min(now + wait.hook.heartbeat_seconds, wait.since + wait.hook.global_seconds)
        self.fleet.timeline.after(wait.deadline - now, self._expiry([server], wait.hook.name))

    def delete(self, name: str) -> None:
        """AWS completes actions under way: a launch is abandoned, a termination goes on."""
        hook = self.by_name.pop(name)
        result = ABANDON if hook.transition == LAUNCHING else CONTINUE
        self._complete(list(self.fleet.servers.values()), name, result, _BY_REQUEST)

    def _agent(self, servers: list[Server], hook: Hook) -> Callable[[], None]:
        def done() -> None:
            able = [s for s in servers if s.behaviour.gets_healthy or hook.transition == TERMINATION]
            if hook.transition == TERMINATION:
                # Flushed while the hook holds the server; without one its last lines go with it.
                self.fleet.say(journal.LEAVING, [s for s in able if hook.name in s.waits])
            self._complete(able, hook.name, CONTINUE, _BY_REQUEST)

        return done

    def _expiry(self, servers: list[Server], hook_name: str) -> Callable[[], None]:
        def expire() -> None:
            # Less than a millisecond is what floats leave of a deadline.
            soon = self.fleet.timeline.now + 0.001
            waiting = [(s, s.waits[hook_name]) for s in servers if hook_name in s.waits]
            late = [(server, wait) for server, wait in waiting if wait.deadline <= soon]
            if late:
                result = late[0][1].hook.default_result
                self._complete([server for server, _ in late], hook_name, result, _BY_TIME)

        return expire

    def _complete(self, servers: list[Server], hook_name: str, result: str, why: str) -> None:
        """End the waits; who waits for nothing more goes on, and who is abandoned on its way in goes."""
        going_on: dict[str, list[Server]] = {PENDING_WAIT: [], TERMINATING_WAIT: [], REPLACING_WAIT: []}
        abandoned: list[tuple[Server, str]] = []
        for server in servers:
            if hook_name not in server.waits or server.id not in self.fleet.servers:
                continue
            wait = server.waits.pop(hook_name)
            if result == ABANDON:
                server.waits = {}
            if server.lifecycle == PENDING_WAIT and result == ABANDON:
                abandoned.append((server, _ABANDONED.format(wait.token, why)))
            elif not server.waits:
                going_on[server.lifecycle].append(server)
        if going_on[PENDING_WAIT]:
            self.fleet.enter_service(going_on[PENDING_WAIT])
        if abandoned:
            self.fleet.abandon(abandoned)
        if going_on[TERMINATING_WAIT]:
            self.fleet.leave(going_on[TERMINATING_WAIT])
        if going_on[REPLACING_WAIT]:
            volumes.proceed(self.fleet, going_on[REPLACING_WAIT])
