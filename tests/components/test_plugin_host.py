"""The components as programs in other languages see them."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.errors import InputPropertiesError

from components import plugin_host
from tests.components.recorder import ACCOUNT, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

OWNER = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/vpc-1"


@pytest.fixture(scope="module")
def host() -> plugin_host.Provider:
    return plugin_host.provider("1.2.3")


@pytest.fixture(scope="module")
def schema(host: plugin_host.Provider) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(host.schema or "")
    return found


def construct(build: Build, host: plugin_host.Provider, kind: str, inputs: Mapping[str, Any]) -> Built:
    def program() -> Mapping[str, Any]:
        done = host.construct("one", f"immutable:index:{kind}", dict(inputs), None)
        return dict(done.state)

    return build(program)


def test_every_component_is_served_but_for_the_parts_of_a_database(schema: Mapping[str, Any]) -> None:
    folder = Path(plugin_host.__file__).parent
    made = {
        node.name
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and "pulumi.ComponentResource" in map(ast.unparse, node.bases)
    }
    served = {f"immutable:index:{name}" for name in made - {"DatabaseAlarms", "DatabasePassword"}}
    assert set(schema["resources"]) == served
    assert "immutable:index:Service" in served


def test_the_schema_says_what_is_required_and_what_is_known_late(schema: Mapping[str, Any]) -> None:
    balancer = schema["resources"]["immutable:index:LoadBalancer"]
    assert sorted(balancer["requiredInputs"]) == ["certificateArn", "subnetIds", "vpcCidr", "vpcId"]
    inputs = balancer["inputProperties"]
    assert "plain" not in inputs["vpcId"], "an output of another resource is good"
    assert inputs["vpcCidr"]["plain"], "the component plans with it"
    assert "plain" not in inputs["subnetIds"]["items"], "each element may be an output"
    assert inputs["idleTimeoutSeconds"]["type"] == "integer"
    assert balancer["properties"]["arnSuffix"]["type"] == "string"
    assert (schema["name"], schema["version"]) == ("immutable", "1.2.3")


def test_the_schema_says_what_the_docstrings_say(schema: Mapping[str, Any]) -> None:
    inputs = schema["resources"]["immutable:index:Network"]["inputProperties"]
    assert inputs["cidr"]["description"] == "The VPC's IPv4 range, /16 to /22, such as `10.20.0.0/16`."
    placement = schema["types"]["immutable:index:Placement"]
    assert placement["properties"]["vpcId"]["type"] == "string"
    assert placement["required"] == ["subnetIds", "vpcId"]
    assert schema["types"]["immutable:index:Egress"]["enum"][0]["value"] == "nat-per-zone"


def test_a_result_has_a_type_of_its_own_where_nothing_is_known_early(schema: Mapping[str, Any]) -> None:
    told = schema["resources"]["immutable:index:LoadBalancer"]["properties"]["entryPoint"]
    assert told["$ref"] == "#/types/immutable:index:EntryPointResult"


def test_a_component_is_made_below_the_one_that_the_engine_asked_for(
    build: Build, host: plugin_host.Provider
) -> None:
    built = construct(
        build,
        host,
        "AlertTopic",
        {"ownerArn": OWNER, "emails": ["ops@example.com"], "keyDeletionWindowDays": 7.0},
    )
    assert built.parents()["the plugin's AlertTopic one"] == "Stack"
    assert built.parents()["the AlertTopic one"] == "the plugin's AlertTopic one"
    assert built.inputs("Key")["Key one"]["deletionWindowInDays"] == 7
    assert next(iter(built.inputs("TopicSubscription").values()))["endpoint"] == "ops@example.com"
    assert built.outputs == {"arn": f"arn:aws:sns:eu-central-1:{ACCOUNT}:one-topic"}


def test_a_model_keeps_its_limits_and_names_the_property_as_the_program_does(
    build: Build, host: plugin_host.Provider
) -> None:
    with pytest.raises(InputPropertiesError) as caught:
        construct(
            build, host, "AlertTopic", {"ownerArn": OWNER, "keyDeletionWindowDays": 3, "emails": ["nobody"]}
        )
    assert caught.value.message == "AlertTopic: the arguments are wrong"
    assert [each["property_path"] for each in caught.value.errors or []] == [
        "emails.0",
        "keyDeletionWindowDays",
    ]
    assert (caught.value.errors or [])[1]["reason"] == "Input should be greater than or equal to 7"


def test_lists_maps_and_models_inside_models_arrive_whole(build: Build, host: plugin_host.Provider) -> None:
    inputs = {
        "zoneId": "Z1",
        "hosts": ["a.example.com"],
        "target": {"dnsName": "lb.example.com", "zoneId": "Z2", "dualStack": True},
    }
    built = construct(build, host, "AliasRecords", inputs)
    records = built.inputs("Record")
    assert sorted(each["type"] for each in records.values()) == ["A", "AAAA"]
    assert all(each["aliases"][0]["name"] == "lb.example.com" for each in records.values())
