"""The texts of a new service's files, from the templates beside this module; `@NAME@` stands for the name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from images.recipes import Recipe
from scripts.services.order import Kind, Order

FOLDER = Path(__file__).parent / "templates"

DEFAULT_PORT = 8080
_UNASKED = {
    "ASKED": "# Nobody asks it: a bake on this machine does not wait for its answer.\n",
    "UNASKED": "X-Immutable-Asked=no\n",
}
_PROGRAM = {Kind.WEB: "web", Kind.INTERNAL: "web", Kind.WORKER: "worker", Kind.JOB: "job"}
_IMPORTS = {
    "web": ("signal", "socket", "subprocess", "sys", "urllib.request"),
    "worker": ("signal", "subprocess", "sys"),
    "job": ("subprocess", "sys"),
}
_TEST_ENVIRONMENT = {
    "web": """'IMMUTABLE_PORT="18080"' 'IMMUTABLE_HEALTH_PATH="/image-test"'""",
    "worker": """'PAUSE_SECONDS="1"'""",
    "job": """'LOG_LEVEL="info"'""",
}


def files(order: Order, model: Recipe) -> dict[str, tuple[str, int]]:
    """Text and mode of each new file, by its path from the project's directory.

    The recipe is `model` with one document more, before its last.
    """
    name, of = order.name, _PROGRAM[order.kind]
    values = {"NAME": name, "PORT": str(order.port or DEFAULT_PORT)}
    program = _filled(f"program-{of}", values)
    capabilities = "CAP_NET_BIND_SERVICE" if of == "web" else ""
    hardened = _filled("unit-hardened", {"CAPABILITIES": capabilities}).rstrip("\n")
    asked = {"ASKED": "", "UNASKED": ""} if of == "web" else _UNASKED
    unit = _filled(f"unit-{'job' if of == 'job' else 'staying'}", {**values, **asked, "HARDENED": hardened})
    return {
        f"images/{name}/{name}": (program, 0o755),
        f"images/{name}/{name}.service": (unit, 0o644),
        f"images/documents/{name}.yaml": (_document(of, values), 0o644),
        f"images/recipes/{name}.yaml": (_recipe(name, model), 0o644),
        f"tests/images/test_{name.replace('-', '_')}.py": (_test(of, values), 0o644),
    }


def _document(of: str, values: Mapping[str, str]) -> str:
    ends = _filled("proof-ends", values).rstrip("\n")
    proof = _filled(f"proof-{of}", {"ENDS": ends}).rstrip("\n")
    return _filled("document.yaml", {**values, "PROOF": proof, "TEST_ENVIRONMENT": _TEST_ENVIRONMENT[of]})


def _recipe(name: str, model: Recipe) -> str:
    *before, last = [
        each.document.name if each.on == "anywhere" else f"{{document: {each.document.name}, on: {each.on}}}"
        for each in model.components
    ]
    parent = model.parent
    return _filled(
        "recipe.yaml",
        {
            "DESCRIPTION": f"The service {name}, with what every server has",
            "PARENT_ID": parent.id,
            "PARENT_OWNER": parent.owner,
            "PARENT_NAME": parent.name,
            "SUITE": parent.suite,
            "ARCHITECTURE": model.architecture,
            "VOLUME": str(model.volume_size_gib),
            "ROOT_DEVICE": model.root_device_name,
            "COMPONENTS": "\n".join(f"  - {each}" for each in (*before, name, last)),
        },
    )


def _test(of: str, values: Mapping[str, str]) -> str:
    imports = "\n".join(f"import {module}" for module in _IMPORTS[of])
    return _filled("test-head", {**values, "IMPORTS": imports}) + _filled(f"test-{of}", values)


def _filled(template: str, values: Mapping[str, str]) -> str:
    text = (FOLDER / template).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda found: values.get(found[1], found[0]), text)
