"""Action modules of component documents: where each runs and what it must be given.

Source: "Action modules supported by AWSTOE component manager" in the Image Builder user guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LINUX, MACOS, WINDOWS = "Linux", "macOS", "Windows"
_EVERYWHERE = frozenset({LINUX, MACOS, WINDOWS})
_UNIX = frozenset({LINUX, MACOS})
_WINDOWS = frozenset({WINDOWS})


@dataclass(frozen=True)
class Action:
    """`many`: the inputs are a list of maps, else one map. `required`: keys of each; `needed`: whether there
    must be inputs at all.
    """

    required: tuple[str, ...] = ()
    many: bool = False
    needed: bool = True
    platforms: frozenset[str] = _EVERYWHERE

    def problem(self, name: str, inputs: Any) -> str | None:
        """Why the inputs do not do, in one line; None when they do."""
        if not inputs:
            return f"Action {name} has no inputs; it requires an 'inputs'" if self.needed else None
        if self.many != isinstance(inputs, list):
            return f"Action {name} requires 'inputs' to be a {'list of maps' if self.many else 'map'}"
        for number, given in enumerate(inputs if self.many else [inputs]):
            where = f"inputs[{number}]" if self.many else "inputs"
            if not isinstance(given, dict):
                return f"Action {name} requires a map in '{where}'"
            for key in self.required:
                if given.get(key) in (None, "", []):
                    return f"Action {name} requires '{key}' in '{where}'"
        return None


def _files(*required: str, platforms: frozenset[str] = _EVERYWHERE) -> Action:
    return Action(required, many=True, platforms=platforms)


ACTIONS = {
    "ExecuteBash": Action(("commands",), platforms=_UNIX),
    "ExecuteBinary": Action(("path",)),
    "ExecuteDocument": Action(("document",)),
    "ExecutePowerShell": Action(platforms=_WINDOWS),
    "S3Download": _files("source", "destination"),
    "S3Upload": _files("source", "destination"),
    "WebDownload": _files("source", "destination"),
    "AppendFile": _files("path", "content"),
    "CopyFile": _files("source", "destination"),
    "CopyFolder": _files("source", "destination"),
    "CreateFile": _files("path"),
    "CreateFolder": _files("path"),
    "CreateSymlink": _files("path", "target"),
    "DeleteFile": _files("path"),
    "DeleteFolder": _files("path"),
    "ListFiles": _files("path"),
    "MoveFile": _files("source", "destination"),
    "MoveFolder": _files("source", "destination"),
    "ReadFile": _files("path"),
    "SetFileEncoding": _files("path", "encoding"),
    "SetFileOwner": _files("path", "owner"),
    "SetFolderOwner": _files("path", "owner"),
    "SetFilePermissions": _files("path", "permissions"),
    "SetFolderPermissions": _files("path", "permissions"),
    "InstallMSI": _files("path", platforms=_WINDOWS),
    "UninstallMSI": _files("path", platforms=_WINDOWS),
    "Reboot": Action(needed=False),
    "SetRegistry": _files("path", "name", "value", "type", platforms=_WINDOWS),
    "UpdateOS": Action(needed=False),
    "Assert": Action(many=True),
}
