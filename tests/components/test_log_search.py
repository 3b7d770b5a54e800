"""Saved queries and the dashboard of an environment's logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.log_search import QUERIES, LogSearch, LogSearchArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

GIVEN: dict[str, Any] = {
    "region": "eu-central-1",
    "title": "immutable-staging",
    "log_groups": {"web": "web-1", "api": "api-1"},
    "error_metrics": {"web": "web-1-errors"},
    "streams": {"web": "logs-web"},
}


def search(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = LogSearch("logs", LogSearchArgs(**{**GIVEN, **changed}))
        return {"dashboard": made.dashboard, "url": made.url}

    return build(program)


def widgets(built: Built) -> dict[str, dict[str, Any]]:
    body = json.loads(built.inputs()["Dashboard logs"]["dashboardBody"])
    return {widget["properties"]["title"]: widget for widget in body["widgets"]}


def test_every_query_is_saved_for_all_services_in_the_environments_folder(build: Build) -> None:
    assert search(build).inputs("QueryDefinition") == {
        f"QueryDefinition logs-{name}": {
            "name": f"immutable-staging/{name}",
            "logGroupNames": ["web-1", "api-1"],
            "queryString": text,
        }
        for name, text in QUERIES.items()
    }
    assert set(QUERIES) == {"errors", "one-server", "servers", "volume"}


def test_the_dashboard_searches_all_log_groups(build: Build) -> None:
    built = search(build)
    assert built.inputs()["Dashboard logs"]["dashboardName"] == "immutable-staging"
    found = widgets(built)["Errors, the newest first"]
    assert found["type"] == "log"
    assert found["properties"]["query"] == f"SOURCE 'web-1' | SOURCE 'api-1' | {QUERIES['errors']}"
    assert found["properties"]["region"] == "eu-central-1"


def test_it_shows_lines_errors_and_waiting_times_by_service(build: Build) -> None:
    found = widgets(search(build))
    metrics = {
        title: widget["properties"]["metrics"]
        for title, widget in found.items()
        if widget["type"] == "metric"
    }
    assert metrics == {
        "Lines a minute": [
            ["AWS/Logs", "IncomingLogEvents", "LogGroupName", "web-1", {"label": "web"}],
            ["AWS/Logs", "IncomingLogEvents", "LogGroupName", "api-1", {"label": "api"}],
        ],
        "Lines a minute that tell of an error": [["immutable/logs", "web-1-errors", {"label": "web"}]],
        "Seconds that the oldest line waits for the bucket": [
            ["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", "logs-web", {"label": "web"}]
        ],
    }
    waiting = found["Seconds that the oldest line waits for the bucket"]["properties"]
    assert {key: waiting[key] for key in ("region", "stat", "period", "view")} == {
        "region": "eu-central-1",
        "stat": "Maximum",
        "period": 60,
        "view": "timeSeries",
    }


def test_widgets_lie_side_by_side_and_none_on_another(build: Build) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(search(build)).values():
        cells = {
            (widget["x"] + across, widget["y"] + down)
            for across in range(widget["width"])
            for down in range(widget["height"])
        }
        assert not cells & taken
        assert widget["x"] + widget["width"] <= 24
        taken |= cells


def test_without_streams_there_is_no_graph_of_them(build: Build) -> None:
    assert "Seconds that the oldest line waits for the bucket" not in widgets(search(build, streams={}))


def test_the_page_is_found_by_its_address(build: Build) -> None:
    assert search(build).outputs == {
        "dashboard": "immutable-staging",
        "url": (
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
            "#dashboards/dashboard/immutable-staging"
        ),
    }


def test_everything_belongs_to_the_component(build: Build) -> None:
    parents = search(build).parents()
    assert parents.pop("the LogSearch logs") == "Stack"
    assert set(parents.values()) == {"the LogSearch logs"}


@pytest.mark.parametrize("given", [{"title": "a b"}, {"log_groups": {}}])
def test_a_page_without_a_name_or_logs(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LogSearchArgs(**{**GIVEN, **given})
