"""The services of an environment as components: what the stack file says of one, and what it stands among."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic.alias_generators import to_camel

from components.alert_topic import AlertTopic
from components.args import DatabaseAccess, Late, SecretReference
from components.fleet_alarms import AlarmThresholds
from components.instance_refresh import RefreshPreferences, preferences_input
from components.load_balancer import LoadBalancer
from components.log_shipping import LogShipping
from components.network import Network
from components.service import Service, ServiceArgs
from stacks import costs, kinds, sessions
from stacks.config import EnvironmentConfig, blamed_on
from stacks.services import ServiceConfig

if TYPE_CHECKING:
    from components.internal_entry import InternalEntry


class Surroundings(NamedTuple):
    """What the services of an environment share."""

    network: Network
    load_balancer: LoadBalancer
    url: Late
    """The entry point's."""
    called: Mapping[str, InternalEntry]
    """By the service that others call."""
    alerts: AlertTopic
    databases: Mapping[str, DatabaseAccess]
    session_keys: SecretReference | None
    shipped: LogShipping
    tags: Mapping[str, str]


def build(stack: str, config: EnvironmentConfig, around: Surroundings) -> dict[str, Service]:
    """Declare every service of the stack's file."""
    services = {}
    for name in config.services:
        with blamed_on(stack, "services", name):
            services[name] = Service(name, _service(name, config, around))
    return services


def _service(name: str, config: EnvironmentConfig, around: Surroundings) -> ServiceArgs:
    service = config.services[name]
    called, route, run = around.called, service.route, kinds.run_of(service)
    least, most = kinds.sizes_of(service)
    return ServiceArgs(
        image_id=config.image_of(name),
        region=config.region,
        placement=around.network.placement,
        entry_point=around.load_balancer.entry_point if route else None,
        internal=called[name].entry_point if name in called else None,
        alert_topic_arn=around.alerts.arn,
        port=service.port,
        health_path=None if service.port is None else service.health_path,
        run=run,
        instance_types=service.instance_types,
        min_size=least,
        max_size=most,
        priority=route and route.priority,
        hosts=route.hosts if route else (),
        paths=route.paths if route else (),
        environment=service.environment,
        database=None if service.database is None else around.databases[service.database],
        secrets=_secrets(service, around.session_keys),
        calls={callee: called[callee].callee for callee in service.calls},
        volume_size_gib=service.volume_size_gib,
        log_retention_days=config.logs.retention_days,
        log_kms_key_arn=around.shipped.key_arn,
        log_delivery=around.shipped.deliveries[name],
        retain_logs=config.logs.retain_on_destroy,
        on_demand_base_capacity=service.on_demand_base_capacity,
        on_demand_percentage=service.on_demand_percentage,
        cpu_target_percent=service.cpu_target_percent,
        requests_per_target=service.requests_per_target,
        # A job is there when its schedule says so.
        sleep=None if config.sleep is None or run else costs.schedule(config.sleep),
        max_instance_lifetime_days=service.max_instance_lifetime_days,
        health_check_grace_period_seconds=service.health_check_grace_seconds,
        default_instance_warmup_seconds=service.warmup_seconds,
        deregistration_delay_seconds=service.deregistration_delay_seconds,
        slow_start_seconds=service.slow_start_seconds,
        lifecycle=kinds.lifecycle_of(service),
        alarms=AlarmThresholds(**service.alarms.of_fleet),
        watch_alarms=service.refresh.watch_alarms,
        refresh=_preferences(service),
        refresh_timeout_seconds=service.refresh.timeout_seconds,
        root_device_name=service.root_device_name,
        policy_statements=service.policy_statements,
        tags={**around.tags, "service": name},
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


def exported(
    config: EnvironmentConfig, services: Mapping[str, Service], around: Surroundings
) -> dict[str, Any]:
    """What people and scripts read of the services."""
    return {
        name: _exported(config.services[name], service, around.url, around.called.get(name))
        for name, service in services.items()
    }


def _exported(
    config: ServiceConfig, service: Service, url: Late, internal: InternalEntry | None
) -> dict[str, Any]:
    """The preferences are those that a plan of the next release counts with, defaults and all: no script has
    to know these.
    """
    refresh = service.refresh
    preferences = preferences_input(service.preferences)
    return {
        "kind": kinds.kind_of(config),
        "image": refresh.image_id,
        "previousImage": refresh.previous_image_id,
        "launchTemplateVersion": refresh.launch_template_version,
        "group": service.group.name,
        "refresh": {"id": refresh.refresh_id, "status": refresh.status, "reason": refresh.reason},
        "refreshPreferences": {
            **{to_camel(name): value for name, value in preferences.items()},
            "timeoutSeconds": config.refresh.timeout_seconds,
        },
        "alarms": service.alarms.by_kind,
        **({"run": _run(config, service)} if config.schedule else {}),
        **({"url": url} if config.route else {}),
        **({"internalUrl": internal.callee.url} if internal else {}),
        **({"calls": list(config.calls)} if config.calls else {}),
        **({"database": config.database} if config.database else {}),
    }


def _run(config: ServiceConfig, service: Service) -> dict[str, Any]:
    return {
        "schedule": config.schedule,
        "timeZone": config.time_zone,
        "timeoutMinutes": config.timeout_minutes,
        "alarms": service.run_alarms,
    }
