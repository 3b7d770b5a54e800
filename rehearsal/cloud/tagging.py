"""Tags by the ARN of a resource, as services ask for them whose requests name `resourceArn` and `tagKeys`."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult


class TagRequests:
    """A part of a service's response class. `backend.tagged` gives an ARN's tags, or raises what the service
    answers where there is no such thing."""

    backend: Any

    def given(self) -> dict[str, Any]:
        """The request's parameters: the service's own class says how it reads them."""
        raise NotImplementedError

    def list_tags_for_resource(self) -> Any:
        return ActionResult({"tags": dict(self.backend.tagged(self.given()["resourceArn"]))})

    def tag_resource(self) -> Any:
        given = self.given()
        self.backend.tagged(given["resourceArn"]).update(given["tags"])
        return ActionResult({})

    def untag_resource(self) -> Any:
        given = self.given()
        tags = self.backend.tagged(given["resourceArn"])
        for key in given["tagKeys"]:
            tags.pop(key, None)
        return ActionResult({})
