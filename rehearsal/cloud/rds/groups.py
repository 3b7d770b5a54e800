"""Subnet groups, parameter groups and event subscriptions: not deleted while in use, changed as asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moto.rds.exceptions import DBParameterGroupNotFoundError, SubscriptionNotFoundError
from moto.rds.models import DBParameterGroup, DBSubnetGroup, EventSubscription

from rehearsal.cloud.events import bus, topics
from rehearsal.cloud.rds import exceptions
from rehearsal.cloud.rds.backups import Backups

#: Parameters of PostgreSQL that take effect only after a reboot; of the many, those that people change.
STATIC_PARAMETERS = {
    "autovacuum_freeze_max_age", "autovacuum_max_workers", "hot_standby", "huge_pages", "max_connections",
    "max_locks_per_transaction", "max_prepared_transactions", "max_replication_slots", "max_wal_senders",
    "max_worker_processes", "pg_stat_statements.max", "rds.enable_plan_management",
    "rds.logical_replication", "shared_buffers", "shared_preload_libraries", "superuser_reserved_connections",
    "track_activity_query_size", "wal_buffers",
}  # fmt: skip

#: By moto's names, of the events that it has.
EVENT_IDS = {
    "DB_INSTANCE_BACKUP_START": "RDS-EVENT-0001",
    "DB_INSTANCE_BACKUP_FINISH": "RDS-EVENT-0002",
    "DB_INSTANCE_CREATE": "RDS-EVENT-0005",
    "DB_INSTANCE_RESET_MASTER_CREDENTIALS": "RDS-EVENT-0016",
    "DB_SNAPSHOT_CREATE_AUTOMATED_START": "RDS-EVENT-0090",
    "DB_SNAPSHOT_CREATE_AUTOMATED_FINISH": "RDS-EVENT-0091",
    "DB_SNAPSHOT_CREATE_MANUAL_START": "RDS-EVENT-0040",
    "DB_SNAPSHOT_CREATE_MANUAL_FINISH": "RDS-EVENT-0042",
}


class Groups(Backups):
    def create_subnet_group(
        self, subnet_name: str, description: str, subnets: list[Any], tags: list[dict[str, str]]
    ) -> DBSubnetGroup:
        if subnet_name in self.subnet_groups:
            raise exceptions.SubnetGroupExists(subnet_name)
        _check_zones(subnets)
        return super().create_subnet_group(subnet_name, description, subnets, tags)

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: list[Any]) -> DBSubnetGroup:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        if subnets:
            _check_zones(subnets)
            group.subnets = subnets
        if description is not None:
            group.description = description
        return group

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        users = [each for each in self.databases.values() if each._db_subnet_group_name == subnet_name]
        if users:
            raise exceptions.InUse(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                f"{users[0].db_instance_identifier} is still using it.",
            )
        return super().delete_subnet_group(subnet_name)

    def describe_db_parameter_groups(self, db_parameter_group_kwargs: Any) -> list[DBParameterGroup]:
        name = db_parameter_group_kwargs.get("db_parameter_group_name")
        if name and name not in self.db_parameter_groups:
            raise DBParameterGroupNotFoundError(name)
        return [self.db_parameter_groups[name]] if name else list(self.db_parameter_groups.values())

    def modify_db_parameter_group(
        self, db_parameter_group_name: str, db_parameter_group_parameters: Iterable[dict[str, Any]]
    ) -> DBParameterGroup:
        wanted = list(db_parameter_group_parameters)
        for each in wanted:
            if each.get("ApplyMethod") == "immediate" and each["ParameterName"] in STATIC_PARAMETERS:
                raise exceptions.InvalidParameterCombination(
                    "cannot use immediate apply method for static parameter"
                )
            each["Source"] = "user"
        return super().modify_db_parameter_group(db_parameter_group_name, wanted)

    def reset_parameters(self, name: str, parameters: list[dict[str, Any]], everything: bool) -> str:
        group = self.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
        if everything:
            group.parameters.clear()
        for each in parameters:
            group.parameters.pop(each["ParameterName"], None)
        return name

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        for each in self.databases.values():
            if each.db_parameter_group_name == db_parameter_group_name:
                raise exceptions.InUse(
                    "InvalidDBParameterGroupState",
                    "One or more database instances are still members of this parameter group "
                    f"{db_parameter_group_name}, so the group cannot be deleted",
                )
        return super().delete_db_parameter_group(db_parameter_group_name)

    def modify_event_subscription(self, name: str, changes: dict[str, Any]) -> EventSubscription:
        found = self.event_subscriptions.get(name)
        if found is None:
            raise SubscriptionNotFoundError(name)
        for attribute, value in changes.items():
            if value is not None:
                setattr(found, attribute, value)
        return found

    def change_sources(self, name: str, source: str, add: bool) -> EventSubscription:
        """The instances whose events a subscription tells; none means all."""
        found = self.event_subscriptions.get(name)
        if found is None:
            raise SubscriptionNotFoundError(name)
        found.source_ids = [each for each in found.source_ids if each != source] + ([source] if add else [])
        return found

    def add_event(self, event_type: str, resource: Any) -> None:
        """Tell the topics whose subscriptions it fits, and EventBridge."""
        super().add_event(event_type, resource)
        event = self.events[-1]
        message = {
            "Event Source": event.source_type,
            "Event Time": event.date.isoformat(sep=" "),
            "Source ID": event.source_identifier,
            "Source ARN": event.source_arn,
            "Event Message": event.message,
        }
        self._send(event_type, event)
        for each in self.event_subscriptions.values():
            if (
                each.enabled is not False
                and each.source_type in (None, "", event.source_type)
                and (not each.source_ids or event.source_identifier in each.source_ids)
                and (not each.event_categories or set(each.event_categories) & set(event.event_categories))
            ):
                topics.publish(str(each.sns_topic_arn), "RDS Notification Message", json.dumps(message))

    def _send(self, event_type: str, event: Any) -> None:
        """Source: "Overview of events for Amazon RDS"."""
        if event_type not in EVENT_IDS:
            return
        kind = "SNAPSHOT" if event.source_type == "db-snapshot" else "DB_INSTANCE"
        detail = {
            "EventCategories": event.event_categories,
            "SourceType": kind,
            "SourceArn": event.source_arn,
            "Date": bus.iso(event.date),
            "Message": event.message,
            "SourceIdentifier": event.source_identifier,
            "EventID": EVENT_IDS[event_type],
        }
        name = "RDS DB Snapshot Event" if kind == "SNAPSHOT" else "RDS DB Instance Event"
        bus.send(self.region_name, "aws.rds", name, [event.source_arn], detail)


def _check_zones(subnets: list[Any]) -> None:
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise exceptions.SubnetGroupCoverage
