from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.names import (
    BUCKET_PREFIX,
    LOAD_BALANCER_PREFIX,
    LONG_PREFIX,
    ROLE_PREFIX,
    RULE_PREFIX,
    name_prefix,
    named,
)

LIMITS = {LOAD_BALANCER_PREFIX: 32, ROLE_PREFIX: 64, RULE_PREFIX: 64, BUCKET_PREFIX: 63, LONG_PREFIX: 128}


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("web", "web-"),
        ("checkout", "check-"),
        ("a-very-long-name", "a-ver-"),
        ("abcd-efgh", "abcd-"),
        ("Web_Api", "web-a-"),
    ],
)
def test_a_name_becomes_a_prefix_that_a_target_group_takes(name: str, prefix: str) -> None:
    assert name_prefix(name, LOAD_BALANCER_PREFIX) == prefix


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,150}", fullmatch=True), st.sampled_from(sorted(LIMITS)))
def test_prefix_and_the_26_characters_of_the_suffix_fit_the_limit(name: str, prefix: int) -> None:
    made = name_prefix(name, prefix)
    assert len(made) + 26 <= LIMITS[prefix]
    assert re.fullmatch(r"[a-z][a-z0-9-]*-", made)
    assert "--" not in made


def test_a_name_tag_is_added_and_the_given_tags_stay() -> None:
    given_tags = {"owner": "platform", "Name": "other"}
    assert named(given_tags, "web") == {"owner": "platform", "Name": "web"}
    assert given_tags["Name"] == "other"
