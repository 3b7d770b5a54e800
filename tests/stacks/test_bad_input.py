"""Each wrong value is refused in one line that names file and key, shows the value and says what to do."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from hypothesis import given, strategies

from tests.stacks.given import complaint, complaints, loaded, with_changes

WEB = "immutable:services.web"
TAGS = "immutable:tags"
NETWORK = "immutable:network"
API = {"port": 9090, "instanceTypes": ["m7g.large"]}
IMAGE_FORM = "'ami-' with 8 or 17 lower-case hexadecimal digits"
A_NAME = f"is a name or an alias; write the ID of the image it stands for, {IMAGE_FORM}"
LOOKED_UP = f"is looked up at launch: servers change with no diff; write the ID itself, {IMAGE_FORM}"
SET_IMAGE = "set it to the ID of the image that servers start from, ami-..."
SET_CERTIFICATE = "set it to the ARN of an ACM certificate in the stack's region, or set names to "
SET_CERTIFICATE += "have one made"
ROOT_KEYS = "alerts, aws:region, budget, cluster, databases, exceptions, imageId, images, loadBalancer, "
ROOT_KEYS += (
    "logs, names, network, permissionsBoundary, preflight, services, sessions, sleep, tags, workloads"
)
DAYS = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, "
DAYS += "3288 or 3653"
ARN = "immutable:loadBalancer.certificateArn"
OTHER_ARN = "arn:aws:acm:us-east-1:123456789012:certificate/1"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("immutable:imageId", "web-2026-11-21", f"'web-2026-11-21' {A_NAME}"),
        ("immutable:imageId", "12345678", f"'12345678' {A_NAME}"),
        ("immutable:imageId", "latest", f"'latest' {A_NAME}"),
        ("immutable:imageId", "resolve:ssm:/web", f"'resolve:ssm:/web' {LOOKED_UP}"),
        ("immutable:imageId", "ami-0123ABCD", f"'ami-0123ABCD' is not an image ID; one is {IMAGE_FORM}"),
        (f"{WEB}.imageId", "golden", f"'golden' {A_NAME}"),
        ("immutable:imageid", "ami-0123456789abcdef0", "is not a known key; did you mean imageId?"),
        ("immutable:hue", "red", f"is not a known key; known are {ROOT_KEYS}"),
        ("immutable:region", "eu-central-1", "is not a known key; did you mean aws:region?"),
        (f"{WEB}.health_path", "/", "is not a known key; did you mean healthPath?"),
        (f"{WEB}.route.path", ["/x"], "is not a known key; did you mean paths?"),
        (f"{WEB}.refresh.minHealthy", 3, "is not a known key; did you mean minHealthyPercentage?"),
        (f"{NETWORK}.zone", 3, "is not a known key; did you mean zones?"),
        (f"{WEB}.port", "8080", "'8080' is text; write a whole number"),
        (f"{WEB}.port", True, "true is true or false; write a whole number"),
        (f"{WEB}.port", 80.5, "80.5 is a number; write a whole number"),
        (f"{WEB}.port", 0, "0 is too low; the least is 1"),
        (f"{WEB}.port", 65536, "65536 is too high; the most is 65535"),
        (f"{WEB}.instanceTypes", "m7g.large", "'m7g.large' is text; write a list"),
        (f"{WEB}.instanceTypes", [], "[] has too few entries; give at least 1"),
        (f"{WEB}.environment", ["A=1"], "is a list; write a map of keys"),
        (f"{WEB}.environment.WORKERS", 4, "is a number, not text; put quotes around it"),
        (f"{WEB}.environment.DEBUG", True, "is true or false, not text; put quotes around it"),
        (f"{TAGS}.year", 2026, "2026 is a number, not text; put quotes around it"),
        ("immutable:services", "web", "'web' is text; write a map of keys"),
        (f"{WEB}.route", "/*", "'/*' is text; write a map of keys"),
        ("immutable:loadBalancer.deletionProtection", "no", "'no' is text; write true or false"),
        ("immutable:loadBalancer.scheme", "all", "'all' is not a choice; write internet-facing or internal"),
        ("immutable:logs.retentionDays", 42, f"42 is not a choice; write {DAYS}"),
        (f"{WEB}.min", 5, "5 is more than max 4; lower min or raise max"),
        (f"{WEB}.min", 0, "0 is too low; the least is 1"),
        (f"{WEB}.slowStartSeconds", 1, "1 is not possible; write 0, or 30 to 900"),
        (f"{WEB}.slowStartSeconds", 29, "29 is not possible; write 0, or 30 to 900"),
        (f"{NETWORK}.zones", 1, "1 is too low; the least is 2"),
        ("aws:region", "Frankfurt", "'Frankfurt' is not a region; write one such as eu-central-1"),
        ("aws:region", None, "is missing; set it to the AWS region, such as eu-central-1"),
        ("immutable:imageId", None, f"is missing; {SET_IMAGE}"),
        ("immutable:imageId", "", f"is missing; {SET_IMAGE}"),
        (
            "immutable:services",
            {},
            "is missing; set it to a map of services by name, or workloads to one of those",
        ),
        (ARN, "*", "'*' is not a certificate's ARN; one is arn:aws:acm:REGION:ACCOUNT:certificate/ID"),
        (ARN, OTHER_ARN, "is of us-east-1, the stack of eu-central-1; name one in eu-central-1"),
        (
            "immutable:loadBalancer.webAclArn",
            "shop",
            "'shop' is not a web ACL's ARN; one is arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID",
        ),
        (
            "immutable:loadBalancer.webAclArn",
            "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/1",
            "is of us-east-1, the stack of eu-central-1; name one in eu-central-1",
        ),
        ("immutable:network", None, "is missing; set it to a map with at least cidr"),
        (ARN, None, f"is missing; {SET_CERTIFICATE}"),
        (
            f"{WEB}.port",
            None,
            "is missing; set it to the TCP port that the servers listen on, or take route out for a worker",
        ),
        (f"{WEB}.healthPath", "healthz", "'healthz' is not a path; write one such as /healthz"),
    ],
)  # fmt: skip
def test_one_wrong_value_is_one_line(path: str, value: Any, line: str) -> None:
    assert complaint({path: value}) == f"{path}: {line}"


def test_a_secret_configuration_value_is_refused_and_not_repeated() -> None:
    (line,) = complaints({f"{WEB}.environment.HINT": "hunter2"}, secret=["immutable:services"])
    assert line == (
        "Pulumi.staging.yaml: immutable:services: is a secret, or holds one, and user data would show "
        "it; keep it in Secrets Manager or Parameter Store and name it under secrets"
    )


def test_a_key_without_a_value_is_refused() -> None:
    assert complaint({TAGS: {"owner": None}}) == f"{TAGS}.owner: is empty; write text, or leave the key out"


def test_several_problems_are_as_many_lines() -> None:
    lines = complaints({f"{NETWORK}.zones": 1, f"{WEB}.port": 0, "immutable:imageId": "x"})
    assert [line.split(": ")[1] for line in lines] == ["immutable:imageId", f"{NETWORK}.zones", f"{WEB}.port"]


def test_an_environment_without_a_file_is_asked_about() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        loaded({}, stack="stagin")
    assert str(refused.value) == (
        "Pulumi.stagin.yaml: immutable:imageId: is missing, and so is every other key; is stagin an "
        "environment of this project? Start one as a copy of another's file"
    )


def test_the_empty_values_of_the_project_file_count_as_none() -> None:
    empty = {"immutable:imageId": "", "immutable:network": {}, "immutable:tags": {}}
    with pytest.raises(pulumi.RunError, match=r"immutable:imageId: is missing, and so is every other key"):
        loaded(empty)


JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(),
    lambda inner: (
        strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = strategies.sampled_from(
    ["aws:region", "immutable:imageId", NETWORK, f"{NETWORK}.cidr", f"{NETWORK}.reservedCidrs", TAGS,
     "immutable:services", WEB, f"{WEB}.route", f"{WEB}.route.hosts", f"{WEB}.environment",
     f"{WEB}.environment.X", f"{WEB}.instanceTypes", f"{WEB}.refresh", f"{TAGS}.x", "immutable:loadBalancer",
     "immutable:other"]
)  # fmt: skip


@given(PATHS, JSON)
def test_any_value_is_taken_or_refused_in_single_lines(path: str, value: object) -> None:
    values = with_changes({path: value})
    values = {
        key: value if isinstance(value, str | dict | list) else str(value) for key, value in values.items()
    }
    try:
        loaded(values)
    except pulumi.RunError as refused:
        for line in str(refused).splitlines():
            assert line.startswith(("Pulumi.staging.yaml: immutable:", "Pulumi.staging.yaml: aws:region"))
            assert "pydantic" not in line
            assert len(line.split(": ", 2)) == 3
