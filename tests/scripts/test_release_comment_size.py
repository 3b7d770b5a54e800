"""The size of a comment: what is folded goes first, and nothing is cut in the middle of something."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scripts.releases.comment_size import LIMIT, fit

LINK = "https://github.example.com/runs/1"


def fold(summary: str, lines: int) -> str:
    body = "+ a line of the difference\n" * lines
    return f"<details>\n<summary>{summary}</summary>\n\n```diff\n{body}```\n\n</details>\n"


def test_what_is_short_enough_stays_as_it_is() -> None:
    assert fit(["## staging\n", "## prod\n"], LINK) == "## staging\n\n## prod\n"


def test_the_largest_fold_goes_first_and_the_link_says_where_it_is() -> None:
    small, large = fold("full diff of staging", 5), fold("full diff of prod", 3000)
    text = fit([f"## staging\n{small}", f"## prod\n{large}end\n"], LINK)
    assert small in text
    instead = f"full diff of prod: left out here, {len(large):,} characters; [the whole text]({LINK})"
    assert f"## prod\n_{instead}._\nend\n" in text
    assert len(text) <= LIMIT


def test_as_many_folds_go_as_must() -> None:
    text = fit([fold("one", 20), fold("two", 30), fold("three", 40)], None, limit=900)
    assert "<summary>one</summary>" in text
    assert "two: left out here" in text
    assert "three: left out here" in text


def test_a_fold_that_its_own_notice_would_outgrow_stays() -> None:
    tiny = "<details>\n<summary>a</summary>\n\n</details>\n"
    assert tiny in fit([tiny, "word\n" * 100], LINK, limit=300)


def test_without_folds_the_text_ends_at_a_whole_line_with_its_fence_closed() -> None:
    text = fit(["before\n\n````diff\n" + "+ a line\n" * 500 + "````\n"], LINK, limit=600)
    kept, _, end = text.rpartition("````\n")
    assert kept.endswith("+ a line\n")
    assert end.startswith("\n_Cut off here: 4,")
    assert f"[the whole text]({LINK})" in end


def test_a_fold_that_is_cut_through_is_closed() -> None:
    tiny = "<details>\n<summary>a summary that nothing shortens</summary>\n\nx\n\n</details>\n"
    before = "word\n" * 30
    cut = [fit([f"{before}{tiny}{'word' * 100}\n"], LINK, limit) for limit in range(250, 400)]
    assert any("<details>" in text for text in cut)
    assert all(text.count("<details>\n") == text.count("</details>\n") for text in cut)


def test_no_link_names_the_command() -> None:
    assert "`scripts/release preview` shows it" in fit([fold("diff", 100)], None, limit=400)


pieces = st.lists(
    st.builds(fold, st.text("abc ", min_size=1, max_size=10), st.integers(0, 60)) | st.text("word` \n"),
    max_size=6,
)


@given(pieces, st.integers(300, 3000))
def test_no_comment_is_longer_than_its_limit_or_leaves_a_fold_open(parts: list[str], limit: int) -> None:
    text = fit(parts, LINK, limit)
    assert len(text) <= limit
    assert text.count("<details>\n") == text.count("</details>\n")
