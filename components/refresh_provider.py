"""The instance refresh as a dynamic resource: what of it is an input, what triggers it, what is remembered.

Pulumi pickles a dynamic provider into the state. This class has no attributes and is importable, so the
pickle is just its name: a change of this code is no change of the resource, and old state works with new
code.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from .provider_values import differs, say
from .refresh_errors import RolloutError, show_rollout_errors_as_one_line
from .refresh_view import one_line

if TYPE_CHECKING:
    from .refresh_waiter import Outcome, Rollout

VERSION = re.compile(r"[1-9][0-9]*")
IMAGE_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")

#: A change of these is another resource: there is nothing of the old one to go on from.
IDENTITY = ("region", "group_name", "launch_template_id")
#: A change of these is a rollout; of anything else, just another value in the state.
TRIGGERS = ("launch_template_version", "image_id")
INPUTS = (
    *IDENTITY, *TRIGGERS, "target_group_arns", "instance_types", "preferences", "callers_alarms",
    "timeout_seconds",
)  # fmt: skip

Properties = dict[str, Any]

#: Threads may share clients, but not the default session of boto3 that makes them. A client costs as much
#: as a hundred requests, and an environment has a rollout for each service.
_making_a_client = threading.Lock()


class RefreshProvider(ResourceProvider):
    """Creates, updates and deletes an `InstanceRefresh`. AWS's endpoint and credentials are boto3's own
    business.
    """

    # Holds no secret. As a secret the pickle would be encrypted anew in every state, and shown as a change.
    serialize_as_secret_always = False

    def configure(self, _req: ConfigureRequest) -> None:
        show_rollout_errors_as_one_line()
        _cached_client.cache_clear()

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        failures = []
        version, image = news.get("launch_template_version"), news.get("image_id")
        if not isinstance(version, Unknown) and not VERSION.fullmatch(str(version)):
            why = (
                f"{version!r} is not a version number; pass the template's latest_version: $Latest and "
                "$Default never change, so no refresh would start, and cannot be rolled back to"
            )
            failures.append(CheckFailure("launch_template_version", why))
        if not isinstance(image, Unknown) and not IMAGE_ID.fullmatch(str(image)):
            why = (
                f"{image!r} is not an AMI ID such as ami-0123456789abcdef0; a name, an alias or resolve:ssm: "
                "changes servers without a diff and cannot be rolled back"
            )
            failures.append(CheckFailure("image_id", why))
        failures += _missing_alarms(news)
        return CheckResult(news, failures)

    def diff(self, _id: str, olds: Properties, news: Properties) -> DiffResult:
        """An unknown new value, as in a preview of a new template version, counts as changed."""
        changed = [name for name in INPUTS if differs(olds.get(name), news.get(name))]
        replaces = [name for name in IDENTITY if name in changed]
        # The old one is cancelled after the new one was made: its group goes away or is another's business.
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=False)

    def create(self, props: Properties) -> CreateResult:
        outcome = _carry_out(props, first=True)
        return CreateResult(f"{props['group_name']}/instance-refresh", _outputs(props, outcome, ""))

    def update(self, _id: str, olds: Properties, news: Properties) -> UpdateResult:
        """Raises RolloutError when the rollout fails: the state then keeps `olds`, and the next up tries
        again.
        """
        previous = olds.get("previous_image_id") or ""
        if not any(differs(olds.get(name), news.get(name)) for name in TRIGGERS):
            kept = {name: olds.get(name) for name in ("refresh_id", "status", "reason")}
            return UpdateResult(_inputs(news) | kept | {"previous_image_id": previous})
        outcome = _carry_out(news, first=False)
        if olds.get("image_id") != news["image_id"]:
            previous = olds.get("image_id")
        return UpdateResult(_outputs(news, outcome, previous))

    def delete(self, _id: str, props: Properties) -> None:
        """Cancel what still runs, so that it does not replace servers of a group nobody watches."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            _client("autoscaling", props).cancel_instance_refresh(AutoScalingGroupName=props["group_name"])
        except ClientError as refused:
            error = refused.response["Error"]
            gone = error["Code"] == "ValidationError" and "not found" in error["Message"].lower()
            if error["Code"] != "ActiveInstanceRefreshNotFound" and not gone:
                raise _explained(refused, props) from refused
        except BotoCoreError as broken:
            raise _explained(broken, props) from broken


def _missing_alarms(news: Properties) -> list[CheckFailure]:
    """Asks AWS for the alarms that the caller adds: only where there are some, as a preview runs this too."""
    given = news.get("callers_alarms") or []
    names = [name for name in given if isinstance(name, str)]
    if not names or not isinstance(news.get("region"), str):
        return []
    from botocore.exceptions import BotoCoreError, ClientError

    from . import refresh_alarms as alarms

    try:
        found = alarms.read(_client("cloudwatch", news), names)
    except (ClientError, BotoCoreError) as error:
        why = f"{names} cannot be looked up ({one_line(error)}); check credentials and network"
        return [CheckFailure("callers_alarms", why)]
    return [
        CheckFailure("callers_alarms", f"{alarm} in {news['region']}; make it first, or take its name away")
        for alarm in found
        if not alarm.state
    ]


def aws_preferences(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """RefreshPreferences as AWS's; what is not set is left to the group. Numbers come as floats. The strategy
    is none of AWS's preferences, but a parameter beside them.
    """
    whole = {
        "min_healthy_percentage": "MinHealthyPercentage",
        "max_healthy_percentage": "MaxHealthyPercentage",
        "instance_warmup_seconds": "InstanceWarmup",
        "checkpoint_delay_seconds": "CheckpointDelay",
        "bake_time_seconds": "BakeTime",
    }
    as_is = {
        "skip_matching": "SkipMatching",
        "auto_rollback": "AutoRollback",
        "scale_in_protected_instances": "ScaleInProtectedInstances",
        "standby_instances": "StandbyInstances",
    }
    request: dict[str, Any] = {
        name: int(preferences[key]) for key, name in whole.items() if preferences.get(key) is not None
    }
    request |= {name: preferences[key] for key, name in as_is.items() if preferences.get(key) is not None}
    if preferences.get("checkpoint_percentages"):
        request["CheckpointPercentages"] = [int(p) for p in preferences["checkpoint_percentages"]]
    if preferences.get("alarms"):
        request["AlarmSpecification"] = {"Alarms": list(preferences["alarms"])}
    return request


def _carry_out(props: Properties, first: bool) -> Outcome:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        rollout = _rollout(props)
        return rollout.first() if first else rollout.run()
    except (ClientError, BotoCoreError) as error:
        raise _explained(error, props) from error


def _rollout(props: Properties) -> Rollout:
    from .refresh_view import Target
    from .refresh_waiter import Clients, Rollout

    target = Target(
        group_name=props["group_name"],
        template_id=props["launch_template_id"],
        version=props["launch_template_version"],
        image_id=props["image_id"],
        target_group_arns=tuple(props.get("target_group_arns") or ()),
        instance_types=tuple(props.get("instance_types") or ()),
        strategy=(props.get("preferences") or {}).get("strategy") or "Rolling",
    )
    services = ("autoscaling", "elbv2", "ec2", "cloudwatch")
    # The waiter tries again by itself, says so meanwhile, and never sends a start twice without a look.
    clients = Clients(*(_client(service, props, attempts=1) for service in services))
    preferences = aws_preferences(props.get("preferences") or {})
    return Rollout(clients, target, preferences, float(props["timeout_seconds"]), say)


def _client(service: str, props: Properties, attempts: int = 8) -> Any:
    with _making_a_client:
        return _cached_client(service, props["region"], attempts)


@cache
def _cached_client(service: str, region: str, attempts: int) -> Any:
    # boto3 is imported here: a preview, which starts this same code, does not pay for it.
    import boto3
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": attempts}
    config = Config(retries=retries, connect_timeout=5, read_timeout=30)  # type: ignore[arg-type]
    return boto3.client(service, region_name=region, config=config)  # type: ignore[call-overload]


def _explained(error: Exception, props: Properties) -> RolloutError:
    return RolloutError(f"instance refresh of {props['group_name']}: {one_line(error)}")


def _inputs(props: Properties) -> Properties:
    return {name: props[name] for name in INPUTS if name in props}


def _outputs(props: Properties, outcome: Outcome, previous_image_id: str) -> Properties:
    return _inputs(props) | {
        "refresh_id": outcome.refresh_id,
        "status": outcome.status,
        "reason": outcome.reason,
        "previous_image_id": previous_image_id,
    }
