"""SNS: topics."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.elbv2 import attribute_text
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import tag_dict, tag_list

_ATTRIBUTES = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
}
_FIFO = {"fifoTopic": "FifoTopic", "contentBasedDeduplication": "ContentBasedDeduplication"}


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    tags, name = call.tags(news), physical_name(news, max_length=256)
    attributes = {
        api: attribute_text(news[key]) for key, api in {**_ATTRIBUTES, **_FIFO}.items() if news.get(key)
    }
    request: dict[str, Any] = {"Tags": tag_list(tags)} if tags else {}
    arn = call.client("sns").create_topic(Name=name, Attributes=attributes, **request)["TopicArn"]
    return arn, {"arn": arn, "name": name, "owner": arn.split(":")[4]}


def _complete(call: Call, arn: str, news: Properties) -> Properties:
    return _attribute_facts(call, arn)


def _attribute_facts(call: Call, arn: str) -> Properties:
    found = call.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return {
        **{key: found.get(api) or None for key, api in _ATTRIBUTES.items()},
        **{key: found.get(api) == "true" for key, api in _FIFO.items()},
    }


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    tags = call.client("sns").list_tags_for_resource(ResourceArn=arn).get("Tags", [])
    return {
        **_attribute_facts(call, arn),
        "arn": arn,
        "name": arn.rsplit(":", 1)[1],
        "owner": arn.split(":")[4],
        "tagsAll": tag_dict(tags),
    }


def _update(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    for key, api in {**_ATTRIBUTES, **_FIFO}.items():
        if key in changed and key != "fifoTopic" and (key in news or old.get(key)):
            call.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName=api, AttributeValue=attribute_text(news.get(key, ""))
            )


def _retag(call: Call, arn: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("sns")
    if wanted:
        client.tag_resource(ResourceArn=arn, Tags=tag_list(wanted))
    if removed:
        client.untag_resource(ResourceArn=arn, TagKeys=removed)


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    call.client("sns").delete_topic(TopicArn=arn)


TOPIC = ResourceType(
    type_name="aws:sns/topic:Topic",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=frozenset((*_ATTRIBUTES, *_FIFO)) | words("name tags"),
    lengths={"name": 256, "namePrefix": 230, "displayName": 100},
    defaults={"contentBasedDeduplication": False, "fifoTopic": False},
    auto_name=AutoName(max_length=256),
    replaces=words("name namePrefix fifoTopic"),
    documents=words("policy deliveryPolicy"),
    computed=("arn", "name", "owner", "policy"),
)

TYPES = (TOPIC,)
