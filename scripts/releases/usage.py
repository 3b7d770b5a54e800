"""Who uses an image: everything that an image must stay for, in every environment, region and account.

What cannot be read is no proof that nothing uses an image: `unread` says it in one line each, and while there
is such a line every image is perhaps used. What cannot be seen from here at all is in docs/releases.md.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.releases import aws, backend, usage_aws, usage_project, usage_reports
from scripts.releases.amis import Ami
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.project import Project
from scripts.releases.user import User


@dataclass(frozen=True)
class Usage:
    """`users` by the image's ID; one without users is not in it. `unread`: what could not be asked."""

    users: Mapping[str, tuple[User, ...]]
    unread: tuple[str, ...] = ()

    def of(self, images: Collection[Ami]) -> tuple[User, ...]:
        """Who uses any of these: the copies of one image have their users together."""
        ids = sorted({image.id for image in images})
        return tuple(dict.fromkeys(user for image_id in ids for user in self.users.get(image_id, ())))


def find(
    where: Project, accounts: Mapping[str, Account], images: Collection[Ami], *, shared: bool = False
) -> Usage:
    """Who uses images now. Raises nothing: what goes wrong is in `unread`.

    Args:
        accounts: AWS by region, where there may be servers; the regions of environments are asked as well.
        images: those about which AWS is asked for references; it takes ten at a time.
        shared: ask for usage reports of those that are shared with other accounts, which takes minutes.
    """
    search = _Search()
    search.project(where)
    for region, account in {**search.accounts, **accounts}.items():
        there = [image for image in images if image.region == region]
        with search.reading(f"{region} of AWS"):
            search.add(usage_aws.used(account))
        with search.reading(f"the references to images in {region}"):
            search.add(usage_reports.references(account, there))
        if shared:
            with search.reading(f"the use of shared images of {region} by other accounts"):
                search.add(usage_reports.elsewhere(account, there))
    users = {image_id: tuple(dict.fromkeys(found)) for image_id, found in search.found.items()}
    return Usage(users, tuple(search.unread))


@dataclass
class _Search:
    """What was found so far."""

    found: dict[str, list[User]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)

    def add(self, users: Mapping[str, Collection[User]]) -> None:
        for image_id, some in users.items():
            self.found.setdefault(image_id, []).extend(some)

    def reading(self, what: str) -> _Reading:
        return _Reading(self, what)

    def project(self, where: Project) -> None:
        """The files of the project, and the outputs of its stacks."""
        with self.reading("the recipes"):
            self.add(usage_project.of_recipes(where.directory))
        files = {"": where.directory / "Pulumi.yaml", **where.files()}
        for stack, path in files.items():
            with self.reading(f"the config of {stack or 'the project'}"):
                self.add(usage_project.of_text(path, stack))
        outputs: dict[str, Mapping[str, Any]] = {}
        with self.reading("what runs"):
            known = backend.choose(where, os.environ)
            for stack in where.files():
                with self.reading(f"the state of {stack}"):
                    outputs[stack] = known.outputs(stack) or {}
                    self.add(usage_project.of_outputs(stack, outputs[stack]))
        for environment in where.environments():
            with self.reading(f"the config of {environment}"):
                account = aws.account(where.config(environment))
                self.accounts.setdefault(account.region, account)
                if environment in outputs and not outputs[environment]:
                    _check_nothing_up(where, environment, account)
        with self.reading("the factory"):
            factory = where.factory()
            if factory.stack in outputs and not outputs[factory.stack]:
                raise RefusedError(
                    f"{factory.stack} has no outputs, so that this may be another backend than the one that "
                    f"knows what runs; set PULUMI_BACKEND_URL, or run `pulumi up -s {factory.stack}`"
                )


def _check_nothing_up(where: Project, environment: str, account: Account) -> None:
    """Groups without outputs: another backend knows them, or a first `up` is not over."""
    groups = usage_aws.groups_of(account, where.name, environment)
    if groups:
        raise RefusedError(
            f"{environment} has the group {groups[0]} and no outputs; set PULUMI_BACKEND_URL to the "
            f"backend of its stack, or let its first `pulumi up` end"
        )


@dataclass
class _Reading:
    """Notes what cannot be read, and goes on."""

    search: _Search
    what: str

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> bool:
        if not isinstance(error, ReleaseError | OSError):
            return False
        self.search.unread.append(f"{self.what} cannot be read: {error}")
        return True
