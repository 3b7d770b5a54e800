"""The rollout of a new image to a group's servers, as a resource of its own: started, watched, and failed
loudly.

The AWS provider's `instance_refresh` block changes the group first and returns before the refresh is over;
its rollback then restores the new version (hashicorp/terraform-provider-aws#34189, #42355). Here the group
ignores new template versions, and this resource hands them to AWS as a desired configuration: the group
changes when the refresh has succeeded, and only then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import pulumi
import pulumi.dynamic
from pydantic import Field, StringConstraints, model_validator

from .args import Args, ComponentArgs, ImageId, Late
from .refresh_provider import RefreshProvider

Version = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*$")]
"""A launch template's version as a number: `$Latest` never differs from `$Latest`, so no refresh would
start.
"""


MOST_ALARMS = 10
"""How many alarms a refresh watches at most (AWS's `AlarmSpecification`)."""
CHECKPOINT_SECONDS = 3600
"""How long AWS pauses at a checkpoint when it is not told."""


class RefreshPreferences(Args):
    """How servers are replaced. Ranges are those of AWS's `RefreshPreferences`; the defaults are for
    production.
    """

    strategy: Literal["Rolling", "ReplaceRootVolume"] = "Rolling"
    """New servers for old ones; or the same servers with a root volume of the new image, which needs no new
    capacity and keeps addresses and other volumes, but is not a server as it was tested: it brings the image
    alone, so that a rollout of anything else of the template is refused.
    """
    min_healthy_percentage: int = Field(default=100, ge=0, le=100)
    """Share of desired capacity that always serves. With 100 a server is launched before one is
    terminated.
    """
    max_healthy_percentage: int = Field(default=110, ge=100, le=200)
    """Share of desired capacity that may exist at most while servers are replaced."""
    instance_warmup_seconds: int | None = Field(default=None, ge=0, le=3600)
    """How long a healthy new server is watched before the next one; the group's default warm-up without
    it.
    """
    skip_matching: bool = True
    """Servers that already have the target version stay: a second try after a failure goes on where it
    was.
    """
    auto_rollback: bool = True
    """When the refresh fails, AWS puts the version before back."""
    scale_in_protected_instances: Literal["Refresh", "Ignore", "Wait"] = "Refresh"
    """AWS's own default, Wait, stalls for an hour and fails (hashicorp/terraform-provider-aws#29827)."""
    standby_instances: Literal["Terminate", "Ignore", "Wait"] = "Terminate"
    """As above. A server in standby would come back with the old image."""
    checkpoint_percentages: tuple[Annotated[int, Field(ge=1, le=100)], ...] = ()
    """Where to pause, ascending. The last one is 100: AWS would end the refresh at a lower one, with servers
    of both images.
    """
    checkpoint_delay_seconds: int | None = Field(default=None, ge=0, le=172_800)
    """How long to pause; AWS waits an hour without it."""
    bake_time_seconds: int | None = Field(default=None, ge=0, le=172_800)
    """How long alarms are watched after the last server was replaced."""
    alarms: tuple[Late, ...] = Field(default=(), max_length=MOST_ALARMS)
    """Names of CloudWatch alarms. All must be OK before a refresh starts and after it has ended; one that
    rings meanwhile fails it.
    """

    @model_validator(mode="after")
    def _fits_together(self) -> RefreshPreferences:
        for problem in (*self._percentage_problems(), *self._checkpoint_problems()):
            raise ValueError(problem)
        return self

    def _percentage_problems(self) -> Iterator[str]:
        least, most = self.min_healthy_percentage, self.max_healthy_percentage
        between = f"min_healthy_percentage {least} and max_healthy_percentage {most}"
        if most - least > 100:
            yield f"{between} may differ by 100 at most"
        if self.strategy == "ReplaceRootVolume" and least == 100:
            yield (
                "min_healthy_percentage 100 leaves no server to ReplaceRootVolume, during which it does not "
                "serve: lower it, or use strategy Rolling"
            )
        elif least == most:
            yield f"{between} leave no batch: lower the first or raise the second"

    def _checkpoint_problems(self) -> Iterator[str]:
        points = list(self.checkpoint_percentages)
        if points != sorted(set(points)):
            yield f"checkpoint_percentages {points} must ascend without repetition"
        elif points and points[-1] != 100:
            yield f"checkpoint_percentages {points} leave servers of the image before: end them with 100"
        if self.checkpoint_delay_seconds is not None and not points:
            yield (
                f"checkpoint_delay_seconds {self.checkpoint_delay_seconds} needs checkpoint_percentages: "
                "give both or none"
            )

    @property
    def pause_seconds(self) -> int:
        """How long a refresh stands still by intention: at its checkpoints and while it bakes."""
        delay = self.checkpoint_delay_seconds
        pauses = sum(point < 100 for point in self.checkpoint_percentages)
        return pauses * (CHECKPOINT_SECONDS if delay is None else delay) + (self.bake_time_seconds or 0)


class InstanceRefreshArgs(ComponentArgs):
    """What an `InstanceRefresh` is made of."""

    region: Late
    group_name: Late
    launch_template_id: Late
    launch_template_version: Version | pulumi.Output[str]
    """Number of the version to roll out, such as `LaunchTemplate.latest_version`."""
    image_id: ImageId | pulumi.Output[str]
    """The image of that version: remembered as what the servers run, and as what a rollback goes back to."""
    target_group_arns: tuple[Late, ...] = ()
    """Where every server must be healthy before the rollout counts as successful."""
    instance_types: tuple[str, ...] = ()
    """In order of preference; the group's own without it."""
    preferences: RefreshPreferences = RefreshPreferences()
    callers_alarms: tuple[Late, ...] = ()
    """Those of `preferences.alarms` that this program does not make: that they exist is made sure of before
    anything changes, in a preview already.
    """
    timeout_seconds: int = Field(default=7200, ge=1, le=1_209_600)
    """How long `up` waits. Then it fails, while the refresh goes on; the next `up` waits again."""

    @model_validator(mode="after")
    def _waits_long_enough(self) -> InstanceRefreshArgs:
        pauses = self.preferences.pause_seconds
        if self.timeout_seconds <= pauses:
            raise ValueError(
                f"timeout_seconds {self.timeout_seconds} is over before the {pauses} s of checkpoints and "
                "bake time: raise it"
            )
        return self


class InstanceRefresh(pulumi.ComponentResource):
    """Brings a group's servers to a launch template version and waits for the end; `up` fails if it fails.

    On failure the state keeps the version before, so that the next `up` tries again. Its outputs tell how the
    last successful rollout went.
    """

    refresh_id: pulumi.Output[str]
    """ID of the instance refresh; empty when servers were launched right, without one."""
    status: pulumi.Output[str]
    reason: pulumi.Output[str]
    image_id: pulumi.Output[str]
    """The image that the group runs."""
    previous_image_id: pulumi.Output[str]
    """The last image before it that was another one: where a rollback goes. Empty when there was none: an
    output without a value would be shown as unknown in every preview.
    """
    launch_template_version: pulumi.Output[str]

    def __init__(
        self, name: str, args: InstanceRefreshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("immutable:instancerefresh:InstanceRefresh", name, {}, opts)
        rollout = Rollout(name, args, pulumi.ResourceOptions(parent=self))
        self.refresh_id = rollout.refresh_id
        self.status = rollout.status
        self.reason = rollout.reason
        self.image_id = rollout.image_id
        self.previous_image_id = rollout.previous_image_id
        self.launch_template_version = rollout.launch_template_version
        self.register_outputs(
            {
                "refreshId": self.refresh_id,
                "status": self.status,
                "imageId": self.image_id,
                "previousImageId": self.previous_image_id,
                "launchTemplateVersion": self.launch_template_version,
            }
        )


class Rollout(pulumi.dynamic.Resource, module="instancerefresh", name="Rollout"):
    """The resource behind `InstanceRefresh`, with the program's own code as its provider."""

    refresh_id: pulumi.Output[str]
    status: pulumi.Output[str]
    reason: pulumi.Output[str]
    image_id: pulumi.Output[str]
    previous_image_id: pulumi.Output[str]
    launch_template_version: pulumi.Output[str]

    def __init__(self, name: str, args: InstanceRefreshArgs, opts: pulumi.ResourceOptions) -> None:
        inputs = {
            "region": args.region,
            "group_name": args.group_name,
            "launch_template_id": args.launch_template_id,
            "launch_template_version": args.launch_template_version,
            "image_id": args.image_id,
            "target_group_arns": list(args.target_group_arns),
            "instance_types": list(args.instance_types),
            "preferences": preferences_input(args.preferences),
            "callers_alarms": list(args.callers_alarms),
            "timeout_seconds": args.timeout_seconds,
        }
        # Declared without a value, which makes them outputs; None is left out on the way to the engine.
        outputs = dict.fromkeys(("refresh_id", "status", "reason", "previous_image_id"))
        super().__init__(RefreshProvider(), name, {**inputs, **outputs}, opts)


def preferences_input(preferences: RefreshPreferences) -> dict[str, pulumi.Input[object]]:
    """The preferences that are set, as properties of the resource."""
    given = {name: getattr(preferences, name) for name in RefreshPreferences.model_fields}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value not in (None, ())
    }
