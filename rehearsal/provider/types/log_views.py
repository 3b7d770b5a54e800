"""What makes logs and metrics readable on a web page: saved queries and dashboards."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import pick

_QUERY = ("name", "queryString", "logGroupNames")


def _put_query(call: Call, news: Properties, **which: Any) -> str:
    request = {"logGroupNames": [], **pick(news, _QUERY)}
    return str(call.client("logs").put_query_definition(**request, **which)["queryDefinitionId"])


def _create_query(call: Call, news: Properties) -> tuple[str, Properties]:
    query_id = _put_query(call, news)
    return query_id, {"queryDefinitionId": query_id}


def _read_query(call: Call, query_id: str, known: Properties) -> Properties | None:
    """An import is asked for by the ARN."""
    query_id = query_id.rpartition(":")[2]
    asked: dict[str, Any] = pick(
        {"queryDefinitionNamePrefix": known.get("name")}, known and ("queryDefinitionNamePrefix",)
    )
    while True:
        page = call.client("logs").describe_query_definitions(**asked)
        for each in page["queryDefinitions"]:
            if each["queryDefinitionId"] == query_id:
                groups = {"logGroupNames": each.get("logGroupNames") or None}
                return {**pick(each, ("name", "queryString", "queryDefinitionId")), **groups}
        if not page.get("nextToken"):
            return None
        asked["nextToken"] = page["nextToken"]


def _update_query(
    call: Call, query_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    _put_query(call, news, queryDefinitionId=query_id)


def _delete_query(call: Call, query_id: str, outputs: Properties) -> None:
    call.client("logs").delete_query_definition(queryDefinitionId=query_id)


QUERY_DEFINITION = ResourceType(
    type_name="aws:cloudwatch/queryDefinition:QueryDefinition",
    create=_create_query,
    read=_read_query,
    update=_update_query,
    delete=_delete_query,
    inputs=frozenset(_QUERY),
    required=("queryString",),
    lengths={"name": 255, "queryString": 10000},
    auto_name=AutoName(prefix_property=None),
    computed=("queryDefinitionId",),
)


def _put_dashboard(call: Call, news: Properties) -> None:
    answer = call.client("cloudwatch").put_dashboard(
        DashboardName=news["dashboardName"], DashboardBody=news["dashboardBody"]
    )
    for message in answer.get("DashboardValidationMessages") or []:
        raise ProviderError(
            f"putting dashboard {news['dashboardName']}: {message.get('DataPath')}: {message.get('Message')}"
        )


def _create_dashboard(call: Call, news: Properties) -> tuple[str, Properties]:
    name = news["dashboardName"]
    _put_dashboard(call, news)
    # A dashboard belongs to the account, not to a region.
    return name, {"dashboardArn": f"arn:aws:cloudwatch::{call.account_id()}:dashboard/{name}"}


def _read_dashboard(call: Call, name: str, known: Properties) -> Properties | None:
    found = call.client("cloudwatch").get_dashboard(DashboardName=name)
    return {
        "dashboardArn": f"arn:aws:cloudwatch::{call.account_id()}:dashboard/{name}",
        "dashboardName": found["DashboardName"],
        "dashboardBody": found["DashboardBody"],
    }


def _update_dashboard(
    call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    _put_dashboard(call, news)


def _delete_dashboard(call: Call, name: str, outputs: Properties) -> None:
    call.client("cloudwatch").delete_dashboards(DashboardNames=[name])


DASHBOARD = ResourceType(
    type_name="aws:cloudwatch/dashboard:Dashboard",
    create=_create_dashboard,
    read=_read_dashboard,
    update=_update_dashboard,
    delete=_delete_dashboard,
    inputs=words("dashboardName dashboardBody"),
    required=("dashboardName", "dashboardBody"),
    lengths={"dashboardName": 255},
    replaces=words("dashboardName"),
    documents=words("dashboardBody"),
    computed=("dashboardArn",),
)

TYPES = (QUERY_DEFINITION, DASHBOARD)
