"""Build and test instances: launched as the infrastructure configuration says, and ended."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.world import ACCOUNT

#: Where the infrastructure configuration names no types, Image Builder selects some; this stands for these.
_DEFAULT_TYPES = {"arm64": "m6g.large", "x86_64": "m5.large"}


class MachineError(Exception):
    """The instance could not be launched; in EC2's words."""


def launch(region: str, what: str, ami: Any, infrastructure: dict[str, Any], tags: dict[str, str]) -> str:
    """The ID of a new instance. `what` is build or test. Raises MachineError."""
    ec2 = ec2_backends[ACCOUNT][region]
    kind = (infrastructure.get("instanceTypes") or [_DEFAULT_TYPES[ami.architecture]])[0]
    known = INSTANCE_TYPES.get(kind)
    if known is None:
        raise _refused(f"InvalidInstanceType) Invalid value '{kind}' for InstanceType")
    if ami.architecture not in known["ProcessorInfo"]["SupportedArchitectures"]:
        supported = ", ".join(known["ProcessorInfo"]["SupportedArchitectures"])
        raise _refused(
            f"InvalidParameterValue) The architecture '{supported}' of the specified instance type does not "
            f"match the architecture '{ami.architecture}' of the specified AMI"
        )
    name = {"Name": f"{what} instance for {tags['Ec2ImageBuilderArn'].split('/', 1)[1]}".capitalize()}
    metadata = infrastructure.get("instanceMetadataOptions") or {}
    try:
        made = ec2.run_instances(
            ami.id,
            1,
            None,
            [],
            instance_type=kind,
            is_instance_type_default=False,
            security_group_ids=list(infrastructure.get("securityGroupIds") or []),
            subnet_id=infrastructure.get("subnetId"),
            key_name=infrastructure.get("keyPair"),
            metadata_options={
                "HttpTokens": metadata.get("httpTokens", "optional"),
                "HttpPutResponseHopLimit": metadata.get("httpPutResponseHopLimit", 1),
            },
            tags={"instance": dict(infrastructure.get("resourceTags") or {}) | tags | name},
            region_name=region,
        )
    except ServiceException as refused:
        raise _refused(f"{refused.code}) {refused.message}") from refused
    except HTTPException as refused:
        said = getattr(refused, "error_type", "InvalidParameterValue"), getattr(refused, "message", refused)
        raise _refused(f"{said[0]}) {said[1]}") from refused
    (instance,) = made.instances
    for interface in instance.nics.values():
        interface.delete_on_termination = True
    return str(instance.id)


def _refused(said: str) -> MachineError:
    return MachineError(f"An error occurred ({said} when calling the RunInstances operation")


def terminate(region: str, instance_id: str) -> None:
    """One that someone else ended is over as well."""
    instance = ec2_backends[ACCOUNT][region].get_instance(instance_id)
    if instance.state != "terminated":
        instance.terminate()
