"""CloudWatch Logs: streams, and what reads a group's lines: subscription filters and metric filters."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any
from zlib import crc32

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import from_api, pick


def _create_stream(call: Call, news: Properties) -> tuple[str, Properties]:
    group, name = news["logGroupName"], news["name"]
    call.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    arn = f"arn:aws:logs:{call.region}:{call.account_id()}:log-group:{group}:log-stream:{name}"
    return name, {"arn": arn}


def _read_stream(call: Call, stream: str, known: Properties) -> Properties | None:
    """An import is asked for as `group:stream`."""
    group, _, name = stream.rpartition(":")
    group = group or known["logGroupName"]
    found = call.client("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=name)
    stream_found = next((each for each in found["logStreams"] if each["logStreamName"] == name), None)
    if stream_found is None:
        return None
    return {"arn": stream_found["arn"], "logGroupName": group, "name": name}


def _delete_stream(call: Call, name: str, outputs: Properties) -> None:
    call.client("logs").delete_log_stream(logGroupName=outputs["logGroupName"], logStreamName=name)


LOG_STREAM = ResourceType(
    type_name="aws:cloudwatch/logStream:LogStream",
    create=_create_stream,
    read=_read_stream,
    delete=_delete_stream,
    inputs=words("logGroupName name"),
    required=("logGroupName",),
    lengths={"name": 512},
    auto_name=AutoName(prefix_property=None, max_length=512),
    replaces=words("logGroupName name"),
    computed=("arn",),
)

_SUBSCRIPTION = ("destinationArn", "distribution", "filterPattern", "roleArn", "emitSystemFields")


def _put_subscription(call: Call, news: Properties) -> None:
    """CloudWatch Logs tries the destination at once. A role made a moment ago is not known there yet, and the
    real provider asks again for five minutes; the emulated cloud knows one at once.
    """
    call.client("logs").put_subscription_filter(
        logGroupName=news["logGroup"], filterName=news["name"], **pick(news, _SUBSCRIPTION)
    )


def _create_subscription(call: Call, news: Properties) -> tuple[str, Properties]:
    _put_subscription(call, news)
    # As the real provider: the same ID for both filters that a group may have.
    return f"cwlsf-{crc32((news['logGroup'] + '-').encode())}", {"roleArn": news.get("roleArn") or ""}


def _read_subscription(call: Call, filter_id: str, known: Properties) -> Properties | None:
    """An import is asked for as `group|filter`."""
    group, _, name = filter_id.rpartition("|")
    group, name = (group, name) if group else (known["logGroup"], known["name"])
    found = call.client("logs").describe_subscription_filters(logGroupName=group, filterNamePrefix=name)
    for each in found["subscriptionFilters"]:
        if each["filterName"] == name:
            facts = {"roleArn": "", **pick(each, _SUBSCRIPTION)}
            return {**facts, "logGroup": group, "name": name}
    return None


def _update_subscription(
    call: Call, filter_id: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    _put_subscription(call, news)


def _delete_subscription(call: Call, filter_id: str, outputs: Properties) -> None:
    call.client("logs").delete_subscription_filter(
        logGroupName=outputs["logGroup"], filterName=outputs["name"]
    )


SUBSCRIPTION_FILTER = ResourceType(
    type_name="aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
    create=_create_subscription,
    read=_read_subscription,
    update=_update_subscription,
    delete=_delete_subscription,
    inputs=words("logGroup name") | frozenset(_SUBSCRIPTION),
    required=("logGroup", "destinationArn", "filterPattern"),
    enums={
        "distribution": ("ByLogStream", "Random"),
        "emitSystemFields[]": ("@aws.account", "@aws.region"),
    },
    lengths={"name": 512, "filterPattern": 1024},
    defaults={"distribution": "ByLogStream"},
    auto_name=AutoName(prefix_property=None, max_length=512),
    replaces=words("logGroup name destinationArn"),
    sets=words("emitSystemFields"),
    computed=("roleArn",),
)

_TRANSFORMATION = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}


def _transformation(wanted: Properties) -> dict[str, Any]:
    request = {_TRANSFORMATION.get(key, key): value for key, value in wanted.items() if value is not None}
    if request.get("defaultValue") is not None:
        request["defaultValue"] = float(request["defaultValue"])
    return {"unit": "None", **request}


def _put_metric(call: Call, news: Properties) -> None:
    call.client("logs").put_metric_filter(
        logGroupName=news["logGroupName"],
        filterName=news["name"],
        filterPattern=news["pattern"].strip(),
        metricTransformations=[_transformation(news["metricTransformation"])],
    )


def _create_metric(call: Call, news: Properties) -> tuple[str, Properties]:
    _put_metric(call, news)
    return news["name"], {}


def _read_metric(call: Call, name: str, known: Properties) -> Properties | None:
    """An import is asked for as `group:filter`."""
    group, _, name = name.rpartition(":")
    group = group or known["logGroupName"]
    found = call.client("logs").describe_metric_filters(logGroupName=group, filterNamePrefix=name)
    each = next((each for each in found["metricFilters"] if each["filterName"] == name), None)
    if each is None:
        return None
    back = {api: key for key, api in _TRANSFORMATION.items()}
    transformation = from_api(each["metricTransformations"][0], back)
    if "defaultValue" in transformation:
        transformation["defaultValue"] = f"{transformation['defaultValue']:g}"
    return {
        "logGroupName": group,
        "name": name,
        "pattern": each["filterPattern"],
        "metricTransformation": transformation,
    }


def _update_metric(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put_metric(call, news)


def _delete_metric(call: Call, name: str, outputs: Properties) -> None:
    call.client("logs").delete_metric_filter(logGroupName=outputs["logGroupName"], filterName=name)


METRIC_FILTER = ResourceType(
    type_name="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    create=_create_metric,
    read=_read_metric,
    update=_update_metric,
    delete=_delete_metric,
    inputs=words("logGroupName name pattern metricTransformation"),
    required=("logGroupName", "metricTransformation", "pattern"),
    lengths={
        "name": 512,
        "pattern": 1024,
        "metricTransformation.name": 255,
        "metricTransformation.namespace": 255,
        "metricTransformation.value": 100,
    },
    auto_name=AutoName(prefix_property=None, max_length=512),
    replaces=words("logGroupName name"),
)

TYPES = (LOG_STREAM, SUBSCRIPTION_FILTER, METRIC_FILTER)
