"""Which stacks a change touches: those whose file changed, and those whose program read a file that changed.

What a stack's program reads is found from its own imports, so that nobody keeps a list. Whatever cannot be
told counts for every stack: a preview too many costs a minute, one too few hides a change.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.releases import config_file
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.project import Project

ENVIRONMENT, FACTORY, DELIVERY = "environment", "factory", "delivery"
#: The module that builds each kind of stack.
BUILDERS = {ENVIRONMENT: "stacks.environment", FACTORY: "stacks.images", DELIVERY: "stacks.delivery"}
#: What every program reads, whatever it builds: the project, its entry, its packages, its guardrails.
EVERYWHERE = ("__main__.py", "Pulumi.yaml", "pyproject.toml", "requirements.txt", "requirements/program.txt")
POLICIES = "policies/"
PROGRAM = ("components/", "stacks/")
#: Data beside the program, and the kind of stack that it goes into.
DATA = {"images/": FACTORY, "functions/": ENVIRONMENT}


@dataclass(frozen=True)
class Touched:
    """What a change touches.

    Attributes:
        stacks: by name, each with its kind, in the alphabet's order.
        removed: stacks whose file the change takes away: nobody can preview these.
        images: whether what goes into images changed, so that one is to be baked.
    """

    stacks: dict[str, str]
    removed: tuple[str, ...]
    images: bool

    def of(self, kind: str) -> list[str]:
        """The names of the stacks of a kind."""
        return [name for name, its in self.stacks.items() if its == kind]

    def without(self, names: Sequence[str]) -> Touched:
        """The same but for some stacks; a name of none is no matter."""
        return replace(self, stacks={name: its for name, its in self.stacks.items() if name not in names})


def find(where: Project, paths: Iterable[str]) -> Touched:
    """What a change of these paths, relative to the project, touches.

    Raises:
        RefusedError: a stack's file cannot be read.
    """
    changed = sorted(set(paths))
    kinds = {name: kind(where, name) for name in where.files()}
    read = {each: reads(where.directory, each) for each in set(kinds.values())}
    own = {f"Pulumi.{name}.yaml": name for name in kinds}
    touched = {
        name: its
        for name, its in kinds.items()
        if any(own.get(path) == name or _is_read(path, its, read[its], where.directory) for path in changed)
    }
    removed = [
        path.removeprefix("Pulumi.").removesuffix(".yaml")
        for path in changed
        if path.startswith("Pulumi.") and path.endswith(".yaml") and path not in ("Pulumi.yaml", *own)
    ]
    images = any(path.startswith("images/") and not path.endswith((".md", ".py")) for path in changed)
    return Touched(touched, tuple(removed), images)


def stacks(where: Project, base: str | None, head: str = "HEAD") -> set[str]:
    """The names of the stacks that a change touches. Raises as `changed` and `find`."""
    return set(find(where, changed(where, base, head)).stacks)


def kind(where: Project, stack: str) -> str:
    """What a stack is, by the keys of its file. Raises RefusedError when it cannot be read."""
    keys = config_file.settings(where.files()[stack])
    if f"{where.name}:recipes" in keys:
        return FACTORY
    return DELIVERY if f"{where.name}:delivery" in keys else ENVIRONMENT


def _is_read(path: str, its: str, read: frozenset[str], directory: Path) -> bool:
    if path in EVERYWHERE or path.startswith(POLICIES) or path in read:
        return True
    if path.startswith(PROGRAM):
        # One that is gone, or that Python does not import, may have been read in another way.
        return not path.endswith(".py") or not (directory / path).exists()
    return any(path.startswith(place) and its == goes_into for place, goes_into in DATA.items())


def reads(directory: Path, its: str) -> frozenset[str]:
    """The project's own modules that the program of such a stack imports, as paths; of an unreadable one no
    further imports are known.
    """
    found: set[str] = set()
    left = ["stacks.config", BUILDERS[its]]
    while left:
        for path in _files(directory, left.pop()):
            if path not in found:
                found.add(path)
                left += _imports(directory / path, path)
    return frozenset(found)


def _files(directory: Path, module: str) -> Iterator[str]:
    """The files that an import of `module` runs: each package on the way, and the module itself."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        at = "/".join(parts[:length])
        yield from (each for each in (f"{at}/__init__.py", f"{at}.py") if (directory / each).is_file())


def _imports(file: Path, path: str) -> list[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    package = (
        path.removesuffix("/__init__.py").split("/") if path.endswith("__init__.py") else path.split("/")[:-1]
    )
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            # `from stacks import config` names a module as often as something in one.
            found += [module, *(f"{module}.{name.name}" for name in node.names)]
    return found


def changed(where: Project, base: str | None, head: str) -> list[str]:
    """The paths that differ between `head` and where it left `base` (None: origin/main), as git tells.

    Raises:
        RefusedError: it is no checkout, there is no such commit, or its history is not there.
    """
    start = base or "origin/main"
    for option, name in (("--base", start), ("--head", head)):
        if name.startswith("-"):
            raise RefusedError(f"{option} {name} is not a commit; name a branch, a tag or an ID")
    common = _git(where, "merge-base", start, head).strip()
    told = _git(where, "diff", "--name-only", "--no-renames", "--relative", "-z", common, head, "--")
    return [path for path in told.split("\0") if path]


def _git(where: Project, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(where.directory), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise RefusedError(f"git cannot be run: {error.strerror}; give the paths with --paths") from error
    if done.returncode:
        said = one_line(done.stderr).removeprefix("fatal: ") or "there is no common commit"
        raise RefusedError(
            f"git cannot compare: {said}; fetch the whole history (fetch-depth: 0), or name --base and --head"
        )
    return done.stdout


def paths_in(lines: Sequence[str]) -> list[str]:
    """Paths as given, one a line.

    Raises:
        RefusedError: one is absolute, or leads out of the project.
    """
    found = [line.strip() for line in lines if line.strip()]
    for path in found:
        if path.startswith("/") or ".." in path.split("/"):
            raise RefusedError(f"--paths: {one_line(path)} is not a path within the project")
    return found
