"""One user of an image: what an image stays for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONFIG, OUTPUTS, ROLLBACK, RECIPE = "config", "outputs", "rollback slot", "recipe"
TEMPLATE, REFRESH, SERVER = "launch template version", "refresh", "server"
REFERENCE, ACCOUNT = "reference", "account"


@dataclass(frozen=True)
class User:
    """`kind` is one of those above; `name` says which: a file, a service, a group and version, an instance.

    Attributes:
        environment: whose it is, "" where that is not known.
        region: where it is, "" for a file and for a stack's outputs.
    """

    kind: str
    name: str
    environment: str = ""
    region: str = ""

    @property
    def text(self) -> str:
        """In a few words: `config Pulumi.prod.yaml`, `server i-0a in eu-west-1`."""
        return f"{self.kind} {self.name}" + (f" in {self.region}" if self.region else "")

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "environment": self.environment or None,
            "region": self.region or None,
        }
