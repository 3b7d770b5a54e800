"""What stands in for what the file leaves out of a workload and a cluster, and that both sides agree."""

from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes import add_ons, workload_args
from components.kubernetes.node_group import NodesArgs
from components.kubernetes.quantities import amount
from components.kubernetes.workload_args import WorkloadArgs
from components.log_watch import LINE_ERROR_PATTERN
from stacks import cluster_sections, workload_sections
from stacks.cluster_sections import NodesConfig
from stacks.pod_sections import RolloutConfig, memory_bytes, milli_cpu
from stacks.services import ServiceConfig
from stacks.workload_sections import WorkloadConfig
from tests.stacks.containers import CONTAINERS
from tests.stacks.given import loaded, with_changes


def default(model: Any, name: str) -> Any:
    return model.model_fields[name].default


@pytest.mark.parametrize(
    "name",
    [
        "health_path",
        "min_size",
        "cpu_target_percent",
        "migrate_timeout_seconds",
        "startup_seconds",
        "drain_seconds",
        "termination_grace_seconds",
        "tmp_size_mib",
        "user_id",
        "service_account_token",
    ],
)
def test_defaults_of_workloads_are_those_of_the_component(name: str) -> None:
    ours = {"min_size": "min"}.get(name, name)
    assert default(WorkloadConfig, ours) == default(WorkloadArgs, name)


def test_a_rollout_goes_as_that_of_the_component() -> None:
    for name in ("max_surge", "min_ready_seconds", "progress_deadline_seconds"):
        assert default(RolloutConfig, name) == default(WorkloadArgs, name)
    assert default(RolloutConfig, "timeout_seconds") == default(WorkloadArgs, "rollout_timeout_seconds")


def test_nodes_are_those_of_the_component() -> None:
    for name in ("max_unavailable", "max_age_days", "volume_size_gib"):
        assert default(NodesConfig, name) == default(NodesArgs, name)
    assert (default(NodesConfig, "min"), default(NodesConfig, "max")) == (
        default(NodesArgs, "min_size"),
        default(NodesArgs, "max_size"),
    )


def test_a_workload_has_the_words_of_a_service_for_what_both_have() -> None:
    ours, theirs = WorkloadConfig.model_fields, ServiceConfig.model_fields
    shared = {"port", "min", "max", "route", "environment", "not_secret", "secrets", "calls", "database"}
    shared |= {"health_path", "policy_statements", "deregistration_delay_seconds", "cpu_target_percent"}
    assert ours.keys() & theirs.keys() == shared | {"alarms"}
    # Half of what pods request, and more of what servers have: a server's processor is its own.
    for name in shared - {"cpu_target_percent"}:
        assert ours[name].default == theirs[name].default, name


def test_the_limits_of_names_and_add_ons_are_those_of_the_components() -> None:
    assert workload_sections.LONGEST_NAME == workload_args.LONGEST_NAME
    assert set(cluster_sections.ADD_ONS) == set(add_ons.REQUIRED)


@pytest.mark.parametrize("quantity", ["250m", "1", "0.25", "1.5"])
def test_amounts_of_processor_are_read_as_kubernetes_reads_them(quantity: str) -> None:
    assert milli_cpu(quantity) == amount(quantity) * 1000


@pytest.mark.parametrize("quantity", ["256Mi", "2Gi", "300M", "1G"])
def test_amounts_of_memory_are_read_as_kubernetes_reads_them(quantity: str) -> None:
    assert memory_bytes(quantity) == amount(quantity)


def test_lines_of_pods_are_judged_as_lines_and_not_as_a_journal() -> None:
    shop = loaded(with_changes(CONTAINERS)).workloads["shop"]
    assert shop.alarms.log_error_pattern == LINE_ERROR_PATTERN
    assert "$.body" not in LINE_ERROR_PATTERN


def test_a_surge_is_a_share_or_a_number() -> None:
    assert RolloutConfig().surge == "25%"
    assert RolloutConfig(max_surge="2").surge == 2
