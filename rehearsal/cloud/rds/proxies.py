"""Proxies and the databases that they stand before."""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBProxy, DBProxyTarget, DBProxyTargetGroup

from rehearsal.cloud.rds import exceptions
from rehearsal.cloud.rds.groups import Groups

DEFAULT_GROUP = "default"


class Proxies(Groups):
    def _proxy(self, name: str, group: str | None = None) -> DBProxy:
        if name not in self.db_proxies:
            raise exceptions.ProxyNotFound(name)
        if group not in (None, DEFAULT_GROUP):
            raise exceptions.TargetGroupNotFound(str(group))
        return self.db_proxies[name]

    def modify_db_proxy(self, name: str, changes: dict[str, Any]) -> DBProxy:
        proxy = self._proxy(name)
        new_name = changes.pop("new_db_proxy_name", None)
        for attribute, value in changes.items():
            if value is not None:
                setattr(
                    proxy, "vpc_security_group_ids" if attribute == "security_groups" else attribute, value
                )
        if new_name:
            del self.db_proxies[name]
            proxy.db_proxy_name = new_name
            self.db_proxies[new_name] = proxy
        return proxy

    def delete_db_proxy(self, proxy_name: str) -> DBProxy:
        self._proxy(proxy_name)
        return super().delete_db_proxy(proxy_name)

    def register_db_proxy_targets(
        self,
        db_proxy_name: str,
        target_group_name: str,
        db_cluster_identifiers: list[str],
        db_instance_identifiers: list[str],
    ) -> list[DBProxyTarget]:
        proxy = self._proxy(db_proxy_name, target_group_name)
        registered = {each.rds_resource_id for each in proxy.proxy_target_groups[DEFAULT_GROUP].targets}
        for name in db_instance_identifiers:
            self.describe_db_instances(name)
            if name in registered:
                raise exceptions.ProxyTargetAlreadyRegistered(name)
        made: list[DBProxyTarget] = super().register_db_proxy_targets(
            db_proxy_name, target_group_name, db_cluster_identifiers, db_instance_identifiers
        )
        for each in made:
            if each.type == "RDS_INSTANCE":
                instance = self.databases[each.rds_resource_id]
                each.endpoint, each.port = instance.address, int(instance.port or 0)
                each.target_arn = instance.db_instance_arn
                each.role = "READ_WRITE"
        return made

    def describe_db_proxy_targets(self, proxy_name: str) -> list[DBProxyTarget]:
        """What was deleted since is no target."""
        targets = self._proxy(proxy_name).proxy_target_groups[DEFAULT_GROUP].targets
        return [
            each for each in targets if each.type != "RDS_INSTANCE" or each.rds_resource_id in self.databases
        ]

    def deregister_db_proxy_targets(
        self,
        db_proxy_name: str,
        target_group_name: str,
        db_cluster_identifiers: list[str],
        db_instance_identifiers: list[str],
    ) -> None:
        self._proxy(db_proxy_name, target_group_name)
        super().deregister_db_proxy_targets(
            db_proxy_name, target_group_name, db_cluster_identifiers, db_instance_identifiers
        )

    def describe_db_proxy_target_groups(self, proxy_name: str) -> list[DBProxyTargetGroup]:
        self._proxy(proxy_name)
        groups: list[DBProxyTargetGroup] = super().describe_db_proxy_target_groups(proxy_name)
        return groups
