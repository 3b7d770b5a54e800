"""Each action of a step does to files what AWSTOE does, and fails where AWSTOE fails."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest

from scripts.bakes import actions
from tests.scripts.bake_place import Here, step

ODD = 'it\'s "$HOME" `id` \\ {{x}}\n\ttwo lines; % ü\n'


def do(action: str, *inputs: dict[str, Any]) -> tuple[int, str]:
    ended = Here().run(actions.script(step("one", action, list(inputs))), 60)
    return ended.code, ended.output


def done(action: str, *inputs: dict[str, Any]) -> None:
    assert do(action, *inputs) == (0, "")


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o7777)


def test_all_commands_are_one_script_and_the_last_decides() -> None:
    script = actions.script(step(inputs={"commands": ["value=1", "false", 'echo "$value"']}))
    assert Here().run(script, 60) == Here().run("echo 1", 60)


def test_a_program_gets_its_arguments_as_they_are() -> None:
    inputs = {"path": "/usr/bin/printf", "arguments": ["%s|", "a b", "$HOME", "it's"]}
    assert Here().run(actions.script(step("one", "ExecuteBinary", inputs)), 60).output == "a b|$HOME|it's|"


def test_a_file_has_its_content_to_the_byte_and_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file"
    done("CreateFile", {"path": str(path), "content": ODD.replace("{{x}}", ""), "permissions": "0640"})
    assert path.read_text() == ODD.replace("{{x}}", "")
    assert mode(path) == "0o640"


def test_a_file_without_content_is_empty_and_for_all_to_write(tmp_path: Path) -> None:
    done("CreateFile", {"path": str(tmp_path / "file")})
    assert ((tmp_path / "file").read_bytes(), mode(tmp_path / "file")) == (b"", "0o666")


def test_a_file_has_its_encoding(tmp_path: Path) -> None:
    done("CreateFile", {"path": str(tmp_path / "file"), "content": "ü", "encoding": "utf-16LE"})
    assert (tmp_path / "file").read_bytes() == "ü".encode("utf-16-le")


def test_a_file_that_is_there_is_left_alone_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    code, output = do("CreateFile", {"path": str(path), "content": "new"})
    assert (code, output) == (1, f"{path} is there already, and overwrite is false\n")
    assert path.read_text() == "old"
    done("CreateFile", {"path": str(path), "content": "new", "overwrite": True})
    assert path.read_text() == "new"


def test_the_first_of_several_files_that_fails_ends_the_step(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    code, _ = do("CreateFile", *({"path": str(tmp_path / name), "content": name} for name in "abc"))
    assert code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_an_owner_is_set(tmp_path: Path) -> None:
    user = getpass.getuser()
    done("CreateFile", {"path": str(tmp_path / "file"), "owner": user})
    done("CreateFolder", {"path": str(tmp_path / "folder"), "owner": user})
    for action in ("CreateFile", "CreateFolder"):
        code, output = do(action, {"path": str(tmp_path / f"{action}-1"), "owner": "nobody-of-this-name"})
        assert code != 0 and "nobody-of-this-name" in output
        code, output = do(action, {"path": str(tmp_path / f"{action}-2"), "group": "no-such-group"})
        assert code != 0 and "no-such-group" in output


def test_text_is_appended(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a\n")
    done("AppendFile", {"path": str(tmp_path / "file"), "content": "$b\n"})
    assert (tmp_path / "file").read_text() == "a\n$b\n"


def test_a_folder_has_its_permissions_and_is_not_made_twice(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    done("CreateFolder", {"path": str(path), "permissions": "0750"})
    assert mode(path) == "0o750"
    assert do("CreateFolder", {"path": str(path)})[0] == 1
    done("CreateFolder", {"path": str(path), "permissions": "0700", "overwrite": True})
    assert mode(path) == "0o700"


def test_a_link_replaces_another_only_by_force(tmp_path: Path) -> None:
    link = tmp_path / "link"
    done("CreateSymlink", {"path": str(link), "target": "first"})
    assert do("CreateSymlink", {"path": str(link), "target": "second"})[0] == 1
    assert str(link.readlink()) == "first"
    done("CreateSymlink", {"path": str(link), "target": "second", "force": True})
    assert str(link.readlink()) == "second"


def test_a_file_that_is_not_there_cannot_be_deleted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    done("DeleteFile", {"path": str(path)})
    assert not path.exists()
    assert do("DeleteFile", {"path": str(path)}) == (1, f"{path} is not there\n")


def test_a_folder_with_files_is_deleted_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file").touch()
    assert do("DeleteFolder", {"path": str(path)})[0] == 1
    assert (path / "file").exists()
    done("DeleteFolder", {"path": str(path), "force": True})
    assert do("DeleteFolder", {"path": str(path)}) == (1, f"{path} is not a folder\n")


@pytest.mark.parametrize(("recursive", "inside"), [(None, "0o600"), (True, "0o600"), (False, "0o644")])
def test_permissions_of_a_folder_go_down_unless_told_otherwise(
    tmp_path: Path, recursive: bool | None, inside: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").touch(mode=0o644)
    (folder / "file").chmod(0o644)
    more = {} if recursive is None else {"recursive": recursive}
    done("SetFolderPermissions", {"path": str(folder), "permissions": "0600", **more})
    folder.chmod(0o700)
    assert mode(folder / "file") == inside


def test_permissions_and_owner_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    done("SetFilePermissions", {"path": str(path), "permissions": "4755"})
    assert mode(path) == "0o4755"
    done("SetFileOwner", {"path": str(path), "owner": getpass.getuser()})
    done("SetFolderOwner", {"path": str(tmp_path), "owner": getpass.getuser()})
    for action in ("SetFilePermissions", "SetFileOwner"):
        more = {"permissions": "0600"} if action == "SetFilePermissions" else {"owner": "root"}
        assert do(action, {"path": str(tmp_path / "none"), **more}) == (1, f"{tmp_path}/none is not there\n")
    assert do("SetFileOwner", {"path": str(path), "owner": "root", "group": "no-such-group"})[0] != 0
    assert do("SetFolderOwner", {"path": str(tmp_path), "owner": "root", "group": "no-such-group"})[0] != 0


def test_all_packages_are_updated_or_those_that_are_named() -> None:
    everything = actions.script(step("one", "UpdateOS", {}))
    assert everything.splitlines()[2:] == ["apt-get update -q", "apt-get upgrade -q -y --with-new-pkgs"]
    named = actions.script(step("one", "UpdateOS", {"include": ["curl"], "exclude": ["linux-image-*"]}))
    assert named.splitlines()[3:] == [
        "apt-mark hold 'linux-image-*'",
        "apt-get install -q -y --only-upgrade curl",
        "apt-mark unhold 'linux-image-*'",
    ]
