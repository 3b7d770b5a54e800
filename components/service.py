"""A service: its fleet, its place behind the load balancer if it has one, and how a new image reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pulumi
from pulumi import Output, ResourceOptions
from pydantic import Field, model_validator

from .args import (
    Callee,
    ComponentArgs,
    DatabaseAccess,
    EntryPoint,
    ImageId,
    Late,
    LogDelivery,
    Placement,
    Port,
    RetentionDays,
    SecretReference,
)
from .auto_scaling_group import AutoScalingGroup, AutoScalingGroupArgs
from .fleet_alarms import AlarmThresholds, FleetAlarms, FleetAlarmsArgs
from .group_scaling import SleepSchedule
from .instance_refresh import InstanceRefresh, InstanceRefreshArgs, RefreshPreferences
from .job_run import JobRun
from .launch_template import LaunchTemplate, LaunchTemplateArgs
from .lifecycle_hooks import Lifecycle
from .service_entries import judging_entry, target_groups
from .target_group import HealthPath, Host, Path, TargetGroup


class ServiceArgs(ComponentArgs):
    """What a `Service` is made of; its parts' arguments say more of each field.

    The name of the `Service` becomes the name of its environment file. Without `port` it is a worker, which
    nobody asks; with `run` beside, a job, which has a server while it runs and none otherwise. Raises
    ValueError where a part would, and for what does not go together.
    """

    image_id: ImageId | Output[str]
    """The image of every server. Another one is rolled out by an instance refresh."""
    region: str
    placement: Placement
    """Usually `network.placement`."""
    entry_point: EntryPoint | None = None
    """Usually `load_balancer.entry_point`; with it go `priority` and `hosts`, `paths` or both. None for a
    service that is called by other services only, and for one without a port."""
    internal: EntryPoint | None = None
    """Where other services call this one, usually `internal_entry.entry_point`. Every request to it is this
    service's."""
    alert_topic_arn: Late
    """Where its alarms ring. Usually `AlertTopic.arn`."""
    port: Port | None = None
    """Where it listens. None for a worker or a job: no load balancer, no way in, and its servers are judged
    by EC2 and by what they say of themselves."""
    health_path: HealthPath | None = None
    """What answers 200 on `port`."""
    run: JobRun | None = None
    """When a job runs, and how long it may. It goes with sizes of 0 and 1, and without a launch hook."""
    instance_types: tuple[str, ...] = Field(min_length=1)
    min_size: int = Field(ge=0)
    max_size: int = Field(ge=1)
    priority: int | None = Field(default=None, ge=1, le=50000)
    hosts: tuple[Host, ...] = ()
    paths: tuple[Path, ...] = ()
    environment: Mapping[str, Late] = Field(default_factory=dict)
    database: DatabaseAccess | None = None
    """Usually `database.access`."""
    secrets: Mapping[str, SecretReference] = Field(default_factory=dict)
    calls: Mapping[str, Callee] = Field(default_factory=dict)
    """Other services by name, usually `internal_entry.callee`."""
    policy_statements: tuple[Mapping[str, Any], ...] = ()
    volume_size_gib: int = Field(default=20, ge=1, le=16384)
    root_device_name: str = "/dev/xvda"
    kms_key_id: Late | None = None
    log_retention_days: RetentionDays = 365
    log_kms_key_arn: Late | None = None
    retain_logs: bool = True
    log_delivery: LogDelivery | None = None
    """Usually `log_shipping.delivery`."""
    cpu_target_percent: float = Field(default=60, gt=0, le=100)
    requests_per_target: int | None = Field(default=None, ge=1)
    sleep: SleepSchedule | None = None
    max_instance_lifetime_days: int = Field(default=30, ge=1, le=365)
    zone_distribution: Literal["balanced-best-effort", "balanced-only"] = "balanced-best-effort"
    protect_from_scale_in: bool = False
    health_check_grace_period_seconds: int = Field(default=300, ge=1, le=7200)
    default_instance_warmup_seconds: int = Field(default=120, ge=1, le=3600)
    on_demand_base_capacity: int = Field(default=0, ge=0)
    on_demand_percentage: int = Field(default=100, ge=0, le=100)
    deregistration_delay_seconds: int = Field(default=60, ge=0, le=3600)
    slow_start_seconds: int = Field(default=30, ge=0, le=900)
    lifecycle: Lifecycle = Lifecycle()
    alarms: AlarmThresholds = AlarmThresholds()
    watch_alarms: bool = True
    """Whether a rollout watches the service's own alarms and those of `refresh.alarms`. False is for rolling
    out a fix while one of them rings."""
    refresh: RefreshPreferences = RefreshPreferences()
    refresh_timeout_seconds: int = Field(default=7200, ge=1, le=1_209_600)
    """How long an update waits for a rollout."""

    @model_validator(mode="after")
    def _has_an_entry(self) -> ServiceArgs:
        entered = self.entry_point is not None or self.internal is not None
        if (self.port is None) != (self.health_path is None):
            raise ValueError("port and health_path go together: give both, or none for a worker")
        if self.port is None and (entered or self.requests_per_target is not None):
            raise ValueError("without a port nobody asks it: leave out entries and requests_per_target")
        if self.port is not None and not entered:
            raise ValueError(
                "a service without entry_point and internal is never asked: give it one of them, "
                "or leave out port for a worker"
            )
        if (self.entry_point is None) != (self.priority is None):
            raise ValueError("entry_point and priority go together: give both or none")
        if self.entry_point is None and (self.hosts or self.paths):
            raise ValueError("hosts and paths without an entry_point lead nowhere: leave them out")
        return self

    @model_validator(mode="after")
    def _is_a_job(self) -> ServiceArgs:
        if self.run is None:
            return self
        if self.port is not None or self.sleep is not None:
            raise ValueError("a job ends by itself: leave out port, health_path and sleep, or run")
        if (self.min_size, self.max_size) != (0, 1):
            raise ValueError(f"a job of {self.min_size} to {self.max_size} servers: give it 0 and 1")
        if self.lifecycle.launch_timeout_seconds or not self.lifecycle.termination_timeout_seconds:
            # A server that is given up would be launched again and again; last lines need the other hook.
            raise ValueError("a job has a termination hook and no other: give its lifecycle 0 and a time")
        return self


class Service(pulumi.ComponentResource):
    """A fleet of identical servers. A new image replaces every one of them, but for a job that runs."""

    target_groups: tuple[TargetGroup, ...]
    """Of the load balancer and of the internal one, those that there are, in this order."""
    launch_template: LaunchTemplate
    group: AutoScalingGroup
    alarms: FleetAlarms
    preferences: RefreshPreferences
    """How rollouts go, with the alarms that they watch."""
    refresh: InstanceRefresh
    """The last rollout: `refresh.image_id` is what runs, which a failed one leaves as it was."""
    run_alarms: dict[str, Output[str]]
    """Of a job, the alarms of its runs: `JobSchedule.alarms`."""

    def __init__(self, name: str, args: ServiceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:service:Service", name, None, opts)
        self.target_groups = target_groups(name, args, ResourceOptions(parent=self))
        self.launch_template = LaunchTemplate(
            name, _launch_template(name, args), ResourceOptions(parent=self)
        )
        self.group = AutoScalingGroup(
            name,
            _group(args, self.launch_template, self.target_groups),
            # Servers are judged by the load balancer, which checks no target that no rule leads to.
            ResourceOptions(parent=self, depends_on=[each.rule for each in self.target_groups]),
        )
        self.alarms = FleetAlarms(
            name, _alarms(args, self.group, self.target_groups), ResourceOptions(parent=self)
        )
        self.preferences = _preferences(args, self.alarms)
        self.refresh = InstanceRefresh(
            name,
            InstanceRefreshArgs(
                region=args.region,
                group_name=self.group.name,
                launch_template_id=self.launch_template.id,
                launch_template_version=self.launch_template.latest_version,
                image_id=args.image_id,
                target_group_arns=tuple(each.arn for each in self.target_groups),
                instance_types=args.instance_types,
                preferences=self.preferences,
                callers_alarms=args.refresh.alarms if args.watch_alarms else (),
                timeout_seconds=args.refresh_timeout_seconds,
            ),
            # The servers of a rollout pass the hooks that are declared with it.
            ResourceOptions(parent=self, depends_on=[self.group.hooks]),
        )
        self.run_alarms = {} if args.run is None else _schedule(name, args, args.run, self)
        self.register_outputs({"group": self.group.name, "image": self.refresh.image_id})


def _launch_template(name: str, args: ServiceArgs) -> LaunchTemplateArgs:
    return LaunchTemplateArgs(
        service=name,
        image_id=args.image_id,
        instance_type=args.instance_types[0],
        placement=args.placement,
        port=args.port,
        health_path=args.health_path,
        run_seconds=args.run and args.run.timeout_minutes * 60,
        load_balancer_security_group_id=args.entry_point and args.entry_point.security_group_id,
        internal_security_group_id=args.internal and args.internal.security_group_id,
        environment=args.environment,
        database=args.database,
        secrets=args.secrets,
        calls=args.calls,
        volume_size_gib=args.volume_size_gib,
        root_device_name=args.root_device_name,
        kms_key_id=args.kms_key_id,
        policy_statements=args.policy_statements,
        log_retention_days=args.log_retention_days,
        log_kms_key_arn=args.log_kms_key_arn,
        retain_logs=args.retain_logs,
        log_delivery=args.log_delivery,
        lifecycle=args.lifecycle,
        tags=args.tags,
    )


def _group(
    args: ServiceArgs, template: LaunchTemplate, target_groups: tuple[TargetGroup, ...]
) -> AutoScalingGroupArgs:
    return AutoScalingGroupArgs(
        launch_template_id=template.id,
        launch_template_version=template.latest_version,
        instance_types=args.instance_types,
        subnet_ids=args.placement.subnet_ids,
        target_group_arns=tuple(each.arn for each in target_groups),
        min_size=args.min_size,
        max_size=args.max_size,
        health_check_grace_period_seconds=args.health_check_grace_period_seconds,
        default_instance_warmup_seconds=args.default_instance_warmup_seconds,
        # A job's only server is there until the job is over: nothing else takes it away.
        cpu_target_percent=None if args.run else args.cpu_target_percent,
        requests_per_target=args.requests_per_target,
        request_label=_request_label(args, target_groups),
        sleep=args.sleep,
        max_instance_lifetime_days=args.max_instance_lifetime_days,
        zone_distribution=args.zone_distribution,
        protect_from_scale_in=args.protect_from_scale_in or args.run is not None,
        lifecycle=args.lifecycle,
        server_role_name=template.role_name,
        notification_topic_arn=args.alert_topic_arn,
        on_demand_base_capacity=args.on_demand_base_capacity,
        on_demand_percentage=args.on_demand_percentage,
        tags=args.tags,
    )


def _request_label(args: ServiceArgs, target_groups: tuple[TargetGroup, ...]) -> Output[str] | None:
    entry = judging_entry(args)
    if args.requests_per_target is None or entry is None:
        return None
    return Output.concat(entry.arn_suffix, "/", target_groups[0].arn_suffix)


def _alarms(
    args: ServiceArgs, group: AutoScalingGroup, target_groups: tuple[TargetGroup, ...]
) -> FleetAlarmsArgs:
    entry = judging_entry(args)
    return FleetAlarmsArgs(
        load_balancer_arn_suffix=entry and entry.arn_suffix,
        target_group_arn_suffix=target_groups[0].arn_suffix if target_groups else None,
        group_name=group.name,
        topic_arn=args.alert_topic_arn,
        thresholds=args.alarms,
        tags=args.tags,
    )


def _preferences(args: ServiceArgs, alarms: FleetAlarms) -> RefreshPreferences:
    """As given, with the service's own alarms before the others; raises ValueError for more than ten."""
    watched = (*alarms.names, *args.refresh.alarms) if args.watch_alarms else ()
    # A job that runs ends with the image that it began with; the next one starts from the new one.
    kept = {"scale_in_protected_instances": "Ignore"} if args.run else {}
    return RefreshPreferences(**{**dict(args.refresh), "alarms": watched, **kept})


def _schedule(name: str, args: ServiceArgs, run: JobRun, service: Service) -> dict[str, Output[str]]:
    # Imported here: most services are none.
    from .job_schedule import JobSchedule, JobScheduleArgs

    made = JobSchedule(
        name,
        JobScheduleArgs(
            group_name=service.group.name,
            group_arn=service.group.arn,
            log_group_name=service.launch_template.log_group_name,
            topic_arn=args.alert_topic_arn,
            run=run,
            tags=args.tags,
        ),
        # Its first run is of the image that was rolled out.
        ResourceOptions(parent=service, depends_on=[service.refresh]),
    )
    return made.alarms
