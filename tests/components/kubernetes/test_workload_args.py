"""What a workload's arguments refuse, each in one line that says what to do."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components.kubernetes.quantities import Quantity, amount
from components.kubernetes.workload_args import ContainerImage, Ingress, WorkloadName, callee
from tests.components.kubernetes.rendered import DATABASE, SECRET, arguments

INGRESS = Ingress(class_name="nginx", hosts=("a.b",), controller_namespace="ingress")
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"ports": {"http": 9090}}, "ports may not name http"),
        ({"ports": {"metrics": 8080}}, "port 8080 is served twice"),
        ({"port": 80}, "port 80 is root's, and the container is not root: listen above 1023"),
        ({"ports": {"90": 9090}}, "90 is no name for a port"),
        ({"health_port": 9090}, r"health_port 9090 is not served: name one of port and ports \(8080\)"),
        ({"port": None, "health_port": 9090}, r"health_port 9090 is not served: .* \(none\)"),
        ({"port": None, "exposed": True, "entry_cidrs": ("10.0.0.0/8",)}, "without a port nobody asks it"),
        ({"port": None, "ingress": INGRESS}, "without a port nobody asks it"),
        ({"exposed": True}, "exposed and entry_cidrs go together"),
        ({"entry_cidrs": ("10.0.0.0/8",)}, "exposed and entry_cidrs go together"),
        ({"min_size": 3}, "max_size 2 is below min_size 3: raise it"),
        ({"drain_seconds": 60}, "termination_grace_seconds 60 is over before the pod has drained for 60 s"),
        ({"max_surge": 0}, "max_surge 0 leaves no pod to be replaced"),
        ({"startup_seconds": 590}, r"progress_deadline_seconds 600 is over before a pod started \(590 s\)"),
        ({"rollout_timeout_seconds": 300}, "rollout_timeout_seconds 300 is shorter than"),
        ({"environment": {"A-B": "x"}}, "'A-B' is no name for an environment variable"),
        ({"secrets": {"A-B": SECRET}}, "'A-B' is no name for an environment variable"),
        ({"environment": {"KEY_FILE": "x"}, "secrets": {"KEY": SECRET}}, "KEY_FILE is set by the component"),
        (
            {"environment": {"BILLING_URL": "x"}, "calls": {"billing": callee("billing", "w", 8080)}},
            "BILLING_URL is set by the component",
        ),
        (
            {"calls": {"a-b": callee("a-b", "w", 8080), "a_b": callee("a-c", "w", 8080)}},
            "two of secrets, database and calls make the variable A_B_URL",
        ),
        ({"database": DATABASE}, "database and database_cidrs go together"),
        ({"database_cidrs": ("10.0.0.0/8",)}, "database and database_cidrs go together"),
        (
            {"database": DATABASE, "database_cidrs": ("10.0.0.0/8",), "environment": {"DATABASE_HOST": "x"}},
            "DATABASE_HOST is set by the component",
        ),
        (
            {"database": DATABASE, "database_cidrs": ("10.0.0.0/8",), "secrets": {"DATABASE_SECRET": SECRET}},
            "make the variable DATABASE_SECRET_FILE",
        ),
    ],
)  # fmt: skip
def test_what_would_never_work_is_refused_with_what_to_do(given: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError, match=line):
        arguments(**given)


@pytest.mark.parametrize(
    "image",
    [
        f"public.ecr.aws/team/shop@{DIGEST}",
        f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop@{DIGEST}",
        f"registry.example.com:5000/a/b-c/d__e@{DIGEST}",
    ],
)
def test_an_image_is_a_repository_and_a_digest(image: str) -> None:
    assert arguments(image=image).image == image


@pytest.mark.parametrize(
    "image",
    [
        "public.ecr.aws/team/shop:1.2", "public.ecr.aws/team/shop", f"public.ecr.aws/team/shop:1.2@{DIGEST}",
        f"public.ecr.aws/team/shop@{DIGEST[:-1]}", f"public.ecr.aws/Team/shop@{DIGEST}", f"shop@{DIGEST}",
    ],
)  # fmt: skip
def test_a_tag_and_whatever_else_may_come_to_mean_something_else_is_refused(image: str) -> None:
    with pytest.raises(ValidationError, match="image"):
        arguments(image=image)
    with pytest.raises(ValidationError):
        TypeAdapter(ContainerImage).validate_python(image)


def test_a_name_leaves_room_for_that_of_a_migration() -> None:
    name: TypeAdapter[str] = TypeAdapter(WorkloadName)
    longest = name.validate_python("a" * 46)
    assert len(f"{longest}-migrate-12345678") == 63
    with pytest.raises(ValidationError):
        name.validate_python("a" * 47)


@pytest.mark.parametrize(
    ("text", "value"),
    [("250m", "0.25"), ("2", "2"), ("0.5", "0.5"), ("256Mi", str(256 * 2**20)), ("1G", "1000000000")],
)
def test_an_amount_is_what_kubernetes_takes_it_for(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "0", "0Mi", "-1", "1 Gi", "1gi", "1e3", "Mi", "250 m"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount: write one such as"):
        amount(text)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(["", "m", "Mi", "Gi", "M"]))
def test_a_limit_is_at_least_the_request_whatever_they_are_written_in(
    one: int, other: int, unit: str
) -> None:
    low, high = sorted((one, other))
    Quantity(request=f"{low}{unit}", limit=f"{high}{unit}")
    if low < high:
        with pytest.raises(ValidationError, match=f"limit {low}{unit} is below request {high}{unit}: raise"):
            Quantity(request=f"{high}{unit}", limit=f"{low}{unit}")


def test_units_are_compared_by_what_they_say() -> None:
    Quantity(request="1000Mi", limit="1Gi")
    with pytest.raises(ValidationError, match="limit 1G is below request 1Gi"):
        Quantity(request="1Gi", limit="1G")


def test_an_argument_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError, match="replicas"):
        arguments(replicas=2)


def test_arguments_of_the_defaults_are_for_production() -> None:
    found = arguments()
    assert (found.min_size, found.max_size, found.drain_seconds) == (2, 2, 15)
    assert json.loads(found.cpu.model_dump_json()) == {"request": "100m", "limit": "500m"}
    assert found.memory.request == found.memory.limit, "memory that was promised is there"
