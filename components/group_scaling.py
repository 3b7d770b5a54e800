"""What moves a group's capacity: two target tracking policies, and the hours at which it sleeps."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pulumi import ResourceOptions
from pulumi_aws import autoscaling
from pydantic import Field, StringConstraints, model_validator

from .args import Args, Late

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Time = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A time of day on a 24-hour clock, such as 07:30."""

WORKDAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")


class SleepSchedule(Args):
    """When a fleet has no servers. Raises ValueError for hours that are none and for days given twice."""

    time_zone: str = Field(min_length=1, max_length=64)
    """By its IANA name, such as Europe/Berlin. What a change of the clocks skips does not happen that day."""
    from_time: Time
    until_time: Time
    days: tuple[Day, ...] = Field(default=WORKDAYS, min_length=1)
    """The days on which it falls asleep and wakes. From the last one's `from_time` it sleeps until the
    first one's `until_time`: with the workdays, all through the weekend."""

    @model_validator(mode="after")
    def _is_one(self) -> SleepSchedule:
        if self.from_time == self.until_time:
            raise ValueError(f"from {self.from_time} until {self.until_time} is no time at all: change one")
        twice = sorted({day for day in self.days if self.days.count(day) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is named twice: name each day once")
        return self

    def recurrence(self, time: str) -> str:
        """`time` on each of the days, as Auto Scaling's cron expression, the week from Monday on."""
        hour, minute = time.split(":")
        days = [day.upper() for day in get_args(Day) if day in self.days]
        return f"{int(minute)} {int(hour)} * * {','.join(days)}"


def follow_cpu(name: str, group: autoscaling.Group, percent: float, opts: ResourceOptions) -> None:
    """Keep the group's average CPU use at `percent`."""
    _track(name, group, percent, "ASGAverageCPUUtilization", None, opts)


def follow_requests(
    name: str, group: autoscaling.Group, requests: int, label: Late, opts: ResourceOptions
) -> None:
    """Keep the load balancer's requests a minute, per server, at `requests`.

    `label` is LOAD-BALANCER/TARGET-GROUP, each by its ARN's suffix. With the CPU's policy beside it the group
    takes the larger of the two capacities, and goes down only when both agree.
    """
    _track(f"{name}-requests", group, requests, "ALBRequestCountPerTarget", label, opts)


def _track(
    name: str,
    group: autoscaling.Group,
    target: float,
    metric: str,
    label: Late | None,
    opts: ResourceOptions,
) -> None:
    autoscaling.Policy(
        name,
        autoscaling_group_name=group.name,
        policy_type="TargetTrackingScaling",
        target_tracking_configuration=autoscaling.PolicyTargetTrackingConfigurationArgs(
            predefined_metric_specification=(
                autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type=metric, resource_label=label
                )
            ),
            target_value=target,
            disable_scale_in=False,
        ),
        opts=opts,
    )


def sleep(
    name: str,
    group: autoscaling.Group,
    schedule: SleepSchedule,
    sizes: tuple[int, int],
    opts: ResourceOptions,
) -> None:
    """Take the group to no servers in the evening and back to its least, `sizes[0]`, in the morning.

    The greatest size stays as it is: someone who works late sets a desired capacity by hand, and the next
    evening ends it. No policy does so, for without servers there is nothing to measure.
    """
    least, most = sizes
    for action, time, minimum in (
        ("sleep", schedule.from_time, 0),
        ("wake", schedule.until_time, least),
    ):
        autoscaling.Schedule(
            f"{name}-{action}",
            autoscaling_group_name=group.name,
            scheduled_action_name=action,
            recurrence=schedule.recurrence(time),
            time_zone=schedule.time_zone,
            min_size=minimum,
            max_size=most,
            desired_capacity=minimum,
            opts=opts,
        )
