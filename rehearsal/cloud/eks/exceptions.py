"""Errors of EKS, with AWS's codes for names and AWS's words where they are known."""

# ruff: noqa: N818

from __future__ import annotations

from moto.core.exceptions import ServiceException


class EksError(ServiceException):
    """botocore's model has the status of each, and its further members: which cluster, which node group."""


class InvalidParameter(EksError):
    code = "InvalidParameterException"


class InvalidRequest(EksError):
    code = "InvalidRequestException"


class InUse(EksError):
    code = "ResourceInUseException"


class NotFound(EksError):
    code = "ResourceNotFoundException"


class LimitExceeded(EksError):
    code = "ResourceLimitExceededException"


class NotEmulated(InvalidRequest):
    """Refused rather than ignored: a rehearsal that silently leaves a setting out proves nothing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not emulated in the rehearsal's cloud")
