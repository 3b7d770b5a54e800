"""Subnet groups, parameter groups and event subscriptions of databases."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import rds
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, to_api

# ModifyDBParameterGroup takes this many at once.
MAX_PARAMETERS = 20
_MANAGED = "Managed by Pulumi"


def _subnet_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["DBSubnetGroupArn"],
        "name": found["DBSubnetGroupName"],
        "description": found["DBSubnetGroupDescription"],
        "subnetIds": [each["SubnetIdentifier"] for each in found["Subnets"]],
        "supportedNetworkTypes": found.get("SupportedNetworkTypes") or ["IPV4"],
        "vpcId": found["VpcId"],
    }


def _create_subnets(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("rds").create_db_subnet_group(
        DBSubnetGroupName=physical_name(news).lower(),
        DBSubnetGroupDescription=news["description"],
        SubnetIds=news["subnetIds"],
        **rds.tagged(call, news),
    )["DBSubnetGroup"]
    return found["DBSubnetGroupName"], _subnet_facts(found)


def _read_subnets(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("rds").describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"][0]
    return {**_subnet_facts(found), "tagsAll": rds.tags_of(call, found["DBSubnetGroupArn"])}


def _update_subnets(
    call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    call.client("rds").modify_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription=news["description"], SubnetIds=news["subnetIds"]
    )


def _delete_subnets(call: Call, name: str, outputs: Properties) -> None:
    call.client("rds").delete_db_subnet_group(DBSubnetGroupName=name)


SUBNET_GROUP = ResourceType(
    type_name="aws:rds/subnetGroup:SubnetGroup",
    create=_create_subnets,
    read=_read_subnets,
    update=_update_subnets,
    delete=_delete_subnets,
    retag=rds.retag,
    inputs=words("name description subnetIds tags"),
    required=("subnetIds",),
    lengths={"name": 255, "namePrefix": 229},
    defaults={"description": _MANAGED},
    auto_name=AutoName(lower=True),
    replaces=words("name namePrefix"),
    sets=words("subnetIds"),
    computed=("arn", "name", "supportedNetworkTypes", "vpcId"),
)


def _group_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["DBParameterGroupArn"],
        "name": found["DBParameterGroupName"],
        "family": found["DBParameterGroupFamily"],
        "description": found["Description"],
    }


def _create_group(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("rds").create_db_parameter_group(
        DBParameterGroupName=physical_name(news).lower(),
        DBParameterGroupFamily=news["family"],
        Description=news["description"],
        **rds.tagged(call, news),
    )["DBParameterGroup"]
    return found["DBParameterGroupName"], _group_facts(found)


def _set(call: Call, name: str, parameters: list[Properties]) -> None:
    for start in range(0, len(parameters), MAX_PARAMETERS):
        call.client("rds").modify_db_parameter_group(
            DBParameterGroupName=name,
            Parameters=[_parameter(each) for each in parameters[start : start + MAX_PARAMETERS]],
        )


def _parameter(parameter: Properties) -> dict[str, str]:
    return {
        "ParameterName": parameter["name"],
        "ParameterValue": str(parameter["value"]),
        "ApplyMethod": parameter.get("applyMethod") or "immediate",
    }


def _complete_group(call: Call, name: str, news: Properties) -> Properties:
    _set(call, name, news.get("parameters") or [])
    return {}


def _read_group(call: Call, name: str, known: Properties) -> Properties | None:
    client = call.client("rds")
    found = client.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"][0]
    answer = client.describe_db_parameters(DBParameterGroupName=name, Source="user")["Parameters"]
    parameters = [
        {
            "name": each["ParameterName"],
            "value": each["ParameterValue"],
            "applyMethod": each.get("ApplyMethod") or "immediate",
        }
        for each in answer
    ]
    tags = rds.tags_of(call, found["DBParameterGroupArn"])
    return {**_group_facts(found), "parameters": parameters, "tagsAll": tags}


def _update_group(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    if "parameters" not in changed:
        return
    before, after = (
        {each["name"]: _parameter(each) for each in side.get("parameters") or []} for side in (old, news)
    )
    wanted = [
        each for each in news.get("parameters") or [] if before.get(each["name"]) != after[each["name"]]
    ]
    _set(call, name, wanted)
    gone = [before[each] for each in before if each not in after]
    if gone:
        reset = [pick(each, ("ParameterName", "ApplyMethod")) for each in gone]
        call.client("rds").reset_db_parameter_group(DBParameterGroupName=name, Parameters=reset)


def _delete_group(call: Call, name: str, outputs: Properties) -> None:
    if not outputs.get("skipDestroy"):
        call.client("rds").delete_db_parameter_group(DBParameterGroupName=name)


PARAMETER_GROUP = ResourceType(
    type_name="aws:rds/parameterGroup:ParameterGroup",
    create=_create_group,
    complete=_complete_group,
    read=_read_group,
    update=_update_group,
    delete=_delete_group,
    retag=rds.retag,
    inputs=words("name description family parameters tags"),
    required=("family",),
    enums={"parameters[].applyMethod": ("immediate", "pending-reboot")},
    lengths={"name": 255, "namePrefix": 229},
    defaults={"description": _MANAGED, "skipDestroy": False},
    auto_name=AutoName(lower=True),
    replaces=words("name namePrefix description family"),
    sets=words("parameters"),
    computed=("arn", "name"),
)


def _subscription_facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["EventSubscriptionArn"],
        "name": found["CustSubscriptionId"],
        "customerAwsId": found.get("CustomerAwsId"),
        "enabled": found.get("Enabled", True),
        "eventCategories": found.get("EventCategoriesList") or [],
        "snsTopic": found["SnsTopicArn"],
        "sourceIds": found.get("SourceIdsList") or [],
        "sourceType": found.get("SourceType"),
    }


_SUBSCRIPTION = {"snsTopic": "SnsTopicArn"}


def _subscription(news: Properties) -> dict[str, Any]:
    request: dict[str, Any] = to_api(
        pick(news, ("enabled", "eventCategories", "snsTopic", "sourceType")), _SUBSCRIPTION
    )
    return request


def _create_subscription(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("rds").create_event_subscription(
        SubscriptionName=physical_name(news),
        **_subscription(news),
        **({"SourceIds": news["sourceIds"]} if news.get("sourceIds") else {}),
        **rds.tagged(call, news),
    )["EventSubscription"]
    return found["CustSubscriptionId"], _subscription_facts(found)


def _read_subscription(call: Call, name: str, known: Properties) -> Properties | None:
    answer = call.client("rds").describe_event_subscriptions(SubscriptionName=name)
    found = answer["EventSubscriptionsList"][0]
    return {**_subscription_facts(found), "tagsAll": rds.tags_of(call, found["EventSubscriptionArn"])}


def _update_subscription(
    call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    client = call.client("rds")
    if changed & {"enabled", "eventCategories", "snsTopic", "sourceType"}:
        client.modify_event_subscription(SubscriptionName=name, **_subscription(news))
    if "sourceIds" in changed:
        before, after = set(old.get("sourceIds") or []), set(news.get("sourceIds") or [])
        for each in sorted(after - before):
            client.add_source_identifier_to_subscription(SubscriptionName=name, SourceIdentifier=each)
        for each in sorted(before - after):
            client.remove_source_identifier_from_subscription(SubscriptionName=name, SourceIdentifier=each)


def _delete_subscription(call: Call, name: str, outputs: Properties) -> None:
    call.client("rds").delete_event_subscription(SubscriptionName=name)


EVENT_SUBSCRIPTION = ResourceType(
    type_name="aws:rds/eventSubscription:EventSubscription",
    create=_create_subscription,
    read=_read_subscription,
    update=_update_subscription,
    delete=_delete_subscription,
    retag=rds.retag,
    inputs=words("name enabled eventCategories snsTopic sourceIds sourceType tags"),
    required=("snsTopic",),
    lengths={"name": 255, "namePrefix": 229},
    defaults={"enabled": True},
    auto_name=AutoName(),
    replaces=words("name namePrefix"),
    sets=words("eventCategories sourceIds"),
    computed=("arn", "name", "customerAwsId"),
)

TYPES = (SUBNET_GROUP, PARAMETER_GROUP, EVENT_SUBSCRIPTION)
