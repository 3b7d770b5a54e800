"""What requests of Image Builder share: how they are read and checked, answered once, filtered and paged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.moto_api._internal import mock_random

from rehearsal.cloud import shapes
from rehearsal.cloud.imagebuilder import arns
from rehearsal.cloud.imagebuilder.exceptions import InvalidPaginationToken, InvalidParameterValue
from rehearsal.cloud.imagebuilder.models import ImageBuilderBackend, imagebuilder_backends
from rehearsal.cloud.imagebuilder.resources import Given

#: Of every list without `maxResults`.
PAGE_SIZE = 25


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
        try:
            shapes.check("imagebuilder", self._get_action(), given)
        except shapes.MisfitError as misfit:
            raise InvalidParameterValue(name=misfit.name, why=misfit.why) from misfit
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
        fitting = _filtered(found, given, filters) if filters else found
        page, token = _page(fitting, given)
        return self.answer(**{member: page}, nextToken=token, **more)


def _page(found: list[dict[str, Any]], given: Given) -> tuple[list[dict[str, Any]], str | None]:
    """A page from the token on, which is an offset here. Raises InvalidPaginationToken."""
    token = given.get("nextToken") or "0"
    if not token.isdigit() or int(token) > len(found):
        raise InvalidPaginationToken(token=token)
    end = int(token) + int(given.get("maxResults") or PAGE_SIZE)
    return found[int(token) : end], str(end) if end < len(found) else None


def _filtered(found: Iterable[dict[str, Any]], given: Given, known: Iterable[str]) -> list[dict[str, Any]]:
    """Described resources that fit all filters, each by one of its values.

    Raises InvalidParameterValue for a filter that the operation does not know.
    """
    fitting = list(found)
    for one in given.get("filters") or []:
        name, values = one.get("name", ""), one.get("values") or []
        if name not in known:
            raise InvalidParameterValue(name="filters", why=f"The filter '{name}' is not supported.")
        fits = _fits_name if name == "name" else str.__eq__
        fitting = [each for each in fitting if any(fits(value, str(each.get(name, ""))) for value in values)]
    return fitting


def _fits_name(value: str, actual: str) -> bool:
    """`web*` and `*web*` are understood in the filter `name`, and nowhere else."""
    if value.startswith("*") and value.endswith("*") and len(value) > 1:
        return value.strip("*") in actual
    return actual.startswith(value[:-1]) if value.endswith("*") else actual == value
