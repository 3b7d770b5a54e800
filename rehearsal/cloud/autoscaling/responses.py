"""Requests of Auto Scaling that moto lacks or answers otherwise than AWS."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.autoscaling.exceptions import NotEmulated, ValidationError
from rehearsal.cloud.autoscaling.group import KEPT, Group, describe_server
from rehearsal.cloud.autoscaling.hook_requests import HookRequests
from rehearsal.cloud.autoscaling.models import AutoScalingBackend, autoscaling_backends
from rehearsal.cloud.autoscaling.refresh import Refresh
from rehearsal.cloud.autoscaling.servers import Activity
from rehearsal.cloud.world import World

_REFUSED = ("LaunchConfigurationName", "InstanceId", "TrafficSources", "InstanceLifecyclePolicy")


class AutoScalingResponse(HookRequests):
    @property
    def autoscaling_backend(self) -> AutoScalingBackend:
        backend: AutoScalingBackend = autoscaling_backends[self.current_account][self.region]
        return backend

    def _group(self) -> Group:
        return self.autoscaling_backend.group(self._get_param("AutoScalingGroupName"))

    # Groups

    def create_auto_scaling_group(self) -> Any:
        settings = self._settings() | {
            "default_cooldown": self._get_int_param("DefaultCooldown"),
            "load_balancers": self._get_param("LoadBalancerNames", []),
            "placement_group": self._get_param("PlacementGroup"),
            "termination_policies": self._get_param("TerminationPolicies", []),
            "tags": self._get_params().get("Tags", []),
            "capacity_rebalance": self._get_bool_param("CapacityRebalance", False),
            "launch_config_name": "",
            "target_group_arns": self._get_param("TargetGroupARNs", []),
            "health_check_period": self._get_int_param("HealthCheckGracePeriod"),
        }
        settings.pop("health_check_grace_period")
        if settings["max_size"] is None or settings["min_size"] is None:
            raise ValidationError("MinSize and MaxSize are required")
        name = self._get_param("AutoScalingGroupName")
        hooks = self._get_param("LifecycleHookSpecificationList", [])
        self.autoscaling_backend.create_group(name, self._kept(), settings, hooks)
        return EmptyResult()

    def update_auto_scaling_group(self) -> Any:
        settings = self._settings()
        self.autoscaling_backend.update_group(self._get_param("AutoScalingGroupName"), self._kept(), settings)
        return EmptyResult()

    def _settings(self) -> dict[str, Any]:
        for name in _REFUSED:
            if self._get_param(name):
                raise NotEmulated(name)
        params = self._get_params()
        return {
            "availability_zones": self._get_param("AvailabilityZones", []),
            "desired_capacity": self._get_int_param("DesiredCapacity"),
            "max_size": self._get_int_param("MaxSize"),
            "min_size": self._get_int_param("MinSize"),
            "launch_template": params.get("LaunchTemplate"),
            "mixed_instances_policy": params.get("MixedInstancesPolicy"),
            "vpc_zone_identifier": self._get_param("VPCZoneIdentifier"),
            "health_check_grace_period": self._get_int_param("HealthCheckGracePeriod"),
            "health_check_type": self._get_param("HealthCheckType"),
            "new_instances_protected_from_scale_in": self._get_bool_param("NewInstancesProtectedFromScaleIn"),
        }

    def _kept(self) -> dict[str, Any]:
        params = self._get_params()
        return {name: params[name] for name in KEPT if params.get(name) is not None}

    def describe_auto_scaling_groups(self) -> Any:
        found = self.autoscaling_backend.describe_auto_scaling_groups(
            self._get_param("AutoScalingGroupNames", []), filters=self._get_param("Filters", [])
        )
        page, token = self._page(found, 50, 100)
        return ActionResult({"AutoScalingGroups": [group.describe() for group in page], "NextToken": token})

    def delete_auto_scaling_group(self) -> Any:
        force = bool(self._get_bool_param("ForceDelete", False))
        self.autoscaling_backend.delete_group(self._get_param("AutoScalingGroupName"), force)
        return EmptyResult()

    def describe_scaling_activities(self) -> Any:
        backend, name = self.autoscaling_backend, self._get_param("AutoScalingGroupName")
        groups = [backend.group(name)] if name else list(backend.autoscaling_groups.values())
        wanted = set(self._get_param("ActivityIds", []))
        found = [(a, group) for group in groups for a in group.fleet.activities]
        found = [pair for pair in found if not wanted or pair[0].id in wanted]
        found.sort(key=lambda pair: pair[0].start, reverse=True)
        page, token = self._page(found, 100, 100)
        return ActionResult({"Activities": [_activity(a, group) for a, group in page], "NextToken": token})

    def attach_load_balancer_target_groups(self) -> Any:
        self.autoscaling_backend.attach_target_groups(
            self._get_param("AutoScalingGroupName"), self._get_param("TargetGroupARNs", [])
        )
        return EmptyResult()

    def detach_load_balancer_target_groups(self) -> Any:
        self.autoscaling_backend.detach_target_groups(
            self._get_param("AutoScalingGroupName"), self._get_param("TargetGroupARNs", [])
        )
        return EmptyResult()

    def suspend_processes(self) -> Any:
        return self._suspend(resume=False)

    def resume_processes(self) -> Any:
        return self._suspend(resume=True)

    def _suspend(self, resume: bool) -> Any:
        name, processes = self._get_param("AutoScalingGroupName"), self._get_param("ScalingProcesses", [])
        self.autoscaling_backend.suspend(name, processes, resume)
        return EmptyResult()

    # Servers

    def describe_auto_scaling_instances(self) -> Any:
        wanted = set(self._get_param("InstanceIds", []))
        found = [
            describe_server(server) | {"AutoScalingGroupName": group.name}
            for group in self.autoscaling_backend.autoscaling_groups.values()
            for server in group.fleet.servers.values()
            if not wanted or server.id in wanted
        ]
        page, token = self._page(found, 50, 50)
        return ActionResult({"AutoScalingInstances": page, "NextToken": token})

    def terminate_instance_in_auto_scaling_group(self) -> Any:
        decrement = bool(self._get_bool_param("ShouldDecrementDesiredCapacity", False))
        group, activity = self.autoscaling_backend.terminate_server(self._get_param("InstanceId"), decrement)
        return ActionResult({"Activity": _activity(activity, group) if activity else None})

    def detach_instances(self) -> Any:
        name, ids = self._get_param("AutoScalingGroupName"), self._get_param("InstanceIds", [])
        decrement = bool(self._get_bool_param("ShouldDecrementDesiredCapacity", False))
        self.autoscaling_backend.detach_servers(name, ids, decrement)
        return ActionResult({"Activities": []})

    def attach_instances(self) -> Any:
        raise NotEmulated("attaching instances")

    def put_warm_pool(self) -> Any:
        raise NotEmulated("a warm pool")

    def enter_standby(self) -> Any:
        return self._standby(enter=True)

    def exit_standby(self) -> Any:
        return self._standby(enter=False)

    def _standby(self, enter: bool) -> Any:
        name, ids = self._get_param("AutoScalingGroupName"), self._get_param("InstanceIds", [])
        decrement = bool(self._get_bool_param("ShouldDecrementDesiredCapacity", False))
        self.autoscaling_backend.standby(name, ids, enter, decrement)
        return ActionResult({"Activities": []})

    def set_instance_protection(self) -> Any:
        for instance_id in self._get_param("InstanceIds", []):
            server = self.autoscaling_backend.owner(instance_id)[1]
            server.protected = bool(self._get_bool_param("ProtectedFromScaleIn"))
        self._group().fleet.changed()
        return EmptyResult()

    def set_instance_health(self) -> Any:
        status = self._get_param("HealthStatus")
        if status not in ("Healthy", "Unhealthy"):
            raise ValidationError(f"HealthStatus {status!r} is not Healthy or Unhealthy")
        group, server = self.autoscaling_backend.owner(self._get_param("InstanceId"))
        server.report(status)
        group.fleet.changed()
        return EmptyResult()

    # Instance refreshes

    def start_instance_refresh(self) -> Any:
        params = self._get_params()
        refresh = self.autoscaling_backend.start_refresh(
            self._get_param("AutoScalingGroupName"),
            params.get("Preferences") or {},
            params.get("DesiredConfiguration"),
            self._get_param("Strategy") or "Rolling",
        )
        return ActionResult({"InstanceRefreshId": refresh.id})

    def describe_instance_refreshes(self) -> Any:
        group, wanted = self._group(), self._get_param("InstanceRefreshIds", [])
        found = [r for r in reversed(group.refreshes) if not wanted or r.id in wanted]
        page, token = self._page(found, 50, 100)
        return ActionResult({"InstanceRefreshes": [_refresh(r, group) for r in page], "NextToken": token})

    def cancel_instance_refresh(self) -> Any:
        refresh = self.autoscaling_backend.active_refresh(self._get_param("AutoScalingGroupName"))
        refresh.cancel(wait=self._get_bool_param("WaitForTransitioningInstances", True) is not False)
        return ActionResult({"InstanceRefreshId": refresh.id})

    def rollback_instance_refresh(self) -> Any:
        refresh = self.autoscaling_backend.roll_back(self._get_param("AutoScalingGroupName"))
        return ActionResult({"InstanceRefreshId": refresh.id})

    def _page(self, found: list[Any], default: int, most: int) -> tuple[list[Any], str | None]:
        """A page of MaxRecords from the token on, which is an offset here."""
        token = self._get_param("NextToken") or "0"
        size = self._get_int_param("MaxRecords") or default
        if not token.isdigit():
            raise ValidationError(f"The token '{token}' is invalid")
        if size > most:
            raise ValidationError(f"MaxRecords {size} is greater than {most}")
        end = int(token) + size
        return found[int(token) : end], str(end) if end < len(found) else None


def _refresh(refresh: Refresh, group: Group) -> dict[str, Any]:
    date = World.current.clock.date
    preferences = refresh.preferences
    return {
        "InstanceRefreshId": refresh.id,
        "AutoScalingGroupName": group.name,
        "Status": refresh.status,
        "StatusReason": refresh.reason or None,
        "StartTime": date(refresh.start),
        "EndTime": None if refresh.end is None else date(refresh.end),
        "PercentageComplete": refresh.percentage,
        "InstancesToUpdate": refresh.to_update,
        "Preferences": dict(preferences.given)
        | {"MinHealthyPercentage": preferences.min_percent, "SkipMatching": preferences.skip_matching}
        | {"AutoRollback": preferences.auto_rollback, "InstanceWarmup": int(preferences.warmup)},
        "DesiredConfiguration": refresh.desired_configuration,
        "RollbackDetails": refresh.rollback,
        "Strategy": refresh.strategy,
    }


def _activity(activity: Activity, group: Group) -> dict[str, Any]:
    date = World.current.clock.date
    return {
        "ActivityId": activity.id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": activity.description,
        "Cause": f"At {date(activity.start):%Y-%m-%dT%H:%M:%SZ} {activity.cause}",
        "StartTime": date(activity.start),
        "EndTime": None if activity.end is None else date(activity.end),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "Progress": 100 if activity.end is not None else 50,
        "Details": "{}",
    }
