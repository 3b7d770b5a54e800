"""Requests of CloudWatch Logs that moto lacks or answers otherwise than AWS."""

from __future__ import annotations

import json

from moto.logs.exceptions import InvalidParameterException
from moto.logs.responses import LogsResponse as MotoLogsResponse

from rehearsal.cloud.logs.models import LogsBackend, logs_backends


class LogsResponse(MotoLogsResponse):
    @property
    def logs_backend(self) -> LogsBackend:
        backend: LogsBackend = logs_backends[self.current_account][self.region]
        return backend

    def associate_kms_key(self) -> str:
        self.logs_backend.set_key(self._get_param("logGroupName"), self._get_param("kmsKeyId"))
        return ""

    def disassociate_kms_key(self) -> str:
        self.logs_backend.set_key(self._get_param("logGroupName"), None)
        return ""

    def put_subscription_filter(self) -> str:
        self.logs_backend.subscribe(
            self._get_param("logGroupName"),
            self._get_param("filterName"),
            self._get_param("filterPattern"),
            self._get_param("destinationArn"),
            self._get_param("roleArn"),
            self._get_param("distribution") or "ByLogStream",
        )
        return ""

    def describe_subscription_filters(self) -> str:
        prefix = self._get_param("filterNamePrefix") or ""
        found = self.logs_backend.describe_subscription_filters(self._get_param("logGroupName"))
        return json.dumps(
            {"subscriptionFilters": [each.to_json() for each in found if each.name.startswith(prefix)]}
        )

    def put_query_definition(self) -> str:
        query_id = self.logs_backend.query_definitions.put(
            self._get_param("queryDefinitionId"),
            self._get_param("name"),
            self._get_param("queryString"),
            self._get_param("logGroupNames") or [],
        )
        return json.dumps({"queryDefinitionId": query_id})

    def describe_query_definitions(self) -> str:
        found = self.logs_backend.query_definitions.beginning_with(
            self._get_param("queryDefinitionNamePrefix") or ""
        )
        token = self._get_param("nextToken") or "0"
        if not token.isdigit():
            raise InvalidParameterException("The specified nextToken is invalid.")
        start, end = int(token), int(token) + int(self._get_param("maxResults") or 1000)
        more = {"nextToken": str(end)} if end < len(found) else {}
        return json.dumps({"queryDefinitions": [each.describe() for each in found[start:end]], **more})

    def delete_query_definition(self) -> str:
        self.logs_backend.query_definitions.delete(self._get_param("queryDefinitionId"))
        return json.dumps({"success": True})
