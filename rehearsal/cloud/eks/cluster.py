"""One control plane: what it was told, what it is, and what hangs on it."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.cloud.eks import versions
from rehearsal.cloud.eks.updates import Update, now
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.eks.access import Entry
    from rehearsal.cloud.eks.add_ons import AddOn
    from rehearsal.cloud.eks.identities import Association
    from rehearsal.cloud.eks.node_group import NodeGroup

CREATING, ACTIVE, UPDATING, DELETING = "CREATING", "ACTIVE", "UPDATING", "DELETING"
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_SERVICE_CIDR, _OTHER_SERVICE_CIDR = "172.20.0.0/16", "10.100.0.0/16"
_CA_YEARS = 10


class Cluster:
    """`placement`: its VPC, subnets and security groups, with the one that EKS made for it.

    `answers`: what was made for which client token, so that a request that is sent twice is done once.
    """

    def __init__(self, region: str, account: str, given: dict[str, Any], placement: dict[str, Any]) -> None:
        self.region, self.account, self.name = region, account, str(given["name"])
        self.uid = str(uuid4())
        self.arn = f"arn:aws:eks:{region}:{account}:cluster/{self.name}"
        self.version = versions.kubernetes(given.get("version"))
        self.role_arn = str(given["roleArn"])
        self.status = CREATING
        self.created_at = now()
        self.placement = placement
        self.tags: dict[str, str] = dict(given.get("tags") or {})
        self.log_types = enabled_logs(given.get("logging"), ())
        self.encryption: list[dict[str, Any]] = given.get("encryptionConfig") or []
        access = given.get("accessConfig") or {}
        self.authentication_mode = str(access.get("authenticationMode") or "CONFIG_MAP")
        self.creator_is_admin = access.get("bootstrapClusterCreatorAdminPermissions", True) is not False
        self.support_type = str((given.get("upgradePolicy") or {}).get("supportType") or "EXTENDED")
        self.zonal_shift = bool((given.get("zonalShiftConfig") or {}).get("enabled"))
        self.deletion_protection = bool(given.get("deletionProtection"))
        network = given.get("kubernetesNetworkConfig") or {}
        vpc_is_172 = str(placement.pop("vpcCidr", "")).startswith("172.20.")
        self.service_cidr = str(
            network.get("serviceIpv4Cidr") or (_OTHER_SERVICE_CIDR if vpc_is_172 else _SERVICE_CIDR)
        )
        self.certificate_authority = _certificate_authority()
        self.issuer = f"https://oidc.eks.{region}.amazonaws.com/id/{secrets.token_hex(16).upper()}"
        self.updates: dict[str, Update] = {}
        self.node_groups: dict[str, NodeGroup] = {}
        self.add_ons: dict[str, AddOn] = {}
        self.entries: dict[str, Entry] = {}
        self.associations: dict[str, Association] = {}
        self.answers: dict[tuple[str, str], Any] = {}

    @property
    def endpoint(self) -> str | None:
        """Known from when it answers."""
        if self.status == CREATING:
            return None
        return f"{World.current.endpoint}/kubernetes/{self.region}/{self.name}"

    def active_update(self) -> Update | None:
        """One of the cluster itself; those of node groups and add-ons run beside it."""
        found = (each for each in self.updates.values() if not (each.node_group or each.add_on))
        return next((each for each in found if each.active), None)

    def keep(self, update: Update) -> Update:
        self.updates[update.id] = update
        return update

    def describe(self) -> dict[str, Any]:
        """As DescribeCluster answers."""
        there = self.status != CREATING
        off = [each for each in LOG_TYPES if each not in self.log_types]
        logging = [{"types": self.log_types, "enabled": True}] if self.log_types else []
        return {
            "name": self.name,
            "arn": self.arn,
            "createdAt": self.created_at,
            "version": self.version,
            "endpoint": self.endpoint,
            "roleArn": self.role_arn,
            "resourcesVpcConfig": self.placement,
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": self.service_cidr, "ipFamily": "ipv4"},
            "logging": {"clusterLogging": logging + ([{"types": off, "enabled": False}] if off else [])},
            "identity": {"oidc": {"issuer": self.issuer}} if there else None,
            "status": self.status,
            "certificateAuthority": {"data": self.certificate_authority} if there else None,
            "platformVersion": "eks.1",
            "tags": self.tags,
            "encryptionConfig": self.encryption,
            "health": {"issues": []},
            "accessConfig": {
                "bootstrapClusterCreatorAdminPermissions": self.creator_is_admin,
                "authenticationMode": self.authentication_mode,
            },
            "upgradePolicy": {"supportType": self.support_type},
            "zonalShiftConfig": {"enabled": self.zonal_shift},
            "deletionProtection": self.deletion_protection,
        }


def enabled_logs(given: dict[str, Any] | None, now_enabled: tuple[str, ...] | list[str]) -> list[str]:
    """The kinds of log that are shipped, after a LogSetup that says which are and which are not any more."""
    enabled = set(now_enabled)
    for setup in (given or {}).get("clusterLogging") or []:
        types = set(setup.get("types") or [])
        enabled = enabled | types if setup.get("enabled") else enabled - types
    return [each for each in LOG_TYPES if each in enabled]


def _certificate_authority() -> str:
    """A certificate of its own, as a kubeconfig holds it; nothing here is ever signed with it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, today = ec.generate_private_key(ec.SECP256R1()), now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(today)
    builder = builder.not_valid_after(today + timedelta(days=365 * _CA_YEARS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = builder.sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()
