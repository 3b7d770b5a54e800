"""Components and recipes of the emulated Image Builder: versions, idempotency, tags and lists."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.building import PARENT, Factory, document, refused, whole

ARN = f"arn:aws:imagebuilder:eu-central-1:{ACCOUNT}:"


@pytest.fixture
def factory(cloud: Local) -> Factory:
    return Factory(cloud)


# Components


def test_a_component_is_there_with_what_it_was_made_of(factory: Factory) -> None:
    arn = factory.component("My Base_x", data=document("echo 1"), description="first", tags={"a": "b"})
    assert arn == f"{ARN}component/my-base-x/1.0.0/1"
    found = factory.client.get_component(componentBuildVersionArn=arn)["component"]
    assert (found["name"], found["version"], found["type"], found["owner"]) == (
        "My Base_x", "1.0.0", "BUILD", ACCOUNT,
    )  # fmt: skip
    assert (found["data"], found["description"], found["tags"]) == (document("echo 1"), "first", {"a": "b"})
    assert found["platform"] == "Linux"
    assert found["dateCreated"].endswith("Z")


def test_a_document_with_tests_alone_is_a_test_component(factory: Factory) -> None:
    arn = factory.component(data=document(phase="test"))
    assert factory.client.get_component(componentBuildVersionArn=arn)["component"]["type"] == "TEST"
    mixed = [{"name": phase, "steps": [{"name": "s", "action": "Reboot"}]} for phase in ("validate", "test")]
    arn = factory.component(version="2.0.0", data=whole(mixed))
    assert factory.client.get_component(componentBuildVersionArn=arn)["component"]["type"] == "BUILD"


def test_a_version_never_changes(factory: Factory) -> None:
    first = factory.component()
    with refused("ResourceAlreadyExists", f"'{first}'"):
        factory.component("BASE")
    second = factory.component(data=document("echo other"))
    assert second == f"{ARN}component/base/1.0.0/2"
    with refused("ResourceAlreadyExists", f"'{second}'"):
        factory.component(data=document("echo other"))
    found = factory.client.get_component(componentBuildVersionArn=first)["component"]
    assert found["data"] == document()


@pytest.mark.parametrize("version", ["1.0", "1.0.x", "v1.0.0", "1.0.0/1"])
def test_a_component_has_a_version_of_three_numbers(factory: Factory, version: str) -> None:
    with refused("InvalidParameterValue", "'semanticVersion' is not valid"):
        factory.component(version=version)


def test_a_node_of_a_version_has_an_upper_limit(factory: Factory) -> None:
    factory.component(version=f"1.{2**30 - 1}.0")
    with refused("InvalidVersionNumber", "at most 1073741823"):
        factory.component(version=f"1.{2**30}.0")


def test_requests_are_held_against_the_services_model(factory: Factory) -> None:
    with refused("InvalidParameterValue", "'platform' is not valid. Valid values are: Windows, Linux, macOS"):
        factory.component(platform="Solaris")
    with refused("InvalidParameterValue", "'name' is not valid. name must match pattern"):
        factory.component("x")
    with refused("InvalidParameterValue", "'tags' is not valid. It is 51 entries; 1 to 50 are allowed"):
        factory.component(tags={f"key-{number}": "x" for number in range(51)})


def test_what_is_there_no_more_is_not_found(factory: Factory) -> None:
    arn = factory.component()
    factory.client.delete_component(componentBuildVersionArn=arn)
    with refused("ResourceNotFound", arn):
        factory.client.get_component(componentBuildVersionArn=arn)
    with refused("ResourceNotFound", arn):
        factory.client.delete_component(componentBuildVersionArn=arn)


def test_components_are_listed_by_version_and_by_build(factory: Factory) -> None:
    for version, text in (("1.0.0", "1"), ("1.0.0", "2"), ("1.0.1", "3")):
        factory.component(version=version, data=document(f"echo {text}"))
    versions = factory.client.list_components(owner="Self")["componentVersionList"]
    assert [each["arn"] for each in versions] == [f"{ARN}component/base/1.0.0", f"{ARN}component/base/1.0.1"]
    builds = factory.client.list_component_build_versions(
        componentVersionArn=f"{ARN}component/base/1.0.0"
    )["componentSummaryList"]  # fmt: skip
    assert [each["arn"][-7:] for each in builds] == ["1.0.0/1", "1.0.0/2"]
    assert factory.client.list_components(owner="Amazon")["componentVersionList"] == []


def test_lists_have_filters_and_pages(factory: Factory) -> None:
    for name in ("web-a", "web-b", "api"):
        factory.component(name)

    def names(*values: str) -> list[str]:
        found = factory.client.list_components(filters=[{"name": "name", "values": list(values)}])
        return [each["name"] for each in found["componentVersionList"]]

    assert names("web*") == ["web-a", "web-b"]
    assert names("*-b*") == ["web-b"]
    assert names("api", "web-a") == ["web-a", "api"]
    assert names("web") == []
    pages = factory.client.get_paginator("list_components").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["componentVersionList"]) for page in pages] == [2, 1]
    for token in ("other", "4"):
        with refused("InvalidPaginationToken", f"'{token}'"):
            factory.client.list_components(nextToken=token)
    with refused("InvalidParameterValue", "'colour' is not supported"):
        factory.client.list_components(filters=[{"name": "colour", "values": ["red"]}])


# Recipes


def test_a_recipe_keeps_its_components_in_order(factory: Factory) -> None:
    components = [factory.component(name) for name in ("seal", "base")]
    devices = [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 9, "encrypted": True}}]
    arn = factory.recipe(*components, blockDeviceMappings=devices, amiTags={"a": "b"})
    assert arn == f"{ARN}image-recipe/web/1.0.0"
    found = factory.client.get_image_recipe(imageRecipeArn=arn)["imageRecipe"]
    assert [each["componentArn"] for each in found["components"]] == components
    assert (found["parentImage"], found["version"], found["platform"]) == (PARENT, "1.0.0", "Linux")
    assert (found["blockDeviceMappings"], found["amiTags"]) == (devices, {"a": "b"})


def test_a_recipes_version_is_used_once(factory: Factory) -> None:
    base = factory.component()
    arn = factory.recipe(base)
    with refused("ResourceAlreadyExists", f"'ImageRecipe' already exists: '{arn}'"):
        factory.recipe(base, description="other")
    assert factory.recipe(base, version="1.0.x").endswith("/1.0.1")
    assert factory.recipe(base, version="2.0.x").endswith("/2.0.0")
    with refused("InvalidRequest", "not emulated"):
        factory.recipe(base, version="x.x.x")


def test_a_recipe_names_what_is_there(factory: Factory) -> None:
    base = factory.component()
    with refused("InvalidParameterValue", "ami-0000000000000dead' provided for parentImage does not exist"):
        factory.recipe(base, parentImage="ami-0000000000000dead")
    with refused("ResourceNotFound", "component/gone/1.0.0/1"):
        factory.recipe(f"{ARN}component/gone/1.0.0/1")
    with refused("InvalidParameterValue", "base is there more than once"):
        factory.recipe(base, factory.component(version="1.0.1"))
    with refused("InvalidRequest", "a component of aws, is not emulated"):
        factory.recipe("arn:aws:imagebuilder:eu-central-1:aws:component/update-linux/x.x.x")
    with refused("InvalidParameterValue", "right of the first wildcard"):
        factory.recipe(f"{ARN}component/base/x.0.0")
    with refused("InvalidParameterValue", "21 components, and 20 are allowed"):
        factory.recipe(*[f"{ARN}component/base-{number}/1.0.0/1" for number in range(21)])


@pytest.mark.parametrize("reference", ["1.0.0/1", "1.0.0", "1.0.x", "x.x.x"])
def test_a_component_that_a_recipe_means_is_not_deleted(factory: Factory, reference: str) -> None:
    base = factory.component()
    recipe = factory.recipe(f"{ARN}component/base/{reference}")
    with refused("ResourceDependency", f"'{base}' has other resources depended on it"):
        factory.client.delete_component(componentBuildVersionArn=base)
    factory.client.delete_image_recipe(imageRecipeArn=recipe)
    factory.client.delete_component(componentBuildVersionArn=base)


def test_a_wildcard_lets_an_older_version_go(factory: Factory) -> None:
    old, new = factory.component(version="1.0.9"), factory.component(version="1.0.10")
    factory.component(version="2.0.0")
    factory.recipe(f"{ARN}component/base/1.x.x")
    factory.client.delete_component(componentBuildVersionArn=old)
    with refused("ResourceDependency"):
        factory.client.delete_component(componentBuildVersionArn=new)


def test_a_parent_can_be_a_parameter(factory: Factory) -> None:
    with refused("InvalidParameterValue", "'/parents/debian' does not exist"):
        factory.recipe(parentImage="ssm:/parents/debian")
    factory.cloud.client("ssm").put_parameter(Name="/parents/debian", Value=PARENT, Type="String")
    factory.recipe(factory.component("other"), parentImage="ssm:/parents/debian")


def test_parameters_of_components_are_those_that_the_document_defines(factory: Factory) -> None:
    parameters = [{"Size": {"type": "string"}}, {"Mode": {"type": "string", "default": "fast"}}]
    steps = [{"name": "s", "action": "ExecuteBash", "inputs": {"commands": ["echo {{ Size }}"]}}]
    arn = factory.component(data=whole([{"name": "build", "steps": steps}], parameters=parameters))

    def make(**given: str) -> str:
        values = [{"name": name, "value": [value]} for name, value in given.items()]
        one = {"componentArn": arn} | ({"parameters": values} if values else {})
        return factory.recipe(components=[one], name=f"web-{len(given)}")

    with refused("InvalidParameterCombination", "must be provided: Size"):
        make()
    with refused("InvalidParameterCombination", "not defined in the provided component: Colour"):
        make(Size="1", Colour="red")
    assert make(Size="1")


# What all have


def test_a_client_token_makes_one_resource(factory: Factory) -> None:
    first = factory.component(clientToken="token")
    assert factory.component(clientToken="token") == first
    with refused("IdempotentParameterMismatch", "'token' was used before"):
        factory.component(clientToken="token", description="other")
    assert len(factory.client.list_components()["componentVersionList"]) == 1


def test_a_refused_request_leaves_its_token_free(factory: Factory) -> None:
    with refused("InvalidParameterValue"):
        factory.component(clientToken="token", data="nothing")
    assert factory.component(clientToken="token")


def test_a_dry_run_makes_nothing(factory: Factory) -> None:
    with refused("DryRunOperation"):
        factory.component(dryRun=True)
    assert factory.client.list_components()["componentVersionList"] == []


def test_tags_are_added_changed_and_taken_away(factory: Factory) -> None:
    arn = factory.pipeline(tags={"a": "1", "b": "1"})
    factory.client.tag_resource(resourceArn=arn, tags={"b": "2", "c": "2"})
    factory.client.untag_resource(resourceArn=arn, tagKeys=["a", "z"])
    assert factory.client.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2", "c": "2"}
    assert factory.client.get_image_pipeline(imagePipelineArn=arn)["imagePipeline"]["tags"]["c"] == "2"
    with refused("ResourceNotFound"):
        factory.client.list_tags_for_resource(resourceArn=f"{arn}-other")


def test_regions_have_resources_of_their_own(factory: Factory) -> None:
    arn = factory.component()
    factory.cloud.region = "eu-west-1"
    there = factory.cloud.client("imagebuilder")
    assert there.list_components()["componentVersionList"] == []
    with refused("ResourceNotFound"):
        there.get_component(componentBuildVersionArn=arn)


def test_what_would_be_kept_and_do_nothing_is_refused(factory: Factory) -> None:
    with refused("InvalidRequest", "placement is not emulated"):
        factory.infrastructure(placement={"tenancy": "dedicated"})
    with refused("InvalidRequest", "uri is not emulated"):
        factory.component(uri="s3://bucket/key")


def test_an_operation_that_is_not_there_says_so(factory: Factory) -> None:
    with pytest.raises(ClientError, match=r"\(UnsupportedOperation\).*list_lifecycle_policies"):
        factory.client.list_lifecycle_policies()


def test_faults_hit_operations_that_the_path_names(factory: Factory) -> None:
    factory.cloud.fault("ListComponents", error="InvalidRequestException")
    with refused("InvalidRequest", "a fault that was put there"):
        factory.client.list_components()
    factory.client.list_image_recipes()
