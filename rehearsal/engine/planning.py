"""From a goal and an old state to what is to be done: Check, then Diff, then a decision, as Pulumi's engine
takes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from rehearsal.engine import calls, property_paths
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.goal import Goal
from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import Properties, contains_unknown, equal, strip_secrets
from rehearsal.plugin import CheckFailure, Diff, Provider, ProviderError

Kind = Literal[
    "create",
    "update",
    "same",
    "replace",  # create the new one, delete the old one at the end
    "replace-after-delete",  # delete the old one and what hangs on it, then create
    "recreate",  # it was deleted before, because something it hangs on was
    "take-over",  # it was only read before; create one of our own
    "leave",  # not among the targets: keep what is there
    "skip",  # not among the targets, and not there
]


@dataclass(frozen=True)
class Plan:
    """The decision. `diffs` are the properties that changed, `keys` those that force a replacement."""

    kind: Kind
    keys: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()


class InvalidInputError(ProviderError):
    """A provider refused the inputs; the text names every one."""


def plan(deployment: Deployment, goal: Goal, old: ResourceState | None, new: ResourceState) -> Plan:
    """Decide about one resource; puts the checked inputs into `new`. Raises ProviderError."""
    provider = provider_for(deployment, goal)
    seed = os.urandom(32)
    targeted = deployment.is_targeted(new)
    if not targeted:
        return Plan("leave" if old is not None else "skip")
    _refuse_skipped(deployment, new)
    early = deployment.gone_early.get(new.urn)
    fresh = old is None or early is not None or old.external or _forced(deployment, old, new)
    inputs = goal.inputs
    if old is not None and goal.ignore_changes:
        inputs = _keep_ignored(deployment, old, new, goal)
    if provider is not None:
        inputs = (
            _check(provider, new, {}, goal.inputs, seed)
            if fresh or old is None
            else _check(provider, new, old.inputs, inputs, seed)
        )
    new.inputs = inputs
    if old is None:
        return Plan("create")
    if early is not None:
        return Plan("recreate")
    if old.external:
        return Plan("take-over")
    return _compare(deployment, goal, old, new, provider, seed)


def provider_for(deployment: Deployment, goal: Goal) -> Provider | None:
    """Who manages the resource; None for a component."""
    if not goal.custom:
        return None
    if goal.is_provider:
        return deployment.providers
    provider = deployment.providers.get(goal.provider)
    if provider is None:
        raise ProviderError(f"unknown provider {goal.provider!r} for {goal.type} {goal.name!r}")
    return provider


def _check(
    provider: Provider, new: ResourceState, olds: Properties, news: Properties, seed: bytes
) -> Properties:
    inputs, failures = calls.check(provider, new.urn, olds, news, seed)
    if failures:
        raise InvalidInputError("; ".join(_failure(failure) for failure in failures))
    return inputs


def _failure(failure: CheckFailure) -> str:
    return f"{failure.property}: {failure.reason}" if failure.property else failure.reason


def _keep_ignored(deployment: Deployment, old: ResourceState, new: ResourceState, goal: Goal) -> Properties:
    inputs, wrong = goal.inputs, []
    for pattern in goal.ignore_changes:
        inputs, sensible = property_paths.reset(old.inputs, inputs, property_paths.parse(pattern))
        if not sensible:
            wrong.append(pattern)
    if wrong:
        paths = ", ".join(wrong)
        deployment.reporter.message(
            "info", new.urn, f"cannot ignore changes in added or removed elements of the path: {paths}"
        )
    return inputs


def _refuse_skipped(deployment: Deployment, new: ResourceState) -> None:
    """A target that needs something which is neither a target nor there cannot be made."""
    for urn in sorted(new.needs() & deployment.skipped):
        raise ProviderError(f"{new.urn} needs {urn}, which does not exist yet; name it as a target as well")


def _forced(deployment: Deployment, old: ResourceState, new: ResourceState) -> bool:
    return new.urn in deployment.options.replace or old.taint


def _compare(
    deployment: Deployment,
    goal: Goal,
    old: ResourceState,
    new: ResourceState,
    provider: Provider | None,
    seed: bytes,
) -> Plan:
    if not deployment.options.preview and contains_unknown(new.replacement_trigger):
        raise ProviderError("the replacement trigger is not known")
    diff = _diff(deployment, goal, old, new, provider)
    triggered = _triggered(old, new)
    if not (diff.changed or triggered or old.pending_replacement):
        return Plan("update") if old.init_errors else Plan("same")
    if not (diff.replaces or triggered or old.pending_replacement):
        return Plan("update", diffs=diff.diffs)
    _refuse_replacement(deployment, goal, old, new)
    if provider is not None and not _forced(deployment, old, new):
        # Names and other defaults were carried over from the old resource; the new one needs its own.
        new.inputs = _check(provider, new, {}, goal.inputs, seed)
    delete_first = diff.delete_before_replace
    if goal.delete_before_replace is not None:
        delete_first = goal.delete_before_replace
    return Plan("replace-after-delete" if delete_first else "replace", diff.replaces, diff.diffs)


def _diff(
    deployment: Deployment, goal: Goal, old: ResourceState, new: ResourceState, provider: Provider | None
) -> Diff:
    blame = _cascade(deployment, old, new)
    if blame:
        return Diff(True, (blame,))
    if provider is None:
        return Diff(not equal(old.inputs, new.inputs))
    diff = calls.diff(provider, new.urn, old.id, old.inputs, old.outputs, new.inputs, goal.ignore_changes)
    return with_replace_on_changes(diff, goal.replace_on_changes, bool(old.init_errors))


def _cascade(deployment: Deployment, old: ResourceState, new: ResourceState) -> str:
    """Why the resource must be replaced whatever its provider says; empty when nothing forces it."""
    if _forced(deployment, old, new):
        return "id"
    if any(deployment.ops.get(urn) == "replace" for urn in new.replace_with):
        return "replaceWith"
    if new.deleted_with and deployment.ops.get(new.deleted_with) == "replace":
        return "deletedWith"
    if bool(old.provider) != bool(new.provider) or deployment.ops.get(new.provider_urn) == "replace":
        return "provider"
    return ""


def _triggered(old: ResourceState, new: ResourceState) -> bool:
    """Whether the replacement trigger says something else than last time."""
    before, now = strip_secrets(old.replacement_trigger), strip_secrets(new.replacement_trigger)
    if contains_unknown(before) or contains_unknown(now):
        return True
    return before is not None and now is not None and not equal(before, now)


def with_replace_on_changes(diff: Diff, patterns: list[str], has_init_errors: bool) -> Diff:
    """The diff, with a replacement where a changed property is one that the program says forces it."""
    if not patterns:
        return diff
    parsed = [property_paths.parse(pattern) for pattern in patterns]
    forced = [
        name
        for name in (diff.diffs if diff.changed else ())
        if any(property_paths.contains(pattern, property_paths.parse(name)) for pattern in parsed)
    ]
    if has_init_errors and any(property_paths.contains(pattern, ("#initerror",)) for pattern in parsed):
        forced.append("#initerror")
    if not forced:
        return diff
    return Diff(True, tuple(dict.fromkeys((*diff.replaces, *forced))), diff.diffs, diff.delete_before_replace)


def _refuse_replacement(deployment: Deployment, goal: Goal, old: ResourceState, new: ResourceState) -> None:
    if new.protect and old.protect:
        text = f"unable to replace {new.urn}: it is protected; take `protect` off it and run `up` first"
        if not deployment.options.preview:
            raise ProviderError(text)
        deployment.fail_later(new.urn, text)
    if goal.import_id:
        text = (
            f"{new.urn} was imported and still names an ID, so it may not be replaced; take `import_` off it"
        )
        if not deployment.options.preview:
            raise ProviderError(text)
        deployment.warn(new.urn, text)
