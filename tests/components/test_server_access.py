"""What servers are told, may do and may reach for a database, secrets and other services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import server_access
from components.args import Callee, DatabaseAccess, SecretReference
from components.launch_template import LaunchTemplateArgs
from tests.components.recorder import ACCOUNT, REGION, Built
from tests.components.test_launch_template import GIVEN, tags, template

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:api-key-AbCdEf"
MASTER = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1-GhIjKl"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/flags/beta"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/one"
MASTER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/two"
CONNECT = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-ABC/service"
DATABASE = DatabaseAccess(
    host="main.rds.example",
    port=5433,
    name="orders",
    security_group_id="sg-database",
    secret_arn=MASTER,
    secret_key_arn=MASTER_KEY,
    connect_arn=CONNECT,
    user="service",
)
BILLING = Callee(url="https://billing.internal.example", security_group_id="sg-billing")


def given(**changed: Any) -> LaunchTemplateArgs:
    return LaunchTemplateArgs(**{**GIVEN, **changed})


def told(build: Build, **changed: Any) -> dict[str, str]:
    """The variables that access adds, as the servers get them."""
    built = build(lambda: server_access.variables(given(**changed)))
    return dict(built.outputs)


def statements(build: Build, **changed: Any) -> list[dict[str, Any]]:
    access = template(build, **changed).inputs("RolePolicy").get("RolePolicy web-access")
    return access["policy"]["Statement"] if access else []


def test_a_server_is_told_where_its_database_is_and_where_the_password_lies(build: Build) -> None:
    assert told(build, database=DATABASE) == {
        "DATABASE_HOST": "main.rds.example",
        "DATABASE_PORT": "5433",
        "DATABASE_NAME": "orders",
        "DATABASE_SECRET": MASTER,
        "DATABASE_USER": "service",
    }


def test_without_iam_authentication_the_user_is_for_the_secret_to_say(build: Build) -> None:
    external = DATABASE.model_copy(update={"user": None, "connect_arn": None, "secret_key_arn": None})
    assert "DATABASE_USER" not in told(build, database=external)
    assert [each["Sid"] for each in statements(build, database=external)] == ["ReadSecrets"]


def test_a_called_service_is_told_by_its_address(build: Build) -> None:
    assert told(build, calls={"tax-rates": BILLING}) == {"TAX_RATES_URL": "https://billing.internal.example"}


def test_secrets_are_told_as_references_in_one_order(build: Build) -> None:
    named = {"Z": SecretReference(arn=SECRET), "A": SecretReference(arn=pulumi.Output.from_input(PARAMETER))}
    assert told(build, secrets=named) == {"IMMUTABLE_SECRETS": f"A={PARAMETER} Z={SECRET}"}


def test_a_server_reads_what_is_named_and_decrypts_with_its_keys_by_the_keepers_alone(build: Build) -> None:
    secrets = {"API_KEY": SecretReference(arn=SECRET, key_arn=KEY), "FLAG": SecretReference(arn=PARAMETER)}
    keepers = [f"secretsmanager.{REGION}.amazonaws.com", f"ssm.{REGION}.amazonaws.com"]
    assert statements(build, secrets=secrets, database=DATABASE) == [
        {
            "Sid": "ReadSecrets",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": [SECRET, MASTER],
        },
        {
            "Sid": "ReadParameters",
            "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:GetParameters"],
            "Resource": [PARAMETER],
        },
        {
            "Sid": "DecryptSecrets",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": [KEY, MASTER_KEY],
            "Condition": {"StringEquals": {"kms:ViaService": keepers}},
        },
        {"Sid": "ConnectToDatabase", "Effect": "Allow", "Action": "rds-db:connect", "Resource": [CONNECT]},
    ]


def test_servers_that_a_failed_rollout_brings_back_may_still_read_what_they_are_told(build: Build) -> None:
    """Other access is another policy: the one before goes at the end of an update, not before the rollout."""
    built = template(build, secrets={"API_KEY": SecretReference(arn=SECRET)})
    assert built.options()["RolePolicy web-access"] == {"replace_on_changes": ["policy"]}
    assert "name" not in built.inputs()["RolePolicy web-access"]
    assert "RolePolicy web" not in built.options()


def test_without_any_of_it_a_server_may_do_nothing_more(build: Build) -> None:
    assert statements(build) == []
    assert told(build) == {}


def way(port: int, name: str) -> dict[str, Any]:
    return {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "tags": tags(name)}


def test_the_way_to_the_database_is_open_on_both_sides_to_its_port_alone(build: Build) -> None:
    inputs = template(build, database=DATABASE).inputs()
    common = way(5433, "web-to-database")
    assert inputs["SecurityGroupEgressRule web-to-database"] == common | {
        "securityGroupId": "web-id",
        "referencedSecurityGroupId": "sg-database",
        "description": "Calls to the database",
    }
    assert inputs["SecurityGroupIngressRule web-to-database"] == common | {
        "securityGroupId": "sg-database",
        "referencedSecurityGroupId": "web-id",
        "description": "Calls from the servers of web",
    }


def test_the_way_to_a_called_service_is_too(build: Build) -> None:
    inputs = template(build, calls={"billing": BILLING}).inputs()
    common = way(443, "web-calls-billing")
    assert inputs["SecurityGroupEgressRule web-calls-billing"] == common | {
        "securityGroupId": "web-id",
        "referencedSecurityGroupId": "sg-billing",
        "description": "Calls to billing",
    }
    assert inputs["SecurityGroupIngressRule web-calls-billing"] == common | {
        "securityGroupId": "sg-billing",
        "referencedSecurityGroupId": "web-id",
        "description": "Calls from the servers of web",
    }


def test_a_way_to_another_database_is_another_way_and_the_old_one_stays_until_the_end(build: Build) -> None:
    options = template(build, database=DATABASE).options()
    kept = {"replace_on_changes": ["referencedSecurityGroupId", "fromPort", "toPort"]}
    assert options["SecurityGroupEgressRule web-to-database"] == kept
    assert options["SecurityGroupIngressRule web-to-database"] == kept


def test_servers_start_once_the_ways_are_open(build: Build) -> None:
    after = template(build, database=DATABASE, calls={"billing": BILLING}).after()["LaunchTemplate web"]
    kinds = ("SecurityGroupEgressRule", "SecurityGroupIngressRule")
    assert {f"{kind} {name}" for kind in kinds for name in ("web-to-database", "web-calls-billing")} <= set(
        after
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"database": DATABASE, "environment": {"DATABASE_HOST": "x"}},
            "DATABASE_HOST is set by the component: take it out of the environment",
        ),
        (
            {"calls": {"billing": BILLING}, "environment": {"BILLING_URL": "x"}},
            "BILLING_URL is set by the component: take it out of the environment",
        ),
        (
            {"secrets": {"LOG_LEVEL": SecretReference(arn=SECRET)}},
            "LOG_LEVEL is a variable already: give the secret another name",
        ),
        (
            {"database": DATABASE, "secrets": {"DATABASE_SECRET": SecretReference(arn=SECRET)}},
            "DATABASE_SECRET is a variable already: give the secret another name",
        ),
        (
            {"secrets": {"A B": SecretReference(arn=SECRET)}},
            "'A B' is no name for an environment variable: use letters, digits and _",
        ),
        (
            {"secrets": {"IMMUTABLE_PORT": SecretReference(arn=SECRET)}},
            "IMMUTABLE_PORT is set by the component: give the secret another name",
        ),
        (
            {"calls": {"tax-rates": BILLING, "tax_rates": BILLING}},
            "two called services make the variable TAX_RATES_URL: rename one",
        ),
    ],
)
def test_a_name_that_is_none_or_is_taken_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem.replace("(", r"\(")):
        given(**changed)
