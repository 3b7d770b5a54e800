"""The providers of one deployment: which package is served by what, and the provider resources that stand for
them.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.engine import builtin, dynamic
from rehearsal.engine.calls import guarded, plain
from rehearsal.engine.values import Properties, contains_unknown, equal, make_secret
from rehearsal.plugin import UNKNOWN, CheckFailure, Diff, Movable, Provider, ProviderError, State

INTERNAL_KEY = "__internal"
"""Where Pulumi keeps its own data among a provider's inputs; the provider does not see it."""

Factory = Callable[[], Provider]


class Providers:
    """Providers by reference (`URN::ID`); and, to the engine, the provider of provider resources itself.

    All methods may be called from several threads.
    """

    accepts_secrets = True

    def __init__(self, factories: Mapping[str, Factory], built_in: builtin.BuiltinProvider) -> None:
        self._factories: dict[str, Factory] = {
            **factories,
            dynamic.PACKAGE: dynamic.DynamicProvider,
            builtin.PACKAGE: lambda: built_in,
        }
        self._by_reference: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def get(self, reference: str) -> Provider | None:
        """The provider, or None when none was configured under this reference."""
        return self._by_reference.get(reference)

    def everyone(self) -> list[Provider]:
        """Every provider that was configured, once."""
        with self._lock:
            return list({id(item): item for item in self._by_reference.values()}.values())

    def start(self, reference: str, type_: str, inputs: Properties) -> Provider:
        """Make a provider ready for use. Values that are not known yet are left out. Raises ProviderError."""
        provider = self._new(type_)
        known = {key: plain(value) for key, value in visible(inputs).items() if not contains_unknown(value)}
        with guarded():
            provider.configure(known)
        with self._lock:
            self._by_reference[reference] = provider
        return provider

    def _new(self, type_: str) -> Provider:
        package = type_.rpartition(":")[2]
        factory = self._factories.get(package)
        if factory is None:
            known = ", ".join(sorted(self._factories.keys() - {builtin.PACKAGE, dynamic.PACKAGE})) or "none"
            raise ProviderError(f"there is no provider for package {package!r} here (there are: {known})")
        return factory()

    # --- as the provider of provider resources

    def configure(self, config: Properties) -> None:
        """There is nothing to configure."""

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """A provider resource's inputs are taken as they are."""
        del urn, olds, seed
        return news, []

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: list[str],
    ) -> Diff:
        """Any other input is an update, unless by it the provider becomes one of another place: then it is
        replaced, and all that it serves with it.
        """
        del resource_id, old_outputs, ignore_changes
        old, new = visible(old_inputs), visible(news)
        changed = tuple(
            key for key in sorted(old.keys() | new.keys()) if not equal(old.get(key), new.get(key))
        )
        provider = self._new(_type(urn)) if changed else None
        replaces = provider.moved_by(plain(old), plain(new)) if isinstance(provider, Movable) else ()
        return Diff(bool(changed), replaces, changed)

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """Configure the provider and give it an ID; in a preview the ID is not known."""
        del timeout_seconds
        new_id = UNKNOWN if preview else str(uuid.uuid4())
        self.start(f"{urn}::{new_id}", _type(urn), news)
        return State(new_id, visible(news))

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],
        preview: bool,
    ) -> Properties:
        """Configure the provider anew."""
        del old_inputs, old_outputs, timeout_seconds, ignore_changes, preview
        self.start(f"{urn}::{resource_id}", _type(urn), news)
        return visible(news)

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """There is nothing to read."""
        del urn
        return State(resource_id, outputs, inputs)

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """There is nothing to delete."""

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Provider resources have no functions."""
        del args
        raise ProviderError(f"unknown function {token}")


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def visible(inputs: Properties) -> Properties:
    """A provider's inputs as it sees them, and as its outputs are recorded."""
    return {key: value for key, value in inputs.items() if key != INTERNAL_KEY}


def with_version(inputs: Properties, version: str) -> Properties:
    """Inputs with the version recorded as Pulumi does."""
    return {**inputs, INTERNAL_KEY: inputs.get(INTERNAL_KEY, {}), "version": version} if version else inputs


def default_name(version: str) -> str:
    """The name of the default provider: `default_7_51_1` for version 7.51.1, `default` without one."""
    return "default" + "".join(f"_{part}" for part in re.split(r"[.+-]", version) if part)


def default_inputs(
    package: str, version: str, config: Mapping[str, str], secret_keys: set[str]
) -> Properties:
    """The inputs of a package's default provider: its part of the configuration.

    A dynamic provider gets all of it, under full keys.
    """

    def value(key: str) -> Any:
        return make_secret(config[key]) if key in secret_keys else config[key]

    if package == dynamic.PACKAGE:
        chosen = {key: value(key) for key in config}
    else:
        prefix = f"{package}:"
        chosen = {key[len(prefix) :]: value(key) for key in config if key.startswith(prefix)}
    return with_version(chosen, version)
