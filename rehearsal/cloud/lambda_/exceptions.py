"""Errors of Lambda, with AWS's codes for names."""

# ruff: noqa: N818

from __future__ import annotations

from moto.core.exceptions import ServiceException


class LambdaError(ServiceException):
    """`code` is AWS's; botocore's model of the service knows each one's HTTP status."""


class ResourceNotFound(LambdaError):
    def __init__(self, arn: str) -> None:
        super().__init__("ResourceNotFoundException", f"Function not found: {arn}")


class PolicyNotFound(LambdaError):
    def __init__(self) -> None:
        super().__init__("ResourceNotFoundException", "The resource you requested does not exist.")


class AlreadyExists(LambdaError):
    def __init__(self, name: str) -> None:
        super().__init__("ResourceConflictException", f"Function already exist: {name}")


class StatementExists(LambdaError):
    def __init__(self, sid: str) -> None:
        super().__init__(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove "
            "the existing statement.",
        )


class InvalidValue(LambdaError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterValueException", message)


class InvalidZip(LambdaError):
    def __init__(self) -> None:
        super().__init__(
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        )
