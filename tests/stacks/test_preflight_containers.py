"""The pre-flight of containers: what is asked about images of nodes and in ECR, and what is refused."""

from __future__ import annotations

from tests.stacks.containers import AGENT_IMAGE, ALONE, CONTAINERS, SHOP_IMAGE
from tests.stacks.declared import Account, declared
from tests.stacks.given import SMALLEST, with_changes
from tests.stacks.test_preflight import refused

AMI = SMALLEST["immutable:imageId"]
NODES = "ami-0fedcba9876543210"


def test_the_image_of_nodes_has_to_be_there_and_to_fit_them() -> None:
    values = with_changes(CONTAINERS)
    gone = Account(image="Your query returned no results.")
    assert [line.partition(" is ")[0] for line in refused(gone, values)] == [
        f"Pulumi.staging.yaml: immutable:imageId: {AMI}",
        f"Pulumi.staging.yaml: immutable:cluster.nodes.imageId: {NODES}",
    ]
    other = with_changes(CONTAINERS | {"immutable:cluster.nodes.instanceTypes": ["m6g.large"]})
    (line,) = refused(Account(runs=("m7g.large",)), other)
    assert line.startswith(
        f"Pulumi.staging.yaml: immutable:cluster.nodes.imageId: {NODES} is an arm64 image, and m6g"
    )


def test_no_factory_of_ours_has_tested_the_image_of_nodes() -> None:
    """EKS's own has none of our tags."""
    built = declared("staging", with_changes(ALONE), account=Account(image={"tags": {}}))
    assert built.outputs["images"] == {NODES: {}}


def test_an_image_of_containers_has_to_be_in_its_repository() -> None:
    values = with_changes(CONTAINERS)
    shop = SHOP_IMAGE.partition("@")[2]
    for code in ("ImageNotFoundException", "RepositoryNotFoundException"):
        said = f"reading ECR Images: operation error ECR: DescribeImages, {code}: no such one"
        assert refused(Account(containers={shop: said}), values) == [
            "Pulumi.staging.yaml: immutable:images.shop: shop@sha256:111111111111 is not in shop of "
            "123456789012 in eu-central-1: copy it there with its digest (replication, or `crane copy`), or "
            "name one that is"
        ]


def test_every_image_that_is_not_there_has_its_line() -> None:
    values = with_changes(CONTAINERS)
    absent = {each.partition("@")[2]: "returned no results" for each in (SHOP_IMAGE, AGENT_IMAGE)}
    keys = [line.split(": ")[1] for line in refused(Account(containers=absent), values)]
    assert keys == ["immutable:images.shop", "immutable:images.log-agent"]


def test_a_registry_that_gives_no_answer_stops_everything() -> None:
    shop = SHOP_IMAGE.partition("@")[2]
    (line,) = refused(Account(containers={shop: "no\nroute to host"}), with_changes(CONTAINERS))
    assert line.startswith(
        "Pulumi.staging.yaml: immutable:images.shop: ECR does not tell of shop@sha256:111111111111 ("
    )
    assert "no route to host" in line
    assert line.endswith("; check credentials and network")


def test_an_image_of_others_that_may_be_pulled_and_not_asked_about_is_taken() -> None:
    shop = SHOP_IMAGE.partition("@")[2]
    denied = Account(
        containers={shop: "AccessDeniedException: not authorized to perform: ecr:DescribeImages"}
    )
    assert declared("staging", with_changes(CONTAINERS), account=denied).outputs["workloads"]


def test_ecr_is_asked_about_its_own_images_by_digest() -> None:
    public = f"public.ecr.aws/shop/shop@sha256:{'1' * 64}"
    built = declared("staging", with_changes(CONTAINERS | {"immutable:images.shop": public}))
    assert built.asked["getImage"] == [
        {
            "registryId": "123456789012",
            "repositoryName": "fluent-bit",
            "imageDigest": AGENT_IMAGE.partition("@")[2],
        }
    ]
