from __future__ import annotations

import re
from typing import Any

from rehearsal.report import page
from rehearsal.report_chart import MARKERS, PLOT, picture, scale_of
from rehearsal.report_stages import LINE, kinds_of, line, services_of
from rehearsal.report_time import Axis
from tests.rehearsal.documents import document, stage


def rolling(**more: Any) -> dict[str, Any]:
    """Web of staging rolls out, pauses and bakes; its api goes back; prod's web is still at it at the end."""
    return document(
        stages=[
            stage(100, "staging", "web", "InProgress"),
            stage(100, "staging", "api", "InProgress"),
            stage(160, "staging", "api", "RollbackInProgress"),
            stage(180, "staging", "web", "Checkpoint"),
            stage(200, "staging", "web", "Baking"),
            stage(240, "staging", "api", None),
            stage(300, "staging", "web", None),
            stage(320, "prod", "web", "Pending"),
        ],
        **more,
    )


def bars(environment: str, service: str) -> list[tuple[str, float, float]]:
    drawn = "".join(line(rolling(), environment, service, Axis((0.0, 400.0), (0.0, 1.0)), 0))
    found = re.findall(r'class="stage (\w+)" x="([\d.]+)%" width="([\d.]+)%"', drawn)
    return [(kind, float(left), float(width)) for kind, left, width in found]


def test_a_line_has_a_bar_for_each_stage_and_none_in_between() -> None:
    assert bars("staging", "web") == [("rolling", 25, 20), ("checkpoint", 45, 5), ("baking", 50, 25)]
    assert bars("staging", "api") == [("rolling", 25, 15), ("undoing", 40, 20)]


def test_a_stage_that_goes_on_lasts_to_the_end() -> None:
    assert bars("prod", "web") == [("rolling", 80, 20)]


def test_a_line_names_its_service_and_tells_its_stages() -> None:
    drawn = "".join(line(rolling(), "staging", "web", Axis((0.0, 400.0), (0.0, 1.0)), 0))
    assert re.search(r'<text class="service" [^>]*>web</text>', drawn)
    assert "<title>web: waiting at a checkpoint, 3:00 min to 3:20 min</title>" in drawn


def test_lines_are_for_services_that_had_a_rollout() -> None:
    assert services_of(rolling(), "staging") == ["api", "web"]
    assert services_of(rolling(), "prod") == ["web"]
    assert services_of(document(), "staging") == []


def test_the_legend_has_what_there_was() -> None:
    assert list(kinds_of(rolling())) == ["rolling", "checkpoint", "baking", "undoing"]
    assert list(kinds_of(document(stages=[stage(1, "prod", "web", "Pending")]))) == ["rolling"]
    assert '<span class="swatch undoing"></span>going back' in page(rolling())
    assert "legend stages" not in page(document())


def test_a_picture_has_room_for_the_lines_of_its_services_below_the_fleet() -> None:
    told, plain = rolling(), document()
    assert scale_of(told).height == scale_of(plain).height + 2 * LINE
    tops = [
        float(y)
        for y in re.findall(r'class="service" x="0" y="([\d.]+)"', picture(told, "staging", scale_of(told)))
    ]
    assert len(tops) == 2
    assert MARKERS + PLOT < tops[0] < tops[0] + LINE == tops[1] < scale_of(told).height
    assert f'height="{scale_of(told).height}"' in picture(told, "staging", scale_of(told))


def test_a_change_of_stage_is_a_change_to_the_axis() -> None:
    late = document(stages=[stage(5000, "prod", "web", "Pending")])
    assert 5000 in scale_of(late).axis.moments
