"""An environment's config file, `Pulumi.ENV.yaml`: its images are read here, and one of them is changed."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml.nodes import Node

from scripts.releases import digests, yaml_line
from scripts.releases.errors import RefusedError
from scripts.releases.images import checked


@dataclass(frozen=True)
class Workload:
    """Names a workload, whose image is a container's, where a service would be named."""

    name: str


Owner = str | Workload | None
"""Whose image: a service's own, a workload's, or with None the one that services share."""


@dataclass(frozen=True)
class ConfigFile:
    """What stood in the file when it was read.

    Attributes:
        environment: the stack's name.
        namespace: the project's name, which prefixes the program's keys.
        region: the AWS region, where the image is; None when the file does not say.
        shared: the image that services without their own use, as it is written; None when there is none.
        services: each service's own image, or None where it uses the shared one.
        images: the container images by their keys, as they are written; None for a key without one.
        workloads: the key in `images` of each workload's.
        factory: whether it is no environment but the image factory, which has recipes.
    """

    path: Path
    environment: str
    namespace: str
    content: bytes
    region: str | None
    shared: str | None
    services: Mapping[str, str | None]
    factory: bool = False
    images: Mapping[str, str | None] = field(default_factory=dict)
    workloads: Mapping[str, str] = field(default_factory=dict)

    def key(self, owner: Owner) -> tuple[str, ...]:
        """Where the image stands: the shared one, the service's own, or the workload's."""
        if owner is None:
            return ("config", f"{self.namespace}:imageId")
        if isinstance(owner, Workload):
            return ("config", f"{self.namespace}:images", self.image_key(owner.name))
        return ("config", f"{self.namespace}:services", owner, "imageId")

    def line(self, owner: Owner) -> str:
        """The file and key of an image, for messages."""
        return f"{self.path.name}, {' / '.join(self.key(owner)[1:])}"

    def image_key(self, workload: str) -> str:
        """The key of a workload's image. The name of an image that no workload has is its own key: the log
        agent's. Refused for an unknown name.
        """
        if workload in self.workloads or workload in self.images:
            return self.workloads.get(workload, workload)
        known = ", ".join(self.workloads) or "none"
        raise RefusedError(f"{self.path.name} has no workload {workload!r}; known: {known}")

    def having(self, key: str) -> list[str]:
        """The workloads whose image is the one of this key."""
        return [name for name, its in self.workloads.items() if its == key]

    def container(self, workload: str) -> str:
        """The container image that the config gives a workload.

        Raises:
            RefusedError: there is no such workload, no image, or it is not one by digest.
        """
        owner = Workload(workload)
        written = self.written(owner)
        if written is None:
            raise RefusedError(f"{self.line(owner)}: there is no image; name one by its digest")
        return digests.checked(written, self.line(owner))

    def image(self, service: str | None) -> str:
        """The AMI ID that the config names: the shared one, or the one that `service` gets.

        Raises:
            RefusedError: there is no such service, no image, or it is not an AMI ID.
        """
        owner = service if service is not None and self.own(service) is not None else None
        written = self.shared if owner is None else self.services[owner]
        if written is None:
            raise RefusedError(f"{self.line(owner)}: there is no image; name one with ami-…")
        return checked(written, self.line(owner))

    def own(self, service: str) -> str | None:
        """The service's own image, None where it uses the shared one. Refused for an unknown service."""
        if service not in self.services:
            known = ", ".join(self.services) or "none"
            raise RefusedError(f"{self.path.name} has no service {service!r}; known: {known}")
        return self.services[service]

    def sharing(self) -> list[str]:
        """The services that use the shared image."""
        return [name for name, own in self.services.items() if own is None]

    def written(self, owner: Owner) -> str | None:
        """The value in the one line that a release changes, whatever it is.

        Raises:
            RefusedError: the service or workload is unknown, or the service has no image of its own, so that
                there is no such line.
        """
        if owner is None:
            return self.shared
        if isinstance(owner, Workload):
            return self.images.get(self.image_key(owner.name))
        own = self.own(owner)
        if own is None:
            raise RefusedError(
                f"{self.path.name}: {owner} uses the shared image; leave --service out, "
                f"or write {self.line(owner)} once by hand"
            )
        return own

    def with_image(self, owner: Owner, image: str) -> bytes:
        """The file's content with one value changed, every other byte as it was.

        Raises:
            RefusedError: that cannot be done by changing one line.
        """
        try:
            return yaml_line.replace(self.content.decode(), self.key(owner), image).encode()
        except yaml_line.YamlLineError as problem:
            raise RefusedError(f"{self.path.name}: {problem}") from problem

    def diff(self, after: bytes) -> str:
        """A unified diff from the content to `after`, empty when they are equal."""
        before_lines, after_lines = (
            [line + "\n" for line in content.decode().split("\n")] for content in (self.content, after)
        )
        for lines in (before_lines, after_lines):
            last = lines.pop()[:-1]
            lines.extend([f"{last}\n\\ No newline at end of file\n"] if last else [])
        return "".join(
            difflib.unified_diff(before_lines, after_lines, f"a/{self.path.name}", f"b/{self.path.name}")
        )


def read(path: Path, environment: str, namespace: str) -> ConfigFile:
    """Reads an environment's config file.

    Raises:
        RefusedError: it is no readable file, no UTF-8, no YAML, its services are no mapping, or it is an
            environment and the image factory at once.
    """
    with problems(path):
        content = path.read_bytes()
        config = _settings(content)
        services = yaml_line.entries(config.get(f"{namespace}:services"))
        found = ConfigFile(
            path=path,
            environment=environment,
            namespace=namespace,
            content=content,
            region=yaml_line.scalar(config.get("aws:region")),
            shared=yaml_line.scalar(config.get(f"{namespace}:imageId")),
            services={
                name: yaml_line.scalar(yaml_line.entries(service).get("imageId"))
                for name, service in services.items()
            },
            factory=f"{namespace}:recipes" in config,
            images={
                key: yaml_line.scalar(image)
                for key, image in yaml_line.entries(config.get(f"{namespace}:images")).items()
            },
            workloads={
                name: yaml_line.scalar(yaml_line.entries(workload).get("image")) or name
                for name, workload in yaml_line.entries(config.get(f"{namespace}:workloads")).items()
            },
        )
    if found.factory and (found.shared is not None or found.services or found.workloads):
        raise RefusedError(
            f"{path.name} has {namespace}:recipes beside an image, services or workloads: a stack is the "
            f"image factory or an environment, not both"
        )
    return found


def settings(path: Path) -> dict[str, Node]:
    """The entries of a stack's `config`, by key. Raises as `read`."""
    with problems(path):
        return _settings(path.read_bytes())


def _settings(content: bytes) -> dict[str, Node]:
    root = yaml_line.parse(content.decode())
    return yaml_line.entries(yaml_line.entries(root).get("config"))


@contextmanager
def problems(path: Path) -> Iterator[None]:
    """Turns what is wrong with the file into a RefusedError that names it."""
    try:
        yield
    except OSError as error:
        raise RefusedError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path.name} is not UTF-8 text (byte {error.start})") from error
    except yaml_line.YamlLineError as problem:
        raise RefusedError(f"{path.name}: {problem}") from problem


def write(config: ConfigFile, after: bytes) -> None:
    """Puts `after` in the place of the content; see `put`."""
    put(config.path, config.content, after)


def put(path: Path, before: bytes, after: bytes) -> None:
    """Puts `after` in the place of `before`, wholly or not at all. The caller holds the file's lock.

    A symlink stays one: the file that it names is replaced. Mode and, where permitted, owner are kept.

    Raises:
        RefusedError: the file changed since it was read, or may not be written.
        OSError: the disk or the directory refuses; the file is as it was.
    """
    real = path.resolve(strict=True)
    if real.read_bytes() != before:
        raise RefusedError(f"{path.name} was changed by someone else in the meantime; look again")
    if not os.access(real, os.W_OK):
        raise RefusedError(f"{path.name} is read-only")
    # Under the lock the name is ours alone, so what a killed command left is cleared away here.
    temporary = real.with_name(f".{real.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        _write_through(temporary, after, real.stat())
        temporary.replace(real)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(real.parent)


def _write_through(path: Path, content: bytes, like: os.stat_result) -> None:
    """Makes `path` with `content`, mode and owner, on the disk before it returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            # Only root gives files away; the content matters more than its owner.
            with suppress(PermissionError):
                os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, like.st_mode & 0o7777)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(directory: Path) -> None:
    """Puts the rename itself on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
