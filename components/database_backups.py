"""Copies of a database's automated backups in another region, from where it can be restored too."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi import Output, ResourceOptions
from pulumi_aws import rds

from .args import Late
from .database_key import database_key


def backup_copies(
    name: str,
    region: str,
    *,
    owner_arn: Late,
    instance_arn: Output[str],
    retention_days: int,
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> None:
    """Snapshots and logs of each transaction go to `region` as they are made, under a key of that region.

    They stay for as long as the ones at home, also when the database is gone.
    """
    child_name = f"{name}-{region}"
    key = database_key(child_name, owner_arn, tags, opts, region=region)
    rds.InstanceAutomatedBackupsReplication(
        child_name,
        region=region,
        source_db_instance_arn=instance_arn,
        kms_key_id=key.arn,
        retention_period=retention_days,
        opts=opts,
    )
