"""What requests of Image Builder share: how they are read and checked, answered once, filtered and paged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.moto_api._internal import mock_random

from rehearsal.cloud.imagebuilder import arns, listing, shapes
from rehearsal.cloud.imagebuilder.models import ImageBuilderBackend, imagebuilder_backends
from rehearsal.cloud.imagebuilder.resources import Given


class Requests(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="imagebuilder")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ImageBuilderBackend:
        backend: ImageBuilderBackend = imagebuilder_backends[self.current_account][self.region]
        return backend

    def given(self) -> Given:
        """The request's members, as they are written in botocore's model and held against it."""
        given = dict(self.params)
        shapes.check(self._get_action(), given)
        return given

    def answer(self, **members: Any) -> ActionResult:
        return ActionResult({"requestId": str(mock_random.uuid4())} | members)

    def once(self, name: str, work: Callable[[Given], str], kind: str = "") -> Any:
        """Create, update, start: the ARN under `name`, made once for a client token."""
        given = self.given()
        arn = self.backend.once(self._get_action(), given, lambda: work(given))
        references = {"latestVersionReferences": arns.references(kind, arn)} if kind else {}
        return self.answer(clientToken=given["clientToken"], **{name: arn}, **references)

    def listed(
        self, member: str, found: list[dict[str, Any]], filters: Sequence[str] = ("name",), **more: Any
    ) -> Any:
        """A page of what fits the request's filters; without `filters` it has none of this kind."""
        given = self.given()
        fitting = listing.filtered(found, given, filters) if filters else found
        page, token = listing.page(fitting, given)
        return self.answer(**{member: page}, nextToken=token, **more)
