"""`preview`: what an `up` would do, in words, from what Pulumi's engine told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from scripts.releases import aws, preview_markdown
from scripts.releases.aws import AwsError
from tests.scripts import account
from tests.scripts.live_environment import BETTER, GOOD, LiveEnvironment, live_environment
from tests.scripts.release_project import NEW, OLD, Finished, ReleaseProject, service
from tests.scripts.told_events import DATABASE, GROUP, NETWORK, ROLLOUT, TEMPLATE, ToldEvents, urn


class Previews:
    """A project, and what the engine told of its staging."""

    def __init__(self, project: ReleaseProject, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.told = ToldEvents()

    def run(self, *arguments: str, **more: Any) -> Finished:
        log = self.told.write(self.folder / "events.json")
        return self.project.run("preview", "staging", "--events", str(log), *arguments, **more)

    def markdown(self, **more: Any) -> str:
        done = self.run("--markdown", "-", **more)
        assert done.code == 0, done.error
        return done.out

    def json(self) -> Any:
        return json.loads(self.run("--json").out)


@pytest.fixture
def previews(tmp_path: Path) -> Previews:
    return Previews(ReleaseProject(tmp_path), tmp_path)


def sections(text: str) -> list[str]:
    """The folded parts, by their summaries."""
    return [line[len("<summary>") : -len("</summary>")] for line in text.split("\n") if "<summary>" in line]


def test_nothing_changes(previews: Previews) -> None:
    previews.told.ends()
    done = previews.run("--output", str(previews.folder / "out"))
    assert (done.code, done.out) == (0, "staging: nothing changes\n")
    assert (previews.folder / "out").read_text() == "ok=true\nchanges=false\n"
    assert previews.markdown() == "### staging: nothing changes\n"


def test_a_release_names_where_both_images_come_from(previews: Previews) -> None:
    previews.told.service("web", OLD, NEW)
    previews.told.service("api", OLD, NEW)
    previews.told.says("info", f"pre-flight passed: {NEW}: recipe service")
    previews.told.ends()
    text = previews.markdown()
    assert text.startswith(f"### staging: api and web from {OLD} to {NEW}\n")
    assert f"**api** and **web**: image `{OLD}` → `{NEW}`" in text
    assert "| recipe | `service 0123456789abcdef` | `service 0123456789abcdef` |" in text
    assert f"| commit | `{account.TAGS['immutable:commit']}` |" in text
    assert "| pre-flight |  | passed |" in text
    assert "What else changes" not in text
    assert previews.json()["release"][0] == {"service": "api", "from": OLD, "to": NEW, "renewed": False}


def test_services_that_come_go_and_are_renewed_say_so(previews: Previews) -> None:
    previews.told.service("new", None, NEW)
    previews.told.service("old", OLD, None)
    previews.told.service("same", OLD, OLD, userData="other")
    previews.told.ends()
    text = previews.markdown()
    assert f"**new**: new, on image `{NEW}`." in text
    assert "**old**: the service goes, with its servers." in text
    assert f"**same**: every server is replaced by one of the same image `{OLD}`" in text


def test_what_only_concerns_how_a_release_goes_replaces_no_server(previews: Previews) -> None:
    old, new = ({"image_id": OLD, "launch_template_version": "3", "timeout_seconds": n} for n in (1, 2))
    previews.told.step("update", ROLLOUT, "web", old, new)
    previews.told.ends()
    assert previews.json()["release"] == []
    assert previews.json()["headline"] == "1 change"
    # What is no resource of AWS's is named by its kind alone.
    assert "| the stack itself | Rollout `web` | updated | `timeout_seconds` |" in previews.markdown()


def test_a_resource_that_a_release_changes_in_more_than_its_image_is_told(previews: Previews) -> None:
    web = previews.told.service("web", OLD, NEW)
    previews.told.step("update", GROUP, "web", {"imageId": 1}, {"imageId": 2}, parent=web)
    previews.told.ends()
    assert previews.json()["headline"].endswith(", and 1 other change")


def test_what_else_changes_stands_by_component_and_property(previews: Previews) -> None:
    web = previews.told.service("web", OLD, NEW, userData="other")
    previews.told.step(
        "update", GROUP, "web", {"maxSize": 4, "tags": {}}, {"maxSize": 6, "tags": {"a": 1}}, parent=web
    )
    previews.told.ends()
    text = previews.markdown()
    assert "**What else changes**" in text
    assert "| web | autoscaling Group `web` | updated | `maxSize`, `tags` |" in text
    # Of the template the release tells that its image changes, and not that the rest does.
    assert "| web | ec2 LaunchTemplate `web` | updated | `userData` |" in text
    assert "and 2 other changes" in text
    assert "-     maxSize: 4\n+     maxSize: 6" in text
    assert sections(text)[-1] == "Full diff of staging: 3 resources"


def test_many_changes_are_counted_and_those_that_need_judgement_named(previews: Previews) -> None:
    network = previews.told.component(NETWORK, "network")
    for number in range(preview_markdown.MOST_CHANGES):
        previews.told.step("create", "aws:ec2/subnet:Subnet", f"s{number}", None, {}, parent=network)
    previews.told.step("update", "aws:ec2/vpc:Vpc", "network", {"tags": 1}, {"tags": 2}, parent=network)
    previews.told.ends()
    text = previews.markdown()
    assert "| network | 30 created, 1 updated |" in text
    assert "| network | ec2 Vpc `network` | updated | `tags` |" in text
    assert "Subnet `s1`" not in text


def test_data_that_would_be_gone_is_said_first(previews: Previews) -> None:
    told = previews.told
    told.step("delete", "aws:kms/key:Key", "main", {}, None)
    told.step("replace", DATABASE, "main", {"engine": "postgres"}, {"engine": "mysql"}, keys=["engine"])
    told.step("delete", DATABASE, "small", {"finalSnapshotIdentifier": "last"}, None)
    told.step("delete", DATABASE, "kept", {}, None, retainOnDelete=True)
    told.step("delete", DATABASE, "safe", {}, None, protect=True)
    told.ends()
    lost = "database main (replaced), database small (deleted; a last snapshot stays), key main (deleted)"
    text = previews.markdown()
    assert text.split("\n")[2:4] == ["> [!CAUTION]", f"> This would be gone, with what is in it: {lost}"]
    assert "| rds Instance `kept` | let go of, and it stays in AWS |" in text
    assert "| rds Instance `safe` | deleted, which `up` refuses: it is protected |" in text
    assert "! REPLACE aws:rds/instance:Instance main (because engine cannot be changed)" in text
    assert previews.json()["losses"] == lost.split(", ")


def test_findings_on_what_changes_come_first_and_the_others_are_folded(previews: Previews) -> None:
    told = previews.told
    changed = told.step("update", GROUP, "web", {"maxSize": 4}, {"maxSize": 6})
    stays = told.step("same", GROUP, "api", {}, {})
    told.finds("rds-5", stays, "in one zone | and `multiAz` off")
    told.finds("ec2-8", changed, "asks nothing <b> of @someone", severity="high")
    told.ends(PolicyPacks={"immutable": "v0.1.0"})
    text = previews.markdown()
    before, _, after = text.partition("<details>")
    assert "**Guardrails.** 2 findings, none of which stops an `up`." in before
    assert "| high | `ec2-8` | `web` | asks nothing &lt;b&gt; of @\u200bsomeone |" in before
    assert "<summary>1 of them, on what stays as it is</summary>" in after
    assert "| medium | `rds-5` | `api` | in one zone \\| and `multiAz` off |" in after


def test_guardrails_that_find_nothing_say_so_and_none_say_nothing(previews: Previews) -> None:
    previews.told.ends(PolicyPacks={"immutable": "v0.1.0"})
    assert "**Guardrails.** They found nothing." in previews.markdown()
    previews.told = ToldEvents().ends()
    assert "Guardrails" not in previews.markdown()


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


def test_warnings_are_remarks_but_for_where_a_program_was_found(previews: Previews) -> None:
    previews.told.says("warning", "using pulumi-resource-aws from $PATH at /x")
    previews.told.says("warning", "1 pending operation from an earlier update")
    previews.told.ends()
    assert previews.json()["remarks"] == ["1 pending operation from an earlier update"]
    assert "- 1 pending operation from an earlier update" in previews.markdown()


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


def test_no_value_breaks_out_of_the_diff(previews: Previews) -> None:
    previews.told.step("create", GROUP, "web", None, {"body": "a ```` b"})
    previews.told.ends()
    text = previews.markdown()
    assert '`````diff\n+ create aws:autoscaling/group:Group web\n+     body: "a ```` b"\n`````\n' in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("preview", "nope"), "there is no Pulumi.nope.yaml in "),
        (("preview", "a b"), "'a b' is not a stack's name"),
        (("preview", "staging", "--markdown", "/nowhere/x"), "--markdown /nowhere/x cannot be written"),
        (("preview", "staging", "--events", "/nowhere/x"), "the event log /nowhere/x cannot be read"),
        (("preview", "staging", "--prices", "/nowhere/x"), "--prices: /nowhere/x cannot be read"),
        (("diagram", "staging", "--svg", "/nowhere/x"), "--svg /nowhere/x cannot be written"),
        (("diagram", "staging"), "staging has no state: run `pulumi up -s staging` first, or add --preview"),
    ],
)
def test_bad_input_is_one_line(previews: Previews, arguments: tuple[str, ...], line: str) -> None:
    assert previews.project.refused(*arguments).startswith(line)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        settings = {"minHealthyPercentage": 100, "maxHealthyPercentage": 110, "autoRollback": True}
        made.project.state(
            "staging", {"web": {**service(GOOD), "group": "web", "refreshPreferences": settings}}
        )
        made.settled(desired=3)
        yield made


def live_preview(live: LiveEnvironment, told: ToldEvents, folder: Path, *arguments: str) -> Finished:
    return live.run("preview", "staging", "--events", str(told.ends().write(folder / "e.json")), *arguments)


def test_how_servers_would_be_replaced_is_that_of_the_plan(live: LiveEnvironment, tmp_path: Path) -> None:
    told = ToldEvents()
    told.service("web", GOOD, BETTER)
    text = live_preview(live, told, tmp_path, "--markdown", "-").out
    plan = live.json("plan", "staging")["services"]["web"]
    amount = f"{plan['cost']['amount']:.4f} USD"
    assert f"| web | 3 of 3 | {plan['batches']} | 5 | 3 of 3 | {plan['highest']} | {amount} |" in text
    assert sections(text)[0] == "How servers are replaced, and how a failure would end"
    assert f"- web: if it fails, {GOOD} comes back by itself" in text
    assert "\n\n\n" not in text


def test_a_changed_template_replaces_every_server_though_no_image_changes(
    live: LiveEnvironment, tmp_path: Path
) -> None:
    live.image(GOOD)
    told = ToldEvents()
    told.service("web", GOOD, GOOD, userData="other")
    assert live.json("plan", "staging")["services"]["web"]["replaced"] == 0
    found = json.loads(live_preview(live, told, tmp_path, "--json").out)
    assert found["plan"]["services"]["web"]["replaced"] == 3


def test_a_service_that_sleeps_says_that_nothing_is_replaced(live: LiveEnvironment, tmp_path: Path) -> None:
    live.scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=live.scene.name, MinSize=0, DesiredCapacity=0
    )
    told = ToldEvents()
    told.service("web", GOOD, BETTER)
    text = live_preview(live, told, tmp_path, "--markdown", "-").out
    assert "- web: sleeps (desired capacity 0): no server is replaced" in text
    assert "servers replaced" not in text


def test_the_text_has_the_plan_and_the_rest(live: LiveEnvironment, tmp_path: Path) -> None:
    told = ToldEvents()
    web = told.service("web", GOOD, BETTER)
    told.step("update", GROUP, "web", {"maxSize": 4}, {"maxSize": 6}, parent=web)
    lines = live_preview(live, told, tmp_path).out.splitlines()
    assert lines[0] == f"staging: web from {GOOD} to {BETTER}, and 1 other change"
    assert lines[2].split()[:4] == ["web", BETTER, "3", "of"]
    assert "web        autoscaling Group web  updated  maxSize" in lines
