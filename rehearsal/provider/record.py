"""What the provider knows of a resource type: one record per type, most of it data.

`AwsProvider` does everything that types have in common (checks, names, tags, comparison, previews, errors); a
record says what is particular to its type and holds the few functions that call AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rehearsal.plugin import Properties


class Call(Protocol):
    """What a record's functions are given: the cloud, and whom they act for."""

    @property
    def region(self) -> str:
        """The region that the resource is in."""

    @property
    def name(self) -> str:
        """The resource's logical name, for messages."""

    def client(self, service: str) -> Any:
        """The botocore client of a service, made once and shared."""

    def tags(self, news: Properties) -> dict[str, str]:
        """The resource's tags with the provider's default tags under them."""

    def account_id(self) -> str:
        """The account that the credentials belong to."""

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Ask `ready` again and again until it holds; raises ProviderError when the time is up."""


@dataclass(frozen=True)
class AutoName:
    """Pulumi's auto-naming of a type: which input it fills, how long and of which letters a name may be.

    `stem` is what every name of the type begins with.
    """

    property: str = "name"
    prefix_property: str | None = "namePrefix"
    max_length: int = 255
    lower: bool = False
    stem: str = ""


# Gives the ID and what the cloud says of the new resource.
Create = Callable[[Call, Properties], tuple[str, Properties]]
# Gives more of what the cloud says; a failure here leaves a resource that exists but is not complete.
Complete = Callable[[Call, str, Properties], Properties]
# Given the properties known so far; gives what the cloud says, or None when it is gone.
Read = Callable[[Call, str, Properties], Properties | None]
# Given old outputs, new inputs and the names of the inputs that changed.
Update = Callable[[Call, str, Properties, Properties, frozenset[str]], None]
# Given the outputs.
Delete = Callable[[Call, str, Properties], None]
# Given the outputs, the tags to set and the keys to remove.
Retag = Callable[[Call, str, Properties, dict[str, str], list[str]], None]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One AWS resource type.

    Paths (`enums`, `ranges`) name nested properties with dots and every item of a list with `[]`, as in
    `defaultActions[].type`. A property is written as Pulumi spells it. In `replaces` and `computed` a dot
    leads one step inside, as in `launchTemplate.id`.

    Attributes:
        inputs: every property that a program may set (an import reads these back).
        required: inputs without which nothing can be created.
        one_of: groups of which at least one input is required.
        enums: the only values that AWS takes.
        ranges: lowest and highest number, both included.
        lengths: greatest number of characters.
        defaults: what the real provider fills in.
        replaces: inputs that AWS cannot change in place.
        documents: JSON texts, compared by meaning.
        sets: lists whose order means nothing.
        assets: inputs that are files or archives; the engine compares them by their hashes.
        computed: outputs that are known only when the resource exists.
        refreshed: outputs that become unknown in a preview when one of the named inputs changes.
        refreshed_only_if: of `refreshed`, outputs that change only while the named input is true.
        regional: whether the type has a `region` (IAM's have none).
        delete_before_replace: two of these cannot stand beside each other.
    """

    type_name: str
    create: Create
    read: Read
    delete: Delete
    update: Update | None = None
    complete: Complete | None = None
    retag: Retag | None = None
    inputs: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    auto_name: AutoName | None = None
    replaces: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()
    computed: tuple[str, ...] = ()
    refreshed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refreshed_only_if: Mapping[str, str] = field(default_factory=dict)
    delete_before_replace: bool = False
    regional: bool = True


def words(text: str) -> frozenset[str]:
    """A set of names written as one line."""
    return frozenset(text.split())
