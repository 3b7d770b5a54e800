"""Wrong images and clusters: each is refused in one line on the key to change, before anything exists."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.cluster_sections import ADD_ONS
from tests.stacks.containers import ADMIN, AGENT_IMAGE, CLUSTER, ECR, SHOP_IMAGE, SIZE, refusal, refusals
from tests.stacks.given import complaints

IMAGES = "immutable:images"
NODES = "immutable:cluster.nodes"
DIGEST = f"sha256:{'1' * 64}"
NOT_FOR_WORKLOADS = "is kept for others than workloads; write another, such as workloads"


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (f"{ECR}/shop:v1.4.2", "names the tag 'v1.4.2', which may be moved to another image"),
        ("shop:latest", "names the tag 'latest', which may be moved to another image"),
        (f"{ECR}/shop:v1@{DIGEST}", "names a tag beside its digest, which says nothing"),
        (f"{ECR}/shop", "names no digest, so that it is whatever 'shop' is today"),
        (f"{ECR}/shop@sha256:123", "has no digest that is one"),
    ],
)
def test_an_image_that_is_not_one_image_for_ever_is_refused(image: str, text: str) -> None:
    line = refusal({f"{IMAGES}.shop": image})
    form = "REPOSITORY@sha256: and 64 hexadecimal digits in lower case"
    assert line == f"{IMAGES}.shop: {image!r} {text}; write {form}"


def test_an_image_without_a_registry_is_refused() -> None:
    """Without a host in front, it is the node's settings that say which registry is meant."""
    assert refusal({f"{IMAGES}.shop": f"library/shop@{DIGEST}"}).endswith(
        "with the registry's host before the path"
    )


@pytest.mark.parametrize("image", [f"localhost:5000/shop@{DIGEST}", f"public.ecr.aws/a/b-c/d__e@{DIGEST}"])
def test_images_of_other_registries_are_taken(image: str) -> None:
    assert refusals({f"{IMAGES}.shop": image}) == []


def test_workloads_without_a_cluster_are_refused() -> None:
    changes = {"immutable:cluster": None, f"{IMAGES}.log-agent": None}
    assert refusal(changes) == (
        "immutable:cluster: is missing, and workloads run in one; set it to a map with version, nodes, "
        "addOns and admins"
    )


def test_a_cluster_without_the_image_of_its_log_agent_is_refused() -> None:
    assert refusal({f"{IMAGES}.log-agent": None}) == (
        f"{IMAGES}.log-agent: is missing, and without it nothing that pods say is kept; set it to an image "
        "of Fluent Bit by digest"
    )


def test_the_image_of_a_log_agent_without_a_cluster_is_refused() -> None:
    assert complaints({IMAGES: {"log-agent": AGENT_IMAGE}}) == [
        f"Pulumi.staging.yaml: {IMAGES}.log-agent: needs a cluster; remove it, or name it in the image of one"
    ]


def test_an_image_that_nobody_uses_is_refused() -> None:
    assert refusal({f"{IMAGES}.old": SHOP_IMAGE}) == (
        f"{IMAGES}.old: is the image of no workload; remove it, or name it in the image of one"
    )


def test_a_workload_without_an_image_of_its_name_is_refused() -> None:
    worker = {"immutable:workloads.mailer": SIZE}
    assert refusal(worker) == (
        "immutable:workloads.mailer.image: is missing, and images holds no mailer; write the key of its "
        "image, or add mailer there"
    )
    assert refusals({"immutable:workloads.mailer": {**SIZE, "image": "shop"}}) == []


def test_a_key_that_is_none_is_refused() -> None:
    lines = refusals({f"{IMAGES}.Shop_1": SHOP_IMAGE})
    assert lines == [
        f"{IMAGES}.Shop_1: is no key for an image; take up to 63 lower-case letters, digits, hyphens, no "
        "hyphen at an end"
    ]


def test_an_image_of_another_region_is_refused() -> None:
    other = SHOP_IMAGE.replace("eu-central-1", "us-east-1")
    assert refusal({f"{IMAGES}.shop": other}) == (
        f"{IMAGES}.shop: is of us-east-1, the stack of eu-central-1; have ECR replicate it to eu-central-1 "
        "and name that one"
    )


def test_an_image_that_nodes_without_internet_cannot_pull_is_refused() -> None:
    public = f"public.ecr.aws/shop/shop@{DIGEST}"
    changes = {f"{IMAGES}.shop": public, "immutable:network.egress": "endpoints"}
    assert refusal(changes) == (
        f"{IMAGES}.shop: is pulled from public.ecr.aws, and network.egress: endpoints leads to AWS alone; "
        "copy it to ECR and name that one"
    )


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("version", 1.36, "1.36 is a number, not text; put quotes around it"),
        ("version", "1.36.2", "'1.36.2' is not a version of Kubernetes; write one such as \"1.36\""),
        ("version", "1.29", "'1.29' is too old; the least is 1.30"),
        ("nodes", None, "is missing; set it to a map with imageId and instanceTypes"),
        ("admins", [], "[] has too few entries; give at least 1"),
        ("namespace", "kube-shop", f"'kube-shop' {NOT_FOR_WORKLOADS}"),
        ("namespace", "default", f"'default' {NOT_FOR_WORKLOADS}"),
        (
            "namespace",
            "Shop",
            "'Shop' is not a namespace; take up to 63 lower-case letters, digits and hyphens, no hyphen at "
            "an end",
        ),
        (
            "nodes.imageId",
            "latest",
            "'latest' is a name or an alias; write the ID of the image it stands for, 'ami-' with 8 or 17 "
            "lower-case hexadecimal digits",
        ),
        ("nodes.min", 7, "7 is more than max 6; lower min or raise max"),
        ("nodes.maxUnavailable", 7, "7 is more than max 6, all nodes at once; lower it"),
        ("nodes.maxAgeDays", 0, "0 is too low; the least is 1"),
    ],
)
def test_one_wrong_value_of_a_cluster_is_one_line(path: str, value: Any, line: str) -> None:
    assert refusal({f"immutable:cluster.{path}": value}) == f"immutable:cluster.{path}: {line}"


def test_an_api_that_everybody_may_call_is_refused() -> None:
    assert refusal({"immutable:cluster.publicAccessCidrs": ["203.0.113.0/24", "0.0.0.0/0"]}) == (
        "immutable:cluster.publicAccessCidrs[1]: 0.0.0.0/0 lets everybody call the cluster's API; name "
        "blocks of your own"
    )


def test_nodes_of_two_architectures_are_refused() -> None:
    assert refusal({f"{NODES}.instanceTypes": ["m7g.large", "m7i.large"]}) == (
        f"{NODES}.instanceTypes[1]: 'm7i.large' and 'm7g.large' differ in architecture; one image fits one"
    )


@pytest.mark.parametrize(
    ("admins", "viewers", "line"),
    [
        (
            ["deploy"],
            [],
            "admins[0]: 'deploy' is nobody's ARN; write a role's, arn:aws:iam::ACCOUNT:role/NAME",
        ),
        ([ADMIN, ADMIN], [], f"admins[1]: '{ADMIN}' stands there twice; remove one"),
        ([ADMIN], [ADMIN], f"viewers[0]: '{ADMIN}' is an admin already; remove it here or there"),
        (
            ["arn:aws:sts::123456789012:assumed-role/deploy/me"],
            [],
            "admins[0]: 'arn:aws:sts::123456789012:assumed-role/deploy/me' is a session of a role; write the "
            "role's own, arn:aws:iam::ACCOUNT:role/NAME",
        ),
    ],
)
def test_who_cannot_be_let_in_is_refused(admins: list[str], viewers: list[str], line: str) -> None:
    changes = {"immutable:cluster.admins": admins, "immutable:cluster.viewers": viewers}
    assert refusal(changes) == f"immutable:cluster.{line}"


@pytest.mark.parametrize("name", ADD_ONS)
def test_a_missing_add_on_is_one_line_that_says_what_it_is_for(name: str) -> None:
    assert refusal({f"immutable:cluster.addOns.{name}": None}) == (
        f"immutable:cluster.addOns.{name}: is missing, and it {ADD_ONS[name]}; set it to a version such as "
        "v1.20.4-eksbuild.2"
    )


def test_an_add_on_that_is_not_used_or_not_pinned_is_refused() -> None:
    assert refusal({"immutable:cluster.addOns.kube-proxi": "v1.36.0-eksbuild.1"}) == (
        "immutable:cluster.addOns.kube-proxi: is no add-on that is used here; did you mean kube-proxy?"
    )
    assert refusal({"immutable:cluster.addOns.coredns": "latest"}) == (
        "immutable:cluster.addOns.coredns: 'latest' is not a version of an add-on; write one such as "
        "v1.20.4-eksbuild.2"
    )


def test_a_cluster_stands_before_its_first_workload() -> None:
    assert complaints({"immutable:cluster": CLUSTER, IMAGES: {"log-agent": AGENT_IMAGE}}) == []


@pytest.mark.parametrize("version", ["v1.37.0-eksbuild.1", "v1.32.9-eksbuild.1"])
def test_a_kube_proxy_that_is_newer_than_its_cluster_or_far_older_is_refused(version: str) -> None:
    assert refusal({"immutable:cluster.addOns.kube-proxy": version}) == (
        f"immutable:cluster.addOns.kube-proxy: {version} is not for a cluster of 1.36; write a version v1.36"
    )
    assert refusals({"immutable:cluster.addOns.kube-proxy": "v1.33.0-eksbuild.1"}) == []
