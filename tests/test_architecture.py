"""The shape of the project, held by tests: who imports whom, where configuration is read, which tests run."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "__main__": {"stacks"},
    "stacks": {"stacks", "components", "images", "policies"},
    "components": {"components"},
    "rehearsal": {"rehearsal"},
    "scripts": {"scripts", "images"},
    "images": {"images"},
    "functions": set(),
    "policies": {"policies"},
}
"""The arrows: `__main__` to stacks to components. Rehearsal and scripts know none of the three, so the
program under rehearsal is the one that goes to AWS. Stacks know the guardrails by name, to refuse an
exception to one that there is not; they know nothing of stacks. What an image holds is data that stacks and
scripts read; the rehearsal does not, and checks documents by AWS's rules on its own."""

OURS = {"stacks", "components", "functions", "images", "rehearsal", "scripts", "tests", "policies"}


@cache
def files() -> tuple[str, ...]:
    """Every file of the project, new ones too, as a path from its root; what is ignored is none."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(path for path in found.split("\0") if path and (ROOT / path).is_file())


def python_files(folder: str = "") -> list[str]:
    """The program's own; what goes into an image is data here, in whatever language it is."""
    of_images = re.compile(r"images/.+/")
    return [
        path
        for path in files()
        if path.endswith(".py") and path.startswith(folder) and not of_images.match(path)
    ]


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def imports(path: str) -> Iterator[str]:
    """Dotted names of the modules that a file imports, wherever it does.

    Components import one another by relative paths: elsewhere they are a package of another name.
    """
    inside = path.startswith("components/")
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            where = f"{path}:{node.lineno}"
            assert node.level == 0 or inside, f"{where}: imports by a relative path; write the whole one"
            assert not (inside and (node.module or "").startswith("components")), f"{where}: write `from .`"
            yield f"components.{node.module or ''}" if node.level else node.module or ""


def names(path: str) -> set[str]:
    """Every dotted name that a file uses, such as `pulumi.Config`, `from a import b` as `a.b`."""
    used = {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            used |= {f"{node.module}.{alias.name}" for alias in node.names}
    return used


def text_files() -> Iterator[tuple[str, str]]:
    for path in files():
        try:
            yield path, (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue


def test_the_files_are_found() -> None:
    """The tests below prove nothing over an empty list."""
    assert {"__main__.py", "stacks/config.py", "Pulumi.prod.yaml", "tests/test_architecture.py"} <= set(
        files()
    )


@pytest.mark.parametrize("importer", MAY_IMPORT)
def test_imports_point_one_way(importer: str) -> None:
    own = ["__main__.py"] if importer == "__main__" else python_files(f"{importer}/")
    assert own
    wrong = [
        f"{path} imports {module}"
        for path in own
        for module in imports(path)
        if module.split(".")[0] in OURS - MAY_IMPORT[importer]
    ]
    assert wrong == []


def test_configuration_is_read_in_one_place() -> None:
    program = ["__main__.py", *python_files("stacks/"), *python_files("components/")]
    readers = [path for path in program if {"pulumi.Config", "pulumi.config.Config"} & names(path)]
    assert readers == ["stacks/config.py"]


def test_components_take_values_and_look_nothing_up() -> None:
    """No other stack, environment variable or file decides what a component builds."""
    reached = {"pulumi.StackReference", "os.environ", "os.getenv", "pulumi.get_stack", "pulumi.get_project"}
    wrong = {path: sorted(reached & names(path)) for path in python_files("components/")}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_the_program_is_the_same_on_a_laptop() -> None:
    """No branch, in the program, on where it runs: neither by a name nor by the endpoint. A CrashLoopBackOff
    is what it is to Kubernetes."""
    words = re.compile(
        r"\bis_?local|\bif\s+(?:not\s+)?local|(?<!Crash)loopback|127\.0\.0\.1|AWS_ENDPOINT|rehears",
        re.IGNORECASE,
    )
    program = [
        path for path in files() if path.startswith(("stacks/", "components/")) or path == "__main__.py"
    ]
    found = [path for path in program if words.search((ROOT / path).read_text())]
    assert found == []


def test_the_program_stays_a_page() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 20


def test_python_files_and_folders_are_named_in_snake_case() -> None:
    name = re.compile(r"(?:[a-z][a-z0-9_]*|__init__|__main__)")
    wrong = [
        path
        for path in python_files()
        for part in Path(path).with_suffix("").parts
        if not name.fullmatch(part)
    ]
    assert wrong == []


def test_documents_are_named_in_kebab_case() -> None:
    name = re.compile(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*|[A-Z]+)\.md")
    assert [path for path in files() if path.endswith(".md") and not name.fullmatch(Path(path).name)] == []


def test_every_component_module_makes_one_component_at_most() -> None:
    """One file, one `ComponentResource`, with a type token that names the module."""
    for path in python_files("components/"):
        tokens = re.findall(r'"(immutable:[^"]+)"', (ROOT / path).read_text())
        assert len(tokens) <= 1, path
        for token in tokens:
            module, kind = token.split(":")[1:]
            assert (module, kind.lower()) == (module.lower(), module), path
            assert Path(path).stem.replace("_", "") == module, path


def test_every_test_is_collected() -> None:
    """A file of tests without `test_` before its name is never run, and nothing says so."""
    wrong = [
        path
        for path in python_files("tests/")
        if not Path(path).name.startswith("test_")
        and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
            for node in ast.walk(tree(path))
        )
    ]
    assert wrong == []


def test_every_test_file_has_tests() -> None:
    wrong = [
        path
        for path in python_files("tests/")
        if Path(path).name.startswith("test_")
        and not re.search(
            r"^ *(?:async )?def test_|^ *class Test|RuleBasedStateMachine|^from tests\..*test_\w+ import \*",
            (ROOT / path).read_text(),
            re.MULTILINE,
        )
    ]
    assert wrong == []


def test_no_test_hides_another_of_the_same_name() -> None:
    for path in python_files("tests/"):
        for scope in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Module | ast.ClassDef)):
            tests = [node.name for node in scope.body if isinstance(node, ast.FunctionDef)]
            assert len(tests) == len(set(tests)), path


def test_every_folder_of_python_is_a_package() -> None:
    """Two test files of one name in two folders without `__init__.py` are one module to pytest."""
    # The plugin is a program of two lines that Pulumi starts, with its package installed beside it.
    folders = {str(Path(path).parent) for path in python_files() if "/" in path} - {"plugin"}
    assert [folder for folder in sorted(folders) if f"{folder}/__init__.py" not in files()] == []


def test_tests_stand_where_what_they_test_stands() -> None:
    packages = {path.split("/")[0].removeprefix(".") for path in files() if "/" in path} - {"tests"}
    # Workflows are no package: what they do is tested where it is said of them.
    packages |= {"delivery"} if "github" in packages else set()
    # The real control plane, against which what several packages know of one is held.
    packages |= {"kubernetes"}
    folders = {path.split("/")[1] for path in python_files("tests/") if path.count("/") > 1}
    assert folders <= packages


def test_no_file_names_a_place_on_one_machine() -> None:
    home = re.compile(r"(?<![\w.}])/(?:work|root|home|Users)/\w")
    assert [path for path, text in text_files() if home.search(text)] == []


def test_no_file_names_a_package_registry() -> None:
    """Locks say what, by hash; where from is for whoever installs."""
    host = re.compile(r"pypi\.(?:org|python)|pythonhosted\.|--(?:extra-)?index-url|/simple/?$", re.MULTILINE)
    own = "tests/test_architecture.py"
    assert [path for path, text in text_files() if path != own and host.search(text)] == []


def test_every_locked_package_has_a_version_and_hashes() -> None:
    locks = [path for path in files() if re.fullmatch(r"requirements/\w+\.txt", path)]
    assert locks
    for path in locks:
        lines = (ROOT / path).read_text().replace("\\\n", " ").splitlines()
        for line in (line.strip() for line in lines):
            if line and not line.startswith("#"):
                assert re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), (
                    f"{path}: {line[:80]}"
                )
