from __future__ import annotations

import re

import pytest

from rehearsal.report_chart import (
    MARKER_GAP,
    Scale,
    Stretch,
    changes_of,
    images_of,
    picture,
    scale_of,
    spread,
    stretches,
)
from rehearsal.report_time import clock, without_leaps
from tests.rehearsal.documents import NEW, OLD, document, sample, step


def test_changes_of_one_moment_are_one_change() -> None:
    assert list(changes_of(document()["fleet"], "staging")) == [
        (50, {OLD: 2}),
        (200, {OLD: 2, NEW: 1}),
        (300, {NEW: 2}),
    ]


def test_a_fleet_without_samples_has_no_changes() -> None:
    assert list(changes_of([], "staging")) == []


def test_a_later_image_lies_on_the_earlier_one_and_falls_when_that_is_gone() -> None:
    assert stretches(document(), "staging", 400) == [
        Stretch(50, 200, OLD, 0, 2),
        Stretch(200, 300, OLD, 0, 2),
        Stretch(200, 300, NEW, 2, 1),
        Stretch(300, 400, NEW, 0, 2),
    ]


def test_the_last_stretch_ends_where_the_rehearsal_does() -> None:
    assert stretches(document(), "prod", 400) == [Stretch(60, 400, OLD, 0, 3)]


def test_the_scale_takes_in_the_last_step_and_the_largest_fleet() -> None:
    assert scale_of(document()) == Scale(400, 3)


def test_the_scale_of_an_empty_rehearsal_divides_by_no_zero() -> None:
    assert scale_of(document(steps=[], fleet=[])) == Scale(1.0, 1)


def test_a_sample_after_the_last_step_is_within_the_scale() -> None:
    assert scale_of(document(fleet=[sample(900, "prod", OLD, 1)])).seconds == 900


def test_images_come_in_order_of_appearance() -> None:
    assert images_of(document()) == [OLD, NEW]


def test_the_picture_tells_images_counts_and_moments_of_each_area() -> None:
    drawn = picture(document(), "staging", Scale(400, 4))
    areas = re.findall(
        r'area image-(\d)" x="([\d.]+)%" width="([\d.]+)%".*?data-image="(\S+)" data-in-service="(\d)"',
        drawn,
    )
    assert areas == [
        ("0", "12.500", "37.500", OLD, "2"),
        ("0", "50.000", "25.000", OLD, "2"),
        ("1", "50.000", "25.000", NEW, "1"),
        ("1", "75.000", "25.000", NEW, "2"),
    ]


def test_the_picture_marks_the_moment_of_each_step_but_of_one_left_out() -> None:
    told = document(steps=[step("one", 0, 100), step("two", 100, 400), step("three", 0, 0, skipped="kept")])
    drawn = picture(told, "prod", Scale(400, 4))
    assert re.findall(r'data-step="(\w+)"', drawn) == ["one", "two"]
    assert '<line class="moment" x1="25.000%"' in drawn


def test_the_picture_says_in_words_what_it_shows() -> None:
    assert f"at 3:20 min 2 on {OLD}, 1 on {NEW}" in picture(document(), "staging", Scale(400, 4))


def test_markers_that_would_cover_each_other_are_moved_apart_in_order() -> None:
    places = spread([0.0, 0.1, 0.2, 50.0])
    assert places == pytest.approx([MARKER_GAP / 2, 1.5 * MARKER_GAP, 2.5 * MARKER_GAP, 50.0])


def test_markers_at_the_end_are_moved_back_into_the_picture() -> None:
    assert spread([99.0, 100.0]) == pytest.approx([100 - 1.5 * MARKER_GAP, 100 - MARKER_GAP / 2])


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00 min"),
        (59.6, "1:00 min"),
        (754, "12:34 min"),
        (3600, "1:00 h"),
        (5399, "1:29 h"),
        (604_800 - 60, "6 days 23 h"),
    ],
)
def test_times_are_shown_as_a_person_reads_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


DAYS = 172_800


def leaping() -> dict[str, object]:
    """Two days pass at once in the middle of the second step, and two more in the last one."""
    steps = [step("one", 0, 100), step("two", 100, 300 + DAYS), step("three", 300 + DAYS, 400 + 2 * DAYS)]
    fleet = [sample(50, "prod", OLD, 3), sample(300 + DAYS, "prod", NEW, 3)]
    leaps = [{"at": 200.0, "seconds": DAYS}, {"at": 350.0 + DAYS, "seconds": DAYS}]
    return document(steps=steps, fleet=fleet, leaps=leaps)


def test_time_that_passes_at_once_is_left_out_of_every_moment() -> None:
    told = without_leaps(leaping())
    assert [(each["at"], each["until"]) for each in told["steps"]] == [(0, 100), (100, 300), (300, 400)]
    assert [each["at"] for each in told["fleet"]] == [50, 300]
    assert told["leaps"] == [{"at": 200, "seconds": DAYS}, {"at": 350, "seconds": DAYS}]


def test_a_rehearsal_without_a_leap_is_told_as_it_was() -> None:
    assert without_leaps(document()) == document()


def test_the_picture_is_cut_where_time_was_left_out_and_says_how_much() -> None:
    told = without_leaps(leaping())
    drawn = picture(told, "prod", scale_of(told))
    assert '<g class="leap" data-seconds="172800"><line x1="50.000%"' in drawn
    assert "2 days 0 h pass" in drawn
    assert "leap" not in picture(document(), "prod", Scale(400, 4))
