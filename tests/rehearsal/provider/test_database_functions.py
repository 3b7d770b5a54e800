"""What a preview asks of databases: which there are, what one is, which versions there are."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.plugin import ProviderError
from tests.rehearsal.provider.database_cases import INSTANCE, database
from tests.rehearsal.provider.test_functions import invoke
from tests.rehearsal.provider.world import PLAIN_DATABASE, World


def version(world: World, **args: Any) -> dict[str, Any]:
    return invoke(world, "getEngineVersion", "rds", engine="postgres", **args)


def test_an_instance_is_found_by_its_identifier(world: World) -> None:
    made = world.make(INSTANCE, **database(world))
    found = invoke(world, "getInstance", "rds", dbInstanceIdentifier=made.outputs["identifier"])
    for name in (
        "address", "allocatedStorage", "backupRetentionPeriod", "dbName", "endpoint", "engine",
        "engineVersion", "kmsKeyId", "masterUserSecrets", "multiAz", "port", "resourceId", "status",
        "storageEncrypted",
    ):  # fmt: skip
        assert found[name] == made.outputs[name], name
    assert found["masterUsername"] == "root" and found["dbInstanceArn"] == made.outputs["arn"]
    assert found["dbParameterGroups"] == ["default.postgres16"]
    assert found["vpcSecurityGroups"] == [world.groups[0].id]
    assert found["tags"] == {"Name": "thing", "owner": "platform"}


def test_an_instance_that_is_not_there_is_an_error_of_one_line(world: World) -> None:
    with pytest.raises(ProviderError, match="couldn't find resource") as missing:
        invoke(world, "getInstance", "rds", dbInstanceIdentifier="nothing")
    assert "\n" not in str(missing.value)


def test_instances_are_found_by_all_of_their_tags(world: World) -> None:
    tags = {"project": "immutable", "environment": f"e{world.number}"}
    made = [world.make(INSTANCE, **PLAIN_DATABASE, tags=tags) for _ in range(2)]
    world.make(INSTANCE, **PLAIN_DATABASE, tags={"project": "immutable"})
    found = invoke(world, "getInstances", "rds", tags=tags)
    assert sorted(found["instanceIdentifiers"]) == sorted(each.outputs["identifier"] for each in made)
    assert sorted(found["instanceArns"]) == sorted(each.outputs["arn"] for each in made)
    nobody = invoke(world, "getInstances", "rds", tags={**tags, "project": "other"})
    assert (nobody["instanceIdentifiers"], nobody["instanceArns"]) == ([], [])


def test_a_filter_of_instances_that_is_not_known_is_refused(world: World) -> None:
    with pytest.raises(ProviderError, match="no filter 'colour'"):
        invoke(world, "getInstances", "rds", filters=[{"name": "colour", "values": ["red"]}])


def test_a_version_says_its_family_and_where_it_may_go(world: World) -> None:
    found = version(world, version="16.4")
    assert (found["version"], found["versionActual"]) == ("16.4", "16.4")
    assert found["parameterGroupFamily"] == "postgres16"
    assert "16.6" in found["validMinorTargets"] and "17.4" in found["validMajorTargets"]
    assert "16.3" not in found["validUpgradeTargets"]
    assert "postgresql" in found["exportableLogTypes"]


def test_a_major_version_stands_for_its_latest(world: World) -> None:
    assert version(world, version="16", latest=True)["version"] == "16.10"
    assert version(world, preferredVersions=["99.1", "15.8"])["version"] == "15.8"


@pytest.mark.parametrize("wanted", ["16.99", "99", "1"])
def test_a_version_that_there_is_not_is_refused(wanted: str, world: World) -> None:
    with pytest.raises(ProviderError, match=f"no RDS engine versions match .*postgres {wanted}"):
        version(world, version=wanted)
