"""Objects come into being, change and go as with Pulumi's own provider.

The same tests run against the emulated cloud's API and, in tests/kubernetes, against a real one.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from rehearsal.plugin import UNKNOWN, PartialFailureError, ProviderError, State
from tests.rehearsal.provider.kubernetes.stack import (
    IMAGE,
    OTHER_IMAGE,
    UNCHANGED,
    Stack,
    deployment,
    job,
    stack_on,
    urn,
)

DEPLOYMENT, CONFIG_MAP, NAMESPACE, JOB = (
    "apps/v1:Deployment",
    "core/v1:ConfigMap",
    "core/v1:Namespace",
    "batch/v1:Job",
)


def test_an_object_that_is_as_declared_does_not_differ(stack: Stack) -> None:
    made = stack.create(DEPLOYMENT, "shop", deployment("shop"))
    assert made.id == "default/shop"
    assert made.outputs["metadata"]["uid"] and made.outputs["kind"] == "Deployment"
    assert stack.diff(DEPLOYMENT, "shop", deployment("shop")) == UNCHANGED


def test_a_preview_tells_what_the_server_would_make_and_makes_nothing(stack: Stack) -> None:
    foreseen = stack.preview(DEPLOYMENT, "shop", deployment("shop"))
    assert foreseen.id == ""
    assert foreseen.outputs["spec"]["revisionHistoryLimit"] == 10
    assert "status" not in foreseen.outputs
    nothing = stack.provider.read(urn(DEPLOYMENT, "shop"), "default/shop", {}, {})
    assert nothing is None


def test_what_the_server_refuses_fails_the_preview(stack: Stack) -> None:
    wrong = deployment("shop")
    wrong["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(ProviderError, match=r"not successfully created .* `selector` does not match"):
        stack.preview(DEPLOYMENT, "shop", wrong)


def test_a_preview_waits_for_no_namespace(stack: Stack) -> None:
    inputs = deployment("shop")
    inputs["metadata"]["namespace"] = "not-yet"
    assert stack.preview(DEPLOYMENT, "shop", inputs).outputs["spec"] == inputs["spec"]


def test_a_change_is_applied_and_a_field_that_is_no_longer_declared_goes(stack: Stack) -> None:
    two = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    stack.create(DEPLOYMENT, "shop", deployment("shop", env=two))
    changed = deployment("shop", OTHER_IMAGE, env=two[:1])
    diff = stack.diff(DEPLOYMENT, "shop", changed)
    container = "spec.template.spec.containers[0]"
    assert diff.replaces == () and set(diff.diffs) == {f"{container}.image", f"{container}.env[1]"}
    foreseen = stack.update(DEPLOYMENT, "shop", changed, preview=True)
    assert foreseen["spec"]["template"]["spec"]["containers"][0]["image"] == OTHER_IMAGE
    outputs = stack.update(DEPLOYMENT, "shop", changed)
    assert outputs["spec"]["template"]["spec"]["containers"][0]["env"] == two[:1]
    assert stack.diff(DEPLOYMENT, "shop", changed) == UNCHANGED


def test_another_spelling_of_an_amount_is_no_change(stack: Stack) -> None:
    limits = {"limits": {"cpu": "1000m", "memory": "1024Mi"}}
    stack.create(DEPLOYMENT, "shop", deployment("shop", resources=limits))
    assert stack.diff(DEPLOYMENT, "shop", deployment("shop", resources=limits)) == UNCHANGED
    less = {"limits": {"cpu": "999m", "memory": "1024Mi"}}
    assert stack.diff(DEPLOYMENT, "shop", deployment("shop", resources=less)).diffs == (
        "spec.template.spec.containers[0].resources.limits.cpu",
    )


def test_nothing_said_twice_is_no_change(stack: Stack) -> None:
    inputs = deployment("shop")
    inputs["spec"]["template"]["spec"]["hostNetwork"] = False
    stack.create(DEPLOYMENT, "shop", inputs)
    assert stack.diff(DEPLOYMENT, "shop", inputs) == UNCHANGED


def test_a_selector_replaces_and_the_one_before_goes_first_as_it_has_the_name(stack: Stack) -> None:
    stack.create(DEPLOYMENT, "shop", deployment("shop"))
    other = deployment("shop")
    other["spec"]["selector"]["matchLabels"] = {"app": "other"}
    diff = stack.diff(DEPLOYMENT, "shop", other)
    assert diff.replaces == ("spec.selector.matchLabels.app",) and diff.delete_before_replace


def test_a_config_map_without_a_name_gets_one_and_keeps_it_until_its_data_replace_it(stack: Stack) -> None:
    made = stack.create(CONFIG_MAP, "settings", {"data": {"A": "1"}})
    assert made.id.startswith("default/settings-")
    assert stack.diff(CONFIG_MAP, "settings", {"data": {"A": "1"}}) == UNCHANGED
    diff = stack.diff(CONFIG_MAP, "settings", {"data": {"A": "2"}})
    assert diff.replaces == ("data.A",) and not diff.delete_before_replace


def test_an_object_that_is_there_already_is_not_taken_over(stack: Stack) -> None:
    stack.create(CONFIG_MAP, "one", {"metadata": {"name": "settings"}, "data": {"A": "1"}})
    with pytest.raises(ProviderError, match='"settings" already exists'):
        stack.create(CONFIG_MAP, "two", {"metadata": {"name": "settings"}, "data": {"A": "2"}})


def test_the_field_of_another_is_taken_only_by_force(kubeconfig: dict[str, Any], stack: Stack) -> None:
    stack.create(DEPLOYMENT, "shop", deployment("shop"))
    stack.update(DEPLOYMENT, "shop", deployment("shop", command=["run"]))
    other = stack_on(kubeconfig)
    other.known = dict(stack.known)
    scaled = deployment("shop", command=["run"])
    scaled["metadata"]["annotations"] |= {
        "pulumi.com/patchForce": "true",
        "pulumi.com/patchFieldManager": "other",
    }
    scaled["spec"]["replicas"] = 2
    other.update(DEPLOYMENT, "shop", scaled)
    third = deployment("shop", command=["run"])
    third["metadata"]["annotations"]["pulumi.com/patchFieldManager"] = "third"
    third["spec"]["replicas"] = 3
    with pytest.raises(ProviderError, match='field manager "third" had an apply conflict'):
        stack.update(DEPLOYMENT, "shop", third)
    third["metadata"]["annotations"]["pulumi.com/patchForce"] = "true"
    assert stack.update(DEPLOYMENT, "shop", third)["spec"]["replicas"] == 3


def test_a_change_by_hand_differs_once_a_refresh_saw_it(kubeconfig: dict[str, Any], stack: Stack) -> None:
    stack.create(DEPLOYMENT, "shop", deployment("shop"))
    by_hand = stack_on(kubeconfig)
    by_hand.known = copy.deepcopy(stack.known)
    by_hand.update(DEPLOYMENT, "shop", deployment("shop", OTHER_IMAGE))
    assert stack.diff(DEPLOYMENT, "shop", deployment("shop")) == UNCHANGED
    stack.refresh(DEPLOYMENT, "shop")
    image = "spec.template.spec.containers[0].image"
    assert stack.diff(DEPLOYMENT, "shop", deployment("shop")).diffs == (image,)
    assert stack.diff(DEPLOYMENT, "shop", deployment("shop"), [image]) == UNCHANGED


def test_what_is_gone_is_read_as_gone_and_may_be_deleted_again(stack: Stack) -> None:
    stack.create(CONFIG_MAP, "settings", {"data": {"A": "1"}})
    inputs, state = stack.known[CONFIG_MAP, "settings"]
    stack.delete(CONFIG_MAP, "settings")
    assert stack.provider.read(urn(CONFIG_MAP, "settings"), state.id, inputs, state.outputs) is None
    stack.provider.delete(urn(CONFIG_MAP, "settings"), state.id, inputs, state.outputs, 30)


def test_an_import_takes_what_is_no_status_as_inputs(stack: Stack) -> None:
    stack.create(DEPLOYMENT, "shop", deployment("shop"))
    found = stack.provider.read(urn(DEPLOYMENT, "shop"), "default/shop", {}, {})
    assert found is not None and found.inputs is not None
    assert found.inputs.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert "uid" not in found.inputs["metadata"]
    assert found.inputs["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


def test_an_object_in_a_namespace_of_the_provider_needs_to_name_none(kubeconfig: dict[str, Any]) -> None:
    stack = stack_on(kubeconfig, namespace="mine")
    stack.create(NAMESPACE, "mine", {"metadata": {"name": "mine"}})
    assert stack.create(CONFIG_MAP, "settings", {"data": {"A": "1"}}).id.startswith("mine/settings-")
    assert stack.diff(NAMESPACE, "mine", {"metadata": {"name": "mine"}}) == UNCHANGED
    stack.delete(NAMESPACE, "mine")
    assert stack.refresh(CONFIG_MAP, "settings") is None


def test_a_job_is_waited_for_to_its_good_end(stack: Stack) -> None:
    made = stack.create(JOB, "migrate", job("migrate", IMAGE))
    assert made.outputs["status"]["succeeded"] == 1


def test_a_job_that_fails_is_recorded_and_says_why_and_is_replaced_when_it_asks_for_it(
    stack: Stack, failing_image: str
) -> None:
    again = {"pulumi.com/replaceUnready": "true"}
    inputs = job("migrate", failing_image, **again)
    with pytest.raises(PartialFailureError) as failed:
        stack.create(JOB, "migrate", inputs)
    assert "[BackoffLimitExceeded]" in str(failed.value)
    assert "completed with exit code" in str(failed.value)
    assert failed.value.resource_id == "default/migrate"
    state = State(failed.value.resource_id, failed.value.outputs)
    stack.known[JOB, "migrate"] = (stack.check(JOB, "migrate", inputs), state)
    diff = stack.diff(JOB, "migrate", inputs)
    assert diff.replaces == ('.metadata.annotations["pulumi.com/replaceUnready"]',)
    assert diff.changed and diff.delete_before_replace
    assert stack.diff(JOB, "migrate", job("migrate", failing_image)).replaces == ()


def test_what_is_not_known_yet_is_previewed_as_declared(stack: Stack) -> None:
    inputs = deployment("shop", image=UNKNOWN)
    assert stack.preview(DEPLOYMENT, "shop", inputs).outputs["spec"] == inputs["spec"]
    stack.create(DEPLOYMENT, "shop", deployment("shop"))
    diff = stack.diff(DEPLOYMENT, "shop", inputs)
    assert diff.diffs == ("spec.template.spec.containers[0].image",)


def test_what_holds_an_unknown_value_is_held_against_the_schema(stack: Stack) -> None:
    inputs = deployment("shop", image=UNKNOWN)
    inputs["spec"]["replicas"] = "two"
    _, failures = stack.provider.check(urn(DEPLOYMENT, "shop"), {}, inputs, b"")
    assert [(failure.property, failure.reason) for failure in failures] == [
        ("spec.replicas", "'two' is not of type 'integer', 'null'")
    ]
