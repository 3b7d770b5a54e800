"""What is particular to functions and to secrets in the provider: archives, calls, recovery windows."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plugin import ProviderError
from rehearsal.provider.assets import ARCHIVE, ASSET, ROOTS, SIGNATURE, hashed, zipped
from tests.rehearsal.provider.secret_cases import code, function
from tests.rehearsal.provider.world import World

FUNCTION = "aws:lambda/function:Function"
INVOCATION = "aws:lambda/invocation:Invocation"
SECRET = "aws:secretsmanager/secret:Secret"


def of_files(**assets: Any) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, "assets": {name.replace("__", "."): item for name, item in assets.items()}}


def test_an_archive_is_the_same_bytes_for_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("2")
    one = of_files(
        a__py={SIGNATURE: ASSET, "text": "1"}, b__py={SIGNATURE: ASSET, "path": f"{tmp_path}/b.py"}
    )
    other = of_files(b__py={SIGNATURE: ASSET, "text": "2"}, a__py={SIGNATURE: ASSET, "text": "1"})
    assert zipped(one) == zipped(other)
    with zipfile.ZipFile(BytesIO(zipped(one))) as made:
        assert {name: made.read(name) for name in made.namelist()} == {"a.py": b"1", "b.py": b"2"}


def test_an_archive_may_be_a_folder_or_have_folders(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("1")
    folder = {SIGNATURE: ARCHIVE, "path": str(tmp_path)}
    nested = of_files(inner=of_files(a__py={SIGNATURE: ASSET, "text": "1"}))
    assert zipped(folder) == zipped(nested)


def test_a_file_that_changed_is_another_input(tmp_path: Path) -> None:
    asset = {SIGNATURE: ASSET, "path": f"{tmp_path}/a.py"}
    (tmp_path / "a.py").write_text("1")
    before = hashed(of_files(a__py=asset))
    (tmp_path / "a.py").write_text("2")
    assert hashed(of_files(a__py=asset))["hash"] != before["hash"]
    assert hashed({**before, "hash": "of the engine"})["hash"] == "of the engine"


def test_a_relative_path_is_meant_from_the_program() -> None:
    assert (ROOTS[1] / "pyproject.toml").is_file()
    archive = of_files(a={SIGNATURE: ASSET, "path": "pyproject.toml"})
    with zipfile.ZipFile(BytesIO(zipped(archive))) as made:
        assert made.read("a") == (ROOTS[1] / "pyproject.toml").read_bytes()
    with pytest.raises(ProviderError, match=r"failed to open asset nothing\.py"):
        zipped(of_files(a={SIGNATURE: ASSET, "path": "nothing.py"}))


def test_new_code_is_the_only_change_of_a_changed_file(world: World) -> None:
    made = world.make(FUNCTION, **function(world))
    before = made.outputs["codeSha256"]
    change = {"code": code("def handler(event, context):\n    return 2\n")}
    assert made.diff(change).diffs == ("code",)
    made.update(change)
    assert made.outputs["codeSha256"] != before


def test_a_call_gives_what_the_function_answers(world: World) -> None:
    made = world.make(INVOCATION, functionName=world.function.id, input='{"a": 1}')
    assert made.outputs["result"] == '{"a": 1}'
    assert made.id.startswith(f"{world.function.id}_$LATEST_")


def test_a_call_that_fails_says_the_functions_own_words(world: World) -> None:
    text = "def handler(event, context):\n    raise ValueError('no such database')\n"
    failing = world.make(FUNCTION, **function(world, text))
    with pytest.raises(ProviderError, match="no such database") as failed:
        world.make(INVOCATION, functionName=failing.id, input="{}")
    assert "\n" not in str(failed.value)


def test_a_role_that_lambda_may_not_assume_is_refused(world: World) -> None:
    with pytest.raises(ProviderError, match="cannot be assumed by Lambda"):
        world.make(FUNCTION, **function(world, role=world.role.outputs["arn"]))


@pytest.mark.parametrize("days", [7, 0])
def test_a_deleted_secret_can_be_restored_within_its_window(days: int, world: World) -> None:
    made = world.make(SECRET, recoveryWindowInDays=days)
    client = world.client("secretsmanager")
    made.delete()
    assert made.read() is None
    if days:
        client.restore_secret(SecretId=made.id)
        assert made.read() is not None
    else:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.describe_secret(SecretId=made.id)


def test_a_policy_of_its_own_is_none_of_the_secrets(world: World) -> None:
    secret = world.make(SECRET)
    world.client("secretsmanager").put_resource_policy(
        SecretId=secret.id, ResourcePolicy='{"Version": "2012-10-17", "Statement": []}'
    )
    state = secret.read()
    assert state is not None and "policy" not in state.outputs


@pytest.mark.parametrize("days", [1, 6, 31])
def test_a_recovery_window_that_there_is_not_is_refused(days: int, world: World) -> None:
    failures = world.check(SECRET, recoveryWindowInDays=days)[1]
    assert [failure.property for failure in failures] == ["recoveryWindowInDays"]
