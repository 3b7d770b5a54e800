"""References of container images, as rules over text and facts."""

from __future__ import annotations

import pytest

from images import containers
from images.containers import Facts, Registry
from images.preflight import Limits

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
ECR = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/shop@{DIGEST}"


@pytest.mark.parametrize(
    "repository",
    [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop",
        "public.ecr.aws/aws-observability/aws-for-fluent-bit",
        "docker.io/library/nginx",
        "localhost:5000/a",
        "ghcr.io/owner/some__part.of-name",
    ],
)
def test_a_digest_of_a_repository_is_taken(repository: str) -> None:
    assert containers.problem(f"{repository}@{DIGEST}") is None
    assert str(containers.parse(f"{repository}@{DIGEST}")) == f"{repository}@{DIGEST}"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "names no digest"),
        ("nginx", "so that it is whatever 'nginx' is today"),
        ("nginx:latest", "names the tag 'latest', which may be moved"),
        ("localhost:5000/a", "names no digest"),
        (f"nginx:1@{DIGEST}", "names a tag beside its digest"),
        (f"nginx@{DIGEST}", "has no repository that is one"),
        (f"@{DIGEST}", "has no repository that is one"),
        (f"docker.io/a//b@{DIGEST}", "has no repository that is one"),
        (f"docker.io/A@{DIGEST}", "has no repository that is one"),
        (f"https://docker.io/a@{DIGEST}", "has no repository that is one"),
        (f"docker.io/a@{DIGEST[:-1]}", "has no digest that is one"),
        (f"docker.io/a@{DIGEST.upper()}", "has no digest that is one"),
        (f"docker.io/a@{DIGEST}\n", "has no digest that is one"),
        (f"docker.io/a@md5:{'0' * 32}", "has no digest that is one"),
    ],
)
def test_what_may_be_another_image_tomorrow_is_no_reference(written: str, why: str) -> None:
    told = containers.problem(written)
    assert told is not None
    assert why in told
    assert "\n" not in told
    with pytest.raises(ValueError, match="write REPOSITORY@sha256"):
        containers.parse(written)


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr-fips.eu-central-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-central-1.on.aws",
    ],
)
def test_a_repository_in_ecr_says_where_it_is(host: str) -> None:
    reference = containers.parse(f"{host}/team/shop@{DIGEST}")
    assert reference.registry == Registry("123456789012", "eu-central-1", "team/shop")


def test_other_registries_are_not_ecr() -> None:
    assert containers.parse(f"public.ecr.aws/shop@{DIGEST}").registry is None


def test_people_read_a_short_form_and_anything_else_as_it_is() -> None:
    assert containers.short(ECR) == "shop@sha256:0123456789ab"
    assert containers.short("nginx:latest") == "nginx:latest"
    assert containers.short("ami-0a1b2c3d") == "ami-0a1b2c3d"


def test_the_repository_of_a_text_stays_without_its_tag_or_digest() -> None:
    for written in ("localhost:5000/a/b", "localhost:5000/a/b:1", f"localhost:5000/a/b@{DIGEST}"):
        assert containers.repository_of(written) == "localhost:5000/a/b"


def test_an_image_passes_within_the_limits_and_without_a_scan() -> None:
    reference = containers.parse(ECR)
    strict = Limits(max_findings={"critical": 0, "high": 1})
    assert containers.problems(Facts(reference, findings={"high": 1}), strict) == []
    assert containers.problems(Facts(reference), strict) == []
    (wrong,) = containers.problems(Facts(reference, findings={"critical": 1}), strict)
    assert wrong.startswith("shop@sha256:0123456789ab has 1 critical findings")
    (missing,) = containers.problems(Facts(reference, found=False), strict)
    assert "is not in team/shop of 123456789012 in eu-central-1" in missing


def test_what_is_known_of_an_image_is_one_line() -> None:
    reference = containers.parse(ECR)
    assert containers.summary(Facts(reference)) == f"{ECR}: findings not on record"
    assert containers.summary(Facts(reference, findings={"high": 2})).endswith("critical=0 high=2 medium=0")
