"""The program itself: which composition it picks, and what it loads for it."""

from __future__ import annotations

import atexit
import gc
import runpy
import subprocess
import sys
from typing import Any

import pulumi
import pytest

from stacks import config, environment, images
from tests.stacks.given import ROOT, SMALLEST, SMALLEST_FACTORY, loaded, loaded_factory


@pytest.mark.parametrize(
    ("found", "exported"),
    [
        (loaded(SMALLEST), {"url": "environment of there"}),
        (loaded_factory(SMALLEST_FACTORY), {"topic": "factory of there"}),
    ],
    ids=["environment", "factory"],
)
def test_it_builds_what_the_file_describes_and_exports_it(
    found: Any, exported: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exports: dict[str, Any] = {}

    def build(key: str, what: str) -> Any:
        return lambda stack, given: {key: f"{what} of {stack}"} if given is found else {}

    monkeypatch.setattr(pulumi, "get_stack", lambda: "there")
    monkeypatch.setattr(pulumi, "export", exports.__setitem__)
    monkeypatch.setattr(config, "load", {"there": found}.__getitem__)
    monkeypatch.setattr(environment, "build", build("url", "environment"))
    monkeypatch.setattr(images, "build", build("topic", "factory"))
    ended: list[Any] = []
    monkeypatch.setattr(atexit, "register", ended.append)
    runpy.run_path(str(ROOT / "__main__.py"))
    assert exports == exported
    assert ended == [gc.freeze], "the end of a preview takes as long as a third of it"


def test_an_environment_without_containers_loads_nothing_of_kubernetes() -> None:
    """The SDK alone takes longer than all else of a preview's start."""
    program = (
        "import sys\n"
        "from tests.stacks.declared import declared\n"
        "from tests.stacks.given import stack_file\n"
        "declared('staging', stack_file('staging'))\n"
        "heavy = ('pulumi_kubernetes', 'kubernetes', 'components.kubernetes')\n"
        "print(*(name for name in sys.modules if name.startswith(heavy)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def test_an_environment_loads_nothing_of_the_factory() -> None:
    """Each module takes its time at every preview; reading recipes and documents takes the most."""
    program = (
        "import sys; import stacks.config, stacks.environment; "
        "heavy = {'images.recipes', 'images.documents', 'ruamel.yaml', 'components.image_pipeline'}; "
        "print(*sorted(heavy & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []
