"""What an environment has left in AWS that its state does not know: found by tags; in an emulated cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from rehearsal.cloud.local import CREDENTIALS, Local, running
from scripts.releases import aws, leftovers, leftovers_tagged, waiting
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError
from scripts.releases.leftovers import Leftover
from scripts.releases.project import Project
from scripts.releases.review_leftovers import search
from tests.scripts.reviews import PAST, Reviews, reviews

__all__ = ["reviews"]
TAGS = {"project": "immutable", "environment": "pr-13", "review": "pr-13"}
OTHERS = [
    {"project": "immutable", "environment": "staging"},
    {**TAGS, "environment": "pr-12", "review": "pr-12"},
    {**TAGS, "project": "other"},
    {"review": "pr-13"},
]


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}],
}


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Cloud:
    def __init__(self, local: Local) -> None:
        self.ec2, self.s3, self.iam = (local.client(each) for each in ("ec2", "s3", "iam"))
        self.account = Account("eu-central-1")
        self.said: list[str] = []

    def vpc(self, tags: dict[str, str]) -> str:
        specification: Any = [{"ResourceType": "vpc", "Tags": listed(tags)}]
        made = self.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specification)
        return str(made["Vpc"]["VpcId"])

    def subnet(self, vpc: str, tags: dict[str, str]) -> str:
        specification: Any = [{"ResourceType": "subnet", "Tags": listed(tags)}]
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=specification)
        return str(made["Subnet"]["SubnetId"])

    def bucket(self, name: str, tags: dict[str, str]) -> None:
        where: Any = {"LocationConstraint": "eu-central-1"}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        self.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": listed(tags)})

    def role(self, name: str, tags: dict[str, str], path: str = "/") -> None:
        self.iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps({}), Tags=listed(tags)
        )

    def look(self, *without: str) -> list[Leftover]:
        return leftovers.look(self.account, TAGS, without)

    def clear(self) -> leftovers.Cleared:
        return leftovers.clear(self.account, TAGS, self.look(), self.said.append)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", 20.0)
    monkeypatch.setattr(waiting, "sleep", Mock())
    with running() as local:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": local.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        aws._session.cache_clear()
        yield Cloud(local)


def test_what_has_all_of_its_tags_goes_and_nothing_else(cloud: Cloud) -> None:
    own = cloud.vpc(TAGS)
    subnet = cloud.subnet(own, TAGS)
    others = {cloud.vpc(tags) for tags in OTHERS}
    for number, tags in enumerate([TAGS, *OTHERS]):
        cloud.bucket(f"bucket-{number}", tags)
        cloud.role(f"role-{number}", tags)
    cloud.role("elsewhere", TAGS, "/another/")
    gone = cloud.clear()
    assert gone.left == {}
    assert {str(each) for each in gone.gone} == {
        f"VPC {own}", f"subnet {subnet}", "arn:aws:s3:::bucket-0", "role role-0",
    }  # fmt: skip
    assert f"deleted VPC {own}: it has the tags of pr-13, whose state has it not" in cloud.said
    assert others < {each["VpcId"] for each in cloud.ec2.describe_vpcs()["Vpcs"]}
    assert [each["Name"] for each in cloud.s3.list_buckets()["Buckets"]] == [
        f"bucket-{number}" for number in range(1, len(OTHERS) + 1)
    ]
    assert len(cloud.iam.list_roles()["Roles"]) == len(OTHERS) + 1


def test_what_the_state_knows_is_left_to_pulumi(cloud: Cloud) -> None:
    vpc = cloud.vpc(TAGS)
    cloud.bucket("known", TAGS)
    arn = "arn:aws:s3:::known"
    state: list[dict[str, Any]] = [
        {"id": vpc, "outputs": {}},
        {"id": "known", "outputs": {"arn": arn}},
        {"type": "pulumi:x"},
    ]
    assert len(cloud.look()) == 2
    assert cloud.look(*leftovers.known(state)) == []


def test_a_policy_of_a_role_that_the_state_knows_is_found(cloud: Cloud) -> None:
    """AWS deletes no role that has one."""
    cloud.role("web", TAGS)
    cloud.iam.put_role_policy(RoleName="web", PolicyName="logs", PolicyDocument=json.dumps(POLICY))
    assert cloud.look("web") == [Leftover("inline policy", "web:logs")]
    assert [each.kind for each in cloud.clear().gone] == ["inline policy", "role"]


def test_data_is_not_deleted_but_named(cloud: Cloud) -> None:
    cloud.bucket("logs", TAGS)
    cloud.s3.put_object(Bucket="logs", Key="a", Body=b"a")
    done = cloud.clear()
    assert done.gone == []
    assert done.left_text.startswith("arn:aws:s3:::logs (AWS refused DeleteBucket: BucketNotEmpty: ")


def test_what_is_in_use_is_waited_for_and_named_in_the_end(cloud: Cloud) -> None:
    own = cloud.vpc(TAGS)
    cloud.subnet(own, {"review": "pr-13"})
    done = cloud.clear()
    assert list(done.left) == [Leftover("VPC", own)]
    assert "DependencyViolation" in done.left_text
    assert [line for line in cloud.said if line.startswith(f"waiting for VPC {own} to go: ")]


def test_what_nobody_here_can_delete_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:sqs:eu-central-1:123456789012:queue"
    monkeypatch.setattr(leftovers_tagged, "tagged", Mock(return_value=[arn]))
    assert cloud.clear().left_text == f"{arn} (nothing here knows how to delete it)"


def test_what_was_gone_meanwhile_is_nobodys(cloud: Cloud) -> None:
    found = [Leftover("subnet", "subnet-00000000000000000"), Leftover("", "arn:aws:s3:::never")]
    done = leftovers.clear(cloud.account, TAGS, found, cloud.said.append)
    assert (done.gone, done.left, cloud.said) == ([], {}, [])


def test_only_review_environments_are_looked_for(reviews: Reviews) -> None:
    where = Project(reviews.project.directory, "immutable")
    for stack in ("staging", "prod", "pr-0", "pr-"):
        with pytest.raises(RefusedError, match="no review environment"):
            search(where, stack, [])
    held: list[dict[str, Any]] = [
        {"type": "pulumi:providers:aws", "inputs": {"region": "eu-west-1"}},
        {"id": "vpc-1"},
    ]
    found = search(where, "pr-13", held)
    assert (found.regions, set(found.known), dict(found.tags)) == (("eu-west-1",), {"vpc-1"}, TAGS)
    assert search(where, "pr-13", []).regions == ("eu-central-1",)


def answer(monkeypatch: pytest.MonkeyPatch, *clears: leftovers.Cleared | Exception) -> Mock:
    made = Mock(side_effect=clears)
    monkeypatch.setattr("scripts.releases.review_leftovers.Search.clear", made)
    return made


FREED = leftovers.Cleared(gone=[Leftover("subnet", "subnet-1")])
STUCK = leftovers.Cleared(left={Leftover("VPC", "vpc-1"): "why"})


def test_what_was_in_the_way_is_deleted_and_the_environment_destroyed_again(
    reviews: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews.stack(12, PAST)
    reviews.file(12, {"review": "pr-12"})
    reviews.pulumi.answers("error: DependencyViolation", "", then=0, code=255)
    clear = answer(monkeypatch, FREED, leftovers.Cleared())
    code, out, _ = reviews.run("sweep")
    assert (code, out[-1].startswith("pr-12 is gone: ")) == (0, True)
    assert reviews.asked == ["destroy --stack=pr-12"] * 2 + ["stack rm pr-12"]
    assert clear.call_count == 2


def test_the_stack_stays_while_aws_has_something_that_it_does_not_know(
    reviews: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews.stack(12, PAST)
    reviews.file(12, {"review": "pr-12"})
    answer(monkeypatch, STUCK)
    code, _, error = reviews.run("destroy", "12")
    assert code == 1
    assert error == (
        "release: all that the state of pr-12 knows is gone, and AWS still has VPC vpc-1 (why); delete it by "
        "hand, then the same again\n"
    )
    assert reviews.asked == ["destroy --stack=pr-12"]


def test_when_aws_cannot_be_asked_the_first_reason_is_told_too(
    reviews: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews.stack(12, PAST)
    reviews.file(12, {"review": "pr-12"})
    reviews.pulumi.answers("error: DependencyViolation", "", code=255)
    answer(monkeypatch, aws.AwsError("AWS refused GetResources"))
    assert reviews.run("destroy", "12")[2] == (
        "release: destroy of pr-12 failed: DependencyViolation; what it left cannot be looked for: "
        "AWS refused GetResources\n"
    )


def test_what_others_use_is_left_to_the_next_round_while_the_state_has_some(cloud: Cloud) -> None:
    """What uses it may be Pulumi's to delete: waiting would not end."""
    own = cloud.vpc(TAGS)
    cloud.subnet(own, {"review": "pr-13"})
    done = leftovers.clear(cloud.account, TAGS, cloud.look(), cloud.said.append, in_use=False)
    assert list(done.left) == [Leftover("VPC", own)]
    waiting.sleep.assert_not_called()  # type: ignore[attr-defined]


def test_a_table_of_the_state_is_freed_of_what_the_state_does_not_know(cloud: Cloud) -> None:
    own = cloud.vpc(TAGS)
    subnet = cloud.subnet(own, TAGS)
    specification: Any = [{"ResourceType": "route-table", "Tags": listed(TAGS)}]
    table = cloud.ec2.create_route_table(VpcId=own, TagSpecifications=specification)["RouteTable"]
    made = cloud.ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=subnet)
    known = (own, subnet, table["RouteTableId"])
    assert cloud.look(*known) == [Leftover("route table association", made["AssociationId"])]
    assert cloud.clear().left == {}


def test_a_network_acl_goes_from_subnets_that_the_state_knows(cloud: Cloud) -> None:
    own = cloud.vpc(TAGS)
    cloud.subnet(own, {"review": "pr-13"})
    specification: Any = [{"ResourceType": "network-acl", "Tags": listed(TAGS)}]
    made = cloud.ec2.create_network_acl(VpcId=own, TagSpecifications=specification)["NetworkAcl"]
    of_vpc: Any = [{"Name": "vpc-id", "Values": [own]}]
    acls: Any = cloud.ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]
    (association,) = [each for acl in acls for each in acl["Associations"]]
    cloud.ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=made["NetworkAclId"]
    )
    found = cloud.look(own)
    assert found == [Leftover("network ACL", made["NetworkAclId"])]
    assert leftovers.clear(cloud.account, TAGS, found, cloud.said.append).gone == found
