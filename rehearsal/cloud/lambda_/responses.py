"""Requests of Lambda about functions, their policies, tags and calls."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any
from urllib.parse import unquote

from moto.core.responses import ActionResult, BaseResponse

from rehearsal.cloud.lambda_ import running
from rehearsal.cloud.lambda_.functions import Function, LambdaBackend, lambda_backends, policy_text
from rehearsal.cloud.outside import Outside
from rehearsal.cloud.server import Answer
from rehearsal.cloud.world import World

#: The end of a log that `LogType: Tail` brings.
TAIL_BYTES = 4096


class LambdaResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="lambda")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> LambdaBackend:
        backend: LambdaBackend = lambda_backends[self.current_account][self.region]
        return backend

    def _function(self) -> Function:
        return self.backend.function(unquote(self.params["FunctionName"]))

    def create_function(self) -> Any:
        return ActionResult(self.backend.create(dict(self.params)).describe())

    def get_function(self) -> Any:
        found = self._function()
        location = f"https://awslambda-{self.region}-tasks.s3.{self.region}.amazonaws.com/{found.revision}"
        code = {"RepositoryType": "S3", "Location": location}
        return ActionResult({"Configuration": found.describe(), "Code": code, "Tags": found.tags})

    def get_function_configuration(self) -> Any:
        return ActionResult(self._function().describe())

    def list_functions(self) -> Any:
        return ActionResult({"Functions": [each.describe() for each in self.backend.functions.values()]})

    def update_function_configuration(self) -> Any:
        name = unquote(self.params["FunctionName"])
        return ActionResult(self.backend.configure(name, dict(self.params)).describe())

    def update_function_code(self) -> Any:
        name = unquote(self.params["FunctionName"])
        return ActionResult(self.backend.replace_code(name, dict(self.params)).describe())

    def delete_function(self) -> Any:
        self.backend.delete(unquote(self.params["FunctionName"]))
        return ActionResult({})

    # Policies

    def add_permission(self) -> Any:
        given = dict(self.params)
        made = self.backend.permit(unquote(given["FunctionName"]), given)
        return ActionResult({"Statement": json.dumps(made)})

    def get_policy(self) -> Any:
        found = self.backend.policy(unquote(self.params["FunctionName"]))
        return ActionResult({"Policy": policy_text(found), "RevisionId": self._function().revision})

    def remove_permission(self) -> Any:
        self.backend.forbid(unquote(self.params["FunctionName"]), self.params["StatementId"])
        return ActionResult({})

    # Tags

    def list_tags(self) -> Any:
        return ActionResult({"Tags": self._tagged().tags})

    def tag_resource(self) -> Any:
        self._tagged().tags.update(self.params["Tags"])
        return ActionResult({})

    def untag_resource(self) -> Any:
        for key in self.params["TagKeys"]:
            self._tagged().tags.pop(key, None)
        return ActionResult({})

    def _tagged(self) -> Function:
        return self.backend.function(unquote(self.params["Resource"]))

    # Calls

    def invoke(self) -> Any:
        """Answered when the function has answered, and the cloud goes on meanwhile."""
        found, world = self._function(), World.current
        event = json.loads(self.body or "null") if not isinstance(self.body, bytes) else json.loads(self.body)
        kind = self.params.get("InvocationType") or "RequestResponse"
        if kind == "DryRun":
            return 204, {"status": 204}, ""
        if kind == "Event":
            running.in_the_background(partial(_call, world, found, event))
            return 202, {"status": 202}, ""
        raise Outside(partial(_call, world, found, event))


def _call(world: World, function: Function, event: Any) -> Answer:
    with running.warm(world, function) as call:
        answer = call(event)
    headers = [("content-type", "application/json"), ("x-amz-executed-version", "$LATEST")]
    if "error" in answer:
        tail = base64.b64encode(json.dumps(answer["error"]).encode()[-TAIL_BYTES:]).decode()
        headers += [("x-amz-function-error", "Unhandled"), ("x-amz-log-result", tail)]
    return 200, headers, json.dumps(answer.get("error", answer.get("result"))).encode()
