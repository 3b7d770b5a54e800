"""Types that are not emulated: written down as asked for, and named to whoever asks."""

from __future__ import annotations

import hashlib
import json
import threading

from rehearsal.plugin import UNKNOWN, Diff, Properties, State
from rehearsal.provider.values import DEFAULTS_KEY, canonical, plain

_met: dict[str, None] = {}
_lock = threading.Lock()


def note(token: str) -> None:
    """Remember that a program used this type."""
    with _lock:
        _met[token] = None


def met() -> list[str]:
    """The types noted so far in this process, sorted."""
    with _lock:
        return sorted(_met)


def create(token: str, urn: str, news: Properties, preview: bool) -> State:
    """The inputs as outputs, with an ID and an ARN made of the URN and the inputs."""
    outputs = {key: value for key, value in news.items() if key != DEFAULTS_KEY}
    if preview:
        return State("", {**outputs, "arn": outputs.get("arn", UNKNOWN)})
    text = json.dumps([urn, outputs], sort_keys=True, default=str)
    name = urn.rsplit("::", 1)[-1]
    resource_id = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    module, kind = token.split(":")[1:]
    arn = f"arn:aws:{module.split('/')[0]}:::{kind.lower()}/{resource_id}"
    return State(resource_id, {"arn": arn, **outputs})


def update(old_outputs: Properties, news: Properties) -> Properties:
    """The new inputs beside the ARN that it has."""
    outputs = {key: value for key, value in news.items() if key != DEFAULTS_KEY}
    return {**{key: old_outputs[key] for key in ("arn",) if key in old_outputs}, **outputs}


def diff(old_inputs: Properties, news: Properties) -> Diff:
    """Every change is taken to be one in place: which of them would replace is not known here."""
    old, new = plain(old_inputs), plain(news)
    names = sorted((old.keys() | new.keys()) - {DEFAULTS_KEY})
    changed = tuple(
        name for name in names if canonical(old.get(name), False) != canonical(new.get(name), False)
    )
    return Diff(bool(changed), diffs=changed)
