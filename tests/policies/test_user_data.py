"""User data of every sort is told apart, and none of it breaks a rule."""

from __future__ import annotations

import base64

from hypothesis import example, given
from hypothesis import strategies as st

from components.user_data import cloud_config, encoded
from policies import immutability, user_data
from policies.rules import UNKNOWN
from tests.policies.cases import res


def found(text: str) -> list[str]:
    return list(user_data.changes(base64.b64encode(text.encode()).decode()))


NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,10}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_the_launch_template_writes_is_files_alone(environment: dict[str, str]) -> None:
    document = cloud_config("web", environment)
    assert list(user_data.changes(encoded(document))) == []


@given(st.text(max_size=200))
@example("#cloud-config\nwrite_files: 2027-02-30")
@example("#cloud-config\n{")
@example("#cloud-config\n- a")
@example("#cloud-config\nwrite_files: [1]")
def test_any_text_is_judged(text: str) -> None:
    if not text.startswith("#cloud-config\n"):
        assert len(found(text)) == bool(text)
    assert all(each.startswith("userData ") for each in found(text))


@given(st.binary(max_size=60))
def test_what_is_no_text_is_refused_for_nobody_can_tell_what_it_does(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError:
        given = base64.b64encode(raw).decode()
        assert list(user_data.changes(given)) == [
            "userData is no text in base64: what it does cannot be told"
        ]


def test_a_secret_is_told_by_its_kind_and_never_shown() -> None:
    key = "AKIA" + "B" * 16
    (said,) = user_data.secrets(base64.b64encode(f"KEY={key}".encode()).decode())
    assert said == "userData holds the ID of an access key"
    assert key not in said


def test_user_data_that_is_not_known_yet_is_not_judged() -> None:
    template = res(immutability.LAUNCH_TEMPLATE, userData=UNKNOWN)
    assert immutability.mutable_user_data.of(template) == []
    assert immutability.secret_in_user_data.of(template) == []
