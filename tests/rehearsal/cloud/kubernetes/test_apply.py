from __future__ import annotations

import pytest

from tests.rehearsal.cloud.kubernetes.api import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    Api,
    Refusal,
    config_map,
    deployment,
)


def owners(value: dict[str, object]) -> dict[str, object]:
    managed = value["metadata"]["managedFields"]  # type: ignore[index]
    return {each["manager"]: each["fieldsV1"] for each in managed}


def test_an_apply_makes_what_is_not_there_and_notes_whose_it_is(api: Api) -> None:
    made = api.apply(CONFIG_MAPS, config_map(a="1", b="2"))
    assert owners(made) == {"tests": {"f:data": {"f:a": {}, "f:b": {}}}}


def test_a_field_that_is_wanted_no_more_goes_but_not_another_owners(api: Api) -> None:
    api.apply(CONFIG_MAPS, config_map(a="1", b="2"))
    api.apply(CONFIG_MAPS, config_map(b="2"), "other")
    assert api.apply(CONFIG_MAPS, config_map(c="3"))["data"] == {"b": "2", "c": "3"}


def test_another_value_of_somebody_elses_field_is_a_conflict_unless_it_is_forced(api: Api) -> None:
    api.apply(CONFIG_MAPS, config_map(a="1"))
    with pytest.raises(Refusal) as refused:
        api.apply(CONFIG_MAPS, config_map(a="2"), "other")
    assert refused.value.code == 409
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "tests": .data.a'
    after = api.apply(CONFIG_MAPS, config_map(a="2"), "other", force=True)
    assert owners(after) == {"other": {"f:data": {"f:a": {}}}}


def test_a_patch_takes_its_field_over_and_a_later_apply_is_told_of_it(api: Api) -> None:
    api.apply(CONFIG_MAPS, config_map(a="1"))
    api.ask("PATCH", f"{CONFIG_MAPS}/settings?fieldManager=kubectl-edit", {"data": {"a": "9"}}, MERGE)
    with pytest.raises(Refusal, match=r'conflict with "kubectl-edit" using v1: \.data\.a'):
        api.apply(CONFIG_MAPS, config_map(a="1"))


def test_an_apply_that_changes_nothing_leaves_version_and_generation(api: Api) -> None:
    first = api.apply(DEPLOYMENTS, deployment())["metadata"]["generation"]
    api.cloud.step(60)
    before = api.get(f"{DEPLOYMENTS}/web")["metadata"]
    after = api.apply(DEPLOYMENTS, deployment())["metadata"]
    assert (after["generation"], after["resourceVersion"]) == (first, before["resourceVersion"])


def test_items_of_a_list_are_found_by_their_keys(api: Api) -> None:
    api.apply(DEPLOYMENTS, deployment())
    side = {"name": "side", "image": "side:1"}
    other = deployment()
    other["spec"] = {"template": {"spec": {"containers": [side]}}}
    names = [
        each["name"]
        for each in api.apply(DEPLOYMENTS, other, "other")["spec"]["template"]["spec"]["containers"]
    ]
    assert sorted(names) == ["app", "side"]
    conflicting = deployment("other.example/web:2")
    conflicting["spec"] = {"template": {"spec": {"containers": [{"name": "app", "image": "x"}]}}}
    with pytest.raises(Refusal, match=r'\.spec\.template\.spec\.containers\[name="app"\]\.image'):
        api.apply(DEPLOYMENTS, conflicting, "other")


def test_a_probe_that_is_wanted_no_more_goes_with_what_was_filled_in(api: Api) -> None:
    api.apply(DEPLOYMENTS, deployment())
    without = deployment()
    del without["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    after = api.apply(DEPLOYMENTS, without)["spec"]["template"]["spec"]["containers"][0]
    assert "readinessProbe" not in after


def test_managed_fields_that_a_patch_brings_along_count(api: Api) -> None:
    made = api.ask("POST", f"{CONFIG_MAPS}?fieldManager=first", config_map(a="1"))
    entry = made["metadata"]["managedFields"][0] | {"manager": "second", "operation": "Apply"}
    patch = [{"op": "replace", "path": "/metadata/managedFields", "value": [entry]}]
    api.ask("PATCH", f"{CONFIG_MAPS}/settings", patch, JSON_PATCH)
    assert api.apply(CONFIG_MAPS, config_map(b="2"), "second")["data"] == {"b": "2"}


def test_an_apply_says_what_is_not_of_the_kinds_form(api: Api) -> None:
    with pytest.raises(Refusal, match=r"Kind=ConfigMap\): \.foo: field not declared in schema"):
        api.apply(CONFIG_MAPS, config_map() | {"foo": 1})
    with pytest.raises(Refusal, match="fieldManager: Required value: is required for apply patch"):
        api.ask("PATCH", f"{CONFIG_MAPS}/settings", config_map(), APPLY)
    with pytest.raises(Refusal, match=r"the name of the object \(settings\) does not match"):
        api.ask("PATCH", f"{CONFIG_MAPS}/other?fieldManager=tests", config_map(), APPLY)
