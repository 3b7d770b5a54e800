from __future__ import annotations

import re
from itertools import pairwise

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
from rehearsal.report_time import EVEN_SECONDS, Axis, clock
from tests.rehearsal.documents import NEW, OLD, document, sample, step

# 400 seconds on an even scale.
EVEN = Axis((0.0, 400.0), (0.0, 1.0))


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
    scale = scale_of(document())
    assert (scale.axis.end, scale.instances, scale.services) == (400, 3, 0)


def test_the_scale_of_an_empty_rehearsal_divides_by_no_zero() -> None:
    scale = scale_of(document(steps=[], fleet=[]))
    assert (scale.x(0), scale.x(1), scale.instances) == (0, 100, 1)


def test_a_sample_after_the_last_step_is_within_the_scale() -> None:
    assert scale_of(document(fleet=[sample(900, "prod", OLD, 1)])).axis.end == 900


def test_images_come_in_order_of_appearance() -> None:
    assert images_of(document()) == [OLD, NEW]


def test_the_picture_tells_images_counts_and_moments_of_each_area() -> None:
    drawn = picture(document(), "staging", Scale(EVEN, 4))
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
    drawn = picture(told, "prod", Scale(EVEN, 4))
    assert re.findall(r'data-step="(\w+)"', drawn) == ["one", "two"]
    assert '<line class="moment" x1="25.000%"' in drawn


def test_the_picture_says_in_words_what_it_shows() -> None:
    assert f"at 3:20 min 2 on {OLD}, 1 on {NEW}" in picture(document(), "staging", Scale(EVEN, 4))


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


def test_changes_that_follow_soon_are_drawn_evenly() -> None:
    axis = Axis.over([100, 110, 200, 300], 400)
    assert [axis.place(moment) for moment in (0, 50, 110, 400)] == pytest.approx([0, 0.125, 0.275, 1])


def test_the_longer_nothing_changes_the_shorter_a_minute_is_drawn() -> None:
    changes = [100.0, 100 + EVEN_SECONDS, 100 + 2 * EVEN_SECONDS, 100 + 12 * EVEN_SECONDS]
    axis = Axis.over(changes, changes[-1] + 1000 * EVEN_SECONDS)
    even, ten, thousand = (axis.place(b) - axis.place(a) for a, b in pairwise([*changes[1:], axis.end]))
    assert 2 * even < ten < 4 * even
    assert 7 * even < thousand < 8 * even


@pytest.mark.parametrize("moment", [0, 40, 100, 5000, 9999, 10_000])
def test_a_place_tells_its_moment(moment: float) -> None:
    axis = Axis.over([100, 200], 10_000)
    assert axis.moment(axis.place(moment)) == pytest.approx(moment)


def test_a_moment_outside_is_at_the_edge() -> None:
    axis = Axis.over([], 100)
    assert (axis.place(-5), axis.place(200)) == (0, 1)


def test_the_axis_tells_the_moments_at_even_places() -> None:
    told = document(steps=[step("one", 0, 604_800)], fleet=[sample(100, "prod", OLD, 1)])
    ticks = re.findall(
        r'class="tick(?: between)?" x="(\d+)%".*?>([^<]+)<', picture(told, "prod", scale_of(told))
    )
    assert [place for place, _ in ticks] == ["0", "25", "50", "75", "100"]
    assert (ticks[0][1], ticks[-1][1]) == ("0:00 min", "7 days 0 h")


def test_the_picture_is_cut_where_time_passed_at_once_and_says_how_much() -> None:
    week = document(leaps=[{"at": 150.0, "seconds": 100.0}])
    drawn = picture(week, "prod", Scale(EVEN, 4))
    assert '<g class="leap" data-seconds="100"><line x1="50.000%"' in drawn
    assert "1:40 min pass" in drawn
    assert "leap" not in picture(document(), "prod", Scale(EVEN, 4))


def test_a_cut_goes_through_no_letter() -> None:
    cut = document(leaps=[{"at": 230.0, "seconds": 10.0}])
    letters = re.findall(r'class="on-image" x="([\d.]+)%"', picture(cut, "prod", Scale(EVEN, 4)))
    # From 60 to 400 the middle would be at 57.5%, and the cut is at 58.75%.
    assert letters == ["36.250"]
    assert 'x="57.500%"' in picture(document(), "prod", Scale(EVEN, 4))
