"""Servers as members of their groups: found, terminated, detached, put into standby; their target groups."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.autoscaling import exceptions
from rehearsal.cloud.autoscaling.attached import ScheduledActions
from rehearsal.cloud.autoscaling.group import Group
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, PENDING_WAIT, STANDBY, Server

#: Processes that the fleet really stops while they are suspended.
SUSPENDABLE = {"Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"}


class Members(ScheduledActions):
    def group(self, name: str | None) -> Group:
        if name not in self.autoscaling_groups:
            raise exceptions.group_not_found(name)
        group: Group = self.autoscaling_groups[name]
        return group

    def server(self, instance_id: str) -> Server | None:
        groups: list[Group] = list(self.autoscaling_groups.values())
        return next((g.fleet.servers[instance_id] for g in groups if instance_id in g.fleet.servers), None)

    def owner(self, instance_id: str) -> tuple[Group, Server]:
        for group in self.autoscaling_groups.values():
            if instance_id in group.fleet.servers:
                return group, group.fleet.servers[instance_id]
        raise exceptions.ValidationError(
            f"Instance Id not found - No managed instance found for {instance_id}"
        )

    def attach_target_groups(self, name: str, arns: list[str]) -> None:
        group = self.group(name)
        group.append_target_groups(arns)
        group.register([s for s in group.fleet.servers.values() if s.lifecycle == IN_SERVICE])
        group.fleet.changed()

    def detach_target_groups(self, name: str, arns: list[str]) -> None:
        group = self.group(name)
        keep = [arn for arn in group.target_group_arns if arn not in arns]
        group.target_group_arns = [arn for arn in group.target_group_arns if arn in arns]
        group.deregister(list(group.fleet.servers.values()))
        group.target_group_arns = keep
        group.fleet.changed()

    # Servers

    def notice_terminated(self, instance_ids: list[str]) -> None:
        """Instances that were terminated through EC2; their group launches others."""
        for group in self.autoscaling_groups.values():
            gone = [group.fleet.servers[i] for i in instance_ids if i in group.fleet.servers]
            if gone:
                group.fleet.vanish(gone)

    def terminate_server(self, instance_id: str, decrement: bool) -> Any:
        """Ends a server by request. AWS does not while a launch hook holds it: ScalingActivityInProgress."""
        group, server = self.owner(instance_id)
        if server.lifecycle == PENDING_WAIT:
            raise exceptions.ScalingActivityInProgress(instance=instance_id)
        if decrement:
            group.set_desired_capacity(group.desired_capacity - 1)
        group.fleet.terminate([server], "An instance was taken out of service in response to a user request.")
        return group, server.activity

    def detach_servers(self, name: str, instance_ids: list[str], decrement: bool) -> None:
        """They run on, on their own; the group launches others unless its capacity is decremented."""
        group = self.group(name)
        servers = [self._in_state(instance_id, (IN_SERVICE, STANDBY)) for instance_id in instance_ids]
        group.deregister(servers)
        for server in servers:
            group.fleet.servers.pop(server.id, None)
        if decrement:
            group.set_desired_capacity(group.desired_capacity - len(servers))
        group.fleet.changed()

    def standby(self, name: str, instance_ids: list[str], enter: bool, decrement: bool) -> None:
        group = self.group(name)
        for server in [self._in_state(i, (IN_SERVICE,) if enter else (STANDBY,)) for i in instance_ids]:
            if enter:
                group.fleet.stand_by([server])
            else:
                group.fleet.enter_service([server])
        change = len(instance_ids) * (-1 if enter and decrement else 0 if enter else 1)
        group.set_desired_capacity(group.desired_capacity + change)

    def _in_state(self, instance_id: str, states: tuple[str, ...]) -> Server:
        """A server that may be moved. Raises ValidationError for one that waits, comes or goes."""
        server = self.owner(instance_id)[1]
        if server.lifecycle not in states:
            raise exceptions.ValidationError(
                f"The instance {instance_id} is not in {' or '.join(states)}: it is in {server.lifecycle}"
            )
        return server

    def suspend(self, name: str, processes: list[str], resume: bool) -> None:
        group = self.group(name)
        if resume:
            group.fleet.suspended -= set(processes) or SUSPENDABLE
        elif not processes or set(processes) - SUSPENDABLE:
            what = ", ".join(sorted(set(processes) - SUSPENDABLE)) or "all processes"
            raise exceptions.NotEmulated(f"suspending {what}")
        else:
            group.fleet.suspended |= set(processes)
        group.fleet.changed()
