"""Proxies before databases: the proxy, its one target group, and the databases in it."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types import rds
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick, to_api

_RENAMES = {"iamAuth": "IAMAuth", "requireTls": "RequireTLS"}
_SETTINGS = ("debugLogging", "idleClientTimeout", "requireTls", "roleArn")
DEFAULT_GROUP = "default"


def _auths(news: Properties) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = to_api(news["auths"], _RENAMES)
    return said


def _facts(found: dict[str, Any], known: Properties) -> Properties:
    auths = [
        {
            key: each[api]
            for key, api in (
                ("authScheme", "AuthScheme"), ("clientPasswordAuthType", "ClientPasswordAuthType"),
                ("description", "Description"), ("iamAuth", "IAMAuth"), ("secretArn", "SecretArn"),
                ("username", "UserName"),
            )
            if each.get(api)
        }
        for each in found.get("Auth") or []
    ]  # fmt: skip
    return {
        "arn": found["DBProxyArn"],
        "name": found["DBProxyName"],
        "auths": auths,
        "debugLogging": bool(found.get("DebugLogging")),
        "endpoint": found["Endpoint"],
        "engineFamily": found["EngineFamily"],
        "idleClientTimeout": found["IdleClientTimeout"],
        "requireTls": bool(found.get("RequireTLS")),
        "roleArn": found["RoleArn"],
        "vpcSecurityGroupIds": found.get("VpcSecurityGroupIds") or [],
        "vpcSubnetIds": found["VpcSubnetIds"],
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    found = call.client("rds").create_db_proxy(
        DBProxyName=physical_name(news, max_length=63),
        EngineFamily=news["engineFamily"],
        Auth=_auths(news),
        VpcSubnetIds=news["vpcSubnetIds"],
        **to_api(pick(news, (*_SETTINGS, "vpcSecurityGroupIds")), _RENAMES),
        **rds.tagged(call, news),
    )["DBProxy"]
    return found["DBProxyName"], _facts(found, news)


def _complete(call: Call, name: str, news: Properties) -> Properties:
    def there() -> bool:
        found = call.client("rds").describe_db_proxies(DBProxyName=name)["DBProxies"][0]
        return bool(found["Status"] == "available")

    call.wait(there, f"RDS DB Proxy {name} to become available")
    return {}


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("rds").describe_db_proxies(DBProxyName=name)["DBProxies"][0]
    return {**_facts(found, known), "tagsAll": rds.tags_of(call, found["DBProxyArn"])}


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    request = to_api(pick(news, _SETTINGS), _RENAMES)
    if "vpcSecurityGroupIds" in changed:
        request["SecurityGroups"] = news.get("vpcSecurityGroupIds") or []
    call.client("rds").modify_db_proxy(DBProxyName=name, Auth=_auths(news), **request)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    call.client("rds").delete_db_proxy(DBProxyName=name)


PROXY = ResourceType(
    type_name="aws:rds/proxy:Proxy",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=rds.retag,
    inputs=words("name auths engineFamily vpcSubnetIds vpcSecurityGroupIds tags") | frozenset(_SETTINGS),
    required=("auths", "engineFamily", "roleArn", "vpcSubnetIds"),
    enums={
        "engineFamily": ("MYSQL", "POSTGRESQL", "SQLSERVER"),
        "auths[].authScheme": ("SECRETS",),
        "auths[].iamAuth": ("DISABLED", "ENABLED", "REQUIRED"),
    },
    ranges={"idleClientTimeout": (1, 28800)},
    lengths={"name": 63},
    defaults={"debugLogging": False, "requireTls": False},
    auto_name=AutoName(prefix_property=None, max_length=63),
    replaces=words("engineFamily vpcSubnetIds"),
    sets=words("auths vpcSubnetIds vpcSecurityGroupIds"),
    computed=("arn", "name", "endpoint", "idleClientTimeout", "vpcSecurityGroupIds"),
)

_POOL = (
    "connectionBorrowTimeout", "initQuery", "maxConnectionsPercent", "maxIdleConnectionsPercent",
    "sessionPinningFilters",
)  # fmt: skip


def _group(call: Call, proxy: str) -> dict[str, Any] | None:
    groups = call.client("rds").describe_db_proxy_target_groups(DBProxyName=proxy)["TargetGroups"]
    return next((each for each in groups if each.get("IsDefault")), None)


def _set_pool(call: Call, proxy: str, news: Properties) -> None:
    pool = to_api(pick(news.get("connectionPoolConfig") or {}, _POOL))
    call.client("rds").modify_db_proxy_target_group(
        DBProxyName=proxy, TargetGroupName=DEFAULT_GROUP, ConnectionPoolConfig=pool
    )


def _create_group(call: Call, news: Properties) -> tuple[str, Properties]:
    """The group comes with its proxy: it is taken over."""
    _set_pool(call, news["dbProxyName"], news)
    return news["dbProxyName"], _read_group(call, news["dbProxyName"], news) or {}


def _read_group(call: Call, proxy: str, known: Properties) -> Properties | None:
    found = _group(call, proxy)
    if found is None:
        return None
    pool = found.get("ConnectionPoolConfig") or {}
    said = {name: pool.get(name[:1].upper() + name[1:]) for name in _POOL}
    return {
        "arn": found["TargetGroupArn"],
        "name": found["TargetGroupName"],
        "dbProxyName": found["DBProxyName"],
        "connectionPoolConfig": {name: value for name, value in said.items() if value not in (None, [], "")},
    }


def _update_group(call: Call, proxy: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _set_pool(call, proxy, news)


def _leave(call: Call, proxy: str, outputs: Properties) -> None:
    """It goes with its proxy."""


TARGET_GROUP = ResourceType(
    type_name="aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
    create=_create_group,
    read=_read_group,
    update=_update_group,
    delete=_leave,
    inputs=words("dbProxyName connectionPoolConfig"),
    required=("dbProxyName",),
    ranges={
        "connectionPoolConfig.connectionBorrowTimeout": (0, 3600),
        "connectionPoolConfig.maxConnectionsPercent": (1, 100),
        "connectionPoolConfig.maxIdleConnectionsPercent": (0, 100),
    },
    replaces=words("dbProxyName"),
    computed=("arn", "name", "connectionPoolConfig"),
)


def _target(call: Call, resource_id: str) -> dict[str, Any] | None:
    parts = resource_id.split("/")
    if len(parts) != 4:
        raise ProviderError(
            f"{resource_id!r} is no proxy target: write PROXY/TARGET_GROUP/RDS_INSTANCE/IDENTIFIER"
        )
    found = call.client("rds").describe_db_proxy_targets(DBProxyName=parts[0])["Targets"]
    return next((each for each in found if each["RdsResourceId"] == parts[3]), None)


def _create_target(call: Call, news: Properties) -> tuple[str, Properties]:
    made = call.client("rds").register_db_proxy_targets(
        DBProxyName=news["dbProxyName"],
        TargetGroupName=news["targetGroupName"],
        DBInstanceIdentifiers=[news["dbInstanceIdentifier"]],
    )["DBProxyTargets"][0]
    where = f"{news['dbProxyName']}/{news['targetGroupName']}"
    return f"{where}/{made['Type']}/{made['RdsResourceId']}", _target_facts(made, news)


def _target_facts(found: dict[str, Any], known: Properties) -> Properties:
    return {
        "endpoint": found.get("Endpoint"),
        "port": found.get("Port"),
        "rdsResourceId": found["RdsResourceId"],
        "targetArn": found.get("TargetArn"),
        "type": found["Type"],
        "dbInstanceIdentifier": found["RdsResourceId"],
    }


def _read_target(call: Call, resource_id: str, known: Properties) -> Properties | None:
    found = _target(call, resource_id)
    if found is None:
        return None
    proxy, group = resource_id.split("/")[:2]
    return {**_target_facts(found, known), "dbProxyName": proxy, "targetGroupName": group}


def _delete_target(call: Call, resource_id: str, outputs: Properties) -> None:
    proxy, group, _, name = resource_id.split("/")
    call.client("rds").deregister_db_proxy_targets(
        DBProxyName=proxy, TargetGroupName=group, DBInstanceIdentifiers=[name]
    )


TARGET = ResourceType(
    type_name="aws:rds/proxyTarget:ProxyTarget",
    create=_create_target,
    read=_read_target,
    delete=_delete_target,
    inputs=words("dbInstanceIdentifier dbProxyName targetGroupName"),
    required=("dbProxyName", "targetGroupName"),
    one_of=(("dbInstanceIdentifier", "dbClusterIdentifier"),),
    replaces=words("dbInstanceIdentifier dbClusterIdentifier dbProxyName targetGroupName"),
    computed=("endpoint", "port", "rdsResourceId", "targetArn", "type"),
)

TYPES = (PROXY, TARGET_GROUP, TARGET)
