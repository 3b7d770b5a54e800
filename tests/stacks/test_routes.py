"""When one listener rule takes all that another could match."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies

from stacks.routes import conflicts, covers


@dataclass(frozen=True)
class Rule:
    priority: int
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


def keys(**routes: Rule) -> list[tuple[str, str]]:
    return [(service, key) for service, key, _ in conflicts(routes)]


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("/*", "/api/*", True),
        ("/api/*", "/*", False),
        ("/a?c", "/abc", True),
        ("/a?c", "/a*c", False),
        ("/a*", "/a?", True),
        ("/a", "/a", True),
        ("/a.b", "/axb", False),
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "example.com", False),
    ],
)
def test_a_pattern_covers_another_when_it_matches_all_that_one_does(
    wider: str, narrower: str, expected: bool
) -> None:
    assert covers(wider, narrower) is expected


def test_the_narrow_route_before_the_wide_one_is_no_conflict() -> None:
    assert keys(web=Rule(200, paths=("/*",)), api=Rule(100, paths=("/api/*",))) == []


def test_the_wide_route_before_the_narrow_one_leaves_it_nothing() -> None:
    assert keys(web=Rule(100, paths=("/*",)), api=Rule(200, paths=("/api/*",))) == [("api", "paths")]


def test_one_path_on_two_hosts_is_no_conflict() -> None:
    a, b = Rule(1, ("a.example.com",), ("/*",)), Rule(2, ("b.example.com",), ("/*",))
    assert keys(a=a, b=b) == []


def test_hosts_are_compared_without_case_and_paths_with_it() -> None:
    assert keys(a=Rule(1, ("A.example.com",)), b=Rule(2, ("a.example.COM",))) == [("b", "hosts")]
    assert keys(a=Rule(1, paths=("/A",)), b=Rule(2, paths=("/a",))) == []


def test_one_shared_path_among_several_is_a_conflict() -> None:
    assert keys(a=Rule(1, paths=("/x", "/a")), b=Rule(2, paths=("/b", "/x"))) == [("b", "paths")]


def test_one_priority_for_two_is_a_conflict_wherever_they_route() -> None:
    assert keys(a=Rule(1, paths=("/a",)), b=Rule(1, paths=("/b",))) == [("b", "priority")]


def test_one_priority_and_one_path_are_two_conflicts() -> None:
    rules = {"a": Rule(1, paths=("/a",)), "b": Rule(1, paths=("/a",))}
    assert [text for *_, text in conflicts(rules)] == [
        "1 is also that of a; give each service its own",
        "'/a' is also routed to a; a request can have one service only",
    ]


def test_a_hundred_services_side_by_side_do_not_conflict() -> None:
    assert list(conflicts({f"s{n}": Rule(n, paths=(f"/s{n}/*",)) for n in range(1, 101)})) == []


PATTERNS = strategies.text(alphabet="ab*?", max_size=6)


@given(PATTERNS, PATTERNS, strategies.text(alphabet="ab", max_size=8))
def test_what_the_narrower_matches_the_wider_matches_too(wider: str, narrower: str, text: str) -> None:
    if covers(wider, narrower) and fnmatch.fnmatchcase(text, narrower):
        assert fnmatch.fnmatchcase(text, wider)
