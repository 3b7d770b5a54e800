from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import journal, state_files
from rehearsal.engine.backend import Backend, StackFile
from rehearsal.engine.locks import Lock
from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import make_secret
from rehearsal.errors import RehearsalError, UsageError
from tests.rehearsal.engine.samples import (
    ENVIRONMENT,
    PROJECT,
    SALT,
    STACK,
    backend,
    names,
    provider,
    resource,
    root,
)


def opened(directory: Path, **options: Any) -> StackFile:
    return backend(directory).open(PROJECT, STACK, salt=SALT, **options)


def checkpoint_of(directory: Path) -> Path:
    return directory / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"


def journal_of(directory: Path) -> Path:
    return checkpoint_of(directory).with_name(f"{STACK}.json.journal")


def recorded(directory: Path) -> list[str]:
    return names(opened(directory, write=False).snapshot.resources)


def written(directory: Path) -> dict[str, Any]:
    latest: dict[str, Any] = json.loads(checkpoint_of(directory).read_bytes())["checkpoint"]["latest"]
    return latest


def killed_after(directory: Path, *steps: str) -> None:
    """Run steps on the stack `file` in a process of its own that is killed before it can close."""
    program = f"""
        import os, signal
        from pathlib import Path
        from tests.rehearsal.engine.samples import *
        file = backend(Path({str(directory)!r})).open(PROJECT, STACK, salt=SALT)
        states = {{state.name: state for state in file.snapshot.resources}}
    """
    code = "\n".join([textwrap.dedent(program), *steps, "os.kill(os.getpid(), signal.SIGKILL)"])
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_stack_is_laid_out_as_the_real_engine_lays_it_out(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(root(), None)
        (lock,) = (tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / STACK).iterdir()
        holder = json.loads(lock.read_bytes())
    assert set(holder) == {"pid", "username", "hostname", "timestamp"}
    assert holder["pid"] == os.getpid()
    assert not lock.exists()
    assert (tmp_path / ".pulumi" / "meta.yaml").read_text() == "version: 1\n"
    document = json.loads(checkpoint_of(tmp_path).read_bytes())
    assert document["version"] == 3
    assert document["checkpoint"]["stack"] == f"organization/{PROJECT}/{STACK}"
    assert document["checkpoint"]["latest"]["secrets_providers"] == {
        "type": "passphrase",
        "state": {"salt": SALT},
    }
    assert not journal_of(tmp_path).exists()


def test_steps_are_recorded_and_ordered(tmp_path: Path) -> None:
    vpc = resource("vpc")
    with opened(tmp_path) as file:
        file.commit(resource("subnet", vpc), None)
        file.commit(vpc, None)
    assert recorded(tmp_path) == ["vpc", "subnet"]


def test_a_step_replaces_adds_or_removes(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        a, b = resource("a"), resource("b")
        file.commit(a, None)
        file.commit(b, None)
        file.commit(dataclasses.replace(a, id="new"), a)
        file.commit(None, b)
        assert [(state.name, state.id) for state in file.current().resources] == [("a", "new")]
    assert [state["id"] for state in written(tmp_path)["resources"]] == ["new"]


def test_a_state_that_was_changed_in_place_is_recorded(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(root(), None)
    with opened(tmp_path) as file:
        (stack,) = file.snapshot.resources
        stack.outputs = {"url": "https://y"}
        file.outputs(stack)
    assert written(tmp_path)["resources"][0]["outputs"] == {"url": "https://y"}


def test_a_step_on_a_state_that_is_not_recorded_is_a_mistake(tmp_path: Path) -> None:
    with opened(tmp_path) as file, pytest.raises(KeyError):
        file.commit(None, resource("a"))


def test_a_run_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(root(outputs={"x": make_secret("p")}), None)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / ".pulumi" / "stacks").rglob("*")}
    with opened(tmp_path) as file:
        for state in file.snapshot.resources:
            file.commit(dataclasses.replace(state), state)
        assert not journal_of(tmp_path).exists()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / ".pulumi" / "stacks").rglob("*")} == before


def test_true_in_the_place_of_one_is_a_change(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a", inputs={"x": 1}), None)
    with opened(tmp_path) as file:
        (a,) = file.snapshot.resources
        file.commit(dataclasses.replace(a, inputs={"x": True}), a)
    assert written(tmp_path)["resources"][0]["inputs"] == {"x": True}


def test_an_operation_is_pending_until_it_ends(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        a, b, c = resource("a"), resource("b"), resource("c")
        tickets = [file.begin("creating", state) for state in (a, b, c)]
        file.commit(a, None, tickets[0])
        file.abandon(tickets[1])
    assert [(item["type"], item["resource"]["id"]) for item in written(tmp_path)["pending_operations"]] == [
        ("creating", "c-id")
    ]
    with opened(tmp_path) as file:
        assert [(item.kind, item.resource.name) for item in file.snapshot.pending] == [("creating", "c")]
        file.clear_pending()
    assert "pending_operations" not in written(tmp_path)


def test_an_operation_ends_also_when_its_step_changed_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
    with opened(tmp_path) as file:
        (a,) = file.snapshot.resources
        file.commit(dataclasses.replace(a), a, file.begin("updating", a))
    assert "pending_operations" not in written(tmp_path)


def test_a_failure_on_the_way_leaves_what_was_done_in_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), opened(tmp_path) as file:
        file.commit(root(), None)
        raise KeyboardInterrupt
    assert recorded(tmp_path) == [root().name]
    assert not journal_of(tmp_path).exists()
    opened(tmp_path).close()  # the lock is free again


def test_steps_of_a_killed_process_are_taken_over(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        for name in "abc":
            file.commit(resource(name, outputs={"n": 1}), None)
    killed_after(
        tmp_path,
        "file.commit(None, states['b'])",
        "file.commit(resource('d', outputs={'s': 'x'}), None, file.begin('creating', resource('d')))",
        "file.begin('creating', resource('e'))",
        "states['a'].outputs = {'n': 2}",
        "file.outputs(states['a'])",
    )
    assert [state["id"] for state in written(tmp_path)["resources"]] == ["a-id", "b-id", "c-id"]
    assert recorded(tmp_path) == ["a", "c", "d"], "also for a preview, which repairs nothing"
    assert journal_of(tmp_path).exists()
    with opened(tmp_path) as file:
        assert names(file.snapshot.resources) == ["a", "c", "d"]
        assert [item.resource.name for item in file.snapshot.pending] == ["e"]
        assert any("took over" in note for note in file.notes)
        assert any("no longer runs" in note for note in file.notes)
        assert not journal_of(tmp_path).exists(), "the real engine sees them from here on"
        file.commit(None, file.snapshot.resources[0])
    assert recorded(tmp_path) == ["c", "d"]


def test_an_operation_of_a_new_stack_stays_pending_whatever_ends_after_it(tmp_path: Path) -> None:
    killed_after(tmp_path, "file.begin('creating', resource('a'))", "file.commit(resource('b'), None)")
    assert [item.resource.name for item in opened(tmp_path, write=False).snapshot.pending] == ["a"]


def test_steps_of_a_process_that_was_killed_after_taking_over_are_taken_over_too(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        for name in "ab":
            file.commit(resource(name), None)
    killed_after(tmp_path, "file.commit(None, states['a'])", "file.begin('creating', resource('x'))")
    killed_after(tmp_path, "file.commit(resource('c'), None)", "file.clear_pending()")
    assert recorded(tmp_path) == ["b", "c"]
    assert opened(tmp_path, write=False).snapshot.pending == []


def test_the_first_steps_of_a_new_stack_outlive_a_kill_with_their_secrets(tmp_path: Path) -> None:
    killed_after(
        tmp_path,
        "file = backend(file.file.parents[3]).open(PROJECT, 'other')",
        "file.commit(root(outputs={'p': {'4dabf18193072939515e22adb298388d': "
        "'1b47061264138c4ac30d75fd1eb44270', 'value': 'q'}}), None)",
    )
    with backend(tmp_path).open(PROJECT, "other", write=False) as file:
        assert file.snapshot.resources[0].outputs == {"p": make_secret("q")}
        assert file.secrets.salt is not None, "made by the process that was killed"
    assert backend(tmp_path).stacks(PROJECT) == ["other"], (
        "also for the real engine, as a stack without resources"
    )


def test_taking_over_that_fails_half_way_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after(tmp_path, "file.commit(resource('b'), None)", "file.commit(resource('c'), None)")
    content = journal_of(tmp_path).read_bytes()
    journal_of(tmp_path).write_bytes(content[:-5])

    def full(file: Path, data: bytes) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(state_files, "write_durably", full)
    for _ in range(2):
        with pytest.raises(RehearsalError, match="no space left on device"):
            opened(tmp_path)
    monkeypatch.undo()
    with opened(tmp_path) as file:
        assert names(file.snapshot.resources) == ["b"]


@pytest.mark.parametrize("cut", [1, 20, -1])
def test_a_last_line_that_is_half_written_is_left_out(tmp_path: Path, cut: int) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
    killed_after(tmp_path, "file.commit(resource('b'), None)", "file.commit(resource('c'), None)")
    content = journal_of(tmp_path).read_bytes()
    last = content.rstrip(b"\n").rindex(b"\n") + 1
    journal_of(tmp_path).write_bytes(content[: last + cut] if cut > 0 else content[:cut])
    with opened(tmp_path) as file:
        assert names(file.snapshot.resources) == ["a", "b"]
        file.commit(resource("d"), None)
    assert recorded(tmp_path) == ["a", "b", "d"]


def test_a_last_line_with_a_wrong_checksum_is_left_out(tmp_path: Path) -> None:
    killed_after(tmp_path, "file.commit(resource('b'), None)", "file.commit(resource('c'), None)")
    content = journal_of(tmp_path).read_bytes()
    journal_of(tmp_path).write_bytes(content.replace(b"::c", b"::x"))
    assert recorded(tmp_path) == ["b"]


def test_a_journal_that_is_damaged_in_the_middle_is_set_aside(tmp_path: Path) -> None:
    killed_after(tmp_path, "file.commit(resource('b'), None)", "file.commit(resource('c'), None)")
    damaged = journal_of(tmp_path).read_bytes().replace(b"::b", b"::x")
    journal_of(tmp_path).write_bytes(damaged)
    with pytest.raises(UsageError, match="line 2 is damaged") as refused:
        opened(tmp_path)
    (aside,) = journal_of(tmp_path).parent.glob("*.journal.damaged-*")
    assert aside.read_bytes() == damaged
    assert str(aside) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert recorded(tmp_path) == []


def test_a_journal_of_another_version_of_the_state_is_not_mixed_into_it(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
    killed_after(tmp_path, "file.commit(resource('b'), None)")
    checkpoint_of(tmp_path).write_bytes(checkpoint_of(tmp_path).read_bytes() + b"\n")
    with pytest.raises(UsageError, match="something else wrote the state since"):
        opened(tmp_path)
    assert recorded(tmp_path) == ["a"]


def test_a_preview_leaves_a_journal_that_it_cannot_use_alone(tmp_path: Path) -> None:
    """It may belong to a process that is compacting it right now."""
    killed_after(tmp_path, "file.commit(resource('b'), None)")
    checkpoint_of(tmp_path).write_bytes(checkpoint_of(tmp_path).read_bytes() + b"\n")
    with pytest.raises(UsageError, match="cannot be used"):
        opened(tmp_path, write=False)
    assert journal_of(tmp_path).exists()


def test_a_preview_that_comes_while_the_journal_is_compacted_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after(tmp_path, "file.commit(resource('b'), None)")
    newer = checkpoint_of(tmp_path).read_bytes()
    monkeypatch.setattr(time, "sleep", lambda _: checkpoint_of(tmp_path).write_bytes(newer))
    checkpoint_of(tmp_path).write_bytes(b"{}")
    assert recorded(tmp_path) == ["b"]


def test_a_journal_that_the_checkpoint_holds_already_is_not_applied_again(tmp_path: Path) -> None:
    """The process died after it put the new checkpoint in place and before it removed the journal."""
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
        kept = journal_of(tmp_path).with_suffix(".kept")
        kept.hardlink_to(journal_of(tmp_path))
    kept.rename(journal_of(tmp_path))
    assert b"compacted" in journal_of(tmp_path).read_bytes()
    with opened(tmp_path, write=False), opened(tmp_path, fresh=True):
        assert journal_of(tmp_path).exists()
    with opened(tmp_path) as file:
        assert names(file.snapshot.resources) == ["a"]
        assert file.notes == []
    assert not journal_of(tmp_path).exists()


def test_a_step_that_cannot_be_written_does_not_spoil_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
        monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:10]))
        with pytest.raises(RehearsalError, match="cannot record a step"):
            file.commit(resource("b"), None)
        monkeypatch.undo()
        base = journal.digest(checkpoint_of(tmp_path).read_bytes())
        assert [entry["resource"]["id"] for entry in journal.read(journal_of(tmp_path), base)[0]] == ["a-id"]
        file.commit(resource("c"), None)
        assert len(journal.read(journal_of(tmp_path), base)[0]) == 2
    assert recorded(tmp_path) == ["a", "b", "c"], "what was not journalled is in the checkpoint all the same"


def test_the_checkpoint_before_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
    before = checkpoint_of(tmp_path).read_bytes()
    with opened(tmp_path) as file:
        file.commit(resource("b"), None)
    assert checkpoint_of(tmp_path).with_name(f"{STACK}.json.bak").read_bytes() == before
    assert checkpoint_of(tmp_path).read_bytes() != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b'{"version":3,"checkpoint":{"stack":"x","lat', "is not JSON"),
        (b'{"version":3,"checkpoint":[]}', "is not an object"),
        (
            b'{"version":3,"checkpoint":{"latest":{"resources":[{"urn":"u","type":"t","parent":"gone"}]}}}',
            "needs gone, which is missing",
        ),
    ],
)
def test_a_damaged_state_is_kept_aside_and_never_overwritten(
    tmp_path: Path, content: bytes, words: str
) -> None:
    checkpoint_of(tmp_path).parent.mkdir(parents=True)
    checkpoint_of(tmp_path).write_bytes(content)
    for _ in range(2):
        with pytest.raises(UsageError, match=words) as refused:
            opened(tmp_path)
        (aside,) = checkpoint_of(tmp_path).parent.glob("*.damaged-*")
        assert aside.read_bytes() == checkpoint_of(tmp_path).read_bytes() == content
        assert str(aside) in str(refused.value)
        assert str(checkpoint_of(tmp_path)) in str(refused.value)
        assert "\n" not in str(refused.value)
    assert not list((tmp_path / ".pulumi" / "locks").rglob("*.json")), "the lock is free again"


def test_an_import_takes_the_place_of_a_damaged_state(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(root(outputs={"p": make_secret("q")}), None)
        file.begin("creating", resource("a"))
        export = file.exported().encode()
    checkpoint_of(tmp_path).write_bytes(b"damaged")
    with opened(tmp_path, fresh=True) as file:
        assert names(file.replace(export).resources) == [root().name]
    with opened(tmp_path) as file:
        assert file.snapshot.resources[0].outputs == {"p": make_secret("q")}
        assert [item.resource.name for item in file.snapshot.pending] == ["a"]


def test_steps_after_an_import_go_on_from_it(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
        file.commit(resource("b"), None)
        export = file.exported().encode()
        file.commit(resource("c"), None)
        first, _ = file.replace(export).resources
        file.commit(None, first)
        file.commit(resource("d"), None)
    assert recorded(tmp_path) == ["b", "d"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "not a deployment"),
        (
            '{"version":3,"deployment":{"resources":[{"urn":"u","type":"t","parent":"gone"}]}}',
            "breaks the rules",
        ),
        (
            '{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:prod::immutable::t::x","type":"t"}]}}',
            "not of stack staging of project immutable",
        ),
    ],
)
def test_an_import_that_cannot_be_used_changes_nothing(tmp_path: Path, text: str, words: str) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
        with pytest.raises(UsageError, match=words):
            file.replace(text.encode())
    assert recorded(tmp_path) == ["a"]


def test_references_to_what_a_refresh_found_gone_do_not_damage_the_state(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        vpc = resource("vpc")
        file.commit(vpc, None)
        file.commit(resource("subnet", vpc), None)
        file.commit(None, vpc)
    assert recorded(tmp_path) == ["subnet"]
    assert "dependencies" not in written(tmp_path)["resources"][0]


def test_a_replacement_that_creates_first_is_sound_at_every_step(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
        file.commit(resource("b"), None)
    with opened(tmp_path) as file:
        old = file.snapshot.resources[0]
        steps: list[tuple[ResourceState | None, ResourceState | None]] = [
            (old, old),
            (resource("a", id="new"), None),
            (None, old),
        ]
        old.delete = True
        for new, before in steps:
            file.commit(new, before)
            assert recorded(tmp_path).count("b") == 1, "a reader that replays the journal finds a sound state"
    assert [state["id"] for state in written(tmp_path)["resources"]] == ["b-id", "new"]


def test_a_stack_that_someone_works_on_is_refused_with_who_it_is(tmp_path: Path) -> None:
    held = rf"the stack is currently locked by 1 lock\(s\)\. .*: created by \S+@\S+ \(pid {os.getpid()}\) at "
    with opened(tmp_path):
        with pytest.raises(UsageError, match=held + r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$") as refused:
            opened(tmp_path)
        assert "\n" not in str(refused.value)
        assert len(list((tmp_path / ".pulumi" / "locks").rglob("*.json"))) == 1, (
            "the other lock is left alone"
        )
    opened(tmp_path).close()


def test_a_preview_neither_takes_nor_minds_a_lock(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
        with opened(tmp_path, write=False) as reader:
            assert names(reader.snapshot.resources) == ["a"], "with the steps of the running operation"
            with pytest.raises(RuntimeError, match="read only"):
                reader.commit(resource("b"), None)
    assert recorded(tmp_path) == ["a"]


def test_a_preview_of_a_new_stack_writes_nothing_at_all(tmp_path: Path) -> None:
    assert opened(tmp_path, write=False).snapshot.resources == []
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_another_machine_or_one_that_cannot_be_read_counts(tmp_path: Path) -> None:
    locks = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    locks.mkdir(parents=True)
    lock = locks / "one.json"
    for content in (
        '{"pid":1,"username":"ann","hostname":"elsewhere","timestamp":"2026-11-21T04:00:00Z"}',
        "{",
    ):
        lock.write_text(content)
        with pytest.raises(UsageError) as refused:
            opened(tmp_path)
        assert "ann@elsewhere (pid 1)" in str(refused.value) or str(lock) in str(refused.value)
        assert lock.exists()
    assert len(backend(tmp_path).cancel(PROJECT, STACK)) == 1
    opened(tmp_path).close()


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system does not tell of ended processes"
)
def test_the_lock_of_a_process_that_ended_counts_no_more_though_nobody_asked_how_it_ended(
    tmp_path: Path,
) -> None:
    locks = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    locks.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        said = {"pid": ended.pid, "username": "ann", "hostname": socket.gethostname()}
        (locks / "one.json").write_text(json.dumps(said))
        opened(tmp_path).close()
    assert list(locks.iterdir()) == []


def test_a_lock_that_comes_while_ours_is_written_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Lock._write
    theirs = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / STACK / "theirs.json"

    def at_once(lock: Lock) -> None:
        ours(lock)
        theirs.write_text(json.dumps({"pid": 1, "username": "ann", "hostname": "elsewhere"}))

    monkeypatch.setattr(Lock, "_write", at_once)
    with pytest.raises(UsageError, match="ann@elsewhere"):
        opened(tmp_path)
    assert list(theirs.parent.iterdir()) == [theirs], "ours is gone"


def test_of_two_that_open_a_stack_at_once_never_both_get_it(tmp_path: Path) -> None:
    held, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal held, most
        try:
            file = opened(tmp_path)
        except UsageError:
            return
        with guard:
            held += 1
            most = max(most, held)
        time.sleep(0.01)
        with guard:
            held -= 1
        file.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_steps_from_many_threads_are_all_recorded(tmp_path: Path) -> None:
    with opened(tmp_path) as file:

        def work(number: int) -> None:
            for index in range(20):
                state = resource(f"{number}-{index}")
                file.commit(state, None, file.begin("creating", state))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(recorded(tmp_path)) == 80
    assert "pending_operations" not in written(tmp_path)


def test_the_cost_of_a_step_does_not_grow_with_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = os.write

    def recording(descriptor: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(descriptor, data)

    with opened(tmp_path) as file:
        file.create()
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", recording)
            patched.setattr(
                state_files, "write_durably", lambda *_: pytest.fail("the checkpoint was rewritten")
            )
            for index in range(1000):
                state = resource(f"{index:04}", inputs={"tags": {"a": "b"}}, outputs={"x": "y" * 200})
                file.commit(state, None, file.begin("creating", state))
    assert sum(sizes[-100:]) < 1.2 * sum(sizes[100:200])


def test_the_stacks_of_a_project_are_listed(tmp_path: Path) -> None:
    for stack in ("prod", STACK):
        with backend(tmp_path).open(PROJECT, stack, salt=SALT) as file:
            file.create()
            file.create()
    with backend(tmp_path).open("other", "x", salt=SALT) as file:
        file.create()
    assert backend(tmp_path).stacks(PROJECT) == ["prod", STACK]
    assert backend(tmp_path).stacks("none") == []


def test_another_stack_is_referred_to_by_any_of_its_names(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(root(outputs={"url": "x", "p": make_secret("q")}), None)
    for reference in (STACK, f"organization/{STACK}", f"organization/{PROJECT}/{STACK}"):
        assert backend(tmp_path).stack_outputs(reference, PROJECT) == (
            {"url": "x", "p": make_secret("q")},
            ["p"],
        )
    assert backend(tmp_path).stack_outputs("missing", PROJECT) is None
    with pytest.raises(UsageError, match="the organization of a file backend is 'organization'"):
        backend(tmp_path).stack_outputs(f"acme/{PROJECT}/{STACK}", PROJECT)


def test_only_an_empty_stack_can_be_removed(tmp_path: Path) -> None:
    with opened(tmp_path) as file:
        file.commit(resource("a"), None)
    with pytest.raises(UsageError, match="still has 1 resources"):
        backend(tmp_path).remove(PROJECT, STACK)
    with opened(tmp_path) as file:
        file.commit(None, file.snapshot.resources[0])
    backend(tmp_path).remove(PROJECT, STACK)
    assert list(checkpoint_of(tmp_path).parent.iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "x" * 101])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        backend(tmp_path).open(PROJECT, name)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is not set"),
        ("s3://bucket", "not on this machine"),
        ("file:///no/such/directory", "make it first"),
    ],
)
def test_a_backend_that_is_not_a_directory_here_is_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Backend.from_environment({**ENVIRONMENT, "PULUMI_BACKEND_URL": url})


def test_the_layout_of_old_versions_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".pulumi" / "stacks").mkdir(parents=True)
    (tmp_path / ".pulumi" / "stacks" / "old.json").write_text("{}")
    with pytest.raises(UsageError, match="pulumi state upgrade"):
        opened(tmp_path)
    (tmp_path / ".pulumi" / "meta.yaml").write_text("version: 2\n")
    with pytest.raises(UsageError, match="version: 1"):
        opened(tmp_path)


def test_a_compressed_state_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    file = checkpoint_of(tmp_path)
    file.parent.mkdir(parents=True)
    file.with_name(f"{STACK}.json.gz").write_bytes(b"")
    with pytest.raises(UsageError, match="compressed"):
        opened(tmp_path)


def test_a_provider_is_kept_before_what_it_provides(tmp_path: Path) -> None:
    aws = provider()
    with opened(tmp_path) as file:
        file.commit(resource("vpc", provider=f"{aws.urn}::{aws.id}"), None)
        file.commit(aws, None)
    assert recorded(tmp_path) == ["default", "vpc"]
