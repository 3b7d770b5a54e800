"""What a new service changes: the files that are new, and those that get a part more."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from images import recipes
from images.problems import DocumentError
from images.recipes import Recipe
from scripts.releases import config_file
from scripts.releases.errors import RefusedError
from scripts.releases.project import Project
from scripts.services import texts, yaml_insert
from scripts.services.order import NO_IMAGE, Kind, Order

_OF_THE_FIRST = ("min", "max", "maxInstanceLifetimeDays")
DEFAULT_SCHEDULE = "cron(0 3 * * ? *)"


@dataclass(frozen=True)
class Written:
    """One file. `before` is None for one that is new."""

    path: Path
    before: str | None
    after: str
    mode: int = 0o644

    def diff(self, directory: Path) -> str:
        """As people read it; of a new file its name alone would do, and all of it is shown."""
        name = self.path.relative_to(directory).as_posix()
        old = [] if self.before is None else self.before.splitlines(keepends=True)
        source = "/dev/null" if self.before is None else f"a/{name}"
        return "".join(difflib.unified_diff(old, self.after.splitlines(keepends=True), source, f"b/{name}"))


def make(where: Project, order: Order) -> list[Written]:
    """Every file of it; nothing is written yet.

    Raises:
        RefusedError: the service, or one of its files, is there already; or a file is not as it has to be.
    """
    environments = environments_of(where, order)
    changed = [_environment(where, order, each, environments[0]) for each in environments]
    there = order.name in recipes.names(where.directory / "images")
    # A second environment gets the service later: its recipe is there from the first time.
    return (
        changed
        if there and order.environments
        else [*_new_files(where, order), _factory(where, order), *changed]
    )


def environments_of(where: Project, order: Order) -> list[str]:
    """Those that get it, the one first that gets the image first: production comes last, wherever it stands.

    Raises:
        RefusedError: there is none.
    """
    found = list(order.environments) or sorted(
        where.environments(), key=lambda name: (name.startswith("prod"), name)
    )
    if not found:
        raise RefusedError(f"{where.directory} has no environment to add a service to")
    return found


def _new_files(where: Project, order: Order) -> Iterator[Written]:
    for name, (text, mode) in texts.files(order, _model(where)).items():
        path = where.directory / name
        if path.exists() or path.is_symlink():
            raise RefusedError(f"{name} is there already; take another name, or move it away")
        yield Written(path, None, text, mode)


def _model(where: Project) -> Recipe:
    """The recipe with the fewest documents: what every server has, and as little else as there is."""
    try:
        known = recipes.load_all(where.directory / "images")
    except DocumentError as error:
        raise RefusedError("; ".join(error.problems)) from error
    if not known:
        raise RefusedError(f"{where.directory / 'images' / 'recipes'} has no recipe to start from")
    return min(known.values(), key=lambda recipe: (len(recipe.components), recipe.name))


def _factory(where: Project, order: Order) -> Written:
    """The recipe's pipeline, built when the first recipe there is."""
    factory = where.factory()
    text = factory.path.read_text(encoding="utf-8")
    of_first = _values(text, factory.path)[f"{where.name}:recipes"][factory.recipes[0]]
    lines = [f"{key}: {_flow(value)}" for key, value in of_first.items()]
    with config_file.problems(factory.path):
        after = yaml_insert.entry(text, ("config", f"{where.name}:recipes"), order.name, lines)
    return Written(factory.path, text, after)


def _environment(where: Project, order: Order, environment: str, first: str) -> Written:
    config = where.config(environment)
    if order.name in config.services:
        raise RefusedError(f"{config.path.name} has a service {order.name} already; take another name")
    text = config.content.decode()
    values = _values(text, config.path)
    services = values.get(f"{where.name}:services") or {}
    if not services:
        raise RefusedError(f"{config.path.name} has no services yet; write the first one by hand")
    if order.kind is Kind.INTERNAL and f"{where.name}:names" not in values:
        raise RefusedError(
            f"{config.path.name} has no {where.name}:names, by which services find each other; set it first"
        )
    place = ("config", f"{where.name}:services")
    with config_file.problems(config.path):
        lines = list(_service(order, services, command(order, environment, first)))
        after = yaml_insert.entry(text, place, order.name, lines)
        for caller in order.callers:
            if caller not in services:
                known = ", ".join(services)
                raise RefusedError(f"{config.path.name} has no service {caller!r} to call it; known: {known}")
            after = yaml_insert.item(after, (*place, caller, "calls"), order.name)
    return Written(config.path, text, after)


def command(order: Order, environment: str, first: str) -> str:
    """What puts an image into the service's line: a bake into the first, a promotion into the others."""
    if environment == first:
        return f"scripts/release bake {order.name} --to {environment} --service {order.name}"
    return f"scripts/release promote {first} {environment} --service {order.name}"


def _service(order: Order, services: Mapping[str, Any], how: str) -> Iterator[str]:
    """The service's lines: what its kind needs, in the sizes of the first service that stays."""
    name = order.name
    like = next((each for each in services.values() if "schedule" not in each), next(iter(services.values())))
    if order.kind in (Kind.WEB, Kind.INTERNAL):
        yield f"port: {order.port or texts.DEFAULT_PORT}"
    if order.kind is Kind.JOB:
        yield f"schedule: {order.schedule or DEFAULT_SCHEDULE}"
    yield f"# No image yet: {how}"
    yield f"imageId: {NO_IMAGE}"
    yield f"instanceTypes: {_flow(like['instanceTypes'])}"
    if order.kind is not Kind.JOB:
        yield from (f"{key}: {like[key]}" for key in _OF_THE_FIRST if key in like)
    if order.kind is Kind.WEB:
        path = order.path or f"/{name}"
        yield f'route: {{priority: {_priority(services)}, paths: ["{path}", "{path}/*"]}}'


def _priority(services: Mapping[str, Any]) -> int:
    """Before every other rule, with room for more: the widest route comes last."""
    taken = [each["route"]["priority"] for each in services.values() if each.get("route")]
    least = min(taken, default=110)
    if least <= 1:
        raise RefusedError("a route has the priority 1, so that none comes before it; give it a higher one")
    return max(1, least - 10) if least > 10 else least - 1


def _values(text: str, path: Path) -> dict[str, Any]:
    with config_file.problems(path):
        found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)["config"]
    return found


def _flow(value: object) -> str:
    """A value on one line. What is in the file is plain words, and needs no quotes anew."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
