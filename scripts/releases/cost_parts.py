"""What an environment consists of that costs money by the hour or the month, as its stack's state says.

The state has the program's defaults in it, so none of them stands here too. What is paid by use alone is
in no state: `LEFT_OUT` names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases.cost_hours import MONTH_HOURS, Switch, awake_hours

LEFT_OUT = (
    "traffic, requests, load balancer capacity units, what NAT gateways and endpoints process, functions, "
    "spot discounts, stored logs, alarms' data and backups beyond a database's size"
)


@dataclass(frozen=True)
class Part:
    """One line of an estimate. A price is `NAME` of the table's others, or an instance type for `server`."""

    part: str
    detail: str
    price: str
    least: float
    """Units of the price in a month: with the fewest servers."""
    most: float
    """The same with the most servers."""
    server: bool = False


@dataclass(frozen=True)
class State:
    """The resources of a stack by type."""

    resources: Sequence[Mapping[str, Any]]

    def of(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical name and properties, the declared ones before those that AWS told last: a group that sleeps
        right now was declared with servers. `kind` is a token such as `aws:kms/key:Key`."""
        for each in self.resources:
            if each.get("type") == kind:
                name = str(each.get("urn", "")).rpartition("::")[2]
                yield (
                    name,
                    {**(each.get("outputs") or {}), **(each.get("inputs") or {}), "id": each.get("id")},
                )


def parts(state: State, log_gib: float | None) -> list[Part]:
    """Every line of the estimate. `log_gib` is how much the servers log in a month, where somebody knows."""
    found = [
        *_servers(state),
        *_clusters(state),
        *_balancers(state),
        *_network(state),
        *_databases(state),
        *_counted(state, "aws:kms/key:Key", "keys", "customer key", "keyMonth"),
        *_secrets(state),
        *_counted(state, "aws:route53/zone:Zone", "names", "hosted zone", "hostedZoneMonth"),
        *_counted(state, "aws:cloudwatch/metricAlarm:MetricAlarm", "alarms", "alarm", "alarmMonth"),
        *_counted(state, "aws:cloudwatch/dashboard:Dashboard", "logs", "dashboard", "dashboardMonth"),
    ]
    if log_gib is not None:
        found.append(Part("logs", f"{log_gib:g} GiB a month come in", "logGib", log_gib, log_gib))
    return found


def _hours(awake: float | None) -> tuple[float, str]:
    if awake is None:
        return MONTH_HOURS, ", all hours: its schedules are no weekly ones"
    return awake, "" if awake == MONTH_HOURS else f", {awake:.0f} of {MONTH_HOURS:.0f} hours"


def _servers(state: State) -> Iterator[Part]:
    templates = {
        properties["id"]: properties for _, properties in state.of("aws:ec2/launchTemplate:LaunchTemplate")
    }
    switches: dict[str, list[Switch]] = {}
    for _, schedule in state.of("aws:autoscaling/schedule:Schedule"):
        turn = Switch(str(schedule.get("recurrence")), bool(schedule.get("desiredCapacity")))
        switches.setdefault(str(schedule.get("autoscalingGroupName")), []).append(turn)
    for name, group in state.of("aws:autoscaling/group:Group"):
        sizes = float(group.get("minSize") or 0), float(group.get("maxSize") or 0)
        hours = _hours(awake_hours(switches.get(str(group.get("name")), [])))
        template, kind = _made_of(group, templates)
        yield from _fleet(("servers", "volumes"), name, sizes, kind, template, hours)


def _fleet(
    words: tuple[str, str],
    name: str,
    sizes: tuple[float, float],
    kind: str,
    template: Mapping[str, Any],
    awake: tuple[float, str] = (MONTH_HOURS, ""),
) -> Iterator[Part]:
    """Machines of a type, and the volumes that their template gives each."""
    (least, most), (hours, said) = sizes, awake
    many = f"{least:.0f} to {most:.0f}" if least != most else f"{most:.0f}"
    yield Part(f"{words[0]} {name}", f"{many} {kind}{said}", kind, least * hours, most * hours, server=True)
    share = hours / MONTH_HOURS
    for size, volume in _volumes(template):
        price = f"volume{volume.capitalize()}GibMonth"
        detail = f"{many} of {size} GiB {volume}{said}"
        yield Part(f"{words[1]} {name}", detail, price, least * size * share, most * size * share)


def _clusters(state: State) -> Iterator[Part]:
    """What pods run on: the clusters, and nodes of the type that is taken first."""
    templates = {
        properties["id"]: properties for _, properties in state.of("aws:ec2/launchTemplate:LaunchTemplate")
    }
    for name, _ in state.of("aws:eks/cluster:Cluster"):
        yield _always("clusters", name, "eksClusterHour")
    for name, nodes in state.of("aws:eks/nodeGroup:NodeGroup"):
        scaling = nodes.get("scalingConfig") or {}
        sizes = float(scaling.get("minSize") or 0), float(scaling.get("maxSize") or 0)
        kinds = nodes.get("instanceTypes") or ["of no known type"]
        template = templates.get(str((nodes.get("launchTemplate") or {}).get("id")), {})
        yield from _fleet(("nodes", "volumes of nodes"), name, sizes, str(kinds[0]), template)


def _made_of(
    group: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]]
) -> tuple[Mapping[str, Any], str]:
    """The launch template, and the instance type that is taken first."""
    mixed = (group.get("mixedInstancesPolicy") or {}).get("launchTemplate") or {}
    wanted = mixed.get("launchTemplateSpecification") or group.get("launchTemplate") or {}
    key = wanted.get("launchTemplateId") or wanted.get("id")
    template = templates.get(str(key), {})
    overrides = mixed.get("overrides") or [{}]
    return template, str(
        overrides[0].get("instanceType") or template.get("instanceType") or "of no known type"
    )


def _volumes(template: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for mapping in template.get("blockDeviceMappings") or ():
        volume = mapping.get("ebs") or {}
        if volume.get("volumeSize"):
            yield int(volume["volumeSize"]), str(volume.get("volumeType") or "gp2")


def _balancers(state: State) -> Iterator[Part]:
    for name, balancer in state.of("aws:lb/loadBalancer:LoadBalancer"):
        yield _always("load balancers", name, "loadBalancerHour")
        zones = len(balancer.get("subnets") or ())
        if not balancer.get("internal") and zones:
            yield _always("public addresses", f"{zones} of {name}", "publicIpv4Hour", zones)


def _always(part: str, detail: str, price: str, count: int = 1) -> Part:
    """By the hour, day and night."""
    return Part(part, detail, price, count * MONTH_HOURS, count * MONTH_HOURS)


def _network(state: State) -> Iterator[Part]:
    gateways = sum(1 for _ in state.of("aws:ec2/natGateway:NatGateway"))
    if gateways:
        yield _always("NAT gateways", str(gateways), "natGatewayHour", gateways)
    addresses = sum(1 for _ in state.of("aws:ec2/eip:Eip"))
    if addresses:
        yield _always("public addresses", f"{addresses} of NAT gateways", "publicIpv4Hour", addresses)
    interfaces = [
        len(endpoint.get("subnetIds") or ())
        for _, endpoint in state.of("aws:ec2/vpcEndpoint:VpcEndpoint")
        if endpoint.get("vpcEndpointType") == "Interface"
    ]
    if interfaces:
        detail = f"{_many(len(interfaces), 'service')}, {_many(sum(interfaces), 'interface')}"
        yield _always("endpoints", detail, "interfaceEndpointHour", sum(interfaces))


def _databases(state: State) -> Iterator[Part]:
    switches: dict[str, list[Switch]] = {}
    for _, schedule in state.of("aws:scheduler/schedule:Schedule"):
        target = schedule.get("target") or {}
        turn = Switch(str(schedule.get("scheduleExpression")), "startDBInstance" in str(target.get("arn")))
        switches.setdefault(_stopped(target), []).append(turn)
    instances = list(state.of("aws:rds/instance:Instance"))
    primaries = {str(each.get("identifier")): each for _, each in instances}
    for name, instance in instances:
        # A replica takes engine and size from its source.
        source = primaries.get(str(instance.get("replicateSourceDb")), {})
        engine = instance.get("engine") or source.get("engine") or "an unknown engine"
        size = float(instance.get("allocatedStorage") or source.get("allocatedStorage") or 0)
        hours, said = _hours(awake_hours(switches.get(str(instance.get("identifier")), [])))
        spread = " Multi-AZ" if instance.get("multiAz") else ""
        kind = f"{engine} {instance.get('instanceClass')}{spread}"
        yield Part(f"database {name}", f"{kind}{said}", f"{kind} hour", hours, hours)
        volume = str(instance.get("storageType") or "gp2").capitalize()
        stored = f"database{volume}{spread.strip().replace('-', '')}GibMonth"
        detail = f"{size:.0f} GiB {volume.lower()}{spread}"
        yield Part(f"storage of {name}", detail, stored, size, size)
    proxies = sum(1 for _ in state.of("aws:rds/proxy:Proxy"))
    if proxies:
        yield _always("database proxies", f"{proxies}, by their instances' processors", "proxyHour", proxies)


def _stopped(target: Mapping[str, Any]) -> str:
    """Whom a schedule stops or starts; "" for one that does something else."""
    try:
        asked = json.loads(str(target.get("input")))
    except ValueError:
        return ""
    return str(asked.get("DbInstanceIdentifier", "")) if isinstance(asked, dict) else ""


def _counted(state: State, kind: str, part: str, what: str, price: str) -> Iterator[Part]:
    count = sum(1 for _ in state.of(kind))
    if count:
        yield Part(part, _many(count, what), price, count, count)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _secrets(state: State) -> Iterator[Part]:
    """Those that the stack makes, and those that RDS keeps a password in."""
    managed = sum(
        1 for _, each in state.of("aws:rds/instance:Instance") if each.get("manageMasterUserPassword")
    )
    count = managed + sum(1 for _ in state.of("aws:secretsmanager/secret:Secret"))
    if count:
        yield Part("secrets", _many(count, "secret"), "secretMonth", count, count)
