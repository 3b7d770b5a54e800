"""The components for programs in other Pulumi languages: what the component plugin in `plugin/` serves.

The SDK infers a schema from plain annotations; of pydantic's it knows none. So each arguments model is told
again as a class of the SDK's kind, and what arrives goes through the model all the same: its limits hold in
every language. `pulumi package get-schema` prints what comes of it.

What is lost on the way: a model's limits are not in the schema, only in its errors; a list whose elements are
known late (`subnetIds`) must be written out, element by element; and the parts of a component, such as
`service.group`, are not among its outputs.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pulumi import ComponentResource, Input, Inputs, Output, ResourceOptions
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel

DISTRIBUTION = "immutable-infrastructure"
PACKAGE = "immutable"
PARTS = frozenset({"database_alarms", "database_password"})
"""Modules whose component `Database` alone makes, of what only it knows."""


class Provider(ComponentProvider):
    """Says which arguments are wrong as the engine shows them: by property, without a traceback."""

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: ResourceOptions | None = None
    ) -> ConstructResult:
        """As the SDK's. Raises pulumi.errors.InputPropertiesError for arguments that a model refuses."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, InputPropertiesError):
                raise error.inner from None
            raise


def provider(version: str) -> Provider:
    """What answers the engine for every component; `version` is the package's."""
    return Provider([hosted(each) for each in components()], PACKAGE, version=version)


def serve() -> None:
    """Answer the engine until it ends. The engine starts the plugin and says where it listens."""
    main(provider(metadata.version(DISTRIBUTION)), sys.argv[1:])


def components() -> list[type[ComponentResource]]:
    """Every component of this package but for `PARTS`, in the alphabet's order of their modules."""
    found = {each.name for each in iter_modules([str(Path(__file__).parent)]) if not each.ispkg}
    modules = [import_module(f".{name}", __package__) for name in sorted(found - PARTS)]
    return [each for module in modules for each in vars(module).values() if _is_component(each, module)]


def _is_component(value: Any, module: types.ModuleType) -> bool:
    own = isinstance(value, type) and value.__module__ == module.__name__
    return own and issubclass(value, ComponentResource)


def hosted(component: type[ComponentResource]) -> type[ComponentResource]:
    """The component as the SDK takes one: `immutable:index:NAME`, with the real one as its only child."""
    model: type[BaseModel] = typing.get_type_hints(component.__init__)["args"]
    outputs = _outputs(component)

    def construct(self: Any, name: str, args: Mapping[str, Any], opts: ResourceOptions | None = None) -> None:
        ComponentResource.__init__(self, f"{PACKAGE}:index:{component.__name__}", name, None, opts)
        made: Any = component
        made = made(name, checked(model, args), ResourceOptions(parent=self))
        told = {output: tell(getattr(made, output)) for output, (_, tell) in outputs.items()}
        for output, value in told.items():
            setattr(self, output, value)
        self.register_outputs(told)

    construct.__annotations__ = {"name": str, "args": _inputs(model), "opts": ResourceOptions | None}
    annotations = {output: annotation for output, (annotation, _) in outputs.items()}
    kept = {"__doc__": component.__doc__, "__module__": component.__module__}
    return type(
        component.__name__,
        (ComponentResource,),
        {**kept, "__init__": construct, "__annotations__": annotations},
    )


def checked(model: type[BaseModel], given: Mapping[str, Any]) -> BaseModel:
    """The arguments that a program in another language gave.

    Raises pulumi.errors.InputPropertiesError, which the engine shows with each wrong property.
    """
    try:
        return model.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        details = [
            {
                "property_path": ".".join(
                    to_camel(each) if isinstance(each, str) else str(each) for each in found["loc"]
                ),
                "reason": found["msg"].removeprefix("Value error, "),
            }
            for found in error.errors()
        ]
        name = model.__name__.removesuffix("Args")
        raise InputPropertiesError(f"{name}: the arguments are wrong", details) from None  # type: ignore[arg-type]


@cache
def _inputs(model: type[BaseModel], suffix: str = "") -> type:
    """The model as a class of plain annotations. Under the model's own name the SDK finds its docstrings."""
    annotations = {}
    for name, field in model.model_fields.items():
        annotation = _input(field.annotation)
        annotations[name] = annotation if field.is_required() else annotation | None
    kept = {"__doc__": model.__doc__, "__module__": model.__module__}
    return type(f"{model.__name__}{suffix}", (), {"__annotations__": annotations, **kept})


def _input(annotation: Any) -> Any:
    """What the SDK understands of a field's annotation.

    Raises TypeError for a field that no other language can give.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _input(inner[0])
    if origin is Literal:
        return type(inner[0])
    if origin in (Union, types.UnionType):
        return _union([each for each in inner if each is not types.NoneType], len(inner))
    if origin is tuple or (isinstance(origin, type) and issubclass(origin, list)):
        return list[_input(inner[0])]  # type: ignore[misc]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, _input(inner[1])]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _inputs(annotation)
    if annotation is Any or annotation in (str, int, float, bool):
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    raise TypeError(f"{annotation} has no counterpart in other languages")


def _union(members: list[Any], of: int) -> Any:
    """`X | Output[X]` is known late; `X | None` may be left out."""
    plain = [each for each in members if get_origin(each) is not Output]
    if len(plain) != 1:
        raise TypeError(f"{members} is more than one type")
    found = _input(plain[0])
    if len(plain) < len(members):
        found = Input[found]  # type: ignore[misc, valid-type]
    return found if len(members) == of else found | None


Tell = Callable[[Any], Any]


def _outputs(component: type[ComponentResource]) -> dict[str, tuple[Any, Tell]]:
    """What the component tells, by name: the annotation and how its value is put. Its parts are left out."""
    found = {}
    for name, annotation in inspect.get_annotations(component, eval_str=True).items():
        if not name.startswith("_") and (output := _output(annotation)):
            found[name] = output
    return found


def _output(annotation: Any) -> tuple[Any, Tell] | None:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Output or annotation in (str, int, float, bool):
        return annotation, lambda value: value
    if origin in (Union, types.UnionType):
        found = _output(next(each for each in inner if each is not types.NoneType))
        return found and (found[0] | None, found[1])
    if origin in (list, tuple) and get_origin(inner[0]) is Output:
        return Output[list[get_args(inner[0])[0]]], lambda value: Output.all(*value)  # type: ignore[misc]
    if origin is dict and get_origin(inner[1]) is Output:
        return Output[dict[str, get_args(inner[1])[0]]], lambda value: Output.all(**value)  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # In an output nothing is known early: a type of its own.
        return _inputs(annotation, "Result"), dict
    return None
