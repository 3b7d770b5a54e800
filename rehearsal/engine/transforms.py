"""Transforms: functions of the program that change a resource, or the arguments of an invoke, before they
count.
"""

from __future__ import annotations

from typing import Any

from rehearsal.engine.callbacks import Callbacks
from rehearsal.engine.goal import HOOKS, AliasSpec, Goal, read_alias, read_hooks, read_timeouts, read_trigger
from rehearsal.engine.values import (
    OUTPUT_VALUE,
    SIGNATURE,
    UNKNOWN,
    Properties,
    from_struct,
    is_secret,
    lower_outputs,
    output_dependencies,
    to_struct,
    unwrap,
)


def apply(callbacks: Callbacks, transforms: list[Any], goal: Goal) -> None:
    """Run the transforms on a goal, in order: the resource's own, its parents', the stack's."""
    from pulumi.runtime.proto import resource_pb2

    for callback in transforms:
        request = resource_pb2.TransformRequest(
            type=goal.type,
            name=goal.name,
            custom=goal.custom,
            parent=goal.parent,
            properties=to_struct(_raised(goal)),
            options=_options(goal),
        )
        answer = callbacks.call(callback.target, callback.token, request, resource_pb2.TransformResponse())
        if answer.HasField("properties"):
            _take_properties(goal, from_struct(answer.properties))
        if answer.HasField("options"):
            _take_options(goal, answer.options)


def apply_to_invoke(
    callbacks: Callbacks, token: str, args: Properties, options: Any
) -> tuple[Properties, Any]:
    """Run the invoke transforms; returns the arguments and TransformInvokeOptions that hold now."""
    from pulumi.runtime.proto import resource_pb2

    for callback in callbacks.invoke_transforms:
        request = resource_pb2.TransformInvokeRequest(token=token, args=to_struct(args), options=options)
        response = resource_pb2.TransformInvokeResponse()
        answer = callbacks.call(callback.target, callback.token, request, response)
        if answer.HasField("args"):
            args = lower_outputs(from_struct(answer.args))
        if answer.HasField("options"):
            options = answer.options
    return args, options


def _raised(goal: Goal) -> Properties:
    """The inputs with secrets and unknowns as output values, so that the SDK hands them over as outputs."""
    raised = {}
    for key, value in goal.inputs.items():
        item = _raise(value)
        depends = goal.property_dependencies.get(key)
        if depends:
            if not (isinstance(item, dict) and item.get(SIGNATURE) == OUTPUT_VALUE):
                item = {SIGNATURE: OUTPUT_VALUE, "value": item}
            item = {**item, "dependencies": depends}
        raised[key] = item
    return raised


def _raise(value: Any) -> Any:
    if is_secret(value):
        inner = unwrap(value)
        known = {} if inner == UNKNOWN else {"value": _raise(inner)}
        return {SIGNATURE: OUTPUT_VALUE, "secret": True, **known}
    if isinstance(value, str):
        return {SIGNATURE: OUTPUT_VALUE} if value == UNKNOWN else value
    if isinstance(value, dict):
        return {key: _raise(item) for key, item in value.items()}
    return [_raise(item) for item in value] if isinstance(value, list) else value


def _take_properties(goal: Goal, raw: Properties) -> None:
    """New inputs. What a property depended on before it still depends on: the SDK does not say it again."""
    goal.property_dependencies = {
        key: sorted(output_dependencies(value) | set(goal.property_dependencies.get(key, ())))
        for key, value in raw.items()
    }
    goal.inputs = lower_outputs(raw)
    found = {urn for urns in goal.property_dependencies.values() for urn in urns}
    goal.dependencies = sorted(found | set(goal.dependencies))


def _options(goal: Goal) -> Any:
    from pulumi.runtime.proto import resource_pb2

    options = resource_pb2.TransformResourceOptions(
        depends_on=goal.dependencies,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
        version=goal.version,
        aliases=[_alias(alias) for alias in goal.aliases],
        provider=goal.provider,
        deleted_with=goal.deleted_with,
        additional_secret_outputs=goal.additional_secret_outputs,
        providers=goal.providers,
        hide_diff=goal.hide_diff,
        replace_with=goal.replace_with,
        protect=goal.protect,
        retain_on_delete=goal.retain_on_delete,
        delete_before_replace=goal.delete_before_replace,
    )
    setattr(options, "import", goal.import_id)
    for operation, amount in goal.custom_timeouts.items():
        setattr(options.custom_timeouts, operation, f"{amount:g}s")
    names = {kind: field for field, kind in HOOKS}
    for kind, hooks in goal.hooks.items():
        getattr(options.hooks, names[kind]).extend(hooks)
    return options


def _alias(alias: AliasSpec) -> Any:
    from pulumi.runtime.proto import alias_pb2

    if alias.urn:
        return alias_pb2.Alias(urn=alias.urn)
    spec = alias_pb2.Alias.Spec(name=alias.name, type=alias.type, stack=alias.stack, project=alias.project)
    if alias.no_parent:
        spec.noParent = True
    else:
        spec.parentUrn = alias.parent
    return alias_pb2.Alias(spec=spec)


def _take_options(goal: Goal, options: Any) -> None:
    goal.dependencies = sorted(options.depends_on)
    goal.ignore_changes = list(options.ignore_changes)
    goal.replace_on_changes = list(options.replace_on_changes)
    goal.version = options.version
    goal.aliases = [read_alias(alias) for alias in options.aliases]
    goal.provider = options.provider
    goal.deleted_with = options.deleted_with
    goal.additional_secret_outputs = list(options.additional_secret_outputs)
    goal.providers = dict(options.providers)
    goal.replace_with = list(options.replace_with)
    goal.import_id = getattr(options, "import")
    goal.protect = options.protect if options.HasField("protect") else None
    goal.retain_on_delete = options.retain_on_delete if options.HasField("retain_on_delete") else None
    if options.HasField("delete_before_replace"):
        goal.delete_before_replace = options.delete_before_replace
    goal.custom_timeouts = (
        read_timeouts(options.custom_timeouts) if options.HasField("custom_timeouts") else {}
    )
    goal.hooks = read_hooks(options.hooks) if options.HasField("hooks") else {}
    if options.HasField("replacement_trigger"):
        goal.replacement_trigger = read_trigger(options)
