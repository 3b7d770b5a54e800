"""The provider over gRPC, asked as the real engine asks it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from rehearsal.plugin import UNKNOWN
from rehearsal.provider import aws_provider
from rehearsal.provider.server import start, write_plugin_executable
from rehearsal.provider.wire import from_struct, to_struct
from tests.rehearsal.provider.world import World, urn

VPC = "aws:ec2/vpc:Vpc"


@pytest.fixture
def stub(world: World) -> Iterator[Any]:
    server, port = start("aws", aws_provider(), "7.0.0")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-central-1"})))
        yield stub
    server.stop(None)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": None, "b": True, "c": 1, "d": 1.5, "e": "x", "f": [], "g": {}},
        {"nested": [{"list": [1, [2, {"deep": False}]]}], "unknown": UNKNOWN},
    ],
)
def test_values_survive_the_wire(value: dict[str, Any]) -> None:
    sent = struct_pb2.Struct.FromString(to_struct(value).SerializeToString())
    assert from_struct(sent) == value


def test_a_whole_number_comes_back_as_an_int() -> None:
    assert isinstance(from_struct(to_struct({"a": 8080}))["a"], int)


def test_a_resource_lives_over_grpc(stub: Any) -> None:
    where = urn(VPC, "web")
    news = to_struct({"cidrBlock": "10.0.0.0/16"})
    checked = stub.Check(provider_pb2.CheckRequest(urn=where, news=news, randomSeed=b"1"))
    assert not checked.failures
    preview = stub.Create(provider_pb2.CreateRequest(urn=where, properties=checked.inputs, preview=True))
    assert preview.id == "" and preview.properties["arn"] == UNKNOWN
    made = stub.Create(provider_pb2.CreateRequest(urn=where, properties=checked.inputs))
    read = stub.Read(
        provider_pb2.ReadRequest(urn=where, id=made.id, inputs=checked.inputs, properties=made.properties)
    )
    assert read.id == made.id and read.properties == made.properties and read.inputs == checked.inputs
    changed = struct_pb2.Struct.FromString(checked.inputs.SerializeToString())
    changed["tags"] = {"Name": "web"}
    outputs = stub.Update(
        provider_pb2.UpdateRequest(
            urn=where, id=made.id, olds=made.properties, old_inputs=checked.inputs, news=changed
        )
    )
    assert from_struct(outputs.properties)["tagsAll"] == {"Name": "web"}
    stub.Delete(provider_pb2.DeleteRequest(urn=where, id=made.id, properties=made.properties))
    assert stub.Read(provider_pb2.ReadRequest(urn=where, id=made.id)).id == ""


def test_the_diff_says_how_each_property_changed(stub: Any) -> None:
    diff = stub.Diff(
        provider_pb2.DiffRequest(
            urn=urn(VPC, "web"),
            id="vpc-1",
            old_inputs=to_struct({"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}),
            news=to_struct({"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True}),
        )
    )
    kinds = {name: provider_pb2.PropertyDiff.Kind.Name(item.kind) for name, item in diff.detailedDiff.items()}
    assert kinds == {"cidrBlock": "UPDATE_REPLACE", "tags": "DELETE", "enableDnsHostnames": "ADD"}
    assert diff.hasDetailedDiff
    assert list(diff.replaces) == ["cidrBlock"]
    assert diff.changes == provider_pb2.DiffResponse.DIFF_SOME


def test_no_difference_is_said_as_such(stub: Any) -> None:
    same = to_struct({"cidrBlock": "10.0.0.0/16"})
    diff = stub.Diff(provider_pb2.DiffRequest(urn=urn(VPC, "web"), old_inputs=same, news=same))
    assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_check_failures_cross_the_wire(stub: Any) -> None:
    answer = stub.Check(provider_pb2.CheckRequest(urn=urn("aws:ec2/subnet:Subnet", "web")))
    assert [(item.property, item.reason) for item in answer.failures] == [
        ("vpcId", "missing required property 'vpcId'")
    ]


def test_a_refusal_is_one_line_of_a_status(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stub.Create(
            provider_pb2.CreateRequest(urn=urn(VPC, "web"), properties=to_struct({"cidrBlock": "10.0.0.0/4"}))
        )
    assert refused.value.details().startswith(f"creating {VPC} 'web': InvalidVpc")


def test_what_exists_in_spite_of_a_failure_is_in_the_status(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        stub.Create(
            provider_pb2.CreateRequest(
                urn=urn("aws:iam/instanceProfile:InstanceProfile", "web"),
                properties=to_struct({"name": "half-made", "role": "no-such-role"}),
            )
        )
    metadata = dict(failed.value.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert detail.id == "half-made"
    assert "NoSuchEntity" in detail.reasons[0]
    assert from_struct(detail.properties)["name"] == "half-made"


def test_another_region_replaces_the_provider(stub: Any) -> None:
    diff = stub.DiffConfig(
        provider_pb2.DiffRequest(
            olds=to_struct({"region": "eu-central-1"}), news=to_struct({"region": "eu-west-1"})
        )
    )
    assert list(diff.replaces) == ["region"]


def test_functions_answer_over_grpc(stub: Any) -> None:
    answer = stub.Invoke(provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion"))
    assert from_struct(getattr(answer, "return"))["name"] == "eu-central-1"


def test_the_engine_is_told_what_the_provider_can_do(stub: Any) -> None:
    configured = stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-central-1"})))
    assert configured.supportsPreview and not configured.acceptSecrets
    assert not stub.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == "7.0.0"
    stub.Cancel(empty_pb2.Empty())
    with pytest.raises(grpc.RpcError) as refused:
        stub.Parameterize(provider_pb2.ParameterizeRequest())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_executable_serves_on_the_port_that_it_prints(world: World, tmp_path: Path) -> None:
    path = write_plugin_executable(tmp_path / "with space", "aws")
    assert os.access(path, os.X_OK)
    process = subprocess.Popen([path], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
            assert info.version
    finally:
        process.terminate()
        assert process.wait(10) == 0
