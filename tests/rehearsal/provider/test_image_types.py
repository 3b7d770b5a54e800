"""What is particular to Image Builder's types and to grants, beyond the life that every type has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from rehearsal.plugin import ProviderError
from tests.rehearsal.cloud.building import whole
from tests.rehearsal.provider.image_cases import (
    GRANTEE,
    component,
    infrastructure,
    pipeline,
    place,
    recipe,
)
from tests.rehearsal.provider.world import REGION, Made, World

COMPONENT = "aws:imagebuilder/component:Component"
RECIPE = "aws:imagebuilder/imageRecipe:ImageRecipe"
INFRASTRUCTURE = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
DISTRIBUTION = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
PIPELINE = "aws:imagebuilder/imagePipeline:ImagePipeline"
GRANT = "aws:kms/grant:Grant"


def asked(world: World, kind: str, made: Made) -> dict[str, Any]:
    """What the service itself says."""
    member = {"image_recipe": "imageRecipe", "infrastructure_configuration": "infrastructureConfiguration"}
    answer = getattr(world.client("imagebuilder"), f"get_{kind}")(**{f"{member[kind]}Arn": made.id})
    found: dict[str, Any] = answer[member[kind]]
    return found


def test_a_component_has_the_arn_of_its_build(world: World) -> None:
    made = world.make(COMPONENT, **component(world))
    assert made.id == made.outputs["arn"]
    assert made.id.endswith(f":component/base-{world.number}/1.0.0/1")
    assert made.outputs["type"] == "BUILD" and made.outputs["owner"] == "123456789012"


def test_a_document_that_the_service_refuses_fails_in_its_words(world: World) -> None:
    wrong = whole([{"name": "build", "steps": [{"name": "s", "action": "ExecuteBsh"}]}])
    with pytest.raises(ProviderError, match=r"creating aws:imagebuilder/component:Component .*ExecuteBsh"):
        world.make(COMPONENT, **component(world, data=wrong))


def test_a_component_may_outlive_its_program(world: World) -> None:
    made = world.make(COMPONENT, **component(world, skipDestroy=True))
    made.delete()
    assert made.read() is not None


def test_what_is_in_use_is_not_deleted(world: World) -> None:
    """The pipeline moves over first; what it leaves goes after it."""
    inputs = pipeline(world)
    made = world.make(PIPELINE, **inputs)
    found = world.provider.read(f"urn:pulumi:test::immutable::{RECIPE}::r", inputs["imageRecipeArn"], {}, {})
    assert found is not None
    used = Made(world.provider, f"urn:pulumi:test::immutable::{RECIPE}::r", {}, found.id, found.outputs)
    with pytest.raises(ProviderError, match="ResourceDependency"):
        used.delete()
    other = world.make(RECIPE, **recipe(world, "next"))
    made.update({"imageRecipeArn": other.id})
    used.delete()
    assert used.read() is None


def test_an_image_recipe_says_all_of_its_devices_and_parameters(world: World) -> None:
    given = {"parameters": [{"name": {"type": "string"}}]}
    data = whole([{"name": "build", "steps": [{"name": "s", "action": "Reboot"}]}], **given)
    made = world.make(COMPONENT, **component(world, "told", data=data))
    inputs = recipe(world) | {
        "components": [{"componentArn": made.id, "parameters": [{"name": "name", "value": "web"}]}],
        "blockDeviceMappings": [{"deviceName": "/dev/xvdb", "noDevice": True}],
        "userDataBase64": "IyEvYmluL3NoCg==",
    }
    told = world.make(RECIPE, **inputs)
    found = asked(world, "image_recipe", told)
    assert found["components"][0]["parameters"] == [{"name": "name", "value": ["web"]}]
    assert found["blockDeviceMappings"] == [{"deviceName": "/dev/xvdb", "noDevice": ""}]
    assert found["additionalInstanceConfiguration"] == {
        "systemsManagerAgent": {"uninstallAfterBuild": False},
        "userDataOverride": "IyEvYmluL3NoCg==",
    }
    state = world.provider.read(told.urn, told.id, {}, {})
    assert state is not None and state.inputs is not None
    for name in ("components", "blockDeviceMappings", "userDataBase64", "systemsManagerAgent"):
        assert state.inputs[name] == inputs[name]


def test_an_import_of_a_recipe_writes_yes_and_no_as_text(world: World) -> None:
    made = world.make(RECIPE, **recipe(world))
    assert asked(world, "image_recipe", made)["blockDeviceMappings"][0]["ebs"]["encrypted"] is True
    state = world.provider.read(made.urn, made.id, {}, {})
    assert state is not None and state.inputs is not None
    [device] = state.inputs["blockDeviceMappings"]
    assert (device["ebs"]["encrypted"], device["ebs"]["deleteOnTermination"]) == ("true", "true")


def test_an_update_leaves_nothing_of_the_settings_before(world: World) -> None:
    made = world.make(INFRASTRUCTURE, **infrastructure(world, description="d"))
    assert asked(world, "infrastructure_configuration", made)["description"] == "d"
    made.update({"description": None, "resourceTags": None})
    found = asked(world, "infrastructure_configuration", made)
    assert "description" not in found and "resourceTags" not in found
    assert found["instanceProfileName"] == made.inputs["instanceProfileName"]


def test_logs_go_to_the_root_of_a_bucket_unless_the_program_says_where(world: World) -> None:
    logging = {"s3Logs": {"s3BucketName": world.bucket.id}}
    made = world.make(INFRASTRUCTURE, **infrastructure(world, logging=logging))
    found = asked(world, "infrastructure_configuration", made)
    assert found["logging"]["s3Logs"] == {"s3BucketName": world.bucket.id, "s3KeyPrefix": "/"}
    assert not made.diff({}).changed


def test_the_order_of_the_regions_of_a_distribution_is_nothing(world: World) -> None:
    places = [place(world, REGION), place(world, "eu-west-1")]
    made = world.make(DISTRIBUTION, distributions=places)
    assert not made.diff({"distributions": places[::-1]}).changed


def test_tags_that_someone_else_changed_are_drift(world: World) -> None:
    made = world.make(COMPONENT, **component(world, tags={"owner": "platform"}))
    world.client("imagebuilder").tag_resource(resourceArn=made.id, tags={"owner": "someone"})
    state = made.read()
    assert state is not None and state.outputs["tags"] == {"owner": "someone"}


def grant(world: World, **more: Any) -> Made:
    inputs = {"keyId": world.key.outputs["arn"], "granteePrincipal": GRANTEE, "operations": ["Decrypt"]}
    return world.make(GRANT, **inputs, **more)


def noted(called: list[str], name: str, act: Callable[..., Any], **request: Any) -> Any:
    called.append(name)
    return act(**request)


@pytest.mark.parametrize("retire", [False, True])
def test_a_grant_is_revoked_or_retired(retire: bool, world: World) -> None:
    kept, made = grant(world), grant(world, retireOnDelete=retire)
    assert made.id == f"{world.key.outputs['arn']}:{made.outputs['grantId']}"
    called: list[str] = []
    real = world.client("kms")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("retire_grant", "revoke_grant"):
            patch.setattr(real, name, partial(noted, called, name, getattr(real, name)))
        patch.setattr("rehearsal.provider.cloud.Clients.get", lambda *_: real)
        made.delete()
    assert called == ["retire_grant" if retire else "revoke_grant"]
    assert made.read() is None and kept.read() is not None


def test_the_context_of_a_grant_keeps_its_own_spelling(world: World) -> None:
    context = {"encryptionContextEquals": {"aws:ebs:id": "vol-1", "Team": "a"}}
    made = grant(world, constraints=[context])
    [found] = world.client("kms").list_grants(KeyId=world.key.id)["Grants"]
    assert found["Constraints"] == {"EncryptionContextEquals": {"aws:ebs:id": "vol-1", "Team": "a"}}
    state = world.provider.read(made.urn, made.id, {}, {})
    assert state is not None and state.outputs["constraints"] == [context]


def test_an_operation_that_grants_do_not_have_is_refused(world: World) -> None:
    failures = world.check(GRANT, keyId="k", granteePrincipal=GRANTEE, operations=["Decrypt", "Delete"])[1]
    assert [failure.property for failure in failures] == ["operations[1]"]


@pytest.mark.parametrize(
    ("token", "inputs", "wrong"),
    [
        (COMPONENT, {"platform": "Linux", "version": "1.0.0"}, ""),
        (COMPONENT, {"platform": "BeOS", "version": "1.0.0", "data": "d"}, "platform"),
        (COMPONENT, {"platform": "Linux", "version": "1.0.0", "data": "d" * 16_001}, "data"),
        (RECIPE, {"version": "1.0.0", "parentImage": "ami-1"}, "components"),
        (INFRASTRUCTURE, {}, "instanceProfileName"),
        (DISTRIBUTION, {}, "distributions"),
        (PIPELINE, {"infrastructureConfigurationArn": "arn:i"}, ""),
    ],
)
def test_inputs_that_the_real_provider_refuses_are_refused(
    token: str, inputs: dict[str, Any], wrong: str, world: World
) -> None:
    assert [failure.property for failure in world.check(token, **inputs)[1]] == [wrong]


@pytest.mark.parametrize("size", [0, 16_001])
def test_a_volume_of_a_size_that_there_is_not_is_refused(size: int, world: World) -> None:
    devices = [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": size, "volumeType": "gp9"}}]
    inputs = {"version": "1.0.0", "parentImage": "ami-1", "components": [], "blockDeviceMappings": devices}
    failures = world.check(RECIPE, **inputs)[1]
    where = "blockDeviceMappings[0].ebs."
    assert {failure.property for failure in failures} == {f"{where}volumeSize", f"{where}volumeType"}


@pytest.mark.parametrize("minutes", [59, 1441])
def test_tests_of_an_image_have_a_time_within_bounds(minutes: int, world: World) -> None:
    inputs = {"infrastructureConfigurationArn": "arn:i", "imageRecipeArn": "arn:r"}
    failures = world.check(PIPELINE, **inputs, imageTestsConfiguration={"timeoutMinutes": minutes})[1]
    assert [failure.property for failure in failures] == ["imageTestsConfiguration.timeoutMinutes"]
