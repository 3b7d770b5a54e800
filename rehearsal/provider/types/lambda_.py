"""Lambda functions, who may call them, and a call that is part of a deployment."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

import hashlib
import json
from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.assets import zipped
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, to_api

_SETTINGS = (
    "architectures", "deadLetterConfig", "description", "environment", "ephemeralStorage", "handler",
    "kmsKeyArn", "loggingConfig", "memorySize", "packageType", "role", "runtime", "timeout", "tracingConfig",
    "vpcConfig",
)  # fmt: skip
_TOLD = (
    "Architectures", "Description", "EphemeralStorage", "Handler", "LoggingConfig", "MemorySize",
    "PackageType", "Role", "Runtime", "Timeout", "TracingConfig",
)  # fmt: skip
# What UpdateFunctionConfiguration does not take.
_CODE = words("architectures code packageType sourceCodeHash")
_RENAMES = {"kmsKeyArn": "KMSKeyArn"}


def _request(news: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    plain = pick(news, [name for name in names if name != "environment"])
    said: dict[str, Any] = to_api(plain, _RENAMES)
    if news.get("environment") and "environment" in names:
        # The names of variables are the program's own.
        said["Environment"] = {"Variables": dict(news["environment"].get("variables") or {})}
    return said


def _code(news: Properties) -> dict[str, Any]:
    if not isinstance(news.get("code"), dict):
        raise ProviderError("a Lambda function whose code is not given as `code` is not emulated")
    return {"ZipFile": zipped(news["code"])}


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    tags = call.tags(news)
    made = call.client("lambda").create_function(
        FunctionName=physical_name(news, max_length=64),
        Code=_code(news),
        **_request(news, _SETTINGS),
        **({"Tags": tags} if tags else {}),
    )
    return made["FunctionName"], _facts(call, made)


def _facts(call: Call, found: dict[str, Any]) -> Properties:
    arn = found["FunctionArn"]
    variables = (found.get("Environment") or {}).get("Variables")
    return {
        **from_api(pick(found, _TOLD)),
        "description": found.get("Description") or None,
        "environment": {"variables": variables} if variables else None,
        "arn": arn,
        "name": found["FunctionName"],
        "codeSha256": found["CodeSha256"],
        "invokeArn": f"arn:aws:apigateway:{call.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        "qualifiedArn": f"{arn}:$LATEST",
        "sourceCodeSize": found["CodeSize"],
        "version": found["Version"],
    }  # fmt: skip


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("lambda").get_function(FunctionName=name)
    return {**_facts(call, found["Configuration"]), "tagsAll": found.get("Tags") or {}}


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("lambda")
    settings = changed - _CODE
    if settings:
        request = _request(news, tuple(each for each in _SETTINGS if each in settings))
        if "environment" in settings:
            request.setdefault("Environment", {"Variables": {}})
        if "description" in settings:
            request.setdefault("Description", "")
        client.update_function_configuration(FunctionName=name, **request)
    if changed & _CODE:
        client.update_function_code(FunctionName=name, **_code(news), **_request(news, ("architectures",)))


def _retag(call: Call, name: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("lambda")
    if wanted:
        client.tag_resource(Resource=outputs["arn"], Tags=wanted)
    if removed:
        client.untag_resource(Resource=outputs["arn"], TagKeys=removed)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    if not outputs.get("skipDestroy"):
        call.client("lambda").delete_function(FunctionName=name)


FUNCTION = ResourceType(
    type_name="aws:lambda/function:Function",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=frozenset(_SETTINGS) | words("name tags"),
    required=("role",),
    enums={
        "architectures[]": ("x86_64", "arm64"),
        "loggingConfig.logFormat": ("JSON", "Text"),
        "packageType": ("Zip", "Image"),
        "tracingConfig.mode": ("Active", "PassThrough"),
    },
    ranges={"memorySize": (128, 32_768), "timeout": (1, 900), "ephemeralStorage.size": (512, 10_240)},
    lengths={"name": 64, "description": 256},
    defaults={
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": -1,
        "skipDestroy": False,
        "timeout": 3,
    },
    auto_name=AutoName(prefix_property=None, max_length=64),
    replaces=words("name packageType"),
    assets=words("code"),
    computed=(
        "arn", "architectures", "codeSha256", "ephemeralStorage", "invokeArn", "loggingConfig", "name",
        "qualifiedArn", "sourceCodeSize", "tracingConfig", "version",
    ),
    refreshed={
        "codeSha256": words("code"),
        "sourceCodeSize": words("code"),
    },
)  # fmt: skip


def _create_permission(call: Call, news: Properties) -> tuple[str, Properties]:
    sid = physical_name(news, "statementId", "statementIdPrefix", max_length=100)
    names = ("action", "eventSourceToken", "principal", "principalOrgId", "qualifier", "sourceAccount")
    request = to_api(pick(news, (*names, "sourceArn")), {"principalOrgId": "PrincipalOrgID"})
    call.client("lambda").add_permission(FunctionName=news["function"], StatementId=sid, **request)
    return sid, {"statementId": sid}


def _read_permission(call: Call, sid: str, known: Properties) -> Properties | None:
    function, _, sid = sid.rpartition("/")
    function = function or known["function"]
    policy = json.loads(call.client("lambda").get_policy(FunctionName=function)["Policy"])
    found = next((each for each in policy["Statement"] if each["Sid"] == sid), None)
    if found is None:
        return None
    condition, principal = found.get("Condition") or {}, found["Principal"]
    return {
        "action": found["Action"],
        "function": function,
        "principal": principal if isinstance(principal, str) else next(iter(principal.values())),
        "sourceAccount": condition.get("StringEquals", {}).get("AWS:SourceAccount"),
        "sourceArn": condition.get("ArnLike", {}).get("AWS:SourceArn"),
        "statementId": sid,
    }


def _delete_permission(call: Call, sid: str, outputs: Properties) -> None:
    call.client("lambda").remove_permission(FunctionName=outputs["function"], StatementId=sid)


PERMISSION = ResourceType(
    type_name="aws:lambda/permission:Permission",
    create=_create_permission,
    read=_read_permission,
    delete=_delete_permission,
    inputs=words("action function principal sourceAccount sourceArn statementId"),
    required=("action", "function", "principal"),
    lengths={"statementId": 100},
    auto_name=AutoName("statementId", "statementIdPrefix", max_length=100),
    replaces=words(
        "action eventSourceToken function functionUrlAuthType principal principalOrgId qualifier "
        "sourceAccount sourceArn statementId statementIdPrefix"
    ),
    computed=("statementId",),
)


def _invoke(call: Call, news: Properties) -> Properties:
    """Call the function and wait. Raises ProviderError with the function's own words."""
    answer = call.client("lambda").invoke(
        FunctionName=news["functionName"], InvocationType="RequestResponse", Payload=news["input"].encode()
    )
    result = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise ProviderError(f"invoking Lambda Function ({news['functionName']}): {' '.join(result.split())}")
    return {"result": result}


def _create_invocation(call: Call, news: Properties) -> tuple[str, Properties]:
    result = _invoke(call, news)
    digest = hashlib.md5(news["input"].encode(), usedforsecurity=False).hexdigest()
    return f"{news['functionName']}_{news.get('qualifier') or '$LATEST'}_{digest}", result


def _read_invocation(call: Call, resource_id: str, known: Properties) -> Properties | None:
    """It is not asked again: a call is over when it is made."""
    return {"result": known["result"]} if "result" in known else None


def _forget(call: Call, resource_id: str, outputs: Properties) -> None:
    """A call that was made is not unmade."""


INVOCATION = ResourceType(
    type_name="aws:lambda/invocation:Invocation",
    create=_create_invocation,
    read=_read_invocation,
    delete=_forget,
    inputs=words("functionName input"),
    required=("functionName", "input"),
    # A call at every update and deletion is not emulated.
    enums={"lifecycleScope": ("CREATE_ONLY",)},
    defaults={"lifecycleScope": "CREATE_ONLY", "qualifier": "$LATEST", "terraformKey": "tf"},
    replaces=words("functionName qualifier terraformKey input triggers"),
    documents=words("input"),
    computed=("result",),
)

TYPES = (FUNCTION, PERMISSION, INVOCATION)
