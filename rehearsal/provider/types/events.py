"""EventBridge: rules, and where they send what matches. Pulumi calls them CloudWatch's, as AWS once did."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

_DEFAULT_BUS = "default"
_RULE_SETTINGS = ("description", "eventBusName", "eventPattern", "roleArn", "scheduleExpression", "state")
_TARGET_SETTINGS = ("arn", "input", "inputPath", "roleArn", "deadLetterConfig", "retryPolicy")


def _rule(resource_id: str) -> dict[str, str]:
    """A rule's bus and name: the ID has the bus only when it is not the account's default one."""
    bus, _, name = resource_id.rpartition("/")
    return {"EventBusName": bus or _DEFAULT_BUS, "Name": name}


def _put(call: Call, name: str, news: Properties) -> str:
    tags = call.tags(news)
    request = to_api(pick(news, _RULE_SETTINGS))
    if tags:
        request["Tags"] = tag_list(tags)
    return str(call.client("events").put_rule(Name=name, **request)["RuleArn"])


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name, bus = physical_name(news, max_length=64), news["eventBusName"]
    arn = _put(call, name, news)
    return name if bus == _DEFAULT_BUS else f"{bus}/{name}", {"arn": arn, "name": name}


def _complete(call: Call, resource_id: str, news: Properties) -> Properties:
    found = _read(call, resource_id, news) or {}
    return pick(found, ("state",))


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    client = call.client("events")
    found = client.describe_rule(**_rule(resource_id))
    facts = from_api(found)
    tags = client.list_tags_for_resource(ResourceARN=found["Arn"]).get("Tags", [])
    return {
        **{key: facts.get(key) for key in _RULE_SETTINGS},
        "eventBusName": _rule(resource_id)["EventBusName"],
        "arn": found["Arn"],
        "name": found["Name"],
        "tagsAll": tag_dict(tags),
    }


def _update(call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put(call, _rule(resource_id)["Name"], news)


def _retag(call: Call, rule: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client, arn = call.client("events"), outputs["arn"]
    if wanted:
        client.tag_resource(ResourceARN=arn, Tags=tag_list(wanted))
    if removed:
        client.untag_resource(ResourceARN=arn, TagKeys=removed)


def _delete(call: Call, resource_id: str, outputs: Properties) -> None:
    call.client("events").delete_rule(**_rule(resource_id), Force=bool(outputs.get("forceDestroy")))


RULE = ResourceType(
    type_name="aws:cloudwatch/eventRule:EventRule",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=frozenset(_RULE_SETTINGS) | words("name tags"),
    one_of=(("eventPattern", "scheduleExpression"),),
    enums={"state": ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")},
    lengths={
        "name": 64, "namePrefix": 38, "description": 512, "eventPattern": 4096, "scheduleExpression": 256,
    },
    defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
    auto_name=AutoName(max_length=64),
    replaces=words("name namePrefix eventBusName"),
    documents=words("eventPattern"),
    computed=("arn", "name", "state"),
)  # fmt: skip


def _put_target(call: Call, target_id: str, news: Properties) -> None:
    request = to_api(pick(news, _TARGET_SETTINGS))
    transformer = news.get("inputTransformer")
    if transformer:
        # The paths' names are the program's own: they are written as they are.
        request["InputTransformer"] = {
            "InputPathsMap": transformer.get("inputPaths") or {},
            "InputTemplate": transformer["inputTemplate"],
        }
    call.client("events").put_targets(
        Rule=news["rule"], EventBusName=news["eventBusName"], Targets=[{"Id": target_id, **request}]
    )


def _create_target(call: Call, news: Properties) -> tuple[str, Properties]:
    target_id = physical_name(news, key="targetId", prefix_key="", max_length=64)
    _put_target(call, target_id, news)
    place = news["rule"] if news["eventBusName"] == _DEFAULT_BUS else f"{news['eventBusName']}-{news['rule']}"
    return f"{place}-{target_id}", {"targetId": target_id}


def _read_target(call: Call, resource_id: str, known: Properties) -> Properties | None:
    """The ID tells nothing apart; an import is asked for as `rule/target` or `bus/rule/target`."""
    bus, rule, target_id = known.get("eventBusName", _DEFAULT_BUS), known.get("rule"), known.get("targetId")
    if rule is None:
        *before, rule, target_id = resource_id.split("/")
        bus = "/".join(before) or _DEFAULT_BUS
    targets: list[dict[str, Any]] = call.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus)[
        "Targets"
    ]
    found = next((target for target in targets if target["Id"] == target_id), None)
    if found is None:
        return None
    facts, transformer = from_api(found), found.get("InputTransformer")
    return {
        **{key: facts.get(key) for key in _TARGET_SETTINGS},
        "inputTransformer": transformer
        and {"inputPaths": transformer["InputPathsMap"], "inputTemplate": transformer["InputTemplate"]},
        "rule": rule,
        "eventBusName": bus,
        "targetId": target_id,
    }


def _update_target(
    call: Call, resource_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    _put_target(call, old["targetId"], news)


def _delete_target(call: Call, resource_id: str, outputs: Properties) -> None:
    call.client("events").remove_targets(
        Rule=outputs["rule"],
        EventBusName=outputs["eventBusName"],
        Ids=[outputs["targetId"]],
        Force=bool(outputs.get("forceDestroy")),
    )


TARGET = ResourceType(
    type_name="aws:cloudwatch/eventTarget:EventTarget",
    create=_create_target,
    read=_read_target,
    update=_update_target,
    delete=_delete_target,
    inputs=frozenset(_TARGET_SETTINGS) | words("inputTransformer rule eventBusName targetId"),
    required=("arn", "rule"),
    ranges={
        "retryPolicy.maximumEventAgeInSeconds": (0, 86_400),
        "retryPolicy.maximumRetryAttempts": (0, 185),
    },
    lengths={"targetId": 64, "input": 8192, "inputPath": 256, "inputTransformer.inputTemplate": 8192},
    defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
    replaces=words("rule eventBusName targetId"),
    documents=words("input"),
    computed=("targetId",),
)

TYPES = (RULE, TARGET)
