"""Steps of a local bake run in AWSTOE's order, as often and as long as they say, and fail as they say."""

from __future__ import annotations

from typing import Any

import pytest

from images.documents import Step
from images.recipes import RecipeComponent
from scripts.bakes import executor
from scripts.bakes.executor import TIMED_OUT, Ended, StepFailedError
from scripts.releases.errors import RefusedError
from tests.scripts.bake_place import Recorder, document, recipe, step


def bash(name: str, command: str, **more: Any) -> Step:
    return step(name, inputs={"commands": [command]}, **more)


def failing(*commands: str, code: int = 1, output: str = "") -> Recorder:
    return Recorder(lambda script: Ended(code if script in commands else 0, output))


def run(place: Recorder, *steps: Step) -> list[str]:
    said: list[str] = []
    executor.run_phase([document(build=steps)], "build", place, said.append)
    return said


def test_steps_run_in_order_one_document_after_the_other() -> None:
    place = Recorder()
    said: list[str] = []
    documents = [
        document("first", build=[bash("a", "1"), bash("b", "2")], test=[bash("t", "never")]),
        document("second", build=[bash("a", "3")]),
    ]
    executor.run_phase(documents, "build", place, said.append)
    assert place.ran == ["1", "2", "3"]
    assert [line.split(":")[0] for line in said] == ["build first/a", "build first/b", "build second/a"]


def test_a_step_has_its_own_time_limit() -> None:
    place = Recorder()
    run(place, bash("a", "1", timeout_seconds=5), bash("b", "2", timeout_seconds=-1), bash("c", "3"))
    assert place.limits == [5, -1, 7200]


def test_the_first_failure_ends_everything_with_the_steps_own_output() -> None:
    place = failing("2", code=3, output="at first\nbroken pipe\n\n")
    with pytest.raises(StepFailedError, match=r"build first/b failed \(exit code 3\): broken pipe$") as error:
        run(place, bash("a", "1"), bash("b", "2"), bash("c", "3"))
    assert place.ran == ["1", "2"]
    assert error.value.exit_code == 1
    assert error.value.details == {"step": "build first/b", "exitCode": 3, "log": ["at first", "broken pipe"]}


def test_a_failure_with_continue_fails_the_phase_after_its_other_steps() -> None:
    place = failing("1")
    with pytest.raises(StepFailedError, match="first/a failed"):
        run(place, bash("a", "1", on_failure="Continue"), bash("b", "2"))
    assert place.ran == ["1", "2"]


def test_of_two_failures_the_first_is_told() -> None:
    place = failing("1", "2")
    with pytest.raises(StepFailedError, match="first/a failed"):
        run(place, bash("a", "1", on_failure="Continue"), bash("b", "2"))


def test_a_failure_with_ignore_is_told_and_nothing_more() -> None:
    place = failing("1", output="no matter")
    said = run(place, bash("a", "1", on_failure="Ignore"), bash("b", "2"))
    assert said[0] == "build first/a failed (exit code 1): no matter; ignored, as the step says"
    assert place.ran == ["1", "2"]


def test_a_step_is_tried_as_often_as_it_says_and_no_more() -> None:
    place = failing("1")
    with pytest.raises(StepFailedError):
        run(place, bash("a", "1", max_attempts=3))
    assert place.ran == ["1"] * 3


def test_a_step_that_succeeds_is_not_tried_again() -> None:
    ends = iter([1, 0])
    place = Recorder(lambda _: Ended(next(ends), ""))
    run(place, bash("a", "1", max_attempts=3))
    assert place.ran == ["1", "1"]


def test_a_step_that_takes_too_long_says_how_long_it_may() -> None:
    with pytest.raises(StepFailedError, match=r"took longer than 5 s\): it printed nothing"):
        run(failing("1", code=TIMED_OUT), bash("a", "1", timeout_seconds=5))


def test_a_step_that_asks_for_a_restart_fails_at_once() -> None:
    place = failing("1", code=194)
    with pytest.raises(StepFailedError, match="asks for a restart"):
        run(place, bash("a", "1", max_attempts=3))
    assert place.ran == ["1"]


def test_only_the_end_of_a_long_output_is_kept() -> None:
    output = "\n".join(str(number) for number in range(1000))
    with pytest.raises(StepFailedError) as error:
        run(failing("1", output=output), bash("a", "1"))
    assert error.value.details["log"] == [str(number) for number in range(940, 1000)]


def test_an_action_that_is_not_possible_here_is_refused_in_one_line() -> None:
    away = step("fetch", "S3Download", [{"source": "s3://bucket/key", "destination": "/tmp/file"}])  # noqa: S108
    wrong = recipe(document(build=[step()], test=[step(), away]))
    with pytest.raises(RefusedError) as error:
        executor.check(wrong)
    assert str(error.value).startswith(
        "images/documents/first.yaml: test/fetch: S3Download is not possible in a bake on this machine; "
        "mark the document `on: aws` in the recipe, or use one of AppendFile, "
    )


def test_a_document_that_only_aws_runs_may_do_what_is_not_possible_here() -> None:
    away = document("agents", build=[step("restart", "Reboot")])
    mixed = recipe(RecipeComponent(document=away, on="aws"), document(test=[step()]))
    executor.check(mixed)
    assert [each.name for each in executor.here(mixed)] == ["first"]
    assert executor.left_out(mixed) == ("agents",)
