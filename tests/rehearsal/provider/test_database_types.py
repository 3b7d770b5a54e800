"""What is particular to databases: where they come from, what is refused, what a deletion leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.plugin import UNKNOWN, ProviderError
from tests.rehearsal.provider.database_cases import INSTANCE, database, instance_now
from tests.rehearsal.provider.world import PLAIN_DATABASE, Made, World


def plain(world: World, **more: Any) -> Made:
    return world.make(INSTANCE, **{**PLAIN_DATABASE, **more})


def restored(world: World, source: dict[str, Any], **more: Any) -> Made:
    settings = {"instanceClass": "db.t4g.micro", "skipFinalSnapshot": True, "applyImmediately": True}
    return world.make(INSTANCE, **settings, **source, **more)


def test_an_instance_has_its_resource_id_for_an_id_and_an_endpoint(world: World) -> None:
    made = world.make(INSTANCE, **database(world))
    assert made.id == made.outputs["resourceId"] and made.id.startswith("db-")
    assert made.outputs["status"] == "available"
    assert made.outputs["endpoint"] == f"{made.outputs['address']}:5432"
    assert made.outputs["identifier"] in made.outputs["arn"]


def test_the_managed_password_is_in_a_secret_of_the_customers_key_and_in_no_output(world: World) -> None:
    made = world.make(INSTANCE, **database(world))
    [secret] = made.outputs["masterUserSecrets"]
    assert secret["kmsKeyId"] == world.key.outputs["arn"]
    client = world.client("secretsmanager")
    value = json.loads(client.get_secret_value(SecretId=secret["secretArn"])["SecretString"])
    assert value["username"] == "root" and value["password"] not in json.dumps(made.outputs)
    made.delete()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_secret_value(SecretId=secret["secretArn"])


@pytest.mark.parametrize("missing", ["allocatedStorage", "engine", "username"])
def test_a_new_database_needs_what_a_restored_one_inherits(missing: str, world: World) -> None:
    inputs = {name: value for name, value in PLAIN_DATABASE.items() if name != missing}
    with pytest.raises(ProviderError, match=f"'{missing}': required field is not set"):
        world.make(INSTANCE, **inputs)


def test_a_protected_database_is_not_deleted(world: World) -> None:
    made = plain(world, deletionProtection=True)
    with pytest.raises(ProviderError, match="InvalidParameterCombination: Cannot delete protected DB Inst"):
        made.delete()
    assert made.read() is not None
    made.update({"deletionProtection": False, "applyImmediately": True})
    made.delete()
    assert made.read() is None


def test_a_database_without_a_final_snapshot_is_deleted_only_if_the_program_says_so(world: World) -> None:
    made = plain(world, skipFinalSnapshot=False)
    with pytest.raises(ProviderError, match="finalSnapshotIdentifier is required"):
        made.delete()
    assert made.read() is not None
    made.update({"finalSnapshotIdentifier": f"final-{world.number}"})
    made.delete()
    found = world.client("rds").describe_db_snapshots(DBSnapshotIdentifier=f"final-{world.number}")
    assert found["DBSnapshots"][0]["DBInstanceIdentifier"] == made.outputs["identifier"]


def test_a_final_snapshot_whose_name_is_taken_keeps_the_database(world: World) -> None:
    name = f"taken-{world.number}"
    first, second = (plain(world, skipFinalSnapshot=False, finalSnapshotIdentifier=name) for _ in range(2))
    first.delete()
    with pytest.raises(ProviderError, match="DBSnapshotAlreadyExists"):
        second.delete()
    assert second.read() is not None


def test_a_snapshot_becomes_a_database_with_settings_of_its_own(world: World) -> None:
    source = world.make(INSTANCE, **database(world))
    name = f"snap-{world.next()}"
    world.make("aws:rds/snapshot:Snapshot", dbInstanceIdentifier=source.outputs["identifier"],
               dbSnapshotIdentifier=name)  # fmt: skip
    made = restored(
        world, {"snapshotIdentifier": name}, dbSubnetGroupName=world.subnet_group.id, maxAllocatedStorage=200,
        backupRetentionPeriod=3, manageMasterUserPassword=True, deletionProtection=True,
    )  # fmt: skip
    found = instance_now(world, made)
    assert found["DBName"] == "main" and found["KmsKeyId"] == world.key.outputs["arn"]
    assert (found["BackupRetentionPeriod"], found["DeletionProtection"]) == (3, True)
    assert found["MaxAllocatedStorage"] == 200
    assert found["MasterUserSecret"]["SecretArn"] != source.outputs["masterUserSecrets"][0]["secretArn"]
    state = made.read()
    assert state is not None and state.outputs == made.outputs


def test_a_database_is_restored_to_a_point_in_time(world: World) -> None:
    source = plain(world)
    where = {"sourceDbInstanceIdentifier": source.outputs["identifier"], "useLatestRestorableTime": True}
    made = restored(world, {"restoreToPointInTime": where})
    assert made.outputs["username"] == "root" and made.outputs["allocatedStorage"] == 20
    early = {**where, "useLatestRestorableTime": None, "restoreTime": "2001-01-01T00:00:00Z"}
    with pytest.raises(ProviderError, match=r"InvalidRestoreFault.*not within the restore window"):
        restored(world, {"restoreToPointInTime": {key: each for key, each in early.items() if each}})


def test_backups_that_outlive_their_database_restore_it(world: World) -> None:
    source = plain(world, deleteAutomatedBackups=False)
    source.delete()
    where = {"sourceDbiResourceId": source.id, "useLatestRestorableTime": True}
    made = restored(world, {"restoreToPointInTime": where})
    assert made.outputs["engine"] == "postgres" and made.id != source.id


def test_a_replica_follows_its_source_until_it_is_promoted(world: World) -> None:
    source = plain(world)
    made = restored(world, {"replicateSourceDb": source.outputs["identifier"]})
    assert instance_now(world, source)["ReadReplicaDBInstanceIdentifiers"] == [made.outputs["identifier"]]
    assert made.outputs["engineVersion"] == source.outputs["engineVersion"]
    made.update({"replicateSourceDb": None, "backupRetentionPeriod": 3})
    assert instance_now(world, source)["ReadReplicaDBInstanceIdentifiers"] == []
    found = instance_now(world, made)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in found and found["BackupRetentionPeriod"] == 3


def test_replicas_of_a_database_with_a_managed_password_or_without_backups_are_refused(world: World) -> None:
    for source, why in (
        (world.make(INSTANCE, **database(world)), "managed in AWS Secrets Manager"),
        (plain(world, backupRetentionPeriod=0), "Automated backups are not enabled"),
    ):
        with pytest.raises(ProviderError, match=why):
            restored(world, {"replicateSourceDb": source.outputs["identifier"]})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"engineVersion": "16.3"}, "Cannot upgrade postgres from 16.4 to 16.3"),
        ({"engineVersion": "16.99"}, "Cannot find version 16.99 for postgres"),
        ({"engineVersion": "17.4"}, "AllowMajorVersionUpgrade flag must be present"),
        ({"allocatedStorage": 21, "maxAllocatedStorage": None, "storageType": "io1"}, "Invalid storage size"),
        ({"instanceClass": "t4g.micro"}, "Invalid DB Instance class: t4g.micro"),
    ],
)
def test_a_change_that_rds_refuses_changes_nothing(change: dict[str, Any], why: str, world: World) -> None:
    made = world.make(INSTANCE, **database(world))
    with pytest.raises(ProviderError, match=why):
        made.update(change)
    state = made.read()
    assert state is not None and state.outputs == made.outputs


def test_a_major_upgrade_that_is_allowed_is_made(world: World) -> None:
    made = world.make(INSTANCE, **database(world))
    made.update({"engineVersion": "17.4", "allowMajorVersionUpgrade": True})
    assert made.outputs["engineVersionActual"] == "17.4"


def test_a_major_version_is_no_difference_to_the_version_that_runs(world: World) -> None:
    made = plain(world, engineVersion="16")
    assert (made.outputs["engineVersion"], made.outputs["engineVersionActual"]) == ("16", "16.10")


def test_storage_that_rds_enlarged_is_no_difference(world: World) -> None:
    made = plain(world, maxAllocatedStorage=100)
    name = made.outputs["identifier"]
    world.client("rds").modify_db_instance(
        DBInstanceIdentifier=name, AllocatedStorage=30, ApplyImmediately=True
    )
    state = made.read()
    assert state is not None and state.outputs["allocatedStorage"] == 20


def test_an_instance_that_was_renamed_is_still_the_same(world: World) -> None:
    made = plain(world)
    made.update({"identifier": f"renamed-{world.number}", "applyImmediately": True})
    assert made.outputs["identifier"] == f"renamed-{world.number}"
    state = made.read()
    assert state is not None and state.outputs["resourceId"] == made.id


def test_a_previewed_upgrade_knows_that_the_version_will_be_another(world: World) -> None:
    made = world.make(INSTANCE, **database(world))
    assert made.update({"engineVersion": "16.6"}, preview=True)["engineVersionActual"] == UNKNOWN


@pytest.mark.parametrize(
    ("inputs", "wrong"),
    [
        ({"backupRetentionPeriod": 36}, "backupRetentionPeriod"),
        ({"monitoringInterval": 7}, "monitoringInterval"),
        ({"storageType": "floppy"}, "storageType"),
        ({"instanceClass": None}, "instanceClass"),
    ],
)
def test_inputs_of_an_instance_that_the_real_provider_refuses(
    inputs: dict[str, Any], wrong: str, world: World
) -> None:
    given = {name: value for name, value in {**PLAIN_DATABASE, **inputs}.items() if value is not None}
    assert [failure.property for failure in world.check(INSTANCE, **given)[1]] == [wrong]


@pytest.mark.parametrize("kind", ["subnetGroup:SubnetGroup", "parameterGroup:ParameterGroup"])
def test_a_group_in_use_is_not_deleted(kind: str, world: World) -> None:
    inputs = {"subnetIds": world.subnet_ids} if "Subnet" in kind else {"family": "postgres16"}
    group = world.make(f"aws:rds/{kind}", **inputs)
    use = {"dbSubnetGroupName" if "Subnet" in kind else "parameterGroupName": group.id}
    made = plain(world, engineVersion="16.4", **use)
    with pytest.raises(ProviderError, match=r"InvalidDB(SubnetGroup|ParameterGroup)State"):
        group.delete()
    made.delete()
    group.delete()
    assert group.read() is None


def test_a_static_parameter_waits_for_a_reboot(world: World) -> None:
    parameter = {"name": "max_connections", "value": "200"}
    with pytest.raises(ProviderError, match="cannot use immediate apply method for static parameter"):
        world.make("aws:rds/parameterGroup:ParameterGroup", family="postgres16", parameters=[parameter])
    waiting = [{**parameter, "applyMethod": "pending-reboot"}]
    made = world.make("aws:rds/parameterGroup:ParameterGroup", family="postgres16", parameters=waiting)
    assert made.read() is not None


def by_copy(world: World, **more: Any) -> Made:
    return plain(world, engineVersion="16.4", blueGreenUpdate={"enabled": True}, **more)


def test_a_change_by_a_copy_keeps_name_and_address_and_is_another_instance(world: World) -> None:
    made = by_copy(world, backupRetentionPeriod=2)
    address, before = made.outputs["address"], made.outputs["resourceId"]
    made.update({"engineVersion": "16.6", "instanceClass": "db.t4g.large"})
    assert made.outputs["address"] == address and made.outputs["resourceId"] != before
    found = instance_now(world, made)
    assert (found["EngineVersion"], found["DBInstanceClass"]) == ("16.6", "db.t4g.large")
    name = made.outputs["identifier"]
    names = [
        each["DBInstanceIdentifier"] for each in world.client("rds").describe_db_instances()["DBInstances"]
    ]
    assert [each for each in names if each.startswith(name)] == [name]
    state = made.read()
    assert state is not None and state.outputs == made.outputs
    made.update({"instanceClass": "db.t4g.micro"})
    made.delete()
    assert made.read() is None


def test_a_change_by_a_copy_loses_the_protection_until_the_next_update(world: World) -> None:
    made = by_copy(world, deletionProtection=True)
    made.update({"engineVersion": "16.6"})
    state = made.read()
    assert state is not None and state.inputs is not None
    assert state.inputs["deletionProtection"] is False
    made.inputs, made.outputs = state.inputs, state.outputs
    made.update({"deletionProtection": True, "applyImmediately": True})
    assert instance_now(world, made)["DeletionProtection"] is True


def test_protection_alone_needs_no_copy(world: World) -> None:
    made = by_copy(world)
    before = made.outputs["resourceId"]
    made.update({"deletionProtection": True, "applyImmediately": True})
    assert made.outputs["resourceId"] == before


def test_a_copy_that_cannot_be_changed_goes_and_the_database_stays(world: World) -> None:
    made = by_copy(world)
    before = made.outputs["resourceId"]
    with pytest.raises(ProviderError, match="Invalid DB Instance class: t4g"):
        made.update({"engineVersion": "16.6", "instanceClass": "t4g"})
    state = made.read()
    assert state is not None
    assert (state.outputs["resourceId"], state.outputs["engineVersion"]) == (before, "16.4")
    assert world.client("rds").describe_blue_green_deployments()["BlueGreenDeployments"] == []


def test_a_copy_of_a_database_with_replicas_is_refused(world: World) -> None:
    made = by_copy(world)
    restored(world, {"replicateSourceDb": made.outputs["identifier"]})
    with pytest.raises(ProviderError, match="SourceDatabaseNotSupportedFault"):
        made.update({"engineVersion": "16.6"})
