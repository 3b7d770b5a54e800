"""Functions of one region: what they are, who may call them, and which ran.

Source: the API reference of each operation, "Viewing resource-based IAM policies in Lambda", "Lambda quotas".
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

from moto.core.base_backend import BackendDict, BaseBackend

from rehearsal.cloud.lambda_ import exceptions
from rehearsal.cloud.world import World

#: What a function has that was told nothing.
DEFAULTS: dict[str, Any] = {
    "Architectures": ["x86_64"],
    "Description": "",
    "EphemeralStorage": {"Size": 512},
    "MemorySize": 128,
    "PackageType": "Zip",
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
SETTINGS = {
    "Architectures", "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "Handler",
    "KMSKeyArn", "LoggingConfig", "MemorySize", "PackageType", "Role", "Runtime", "Timeout", "TracingConfig",
    "VpcConfig",
}  # fmt: skip
MEMORY_MIB = (128, 10_240)
TIMEOUT_SECONDS = (1, 900)
CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."


@dataclass
class Function:
    name: str
    region: str
    account: str
    settings: dict[str, Any]
    code: bytes
    tags: dict[str, str] = field(default_factory=dict)
    policy: dict[str, dict[str, Any]] = field(default_factory=dict)
    modified: datetime = field(default_factory=lambda: _now())
    revision: str = field(default_factory=lambda: str(uuid4()))

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def log_group(self) -> str:
        said: str | None = (self.settings.get("LoggingConfig") or {}).get("LogGroup")
        return said or f"/aws/lambda/{self.name}"

    def variables(self) -> dict[str, str]:
        return dict((self.settings.get("Environment") or {}).get("Variables") or {})

    def describe(self) -> dict[str, Any]:
        logging = {"LogFormat": "Text", **(self.settings.get("LoggingConfig") or {})}
        if logging["LogFormat"] == "JSON":
            logging = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **logging}
        return {
            **DEFAULTS,
            **self.settings,
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "CodeSize": len(self.code),
            "CodeSha256": base64.b64encode(hashlib.sha256(self.code).digest()).decode(),
            "LastModified": f"{self.modified:%Y-%m-%dT%H:%M:%S.000+0000}",
            "LastUpdateStatus": "Successful",
            "LoggingConfig": {**logging, "LogGroup": self.log_group},
            "RevisionId": self.revision,
            "State": "Active",
            "Version": "$LATEST",
        }

    def change(self, settings: dict[str, Any]) -> None:
        self.settings |= settings
        self.modified, self.revision = _now(), str(uuid4())

    def lets(self, principal: str, source: str) -> bool:
        """Whether its policy lets a service call it on behalf of a resource of this account."""
        for statement in self.policy.values():
            condition = statement.get("Condition", {})
            arn = condition.get("ArnLike", {}).get("AWS:SourceArn", source)
            account = condition.get("StringEquals", {}).get("AWS:SourceAccount", self.account)
            fits = source.startswith(arn.rstrip("*")) if arn.endswith("*") else source == arn
            if statement["Principal"] == {"Service": principal} and fits and account == self.account:
                return bool(statement["Action"] in ("lambda:InvokeFunction", "lambda:*"))
        return False


class LambdaBackend(BaseBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.functions: dict[str, Function] = {}

    def function(self, name: str) -> Function:
        """By its name or its ARN. Raises ResourceNotFoundException."""
        short = name.split(":function:")[-1].split(":")[0]
        if short not in self.functions:
            where = f"arn:aws:lambda:{self.region_name}:{self.account_id}:function:{short}"
            raise exceptions.ResourceNotFound(where)
        return self.functions[short]

    def create(self, given: dict[str, Any]) -> Function:
        name = given["FunctionName"]
        if name in self.functions:
            raise exceptions.AlreadyExists(name)
        settings = {key: value for key, value in given.items() if key in SETTINGS}
        self._check(settings)
        code = _code(given["Code"])
        if not settings.get("Handler") or not settings.get("Runtime"):
            raise exceptions.InvalidValue(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
        made = Function(
            name, self.region_name, self.account_id, DEFAULTS | settings, code, dict(given.get("Tags") or {})
        )
        self.functions[name] = made
        return made

    def configure(self, name: str, given: dict[str, Any]) -> Function:
        found = self.function(name)
        settings = {key: value for key, value in given.items() if key in SETTINGS}
        self._check(settings)
        found.change(settings)
        return found

    def replace_code(self, name: str, given: dict[str, Any]) -> Function:
        found = self.function(name)
        found.code = _code(given)
        found.change({key: given[key] for key in ("Architectures",) if given.get(key)})
        return found

    def delete(self, name: str) -> None:
        del self.functions[self.function(name).name]

    def _check(self, settings: dict[str, Any]) -> None:
        """Raises InvalidParameterValueException, or ValidationException's text, for what Lambda refuses."""
        for key, (low, high) in (("MemorySize", MEMORY_MIB), ("Timeout", TIMEOUT_SECONDS)):
            if settings.get(key) is not None and not low <= settings[key] <= high:
                raise exceptions.InvalidValue(f"{key} must be from {low} to {high}, not {settings[key]}")
        role = settings.get("Role")
        if role and not self._may_assume(role):
            raise exceptions.InvalidValue(CANNOT_ASSUME)

    def _may_assume(self, arn: str) -> bool:
        from moto.iam.models import iam_backends

        roles = iam_backends[self.account_id]["aws"].roles.values()
        role = next((each for each in roles if each.arn == arn), None)
        return role is not None and "lambda.amazonaws.com" in str(role.assume_role_policy_document)

    def permit(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        found, sid = self.function(name), given["StatementId"]
        if sid in found.policy:
            raise exceptions.StatementExists(sid)
        principal = given["Principal"]
        service = principal.endswith(".amazonaws.com")
        statement: dict[str, Any] = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": principal} if service else {"AWS": principal},
            "Action": given["Action"],
            "Resource": found.arn,
        }
        condition: dict[str, Any] = {}
        if given.get("SourceAccount"):
            condition["StringEquals"] = {"AWS:SourceAccount": given["SourceAccount"]}
        if given.get("SourceArn"):
            condition["ArnLike"] = {"AWS:SourceArn": given["SourceArn"]}
        if condition:
            statement["Condition"] = condition
        found.policy[sid] = statement
        return statement

    def policy(self, name: str) -> dict[str, Any]:
        found = self.function(name)
        if not found.policy:
            raise exceptions.PolicyNotFound
        statements = list(found.policy.values())
        return {"Version": "2012-10-17", "Id": "default", "Statement": statements}

    def forbid(self, name: str, sid: str) -> None:
        found = self.function(name)
        if sid not in found.policy:
            raise exceptions.PolicyNotFound
        del found.policy[sid]


def policy_text(policy: dict[str, Any]) -> str:
    return json.dumps(policy)


def _code(given: dict[str, Any]) -> bytes:
    """The archive as it was uploaded. Raises InvalidParameterValueException for what is none."""
    data = given.get("ZipFile")
    if data is None:
        raise NotImplementedError("a function whose code is not in the request is not emulated")
    raw = data if isinstance(data, bytes) else base64.b64decode(data)
    if not zipfile.is_zipfile(BytesIO(raw)):
        raise exceptions.InvalidZip
    return raw


def _now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)


lambda_backends = BackendDict(LambdaBackend, "lambda")
