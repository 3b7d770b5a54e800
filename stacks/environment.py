"""The one composition of every environment: what differs between staging and prod is data alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi import Output
from pydantic.alias_generators import to_camel

from components.alert_topic import AlertTopic
from components.args import DatabaseAccess, Late, SecretReference
from components.fleet_alarms import AlarmThresholds
from components.instance_refresh import RefreshPreferences, preferences_input
from components.lifecycle_hooks import Lifecycle
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.log_shipping import LogShipping
from components.network import Network
from components.service import Service, ServiceArgs
from stacks import costs, databases, entries, foundation, logs, preflight, sessions
from stacks.config import EnvironmentConfig, blamed_on
from stacks.services import ServiceConfig

if TYPE_CHECKING:
    from components.internal_entry import InternalEntry


def build(stack: str, config: EnvironmentConfig) -> dict[str, Any]:
    """Declare the environment's resources and return what the stack exports.

    Raises pulumi.RunError when an image does not pass the pre-flight, or the region has fewer availability
    zones than the configuration asks for, or RDS cannot do what is asked of a database.
    """
    images = preflight.check(stack, config)
    entries.check(stack, config)
    versions = databases.versions(stack, config)
    tags = foundation.tags_of(stack, config)
    shipped = logs.shipping(stack, config, tags)
    with blamed_on(stack, "network"):
        network = Network("network", foundation.network_args(stack, config, tags, shipped.bucket_arn))
    with blamed_on(stack, "loadBalancer"):
        load_balancer = _load_balancer(config, network, shipped.bucket, tags)
        url = entries.lead_to(load_balancer, config)
        called = entries.internal(config, network, load_balancer, tags)
    alerts = foundation.alerts(
        stack, config, network, tags, database_events=bool(versions), budget_alerts=config.budget is not None
    )
    declared = databases.declare(stack, config, versions, network, alerts, tags)
    costs.declare(stack, config, declared, network, alerts, tags)
    session_keys = sessions.build(config, network, alerts, tags) if sessions.used(config) else None
    reached = {name: each.access for name, each in declared.items()}
    services = {}
    for name in config.services:
        with blamed_on(stack, "services", name):
            services[name] = _service(
                name, config, network, load_balancer, called, alerts, reached, session_keys, shipped, tags
            )
    return {
        "url": url,
        "image": config.image_id,
        "images": images,
        "databases": {name: each.exported for name, each in declared.items()},
        "logs": logs.watched(stack, config, shipped, services, alerts, tags),
        "services": {
            name: _exported(config.services[name], service, url, called.get(name))
            for name, service in services.items()
        },
    }


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
            idle_timeout_seconds=config.load_balancer.idle_timeout_seconds,
            tags=tags,
        ),
    )


def _service(
    name: str,
    config: EnvironmentConfig,
    network: Network,
    load_balancer: LoadBalancer,
    called: Mapping[str, InternalEntry],
    alerts: AlertTopic,
    reached: Mapping[str, DatabaseAccess],
    session_keys: SecretReference | None,
    shipped: LogShipping,
    tags: dict[str, str],
) -> Service:
    service = config.services[name]
    return Service(
        name,
        ServiceArgs(
            image_id=config.image_of(name),
            region=config.region,
            placement=network.placement,
            entry_point=load_balancer.entry_point if service.route else None,
            internal=called[name].entry_point if name in called else None,
            alert_topic_arn=alerts.arn,
            port=service.port,
            health_path=service.health_path,
            instance_types=service.instance_types,
            min_size=service.min,
            max_size=service.max,
            priority=service.route and service.route.priority,
            hosts=service.route.hosts if service.route else (),
            paths=service.route.paths if service.route else (),
            environment=service.environment,
            database=None if service.database is None else reached[service.database],
            secrets=_secrets(service, session_keys),
            calls={callee: called[callee].callee for callee in service.calls},
            volume_size_gib=service.volume_size_gib,
            log_retention_days=config.logs.retention_days,
            log_kms_key_arn=shipped.key_arn,
            log_delivery=shipped.deliveries[name],
            retain_logs=config.logs.retain_on_destroy,
            on_demand_base_capacity=service.on_demand_base_capacity,
            on_demand_percentage=service.on_demand_percentage,
            cpu_target_percent=service.cpu_target_percent,
            requests_per_target=service.requests_per_target,
            sleep=None if config.sleep is None else costs.schedule(config.sleep),
            max_instance_lifetime_days=service.max_instance_lifetime_days,
            health_check_grace_period_seconds=service.health_check_grace_seconds,
            default_instance_warmup_seconds=service.warmup_seconds,
            deregistration_delay_seconds=service.deregistration_delay_seconds,
            slow_start_seconds=service.slow_start_seconds,
            lifecycle=Lifecycle(**dict(service.lifecycle)),
            alarms=AlarmThresholds(**service.alarms.of_fleet),
            watch_alarms=service.refresh.watch_alarms,
            refresh=_preferences(service),
            refresh_timeout_seconds=service.refresh.timeout_seconds,
            root_device_name=service.root_device_name,
            policy_statements=service.policy_statements,
            tags={**tags, "service": name},
        ),
    )


def _secrets(service: ServiceConfig, session_keys: SecretReference | None) -> dict[str, SecretReference]:
    """The service's own, and the environment's session keys if it wants them."""
    own = {
        name: SecretReference(arn=given.arn, key_arn=given.key_arn) for name, given in service.secrets.items()
    }
    if service.sessions and session_keys is not None:
        own[sessions.VARIABLE] = session_keys
    return own


def _preferences(service: ServiceConfig) -> RefreshPreferences:
    return RefreshPreferences(
        strategy=service.refresh.strategy,
        min_healthy_percentage=service.refresh.min_healthy_percentage,
        max_healthy_percentage=service.refresh.max_healthy_percentage,
        checkpoint_percentages=service.refresh.checkpoint_percentages,
        checkpoint_delay_seconds=service.refresh.pause_seconds,
        bake_time_seconds=service.refresh.bake_seconds,
        alarms=service.refresh.alarms,
    )


def _exported(
    config: ServiceConfig, service: Service, url: Late, internal: InternalEntry | None
) -> dict[str, Any]:
    """What people and scripts read of a service. The preferences are those that a plan of the next release
    counts with, defaults and all: no script has to know these.
    """
    refresh = service.refresh
    preferences = preferences_input(service.preferences)
    return {
        "image": refresh.image_id,
        "previousImage": refresh.previous_image_id,
        "launchTemplateVersion": refresh.launch_template_version,
        "group": service.group.name,
        "refresh": {"id": refresh.refresh_id, "status": refresh.status, "reason": refresh.reason},
        "refreshPreferences": {
            **{to_camel(name): value for name, value in preferences.items()},
            "timeoutSeconds": config.refresh.timeout_seconds,
        },
        "alarms": {
            "errors": service.alarms.errors,
            "latency": service.alarms.latency,
            "unhealthyHosts": service.alarms.unhealthy_hosts,
            "replacements": service.alarms.replacements,
        },
        **({"url": url} if config.route else {}),
        **({"internalUrl": internal.callee.url} if internal else {}),
        **({"calls": list(config.calls)} if config.calls else {}),
    }
