"""The factory's pipelines as its stack exports them, after its last finished `up`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from scripts.releases.backend import Backend
from scripts.releases.errors import NotDeployedError, RefusedError
from scripts.releases.factory import Factory


class _Outputs(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Pipeline(_Outputs):
    """The pipeline of one recipe: the ARNs of it and its recipe, the hash of the content that it builds, and
    the regions that it brings the images to.
    """

    pipeline: str
    recipe: str
    hash: str
    regions: tuple[str, ...]


class _FactoryOutputs(_Outputs):
    recipes: Mapping[str, Pipeline]


def read(backend: Backend, factory: Factory) -> Mapping[str, Pipeline]:
    """The pipeline of each recipe, by its name.

    Raises:
        NotDeployedError: no `up` of the factory ever finished.
        RefusedError: its state is damaged, or not this program's.
        ReleaseError: the backend cannot be asked.
    """
    outputs: Mapping[str, Any] | None = backend.outputs(factory.stack)
    if not outputs:
        raise NotDeployedError(
            f"the image factory has no pipelines yet: no `pulumi up -s {factory.stack}` ended well"
        )
    try:
        return _FactoryOutputs.model_validate(outputs).recipes
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RefusedError(
            f"the outputs of {factory.stack} are not this program's: {where}: {first['msg'].lower()}; "
            f"run `pulumi up -s {factory.stack}`"
        ) from error
