"""The tests' own reading of GitHub's expressions: what runs in them runs at GitHub under the same
conditions.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.delivery.expressions import fill, holds, value

CONTEXTS: dict[str, Any] = {
    "github": {"event": {"action": "closed", "labels": [{"name": "review"}, {"name": "other"}], "number": 7}},
    "vars": {"ROLES": '{"staging": {"deploy": "arn"}}'},
    "matrix": {"stack": "staging"},
    "needs": {"touched": {"outputs": {"any": "true"}}},
}


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("github.event.action", "closed"),
        ("github.event.nothing.deeper", None),
        ("fromJSON(vars.ROLES)[matrix.stack].deploy", "arn"),
        ("fromJSON(vars.ROLES).staging.deploy", "arn"),
        ("contains(github.event.labels.*.name, 'review')", True),
        ("contains(github.event.labels.*.name, 'rev')", False),
        ("github.event.action == 'Closed'", True),
        ("github.event.action != 'closed'", False),
        ("github.event.nothing == ''", True),
        ("vars.ROLES != '' && needs.touched.outputs.any == 'true'", True),
        ("github.event.action == 'opened' || (github.event.action == 'closed' && !cancelled())", True),
        ("!cancelled() && always()", True),
        ("'it''s'", "it's"),
    ],
)
def test_an_expression_has_githubs_value(text: str, is_: object) -> None:
    assert value(text, CONTEXTS) == is_


def test_a_text_is_filled_and_an_expression_alone_keeps_its_type() -> None:
    assert fill("pull-request-${{ github.event.number }}", CONTEXTS) == "pull-request-7"
    assert fill("${{ github.event.labels }}", CONTEXTS) == CONTEXTS["github"]["event"]["labels"]
    assert fill(True, CONTEXTS) is True


def test_what_failed_before_stops_all_but_who_says_otherwise() -> None:
    assert holds(None, CONTEXTS, ok=True)
    assert not holds(None, CONTEXTS, ok=False)
    assert not holds("vars.ROLES != ''", CONTEXTS, ok=False)
    assert holds("${{ !cancelled() }}", CONTEXTS, ok=False)
    assert holds("failure()", CONTEXTS, ok=False)
    assert not holds("failure()", CONTEXTS, ok=True)


def test_what_the_tests_do_not_know_is_no_silent_yes() -> None:
    for unknown in ("hashFiles('x')", "a ? b", "github.event.action =="):
        with pytest.raises((ValueError, KeyError)):
            value(unknown, CONTEXTS)
