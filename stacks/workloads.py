"""The workloads of an environment as components: what the stack file says of one, and what it stands among.

Imported by an environment that has a cluster: another one starts without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pulumi import Output, ResourceOptions

from components.args import SecretReference
from components.fleet_alarms import AlarmThresholds, FleetAlarms, FleetAlarmsArgs
from components.kubernetes.quantities import Quantity
from components.kubernetes.workload import Workload
from components.kubernetes.workload_args import WorkloadArgs, WorkloadCallee, callee
from components.kubernetes.workload_identity import WorkloadIdentity, WorkloadIdentityArgs
from components.kubernetes.workload_logs import WorkloadLogs, WorkloadLogsArgs
from components.kubernetes.workload_route import WorkloadRoute, WorkloadRouteArgs
from components.subnets import plan_subnets
from stacks import clusters
from stacks.cluster_sections import ClusterConfig
from stacks.clusters import Made
from stacks.config import EnvironmentConfig, blamed_on
from stacks.fleets import Surroundings
from stacks.workload_rules import image_key
from stacks.workload_sections import WorkloadConfig

_ANYWHERE = "0.0.0.0/0"


class Declared(NamedTuple):
    """All of an environment's containers."""

    log_groups: dict[str, Output[str]]
    """Names, by workload."""
    exported: dict[str, Any]
    """What the stack exports of cluster and workloads."""


class _One(NamedTuple):
    workload: Workload
    logs: WorkloadLogs
    route: WorkloadRoute | None
    alarms: FleetAlarms | None


def build(stack: str, config: EnvironmentConfig, given: ClusterConfig, around: Surroundings) -> Declared:
    """Declare the cluster and every workload of the stack's file."""
    made = clusters.declare(stack, config, given, around)
    logs = {}
    for name in config.workloads:
        with blamed_on(stack, "workloads", name):
            logs[name] = WorkloadLogs(name, _logs(name, config, around))
    clusters.ship_lines(config, made, {name: each.log_group_arn for name, each in logs.items()}, around.tags)
    clusters.scale_nodes(config, given, made, around.tags)
    callees = _callees(config, made)
    found = {}
    for name in config.workloads:
        with blamed_on(stack, "workloads", name):
            found[name] = _declare(name, config, given, around, made, logs[name], callees)
    of_workloads = {name: _exported(name, config, given, each, around) for name, each in found.items()}
    return Declared(
        {name: each.log_group_name for name, each in logs.items()},
        {
            "cluster": clusters.exported(given, made),
            **({"workloads": of_workloads} if of_workloads else {}),
        },
    )


def _logs(name: str, config: EnvironmentConfig, around: Surroundings) -> WorkloadLogsArgs:
    return WorkloadLogsArgs(
        log_retention_days=config.logs.retention_days,
        log_kms_key_arn=around.shipped.key_arn,
        retain_logs=config.logs.retain_on_destroy,
        log_delivery=around.shipped.deliveries[name],
        tags={**around.tags, "service": name},
    )


def _callees(config: EnvironmentConfig, made: Made) -> dict[str, WorkloadCallee]:
    """Those that may be called; before any is made, for two may call each other."""
    return {
        name: callee(name, made.namespace.name, workload.port)
        for name, workload in config.workloads.items()
        if workload.port is not None
    }


def _declare(
    name: str,
    config: EnvironmentConfig,
    given: ClusterConfig,
    around: Surroundings,
    made: Made,
    logs: WorkloadLogs,
    callees: Mapping[str, WorkloadCallee],
) -> _One:
    identity = _identity(name, config, given, around, made)
    workload = Workload(
        name,
        _workload(name, config, around, made, logs, callees),
        # A pod that starts before it has its role, or before a way is open, begins with failures.
        ResourceOptions(provider=made.cluster.provider, depends_on=[*identity, *made.node_access]),
    )
    route = _route(name, config.workloads[name], around, made, workload)
    alarms = None if route is None else _alarms(name, config.workloads[name], around, route)
    return _One(workload, logs, route, alarms)


def _identity(
    name: str, config: EnvironmentConfig, given: ClusterConfig, around: Surroundings, made: Made
) -> list[WorkloadIdentity]:
    """A role, for a workload that AWS lets do something."""
    workload = config.workloads[name]
    if not workload.secrets and workload.database is None and not workload.policy_statements:
        return []
    args = WorkloadIdentityArgs(
        cluster_name=made.cluster.name,
        cluster_arn=made.cluster.arn,
        namespace=given.namespace,
        service_account=name,
        secrets=_secrets(workload),
        database=None if workload.database is None else around.databases[workload.database],
        policy_statements=workload.policy_statements,
        tags={**around.tags, "service": name},
    )
    return [WorkloadIdentity(name, args)]


def _secrets(workload: WorkloadConfig) -> dict[str, SecretReference]:
    return {
        name: SecretReference(arn=given.arn, key_arn=given.key_arn)
        for name, given in workload.secrets.items()
    }


def _workload(
    name: str,
    config: EnvironmentConfig,
    around: Surroundings,
    made: Made,
    logs: WorkloadLogs,
    callees: Mapping[str, WorkloadCallee],
) -> WorkloadArgs:
    workload = config.workloads[name]
    subnets = plan_subnets(config.network.cidr, config.network.zones)
    return WorkloadArgs(
        kubeconfig=made.cluster.kubeconfig,
        namespace=made.namespace.name,
        keeper=made.namespace.keeper,
        image=config.images[image_key(name, workload)],
        port=workload.port,
        ports=workload.ports,
        health_path=workload.health_path,
        health_port=workload.health_port,
        min_size=workload.min,
        max_size=workload.max,
        cpu_target_percent=workload.cpu_target_percent,
        cpu=Quantity(request=workload.cpu.request, limit=workload.cpu.limit),
        memory=Quantity(request=workload.memory.request, limit=workload.memory.limit),
        command=workload.command,
        migrate=workload.migrate,
        migrate_timeout_seconds=workload.migrate_timeout_seconds,
        environment=workload.environment,
        secrets=_secrets(workload),
        database=None if workload.database is None else around.databases[workload.database],
        database_cidrs=_database_cidrs(config, workload),
        calls={each: callees[each] for each in workload.calls},
        exposed=workload.route is not None,
        # A node hands a request on in its own name.
        entry_cidrs=tuple(each.private for each in subnets) if workload.route else (),
        log_group_name=logs.log_group_name,
        service_account_token=workload.service_account_token,
        startup_seconds=workload.startup_seconds,
        drain_seconds=workload.drain_seconds,
        termination_grace_seconds=workload.termination_grace_seconds,
        min_ready_seconds=workload.rollout.min_ready_seconds,
        progress_deadline_seconds=workload.rollout.progress_deadline_seconds,
        rollout_timeout_seconds=workload.rollout.timeout_seconds,
        max_surge=workload.rollout.surge,
        user_id=workload.user_id,
        tmp_size_mib=workload.tmp_size_mib,
    )


def _database_cidrs(config: EnvironmentConfig, workload: WorkloadConfig) -> tuple[str, ...]:
    """Where its database may be. An external one may be anywhere: security groups alone say where to."""
    if workload.database is None:
        return ()
    if config.databases[workload.database].external is not None:
        return (_ANYWHERE,)
    return tuple(each.isolated for each in plan_subnets(config.network.cidr, config.network.zones))


def _route(
    name: str, config: WorkloadConfig, around: Surroundings, made: Made, workload: Workload
) -> WorkloadRoute | None:
    if config.route is None or workload.node_port is None:
        return None
    return WorkloadRoute(
        name,
        WorkloadRouteArgs(
            vpc_id=around.network.vpc_id,
            entry_point=around.load_balancer.entry_point,
            node_port=workload.node_port,
            autoscaling_name=made.cluster.node_group_autoscaling_name,
            node_security_group_id=made.cluster.node_security_group_id,
            health_path=config.health_path,
            priority=config.route.priority,
            hosts=config.route.hosts,
            paths=config.route.paths,
            deregistration_delay_seconds=config.deregistration_delay_seconds,
            tags={**around.tags, "service": name},
        ),
    )


def _alarms(name: str, config: WorkloadConfig, around: Surroundings, route: WorkloadRoute) -> FleetAlarms:
    return FleetAlarms(
        name,
        FleetAlarmsArgs(
            load_balancer_arn_suffix=around.load_balancer.arn_suffix,
            target_group_arn_suffix=route.target_group.arn_suffix,
            group_name=None,
            topic_arn=around.alerts.arn,
            thresholds=AlarmThresholds(**config.alarms.of_requests),
            tags={**around.tags, "service": name},
        ),
    )


def _exported(
    name: str, config: EnvironmentConfig, given: ClusterConfig, one: _One, around: Surroundings
) -> dict[str, Any]:
    workload, rollout = config.workloads[name], one.workload.rollout
    return {
        "image": rollout.image,
        "imageKey": image_key(name, workload),
        "previousImage": rollout.previous_image,
        "namespace": given.namespace,
        "deployment": name,
        "minSize": workload.min,
        "maxSize": workload.max,
        "port": workload.port,
        "logGroup": one.logs.log_group_name,
        "rollout": {
            "status": rollout.status,
            "reason": rollout.reason,
            "revision": rollout.revision,
            "finishedAt": rollout.finished_at,
        },
        **({} if one.route is None else {"targetGroup": one.route.target_group.arn, "url": around.url}),
        **({} if one.alarms is None else {"alarms": one.alarms.by_kind}),
        **({"calls": list(workload.calls)} if workload.calls else {}),
        **({"database": workload.database} if workload.database else {}),
    }
