"""What a service names of secrets, sessions and a database: wrong, each is one line and shows no secret."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.given import CERTIFICATE, complaint, complaints

WEB = "immutable:services.web"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/api-key-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/flags"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
FORMS = (
    "write the ARN arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf of a secret, "
    "or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME of a parameter"
)
MULTI_REGION = "arn:aws:kms:eu-central-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "given",
    [
        SECRET,
        PARAMETER,
        SECRET.replace("arn:aws:", "arn:aws-us-gov:"),
        {"arn": SECRET},
        {"arn": SECRET, "keyArn": KEY},
        {"arn": PARAMETER, "keyArn": MULTI_REGION},
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-0a1b-AbCdEf",
    ],
)
def test_a_reference_is_taken(given: Any) -> None:
    assert complaints({f"{WEB}.secrets": {"API_KEY": given}}) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("hunter2", f"is no reference to a secret; {FORMS}"),
        ("/shop/api-key", f"is no reference to a secret; {FORMS}"),
        ("", f"is no reference to a secret; {FORMS}"),
        (
            "AKIAIOSFODNN7EXAMPLE",
            "holds an AWS access key ID itself, which state would show; "
            "keep it in Secrets Manager and write its ARN",
        ),
        (
            "arn:aws:s3:::bucket",
            f"is no reference to a secret; {FORMS}",
        ),
        (
            "arn:aws:sqs:eu-central-1:123456789012:queue",
            f"'arn:aws:sqs:eu-central-1:123456789012:queue' is no reference to a secret; {FORMS}",
        ),
        (
            "arn:aws:ssm:eu-central-1:123456789012:parameter/",
            f"'arn:aws:ssm:eu-central-1:123456789012:parameter/' is no reference to a secret; {FORMS}",
        ),
        (
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key",
            "'arn:aws:secretsmanager:eu-central-1:123456789012:secret:key' is not a whole ARN; "
            "one ends in six characters of its own, NAME-AbCdEf",
        ),
        (
            SECRET.replace("eu-central-1", "eu-west-1"),
            "is of eu-west-1, the stack of eu-central-1; name one in eu-central-1",
        ),
        (
            SECRET.replace("123456789012", "210987654321"),
            "is of account 210987654321, the certificate of 123456789012; name one in 123456789012",
        ),
        (4711, "is a number; write a map of keys"),
        (["x"], "is a list; write a map of keys"),
    ],
)
def test_what_is_no_reference_of_this_account_and_region_is_refused(given: Any, problem: str) -> None:
    assert complaint({f"{WEB}.secrets": {"API_KEY": given}}) == f"{WEB}.secrets.API_KEY: {problem}"


@pytest.mark.parametrize(
    ("given", "place", "problem"),
    [
        ({"arn": "hunter2"}, ".arn", f"is no reference to a secret; {FORMS}"),
        ({"arn": 7}, ".arn", "is a number, not text; put quotes around it"),
        ({}, ".arn", f"is missing; set it to the ARN {FORMS.removeprefix('write the ARN ')}"),
        ({"arn": SECRET, "key": KEY}, ".key", "is not a known key; did you mean keyArn?"),
        (
            {"arn": SECRET, "keyArn": "alias/secrets"},
            ".keyArn",
            "is no key's ARN; write arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
        (
            {"arn": SECRET, "keyArn": KEY.replace("key/", "alias/")},
            ".keyArn",
            "is no key's ARN; write arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
        (
            {"arn": SECRET, "keyArn": KEY.replace("central", "west")},
            ".keyArn",
            "is of eu-west-1, the secret of eu-central-1; name the key that encrypts it",
        ),
    ],
)
def test_a_map_that_is_no_reference_is_refused_at_its_key(given: Any, place: str, problem: str) -> None:
    line = complaint({f"{WEB}.secrets": {"API_KEY": given}})
    start, _, text = line.partition(": ")
    assert start == f"{WEB}.secrets.API_KEY{place}"
    assert text.endswith(problem)


@pytest.mark.parametrize(
    "value", ["hunter2", "correct horse battery staple", 20260101, ["a1b2"], {"arn": "h2"}]
)
def test_what_may_be_the_secret_itself_is_never_shown(value: Any) -> None:
    (line,) = complaints({f"{WEB}.secrets": {"API_KEY": value}})
    for part in ("hunter2", "battery", "20260101", "a1b2", "h2"):
        assert part not in line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {f"{WEB}.secrets": {"LOG_GROUP": SECRET}},
            "secrets.LOG_GROUP: is set by the program on every server; give the secret another name",
        ),
        (
            {f"{WEB}.secrets": {"IMMUTABLE_PORT": SECRET}},
            "secrets.IMMUTABLE_PORT: is set by the program on every server; give the secret another name",
        ),
        (
            {f"{WEB}.secrets": {"SESSION_KEYS": SECRET}, f"{WEB}.sessions": True},
            "secrets.SESSION_KEYS: is set by sessions: true; give the secret another name",
        ),
        (
            {f"{WEB}.secrets": {"A": SECRET}, f"{WEB}.environment": {"A": "b"}},
            "secrets.A: stands in environment too; take it out of there",
        ),
        (
            {f"{WEB}.secrets": {"A-B": SECRET}},
            "secrets.A-B: is no name for an environment variable; use letters, digits and _",
        ),
        (
            {f"{WEB}.environment": {"LOG_GROUP": "x"}},
            "environment.LOG_GROUP: is set by the program on every server; take it out",
        ),
        (
            {f"{WEB}.environment": {"SESSION_KEYS": "arn:aws:x"}, f"{WEB}.sessions": True},
            "environment.SESSION_KEYS: is set by sessions: true; take it out",
        ),
    ],
)
def test_a_name_that_the_program_sets_is_refused(changes: dict[str, Any], line: str) -> None:
    assert complaint(changes) == f"{WEB}.{line}"


def test_a_name_is_free_when_the_service_does_not_use_what_sets_it() -> None:
    assert complaints({f"{WEB}.secrets": {"SESSION_KEYS": SECRET, "DATABASE_SECRET": SECRET}}) == []


def test_servers_live_no_longer_than_the_keys_that_they_know() -> None:
    beside = {f"{WEB}.sessions": True, "immutable:sessions": {"rotationDays": 7}}
    assert complaints({**beside, f"{WEB}.maxInstanceLifetimeDays": 6}) == []
    assert complaint({**beside, f"{WEB}.maxInstanceLifetimeDays": 7}) == (
        f"{WEB}.maxInstanceLifetimeDays: 7 is no less than sessions.rotationDays 7, "
        "so old servers would not know the keys; lower it or raise that"
    )
    assert complaints({"immutable:sessions": {"rotationDays": 1}}) == []


def test_many_secrets_that_make_too_much_user_data_are_refused_before_anything_is_made() -> None:
    secrets = {f"KEY_{index}": SECRET.replace("AbCdEf", f"{index:06}") for index in range(200)}
    assert complaint({f"{WEB}.secrets": secrets}).startswith(
        f"{WEB}.environment: the environment of 'web' makes"
    )


def test_the_account_is_that_of_the_certificate() -> None:
    """Which is where the load balancer is, so where the servers are."""
    assert ":123456789012:" in CERTIFICATE
