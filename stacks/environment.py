"""The one composition of every environment: what differs between staging and prod is data alone."""

from __future__ import annotations

from typing import Any, NamedTuple

from pulumi import Output

from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs
from stacks import costs, databases, entries, fleets, foundation, logs, preflight, roles, sessions
from stacks.config import EnvironmentConfig, blamed_on


def build(stack: str, config: EnvironmentConfig) -> dict[str, Any]:
    """Declare the environment's resources and return what the stack exports.

    Raises pulumi.RunError when an image does not pass the pre-flight, or the region has fewer availability
    zones than the configuration asks for, or RDS cannot do what is asked of a database.
    """
    roles.bind(stack, config.permissions_boundary)
    images = preflight.check(stack, config)
    _check_containers(stack, config)
    entries.check(stack, config)
    running = databases.running(stack, config)
    tags = foundation.tags_of(stack, config)
    shipped = logs.shipping(stack, config, tags)
    with blamed_on(stack, "network"):
        network = _network(stack, config, tags, shipped.bucket_arn)
    with blamed_on(stack, "loadBalancer"):
        load_balancer = _load_balancer(config, network, shipped.bucket, tags)
        url = entries.lead_to(load_balancer, config)
        called = entries.internal(config, network, load_balancer, tags)
    alerts = foundation.alerts(
        stack, config, network, tags, database_events=bool(running), budget_alerts=config.budget is not None
    )
    declared = databases.declare(stack, config, running, network, alerts, tags)
    costs.declare(stack, config, declared, network, alerts, tags)
    around = fleets.Surroundings(
        network=network,
        load_balancer=load_balancer,
        url=url,
        called=called,
        alerts=alerts,
        databases={name: each.access for name, each in declared.items()},
        session_keys=sessions.build(config, network, alerts, tags) if sessions.used(config) else None,
        shipped=shipped,
        tags=tags,
    )
    services = fleets.build(stack, config, around)
    containers = _containers(stack, config, around)
    groups = {name: service.launch_template.log_group_name for name, service in services.items()}
    return {
        "url": url,
        **({"image": config.image_id} if config.services else {}),
        "images": images,
        "databases": {name: each.exported for name, each in declared.items()},
        "logs": logs.watched(stack, config, shipped, groups | containers.log_groups, alerts, tags),
        "services": fleets.exported(config, services, around),
        **containers.exported,
    }


def _check_containers(stack: str, config: EnvironmentConfig) -> None:
    """Imported here, as all that is for containers: an environment without a cluster starts without."""
    if config.cluster is not None:
        from stacks import preflight_containers

        preflight_containers.check(stack, config)


def _network(
    stack: str, config: EnvironmentConfig, tags: dict[str, str], log_bucket_arn: Output[str]
) -> Network:
    args = foundation.network_args(stack, config, tags, log_bucket_arn)
    if config.cluster is not None and config.network.egress == "endpoints":
        from components.kubernetes.cluster import ENDPOINTS

        every = tuple(dict.fromkeys((*args.interface_endpoints, *ENDPOINTS)))
        args = NetworkArgs(**{**dict(args), "interface_endpoints": every})
    return Network("network", args)


class _Containers(NamedTuple):
    log_groups: dict[str, Output[str]]
    exported: dict[str, Any]


def _containers(stack: str, config: EnvironmentConfig, around: fleets.Surroundings) -> _Containers:
    """Cluster and workloads."""
    if config.cluster is None:
        return _Containers({}, {})
    from stacks import workloads

    return _Containers(*workloads.build(stack, config, config.cluster, around))


def _load_balancer(
    config: EnvironmentConfig, network: Network, log_bucket: Output[str], tags: dict[str, str]
) -> LoadBalancer:
    public = config.load_balancer.scheme == "internet-facing"
    return LoadBalancer(
        "entry",
        LoadBalancerArgs(
            vpc_id=network.vpc_id,
            vpc_cidr=config.network.cidr,
            subnet_ids=tuple(network.public_subnet_ids if public else network.private_subnet_ids),
            certificate_arn=entries.certificate(config, tags),
            scheme=config.load_balancer.scheme,
            allowed_cidrs=config.load_balancer.allowed_cidrs,
            log_bucket=log_bucket,
            deletion_protection=config.load_balancer.deletion_protection,
            web_acl_arn=config.load_balancer.web_acl_arn,
            idle_timeout_seconds=config.load_balancer.idle_timeout_seconds,
            tags=tags,
        ),
    )
