"""Where the code of functions lies that components deploy."""

from __future__ import annotations

import os
from pathlib import Path

import pulumi

_HERE = Path(__file__).parent


def function_code(name: str) -> pulumi.AssetArchive:
    """The module `name` of `functions/` as a function's code.

    In the installed package that folder is inside of this one, in the repository beside it. The path is told
    from where the program runs: the path of whoever runs it has no place in the state.
    """
    folder = next(each for each in (_HERE / "functions", _HERE.parent / "functions") if each.is_dir())
    return pulumi.AssetArchive({f"{name}.py": pulumi.FileAsset(os.path.relpath(folder / f"{name}.py"))})
