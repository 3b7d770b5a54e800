"""The log agent's configuration, by the limits of AWS's schema of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from components.log_agent import LogAgentConfig, journal_to


def config(entry: dict[str, Any] | None = None, **logs: Any) -> dict[str, Any]:
    """A configuration with these keys of its entry and of its `logs`."""
    entries = [{"log_group_name": "web-1", **(entry or {})}]
    return {"logs": {"logs_collected": {"journald": {"collect_list": entries}}, **logs}}


def refusal(given: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        LogAgentConfig.model_validate(given)
    return str(caught.value)


def test_the_whole_journal_goes_to_the_group_in_a_stream_for_each_server() -> None:
    assert json.loads(journal_to("web-1").to_json()) == {
        "agent": {"run_as_user": "root"},
        "logs": {
            "force_flush_interval": 5,
            "logs_collected": {
                "journald": {
                    "collect_list": [
                        {"log_group_name": "web-1", "log_stream_name": "{instance_id}", "priority": "info"}
                    ]
                }
            },
        },
    }


def test_the_same_arguments_give_the_same_text() -> None:
    assert journal_to("web-1").to_json() == journal_to("web-1").to_json()
    assert journal_to("web-1").to_json().endswith("}\n")


def test_units_and_filters_reach_the_file() -> None:
    entry = {"units": ["web.service"], "filters": [{"type": "exclude", "expression": "GET /healthz"}]}
    made = json.loads(LogAgentConfig.model_validate(config(entry)).to_json())
    (found,) = made["logs"]["logs_collected"]["journald"]["collect_list"]
    assert {key: found[key] for key in entry} == entry


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (config({"log_group_name": "web:1"}), "'web:1' is no log group's name"),
        (config({"log_group_name": "aws/web"}), "not beginning with aws/"),
        (config({"log_group_name": "w" * 513}), "at most 512"),
        (config({"log_group_name": ""}), "at least 1"),
        (config({"log_stream_name": "a*b"}), "take out every : and *"),
        (config({"log_stream_name": "{instance-id}{instanceid}"}), "fills in no {instanceid}"),
        (config({"units": []}), "at least 1"),
        (config({"units": ["web service"]}), "is no systemd unit"),
        (config({"priority": "fatal"}), "'emerg', 'alert'"),
        (config({"filters": [{"type": "drop", "expression": "x"}]}), "'include' or 'exclude'"),
        (config({"retention_in_days": 7}), "Extra inputs are not permitted"),
        (config(force_flush_interval=0), "greater than or equal to 1"),
        (config(force_flush_interval=172_801), "less than or equal to 172800"),
        (config() | {"agent": {"run_as_user": "Root"}}, "should match pattern"),
        ({"logs": {"logs_collected": {"journald": {"collect_list": []}}}}, "at least 1"),
    ],
)
def test_what_the_agent_would_refuse_is_refused_here(given: dict[str, Any], said: str) -> None:
    assert said in refusal(given)
