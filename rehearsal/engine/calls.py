"""Calls to a provider: secrets are taken off on the way in and marked again on the way out.

A provider may fail in any way; whatever it raises becomes a ProviderError of one line.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsal.engine.values import (
    RESOURCE_REFERENCE,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    Properties,
    contains_secret,
    mark_secret_like,
)
from rehearsal.errors import RehearsalError
from rehearsal.plugin import CheckFailure, Diff, PartialFailureError, Provider, ProviderError, State

DEFAULT_TIMEOUT_SECONDS = 0.0
"""What a provider is told when the program sets no time-out: its own default applies."""


def plain(value: Any) -> Any:
    """The tree as a provider sees it: no secrets, references as the ID or URN they stand for."""
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET:
            return plain(value["value"])
        if signature == RESOURCE_REFERENCE:
            return (value["id"] or UNKNOWN) if "id" in value else value["urn"]
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _given(provider: Provider, value: Properties) -> Properties:
    """What to hand to this provider; the engine's own one takes secrets as they are."""
    return value if getattr(provider, "accepts_secrets", False) else plain(value)


def one_line(error: BaseException) -> str:
    """An exception as one line. A bug (not a ProviderError) is named with its class and the place it came
    from.
    """
    text = " ".join(str(error).split())
    if isinstance(error, (ProviderError, RehearsalError)):
        return text or type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""  # noqa: PTH119
    return f"{type(error).__name__}: {text}{place}" if text else f"{type(error).__name__}{place}"


@contextmanager
def guarded() -> Iterator[None]:
    """Turn everything but a ProviderError into one."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        raise ProviderError(one_line(error)) from error


def like(outputs: Properties, inputs: Properties) -> Properties:
    """Outputs with those marked as secret whose input of the same name is secret."""
    return mark_secret_like(outputs, inputs) if contains_secret(inputs) else outputs


def check(
    provider: Provider, urn: str, olds: Properties, news: Properties, seed: bytes
) -> tuple[Properties, list[CheckFailure]]:
    """`Provider.check`; a failed check returns the inputs as they were."""
    with guarded():
        inputs, failures = provider.check(urn, _given(provider, olds), _given(provider, news), seed)
    return (news if failures else like(inputs, news)), failures


def diff(
    provider: Provider,
    urn: str,
    resource_id: str,
    old_inputs: Properties,
    old_outputs: Properties,
    news: Properties,
    ignore_changes: list[str],
) -> Diff:
    """`Provider.diff`."""
    with guarded():
        return provider.diff(
            urn,
            resource_id,
            _given(provider, old_inputs),
            _given(provider, old_outputs),
            _given(provider, news),
            ignore_changes,
        )


def create(provider: Provider, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
    """`Provider.create`. Raises PartialFailureError with outputs whose secrets are marked."""
    with guarded():
        try:
            state = provider.create(urn, _given(provider, news), timeout_seconds, preview)
        except PartialFailureError as failure:
            failure.outputs = like(failure.outputs, news)
            raise
    return State(state.id, like(state.outputs, news), state.inputs)


def read(
    provider: Provider, urn: str, resource_id: str, inputs: Properties, outputs: Properties
) -> State | None:
    """`Provider.read`; a secret of the old inputs or outputs stays one."""
    with guarded():
        state = provider.read(urn, resource_id, _given(provider, inputs), _given(provider, outputs))
    if state is None:
        return None
    fresh = None if state.inputs is None else like(state.inputs, inputs)
    return State(state.id, like(like(state.outputs, inputs), outputs), fresh)


def update(
    provider: Provider,
    urn: str,
    resource_id: str,
    old_inputs: Properties,
    old_outputs: Properties,
    news: Properties,
    timeout_seconds: float,
    ignore_changes: list[str],
    preview: bool,
) -> Properties:
    """`Provider.update`. Raises PartialFailureError with outputs whose secrets are marked."""
    with guarded():
        try:
            outputs = provider.update(
                urn,
                resource_id,
                _given(provider, old_inputs),
                _given(provider, old_outputs),
                _given(provider, news),
                timeout_seconds,
                ignore_changes,
                preview,
            )
        except PartialFailureError as failure:
            failure.outputs = like(failure.outputs, news)
            raise
    return like(outputs, news)


def delete(
    provider: Provider,
    urn: str,
    resource_id: str,
    inputs: Properties,
    outputs: Properties,
    timeout_seconds: float,
) -> None:
    """`Provider.delete`."""
    with guarded():
        provider.delete(
            urn, resource_id, _given(provider, inputs), _given(provider, outputs), timeout_seconds
        )
