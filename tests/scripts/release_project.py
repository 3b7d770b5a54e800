"""A project directory with environments and states, for the tests of the release commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from scripts.releases.cli import app
from tests.scripts import account

OLD = "ami-0000000000000000a"
NEW = "ami-0000000000000000b"
OTHER = "ami-0000000000000000c"

CONFIG = """\
# What {name} is.
config:
  aws:region: eu-central-1
  immutable:imageId: {image}   # one line changes
  immutable:services:
    web:
      port: 8080
    api: {{port: 9090}}
"""


def service(
    image: str | None, *, previous: str | None = None, status: str = "Successful", reason: str = ""
) -> dict[str, Any]:
    """What a stack exports of one service."""
    return {
        "image": image,
        "previousImage": previous or "",
        "launchTemplateVersion": "3",
        "group": "group-1",
        "refresh": {"id": "refresh-1", "status": status, "reason": reason},
        "url": "https://entry.example.com",
    }


def checkpoint(stack: str, outputs: dict[str, Any] | None) -> dict[str, Any]:
    """Pulumi's checkpoint of a stack with these outputs; None for one without any resource."""
    root = {
        "urn": f"urn:pulumi:{stack}::immutable::pulumi:pulumi:Stack::immutable-{stack}",
        "custom": False,
        "type": "pulumi:pulumi:Stack",
        "outputs": outputs,
    }
    latest = {
        "manifest": {"time": "2026-11-20T10:00:00Z", "magic": "m", "version": "v3.260.0"},
        "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:AAAA:v1:BBBB:CCCC"}},
        "metadata": {},
    }
    resources = {} if outputs is None else {"resources": [root]}
    return {
        "version": 3,
        "checkpoint": {"stack": f"organization/immutable/{stack}", "latest": {**latest, **resources}},
    }


class Finished:
    """How a command ended: exit code, standard output and standard error."""

    def __init__(self, code: int, out: str, error: str) -> None:
        self.code, self.out, self.error = code, out, error

    @property
    def refusal(self) -> str:
        """The one line of a refused command, without the command's name."""
        assert self.code == 2, (self.code, self.out, self.error)
        assert self.error.endswith("\n")
        assert self.error.count("\n") == 1, self.error
        assert self.error.startswith("release: ")
        return self.error.removeprefix("release: ").rstrip("\n")


class ReleaseProject:
    """A project whose `staging` and `prod` share the image OLD, and an empty file backend beside it."""

    def __init__(self, base: Path) -> None:
        self.directory = base / "project"
        self.backend = base / "backend"
        self.stacks = self.backend / ".pulumi" / "stacks" / "immutable"
        self.directory.mkdir()
        self.stacks.mkdir(parents=True)
        (self.directory / "Pulumi.yaml").write_text("name: immutable\nruntime: python\n")
        for name in ("staging", "prod"):
            self.configure(name, OLD)

    def file(self, environment: str) -> Path:
        return self.directory / f"Pulumi.{environment}.yaml"

    def configure(self, environment: str, image: str, text: str = CONFIG) -> None:
        self.file(environment).write_text(text.format(name=environment, image=image))

    def runs(self, environment: str, image: str | None, **details: Any) -> None:
        """The state of an environment whose two services run `image`."""
        self.state(environment, {name: service(image, **details) for name in ("web", "api")})

    def state(self, environment: str, services: dict[str, Any]) -> None:
        outputs = {"url": "https://entry.example.com", "image": OLD, "services": services}
        self.outputs(environment, outputs)

    def outputs(self, environment: str, outputs: dict[str, Any] | None) -> None:
        document = checkpoint(environment, outputs)
        (self.stacks / f"{environment}.json").write_text(json.dumps(document, indent=4))

    @property
    def variables(self) -> dict[str, str]:
        return {"PULUMI_BACKEND_URL": f"file://{self.backend}", **account.variables()}

    def files(self) -> dict[str, bytes]:
        """Every file of the project, hidden ones too."""
        return {path.name: path.read_bytes() for path in sorted(self.directory.iterdir())}

    def run(self, *arguments: str, variables: dict[str, str | None] | None = None) -> Finished:
        """Runs a release command in this process."""
        result = CliRunner(env={**account.variables(), **(variables or self.variables)}).invoke(
            app, [*arguments, "--project", str(self.directory)], catch_exceptions=False
        )
        return Finished(result.exit_code, result.stdout, result.stderr)

    def refused(self, *arguments: str, variables: dict[str, str | None] | None = None) -> str:
        """Runs a command that must be refused and change no file; returns its line."""
        before = self.files()
        refusal = self.run(*arguments, variables=variables).refusal
        assert self.files() == before
        return refusal

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.code == 0, done.error
        return json.loads(done.out)
