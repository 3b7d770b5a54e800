"""Errors of RDS that moto does not have, with AWS's codes for names."""

# ruff: noqa: N818

from __future__ import annotations

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue, RDSClientError

__all__ = [
    "AutomatedBackupNotFound",
    "InUse",
    "InvalidInstanceState",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidRestore",
    "ProxyNotFound",
    "ProxyTargetAlreadyRegistered",
    "SubnetGroupCoverage",
    "SubnetGroupExists",
    "TargetGroupNotFound",
]


class InvalidInstanceState(RDSClientError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidDBInstanceState", message)


class InvalidRestore(RDSClientError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidRestoreFault", message)


class AutomatedBackupNotFound(RDSClientError):
    def __init__(self, name: str) -> None:
        super().__init__("DBInstanceAutomatedBackupNotFound", f"Automated backup {name} not found.")


class InUse(RDSClientError):
    """A group that instances still use."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class SubnetGroupExists(RDSClientError):
    def __init__(self, name: str) -> None:
        super().__init__("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")


class SubnetGroupCoverage(RDSClientError):
    def __init__(self) -> None:
        super().__init__(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ "
            "coverage: 1. Add subnets to cover at least 2 AZs.",
        )


class ProxyNotFound(RDSClientError):
    def __init__(self, name: str) -> None:
        super().__init__("DBProxyNotFoundFault", f"DB proxy {name} not found.")


class TargetGroupNotFound(RDSClientError):
    def __init__(self, name: str) -> None:
        super().__init__("DBProxyTargetGroupNotFoundFault", f"DB proxy target group {name} not found.")


class ProxyTargetAlreadyRegistered(RDSClientError):
    def __init__(self, name: str) -> None:
        super().__init__(
            "DBProxyTargetAlreadyRegisteredFault", f"The target {name} is already registered with the proxy."
        )
