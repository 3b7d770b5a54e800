"""Log groups that a function gets as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.log_forwarding import LogForwarding, LogForwardingArgs
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:LogsToElasticsearch_search"


@pytest.fixture
def built(build: Build) -> Built:
    def program() -> Mapping[str, Any]:
        LogForwarding("logs", LogForwardingArgs(function_arn=FUNCTION, log_groups={"web": "web-1"}))
        return {}

    return build(program)


def test_every_line_goes_to_the_function(built: Built) -> None:
    assert built.inputs("LogSubscriptionFilter") == {
        "LogSubscriptionFilter logs-web-open-search": {
            "logGroup": "web-1",
            "destinationArn": FUNCTION,
            "filterPattern": "",
        }
    }


def test_it_may_be_called_for_this_group_alone_before_it_is_subscribed(built: Built) -> None:
    assert built.inputs("Permission") == {
        "Permission logs-web-open-search": {
            "action": "lambda:InvokeFunction",
            "function": FUNCTION,
            "principal": "logs.amazonaws.com",
            "sourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:web-1:*",
        }
    }
    assert built.after()["LogSubscriptionFilter logs-web-open-search"] == ["Permission logs-web-open-search"]


def test_everything_belongs_to_the_component(built: Built) -> None:
    parents = built.parents()
    assert parents.pop("the LogForwarding logs") == "Stack"
    assert set(parents.values()) == {"the LogForwarding logs"}


def test_nothing_to_forward_is_refused() -> None:
    with pytest.raises(ValidationError):
        LogForwardingArgs(function_arn=FUNCTION, log_groups={})
