"""What is read of a stack file that is right, and what stands in for what it leaves out."""

from __future__ import annotations

import pydantic
import pytest

from components.auto_scaling_group import AutoScalingGroupArgs
from components.fleet_alarms import AlarmThresholds
from components.group_scaling import SleepSchedule
from components.load_balancer import LoadBalancerArgs
from components.network import NetworkArgs
from components.service import ServiceArgs
from components.target_group import TargetGroupArgs
from stacks.log_sections import EnvironmentLogsConfig
from stacks.rollouts import AlarmsConfig, RefreshConfig
from stacks.sections import LoadBalancerConfig, LogsConfig, NetworkConfig, SleepConfig
from stacks.services import RouteConfig, ServiceConfig
from tests.stacks.given import SMALLEST, complaints, loaded, stack_file, with_changes

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-key-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
OWN_IMAGE = "ami-0fedcba9876543210"


def test_the_defaults_are_safe_for_production() -> None:
    config = loaded(SMALLEST)
    assert (config.network.zones, config.network.egress) == (3, "nat-per-zone")
    assert (config.load_balancer.scheme, config.load_balancer.deletion_protection) == ("internal", True)
    assert (config.logs.retention_days, config.logs.retain_on_destroy) == (365, True)
    web = config.services["web"]
    assert (web.min, web.max, web.refresh.min_healthy_percentage) == (2, 4, 100)
    assert (web.on_demand_base_capacity, web.on_demand_percentage) == (0, 100)
    assert (web.health_path, web.environment, config.tags) == ("/healthz", {}, {})


def test_the_region_is_that_of_the_provider() -> None:
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    values = with_changes({"aws:region": "us-east-1", "immutable:loadBalancer.certificateArn": certificate})
    assert loaded(values).region == "us-east-1"


def test_a_service_runs_the_shared_image_or_its_own() -> None:
    assert loaded(SMALLEST).image_of("web") == "ami-0123456789abcdef0"
    own = loaded(with_changes({"immutable:services.web.imageId": OWN_IMAGE}))
    assert (own.image_of("web"), own.image_id) == (OWN_IMAGE, "ami-0123456789abcdef0")


def test_every_key_of_a_service_arrives() -> None:
    given = {
        "port": 9000,
        "instanceTypes": ["c7g.large", "c6g.large"],
        "route": {"priority": 7, "hosts": ["app.example.com"], "paths": ["/a/*", "/b"]},
        "imageId": OWN_IMAGE,
        "healthPath": "/up",
        "min": 3,
        "max": 9,
        "environment": {"LOG_LEVEL": "info", "PASSWORD": "none of your business"},
        "notSecret": ["PASSWORD"],
        "database": None,
        "secrets": {"API_KEY": {"arn": SECRET, "keyArn": KEY}},
        "sessions": True,
        "calls": [],
        "policyStatements": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
        "rootDeviceName": "/dev/sda1",
        "volumeSizeGib": 40,
        "healthCheckGraceSeconds": 90,
        "warmupSeconds": 45,
        "deregistrationDelaySeconds": 10,
        "slowStartSeconds": 0,
        "onDemandBaseCapacity": 1,
        "onDemandPercentage": 50,
        "cpuTargetPercent": 55,
        "requestsPerTarget": 600,
        "maxInstanceLifetimeDays": 14,
        "lifecycle": {"launchTimeoutSeconds": 90, "terminationTimeoutSeconds": 0},
        "alarms": {
            "errorPercent": 2.5,
            "latencySeconds": 0.5,
            "unhealthyHosts": 2,
            "replacements": 3,
            "logErrorPercent": 2.5,
            "logErrorPattern": "ERROR",
        },
        "refresh": {
            "strategy": "ReplaceRootVolume",
            "minHealthyPercentage": 90,
            "maxHealthyPercentage": 150,
            "timeoutSeconds": 600,
            "checkpointPercentages": [20, 100],
            "checkpointDelaySeconds": 60,
            "bakeSeconds": 120,
            "alarms": ["checkout-fails"],
            "watchAlarms": False,
        },
    }
    web = loaded(with_changes({"immutable:services.web": given})).services["web"]
    of_jobs = {"schedule": None, "timeZone": "UTC", "timeoutMinutes": 60}
    assert web.model_dump(mode="json", by_alias=True) == given | of_jobs


def test_a_release_pauses_where_it_is_told_and_five_minutes_unless_told_how_long() -> None:
    assert RefreshConfig().pause_seconds is None
    assert RefreshConfig(checkpoint_percentages=(10, 100)).pause_seconds == 300
    assert RefreshConfig(checkpoint_percentages=(10, 100), checkpoint_delay_seconds=0).pause_seconds == 0


def test_prod_looks_at_the_first_servers_before_it_replaces_the_rest() -> None:
    web = loaded(stack_file("prod"), "prod").services["web"].refresh
    assert (web.checkpoint_percentages, web.pause_seconds, web.watch_alarms) == ((10, 100), 300, True)


def test_a_configuration_cannot_be_changed_after_it_is_read() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        loaded(SMALLEST).services["web"].min = 1  # type: ignore[misc]


def test_a_service_can_be_written_in_python_too() -> None:
    route = RouteConfig(priority=1, paths=("/*",))
    service = ServiceConfig(port=80, instance_types=("m7g.large",), route=route, min=3)
    assert (service.min, service.route) == (3, route)


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_stack_files_of_this_repository_are_right(stack: str) -> None:
    config = loaded(stack_file(stack), stack)
    assert set(config.services) == {"web", "api"}


def test_an_environment_is_awake_unless_its_file_says_when_it_sleeps() -> None:
    assert loaded(SMALLEST).sleep is None
    hours = {"timeZone": "Europe/Berlin", "from": "20:00", "until": "07:00"}
    sleep = loaded(with_changes({"immutable:sleep": hours})).sleep
    assert sleep is not None
    assert sleep.model_dump(mode="json", by_alias=True) == {
        **hours,
        "days": ["mon", "tue", "wed", "thu", "fri"],
    }
    assert [loaded(stack_file(stack), stack).sleep for stack in ("staging", "prod")] == [None, None]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_servers_of_this_repositorys_environments_live_for_a_week(stack: str) -> None:
    services = loaded(stack_file(stack), stack).services.values()
    assert {service.max_instance_lifetime_days for service in services} == {7}


def test_staging_and_prod_do_not_share_addresses_or_images() -> None:
    staging, prod = (loaded(stack_file(stack), stack) for stack in ("staging", "prod"))
    assert staging.image_id != prod.image_id
    assert prod.network.cidr in staging.network.reserved_cidrs
    assert staging.network.cidr in prod.network.reserved_cidrs
    assert complaints(
        {"immutable:network.cidr": prod.network.cidr, "immutable:network.reservedCidrs": [prod.network.cidr]}
    )


def test_prod_leaves_every_safeguard_as_it_is() -> None:
    prod = loaded(stack_file("prod"), "prod")
    assert (prod.network.zones, prod.network.egress) == (3, "nat-per-zone")
    assert prod.load_balancer.deletion_protection
    assert prod.logs.retain_on_destroy
    assert prod.logs.retention_days >= EnvironmentLogsConfig().retention_days
    assert prod.logs.kept.expire_after_days >= EnvironmentLogsConfig().kept.expire_after_days
    assert all(service.min >= prod.network.zones for service in prod.services.values())


def test_both_environments_have_the_same_services_in_the_same_places() -> None:
    """Staging that routes otherwise than prod would rehearse something else."""
    staging, prod = (loaded(stack_file(stack), stack) for stack in ("staging", "prod"))
    for name, service in staging.services.items():
        there = prod.services[name]
        assert (service.port, service.health_path, service.route) == (
            there.port,
            there.health_path,
            there.route,
        )


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        (
            LoadBalancerConfig,
            LoadBalancerArgs,
            ["scheme", "access_log_retention_days", "deletion_protection"],
        ),
        (LoadBalancerConfig, LoadBalancerArgs, ["idle_timeout_seconds"]),
        (ServiceConfig, ServiceArgs, ["volume_size_gib", "cpu_target_percent", "slow_start_seconds"]),
        (ServiceConfig, TargetGroupArgs, ["slow_start_seconds", "deregistration_delay_seconds"]),
        (NetworkConfig, NetworkArgs, ["egress"]),
        (ServiceConfig, ServiceArgs, ["requests_per_target", "max_instance_lifetime_days"]),
        (ServiceArgs, AutoScalingGroupArgs, ["max_instance_lifetime_days", "zone_distribution"]),
        (SleepConfig, SleepSchedule, ["days"]),
        (AlarmsConfig, AlarmThresholds, list(AlarmThresholds.model_fields)),
    ],
)
def test_defaults_are_those_of_the_components(
    ours: type[pydantic.BaseModel], theirs: type[pydantic.BaseModel], names: list[str]
) -> None:
    for name in names:
        assert ours.model_fields[name].default == theirs.model_fields[name].default, name


def test_defaults_under_other_names_are_those_of_the_components() -> None:
    fields, service = ServiceArgs.model_fields, ServiceConfig.model_fields
    assert (
        service["health_check_grace_seconds"].default == fields["health_check_grace_period_seconds"].default
    )
    assert service["warmup_seconds"].default == fields["default_instance_warmup_seconds"].default
    assert LogsConfig().retention_days == fields["log_retention_days"].default
    assert LogsConfig().retention_days == NetworkArgs.model_fields["flow_log_retention_days"].default
    group = AutoScalingGroupArgs.model_fields
    refresh = service["refresh"].default
    assert refresh.min_healthy_percentage == group["min_healthy_percentage"].default
    assert refresh.max_healthy_percentage == group["max_healthy_percentage"].default
