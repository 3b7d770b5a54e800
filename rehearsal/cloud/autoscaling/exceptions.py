"""Errors of Auto Scaling that moto does not have, with AWS's codes for names."""

# ruff: noqa: N818

from __future__ import annotations

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError

__all__ = [
    "ActiveInstanceRefreshNotFound",
    "AlreadyExists",
    "InstanceRefreshInProgress",
    "IrreversibleInstanceRefresh",
    "LimitExceeded",
    "NotEmulated",
    "ResourceInUse",
    "ScalingActivityInProgress",
    "ValidationError",
    "group_not_found",
]


class InstanceRefreshInProgress(AutoscalingClientError):
    code = "InstanceRefreshInProgress"
    message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."


class ActiveInstanceRefreshNotFound(AutoscalingClientError):
    code = "ActiveInstanceRefreshNotFound"
    message = "No in progress or pending Instance Refresh found for Auto Scaling group {group}"


class IrreversibleInstanceRefresh(AutoscalingClientError):
    code = "IrreversibleInstanceRefresh"
    message = "The Instance Refresh cannot be rolled back: {why}"


class LimitExceeded(AutoscalingClientError):
    code = "LimitExceeded"


class AlreadyExists(AutoscalingClientError):
    code = "AlreadyExists"
    message = "AutoScalingGroup by this name already exists - A group with the name {group} already exists"


class ScalingActivityInProgress(AutoscalingClientError):
    code = "ScalingActivityInProgress"
    message = "Instance {instance} is held by a launch lifecycle hook: complete its action first"


class ResourceInUse(AutoscalingClientError):
    code = "ResourceInUse"


class NotEmulated(ValidationError):
    """Refused rather than ignored: a rehearsal that silently leaves a setting out proves nothing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not emulated in the rehearsal's cloud")


def group_not_found(name: object) -> ValidationError:
    return ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
