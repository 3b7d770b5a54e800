from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest

from rehearsal.engine import checkpoint, resource_json
from rehearsal.engine.property_text import PropertyText
from rehearsal.engine.secrets import Secrets
from rehearsal.engine.state import PendingOperation, ResourceState, Snapshot
from rehearsal.engine.values import BYTE_STRING, OUTPUT_VALUE, SECRET, SIGNATURE, UNKNOWN, make_secret
from rehearsal.errors import UsageError
from tests.rehearsal.engine.samples import ENVIRONMENT, HUNTER2, SALT, resource, root

FULL: dict[str, Any] = {
    "urn": "urn:pulumi:staging::immutable::t:m:T::a",
    "custom": True,
    "delete": True,
    "id": "i-1",
    "type": "t:m:T",
    "inputs": {"port": 8080, "ratio": 0.5, "nothing": None},
    "outputs": {"list": [1, {"a": "é<&>"}]},
    "parent": "urn:pulumi:staging::immutable::t:m:T::p",
    "protect": True,
    "taint": True,
    "external": True,
    "dependencies": ["urn:d"],
    "initErrors": ["half way"],
    "provider": "urn:provider::id",
    "propertyDependencies": {"port": ["urn:d"], "ratio": []},
    "pendingReplacement": True,
    "additionalSecretOutputs": ["list"],
    "aliases": ["urn:before"],
    "customTimeouts": {"create": 1800},
    "importID": "i-0",
    "retainOnDelete": True,
    "deletedWith": "urn:w",
    "replaceWith": ["urn:r"],
    "created": "2026-11-21T04:00:00Z",
    "modified": "2026-11-21T04:00:01Z",
    "sourcePosition": "project:///__main__.py#1,1",
    "stackTrace": [{"sourcePosition": "x"}],
    "ignoreChanges": ["port"],
    "hideDiff": ["list"],
    "replaceOnChanges": ["ratio"],
    "replacementTrigger": 7,
    "refreshBeforeUpdate": True,
    "viewOf": "urn:v",
    "resourceHooks": {"before_create": ["hook"]},
    "aFieldOfTomorrow": {"x": 1},
}


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(SALT, ENVIRONMENT)


@pytest.fixture
def codec(secrets: Secrets) -> PropertyText:
    return PropertyText(secrets)


def document(*resources: Any, version: int = 3, **deployment: Any) -> str:
    latest = {
        "manifest": {"time": "", "magic": "", "version": ""},
        "resources": list(resources),
        **deployment,
    }
    return json.dumps({"version": version, "checkpoint": {"stack": "organization/p/s", "latest": latest}})


def test_every_field_of_a_resource_survives(codec: PropertyText) -> None:
    state = resource_json.read_resource(FULL, codec)
    assert json.loads(resource_json.resource_text(state, codec)) == FULL
    defaults = ResourceState("", "")
    for field in dataclasses.fields(state):
        assert getattr(state, field.name) != getattr(defaults, field.name), f"{field.name} was not read"


def test_fields_are_written_in_the_order_of_the_real_engine(codec: PropertyText) -> None:
    text = resource_json.resource_text(
        resource_json.read_resource(dict(reversed(FULL.items())), codec), codec
    )
    assert list(json.loads(text)) == list(FULL)


def test_empty_fields_are_left_out_but_for_custom(codec: PropertyText) -> None:
    assert json.loads(resource_json.resource_text(ResourceState("u", "t"), codec)) == {
        "urn": "u",
        "custom": False,
        "type": "t",
    }


def test_properties_are_written_in_one_order_whatever_order_they_came_in(codec: PropertyText) -> None:
    a = resource("a", inputs={"b": {"y": 1, "x": 2}, "a": 3})
    b = resource("a", inputs={"a": 3, "b": {"x": 2, "y": 1}})
    assert resource_json.resource_text(a, codec) == resource_json.resource_text(b, codec)


def test_an_empty_list_that_go_wrote_as_null_is_a_list(codec: PropertyText) -> None:
    state = resource_json.read_resource(
        {**FULL, "propertyDependencies": {"port": None}, "inputs": None}, codec
    )
    assert state.property_dependencies == {"port": []}
    assert state.inputs == {}


def test_a_secret_is_never_written_in_the_clear(codec: PropertyText) -> None:
    state = resource("a", inputs={"list": [{"password": make_secret({"p": "hunter2"})}]})
    text = resource_json.resource_text(state, codec)
    assert "hunter2" not in text
    ((written,),) = (json.loads(text)["inputs"]["list"][0].values(),)
    assert written[SIGNATURE] == SECRET
    assert json.loads(codec.secrets.decrypt(written["ciphertext"])) == {"p": "hunter2"}
    assert resource_json.read_resource(json.loads(text), codec).inputs == state.inputs


def test_a_secret_inside_a_secret_comes_back_as_one(codec: PropertyText) -> None:
    state = resource("a", outputs={"x": make_secret({"y": make_secret([1])})})
    assert (
        resource_json.read_resource(json.loads(resource_json.resource_text(state, codec)), codec).outputs
        == state.outputs
    )


def test_an_unchanged_secret_keeps_its_ciphertext_whoever_wrote_it(
    codec: PropertyText, secrets: Secrets
) -> None:
    # Go escapes < and > in JSON; that is another text of the same value.
    ciphertext = secrets.encrypt('{"b":"\\u003c1\\u003e","a":2}')
    raw = {**FULL, "inputs": {"x": {SIGNATURE: SECRET, "ciphertext": ciphertext}}}
    state = resource_json.read_resource(raw, codec)
    assert state.inputs == {"x": make_secret({"b": "<1>", "a": 2})}
    assert json.loads(resource_json.resource_text(state, codec)) == raw
    changed = dataclasses.replace(state, inputs={"x": make_secret({"b": "<2>", "a": 2})})
    assert ciphertext not in resource_json.resource_text(changed, codec)


def test_a_secret_of_an_export_that_shows_secrets_is_read(codec: PropertyText) -> None:
    raw = {**FULL, "inputs": {"x": {SIGNATURE: SECRET, "plaintext": '"p"'}}}
    assert resource_json.read_resource(raw, codec).inputs == {"x": make_secret("p")}


@pytest.mark.parametrize("secret", [{}, {"ciphertext": "v1:a:b", "plaintext": "1"}, {"plaintext": "no JSON"}])
def test_a_malformed_secret_is_damage(codec: PropertyText, secret: dict[str, str]) -> None:
    with pytest.raises(resource_json.CheckpointError, match=r"inputs of resource .* cannot be read"):
        resource_json.read_resource({**FULL, "inputs": {"x": {SIGNATURE: SECRET, **secret}}}, codec)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_json_lacks_survives(codec: PropertyText, number: float) -> None:
    text = resource_json.resource_text(resource("a", inputs={"n": [number]}), codec)
    assert repr(resource_json.read_resource(json.loads(text), codec).inputs["n"]) == f"[{number}]"


def test_output_values_are_kept_without_their_dependencies(codec: PropertyText) -> None:
    outputs = {
        "a": {SIGNATURE: OUTPUT_VALUE, "dependencies": ["u"]},
        "b": {SIGNATURE: OUTPUT_VALUE, "value": 1},
    }
    written = json.loads(resource_json.resource_text(resource("x", outputs=outputs), codec))["outputs"]
    assert written == {"a": UNKNOWN, "b": 1}


def test_both_forms_are_read(secrets: Secrets) -> None:
    snapshot, _ = checkpoint.read(document(FULL), secrets)
    exported = checkpoint.exported(snapshot, secrets)
    again, _ = checkpoint.read(exported, secrets)
    assert [state.id for state in snapshot.resources] == [state.id for state in again.resources] == ["i-1"]
    assert json.loads(exported)["deployment"]["resources"] == [FULL]


def test_unknown_fields_of_a_deployment_survive(secrets: Secrets) -> None:
    snapshot, _ = checkpoint.read(document(tomorrow=[1], metadata={"integrity_error": {}}), secrets)
    deployment = json.loads(checkpoint.exported(snapshot, secrets))["deployment"]
    assert (deployment["tomorrow"], deployment["metadata"]) == ([1], {"integrity_error": {}})


def test_pending_operations_survive(secrets: Secrets) -> None:
    snapshot = Snapshot([root()], [PendingOperation(resource("a"), "creating")])
    again, _ = checkpoint.read(checkpoint.exported(snapshot, secrets), secrets)
    assert [(item.kind, item.resource.name) for item in again.pending] == [("creating", "a")]


def test_a_stack_that_was_never_deployed_is_empty(secrets: Secrets) -> None:
    snapshot, _ = checkpoint.read('{"version":3,"checkpoint":{"stack":"organization/p/s"}}', secrets)
    assert (snapshot.resources, snapshot.pending) == ([], [])


def test_the_state_says_which_salt_its_secrets_have() -> None:
    provider = {"type": "passphrase", "state": {"salt": SALT}}
    raw = {**FULL, "inputs": {"x": {SIGNATURE: SECRET, "plaintext": '"p"'}}}
    _, secrets = checkpoint.read(document(raw, secrets_providers=provider), Secrets(None, ENVIRONMENT))
    assert secrets.decrypt(HUNTER2) == "hunter2"
    assert json.loads(checkpoint.exported(Snapshot(), secrets))["deployment"]["secrets_providers"] == provider


def test_another_secrets_provider_is_refused_by_name(secrets: Secrets) -> None:
    with pytest.raises(UsageError, match="secrets provider 'cloud' is not supported"):
        checkpoint.read(document(secrets_providers={"type": "cloud", "state": {}}), secrets)


def test_features_make_version_four(secrets: Secrets) -> None:
    def written(**fields: Any) -> Any:
        return json.loads(checkpoint.exported(Snapshot([resource("a", **fields)]), secrets))

    assert written()["version"] == 3
    assert written(taint=True)["features"] == ["taint"]
    assert written(resource_hooks={"before_create": ["h"]})["features"] == ["hooks"]
    assert written(refresh_before_update=True)["features"] == ["refreshBeforeUpdate"]
    assert written(view_of="u", replace_with=["u"])["features"] == ["replaceWith", "views"]
    assert written(inputs={"x": {SIGNATURE: BYTE_STRING, "value": "/w=="}})["features"] == ["byteString"]
    assert written(extra={"snippetID": "x"})["features"] == ["snippets-prototype"]
    assert written(taint=True)["version"] == 4


def test_a_version_or_feature_that_is_not_known_is_refused(secrets: Secrets) -> None:
    with pytest.raises(UsageError, match="checkpoint version 5 is not supported"):
        checkpoint.read(document(version=5), secrets)
    text = json.dumps({**json.loads(document(version=4)), "features": ["hooks", "tomorrow"]})
    with pytest.raises(UsageError, match="needs support for the following features: tomorrow"):
        checkpoint.read(text, secrets)
    checkpoint.read(text.replace("tomorrow", "taint"), secrets)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is not JSON"),
        ('{"version": 3, "checkpoint": {"st', "it is not JSON"),
        ("\xff\xfe", "it is not JSON"),
        ("[]", "the checkpoint is not an object"),
        ('{"version": 3}', 'neither a "checkpoint" nor a "deployment"'),
        ('{"version": 3, "checkpoint": 5}', "body is not an object"),
        ('{"version": 3, "deployment": []}', "the deployment is not an object"),
        (document(7), "a resource is not an object"),
        (document({**FULL, "custom": "yes"}), "custom of resource .* is not a bool"),
        (document({**FULL, "inputs": []}), "inputs of resource .* is not a dict"),
        (document({**FULL, "dependencies": [1]}), "dependencies of resource .* are not all URNs"),
        (document(resources={}), "must be lists"),
        (document(manifest=[1]), "the manifest is not an object"),
        (document(pending_operations=[{"type": "creating"}]), "a resource is not an object"),
        (document(secrets_providers={"type": "passphrase"}), "has no salt"),
    ],
)
def test_a_damaged_checkpoint_is_told_in_one_line(text: str, words: str, secrets: Secrets) -> None:
    with pytest.raises(resource_json.CheckpointError, match=words) as refused:
        checkpoint.read(text.encode("latin-1"), secrets)
    assert "\n" not in str(refused.value)
