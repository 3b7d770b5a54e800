"""The pack as Pulumi runs it: a process that answers the engine's questions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import proxy

from policies import ec2, elb, exceptions, families, immutability, pack
from policies.rules import Severity
from tests.stacks.given import ROOT

FOLDER = ROOT / "policies"
TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=9)
EXCEPTED = [
    {"rule": "immutable-key-pair", "resource": "old-*", "until": "2999-01-01", "reason": "goes in spring"},
    {"rule": "immutable-key-pair", "resource": "ended", "until": "2020-01-01", "reason": "went last spring"},
    {
        "rule": "elb-16",
        "resource": "*",
        "until": "2999-01-01 00:00:00 +0000 UTC",
        "reason": "comes in spring",
    },
    {"rule": "ec2-8", "until": "soon", "reason": "no day"},
    {"rule": "kms-3", "resource": "sessions", "until": str(SOON), "reason": "comes in spring"},
    "nothing",
]
RULES = {rule.id: rule for rule in families.rules()}


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Any]:
    """The pack at work, started as Pulumi's language host starts it."""
    config = {"immutable:exceptions": json.dumps(EXCEPTED)}
    settings = {"PROJECT": "immutable", "STACK": "staging", "ORGANIZATION": "us", "DRY_RUN": "true"}
    variables = {f"PULUMI_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(FOLDER)],
        cwd=FOLDER,
        env={**os.environ, **variables, "PULUMI_CONFIG": json.dumps(config)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()


def found(analyzer: Any, kind: str, name: str, **inputs: Any) -> Any:
    """The pack's answer on one resource."""
    request = analyzer_pb2.AnalyzeRequest(
        type=kind, name=name, urn=f"urn:{name}", properties=struct(inputs), options=options()
    )
    return analyzer.Analyze(request)


def struct(values: dict[str, Any]) -> Any:
    return json_format.ParseDict(values, struct_pb2.Struct())


def options(**given: Any) -> Any:
    return analyzer_pb2.AnalyzerResourceOptions(**given)


def test_it_has_a_policy_for_each_rule(analyzer: Any) -> None:
    told = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    assert told.name == pack.NAME
    levels = {analyzer_pb2.ADVISORY: False, analyzer_pb2.MANDATORY: True}
    assert {each.name: levels[each.enforcementLevel] for each in told.policies} == {
        **{name: rule.severity.mandatory for name, rule in RULES.items()},
        pack.NOTICE: False,
    }


def test_a_policy_tells_reason_severity_control_and_what_to_do(analyzer: Any) -> None:
    told = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    (one,) = [each for each in told.policies if each.name == "ec2-25"]
    assert (one.description, one.remediation_steps) == (ec2.ec2_25.reason, ec2.ec2_25.fix)
    assert one.severity == analyzer_pb2.POLICY_SEVERITY_HIGH
    assert one.framework.reference == "EC2.25"
    assert one.url.endswith("/ec2-controls.html#ec2-25")


def test_a_finding_says_why_what_is_wrong_and_what_to_do(analyzer: Any) -> None:
    answer = found(analyzer, immutability.LISTENER, "entry", defaultActions=[], stickiness={"enabled": True})
    said = {each.policyName: each for each in answer.diagnostics}
    rule = immutability.stickiness
    assert said[rule.id].message == f"{rule.reason}\nstickiness.enabled is true; {rule.fix}"
    assert said[rule.id].enforcementLevel == analyzer_pb2.MANDATORY


@pytest.mark.parametrize(("name", "excepted"), [("web", False), ("old-web", True), ("ended", False)])
def test_an_exception_is_for_what_it_names_until_its_day(analyzer: Any, name: str, excepted: bool) -> None:
    answer = found(analyzer, immutability.KEY_PAIR, name)
    said = [each.policyName for each in answer.diagnostics]
    assert said == ([] if excepted else ["immutable-key-pair"])
    reasons = [each.reason for each in answer.not_applicable]
    assert reasons == (["excepted until 2999-01-01: goes in spring"] if excepted else [])


def test_an_exception_that_is_not_whole_excepts_nothing(analyzer: Any) -> None:
    answer = found(analyzer, ec2.INSTANCE, "web", ami="ami-01234567")
    assert "ec2-8" in {each.policyName for each in answer.diagnostics}


def test_an_exception_that_ends_soon_is_said_at_the_start_of_every_update(analyzer: Any) -> None:
    answer = found(analyzer, "pulumi:pulumi:Stack", "immutable-staging")
    (said,) = [each for each in answer.diagnostics if each.policyName == pack.NOTICE]
    assert (
        f"the exception to kms-3 for sessions ends on {SOON}, in 9 days; mend what it is for" in said.message
    )
    assert said.enforcementLevel == analyzer_pb2.ADVISORY


@pytest.mark.parametrize(("days", "told"), [(-1, 0), (0, 1), (30, 1), (31, 0)])
def test_a_month_is_soon_and_the_past_is_for_the_program_to_refuse(days: int, told: int) -> None:
    one = exceptions.Exemption("kms-3", TODAY + timedelta(days=days), "comes in spring")
    assert len(list(exceptions.ending([one], TODAY))) == told


@pytest.mark.parametrize("value", [proxy.UNKNOWN_STRING_VALUE, f"ami-{proxy.UNKNOWN_STRING_VALUE}"])
def test_what_is_not_known_in_a_preview_is_no_finding(analyzer: Any, value: str) -> None:
    data = {"userData": "", "metadataOptions": {"httpTokens": "required"}}
    answer = found(analyzer, immutability.LAUNCH_TEMPLATE, "web", imageId=value, **data)
    assert [each.policyName for each in answer.diagnostics] == []
    answer = found(analyzer, immutability.LAUNCH_TEMPLATE, "web", imageId="ami-latest", **data)
    assert [each.policyName for each in answer.diagnostics] == ["immutable-image-id"]


def test_the_whole_stack_is_asked_with_what_comes_from_what(analyzer: Any) -> None:
    """A flow log belongs to a VPC whose ID is not known yet."""

    def told(kind: str, name: str, **inputs: Any) -> Any:
        return analyzer_pb2.AnalyzerResource(
            type=kind, name=name, urn=f"urn:{name}", properties=struct(inputs), options=options()
        )

    log = told(ec2.FLOW_LOG, "log", trafficType="ALL", vpcId=proxy.UNKNOWN_STRING_VALUE)
    log.propertyDependencies["vpcId"].urns.append("urn:seen")
    stack = [told(ec2.VPC, "seen"), told(ec2.VPC, "dark"), log, told(elb.LOAD_BALANCER, "entry")]
    answer = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=stack))
    said = {(each.policyName, each.urn) for each in answer.diagnostics}
    assert ("ec2-6", "urn:dark") in said
    assert ("ec2-6", "urn:seen") not in said
    assert "elb-16" not in {name for name, _ in said}, "it is excepted"


def test_pulumi_finds_the_pack_and_the_environment_that_set_up_makes() -> None:
    manifest = yaml.safe_load((FOLDER / "PulumiPolicy.yaml").read_text())
    assert manifest["name"] == pack.NAME
    assert manifest["runtime"] == {
        "name": "python",
        "options": {"toolchain": "pip", "virtualenv": "../.venv"},
    }


def test_rules_in_conflict_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised otherwise, Pulumi shows with its traceback."""
    monkeypatch.setattr(families, "FAMILIES", (ec2, ec2))
    with pytest.raises(
        SystemExit, match=r"^policy pack immutable: two rules are called ec2-15; rename one of them$"
    ):
        pack.serve()


def test_levels_follow_severity() -> None:
    assert {rule.severity for rule in RULES.values()} == set(Severity)
