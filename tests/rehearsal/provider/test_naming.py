"""Physical names: the program's own, or a prefix with a unique end."""

from __future__ import annotations

from rehearsal.provider.types.naming import SUFFIX_CHARACTERS, physical_name


def test_a_name_that_the_program_gives_is_the_name() -> None:
    assert physical_name({"name": "web", "namePrefix": "x-"}) == "web"


def test_a_prefix_gets_a_unique_end() -> None:
    first, second = (physical_name({"namePrefix": "web-"}) for _ in range(2))
    assert first != second
    assert first.startswith("web-") and len(first) == len("web-") + SUFFIX_CHARACTERS


def test_what_has_no_name_at_all_is_told_from_what_people_made() -> None:
    assert physical_name({}).startswith("pulumi-")


def test_a_long_prefix_leaves_eight_unique_characters() -> None:
    prefix = "x" * 30
    first, second = (physical_name({"namePrefix": prefix}, max_length=32) for _ in range(2))
    assert first != second
    assert (first[:30], len(first)) == (prefix, 38)
