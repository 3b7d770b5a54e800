"""The rollout of a new image to a group's servers, as a resource of its own: started, watched, and failed
loudly.

The AWS provider's `instance_refresh` block changes the group first and returns before the refresh is over;
its rollback then restores the new version (hashicorp/terraform-provider-aws#34189, #42355). Here the group
ignores new template versions, and this resource hands them to AWS as a desired configuration: the group
changes when the refresh has succeeded, and only then.
"""

from __future__ import annotations

from typing import Annotated, Literal

import pulumi
import pulumi.dynamic
from pydantic import Field, StringConstraints, model_validator

from components.args import Args, ComponentArgs, ImageId, Late
from components.refresh_provider import RefreshProvider

Version = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*$")]
"""A launch template's version as a number: `$Latest` never differs from `$Latest`, so no refresh would
start.
"""


class RefreshPreferences(Args):
    """How servers are replaced. Ranges are those of AWS's `RefreshPreferences`; the defaults are for
    production.
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
    """Where to pause, ascending; the last one is 100 if every server is to be replaced."""
    checkpoint_delay_seconds: int | None = Field(default=None, ge=0, le=172_800)
    """How long to pause; AWS waits an hour without it."""
    bake_time_seconds: int | None = Field(default=None, ge=0, le=172_800)
    """How long alarms are watched after the last server was replaced."""
    alarms: tuple[Late, ...] = Field(default=(), max_length=10)
    """Names of CloudWatch alarms that fail the refresh when one of them rings."""

    @model_validator(mode="after")
    def _fits_together(self) -> RefreshPreferences:
        points = self.checkpoint_percentages
        if list(points) != sorted(set(points)):
            raise ValueError(f"checkpoint_percentages {list(points)} must ascend without repetition")
        if self.checkpoint_delay_seconds is not None and not points:
            raise ValueError("checkpoint_delay_seconds needs checkpoint_percentages")
        if self.max_healthy_percentage - self.min_healthy_percentage > 100:
            raise ValueError(
                f"min_healthy_percentage {self.min_healthy_percentage} and max_healthy_percentage "
                f"{self.max_healthy_percentage} may differ by 100 at most"
            )
        return self


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
    timeout_seconds: int = Field(default=7200, ge=1, le=1_209_600)
    """How long `up` waits. Then it fails, while the refresh goes on; the next `up` waits again."""


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
