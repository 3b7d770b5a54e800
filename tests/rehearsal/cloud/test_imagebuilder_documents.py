"""Component documents as CreateComponent takes and refuses them, and what is known of their scripts."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from rehearsal.cloud.imagebuilder import documents, scripts
from rehearsal.cloud.imagebuilder.exceptions import InvalidParameterValue
from rehearsal.cloud.imagebuilder.workflows import BUILD, Execution
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.building import Factory, document, refused, whole

LINUX = "Linux"


@pytest.fixture
def factory(cloud: Local) -> Factory:
    return Factory(cloud)


def step(**changed: Any) -> str:
    """A document of one step that is good but for what is changed; None takes a key away."""
    given = {"name": "Hello", "action": "ExecuteBash", "inputs": {"commands": ["true"]}} | changed
    kept = {key: value for key, value in given.items() if value is not None}
    return whole([{"name": "build", "steps": [kept]}])


def phases(*names: str) -> str:
    steps = [{"name": "Hello", "action": "Reboot"}]
    return whole([{"name": name, "steps": steps} for name in names])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("a: [", "The document is not valid YAML"),
        ("just text", "The document is not a map"),
        (json.dumps({"phases": []}), "Invalid schema version. Supported versions include: 1.0."),
        (json.dumps({"schemaVersion": 2.0, "phases": []}), "Invalid schema version"),
        (whole([]), "The document has no phases"),
        (whole([{"name": "build"}]), "Phase 'build' has no steps"),
        (whole([{"steps": []}]), "A phase has no name"),
        (phases("build", "build"), "The phase names in the document must be unique: build"),
        (phases("prepare"), "At least one of the phases build, validate and test"),
        (phases("build it", "test"), "Invalid phase name 'build it'. Allowed characters"),
        (step(name=None), "A step in phase 'build' has no name"),
        (step(name="Say hello"), "Invalid step name 'Say hello' in phase 'build'. Allowed characters"),
        (
            step(action="InvokeBash"),
            "step 'Hello' in phase 'build' failed. Error: Unsupported action InvokeBash",
        ),
        (step(action="executebash"), "Unsupported action executebash"),
        (step(action="ExecutePowerShell"), "Unsupported action ExecutePowerShell for platform Linux"),
        (step(action=None), "Unsupported action None"),
        (step(inputs=None), "Action ExecuteBash has no inputs; it requires an 'inputs'"),
        (step(inputs={"command": ["true"]}), "Action ExecuteBash requires 'commands' in 'inputs'"),
        (step(inputs={"commands": []}), "Action ExecuteBash requires 'commands' in 'inputs'"),
        (step(inputs={"commands": "true"}), "requires 'commands' to be a list of strings"),
        (step(inputs=[{"commands": ["true"]}]), "requires 'inputs' to be a map"),
        (step(action="CreateFile", inputs={"path": "/x"}), "requires 'inputs' to be a list of maps"),
        (step(action="CopyFile", inputs=[{"source": "/x"}]), "requires 'destination' in 'inputs[0]'"),
        (step(action="S3Download", inputs=[]), "Action S3Download has no inputs"),
        (step(action="WebDownload", inputs=["x"]), "requires a map in 'inputs[0]'"),
        (step(onFailure="Stop"), "onFailure 'Stop' is not one of Abort, Continue, Ignore"),
        (step(maxAttempts=0), "maxAttempts 0 is not a whole number"),
        (step(timeoutSeconds=0), "timeoutSeconds 0 is not a whole number"),
        (step(timeoutSeconds="1h"), "timeoutSeconds '1h' is not a whole number"),
    ],
)
def test_a_document_that_the_service_refuses(data: str, why: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        documents.parse(data, LINUX)
    assert str(refusal.value.message).startswith("The value supplied for parameter 'data' is not valid. ")
    assert why in refusal.value.message
    assert "\n" not in refusal.value.message


def test_step_names_are_unique_in_their_phase_alone() -> None:
    one = {"name": "Hello", "action": "Reboot"}
    assert documents.parse(whole([{"name": n, "steps": [one]} for n in ("build", "test")]), LINUX)
    with pytest.raises(InvalidParameterValue, match="step names in phase 'build' must be unique: Hello"):
        documents.parse(whole([{"name": "build", "steps": [one, one]}]), LINUX)


@pytest.mark.parametrize(
    "data",
    [
        step(timeoutSeconds=-1, maxAttempts=3, onFailure="Ignore"),
        step(action="UpdateOS", inputs=None),
        step(action="SetFilePermissions", inputs=[{"path": "/x", "permissions": 0o755}]),
        phases("prepare", "validate"),
        step(inputs={"commands": [True, 7]}),
    ],
)
def test_a_document_that_the_service_takes(data: str) -> None:
    assert documents.parse(data, LINUX)


def test_a_document_has_sixteen_thousand_characters_at_most(factory: Factory) -> None:
    def of(length: int) -> str:
        data = document("echo ") + "\n#"
        return data + "x" * (length - len(data))

    with refused("InvalidParameterValue", "'data' is not valid. It is 16001 characters"):
        factory.component(data=of(16_001))
    factory.component(data=of(16_000))


def test_a_refused_document_makes_no_component(factory: Factory) -> None:
    with refused("InvalidParameterValue", "Unsupported action InvokeBash for platform Linux"):
        factory.component(data=step(action="InvokeBash"))
    assert factory.client.list_components()["componentVersionList"] == []


def test_parameters_have_a_type_and_one_definition() -> None:
    good = [{"Size": {"type": "string", "default": "1"}}]
    data = document()[:-1] + ', "parameters": '
    assert documents.parse(f"{data}{json.dumps(good)}}}", LINUX).parameters["Size"]["default"] == "1"
    for wrong, why in (
        (good * 2, "'Size' is defined twice"),
        ([{"Size": {"type": "number"}}], "'Size' is not string or list"),
        ({"Size": {}}, "not a list of maps of one name"),
    ):
        with pytest.raises(InvalidParameterValue, match=why):
            documents.parse(f"{data}{json.dumps(wrong)}}}", LINUX)


@pytest.mark.parametrize(
    ("script", "code", "stderr"),
    [
        ("true", 0, []),
        ("exit 3", 3, []),
        ("false", 1, []),
        ("exit 0", 0, []),
        ("exit 194", 0, []),
        ("echo hello; exit 1", 1, []),
        ("echo no such package >&2; exit 100", 100, ["no such package"]),
        ("# nothing\nset -eu\n\necho 'a b' # said\nfalse\necho never", 1, []),
        ("false\ntrue", 0, []),
        ("set -x\nfalse\ntrue", 0, []),
        ("set -o errexit\nfalse\ntrue", 1, []),
        ("apt-get update", 0, []),
        ("apt-get update\nexit 7", 7, []),
        ("apt-get update\nfalse", 1, []),
        ("apt-get update && exit 0\nexit 7", 0, []),
        ("apt-get update\nexec true\nexit 7", 0, []),
        ("if ! test -e /x; then\n  exit 1\nfi", 0, []),
        ("test -e /x || exit 1", 0, []),
        ("echo x > /etc/x\nexit 1", 1, []),
        ("echo 'two\nlines'\nexit 5", 5, []),
        ("cat <<EOF\nexit 1\nEOF", 0, []),
        ("echo {{ build.Hello.outputs.stdout }}", 0, []),
    ],
)
def test_what_can_be_known_of_a_script(script: str, code: int, stderr: list[str]) -> None:
    found = scripts.outcome([script])
    assert (found.code, found.stderr) == (code, stderr)


def test_commands_are_one_script() -> None:
    found = scripts.outcome(["echo a", True, "echo b; exit 4", "echo c"])
    assert (found.code, found.stdout) == (4, ["a", "b"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash reads the script")
def test_a_script_that_bash_cannot_read_fails() -> None:
    found = scripts.outcome(["if true; then", "echo a"])
    assert (found.code, "unexpected end of file" in found.stderr[0]) == (2, True)


def test_without_bash_a_script_is_taken_to_be_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert scripts.outcome(["if nothing reads this; then"]).code == 0


def test_messages_are_as_long_as_the_service_lets_them_be(cloud: Local) -> None:
    execution = Execution(BUILD, "arn:aws:imagebuilder:eu-central-1:1:image/web/1.0.0/1")
    execution.steps[0].begin()
    execution.finish("FAILED", "x" * 501)
    assert (len(execution.message), len(execution.steps[0].message)) == (500, 500)


@pytest.mark.parametrize(("phase", "status", "failed"), [
    ("build", "BUILDING", "ApplyBuildComponents"),
    ("validate", "BUILDING", "ApplyBuildComponents"),
    ("test", "TESTING", "ApplyTestComponents"),
])  # fmt: skip
def test_a_document_that_would_fail_fails_the_image(
    factory: Factory, phase: str, status: str, failed: str
) -> None:
    data = document("echo fine", "echo no such package >&2; exit 100", "echo never", phase=phase)
    component = factory.component(data=data)
    build = factory.built(factory.pipeline(factory.recipe(component)))
    state, steps = build["state"], factory.steps(build["arn"])
    workflow = state["failureContext"]["workflowExecutionId"]
    assert (state["status"], state["reason"]) == (
        "FAILED", f"Workflow Execution ID: '{workflow}' failed with reason: Document {component} failed!",
    )  # fmt: skip
    assert (state["failureContext"]["imageStatus"], state["failureContext"]["failedStep"]) == (status, failed)
    assert state["failureContext"]["componentFailure"] == {
        "componentArn": component, "phaseName": phase, "stepName": "Step1", "action": "ExecuteBash",
        "errorMessage": "no such package\nexit status 100",
    }  # fmt: skip
    assert (steps[failed]["status"], steps[failed]["message"]) == ("FAILED", f"Document {component} failed!")
    assert "no such package" in json.loads(steps[failed]["outputs"])["output"]
    after = list(steps)[list(steps).index(failed) + 1]
    assert steps[after]["status"] == "PENDING"
    lines = factory.log(build["arn"])
    assert "CmdExecution: Stderr: no such package" in lines
    assert "CmdExecution: ExitCode 100" in lines
    assert "CmdExecution: Stdout: never" not in lines
    assert "TOE has completed execution with failure - Execution failed!" in lines
    assert "outputResources" not in build or not build["outputResources"].get("amis")


def test_a_failed_build_leaves_no_instance_unless_it_shall(factory: Factory) -> None:
    recipe = factory.recipe(factory.component(data=document("exit 1")))
    states = []
    for number, terminate in enumerate((True, False)):
        infrastructure = factory.infrastructure(f"web-{number}", terminateInstanceOnFailure=terminate)
        arn = factory.built(factory.pipeline(recipe, f"web-{number}", infrastructure=infrastructure))["arn"]
        found = factory.cloud.client("ec2").describe_instances(
            Filters=[{"Name": "tag:Ec2ImageBuilderArn", "Values": [arn]}]
        )
        states += [found["Reservations"][0]["Instances"][0]["State"]["Name"]]
    assert states == ["terminated", "running"]


@pytest.mark.parametrize(
    ("on_failure", "status", "goes_on"),
    [("Abort", "FAILED", False), ("Continue", "FAILED", True), ("Ignore", "AVAILABLE", True)],
)
def test_a_step_says_what_its_failure_means(
    factory: Factory, on_failure: str, status: str, goes_on: bool
) -> None:
    one = {"action": "ExecuteBash", "onFailure": on_failure, "maxAttempts": 2}
    steps = [
        one | {"name": "A", "inputs": {"commands": ["echo trying; exit 1"]}},
        one | {"name": "B", "inputs": {"commands": ["echo after"]}},
    ]
    component = factory.component(data=whole([{"name": "build", "steps": steps}]))
    build = factory.built(factory.pipeline(factory.recipe(component)))
    lines = factory.log(build["arn"])
    assert build["state"]["status"] == status
    assert ("CmdExecution: Stdout: after" in lines) == goes_on
    assert lines.count("CmdExecution: Stdout: trying") == 2, "every attempt"
