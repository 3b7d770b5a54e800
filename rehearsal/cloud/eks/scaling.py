"""The Auto Scaling group of a node group, as EKS makes it: with a launch template of its own.

EKS copies what it is told into a template `eks-UUID` and adds the instance profile of the node role. A new
version of the program's template is a new version of the copy. Sources: "Simplify node lifecycle with managed
node groups", "Customize managed nodes with launch templates", and the tags on such groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException

from rehearsal.cloud import images
from rehearsal.cloud.autoscaling.hooks import TERMINATION
from rehearsal.cloud.ec2 import amis
from rehearsal.cloud.ec2.template_requests import Versions
from rehearsal.cloud.eks import exceptions
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.eks.node_group import NodeGroup

#: Holds a server that is to go until EKS has emptied its node.
TERMINATE_HOOK, HOOK_SECONDS = "Terminate-LC-Hook", 1800
#: What EKS fills in or decides itself, and refuses in a launch template.
_REFUSED = {
    "IamInstanceProfile": "an instance profile",
    "InstanceInitiatedShutdownBehavior": "a shutdown behavior",
    "HibernationOptions": "hibernation options",
    "InstanceMarketOptions": "a request for Spot Instances",
}


def source(ec2: Any, given: dict[str, str] | None) -> tuple[Any, Any]:
    """The launch template that a request names, and the version. Raises InvalidParameter, NotEmulated."""
    if not given:
        raise exceptions.NotEmulated("a node group without a launch template")
    if bool(given.get("id")) == bool(given.get("name")):
        raise exceptions.InvalidParameter(
            "Either provide launch template ID or launch template name in the request."
        )
    try:
        template = (
            ec2.get_launch_template(given["id"])
            if given.get("id")
            else ec2.get_launch_template_by_name(given["name"])
        )
        return template, template.get_version(given.get("version") or "$Default")
    except ServiceException as missing:
        raise exceptions.InvalidParameter(str(missing.message)) from missing


def check(data: dict[str, Any], instance_types: list[str], given: dict[str, Any]) -> None:
    """Raises InvalidParameter, InvalidRequest, NotEmulated for a template that EKS does not take."""
    for name, what in _REFUSED.items():
        if data.get(name):
            raise exceptions.InvalidParameter(f"Launch template should not specify {what}.")
    if any(each.get("SubnetId") for each in data.get("NetworkInterfaces") or []):
        raise exceptions.InvalidParameter("Launch template should not specify a subnet.")
    if bool(instance_types) == bool(data.get("InstanceType")):
        what = "Cannot specify instance types in launch template and API request"
        raise exceptions.InvalidParameter(what if instance_types else "No instance type was specified")
    if given.get("diskSize"):
        raise exceptions.InvalidParameter("Disk size must be specified within the launch template.")
    if given.get("remoteAccess"):
        raise exceptions.InvalidParameter(
            "Remote access configuration cannot be specified with a launch template."
        )
    if not data.get("ImageId"):
        raise exceptions.NotEmulated("a node group without an image in its launch template")
    for name in ("version", "releaseVersion"):
        if given.get(name):
            raise exceptions.InvalidRequest(
                "You cannot specify a Kubernetes version or a release version when your launch template "
                "has a custom AMI."
            )


def check_image(ec2: Any, image_id: str) -> None:
    """Raises InvalidRequest for an image that no server can be launched from."""
    images.appear(World.current, ec2)
    try:
        amis.launchable(ec2, image_id)
    except ServiceException as refused:
        raise exceptions.InvalidRequest(str(refused.message)) from refused


def make(node_group: NodeGroup, data: dict[str, Any]) -> None:
    """Instance profile, template and group. Raises LimitExceeded."""
    name, ec2 = f"eks-{node_group.uuid}", _ec2(node_group)
    _iam(node_group).create_instance_profile(name, "/", [node_group.role_arn.rpartition("/")[2]])
    template = ec2.create_launch_template(name, "", _copied(node_group, data), _own_tags(node_group))
    template.versions = Versions(template.versions)
    kept = {"TerminationPolicies": ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"]}
    hook = {
        "LifecycleHookName": TERMINATE_HOOK,
        "LifecycleTransition": TERMINATION,
        "HeartbeatTimeout": HOOK_SECONDS,
        "DefaultResult": "CONTINUE",
    }
    try:
        _autoscaling(node_group).create_group(node_group.group_name, kept, _settings(node_group, 1), [hook])
    except ServiceException as refused:
        remove(node_group)
        raise exceptions.LimitExceeded(str(refused.message)) from refused


def next_version(node_group: NodeGroup, data: dict[str, Any]) -> int:
    """The number of a new version of the copy."""
    template = _ec2(node_group).get_launch_template_by_name(f"eks-{node_group.uuid}")
    return int(template.create_version(_copied(node_group, data), "").number)


def use(node_group: NodeGroup, version: int) -> None:
    """Launch servers from this version of the copy from now on."""
    group = node_group.group
    if group is not None:
        group.set_configuration({"MixedInstancesPolicy": _policy(node_group, version)})


def _policy(node_group: NodeGroup, version: int) -> dict[str, Any]:
    template = _ec2(node_group).get_launch_template_by_name(f"eks-{node_group.uuid}")
    specification = {"LaunchTemplateId": template.id, "Version": str(version)}
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": specification,
            "Overrides": [{"InstanceType": each} for each in node_group.instance_types],
        }
    }


def resize(node_group: NodeGroup, low: int, high: int, desired: int) -> None:
    group = node_group.group
    if group is not None:
        group.min_size, group.max_size = low, high
        group.set_desired_capacity(desired)


def remove(node_group: NodeGroup) -> None:
    """What `make` made, without waiting for anything."""
    name = f"eks-{node_group.uuid}"
    if node_group.group is not None:
        _autoscaling(node_group).delete_group(node_group.group_name, force=True)
    ec2, iam = _ec2(node_group), _iam(node_group)
    if any(each.name == name for each in ec2.launch_templates.values()):
        ec2.delete_launch_template(name, None)
    iam.instance_profiles.pop(name, None)


def _copied(node_group: NodeGroup, data: dict[str, Any]) -> dict[str, Any]:
    """With EKS's instance profile, and the cluster's security group where the template names none."""
    made = dict(data) | {"IamInstanceProfile": {"Name": f"eks-{node_group.uuid}"}}
    interfaces = made.get("NetworkInterfaces") or [{}]
    if not made.get("SecurityGroupIds") and not interfaces[0].get("Groups"):
        made["SecurityGroupIds"] = [node_group.cluster.placement["clusterSecurityGroupId"]]
    return made


def _settings(node_group: NodeGroup, version: int) -> dict[str, Any]:
    sizes = node_group.scaling
    return {
        "availability_zones": [],
        "desired_capacity": sizes["desiredSize"],
        "max_size": sizes["maxSize"],
        "min_size": sizes["minSize"],
        "launch_template": None,
        "mixed_instances_policy": _policy(node_group, version),
        "vpc_zone_identifier": ",".join(node_group.subnets),
        "health_check_type": "EC2",
        "health_check_period": 15,
        "new_instances_protected_from_scale_in": False,
        "default_cooldown": 300,
        "load_balancers": [],
        "placement_group": None,
        "termination_policies": [],
        "tags": _group_tags(node_group),
        "capacity_rebalance": node_group.capacity_type == "SPOT",
        "launch_config_name": "",
        "target_group_arns": [],
    }


def _group_tags(node_group: NodeGroup) -> list[dict[str, Any]]:
    """The tags of a node group itself do not go to its Auto Scaling group."""
    cluster = node_group.cluster.name
    tags = {
        "eks:cluster-name": cluster,
        "eks:nodegroup-name": node_group.name,
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster}": "owned",
        f"kubernetes.io/cluster/{cluster}": "owned",
    }
    return [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()]


def _own_tags(node_group: NodeGroup) -> dict[str, dict[str, str]]:
    tags = {"eks:cluster-name": node_group.cluster.name, "eks:nodegroup-name": node_group.name}
    return {"launch-template": tags}


def _ec2(node_group: NodeGroup) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[node_group.cluster.account][node_group.cluster.region]


def _iam(node_group: NodeGroup) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[node_group.cluster.account]["aws"]


def _autoscaling(node_group: NodeGroup) -> Any:
    from rehearsal.cloud.autoscaling.models import autoscaling_backends

    return autoscaling_backends[node_group.cluster.account][node_group.cluster.region]
