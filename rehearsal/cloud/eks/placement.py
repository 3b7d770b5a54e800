"""Where a cluster is in the network: its subnets, its security groups, and who reaches its endpoint.

Source: "View Amazon EKS networking requirements for VPC and subnets", "View Amazon EKS security group
requirements for clusters", "Cluster API server endpoint".
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException

from rehearsal.cloud.eks import exceptions

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster

_FEWEST_ZONES = 2
_EVERYONE = ["0.0.0.0/0"]


def place(ec2: Any, given: dict[str, Any]) -> dict[str, Any]:
    """A request's `resourcesVpcConfig` as DescribeCluster has it, with the CIDR of the VPC beside it.

    Raises InvalidParameter.
    """
    subnets = _subnets(ec2, given.get("subnetIds") or [])
    groups = given.get("securityGroupIds") or []
    vpc_id = subnets[0].vpc_id
    _check_groups(ec2, groups, vpc_id)
    public = given.get("endpointPublicAccess") is not False
    private = bool(given.get("endpointPrivateAccess"))
    _check_access(public, private, given.get("publicAccessCidrs"))
    return {
        "subnetIds": [each.id for each in subnets],
        "securityGroupIds": list(groups),
        "vpcId": vpc_id,
        "endpointPublicAccess": public,
        "endpointPrivateAccess": private,
        "publicAccessCidrs": (given.get("publicAccessCidrs") or _EVERYONE) if public else [],
        "vpcCidr": ec2.get_vpc(vpc_id).cidr_block,
    }


def changed(ec2: Any, cluster: Cluster, wanted: dict[str, Any]) -> dict[str, Any]:
    """What of the placement will be otherwise. Raises InvalidParameter."""
    now = cluster.placement
    merged = {key: now[key] for key in now if key not in ("vpcId", "clusterSecurityGroupId")} | wanted
    if merged["endpointPublicAccess"] and not merged["publicAccessCidrs"]:
        merged["publicAccessCidrs"] = _EVERYONE
    if not merged["endpointPublicAccess"] and "publicAccessCidrs" not in wanted:
        merged["publicAccessCidrs"] = []
    found = place(ec2, merged)
    del found["vpcCidr"]
    if found["vpcId"] != now["vpcId"]:
        raise exceptions.InvalidParameter("Provided subnets belong to a different VPC than the cluster's")
    if all(found[key] == now[key] for key in found):
        raise exceptions.InvalidParameter("Cluster is already at the desired configuration")
    return found


def _subnets(ec2: Any, ids: list[str]) -> list[Any]:
    found = []
    for each in ids:
        try:
            found.append(ec2.get_subnet(each))
        except ServiceException as missing:
            raise exceptions.InvalidParameter(f"The subnet ID '{each}' does not exist") from missing
    if len({each.availability_zone for each in found}) < _FEWEST_ZONES:
        raise exceptions.InvalidParameter("Subnets specified must be in at least two different AZs")
    if len({each.vpc_id for each in found}) > 1:
        raise exceptions.InvalidParameter("Subnets specified must belong to the same VPC")
    return found


def _check_groups(ec2: Any, ids: list[str], vpc_id: str) -> None:
    for each in ids:
        group = ec2.get_security_group_from_id(each)
        if group is None or group.vpc_id != vpc_id:
            raise exceptions.InvalidParameter(
                f"Security group(s) [{each}] are not in the same VPC as the subnets"
            )


def _check_access(public: bool, private: bool, cidrs: list[str] | None) -> None:
    if not public and not private:
        raise exceptions.InvalidParameter(
            "Private and public endpoint access cannot be false; at least one must be enabled"
        )
    if not public and cidrs:
        raise exceptions.InvalidParameter(
            "Public access CIDRs cannot be specified when public endpoint access is disabled"
        )


def cluster_security_group(ec2: Any, cluster: Cluster) -> str:
    """The one that EKS makes: what is in it, the control plane and nodes without another, talks to itself."""
    name = f"eks-cluster-sg-{cluster.name}-{secrets.randbelow(10**9)}"
    group = ec2.create_security_group(
        name,
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as "
        "well as any managed workloads.",
        cluster.placement["vpcId"],
        {
            "Name": name,
            f"kubernetes.io/cluster/{cluster.name}": "owned",
            "aws:eks:cluster-name": cluster.name,
        },
    )
    itself = {"GroupId": group.id, "UserId": cluster.account}
    ec2.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[itself])
    return str(group.id)


def remove_security_group(ec2: Any, cluster: Cluster) -> None:
    """With the cluster, unless something that is not EKS's uses it: then it is left behind, as on AWS."""
    group_id = cluster.placement["clusterSecurityGroupId"]
    try:
        ec2.delete_security_group(group_id=group_id)
    except ServiceException:
        return
