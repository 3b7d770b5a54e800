"""VPC endpoints and flow logs: how a network reaches AWS without the internet, and what it writes down."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types import ec2
from rehearsal.provider.values import from_api, pick, to_api

_ENDPOINT_SETS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}


def _endpoint(call: Call, endpoint_id: str) -> dict[str, Any] | None:
    found = call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    return found[0] if found and found[0].get("State") != "deleted" else None


def _endpoint_facts(call: Call, found: dict[str, Any]) -> Properties:
    owner = found.get("OwnerId") or call.account_id()
    groups = [group["GroupId"] for group in found.get("Groups") or []]
    return {
        "arn": ec2.arn(call, owner, "vpc-endpoint", found["VpcEndpointId"]),
        "ownerId": owner,
        "vpcId": found["VpcId"],
        "serviceName": found["ServiceName"],
        "vpcEndpointType": found.get("VpcEndpointType", "Gateway"),
        "state": found.get("State", "available"),
        "policy": found.get("PolicyDocument"),
        "privateDnsEnabled": found.get("PrivateDnsEnabled", False),
        "routeTableIds": found.get("RouteTableIds") or [],
        "subnetIds": found.get("SubnetIds") or [],
        **({"securityGroupIds": groups} if groups else {}),
        "networkInterfaceIds": found.get("NetworkInterfaceIds") or [],
        "dnsEntries": [
            {"dnsName": entry.get("DnsName", ""), "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in found.get("DnsEntries") or []
        ],
        "requesterManaged": found.get("RequesterManaged", False),
        "tagsAll": ec2.tags_of(found),
    }


def _prefix_list(call: Call, properties: Properties) -> Properties:
    """A gateway endpoint's prefix list: the service's addresses, as rules can name them."""
    if properties.get("vpcEndpointType", "Gateway") != "Gateway":
        return {}
    lists = call.client("ec2").describe_managed_prefix_lists(
        Filters=ec2.filters(**{"prefix-list-name": properties["serviceName"]})
    )["PrefixLists"]
    return {"prefixListId": lists[0]["PrefixListId"]} if lists else {}


def _create_endpoint(call: Call, news: Properties) -> tuple[str, Properties]:
    names = ("vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", *_ENDPOINT_SETS)
    request = to_api(
        {**pick(news, names), **({"policyDocument": news["policy"]} if news.get("policy") else {})}
    )
    tags = ec2.tag_specification("vpc-endpoint", call.tags(news))
    found = call.client("ec2").create_vpc_endpoint(**request, **tags)["VpcEndpoint"]
    return found["VpcEndpointId"], _endpoint_facts(call, found)


def _complete_endpoint(call: Call, endpoint_id: str, news: Properties) -> Properties:
    return _prefix_list(call, news)


def _read_endpoint(call: Call, endpoint_id: str, known: Properties) -> Properties | None:
    found = _endpoint(call, endpoint_id)
    if found is None:
        return None
    facts = _endpoint_facts(call, found)
    return {**facts, **_prefix_list(call, facts)}


def _update_endpoint(
    call: Call, endpoint_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    request: dict[str, Any] = {}
    for name, api in _ENDPOINT_SETS.items():
        if name in changed:
            before, after = set(old.get(name) or ()), set(news.get(name) or ())
            if after - before:
                request[f"Add{api}"] = sorted(after - before)
            if before - after:
                request[f"Remove{api}"] = sorted(before - after)
    if "policy" in changed:
        request |= {"PolicyDocument": news["policy"]} if news.get("policy") else {"ResetPolicy": True}
    if "privateDnsEnabled" in changed:
        request["PrivateDnsEnabled"] = bool(news.get("privateDnsEnabled"))
    if request:
        call.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint_id, **request)


def _delete_endpoint(call: Call, endpoint_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    call.wait(lambda: _endpoint(call, endpoint_id) is None, f"deletion of VPC endpoint {endpoint_id}")


VPC_ENDPOINT = ResourceType(
    type_name="aws:ec2/vpcEndpoint:VpcEndpoint",
    create=_create_endpoint,
    complete=_complete_endpoint,
    read=_read_endpoint,
    update=_update_endpoint,
    delete=_delete_endpoint,
    retag=ec2.retag,
    inputs=words(
        "vpcId serviceName vpcEndpointType policy privateDnsEnabled routeTableIds subnetIds"
        " securityGroupIds tags"
    ),
    required=("vpcId",),
    one_of=(("serviceName", "resourceConfigurationArn", "serviceNetworkArn"),),
    enums={
        "vpcEndpointType": ("Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),
        "ipAddressType": ("ipv4", "dualstack", "ipv6"),
    },
    defaults={"vpcEndpointType": "Gateway"},
    replaces=words("vpcId serviceName vpcEndpointType serviceRegion"),
    documents=words("policy"),
    sets=words("routeTableIds subnetIds securityGroupIds"),
    computed=(
        "arn", "ownerId", "state", "policy", "privateDnsEnabled", "routeTableIds", "subnetIds",
        "securityGroupIds", "networkInterfaceIds", "dnsEntries", "prefixListId", "requesterManaged",
    ),
    refreshed={"networkInterfaceIds": words("subnetIds"), "dnsEntries": words("subnetIds privateDnsEnabled")},
)  # fmt: skip

_MONITORED = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
}


def _create_flow_log(call: Call, news: Properties) -> tuple[str, Properties]:
    monitored = next(name for name in _MONITORED if news.get(name))
    names = ("trafficType", "logDestination", "logDestinationType", "logFormat", "maxAggregationInterval")
    request = to_api(pick(news, names))
    if news.get("iamRoleArn"):
        request["DeliverLogsPermissionArn"] = news["iamRoleArn"]
    if news.get("destinationOptions"):
        request["DestinationOptions"] = to_api(news["destinationOptions"])
    answer = call.client("ec2").create_flow_logs(
        ResourceIds=[news[monitored]],
        ResourceType=_MONITORED[monitored],
        **request,
        **ec2.tag_specification("vpc-flow-log", call.tags(news)),
    )
    for refusal in answer.get("Unsuccessful", []):
        error = refusal["Error"]
        raise ProviderError(
            f"creating aws:ec2/flowLog:FlowLog '{call.name}': {error['Code']}: {error['Message']}"
        )
    flow_log_id = answer["FlowLogIds"][0]
    return flow_log_id, {"arn": ec2.arn(call, call.account_id(), "vpc-flow-log", flow_log_id)}


def _read_flow_log(call: Call, flow_log_id: str, known: Properties) -> Properties | None:
    found = call.client("ec2").describe_flow_logs(FlowLogIds=[flow_log_id])["FlowLogs"]
    if not found:
        return None
    log = found[0]
    monitored = next((name for name in _MONITORED if known.get(name)), "vpcId")
    return {
        "arn": ec2.arn(call, call.account_id(), "vpc-flow-log", flow_log_id),
        monitored: log["ResourceId"],
        "trafficType": log.get("TrafficType"),
        "logDestinationType": log.get("LogDestinationType"),
        # The emulated cloud forgets the destination of a flow log that writes to CloudWatch.
        **({"logDestination": log["LogDestination"]} if log.get("LogDestination") else {}),
        "maxAggregationInterval": int(log.get("MaxAggregationInterval") or 600),
        **({"logFormat": log["LogFormat"]} if log.get("LogFormat") else {}),
        **({"iamRoleArn": log["DeliverLogsPermissionArn"]} if log.get("DeliverLogsPermissionArn") else {}),
        **_destination_options(log, known),
        "tagsAll": ec2.tags_of(log),
    }


def _destination_options(log: dict[str, Any], known: Properties) -> Properties:
    """Of a flow log to S3. The real provider leaves out what the program did not say."""
    if not log.get("DestinationOptions") or (known and not known.get("destinationOptions")):
        return {}
    return {"destinationOptions": from_api(log["DestinationOptions"])}


def _complete_flow_log(call: Call, flow_log_id: str, news: Properties) -> Properties:
    return _read_flow_log(call, flow_log_id, news) or {}


def _delete_flow_log(call: Call, flow_log_id: str, outputs: Properties) -> None:
    call.client("ec2").delete_flow_logs(FlowLogIds=[flow_log_id])


_FLOW_LOG_INPUTS = words(
    "vpcId subnetId eniId transitGatewayId transitGatewayAttachmentId trafficType logDestination"
    " logDestinationType logFormat maxAggregationInterval iamRoleArn deliverCrossAccountRole"
    " destinationOptions"
)

FLOW_LOG = ResourceType(
    type_name="aws:ec2/flowLog:FlowLog",
    create=_create_flow_log,
    complete=_complete_flow_log,
    read=_read_flow_log,
    delete=_delete_flow_log,
    retag=ec2.retag,
    inputs=_FLOW_LOG_INPUTS | words("tags"),
    one_of=(tuple(_MONITORED),),
    enums={
        "trafficType": ("ACCEPT", "REJECT", "ALL"),
        "logDestinationType": ("cloud-watch-logs", "s3", "kinesis-data-firehose"),
        "destinationOptions.fileFormat": ("plain-text", "parquet"),
    },
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    # EC2 has no call that changes a flow log.
    replaces=_FLOW_LOG_INPUTS,
    computed=("arn", "logFormat", "logDestination"),
)

TYPES = (VPC_ENDPOINT, FLOW_LOG)
