"""The config of a review environment: its source's, scaled down, and easy to take away."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies import exceptions, families
from policies.rules import Resource
from policies.values import plain
from scripts.releases import project, review_config
from scripts.releases.errors import RefusedError
from scripts.releases.review_config import Review
from tests.stacks.declared import Environment, declared
from tests.stacks.given import loaded

EXPIRES = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
IMAGE = "ami-0000000000000000b"
KEPT = ("domain", "zoneId")


@cache
def config_of(source: str) -> dict[str, Any]:
    """What `review create 12 --from SOURCE` writes of this repository's environments."""
    where = project.find(project.ROOT)
    asked = Review(12, EXPIRES, IMAGE)
    document = yaml.safe_load(review_config.text_of(where, where.config(source), asked, {}))
    assert set(document) == {"config"}
    found: dict[str, Any] = document["config"]
    return found


@cache
def environment(source: str) -> Environment:
    return declared("pr-12", config_of(source))


def scaled(changes: Mapping[str, Any], **asked: Any) -> dict[str, Any]:
    """A small config with these sections, scaled down."""
    given_config = {"aws:region": "eu-central-1", **{f"immutable:{key}": v for key, v in changes.items()}}
    review = Review(12, EXPIRES, **asked)
    found = review_config.scaled(given_config, "immutable", review, "10.128.0.0/20")
    return {key.removeprefix("immutable:"): value for key, value in found.items()}


each_source = pytest.mark.parametrize("source", ["staging", "prod"])


@each_source
def test_the_program_takes_it(source: str) -> None:
    found = loaded(config_of(source), "pr-12")
    assert found.image_id == IMAGE
    assert {(one.min, one.max) for one in found.services.values()} == {(1, 2)}
    assert (found.network.zones, found.network.egress) == (2, "single-nat")


@each_source
def test_it_has_the_services_databases_and_secrets_of_its_source(source: str) -> None:
    before = loaded(yaml.safe_load((project.ROOT / f"Pulumi.{source}.yaml").read_text())["config"], source)
    after = loaded(config_of(source), "pr-12")
    assert set(after.services) == set(before.services)
    assert set(after.databases) == set(before.databases)
    for name, service in before.services.items():
        assert after.services[name].secrets == service.secrets
        assert after.services[name].calls == service.calls
        assert after.services[name].environment == service.environment


@each_source
def test_nothing_of_it_is_protected_or_stays_when_it_goes(source: str) -> None:
    built = environment(source)
    assert [each.name for each in built.resources if each.protected or each.kept] == []
    database = built.one("Instance", "main").inputs
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (False, True)
    assert built.one("LoadBalancer", "entry").inputs["enableDeletionProtection"] is False


@each_source
def test_every_resource_with_tags_says_which_review_it_is_part_of(source: str) -> None:
    tagged = [each for each in environment(source).resources if each.tags]
    assert len(tagged) > 30
    for each in tagged:
        assert each.tags is not None
        assert (each.tags["review"], each.tags["expires"]) == ("pr-12", "2026-11-23T17:30:00Z"), each.name


@each_source
def test_no_guardrail_that_stops_an_update_speaks(source: str) -> None:
    built = environment(source)
    exports = Resource("pulumi:pulumi:Stack", "immutable-pr-12", "urn:pr-12", plain(built.outputs))
    resources = [
        Resource(
            type=each.type, name=each.name, urn=each.urn, inputs=plain(each.inputs), protect=each.protected,
            ignore_changes=each.ignored, depends=each.depends,
        )
        for each in built.resources
    ] + [exports]  # fmt: skip
    names = {each.urn: each.name for each in resources}
    excepted = exceptions.read(config_of(source).get("immutable:exceptions", []))
    found = []
    for rule in families.rules():
        if rule.severity.mandatory:
            said = [(each.name, text) for each in resources for text in rule.of(each)]
            said += [(names.get(urn or "", ""), text) for urn, text in rule.of_all(resources)]
            found += [
                (rule.id, *each)
                for each in said
                if not any(one.covers(rule.id, each[0], one.until) for one in excepted)
            ]
    assert found == []


def test_its_names_are_below_those_of_its_source() -> None:
    names = {"zoneId": "Z1", "domain": "staging.example.com"}
    services = {
        "web": {"route": {"hosts": ["staging.example.com", "www.staging.example.com", "other.com"]}},
        "api": {"route": {"paths": ["/*"]}},
    }
    found = scaled({"names": names, "services": services})
    assert found["names"] == {"zoneId": "Z1", "domain": "pr-12.staging.example.com"}
    assert found["services"]["web"]["route"]["hosts"] == [
        "pr-12.staging.example.com", "www.pr-12.staging.example.com", "other.com",
    ]  # fmt: skip


def test_without_names_it_has_none() -> None:
    assert "names" not in scaled({"loadBalancer": {"certificateArn": "arn"}})
    assert scaled({"loadBalancer": {"certificateArn": "arn"}})["loadBalancer"]["certificateArn"] == "arn"


def test_the_image_is_its_sources_unless_another_one_is_named() -> None:
    assert scaled({"imageId": "ami-1"})["imageId"] == "ami-1"
    assert scaled({"imageId": "ami-1"}, image="ami-2")["imageId"] == "ami-2"


def test_databases_are_small_alone_and_leave_nothing() -> None:
    big = {
        "engine": "mysql", "version": "8.4.3", "instanceClass": "db.m7g.large", "replicas": 2, "proxy": True,
        "backupCopyRegion": "eu-west-1", "storageGib": 500, "maxStorageGib": 1000, "blueGreen": False,
        "restoreFrom": {"snapshot": "main-before"},
        "parameters": {"a": "b"}, "performanceInsightsDays": 31,
    }  # fmt: skip
    outside = {"external": {"host": "db.example.com"}}
    found = scaled({"databases": {"main": big, "theirs": outside}})["databases"]
    assert found["theirs"] == outside
    kept = {"engine": "mysql", "version": "8.4.3", "parameters": {"a": "b"}}
    assert found["main"] == kept | review_config.DATABASE


def test_what_is_for_many_onlookers_is_left_out() -> None:
    refresh = {
        "checkpointPercentages": [10, 100],
        "checkpointDelaySeconds": 60,
        "bakeSeconds": 5,
        "alarms": ["a"],
    }
    found = scaled(
        {
            "services": {"web": {"min": 3, "max": 12, "refresh": refresh}},
            "alerts": {"emails": ["a@example.com"]},
            "budget": {"monthlyUsd": 1},
            "permissionsBoundary": "arn:aws:iam::1:policy/boundary",
        }
    )
    assert found["services"]["web"] == {"min": 1, "max": 2, "refresh": {"alarms": ["a"]}}
    assert not {"alerts", "budget"} & set(found)
    assert found["permissionsBoundary"] == "arn:aws:iam::1:policy/boundary"


def test_a_job_keeps_its_schedule_and_gets_no_sizes() -> None:
    job = {"schedule": "cron(0 3 * * ? *)"}
    assert scaled({"services": {"night": job}})["services"]["night"] == job


def test_a_single_server_stays_single() -> None:
    assert scaled({"services": {"web": {"min": 1, "max": 1}}})["services"]["web"] == {"min": 1, "max": 1}


def test_logs_are_short_and_go_with_it() -> None:
    locked = {"archive": {"objectLockDays": 30, "coldAfterDays": 90}, "openSearch": {"functionArn": "arn"}}
    assert scaled({"logs": locked})["logs"] == {
        "retentionDays": 7, "retainOnDestroy": False, "archive": {"expireAfterDays": 7},
    }  # fmt: skip
    assert scaled({"logs": {"destinationArn": "arn"}})["logs"] == {
        "retentionDays": 7, "retainOnDestroy": False, "destinationArn": "arn",
    }  # fmt: skip


def test_a_network_without_a_way_out_gets_none() -> None:
    assert scaled({"network": {"egress": "endpoints"}})["network"]["egress"] == "endpoints"
    network = scaled({"network": {"cidr": "10.20.0.0/16", "reservedCidrs": ["10.30.0.0/16"], "zones": 3}})
    assert network["network"] == {"cidr": "10.128.0.0/20", "zones": 2, "egress": "single-nat"}


def test_what_is_no_map_is_left_for_the_program_to_refuse() -> None:
    found = scaled({"services": ["web"], "databases": "main", "tags": None})
    assert (found["services"], found["databases"], found["tags"]) == (["web"], "main", None)


def test_the_source_stays_as_it_is() -> None:
    before: dict[str, Any] = {"immutable:services": {"web": {"min": 3}}}
    review_config.scaled(before, "immutable", Review(1, EXPIRES), "10.128.0.0/20")
    assert before == {"immutable:services": {"web": {"min": 3}}}


@given(st.integers(1, 10**9 - 1))
def test_a_requests_block_is_private_large_enough_and_always_the_same(number: int) -> None:
    block = ipaddress.IPv4Network(review_config.free_block(number, ["10.20.0.0/16"]))
    assert block.prefixlen == 20
    assert block.subnet_of(ipaddress.IPv4Network("10.128.0.0/9"))
    assert str(block) == review_config.free_block(number, ["10.20.0.0/16"])


@given(st.integers(1, 10**9 - 1), st.integers(1, 2047))
def test_requests_that_are_near_each_other_have_blocks_of_their_own(number: int, further: int) -> None:
    one, two = (ipaddress.IPv4Network(review_config.free_block(n, [])) for n in (number, number + further))
    assert not one.overlaps(two)


def test_a_block_that_another_environment_has_is_passed_over() -> None:
    first = review_config.free_block(12, [])
    second = review_config.free_block(12, [first, "no block"])
    assert second == review_config.free_block(13, [])
    with pytest.raises(
        RefusedError, match=r"10\.128\.0\.0/9 has no free block for pr-12; name one with --cidr"
    ):
        review_config.free_block(12, ["10.0.0.0/8"])


def test_other_files_blocks_and_reserved_ones_count(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: immutable\n")
    first, second = review_config.free_block(12, []), review_config.free_block(13, [])
    for name, network in (("staging", f"cidr: {first}"), ("prod", f"reservedCidrs: [{second}]")):
        (tmp_path / f"Pulumi.{name}.yaml").write_text(
            f"config:\n  immutable:imageId: {IMAGE}\n  immutable:network:\n    {network}\n"
        )
    (tmp_path / "Pulumi.broken.yaml").write_text("config: [\n")
    where = project.find(tmp_path)
    text = review_config.text_of(where, where.config("staging"), Review(12, EXPIRES), {})
    config = yaml.safe_load(text)["config"]
    assert config["immutable:network"]["cidr"] == review_config.free_block(14, [])


def test_the_block_that_it_has_stays_its_own(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: immutable\n")
    (tmp_path / "Pulumi.staging.yaml").write_text(f"config:\n  immutable:imageId: {IMAGE}\n")
    where = project.find(tmp_path)
    first = review_config.text_of(where, where.config("staging"), Review(12, EXPIRES), {})
    (tmp_path / "Pulumi.pr-12.yaml").write_text(first)
    assert review_config.text_of(where, where.config("staging"), Review(12, EXPIRES), {}) == first


def test_the_key_of_the_stacks_secrets_is_kept_and_the_sources_own_is_not(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: immutable\n")
    (tmp_path / "Pulumi.staging.yaml").write_text(
        f"secretsprovider: awskms://alias/a\nencryptedkey: staging's\nconfig:\n  immutable:imageId: {IMAGE}\n"
    )
    where = project.find(tmp_path)
    source = where.config("staging")
    first = yaml.safe_load(review_config.text_of(where, source, Review(12, EXPIRES), {}))
    again = yaml.safe_load(review_config.text_of(where, source, Review(12, EXPIRES), {"encryptedkey": "own"}))
    assert {key: value for key, value in first.items() if key != "config"} == {
        "secretsprovider": "awskms://alias/a"
    }
    assert (again["secretsprovider"], again["encryptedkey"]) == ("awskms://alias/a", "own")


@pytest.mark.parametrize("number", [0, -1, 10**9])
def test_what_is_no_number_of_a_request_is_refused(number: int) -> None:
    with pytest.raises(RefusedError, match=f"{number} is no number of a request"):
        review_config.stack_of(number)


@pytest.mark.parametrize("stack", ["staging", "pr-", "pr-0", "pr-012", "pr-1x", "xpr-1", "pr-1234567890"])
def test_other_stacks_are_no_review_environments(stack: str) -> None:
    assert review_config.number_of(stack) is None


@pytest.mark.parametrize("text", ["", "soon", "2026-11-23", None, 5])
def test_what_is_no_time_is_none(text: object) -> None:
    assert review_config.moment(text) is None
    assert review_config.moment("2026-11-23T17:30:00Z") == EXPIRES
