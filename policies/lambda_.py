"""AWS Lambda: functions are called by who is named, on runtimes that AWS still mends."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rules import Resource, Rule, Severity, at, rule

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"

_RUNTIMES = frozenset(
    {
        *("python3.11", "python3.12", "python3.13", "python3.14"),
        *("nodejs22.x", "nodejs24.x"),
        *("java8.al2", "java11", "java17", "java21", "java25"),
        *("dotnet10", "ruby3.3", "ruby3.4", "provided.al2023"),
    }
)
"""Those that AWS supports at the end of 2026 (AWS Lambda, Lambda runtimes). A new one is a line here."""
_ZONES_LEAST = 2


@rule(
    id="lambda-1",
    types=(PERMISSION, FUNCTION_URL),
    severity=Severity.CRITICAL,
    control="Lambda.1",
    reason="What everyone may call, everyone calls: with the function's rights, on its owner's bill.",
    fix="name the principal, and for a service the account in sourceAccount",
)
def lambda_1(resource: Resource) -> Iterator[str]:
    if resource.type == FUNCTION_URL:
        if at(resource, "authorizationType", "AWS_IAM") == "NONE":
            yield "authorizationType is NONE"
        return
    principal = at(resource, "principal", "")
    limits = ("sourceAccount", "principalOrgId")
    # S3's own notifications name a bucket, and a bucket's ARN no account.
    if principal in ("*", "s3.amazonaws.com") and all(at(resource, limit) is None for limit in limits):
        yield f"principal is {principal}, of any account"


@rule(
    id="lambda-2",
    types=(FUNCTION,),
    severity=Severity.MEDIUM,
    control="Lambda.2",
    reason="A runtime at its end gets no fixes, and some months later no changes of the function either.",
    fix="move to a runtime that AWS supports",
)
def lambda_2(function: Resource) -> Iterator[str]:
    runtime = at(function, "runtime")
    # A function from a container image has none.
    if runtime is not None and runtime not in _RUNTIMES:
        yield f"runtime is {runtime}"


@rule(
    id="lambda-5",
    types=(FUNCTION,),
    severity=Severity.MEDIUM,
    control="Lambda.5",
    reason="A function in one zone is away while its zone is.",
    fix="name subnets of two zones in vpcConfig.subnetIds, or leave vpcConfig out",
)
def lambda_5(function: Resource) -> Iterator[str]:
    subnets = at(function, "vpcConfig.subnetIds")
    if subnets is not None and 0 < len(subnets) < _ZONES_LEAST:
        yield f"vpcConfig.subnetIds holds {len(subnets)}"


RULES: tuple[Rule, ...] = (lambda_1, lambda_2, lambda_5)
