from __future__ import annotations

from typing import Any

import pytest

from rehearsal.plugin import UNKNOWN, ProviderError
from rehearsal.provider import aws_provider
from rehearsal.provider.values import DEFAULTS_KEY
from tests.counting import calls
from tests.rehearsal.provider.world import urn

VPC = "aws:ec2/vpc:Vpc"
TARGETS = "aws:lb/targetGroup:TargetGroup"
ACL = "aws:ec2/networkAcl:NetworkAcl"


def check(token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None, seed: bytes = b"1") -> Any:
    return aws_provider().check(urn(token, "web"), olds or {}, inputs, seed)


def test_a_missing_input_is_named() -> None:
    failures = check("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"})[1]
    assert [(failure.property, failure.reason) for failure in failures] == [
        ("vpcId", "missing required property 'vpcId'")
    ]


def test_one_of_several_inputs_is_enough() -> None:
    assert check(VPC, {})[1][0].reason == "one of cidrBlock, ipv4IpamPoolId must be given"
    assert check(VPC, {"ipv4IpamPoolId": "pool"})[1] == []


def test_a_value_outside_an_enum_is_shown_with_those_allowed() -> None:
    failures = check(VPC, {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "host"})[1]
    assert [(failure.property, failure.reason) for failure in failures] == [
        ("instanceTenancy", "instanceTenancy must be one of default, dedicated, not 'host'")
    ]


def test_a_wrong_value_deep_inside_is_named_by_its_path() -> None:
    rules = [{"ruleNo": 1, "action": "allow", "protocol": "-1"}, {"ruleNo": 2, "action": "maybe"}]
    failures = check(ACL, {"vpcId": "vpc-1", "ingress": rules})[1]
    assert [failure.property for failure in failures] == ["ingress[1].action"]


@pytest.mark.parametrize("port", [0, 65536, "high", True])
def test_a_number_out_of_range_is_refused(port: object) -> None:
    failures = check(TARGETS, {"port": port})[1]
    assert [failure.property for failure in failures] == ["port"]
    assert repr(port) in failures[0].reason


@pytest.mark.parametrize("port", [1, 65535, "8080"])
def test_a_number_at_the_end_of_its_range_passes(port: object) -> None:
    assert check(TARGETS, {"port": port})[1] == []


def test_a_name_that_aws_would_cut_is_refused() -> None:
    failures = check(TARGETS, {"name": "n" * 33})[1]
    assert "at most 32 characters, not 33" in failures[0].reason


@pytest.mark.parametrize(
    "inputs",
    [
        {"cidrBlock": UNKNOWN, "instanceTenancy": UNKNOWN},
        {"cidrBlock": "10.0.0.0/16", "tags": UNKNOWN},
    ],
)
def test_unknown_values_pass(inputs: dict[str, Any]) -> None:
    assert check(VPC, inputs)[1] == []


def test_defaults_are_filled_in_and_remembered_as_such() -> None:
    inputs = check(VPC, {"cidrBlock": "10.0.0.0/16"})[0]
    assert inputs["enableDnsSupport"] is True
    assert inputs[DEFAULTS_KEY] == ["enableDnsSupport", "instanceTenancy"]


def test_an_auto_name_is_a_function_of_the_seed() -> None:
    first, again, other = (check(TARGETS, {}, seed=seed)[0]["name"] for seed in (b"1", b"1", b"2"))
    assert first == again != other
    assert first.startswith("web-") and len(first) == len("web-") + 7


def test_an_auto_name_is_cut_to_what_aws_takes() -> None:
    name = aws_provider().check(urn(TARGETS, "n" * 60), {}, {}, b"1")[0]["name"]
    assert len(name) == 32


def test_an_auto_name_is_kept_with_the_resource() -> None:
    old = check(TARGETS, {})[0]
    assert check(TARGETS, {}, old, seed=b"other")[0]["name"] == old["name"]


def test_a_name_of_the_program_is_not_kept_as_if_it_were_automatic() -> None:
    old = check(TARGETS, {"name": "mine"})[0]
    assert check(TARGETS, {}, old)[0]["name"] != "mine"


def test_a_prefix_takes_the_place_of_an_auto_name() -> None:
    assert "name" not in check(TARGETS, {"namePrefix": "web-"})[0]


def test_a_bucket_is_named_in_small_letters_and_an_alias_with_its_stem() -> None:
    where = urn("aws:s3/bucket:Bucket", "Logs")
    assert aws_provider().check(where, {}, {}, b"1")[0]["bucket"].startswith("logs-")
    assert check("aws:kms/alias:Alias", {"targetKeyId": "k"})[0]["name"].startswith("alias/web-")


@pytest.mark.parametrize("token", ["gcp:compute/vm:Vm", "aws:Vpc", "aws:ec2/vpc", "nonsense"])
def test_a_type_that_is_not_of_aws_is_refused(token: str) -> None:
    with pytest.raises(ProviderError, match="is no AWS resource type such as"):
        check(token, {})


def test_what_is_no_urn_is_refused() -> None:
    with pytest.raises(ProviderError, match="is no resource URN"):
        aws_provider().check("web", {}, {}, b"1")


def test_a_check_is_little_work() -> None:
    """It is done for every resource of every preview; the tables of all types are made once."""
    check(VPC, {"cidrBlock": "10.0.0.0/16"})
    assert calls(lambda: check(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "web"}})) < 250
