"""What the load balancer's types share: tags, attributes, actions."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call
from rehearsal.provider.values import from_api, tag_dict, tag_list, to_api


def retag(call: Call, arn: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    """Change the tags of any of the service's resources."""
    client = call.client("elbv2")
    if wanted:
        client.add_tags(ResourceArns=[arn], Tags=tag_list(wanted))
    if removed:
        client.remove_tags(ResourceArns=[arn], TagKeys=removed)


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags that a resource has; the service describes them apart."""
    found = call.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return tag_dict(found[0]["Tags"]) if found else {}


def tagged(tags: dict[str, str]) -> dict[str, Any]:
    """The request's tags; the service refuses an empty list."""
    return {"Tags": tag_list(tags)} if tags else {}


def attribute_text(value: Any) -> str:
    """An attribute's value as the service writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def attribute_list(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The request's attributes."""
    return [{"Key": key, "Value": attribute_text(value)} for key, value in values.items()]


def typed(text: str, like: Any) -> Any:
    """An attribute's text as a bool or number where `like` is one."""
    if isinstance(like, bool):
        return text == "true"
    if isinstance(like, int):
        return int(text)
    return text


_ACTION_CONFIGS = {
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "fixedResponse": "FixedResponseConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "authenticateCognito": "AuthenticateCognitoConfig",
}
_ACTION_TYPES = (
    "forward", "redirect", "fixed-response", "authenticate-oidc", "authenticate-cognito", "jwt-validation",
)  # fmt: skip


def action_enums(path: str) -> dict[str, tuple[str, ...]]:
    """The enums of a list of actions at `path`."""
    return {
        f"{path}[].type": _ACTION_TYPES,
        f"{path}[].redirect.statusCode": ("HTTP_301", "HTTP_302"),
        f"{path}[].fixedResponse.contentType": (
            "text/plain", "text/css", "text/html", "application/javascript", "application/json",
        ),
    }  # fmt: skip


def to_actions(actions: list[Properties]) -> list[dict[str, Any]]:
    """Actions as the service takes them."""
    return [_to_action(action) for action in actions]


def _to_action(action: Properties) -> dict[str, Any]:
    rest = {key: value for key, value in action.items() if key != "forward"}
    request: dict[str, Any] = to_api(rest, _ACTION_CONFIGS)
    forward = action.get("forward")
    if forward:
        request["ForwardConfig"] = {
            "TargetGroups": [
                to_api(group, {"arn": "TargetGroupArn"}) for group in forward.get("targetGroups") or []
            ]
        }
        if forward.get("stickiness"):
            request["ForwardConfig"]["TargetGroupStickinessConfig"] = to_api(
                forward["stickiness"], {"duration": "DurationSeconds"}
            )
    return request


def from_actions(actions: list[dict[str, Any]]) -> list[Properties]:
    """Actions as Pulumi writes them: a forward to one group is its `targetGroupArn`."""
    return [_from_action(action) for action in sorted(actions, key=lambda action: action.get("Order") or 0)]


def _from_action(action: dict[str, Any]) -> Properties:
    rest = {key: value for key, value in action.items() if key != "ForwardConfig"}
    facts: Properties = from_api(rest, {api: name for name, api in _ACTION_CONFIGS.items()})
    forward = action.get("ForwardConfig") or {}
    groups = forward.get("TargetGroups") or []
    if len(groups) == 1 and "targetGroupArn" not in facts:
        facts["targetGroupArn"] = groups[0]["TargetGroupArn"]
    if groups:
        facts["forward"] = {"targetGroups": [from_api(group, {"TargetGroupArn": "arn"}) for group in groups]}
        stickiness = forward.get("TargetGroupStickinessConfig")
        if stickiness:
            facts["forward"]["stickiness"] = from_api(stickiness, {"DurationSeconds": "duration"})
    return facts
