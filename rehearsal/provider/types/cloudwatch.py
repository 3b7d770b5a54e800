"""CloudWatch: metric alarms."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

_SETTINGS = (
    "alarmActions", "okActions", "insufficientDataActions", "actionsEnabled", "alarmDescription",
    "comparisonOperator", "datapointsToAlarm", "evaluationPeriods", "extendedStatistic", "metricName",
    "namespace", "period", "statistic", "threshold", "thresholdMetricId", "treatMissingData", "unit",
    "evaluateLowSampleCountPercentiles",
)  # fmt: skip
_RENAMES = {
    "okActions": "OKActions",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "metricQueries": "Metrics",
    "metric": "MetricStat",
}
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def _dimensions(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _query(query: Properties) -> dict[str, Any]:
    """A metric query: Pulumi writes flat what CloudWatch nests."""
    request: dict[str, Any] = to_api({key: value for key, value in query.items() if key != "metric"})
    metric = query.get("metric")
    if metric:
        request["MetricStat"] = {
            "Metric": {
                **to_api(pick(metric, ("metricName", "namespace"))),
                "Dimensions": _dimensions(metric.get("dimensions") or {}),
            },
            **to_api(pick(metric, ("period", "stat", "unit"))),
        }
    return request


def _query_facts(query: dict[str, Any]) -> Properties:
    facts: Properties = from_api({key: value for key, value in query.items() if key != "MetricStat"})
    stat = query.get("MetricStat")
    if stat:
        metric = stat["Metric"]
        facts["metric"] = {
            **from_api(pick(metric, ("MetricName", "Namespace"))),
            **from_api(pick(stat, ("Period", "Stat", "Unit"))),
        }
        if metric.get("Dimensions"):
            facts["metric"]["dimensions"] = {item["Name"]: item["Value"] for item in metric["Dimensions"]}
    return facts


def _put(call: Call, name: str, news: Properties, tags: dict[str, str]) -> None:
    request = to_api(pick(news, _SETTINGS), _RENAMES)
    if news.get("dimensions"):
        request["Dimensions"] = _dimensions(news["dimensions"])
    if news.get("metricQueries"):
        request["Metrics"] = [_query(query) for query in news["metricQueries"]]
    call.client("cloudwatch").put_metric_alarm(
        AlarmName=name, **request, **({"Tags": tag_list(tags)} if tags else {})
    )


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:cloudwatch:{call.region}:{call.account_id()}:alarm:{name}"


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = news["name"]
    _put(call, name, news, call.tags(news))
    return name, {"arn": _arn(call, name)}


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    client = call.client("cloudwatch")
    found = client.describe_alarms(AlarmNames=[name]).get("MetricAlarms", [])
    if not found:
        return None
    alarm = found[0]
    facts = from_api(alarm, {api: key for key, api in _RENAMES.items()})
    dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
    queries = [_query_facts(query) for query in alarm.get("Metrics") or []]
    tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"]).get("Tags", [])
    return {
        **{key: None if facts.get(key) == [] else facts.get(key) for key in _SETTINGS},
        "dimensions": dimensions or None,
        "metricQueries": queries or None,
        "arn": alarm["AlarmArn"],
        "name": alarm["AlarmName"],
        "tagsAll": tag_dict(tags),
    }


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put(call, name, news, call.tags(news))


def _retag(call: Call, name: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client, arn = call.client("cloudwatch"), _arn(call, name)
    if wanted:
        client.tag_resource(ResourceARN=arn, Tags=tag_list(wanted))
    if removed:
        client.untag_resource(ResourceARN=arn, TagKeys=removed)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    call.client("cloudwatch").delete_alarms(AlarmNames=[name])


METRIC_ALARM = ResourceType(
    type_name="aws:cloudwatch/metricAlarm:MetricAlarm",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=frozenset(_SETTINGS) | words("name dimensions metricQueries tags"),
    required=("comparisonOperator", "evaluationPeriods"),
    one_of=(("metricName", "metricQueries"),),
    enums={
        "comparisonOperator": (
            "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold",
            "LessThanOrEqualToThreshold", "LessThanLowerOrGreaterThanUpperThreshold",
            "LessThanLowerThreshold", "GreaterThanUpperThreshold",
        ),
        "statistic": _STATISTICS,
        "treatMissingData": ("breaching", "notBreaching", "ignore", "missing"),
    },
    ranges={"evaluationPeriods": (1, 100000), "datapointsToAlarm": (1, 100000)},
    lengths={"name": 255, "alarmDescription": 1024},
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    auto_name=AutoName(prefix_property=None),
    replaces=words("name"),
    sets=words("alarmActions okActions insufficientDataActions metricQueries"),
    computed=("arn",),
)  # fmt: skip

TYPES = (METRIC_ALARM,)
