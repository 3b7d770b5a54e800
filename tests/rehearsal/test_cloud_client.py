from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import aws_client, inventory
from rehearsal.cloud_client import CloudClient, CloudProcess, stop_kept
from rehearsal.errors import RehearsalError

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    started = CloudProcess.start(tmp_path_factory.mktemp("cloud") / "log", speed=100).ready()
    try:
        yield started
    finally:
        started.stop()


def test_the_account_can_be_given_images_of_a_known_and_of_a_new_id(cloud: CloudProcess) -> None:
    assert cloud.client.register_image("one", {}, "ami-0123456789abcdef0") == "ami-0123456789abcdef0"
    assert cloud.client.register_image("two", {}).startswith("ami-")


def test_an_image_may_be_another_accounts_and_of_another_architecture(cloud: CloudProcess) -> None:
    image = cloud.client.register_image("debian", {}, owner="136693071363", architecture="x86_64")
    [found] = aws_client.client("ec2", cloud.url, REGION).describe_images(ImageIds=[image])["Images"]
    assert (found["OwnerId"], found["Architecture"]) == ("136693071363", "x86_64")


def test_a_refusal_of_the_cloud_is_told_with_its_reason(cloud: CloudProcess) -> None:
    with pytest.raises(RehearsalError, match=r"the emulated cloud refused images: .*ami-x"):
        cloud.client.register_image("three", {}, "ami-x")


def test_a_proxy_of_the_user_is_not_asked(cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert cloud.client.healthy()


def test_what_was_made_is_in_the_inventory_until_it_is_gone(cloud: CloudProcess) -> None:
    inventory.warm(REGION)
    before = inventory.take(cloud.url, REGION)
    ec2, s3, sns, events = (
        aws_client.client(service, cloud.url, REGION) for service in ("ec2", "s3", "sns", "events")
    )
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    s3.create_bucket(Bucket="made", CreateBucketConfiguration={"LocationConstraint": REGION})
    topic = sns.create_topic(Name="made")["TopicArn"]
    events.put_rule(Name="made", EventPattern="{}")
    ours = {("VPC", vpc), ("bucket", "made"), ("topic", topic), ("rule", "made")}
    assert ours <= inventory.take(cloud.url, REGION) - before
    ec2.delete_vpc(VpcId=vpc)
    s3.delete_bucket(Bucket="made")
    sns.delete_topic(TopicArn=topic)
    events.delete_rule(Name="made")
    assert not ours & inventory.take(cloud.url, REGION)


def test_a_record_in_a_zone_that_was_there_is_in_the_inventory_until_it_is_gone(cloud: CloudProcess) -> None:
    cloud.client.register_zone("Z0123456789ABCDEFGHIJ", "a.test")
    before = inventory.take(cloud.url, REGION)
    assert ("hosted zone", "/hostedzone/Z0123456789ABCDEFGHIJ") in before
    assert ("record", "NS a.test. (/hostedzone/Z0123456789ABCDEFGHIJ)") in before
    route53 = aws_client.client("route53", cloud.url, REGION)
    record = {"Name": "b.a.test.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"c"'}]}

    def change(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId="Z0123456789ABCDEFGHIJ", ChangeBatch=batch)

    change("CREATE")
    ours = {("record", "TXT b.a.test. (/hostedzone/Z0123456789ABCDEFGHIJ)")}
    assert inventory.take(cloud.url, REGION) - before == ours
    change("DELETE")
    assert inventory.take(cloud.url, REGION) == before


def test_what_images_leave_in_a_region_is_in_the_inventory_until_it_is_gone(cloud: CloudProcess) -> None:
    before = inventory.take(cloud.url, REGION)
    kms, ssm, ec2 = (aws_client.client(service, cloud.url, REGION) for service in ("kms", "ssm", "ec2"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name="/made", Value="x", Type="String")
    image = cloud.client.register_image("made", {})
    [found] = ec2.describe_images(ImageIds=[image])["Images"]
    snapshot = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    ours = {("key", key), ("parameter", "/made"), ("image", image), ("snapshot", snapshot)}
    ours = {(kind, f"{name} ({REGION})") for kind, name in ours}
    assert inventory.take(cloud.url, REGION) - before == ours
    assert ours <= inventory.take_copies(cloud.url, REGION)
    ec2.disable_image(ImageId=image)
    assert inventory.take(cloud.url, REGION) - before == ours
    ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    ssm.delete_parameter(Name="/made")
    kms.schedule_key_deletion(KeyId=key)
    assert inventory.take(cloud.url, REGION) == before


@pytest.mark.parametrize("token", ["NextToken", "nextToken"])
def test_a_list_in_pages_is_read_to_its_end(token: str) -> None:
    first: dict[str, Any] = {"Xs": [{"Id": "1"}], token: "t"}
    second: dict[str, Any] = {"Xs": [{"Id": "2"}]}

    def call(**arguments: str) -> dict[str, Any]:
        return second if arguments.get(token) == "t" else first

    assert [item["Id"] for item in inventory._items(call, "Xs")] == ["1", "2"]


@pytest.mark.parametrize("item", [{"State": "deleted"}, {"State": {"Name": "terminated", "Code": 48}}])
def test_what_aws_only_remembers_is_not_there(item: dict[str, object]) -> None:
    assert not inventory._there(item)
    assert inventory._there({"State": {"Name": "running"}})
    assert inventory._there({})


def test_a_cloud_that_is_gone_is_told_as_such(tmp_path: Path) -> None:
    started = CloudProcess.start(tmp_path / "log").ready()
    assert stop_kept(started.pid, started.client)
    assert not stop_kept(started.pid, started.client)
    with pytest.raises(RehearsalError, match="does not answer fleet"):
        CloudClient(started.url).fleet()
    started.stop()


def test_a_cloud_that_does_not_come_up_is_told_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no module of that name\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(broken))
    with pytest.raises(RehearsalError, match="no module of that name"):
        CloudProcess.start(tmp_path / "log").ready()
