"""Errors of Image Builder, with AWS's codes for names and AWS's words where they are known."""

# ruff: noqa: N818

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ImageBuilderError(ServiceException):
    """Subclasses are called as AWS's error, without its last word; botocore's model has the status."""


class InvalidParameterValue(ImageBuilderError):
    code = "InvalidParameterValueException"
    message = "The value supplied for parameter '{name}' is not valid. {why}"


class InvalidParameterCombination(ImageBuilderError):
    code = "InvalidParameterCombinationException"


class InvalidVersionNumber(ImageBuilderError):
    code = "InvalidVersionNumberException"


class InvalidPaginationToken(ImageBuilderError):
    code = "InvalidPaginationTokenException"
    message = "The pagination token '{token}' is not valid."


class InvalidRequest(ImageBuilderError):
    code = "InvalidRequestException"


class AlreadyExists(ImageBuilderError):
    code = "ResourceAlreadyExistsException"
    message = "The following resource '{kind}' already exists: '{arn}'."


class NotFound(ImageBuilderError):
    code = "ResourceNotFoundException"
    message = "The resource with ARN '{arn}' does not exist."


class HasDependents(ImageBuilderError):
    code = "ResourceDependencyException"
    message = "Resource dependency error: The resource ARN '{arn}' has other resources depended on it."


class InUse(ImageBuilderError):
    code = "ResourceInUseException"


class IdempotentParameterMismatch(ImageBuilderError):
    code = "IdempotentParameterMismatchException"
    message = "The client token '{token}' was used before, with other parameters."


class DryRun(ImageBuilderError):
    code = "DryRunOperationException"
    message = "The dry run operation of the resource was successful."


class NotEmulated(InvalidRequest):
    """Refused rather than ignored: a rehearsal that silently leaves a setting out proves nothing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not emulated in the rehearsal's cloud")
