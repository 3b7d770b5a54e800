"""What counts as a secret among environment variables, and what only looks a little like one."""

from __future__ import annotations

import base64
import hashlib
import uuid

import pytest
from hypothesis import given, strategies

from stacks.secrets_check import likely, unmistakable

# Put together from halves, so that scanners of this repository find no secret in its tests.
JWT = "eyJhbGciOiJIUzI1NiJ9" + "." + "eyJzdWIiOiIxMjM0In0" + ".c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("-----BEGIN " + "PRIVATE KEY-----", "a private key"),
        ("x=-----BEGIN EC " + "PRIVATE KEY-----", "a private key"),
        ("-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"),
        ("AKIA" + "IOSFODNN7EXAMPLE", "an AWS access key ID"),
        ("key: ASIA" + "IOSFODNN7EXAMPLE;", "an AWS access key ID"),
        (JWT, "a JSON web token"),
        ("Bearer " + JWT, "a JSON web token"),
        ("ghp_" + "a1B2" * 9, "a GitHub token"),
        ("github_pat_" + "a1B2" * 9, "a GitHub token"),
        ("glpat-" + "a1B2" * 5, "a GitLab token"),
        ("xoxb-" + "123456789012-abc", "a Slack token"),
        ("https://hooks.slack.com/services/" + "T00/B00/x", "a Slack token"),
        ("sk_live_" + "a1B2" * 6, "a payment key"),
        ("AIza" + "a1B2c" * 7, "an API key"),
        ("sk-ant-" + "a1B2" * 6, "an API key"),
        ("npm_" + "a1B2" * 9, "a package registry token"),
        ("hvs." + "a1B2" * 6, "a vault token"),
    ],
)
def test_a_secret_in_a_format_of_its_own_is_known_under_any_name(value: str, what: str) -> None:
    assert unmistakable(value) == what


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "AKIA",
        "AKIAIOSFODNN7EXAMPLELONGER",
        "task-runner-with-a-long-name-and-more",
        "eyJust.a.word",
        "sk-learn",
        "https://hooks.slack.com",
    ],
)
def test_what_only_begins_like_a_secret_is_none(value: str) -> None:
    assert unmistakable(value) is None


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD", "PASSWORD", "MYSQL_PWD", "CLIENT_SECRET", "GITHUB_TOKEN", "dbPassword", "API_KEY",
        "APIKEY", "AWS_SECRET_ACCESS_KEY", "SIGNING_KEY", "PRIVATE_KEY", "SMTP_CREDENTIALS", "GPG_PASSPHRASE",
    ],
)  # fmt: skip
def test_a_plain_value_under_the_name_of_a_secret_is_likely_one(name: str) -> None:
    assert likely(name, "hunter2") == "a plain value under the name of a secret"


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD_MIN_LENGTH", "DB_PASSWORD_ARN", "DB_PASSWORD_FILE", "TOKEN_TTL_SECONDS", "SECRET_NAME",
        "MAX_TOKENS", "TOKENIZER", "PRIMARY_KEY", "CACHE_KEY", "KEY", "KEYBOARD", "SECRETARY", "SORT_KEY",
        "LOG_LEVEL", "MONKEY", "ACCESS_KEY_ID_PARAMETER",
    ],
)  # fmt: skip
def test_a_name_that_only_speaks_of_secrets_is_none(name: str) -> None:
    assert likely(name, "something") is None


@pytest.mark.parametrize(
    "value",
    [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:web/db-AbCdEf",
        "/prod/web/db-password",
        "${DB_PASSWORD}",
        "$DB_PASSWORD",
        "{{resolve:secretsmanager:web}}",
        "<set at start>",
        "https://auth.example.com/token",
        "true",
        "Disabled",
        "",
    ],
)
def test_a_reference_or_a_switch_under_the_name_of_a_secret_is_none(value: str) -> None:
    assert likely("DB_PASSWORD", value) is None
    assert likely("AUTH_TOKEN", value) is None


def test_a_small_number_is_a_count_of_tokens_but_a_password_all_the_same() -> None:
    assert likely("MAX_TOKEN", "4096") is None
    assert likely("DB_PASSWORD", "4096") is not None
    assert likely("AUTH_TOKEN", "12345678") is not None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("postgres://app:hunter2@db.internal:5432/app", True),
        ("redis://:hunter2@cache:6379", True),
        ("amqps://user:pa:ss@mq", True),
        ("connect to https://u:p@host/ first", True),
        ("postgres://app:${DB_PASSWORD}@db.internal/app", False),
        ("postgres://app@db.internal:5432/app", False),
        ("https://example.com:8443/a@b", False),
        ("https://example.com/?mail=a:b@c", False),
        ("mailto:someone@example.com", False),
        ("https://0123456789abcdef@sentry.example.com/7", False),
    ],
)
def test_a_url_with_a_password_is_likely_a_secret(value: str, found: bool) -> None:
    assert likely("ADDRESS", value) == ("a URL with a password" if found else None)


@pytest.mark.parametrize(
    "value",
    [
        "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY9q2",
        "Zm9vYmFyMTIzNDU2Nzg5MFF3ZXJ0eVVpb1Bhc2RmZ2hqa2w5",
        "config;" + "aB3dE5gH7jK9mN1pQ4sT6vW8yZ2bC5eF",
    ],
)
def test_a_long_random_string_is_likely_a_secret(value: str) -> None:
    assert likely("SETTING", value) == "a long random string"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMIT", "9b1c3f7d5e2a4680bdf13579ace02468bdf13579"),
        ("IMAGE", "web@sha256:9b1c3f7d5e2a4680bdf13579ace024689b1c3f7d5e2a4680bdf13579ace02468"),
        ("REQUEST_ID", "123e4567-e89b-12d3-a456-426614174000"),
        ("QUEUE", "https://sqs.eu-central-1.amazonaws.com/123456789012/OrderEventsForBillingV2-prod"),
        ("TARGET", "arn:aws:lambda:eu-central-1:123456789012:function:OrderEventsForBillingV2Handler17"),
        ("HANDLER", "com.example.orders.billing.OrderEventsForBillingV2HandlerFactory3x1"),
        ("CLASS", "OrderEventsForBillingV2HandlerFactoryInRegionEuCentral1Zone3"),
        ("BUCKET_PATH", "/data/OrderEventsForBillingV2/HandlerFactoryInRegion/EuCentral1Zone3"),
        ("SSH_KEYS", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq7xZ9bV3kP2mN8sT4wY6rE1uH5jL0oQ"),
        ("PUBLIC_KEY", "Zm9vYmFyMTIzNDU2Nzg5MFF3ZXJ0eVVpb1Bhc2RmZ2hqa2w5"),
        ("INTEGRITY", "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8KuxYz3fV1mT0bZ2"),
        ("JAVA_OPTS", "-Xms512m -Xmx2048m -XX:+UseG1GC -XX:MaxGCPauseMillis=200 -Dfile.encoding=UTF-8"),
        ("FLAGS", "featureA,featureB,featureC1,featureD2,featureE3,featureF4"),
        ("DATE", "2026-11-21T04:25:09.123456+00:00"),
        ("ALPHABET", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"),
    ],
)  # fmt: skip
def test_long_ordinary_values_are_no_secrets(name: str, value: str) -> None:
    assert likely(name, value) is None
    assert unmistakable(value) is None


def generated(count: int) -> list[bytes]:
    """As good as random, and the same every time."""
    return [hashlib.sha512(str(number).encode()).digest() for number in range(count)]


def test_nearly_every_generated_key_is_found() -> None:
    keys = [base64.b64encode(each[:30]).decode() for each in generated(500)]
    assert sum(likely("SETTING", key) is not None for key in keys) >= 475


def test_no_digest_and_no_uuid_is_taken_for_a_key() -> None:
    harmless = [each.hex() for each in generated(300)] + [
        str(uuid.UUID(bytes=each[:16])) for each in generated(300)
    ]
    harmless += [value.upper() for value in harmless]
    assert [value for value in harmless if likely("SETTING", value)] == []


@given(strategies.text(), strategies.text())
def test_any_name_and_value_get_an_answer(name: str, value: str) -> None:
    assert likely(name, value) is None or isinstance(likely(name, value), str)
    assert unmistakable(value) is None or isinstance(unmistakable(value), str)
