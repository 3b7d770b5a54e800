"""EC2 Image Builder: what all its types have in common, components and image recipes.

The service spells its members as Pulumi does, and an ARN is the ID of everything. Tags are the only thing of
a component or a recipe that can be changed: every other change is a new one, of another version.
"""

# ruff: noqa: ARG001, ARG002 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import pick

Request = dict[str, Any]

NAME = AutoName(prefix_property=None, max_length=126)


@dataclass(frozen=True)
class Kind:
    """The functions of one type.

    Attributes:
        operation: what Create, Get, Update and Delete are called with after it.
        arn: the member that carries the ARN in requests, and in the answer to Create.
        member: the member of Get's answer that says everything.
        request: the settings as the service takes them, without tags.
        facts: what the service says, as Pulumi spells it.
    """

    operation: str
    arn: str
    member: str
    request: Callable[[Properties], Request]
    facts: Callable[[dict[str, Any]], Properties]

    def create(self, call: Call, news: Properties) -> tuple[str, Properties]:
        tags = call.tags(news)
        request = {"name": news["name"], **self.request(news), **({"tags": tags} if tags else {})}
        arn = str(self._operation(call, "create")(**request)[self.arn])
        return arn, self._facts(call, arn)

    def read(self, call: Call, arn: str, known: Properties) -> Properties | None:
        return self._facts(call, arn)

    def update(
        self,
        call: Call,
        arn: str,
        old: Properties,
        news: Properties,
        changed: frozenset[str],
    ) -> None:
        """All settings go out again: an update leaves nothing of those before."""
        self._operation(call, "update")(**{self.arn: arn}, **self.request(news))

    def delete(self, call: Call, arn: str, outputs: Properties) -> None:
        if not outputs.get("skipDestroy"):
            self._operation(call, "delete")(**{self.arn: arn})

    def _facts(self, call: Call, arn: str) -> Properties:
        found = self._operation(call, "get")(**{self.arn: arn})[self.member]
        tags = {key: value for key, value in (found.get("tags") or {}).items() if not key.startswith("aws:")}
        return {**self.facts(found), "arn": found["arn"], "name": found["name"], "tagsAll": tags}

    def _operation(self, call: Call, verb: str) -> Callable[..., dict[str, Any]]:
        operation: Callable[..., dict[str, Any]] = getattr(
            call.client("imagebuilder"), f"{verb}_{self.operation}"
        )
        return operation


def retag(call: Call, arn: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    """Of any of Image Builder's resources."""
    client = call.client("imagebuilder")
    if wanted:
        client.tag_resource(resourceArn=arn, tags=wanted)
    if removed:
        client.untag_resource(resourceArn=arn, tagKeys=removed)


def reported(found: dict[str, Any], names: str) -> Properties:
    """The named members; what the service does not say is None, so that a program's word for it is drift."""
    return {name: found.get(name) for name in names.split()}


def parameters_to_api(item: Properties) -> Request:
    """The service takes a list of values for each parameter, of one value."""
    parameters = [{**one, "value": [str(one["value"])]} for one in item.get("parameters") or []]
    return {**item, **({"parameters": parameters} if parameters else {})}


def parameters_from_api(item: dict[str, Any]) -> Properties:
    parameters = [{**one, "value": "".join(one.get("value") or [])} for one in item.get("parameters") or []]
    return {**item, **({"parameters": parameters} if parameters else {})}


def _component_request(news: Properties) -> Request:
    names = ("changeDescription", "data", "description", "kmsKeyId", "platform", "supportedOsVersions", "uri")
    return {**pick(news, names), "semanticVersion": news["version"]}


_COMPONENT = Kind(
    "component",
    "componentBuildVersionArn",
    "component",
    _component_request,
    lambda found: reported(
        found,
        "changeDescription data dateCreated description encrypted kmsKeyId owner platform "
        "supportedOsVersions type version",
    ),
)

COMPONENT = ResourceType(
    type_name="aws:imagebuilder/component:Component",
    create=_COMPONENT.create,
    read=_COMPONENT.read,
    delete=_COMPONENT.delete,
    retag=retag,
    inputs=words(
        "changeDescription data description kmsKeyId name platform supportedOsVersions uri version tags"
    ),
    required=("platform", "version"),
    one_of=(("data", "uri"),),
    enums={"platform": ("Windows", "Linux", "macOS")},
    lengths={"changeDescription": 128, "data": 16_000, "description": 1024, "name": 126, "version": 128},
    defaults={"skipDestroy": False},
    auto_name=NAME,
    replaces=words(
        "changeDescription data description kmsKeyId name platform supportedOsVersions uri version"
    ),
    sets=words("supportedOsVersions"),
    computed=("arn", "dateCreated", "encrypted", "owner", "type"),
)


def _recipe_request(news: Properties) -> Request:
    request: Request = {
        **pick(news, ("amiTags", "description", "parentImage", "workingDirectory")),
        "semanticVersion": news["version"],
        "components": [parameters_to_api(one) for one in news["components"]],
    }
    if news.get("blockDeviceMappings"):
        request["blockDeviceMappings"] = [_device_to_api(one) for one in news["blockDeviceMappings"]]
    machine = {"systemsManagerAgent": "systemsManagerAgent", "userDataBase64": "userDataOverride"}
    more = {api: news[name] for name, api in machine.items() if news.get(name)}
    return {**request, **({"additionalInstanceConfiguration": more} if more else {})}


def _device_to_api(device: Properties) -> Request:
    """To the service, an empty text is a device that is left out; what is yes or no may come as text."""
    request: Request = pick(device, ("deviceName", "virtualName"))
    if device.get("noDevice"):
        request["noDevice"] = ""
    if device.get("ebs"):
        yes_or_no = ("deleteOnTermination", "encrypted")
        request["ebs"] = {
            name: str(value).lower() == "true" if name in yes_or_no else value
            for name, value in device["ebs"].items()
            if value not in (None, "")
        }
    return request


def _device_from_api(device: dict[str, Any]) -> Properties:
    ebs = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (device.get("ebs") or {}).items()
    }
    return {**device, "noDevice": device.get("noDevice") is not None, **({"ebs": ebs} if ebs else {})}


def _recipe_facts(found: dict[str, Any]) -> Properties:
    machine = found.get("additionalInstanceConfiguration") or {}
    return {
        **reported(
            found, "amiTags dateCreated description owner parentImage platform version workingDirectory"
        ),
        "components": [parameters_from_api(one) for one in found.get("components") or []],
        "blockDeviceMappings": [_device_from_api(one) for one in found.get("blockDeviceMappings") or []]
        or None,
        "systemsManagerAgent": machine.get("systemsManagerAgent"),
        "userDataBase64": machine.get("userDataOverride"),
    }


_RECIPE = Kind("image_recipe", "imageRecipeArn", "imageRecipe", _recipe_request, _recipe_facts)
_RECIPE_INPUTS = words(
    "amiTags blockDeviceMappings components description name parentImage systemsManagerAgent userDataBase64 "
    "version workingDirectory"
)

IMAGE_RECIPE = ResourceType(
    type_name="aws:imagebuilder/imageRecipe:ImageRecipe",
    create=_RECIPE.create,
    read=_RECIPE.read,
    delete=_RECIPE.delete,
    retag=retag,
    inputs=_RECIPE_INPUTS | {"tags"},
    required=("components", "parentImage", "version"),
    enums={
        "blockDeviceMappings[].ebs.volumeType": ("standard", "io1", "io2", "gp2", "gp3", "sc1", "st1"),
    },
    ranges={
        "blockDeviceMappings[].ebs.iops": (100, 100_000),
        "blockDeviceMappings[].ebs.throughput": (125, 2_000),
        "blockDeviceMappings[].ebs.volumeSize": (1, 16_000),
    },
    lengths={
        "description": 1024, "name": 126, "parentImage": 1024, "userDataBase64": 21_847, "version": 128,
        "workingDirectory": 1024,
    },
    auto_name=NAME,
    replaces=_RECIPE_INPUTS,
    sets=words("blockDeviceMappings"),
    computed=("arn", "dateCreated", "owner", "platform", "systemsManagerAgent", "userDataBase64"),
)  # fmt: skip

TYPES = (COMPONENT, IMAGE_RECIPE)
