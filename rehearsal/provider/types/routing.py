"""Route tables, routes, and which subnet follows which table."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

import zlib
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.values import pick, to_api

_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
_TARGETS = (
    "gatewayId", "natGatewayId", "networkInterfaceId", "transitGatewayId", "vpcEndpointId",
    "vpcPeeringConnectionId", "egressOnlyGatewayId", "carrierGatewayId", "localGatewayId",
)  # fmt: skip
_RENAMES = {"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"}
# An inline route of a RouteTable says `cidrBlock` where a Route says `destinationCidrBlock`.
_INLINE = {
    "cidrBlock": "destinationCidrBlock",
    "ipv6CidrBlock": "destinationIpv6CidrBlock",
    "destinationPrefixListId": "destinationPrefixListId",
}


def _table(call: Call, table_id: str) -> dict[str, Any] | None:
    found = call.client("ec2").describe_route_tables(RouteTableIds=[table_id])["RouteTables"]
    return found[0] if found else None


def _table_facts(call: Call, found: dict[str, Any]) -> Properties:
    owner = found.get("OwnerId") or call.account_id()
    return {
        "arn": ec2.arn(call, owner, "route-table", found["RouteTableId"]),
        "ownerId": owner,
        "vpcId": found["VpcId"],
        "tagsAll": ec2.tags_of(found),
    }


def _create_table(call: Call, news: Properties) -> tuple[str, Properties]:
    tags = ec2.tag_specification("route-table", call.tags(news))
    found = call.client("ec2").create_route_table(VpcId=news["vpcId"], **tags)["RouteTable"]
    return found["RouteTableId"], _table_facts(call, found)


def _complete_table(call: Call, table_id: str, news: Properties) -> Properties:
    for route in news.get("routes") or []:
        call.client("ec2").create_route(RouteTableId=table_id, **_route_request(_outline(route)))
    return {}


def _outline(route: Properties) -> Properties:
    """An inline route in the words of a Route."""
    return {_INLINE.get(key, key): value for key, value in route.items() if value}


def _read_table(call: Call, table_id: str, known: Properties) -> Properties | None:
    found = _table(call, table_id)
    if found is None:
        return None
    facts = _table_facts(call, found)
    # Routes are reported only to a program that manages them here: those made as Routes are not this type's.
    if known.get("routes"):
        back = {value: key for key, value in _INLINE.items()}
        facts["routes"] = [
            {back.get(key, key): value for key, value in _route_facts(route).items() if key in _ROUTE_INPUTS}
            for route in found["Routes"]
            if route.get("GatewayId") != "local"
        ]
    return facts


def _update_table(
    call: Call, table_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    if "routes" in changed:
        for route in old.get("routes") or []:
            call.client("ec2").delete_route(
                RouteTableId=table_id, **to_api(pick(_outline(route), _DESTINATIONS))
            )
        _complete_table(call, table_id, news)


def _delete_table(call: Call, table_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_route_table(RouteTableId=table_id)


ROUTE_TABLE = ResourceType(
    type_name="aws:ec2/routeTable:RouteTable",
    create=_create_table,
    complete=_complete_table,
    read=_read_table,
    update=_update_table,
    delete=_delete_table,
    retag=ec2.retag,
    inputs=words("vpcId tags"),
    required=("vpcId",),
    replaces=words("vpcId"),
    sets=words("routes"),
    computed=("arn", "ownerId"),
)

_ROUTE_INPUTS = (*_DESTINATIONS, *_TARGETS)


def _route_request(news: Properties) -> dict[str, Any]:
    request: dict[str, Any] = to_api(pick(news, _ROUTE_INPUTS), _RENAMES)
    return request


def _destination(properties: Properties) -> tuple[str, str]:
    name = next((name for name in _DESTINATIONS if properties.get(name)), _DESTINATIONS[0])
    return name, str(properties.get(name, ""))


def _route_facts(route: dict[str, Any]) -> Properties:
    facts: Properties = {}
    for name in _ROUTE_INPUTS:
        facts[name] = route.get(_RENAMES.get(name, name[:1].upper() + name[1:]))
    facts |= {"origin": route.get("Origin"), "state": route.get("State")}
    return facts


def _create_route(call: Call, news: Properties) -> tuple[str, Properties]:
    table_id = news["routeTableId"]
    call.client("ec2").create_route(RouteTableId=table_id, **_route_request(news))
    _, destination = _destination(news)
    # The real provider's ID: the table and a checksum of the destination.
    route_id = f"r-{table_id}{zlib.crc32(destination.encode())}"
    return route_id, {"origin": "CreateRoute", "state": "active"}


def _read_route(call: Call, route_id: str, known: Properties) -> Properties | None:
    found = _table(call, known.get("routeTableId", ""))
    name, destination = _destination(known)
    key = name[:1].upper() + name[1:]
    route = next((route for route in (found or {}).get("Routes", []) if route.get(key) == destination), None)
    return _route_facts(route) if route else None


def _update_route(
    call: Call, route_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    call.client("ec2").replace_route(RouteTableId=news["routeTableId"], **_route_request(news))


def _delete_route(call: Call, route_id: str, outputs: Properties) -> None:
    name, destination = _destination(outputs)
    call.client("ec2").delete_route(RouteTableId=outputs["routeTableId"], **to_api({name: destination}))


ROUTE = ResourceType(
    type_name="aws:ec2/route:Route",
    create=_create_route,
    read=_read_route,
    update=_update_route,
    delete=_delete_route,
    inputs=words("routeTableId") | frozenset(_ROUTE_INPUTS),
    required=("routeTableId",),
    one_of=(_DESTINATIONS, _TARGETS),
    replaces=words("routeTableId") | frozenset(_DESTINATIONS),
    computed=("origin", "state"),
    delete_before_replace=True,
)


def _association(call: Call, association_id: str, known: Properties) -> tuple[str, dict[str, Any]] | None:
    """The association's present ID and description: AWS gives it a new ID when it moves to another table."""
    subnet_id, gateway_id = known.get("subnetId"), known.get("gatewayId")
    by_id = ec2.filters(**{"association.route-table-association-id": association_id})
    by_subnet = ec2.filters(**{"association.subnet-id": subnet_id}) if subnet_id else by_id
    for table in call.client("ec2").describe_route_tables(Filters=by_subnet)["RouteTables"]:
        for association in table.get("Associations", []):
            present = association["RouteTableAssociationId"]
            if present == association_id or (
                (subnet_id and association.get("SubnetId") == subnet_id)
                or (gateway_id and association.get("GatewayId") == gateway_id)
            ):
                return present, association
    return None


def _create_association(call: Call, news: Properties) -> tuple[str, Properties]:
    request = to_api(pick(news, ("routeTableId", "subnetId", "gatewayId")))
    return call.client("ec2").associate_route_table(**request)["AssociationId"], {}


def _read_association(call: Call, association_id: str, known: Properties) -> Properties | None:
    found = _association(call, association_id, known)
    if found is None:
        return None
    return {
        "routeTableId": found[1]["RouteTableId"],
        "subnetId": found[1].get("SubnetId"),
        "gatewayId": found[1].get("GatewayId"),
    }


def _update_association(
    call: Call, association_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    found = _association(call, association_id, old)
    call.client("ec2").replace_route_table_association(
        AssociationId=found[0] if found else association_id, RouteTableId=news["routeTableId"]
    )


def _delete_association(call: Call, association_id: str, outputs: Properties) -> None:
    found = _association(call, association_id, outputs)
    if found:
        call.client("ec2").disassociate_route_table(AssociationId=found[0])


ROUTE_TABLE_ASSOCIATION = ResourceType(
    type_name="aws:ec2/routeTableAssociation:RouteTableAssociation",
    create=_create_association,
    read=_read_association,
    update=_update_association,
    delete=_delete_association,
    inputs=words("routeTableId subnetId gatewayId"),
    required=("routeTableId",),
    one_of=(("subnetId", "gatewayId"),),
    replaces=words("subnetId gatewayId"),
    delete_before_replace=True,
)

TYPES = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
