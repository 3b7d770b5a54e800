"""The smallest right and wrong resources for the rules on Amazon EKS."""

from __future__ import annotations

from typing import Any

from policies import eks as rules
from tests.policies.cases import Case


def endpoint(**settings: Any) -> dict[str, Any]:
    return {"vpcConfig": {"subnetIds": ["subnet-1"], **settings}}


def encrypted(*resources: str, key: str | None = "arn:key") -> dict[str, Any]:
    return {"encryptionConfig": {"resources": list(resources), "provider": {"keyArn": key}}}


def access(mode: str, creator: bool | None = False) -> dict[str, Any]:
    given = {} if creator is None else {"bootstrapClusterCreatorAdminPermissions": creator}
    return {"accessConfig": {"authenticationMode": mode, **given}}


def template(version: str | None, **more: Any) -> dict[str, Any]:
    return {"launchTemplate": {"id": "lt-1"} | ({} if version is None else {"version": version}), **more}


CASES: tuple[Case, ...] = (
    Case(
        rules.eks_1,
        endpoint(endpointPublicAccess=False),
        endpoint(endpointPublicAccess=True, publicAccessCidrs=["198.51.100.0/24"]),
        "public, for 198.51.100.0/24",
    ),
    Case(rules.eks_1, endpoint(endpointPublicAccess=False), endpoint(), "public, for 0.0.0.0/0"),
    Case(rules.eks_2, {"version": "1.33"}, {"version": "1.32"}, "version is 1.32"),
    Case(rules.eks_2, {"version": "1.36"}, {}, "version is not given"),
    Case(rules.eks_3, encrypted("secrets"), {}, "no key of their own"),
    Case(rules.eks_3, encrypted("secrets"), encrypted("secrets", key=None), "no key of their own"),
    Case(rules.eks_3, encrypted("secrets"), encrypted(), "no key of their own"),
    Case(rules.eks_8, {"enabledClusterLogTypes": ["audit"]}, {"enabledClusterLogTypes": ["api"]}, "logs api"),
    Case(rules.eks_8, {"enabledClusterLogTypes": ["api", "audit"]}, {}, "logs nothing"),
    Case(rules.cluster_access, access("API"), access("API_AND_CONFIG_MAP"), "is API_AND_CONFIG_MAP"),
    Case(rules.cluster_access, access("API"), access("API", creator=None), "its admin for ever"),
    Case(rules.cluster_access, access("API"), access("API", creator=True), "its admin for ever"),
    Case(rules.node_template, template("3"), template("$Latest"), "is $Latest"),
    Case(rules.node_template, template("3"), template(None), "is None"),
    Case(
        rules.node_template, template("3"), template("3", remoteAccess={"ec2SshKey": "us"}), "log in to nodes"
    ),
    Case(rules.add_on_version, {"addonVersion": "v1.20.4-eksbuild.2"}, {}, "addonVersion is not given"),
    Case(
        rules.node_subnets, {"subnetIds": ["subnet-1", "subnet-2"]}, {"subnetIds": ["subnet-1"]}, "1 subnets"
    ),
)
