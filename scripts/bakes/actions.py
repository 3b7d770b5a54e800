"""What a step does, as a bash script: the same for the root file system in the making and for a booted copy.

The meaning of each action is AWSTOE's on Linux (EC2 Image Builder User Guide, "Action modules supported by
AWSTOE component manager").
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from shlex import quote
from typing import Any

from images import actions as inputs_of
from images.documents import Step

Script = Callable[[Any], str]


def script(step: Step) -> str:
    """The script of `step`, whose action is one of `SUPPORTED`; its exit code is the step's."""
    action = SUPPORTED[step.action]
    if step.action in inputs_of.MANY:
        model = inputs_of.MANY[step.action]
        parts = [action(model.model_validate(item)) for item in step.inputs]
        return "\n".join(["set -eu", _HELPERS, *parts])
    if step.action in inputs_of.OPTIONAL:
        return action(inputs_of.OPTIONAL[step.action].model_validate(step.inputs or {}))
    return action(inputs_of.ONE[step.action].model_validate(step.inputs))


# Files of an action that fails half-way are those that came before, as with AWSTOE.
_HELPERS = """\
fail() { printf '%s\\n' "$*" >&2; exit 1; }
new() { [ "$2" = true ] || [ ! -e "$1" ] || fail "$1 is there already, and overwrite is false"; }
there() { [ -e "$1" ] || fail "$1 is not there"; }
folder() { [ -d "$1" ] || fail "$1 is not a folder"; }"""


def _bash(given: inputs_of.Commands) -> str:
    # Without `set -e`: AWSTOE runs the file as it is, and what counts is the exit code of the whole.
    return "\n".join(given.commands)


def _binary(given: inputs_of.Binary) -> str:
    return " ".join(quote(word) for word in (given.path, *given.arguments))


def _update(given: inputs_of.Update) -> str:
    lines = ["set -eu", "export DEBIAN_FRONTEND=noninteractive", "apt-get update -q"]
    if given.exclude:
        lines.append(f"apt-mark hold {_words(given.exclude)}")
    if given.include:
        lines.append(f"apt-get install -q -y --only-upgrade {_words(given.include)}")
    else:
        lines.append("apt-get upgrade -q -y --with-new-pkgs")
    if given.exclude:
        lines.append(f"apt-mark unhold {_words(given.exclude)}")
    return "\n".join(lines)


def _create_file(given: inputs_of.File) -> str:
    path = quote(given.path)
    lines = [
        f"new {path} {_flag(given.overwrite)}",
        f"mkdir -p {quote(_parent(given.path))}",
        f"printf %s {_encoded(given.content or '', given.encoding)} | base64 --decode >{path}",
        f"chmod {given.permissions} {path}",
    ]
    return "\n".join([*lines, *_owned(given.owner, given.group, path)])


def _append(given: inputs_of.Appended) -> str:
    return f"printf %s {_encoded(given.content, given.encoding)} | base64 --decode >>{quote(given.path)}"


def _create_folder(given: inputs_of.Folder) -> str:
    path = quote(given.path)
    lines = [
        f"new {path} {_flag(given.overwrite)}",
        f"mkdir -p {path}",
        f"chmod {given.permissions} {path}",
    ]
    return "\n".join([*lines, *_owned(given.owner, given.group, path)])


def _link(given: inputs_of.Link) -> str:
    force = "f" if given.force else ""
    return f"ln -s{force}n {quote(given.target)} {quote(given.path)}"


def _delete_file(given: inputs_of.Path) -> str:
    return f"there {quote(given.path)}\nrm {quote(given.path)}"


def _delete_folder(given: inputs_of.FolderPath) -> str:
    path = quote(given.path)
    return f"folder {path}\n" + (f"rm -r {path}" if given.force else f"rmdir {path}")


def _owner(given: inputs_of.Owned) -> str:
    group = f":{given.group}" if given.group else ""
    return f"there {quote(given.path)}\nchown {quote(given.owner + group)} {quote(given.path)}"


def _folder_owner(given: inputs_of.FolderOwned) -> str:
    group = f":{given.group}" if given.group else ""
    every = "-R " if given.recursive else ""
    return f"folder {quote(given.path)}\nchown {every}{quote(given.owner + group)} {quote(given.path)}"


def _permissions(given: inputs_of.Permitted) -> str:
    return f"there {quote(given.path)}\nchmod {given.permissions} {quote(given.path)}"


def _folder_permissions(given: inputs_of.FolderPermitted) -> str:
    every = "-R " if given.recursive else ""
    return f"folder {quote(given.path)}\nchmod {every}{given.permissions} {quote(given.path)}"


SUPPORTED: dict[str, Script] = {
    "ExecuteBash": _bash,
    "ExecuteBinary": _binary,
    "UpdateOS": _update,
    "CreateFile": _create_file,
    "AppendFile": _append,
    "CreateFolder": _create_folder,
    "CreateSymlink": _link,
    "DeleteFile": _delete_file,
    "DeleteFolder": _delete_folder,
    "SetFileOwner": _owner,
    "SetFilePermissions": _permissions,
    "SetFolderOwner": _folder_owner,
    "SetFolderPermissions": _folder_permissions,
}
"""What a bake on this machine carries out; the others need AWS or a restart, or no document uses them."""


def _owned(owner: str | None, group: str | None, path: str) -> list[str]:
    who = (owner or "") + (f":{group}" if group else "")
    return [f"chown {quote(who)} {path}"] if who else []


def _encoded(content: str, encoding: str) -> str:
    # In base64 no shell reads anything into the content.
    return base64.b64encode(content.encode(encoding)).decode() or "''"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _words(words: tuple[str, ...]) -> str:
    return " ".join(quote(word) for word in words)


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
