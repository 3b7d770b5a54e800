"""What builds of the emulated Image Builder make: AMIs in regions and accounts, their tags and parameters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloud.local import Local
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.building import PARENT, Factory, refused

HOME, AWAY, OTHER = "eu-central-1", "eu-west-1", "210987654321"
PARAMETER = {"parameterName": "/images/web", "dataType": "aws:ec2:image"}


@pytest.fixture
def factory(cloud: Local) -> Factory:
    return Factory(cloud)


def amis(build: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Image IDs by region and account."""
    found = build["outputResources"]["amis"]
    return {(each["region"], each["accountId"]): each["image"] for each in found}


def described(
    factory: Factory, image_id: str, region: str = HOME, account: str | None = None
) -> dict[str, Any]:
    ec2 = factory.cloud.client("ec2", region, account)
    return dict(ec2.describe_images(ImageIds=[image_id])["Images"][0])


def tags(image: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in image["Tags"]}


def key(factory: Factory, region: str = HOME) -> str:
    return str(factory.cloud.client("kms", region).create_key()["KeyMetadata"]["Arn"])


def role(factory: Factory, *actions: str, resource: Any = "*", effect: str = "Allow") -> str:
    iam = factory.cloud.client("iam")
    made = iam.create_role(RoleName="builder", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    iam.put_role_policy(
        RoleName="builder",
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return str(made)


def test_without_a_distribution_there_is_one_image_at_home(factory: Factory) -> None:
    build = factory.built(factory.pipeline(factory.recipe(description="of the recipe", amiTags={"a": "b"})))
    assert list(amis(build)) == [(HOME, ACCOUNT)]
    image = described(factory, amis(build)[HOME, ACCOUNT])
    assert tags(image) == {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": build["arn"], "a": "b"}
    assert (image["State"], image["Architecture"], image["OwnerId"]) == ("available", "arm64", ACCOUNT)
    assert image["Name"].startswith("web 20")
    assert image["Description"] == "of the recipe"


def test_every_region_has_a_copy_with_the_distributions_tags(factory: Factory) -> None:
    distribution = factory.distribution(HOME, AWAY, amis={"amiTags": {"recipe": "web"}, "description": "d"})
    recipe = factory.recipe(amiTags={"from": "recipe"})
    build = factory.built(factory.pipeline(recipe, distribution=distribution))
    made = amis(build)
    assert sorted(made) == [(HOME, ACCOUNT), (AWAY, ACCOUNT)]
    copy = described(factory, made[AWAY, ACCOUNT], AWAY)
    assert (copy["SourceImageId"], copy["SourceImageRegion"]) == (made[HOME, ACCOUNT], HOME)
    for (region, _), image_id in made.items():
        image = described(factory, image_id, region)
        assert (tags(image)["recipe"], tags(image)["from"]) == ("web", "recipe")
        assert tags(image)["Ec2ImageBuilderArn"] == build["arn"]
        assert (image["Name"][:6], image["Description"]) == ("web-20", "d")
        assert "{" not in image["Name"]
        (device,) = image["BlockDeviceMappings"]
        snapshots = factory.cloud.client("ec2", region).describe_snapshots(
            SnapshotIds=[device["Ebs"]["SnapshotId"]]
        )["Snapshots"]
        assert tags(snapshots[0])["Ec2ImageBuilderArn"] == build["arn"]
    assert len(set(made.values())) == 2


def test_before_the_tests_passed_no_image_says_so(factory: Factory) -> None:
    distribution = factory.distribution(amis={"amiTags": {"tests": "passed"}})
    arn = factory.start(factory.pipeline(distribution=distribution))
    ec2 = factory.cloud.client("ec2")

    def own() -> list[dict[str, str]]:
        return [
            tags(each) for each in ec2.describe_images(Owners=["self"])["Images"] if each["ImageId"] != PARENT
        ]

    while factory.status(arn) != "TESTING":
        factory.cloud.step(10)
    (found,) = own()
    assert "tests" not in found
    assert found["Ec2ImageBuilderArn"] == arn
    factory.cloud.step(900)
    (found,) = own()
    assert found["tests"] == "passed"


def test_copies_have_the_key_of_their_region(factory: Factory) -> None:
    home, away = key(factory), key(factory, AWAY)
    ebs = {"volumeSize": 12, "encrypted": True, "kmsKeyId": home}
    recipe = factory.recipe(blockDeviceMappings=[{"deviceName": "/dev/xvda", "ebs": ebs}])
    parts = [
        {"region": region, "amiDistributionConfiguration": {"kmsKeyId": arn}}
        for region, arn in ((HOME, home), (AWAY, away))
    ]
    made = factory.client.create_distribution_configuration(name="web", distributions=parts)
    distribution = made["distributionConfigurationArn"]
    found = amis(factory.built(factory.pipeline(recipe, distribution=distribution)))
    for region, arn in ((HOME, home), (AWAY, away)):
        (device,) = described(factory, found[region, ACCOUNT], region)["BlockDeviceMappings"]
        assert (device["Ebs"]["VolumeSize"], device["Ebs"]["Encrypted"]) == (12, True)
        (snapshot,) = factory.cloud.client("ec2", region).describe_snapshots(
            SnapshotIds=[device["Ebs"]["SnapshotId"]]
        )["Snapshots"]
        assert snapshot["KmsKeyId"] == arn
    own = factory.cloud.client("ec2").describe_images(Owners=["self"])["Images"]
    assert len(own) == 2, "the parent, and one image that is the build's own and the region's"


def test_a_key_that_is_not_there_fails_the_distribution(factory: Factory) -> None:
    gone = f"arn:aws:kms:{AWAY}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
    build = factory.built(factory.pipeline(distribution=factory.distribution(AWAY, amis={"kmsKeyId": gone})))
    assert (build["state"]["status"], build["state"]["failureContext"]["imageStatus"]) == (
        "FAILED", "DISTRIBUTING",
    )  # fmt: skip
    assert gone in build["state"]["reason"]
    assert gone in build["state"]["failureContext"]["distributionFailure"]["errorMessage"]


def test_target_accounts_get_copies_of_their_own(factory: Factory) -> None:
    settings = {"targetAccountIds": [ACCOUNT, OTHER], "amiTags": {"recipe": "web"}}
    build = factory.built(factory.pipeline(distribution=factory.distribution(AWAY, amis=settings)))
    made = amis(build)
    assert sorted(made) == [(AWAY, ACCOUNT), (AWAY, OTHER)]
    image = described(factory, made[AWAY, OTHER], AWAY, OTHER)
    assert image["OwnerId"] == OTHER
    assert (tags(image)["recipe"], tags(image)["Ec2ImageBuilderArn"]) == ("web", build["arn"])


def test_launch_permissions_are_given_where_they_are_asked_for(factory: Factory) -> None:
    shared: dict[str, Any] = {"amiDistributionConfiguration": {"launchPermission": {"userIds": [OTHER]}}}
    made = factory.client.create_distribution_configuration(
        name="web", distributions=[{"region": HOME} | shared, {"region": AWAY}]
    )
    build = factory.built(factory.pipeline(distribution=made["distributionConfigurationArn"]))
    for region, users in ((HOME, [{"UserId": OTHER}]), (AWAY, [])):
        attribute = factory.cloud.client("ec2", region).describe_image_attribute(
            ImageId=amis(build)[region, ACCOUNT], Attribute="launchPermission"
        )
        assert attribute["LaunchPermissions"] == users
    assert factory.steps(build["arn"])["ModifyImageAttributes"]["status"] == "COMPLETED"


def test_a_parameter_of_plain_text_is_not_looked_up(factory: Factory) -> None:
    distribution = factory.distribution(ssmParameterConfigurations=[{"parameterName": "/images/web"}])
    pipeline = factory.pipeline(distribution=distribution, executionRole=role(factory, "ssm:PutParameter"))
    made = amis(factory.built(pipeline))
    found = factory.cloud.client("ssm").get_parameter(Name="/images/web")["Parameter"]
    assert (found["Value"], found["DataType"]) == (made[HOME, ACCOUNT], "text")


def test_a_parameter_in_each_region_has_the_images_id(factory: Factory) -> None:
    distribution = factory.distribution(HOME, AWAY, ssmParameterConfigurations=[PARAMETER])
    executed = role(factory, "ssm:PutParameter", "ec2:DescribeImages")
    pipeline = factory.pipeline(distribution=distribution, executionRole=executed)
    for _ in range(2):
        made = amis(factory.built(pipeline))
        for region in (HOME, AWAY):
            found = factory.cloud.client("ssm", region).get_parameter(Name="/images/web")["Parameter"]
            assert (found["Value"], found["DataType"]) == (made[region, ACCOUNT], "aws:ec2:image")


@pytest.mark.parametrize(
    ("actions", "missing"),
    [
        ((), "ssm:PutParameter"),
        (("ssm:GetParameter", "ec2:*"), "ssm:PutParameter"),
        (("ssm:PutParameter",), "ec2:DescribeImages"),
    ],
)
def test_a_parameter_needs_an_execution_role_that_may_write_it(
    factory: Factory, actions: tuple[str, ...], missing: str
) -> None:
    distribution = factory.distribution(ssmParameterConfigurations=[PARAMETER])
    more = {"executionRole": role(factory, *actions)} if actions else {}
    state = factory.built(factory.pipeline(distribution=distribution, **more))["state"]
    assert state["status"] == "FAILED"
    assert f"not authorized to perform: {missing}" in state["reason"]
    assert state["failureContext"]["failedStep"] == "ApplyImageConfigurations"


def test_an_execution_role_is_held_to_its_resources(factory: Factory) -> None:
    arn = f"arn:aws:ssm:{HOME}:{ACCOUNT}:parameter/images/"
    executed = role(factory, "ssm:Put*", "ec2:Describe*", resource=[f"{arn}api", "arn:aws:ec2:*"])
    distribution = factory.distribution(ssmParameterConfigurations=[PARAMETER])
    pipeline = factory.pipeline(distribution=distribution, executionRole=executed)
    assert f"{arn}web" in factory.built(pipeline)["state"]["reason"]


def test_a_denial_allows_nothing(factory: Factory) -> None:
    distribution = factory.distribution(ssmParameterConfigurations=[PARAMETER])
    executed = role(factory, "*", effect="Deny")
    build = factory.built(factory.pipeline(distribution=distribution, executionRole=executed))
    assert "not authorized to perform: ssm:PutParameter" in build["state"]["reason"]


def test_attached_policies_count_and_those_of_aws_do_not(factory: Factory) -> None:
    iam = factory.cloud.client("iam")
    executed = role(factory, "ec2:DescribeImages")
    iam.attach_role_policy(
        RoleName="builder", PolicyArn="arn:aws:iam::aws:policy/EC2ImageBuilderExecutionPolicy"
    )
    distribution = factory.distribution(ssmParameterConfigurations=[PARAMETER])
    pipeline = factory.pipeline(distribution=distribution, executionRole=executed)
    assert factory.built(pipeline)["state"]["status"] == "FAILED"
    statement = {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    own = iam.create_policy(PolicyName="own", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="builder", PolicyArn=own)
    assert factory.built(pipeline)["state"]["status"] == "AVAILABLE"


def test_a_parent_that_is_gone_starts_no_build(factory: Factory) -> None:
    pipeline = factory.pipeline()
    factory.cloud.client("ec2").deregister_image(ImageId=PARENT)
    with refused("InvalidParameterValue", f"'{PARENT}' provided for parentImage does not exist"):
        factory.start(pipeline)


def test_a_disabled_parent_starts_no_build(factory: Factory) -> None:
    pipeline = factory.pipeline()
    factory.cloud.client("ec2").disable_image(ImageId=PARENT)
    with refused("InvalidParameterValue", f"'{PARENT}' provided for parentImage does not exist"):
        factory.start(pipeline)


def test_a_volume_smaller_than_the_parents_fails(factory: Factory) -> None:
    ebs = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 4}}
    state = factory.built(factory.pipeline(factory.recipe(blockDeviceMappings=[ebs])))["state"]
    assert state["failureContext"]["failedStep"] == "CreateOutputAMI"
    assert "Volume of size 4GB is smaller" in state["reason"]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("m7i.large", "does not match the architecture 'arm64'"),
        ("m7g.huge", "(InvalidInstanceType) Invalid value 'm7g.huge'"),
    ],
)
def test_types_that_cannot_run_the_parent_cannot_build(factory: Factory, kind: str, why: str) -> None:
    infrastructure = factory.infrastructure(instanceTypes=[kind])
    build = factory.built(factory.pipeline(infrastructure=infrastructure))
    assert build["state"]["failureContext"]["failedStep"] == "LaunchBuildInstance"
    assert why in build["state"]["reason"]


def test_a_build_in_a_subnet_gives_its_addresses_back(factory: Factory) -> None:
    ec2 = factory.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="build", Description="build", VpcId=vpc)["GroupId"]
    infrastructure = factory.infrastructure(subnetId=subnet, securityGroupIds=[group])
    build = factory.built(factory.pipeline(infrastructure=infrastructure))
    assert build["state"]["status"] == "AVAILABLE"
    instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    assert len(instances) == 2
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"] == 251


def test_a_subnet_that_is_not_there_cannot_build(factory: Factory) -> None:
    infrastructure = factory.infrastructure(subnetId="subnet-12345678", securityGroupIds=["sg-12345678"])
    state = factory.built(factory.pipeline(infrastructure=infrastructure))["state"]
    assert "when calling the RunInstances operation" in state["reason"]
    assert "LaunchBuildInstance" in state["reason"]
