"""`preview` of what fails or is refused: one line, and the comment says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.parsers import ResponseParserError

from scripts.releases import aws
from scripts.releases.aws import AwsError
from tests.scripts.previews import Previews
from tests.scripts.release_project import NEW, OLD, ReleaseProject
from tests.scripts.told_events import GROUP, TEMPLATE, urn


@pytest.fixture
def previews(tmp_path: Path) -> Previews:
    return Previews(ReleaseProject(tmp_path), tmp_path)


def test_a_mandatory_finding_fails_the_preview_and_the_comment_says_which(previews: Previews) -> None:
    told = previews.told
    told.finds("immutable-no-key-pair", urn(TEMPLATE, "web"), "keyName is x", enforcementLevel="mandatory")
    told.ends("failed", PolicyPacks={"immutable": "v0.1.0"})
    file = previews.folder / "staging.md"
    done = previews.run("--markdown", str(file), "--output", str(previews.folder / "out"))
    assert done.code == 1
    assert done.error == "release: preview of staging: the guardrails refuse it: immutable-no-key-pair\n"
    text = file.read_text()
    assert text.startswith("### staging: the preview failed\n")
    assert "| **medium** | `immutable-no-key-pair` | `web` | keyName is x |" in text
    assert "1 finding, 1 of which stops an `up`" in text
    assert (previews.folder / "out").read_text() == "ok=false\nchanges=false\n"


def test_what_guardrails_refuse_still_says_where_its_image_comes_from_but_not_what_it_costs(
    previews: Previews,
) -> None:
    told = previews.told
    told.service("web", OLD, NEW)
    told.step("update", GROUP, "web", {"maxSize": 4}, {"maxSize": 6}, id="web")
    told.finds("ec2-8", urn(TEMPLATE, "web"), "off", enforcementLevel="mandatory")
    told.says("error", "policy ec2-8 forbids it")
    told.ends("failed")
    done = previews.run("--markdown", "-")
    assert done.error == "release: preview of staging: the guardrails refuse it: ec2-8\n"
    assert "| recipe | `service 0123456789abcdef` |" in done.out
    assert "**Cost.**" not in done.out


def test_a_file_that_says_nothing_is_told_in_the_comment_too(previews: Previews) -> None:
    previews.project.file("staging").write_text("config: [")
    done = previews.run("--markdown", "-")
    assert done.code == 2
    assert done.error.startswith("release: preview of staging: Pulumi.staging.yaml: ")
    assert "The preview failed: Pulumi.staging.yaml: " in done.out


def test_a_failure_is_one_line_of_a_traceback(previews: Previews) -> None:
    previews.told.says(
        "error", "Program failed with an unhandled exception:\n  File x, line 1\n    ...\nKeyError: 'x'\n"
    )
    previews.told.says("error", "preview failed")
    previews.told.ends("failed")
    done = previews.run()
    assert done.code == 1
    assert done.error == (
        "release: preview of staging: Program failed with an unhandled exception: KeyError: 'x'\n"
    )


def test_a_config_that_is_refused_names_every_line_and_ends_with_2(previews: Previews) -> None:
    name = "Pulumi.staging.yaml"
    previews.told.says("error", f"{name}: immutable:a: one\n{name}: immutable:b: two\n")
    previews.told.ends("failed")
    assert previews.run().refusal == f"preview of staging: {name}: immutable:a: one; immutable:b: two"
    assert "immutable:a: one; immutable:b: two" in previews.run("--markdown", "-").out


def test_a_log_that_stops_in_the_middle_is_a_failure(previews: Previews) -> None:
    previews.told.service("web", OLD, NEW)
    assert previews.run().error == "release: preview of staging: it did not come to its end\n"


def test_without_aws_the_changes_are_told_all_the_same(
    previews: Previews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    previews.told.service("web", OLD, NEW)
    previews.told.ends()
    text = previews.markdown(
        variables={**previews.project.variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    )
    assert f"**web**: image `{OLD}` → `{NEW}`" in text
    assert "- how servers would be replaced is not known: " in text


def test_an_answer_that_is_not_awss_is_an_error_as_any_other() -> None:
    with pytest.raises(AwsError, match="AWS cannot be asked: <html>"), aws.errors():
        raise ResponseParserError("<html>")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("preview", "nope"), "there is no Pulumi.nope.yaml in "),
        (("preview", "a b"), "'a b' is not a stack's name"),
        (("preview", "staging", "--markdown", "/nowhere/x"), "--markdown /nowhere/x cannot be written"),
        (("preview", "staging", "--events", "/nowhere/x"), "the event log /nowhere/x cannot be read"),
        (("preview", "staging", "--prices", "/nowhere/x"), "--prices: /nowhere/x cannot be read"),
        (("diagram", "staging", "--svg", "/nowhere/x"), "--svg /nowhere/x cannot be written"),
        (
            ("diagram", "staging", "--svg", "-", "--mermaid", "-"),
            "--mermaid and --svg both write to standard",
        ),
        (("diagram", "staging"), "staging has no state: run `pulumi up -s staging` first, or add --preview"),
    ],
)
def test_bad_input_is_one_line(previews: Previews, arguments: tuple[str, ...], line: str) -> None:
    assert previews.project.refused(*arguments).startswith(line)


def test_markdown_and_json_do_not_both_go_to_standard_output(previews: Previews) -> None:
    previews.told.ends()
    refusal = previews.run("--json", "--markdown", "-").refusal
    assert refusal == "--json and --markdown both write to standard output; name a file for one of them"
