"""The factory: what its file says, what it declares and exports, and that nothing of it is forgotten."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from images import recipes
from stacks.images import INSTANCE_TYPES, source_commit
from tests.components.recorder import ACCOUNT
from tests.stacks.declared import Environment, declared
from tests.stacks.given import SMALLEST_FACTORY, loaded, loaded_factory, stack_file, with_changes
from tests.stacks.recipes import folder_of_recipes

OTHER = "210987654321"


@pytest.fixture(scope="module")
def shipped() -> Environment:
    return declared("images", stack_file("images"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_recipes(tmp_path_factory.mktemp("source") / "images")


@pytest.fixture(scope="module")
def built(folder: Path) -> Environment:
    """A factory without one default value."""
    values: dict[str, Any] = {
        "aws:region": "eu-central-1",
        "immutable:recipes": {
            "web": {
                "schedule": "cron(15 4 * * ? *)",
                "timeZone": "Europe/Berlin",
                "instanceTypes": ["c7g.xlarge", "c6g.xlarge"],
            },
            "batch": {},
        },
        "immutable:network": {"cidr": "10.50.0.0/16", "zones": 2, "egress": "nat-per-zone"},
        "immutable:distribution": {
            "regions": ["eu-west-1"],
            "accounts": [OTHER],
            "retainKeysOnDestroy": False,
        },
        "immutable:logs": {"retentionDays": 30, "retainOnDestroy": False},
        "immutable:alerts": {"emails": ["ops@example.com"]},
        "immutable:tags": {"owner": "platform"},
    }
    return declared("images", values, folder=folder)


def test_the_defaults_keep_what_cannot_be_made_again() -> None:
    config = loaded_factory(SMALLEST_FACTORY)
    assert config.distribution.retain_keys_on_destroy
    assert config.logs.retain_on_destroy
    assert (config.distribution.accounts, config.regions) == ((), ("eu-central-1",))
    web = config.recipes["web"]
    assert (web.schedule, web.time_zone, web.instance_types) == ("cron(0 3 ? * sun *)", "Etc/UTC", ())


def test_every_region_comes_after_the_one_where_images_are_built() -> None:
    more = with_changes({"immutable:distribution.regions": ["us-east-1", "eu-west-1"]}, SMALLEST_FACTORY)
    assert loaded_factory(more).regions == ("eu-central-1", "us-east-1", "eu-west-1")


def test_the_shipped_factory_builds_what_the_shipped_environments_run() -> None:
    config = loaded_factory(stack_file("images"))
    assert set(config.recipes) == {"service"}
    assert config.regions == ("eu-central-1", "eu-west-1")
    for stack in ("staging", "prod"):
        environment = loaded(stack_file(stack), stack)
        assert environment.region in config.regions
        assert environment.network.cidr in config.network.reserved_cidrs


def test_a_factory_is_a_network_a_topic_a_bucket_and_a_pipeline_for_each_recipe(built: Environment) -> None:
    top = [
        (each.type, each.name) for each in built.resources if each.parent.startswith("pulumi:pulumi:Stack")
    ]
    assert sorted(top) == [
        ("immutable:alerttopic:AlertTopic", "alerts"),
        ("immutable:imagepipeline:ImagePipeline", "batch"),
        ("immutable:imagepipeline:ImagePipeline", "web"),
        ("immutable:logbucket:LogBucket", "builds"),
        ("immutable:network:Network", "network"),
    ]


def test_a_recipe_arrives_with_all_its_documents_those_for_aws_too(built: Environment, folder: Path) -> None:
    recipe = recipes.load(folder, "web")
    made = built.one("ImageRecipe", "web").inputs
    assert (made["description"], made["parentImage"]) == ("Debian with a server", "ami-0123456789abcdef0")
    (volume,) = made["blockDeviceMappings"]
    assert (volume["deviceName"], volume["ebs"]["volumeSize"]) == ("/dev/xvdb", 10)
    assert made["components"] == [
        {"componentArn": "arn:component/web-base"},
        {"componentArn": "arn:component/web-agents"},
    ]
    for component in recipe.components:
        inputs = built.one("Component", f"web-{component.document.name}").inputs
        assert (inputs["version"], inputs["data"]) == (component.document.version, component.document.data)


def test_a_recipe_of_another_architecture_gets_other_machines_and_another_agent(built: Environment) -> None:
    web, batch = (built.one("ImageRecipe", name).inputs["userDataBase64"] for name in ("web", "batch"))
    assert web != batch
    machines = built.one("InfrastructureConfiguration", "batch").inputs
    assert tuple(machines["instanceTypes"]) == INSTANCE_TYPES["x86_64"]


def test_what_the_file_says_of_a_recipe_arrives(built: Environment) -> None:
    schedule = built.one("ImagePipeline", "web").inputs["schedule"]
    assert (schedule["scheduleExpression"], schedule["timezone"]) == ("cron(15 4 * * ? *)", "Europe/Berlin")
    machines = built.one("InfrastructureConfiguration", "web").inputs
    assert machines["instanceTypes"] == ["c7g.xlarge", "c6g.xlarge"]
    assert machines["subnetId"] == "network-private-eu-central-1a-id"
    assert machines["logging"] == {"s3Logs": {"s3BucketName": "builds-id", "s3KeyPrefix": "web"}}


def test_what_the_file_says_of_distribution_arrives(built: Environment, folder: Path) -> None:
    recipe = recipes.load(folder, "web")
    home, away = built.one("DistributionConfiguration", "web").inputs["distributions"]
    assert (home["region"], away["region"]) == ("eu-central-1", "eu-west-1")
    copy = away["amiDistributionConfiguration"]
    assert copy["targetAccountIds"] == [ACCOUNT, OTHER]
    assert copy["amiTags"] == {
        "environment": "images",
        "managed-by": "pulumi",
        "project": "immutable",
        "owner": "platform",
        "immutable:recipe": "web",
        "immutable:recipe-hash": recipe.hash,
        "immutable:commit": "unknown",
        "immutable:parent": "ami-0123456789abcdef0",
        "immutable:tests": "passed",
    }
    assert not built.one("Key", "web-eu-west-1").kept


def test_what_the_file_says_of_logs_and_alerts_arrives(built: Environment) -> None:
    assert built.one("LogGroup", "web").inputs["retentionInDays"] == 30
    assert built.one("LogGroup", "network-flow-logs").inputs["retentionInDays"] == 30
    assert not built.one("LogGroup", "network-flow-logs").kept
    expires = built.one("BucketLifecycleConfiguration", "builds").inputs["rules"][0]["expiration"]
    assert expires == {"days": 30}
    assert not built.one("Bucket", "builds").kept
    assert built.one("TopicSubscription", "alerts-ops@example.com").inputs["endpoint"] == "ops@example.com"
    assert built.one("EventTarget", "web-images").inputs["arn"] == built.outputs["topic"]


def test_what_is_to_be_kept_is_kept_where_nothing_is_said(shipped: Environment) -> None:
    assert shipped.one("Bucket", "builds").kept
    assert shipped.one("Key", "service-eu-west-1").kept
    assert shipped.one("LogGroup", "network-flow-logs").kept


def test_builds_download_through_the_s3_endpoint_and_need_no_others(built: Environment) -> None:
    endpoints = [each.name for each in built.resources if each.type == "aws:ec2/vpcEndpoint:VpcEndpoint"]
    assert sorted(endpoints) == ["network-dynamodb", "network-s3"]
    policy = built.one("VpcEndpoint", "network-s3").inputs["policy"]
    assert "arn:aws:s3:::ec2imagebuilder-toe-eu-central-1-prod/*" in policy
    assert len([each for each in built.resources if each.type == "aws:ec2/natGateway:NatGateway"]) == 2


def test_every_resource_that_takes_tags_has_those_of_the_file(built: Environment) -> None:
    for each in built.resources:
        if each.tags is not None:
            assert each.tags["owner"] == "platform", each.name
            assert each.tags["environment"] == "images", each.name


def test_the_exports_are_what_people_and_scripts_read(built: Environment, folder: Path) -> None:
    recipe = recipes.load(folder, "web")
    assert set(built.outputs) == {"recipes", "topic"}
    assert built.outputs["topic"] == f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts-topic"
    assert set(built.outputs["recipes"]) == {"web", "batch"}
    assert built.outputs["recipes"]["web"] == {
        "pipeline": "arn:pipeline/web",
        "recipe": "arn:recipe/web",
        "hash": recipe.hash,
        "version": built.one("ImageRecipe", "web").inputs["version"],
        "parent": "ami-0123456789abcdef0",
        "architecture": "arm64",
        "parameter": "/immutable/images/web",
        "logGroup": "web-log",
        "regions": ["eu-central-1", "eu-west-1"],
        "keys": {
            region: f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/web-{region}"
            for region in ("eu-central-1", "eu-west-1")
        },
    }


def test_the_shipped_recipes_are_declared_as_they_are(shipped: Environment) -> None:
    recipe = recipes.load(recipes.FOLDER, "service")
    exported = shipped.outputs["recipes"]["service"]
    assert (exported["hash"], exported["parent"]) == (recipe.hash, recipe.parent.id)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_the_last_one_that_touched_the_folder(tmp_path: Path) -> None:
    images = folder_of_recipes(tmp_path / "images")
    assert source_commit(images) == "unknown"
    git(tmp_path, "init", "-q")
    assert source_commit(images) == "unknown"
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "README").write_text("not of the images")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "second")
    assert source_commit(images) == commit
    (tmp_path / "README").write_text("changed")
    assert source_commit(images) == commit
    (images / "documents" / "base.yaml").write_text("changed")
    assert source_commit(images) == f"{commit}-dirty"


def test_where_there_is_no_git_the_commit_is_unknown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert source_commit(folder) == "unknown"
