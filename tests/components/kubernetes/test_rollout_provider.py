"""The rollout as Pulumi sees it: what is checked, what is a change, what starts one, what is remembered."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import traceback
from typing import Any

import pytest
from kubernetes.client import ApiException
from pulumi.output import UNKNOWN

from components.kubernetes import connection, rollout_provider
from components.kubernetes.rollout_provider import RolloutProvider, is_triggered, whole
from components.refresh_errors import RolloutError
from tests.components.kubernetes.rendered import rollout
from tests.components.kubernetes.rollouts import Watched, target
from tests.components.kubernetes.small_cluster import BETTER, CRASHING, GOOD, SmallCluster

KUBECONFIG = {
    "clusters": [{"name": "c", "cluster": {"server": "https://one.example"}}],
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    "current-context": "c",
    "users": [{"name": "c", "user": {}}],
}


def props(image: str = GOOD, **given: Any) -> dict[str, Any]:
    inputs = rollout(image=image, kubeconfig=json.dumps(KUBECONFIG), min_size=1, max_size=3)
    return {**inputs, **given}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> SmallCluster:
    """Reached by every kubeconfig; a second passes with every question."""
    made = SmallCluster()
    called = made._called

    def passing(method: str, path: str) -> None:
        made.step(5)
        called(method, path)

    made._called = passing  # type: ignore[method-assign]
    monkeypatch.setattr(connection, "Connection", lambda _: made)
    monkeypatch.setattr("components.refresh_polling.FIRST_SECONDS", 0.001)
    Watched(made).applied(target(GOOD))
    return made


def applied(cluster: SmallCluster, image: str) -> None:
    Watched(cluster).applied(target(image))


def test_create_update_and_update_back_remember_the_image_before(cluster: SmallCluster) -> None:
    provider = RolloutProvider()
    created = provider.create(props())
    first = created.outs or {}
    assert created.id == "workloads/shop/rollout"
    assert (first["image"], first["previous_image"], first["status"]) == (GOOD, "", "Successful")
    applied(cluster, BETTER)
    second = provider.update("id", first, props(BETTER)).outs or {}
    assert (second["image"], second["previous_image"], second["revision"]) == (BETTER, GOOD, "2")
    applied(cluster, GOOD)
    third = provider.update("id", second, props(GOOD)).outs or {}
    assert (third["image"], third["previous_image"], third["revision"]) == (GOOD, BETTER, "3")
    assert third["replica_set"] == first["replica_set"]


def test_a_failed_update_raises_and_the_next_one_applies_the_template_itself(cluster: SmallCluster) -> None:
    provider = RolloutProvider()
    olds = provider.create(props()).outs or {}
    applied(cluster, CRASHING)
    for _ in (1, 2):
        with pytest.raises(RolloutError, match="is back and serves"):
            provider.update("id", olds, props(CRASHING))
        assert cluster.images() == {GOOD}


def test_the_replica_set_of_the_state_is_the_one_that_is_put_back(cluster: SmallCluster) -> None:
    provider = RolloutProvider()
    olds = provider.create(props()).outs or {}
    applied(cluster, BETTER)
    cluster.step(60)
    applied(cluster, CRASHING)
    with pytest.raises(RolloutError, match=f"{olds['replica_set']} .*is back"):
        provider.update("id", olds, props(CRASHING))
    assert cluster.images() == {GOOD}


def test_a_change_that_is_no_rollout_asks_the_cluster_nothing(cluster: SmallCluster) -> None:
    olds = RolloutProvider().create(props()).outs or {}
    calls = len(cluster.calls)
    outs = RolloutProvider().update("id", olds, props(timeout_seconds=120)).outs or {}
    assert (outs["timeout_seconds"], outs["status"], outs["image"]) == (120, "Successful", GOOD)
    assert outs["finished_at"] == olds["finished_at"]
    assert len(cluster.calls) == calls


def test_a_deployment_that_was_made_anew_is_watched(cluster: SmallCluster) -> None:
    assert is_triggered(props(), props(deployment_uid="another"))
    assert not is_triggered(props(), props())


def test_a_new_version_of_the_same_image_keeps_the_image_before(cluster: SmallCluster) -> None:
    olds = (RolloutProvider().create(props()).outs or {}) | {"previous_image": BETTER}
    news = props()
    news["spec"] = copy.deepcopy(news["spec"])
    news["spec"]["template"]["metadata"]["annotations"] = {"immutable/log-group": "another"}
    outs = RolloutProvider().update("id", olds, news).outs or {}
    assert (outs["image"], outs["previous_image"], outs["revision"]) == (GOOD, BETTER, "2")


def test_numbers_reach_the_cluster_as_whole_ones(cluster: SmallCluster) -> None:
    """Pulumi's engine knows floats only, and 8080.0 is no port."""
    RolloutProvider().create(props())
    spec = cluster._known()["spec"]
    assert repr(spec["template"]["spec"]["containers"][0]["ports"][0]["containerPort"]) == "8080"
    assert whole({"a": [1.0, 0.5, True, "1.0"]}) == {"a": [1, 0.5, True, "1.0"]}


def test_a_refusal_of_the_cluster_is_one_line_that_names_the_deployment(cluster: SmallCluster) -> None:
    error = ApiException(status=403, reason="Forbidden")
    error.body = b'{"message": "deployments.apps \\"shop\\" is forbidden:\\n User \\"x\\" cannot patch"}'
    cluster.faults = [error]
    with pytest.raises(RolloutError) as failed:
        RolloutProvider().create(props())
    assert str(failed.value) == (
        "deployment shop in workloads: the cluster answers 403: "
        'deployments.apps "shop" is forbidden: User "x" cannot patch'
    )


def test_a_fault_of_the_program_keeps_its_traceback(cluster: SmallCluster) -> None:
    cluster.faults = [KeyError("items")]
    with pytest.raises(KeyError):
        RolloutProvider().create(props())


@pytest.mark.parametrize("image", ["shop:1.0", "shop", "shop:latest@sha256:abc"])
def test_what_is_no_digest_is_refused_before_anything_changes(image: str) -> None:
    (failure,) = RolloutProvider().check({}, props() | {"image": image}).failures
    assert (failure.property, failure.reason.startswith(repr(image))) == ("image", True)


@pytest.mark.parametrize("image", [GOOD, UNKNOWN])
def test_a_digest_passes_and_so_does_one_that_is_not_known_yet(image: Any) -> None:
    assert not RolloutProvider().check({}, props() | {"image": image}).failures


def test_nothing_is_a_change_of_what_the_state_holds() -> None:
    olds = json.loads(json.dumps(props()), parse_int=float)
    assert not RolloutProvider().diff("id", olds, props()).changes


@pytest.mark.parametrize("field", rollout_provider.INPUTS)
def test_every_input_is_a_change(field: str) -> None:
    others: dict[str, Any] = {"metadata": {"name": "x"}, "spec": {}, "min_size": 9, "timeout_seconds": 9}
    others["kubeconfig"] = json.dumps({**KUBECONFIG, "users": []})
    found = RolloutProvider().diff("id", props(), props() | {field: others.get(field, "other")})
    assert found.changes
    assert found.replaces == ([field] if field in ("namespace", "deployment") else [])


def test_another_cluster_is_another_rollout_and_a_new_certificate_is_not() -> None:
    moved, renewed = copy.deepcopy(KUBECONFIG), copy.deepcopy(KUBECONFIG)
    moved["clusters"][0]["cluster"]["server"] = "https://two.example"  # type: ignore[index]
    renewed["clusters"][0]["cluster"]["certificate-authority-data"] = "QQ=="  # type: ignore[index]
    diff = RolloutProvider().diff
    assert diff("id", props(), props(kubeconfig=json.dumps(moved))).replaces == ["kubeconfig"]
    found = diff("id", props(), props(kubeconfig=json.dumps(renewed)))
    assert (found.changes, found.replaces) == (True, [])
    assert diff("id", props(), props(kubeconfig=UNKNOWN)).replaces == []
    assert not is_triggered(props(), props(kubeconfig=json.dumps(moved)))


def test_an_unknown_value_is_a_change() -> None:
    news = copy.deepcopy(props())
    news["spec"]["template"]["spec"]["containers"][0]["image"] = UNKNOWN
    assert RolloutProvider().diff("id", props(), news).changes
    assert is_triggered(props(), news)


def test_the_state_holds_the_name_of_the_provider_and_nothing_of_it() -> None:
    assert len(pickle.dumps(RolloutProvider())) < 100
    assert not RolloutProvider.serialize_as_secret_always


def test_a_preview_imports_neither_a_client_of_the_cluster_nor_one_of_aws() -> None:
    """It builds workloads, checks and compares rollouts; with 200 workloads, more than once."""
    program = (
        "import sys, json\n"
        "from components.kubernetes.workload import Workload\n"
        "from components.kubernetes.rollout_provider import RolloutProvider\n"
        f"props = json.loads({json.dumps(json.dumps(props()))})\n"
        "RolloutProvider().configure(None)\n"
        "RolloutProvider().check({}, props)\n"
        "RolloutProvider().diff('id', props, {**props, 'image': 'x'})\n"
        "late = ('kubernetes', 'boto3', 'botocore', 'tenacity')\n"
        "print([name for name in sys.modules if name.split('.')[0] in late])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_failure_reaches_the_user_as_its_line_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback, "format_exc", traceback.format_exc)
    RolloutProvider().configure(None)  # type: ignore[arg-type]
    try:
        raise RolloutError("deployment shop in workloads: why")
    except RolloutError:
        assert traceback.format_exc() == "deployment shop in workloads: why"
