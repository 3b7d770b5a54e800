"""What requests of EKS share: how they are read and checked, done once for a token, and paged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from rehearsal.cloud import shapes
from rehearsal.cloud.eks import exceptions
from rehearsal.cloud.eks.cluster import Cluster
from rehearsal.cloud.eks.models import EksBackend, eks_backends

#: Of every list without `maxResults`.
PAGE_SIZE = 100

Given = dict[str, Any]


class Requests(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="eks")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> EksBackend:
        backend: EksBackend = eks_backends[self.current_account][self.region]
        return backend

    def given(self) -> Given:
        """The request's members, as they are written in botocore's model and held against it."""
        given = dict(self.params)
        try:
            shapes.check("eks", self._get_action(), given)
        except shapes.MisfitError as misfit:
            raise exceptions.InvalidParameter(f"{misfit.name} is not valid. {misfit.why}") from misfit
        return given

    def cluster(self, given: Given) -> Cluster:
        """The cluster that a request about a part of it names."""
        return self.backend.ready(given.get("clusterName") or given["name"])

    def once(self, given: Given, work: Callable[[], Any]) -> Any:
        """What `work` makes in a cluster, or made for the same client token before."""
        answers = self.backend.cluster(given["clusterName"]).answers
        key = (self._get_action(), given["clientRequestToken"])
        if key not in answers:
            answers[key] = work()
        return answers[key]

    def listed(self, member: str, found: Iterable[Any]) -> Any:
        """A page from the token on, which is an offset here. Raises InvalidParameter."""
        given, every = self.given(), list(found)
        token, size = given.get("nextToken") or "0", int(given.get("maxResults") or PAGE_SIZE)
        if not token.isdigit() or int(token) > len(every):
            raise exceptions.InvalidParameter("The specified nextToken is not valid")
        end = int(token) + size
        page = every[int(token) : end]
        return ActionResult({member: page, "nextToken": str(end) if end < len(every) else None})
