"""Reading IAM documents: whom a statement lets in, to do what, on what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import documents
from policies.rules import UNKNOWN

ACCOUNT = "123456789012"
EVERYONE: tuple[Any, ...] = ("*", {"AWS": "*"}, {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "*"]})
names = st.text(st.sampled_from("abcxyzABC019:*?[]!-"), max_size=12)


def one(**statement: Any) -> documents.Statement:
    (found,) = documents.statements({"Statement": {"Effect": "Allow", **statement}})
    return found


def lets_everyone_in(**statement: Any) -> bool:
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", **statement}]}
    return bool(list(documents.open_to_all(json.dumps(document))))


@pytest.mark.parametrize("principal", EVERYONE)
def test_everyone_is_everyone_however_it_is_written(principal: Any) -> None:
    assert lets_everyone_in(Principal=principal)


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
        {"Principal": {"Service": "logs.amazonaws.com"}},
        {"Principal": "*", "Effect": "Deny"},
        # A role's own policy names no principal: it is the role's.
        {"Resource": "*"},
    ],
)
def test_who_is_named_is_not_everyone(statement: dict[str, Any]) -> None:
    assert not lets_everyone_in(**statement)


def test_without_a_principal_a_statement_is_about_whom_it_is_attached_to() -> None:
    assert one(Resource="*").principals == ()


def test_everyone_but_some_is_everyone() -> None:
    assert lets_everyone_in(NotPrincipal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:SourceAccount", ACCOUNT),
        ("StringEquals", "KMS:CallerAccount", [ACCOUNT]),
        ("StringEqualsIgnoreCase", "aws:PrincipalOrgID", "o-1a2b3c"),
        ("StringLike", "aws:PrincipalAccount", ACCOUNT),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/web-*"),
        ("ArnEquals", "aws:SourceArn", f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::one-bucket"),
        ("StringEquals", "aws:SourceVpce", "vpce-1a2b3c"),
        ("StringEquals", "aws:SourceVpc", "vpc-1a2b3c"),
        ("StringEquals", "aws:SourceOwner", ACCOUNT),
    ],
)
def test_a_condition_that_fixes_who_calls_closes_a_statement(operator: str, key: str, value: Any) -> None:
    assert not lets_everyone_in(Principal="*", Condition={operator: {key: value}})


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        # Of any account.
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/web"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
        ("StringLike", "aws:SourceAccount", "1234*"),
        ("StringLike", "aws:PrincipalOrgID", "o-???"),
        # One of the values is enough to get in.
        ("StringLike", "aws:SourceAccount", [ACCOUNT, "*"]),
        # The caller's own account is whatever the caller has.
        ("StringEquals", "aws:PrincipalAccount", "${aws:SourceAccount}"),
        # Not these is all the others; without the key the condition holds.
        ("StringNotEquals", "aws:SourceAccount", ACCOUNT),
        ("StringEqualsIfExists", "aws:SourceAccount", ACCOUNT),
        # It says how, or through what, and not who.
        ("Bool", "aws:SecureTransport", "true"),
        ("StringEquals", "kms:ViaService", "s3.eu-central-1.amazonaws.com"),
        ("StringEquals", "aws:SourceAccount", []),
        ("StringEquals", "aws:SourceAccount", ""),
    ],
)
def test_a_condition_that_leaves_open_who_calls_closes_nothing(operator: str, key: str, value: Any) -> None:
    assert lets_everyone_in(Principal="*", Condition={operator: {key: value}})


def test_an_action_is_meant_by_its_name_in_any_case_and_by_wildcards() -> None:
    statement = one(Action=["s3:get*", "kms:Decryp?"])
    assert [statement.grants(each) for each in ("s3:GetObject", "kms:Decrypt", "kms:Encrypt")] == [
        True,
        True,
        False,
    ]


def test_all_actions_but_some_are_all_the_others() -> None:
    statement = one(NotAction=["s3:*"])
    assert not statement.grants("s3:GetObject")
    assert statement.grants("kms:Decrypt")


def test_a_denial_grants_nothing_and_still_names_what_it_denies() -> None:
    statement = one(Effect="Deny", Action="s3:*")
    assert not statement.grants("s3:GetObject")
    assert statement.names("s3:GetObject")


def test_all_resources_are_those_of_a_wide_pattern_and_all_but_some() -> None:
    probes = ("arn:aws:s3:::one", "arn:aws:s3:::two")
    assert one(Resource="arn:aws:s3:::*").on_all(*probes)
    assert one(Resource=["arn:aws:s3:::one", "arn:aws:s3:::two"]).on_all(*probes)
    assert not one(Resource="arn:aws:s3:::one").on_all(*probes)
    assert one(NotResource="arn:aws:kms:*").on_all(*probes)
    assert not one(NotResource="arn:aws:s3:::two").on_all(*probes)


def test_conditions_are_read_as_iam_compares_them() -> None:
    statement = one(Condition={"Bool": {"aws:SecureTransport": False}})
    assert statement.requires("bool", "AWS:securetransport") == ("false",)
    assert statement.requires("StringEquals", "aws:SecureTransport") == ()


@pytest.mark.parametrize("given", [UNKNOWN, None, "", "{", "[]", "7", {"Statement": "all"}, ["x"]])
def test_what_cannot_be_read_has_no_statements(given: Any) -> None:
    assert documents.statements(given) == ()


def test_a_statement_is_called_by_its_sid() -> None:
    assert one(Sid="One").label == "statement One"
    assert one().label == "a statement without Sid"


@given(names)
def test_everything_matches_a_star_and_itself(text: str) -> None:
    assert documents.matches("*", text)
    if not set(text) & set("*?"):
        assert documents.matches(text, text.upper())


@given(names, names)
def test_a_pattern_without_wildcards_matches_one_text_alone(pattern: str, text: str) -> None:
    if not set(pattern) & set("*?"):
        assert documents.matches(pattern, text) == (pattern.lower() == text.lower())


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "Action", "Resource", "Condition", "AWS"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_no_document_makes_a_rule_fall_over(document: Any) -> None:
    """A finding or none: a pack that fails says nothing of any resource."""
    for each in documents.statements(json.dumps({"Statement": document})):
        assert each.grants("s3:GetObject") in (True, False)
        assert each.on_all("a", "b") in (True, False)
    list(documents.open_to_all({"Statement": document}))
