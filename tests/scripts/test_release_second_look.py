"""An image that is retired while a config is written: the file is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.releases import config_file
from tests.scripts.image_account import LINE, Account, image_account
from tests.scripts.release_project import NEW, OLD


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with image_account(tmp_path, monkeypatch) as made:
        yield made


def between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen after the config was written and before the second look."""
    plain, calls = config_file.write, []

    def write(config: config_file.ConfigFile, after: bytes) -> None:
        plain(config, after)
        calls.append(after)
        if len(calls) == 1:
            happens()

    monkeypatch.setattr(config_file, "write", write)


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda account: account.deprecate(), "is deprecated as of "),
        (lambda account: account.ec2.disable_image(ImageId=NEW), "is disabled"),
        (lambda account: account.ec2.deregister_image(ImageId=NEW), "is not to be seen"),
    ],
)
def test_an_image_that_is_retired_while_the_config_is_written_is_taken_out_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, take: Callable[[Account], object], words: str
) -> None:
    account.image()
    between(monkeypatch, lambda: take(account))
    assert account.refused().startswith(f"{LINE}{NEW} {words}")


def test_a_second_look_without_an_answer_takes_the_image_out_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.image()
    between(monkeypatch, lambda: account.cloud.fault("DescribeImages", error="InternalFailure"))
    assert account.refused().startswith(f"the pre-flight of {NEW} needs AWS: ")


def test_ctrl_c_before_the_second_look_takes_the_image_out_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        def look(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("scripts.releases.preflight.look", look)

    account.image()
    between(monkeypatch, interrupt)
    before = account.project.files()
    assert account.run("set-image", "prod", NEW).code == 130
    assert account.project.files() == before


def test_a_file_that_someone_changed_meanwhile_stays_theirs_and_both_problems_are_told(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit() -> None:
        account.deprecate()
        path = account.project.file("prod")
        path.write_text(path.read_text() + "# mine\n")

    account.image()
    between(monkeypatch, edit)
    done = account.run("set-image", "prod", NEW)
    assert done.code == 1
    assert " is deprecated as of " in done.error
    assert done.error.endswith(
        f"; and Pulumi.prod.yaml still names {NEW}: Pulumi.prod.yaml was changed by someone else in the "
        "meantime; look again; put the image before back by hand\n"
    )
    assert account.project.file("prod").read_text().endswith("# mine\n")


def test_a_dry_run_and_a_change_that_is_none_look_once_or_not_at_all(account: Account) -> None:
    account.image()
    account.image(OLD, without="immutable:tests")
    assert account.run("set-image", "prod", OLD).code == 0
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0
