"""The provider: what every AWS type has in common, over the table of what is particular to each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsal.plugin import (
    UNKNOWN,
    CheckFailure,
    Diff,
    PartialFailureError,
    Properties,
    ProviderError,
    State,
)
from rehearsal.provider import recorded
from rehearsal.provider.call import AwsCall, token_and_name
from rehearsal.provider.checks import checked
from rehearsal.provider.cloud import endpoint, is_gone, reported
from rehearsal.provider.comparison import changed, fill, inputs_of, keeps_its_name, outputs_of, replacing
from rehearsal.provider.record import ResourceType
from rehearsal.provider.types import find
from rehearsal.provider.values import DEFAULTS_KEY, plain

_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")


class AwsProvider:
    """See `rehearsal.plugin.Provider`. Holds a region and default tags; everything else is shared."""

    def __init__(self) -> None:
        self._region = ""
        self._default_tags: dict[str, str] = {}

    def configure(self, config: Properties) -> None:
        """Take `region` (or AWS_REGION / AWS_DEFAULT_REGION) and `defaultTags`. Raises ProviderError."""
        endpoint()
        region = config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise ProviderError("no AWS region: set one with `pulumi config set aws:region eu-central-1`")
        if not isinstance(region, str) or not (_REGION.match(region) or region == UNKNOWN):
            raise ProviderError(f"aws:region is {region!r}: give a region's name such as eu-central-1")
        self._region = region
        default_tags = config.get("defaultTags") or {}
        if isinstance(default_tags, str) and default_tags != UNKNOWN:
            default_tags = json.loads(default_tags)
        self._default_tags = dict(default_tags.get("tags") or {}) if isinstance(default_tags, dict) else {}

    @staticmethod
    def moved_by(old: Properties, new: Properties) -> tuple[str, ...]:
        """A provider of another region would leave every resource behind."""
        return ("region",) if old.get("region") != new.get("region") else ()

    def _call(self, name: str, properties: Properties, timeout_seconds: float = 0) -> AwsCall:
        region = properties.get("region")
        return AwsCall(
            region=region if isinstance(region, str) and region not in ("", UNKNOWN) else self._region,
            name=name,
            default_tags=self._default_tags,
            timeout_seconds=timeout_seconds,
        )

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """Validate, fill in defaults and names."""
        token, name = token_and_name(urn)
        record = find(token)
        if record is None:
            recorded.note(token)
            return plain(news), []
        return checked(record, name, olds, news, seed)

    def diff(
        self,
        urn: str,
        resource_id: str,  # noqa: ARG002
        old_inputs: Properties,
        old_outputs: Properties,  # noqa: ARG002
        news: Properties,
        ignore_changes: list[str],  # noqa: ARG002
    ) -> Diff:
        """The top-level inputs that differ, and which of them force a replacement."""
        record = find(token_and_name(urn)[0])
        if record is None:
            return recorded.diff(old_inputs, news)
        names = tuple(changed(record, old_inputs, news))
        replaces = replacing(record, names, old_inputs, news)
        one_only = record.delete_before_replace or keeps_its_name(record, old_inputs, news)
        return Diff(bool(names), replaces, names, bool(replaces) and one_only)

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """Create it; in a preview say what it will be."""
        token, name = token_and_name(urn)
        record, news = find(token), plain(news)
        if record is None:
            recorded.note(token)
            return recorded.create(token, urn, news, preview)
        call = self._call(name, news, timeout_seconds)
        if preview:
            return State("", self._foreseen(record, call, news))
        doing = f"creating {token} '{name}'"
        with reported(doing):
            resource_id, actual = record.create(call, news)
        if record.complete is not None:
            try:
                with reported(doing):
                    actual = {**actual, **record.complete(call, resource_id, news)}
            except ProviderError as error:
                raise PartialFailureError(
                    str(error), resource_id, outputs_of(record, call, news, actual)
                ) from error.__cause__
        return State(resource_id, outputs_of(record, call, news, actual))

    def _foreseen(self, record: ResourceType, call: AwsCall, news: Properties) -> Properties:
        """The outputs of a resource that is still to be created."""
        outputs = {key: value for key, value in news.items() if key != DEFAULTS_KEY}
        for key in record.computed:
            if "." not in key:
                outputs.setdefault(key, UNKNOWN)
        fill(record, outputs, None)
        if record.retag is not None:
            outputs["tagsAll"] = _all_tags(call, news)
        if record.regional:
            outputs.setdefault("region", call.region)
        return outputs

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """What the cloud has now, in the words of `inputs` and `outputs` where it still says the same."""
        token, name = token_and_name(urn)
        record = find(token)
        if record is None:
            recorded.note(token)
            return State(resource_id, outputs or inputs, inputs or outputs)
        inputs, outputs = plain(inputs), plain(outputs)
        known = {**outputs, **{key: value for key, value in inputs.items() if key != DEFAULTS_KEY}}
        call = self._call(name, known)
        with reported(f"reading {token} '{name}'"), _gone_is_fine():
            actual = record.read(call, resource_id, known)
            if actual is not None:
                now = outputs_of(record, call, known, actual)
                return State(resource_id, now, inputs_of(record, inputs, now))
        return None

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],  # noqa: ARG002
        preview: bool,
    ) -> Properties:
        """Change what differs; when nothing does, an update failed half-way: do all of it again."""
        token, name = token_and_name(urn)
        record, old_outputs, news = find(token), plain(old_outputs), plain(news)
        if record is None:
            recorded.note(token)
            return recorded.update(old_outputs, news)
        names = frozenset(changed(record, old_inputs, news)) or frozenset(news)
        call = self._call(name, {**old_outputs, **news}, timeout_seconds)
        if preview:
            return self._foreseen_update(record, call, old_inputs, old_outputs, news, names)
        with reported(f"updating {token} '{name}'"):
            if record.retag is not None and "tags" in names:
                _retag(record, call, resource_id, old_outputs, news)
            if record.update is not None and names - {"tags"}:
                record.update(call, resource_id, old_outputs, news, names)
            kept = {key: old_outputs[key] for key in record.computed if key in old_outputs}
            actual = record.read(call, resource_id, {**kept, **news})
        if actual is None:
            raise ProviderError(
                f"updating {token} '{name}': {resource_id} is gone; refresh to create it anew"
            )
        return {**kept, **outputs_of(record, call, news, actual)}

    def _foreseen_update(
        self,
        record: ResourceType,
        call: AwsCall,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        names: frozenset[str],
    ) -> Properties:
        """The outputs after a change that is still to be made."""
        kept = {key: value for key, value in old_outputs.items() if key not in old_inputs or key in news}
        outputs = {**kept, **{key: value for key, value in news.items() if key != DEFAULTS_KEY}}
        fill(record, outputs, old_outputs)
        for output, causes in record.refreshed.items():
            condition = record.refreshed_only_if.get(output)
            if names & causes and (condition is None or news.get(condition)):
                outputs[output] = UNKNOWN
        if record.retag is not None:
            outputs["tagsAll"] = _all_tags(call, news)
        return outputs

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """Delete it; what is gone already is a success."""
        token, name = token_and_name(urn)
        record = find(token)
        if record is None:
            return
        known = {**plain(inputs), **plain(outputs)}
        call = self._call(name, known, timeout_seconds)
        with reported(f"deleting {token} '{name}'"), _gone_is_fine():
            record.delete(call, resource_id, known)

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Run a function. Raises ProviderError for one that is not known."""
        from rehearsal.provider.functions import run

        return run(token, self._call(token, args), plain(args))


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Let pass that the thing does not exist."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


def _all_tags(call: AwsCall, news: Properties) -> Any:
    tags = news.get("tags")
    return UNKNOWN if tags == UNKNOWN else call.tags(news)


def _retag(
    record: ResourceType, call: AwsCall, resource_id: str, old_outputs: Properties, news: Properties
) -> None:
    """Set the tags that are new or different, remove those that are no longer asked for."""
    old, new = old_outputs.get("tagsAll") or {}, call.tags(news)
    wanted = {key: value for key, value in new.items() if old.get(key) != value}
    removed = sorted(old.keys() - new.keys())
    if record.retag is not None and (wanted or removed):
        record.retag(call, resource_id, {**old_outputs, **news}, wanted, removed)
