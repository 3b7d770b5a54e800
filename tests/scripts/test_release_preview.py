"""`preview`: what an `up` would do, in words, from what Pulumi's engine told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.releases import preview_markdown
from tests.scripts import account
from tests.scripts.previews import Previews, sections
from tests.scripts.release_project import NEW, OLD, ReleaseProject
from tests.scripts.told_events import DATABASE, GROUP, NETWORK, ROLLOUT, ToldEvents, urn


@pytest.fixture
def previews(tmp_path: Path) -> Previews:
    return Previews(ReleaseProject(tmp_path), tmp_path)


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
    assert "| recipe | `service 0123456789abcdef` |\n" in text
    assert "pre-flight" not in text
    assert "**old**: the service goes, with its servers." in text
    assert previews.json()["headline"].startswith(
        f"new new on {NEW}, old taken away and same renewed on {OLD}, and "
    )
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


def test_what_is_new_and_deep_in_a_component_stands_by_the_outermost_one(previews: Previews) -> None:
    told = previews.told
    part = told.component("immutable:logs:Part", "part", told.component(NETWORK, "network"))
    told.step("create", "aws:ec2/subnet:Subnet", "a", None, {"cidr": "10.0.0.0/24"}, parent=part)
    told.ends()
    assert "| network | ec2 Subnet `a` | created |  |" in previews.markdown()
    assert previews.json()["changes"][0]["component"] == "network"
    assert previews.json()["changes"][0]["properties"] == []
    assert previews.json()["release"] == []


def test_what_it_costs_is_told_without_a_release_too_and_not_without_a_region(previews: Previews) -> None:
    previews.told.step("create", "aws:ec2/natGateway:NatGateway", "a", None, {})
    previews.told.ends()
    assert "**Cost.** It costs 37.96 to 37.96 USD a month, as far as there are prices." in previews.markdown()
    assert previews.json()["cost"]["least"] == 37.96
    file = previews.project.file("staging")
    file.write_text(file.read_text().replace("  aws:region: eu-central-1\n", ""))
    assert "**Cost.**" not in previews.markdown()


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


def test_warnings_are_remarks_but_for_where_a_program_was_found(previews: Previews) -> None:
    previews.told.says("warning", "using pulumi-resource-aws from $PATH at /x")
    previews.told.says("warning", "1 pending operation from an earlier update")
    previews.told.ends()
    assert previews.json()["remarks"] == ["1 pending operation from an earlier update"]
    assert "- 1 pending operation from an earlier update" in previews.markdown()


def test_no_value_breaks_out_of_the_diff(previews: Previews) -> None:
    previews.told.step("create", GROUP, "web", None, {"body": "a ```` b"})
    previews.told.ends()
    text = previews.markdown()
    assert '`````diff\n+ create aws:autoscaling/group:Group web\n+     body: "a ```` b"\n`````\n' in text


def test_a_diagram_of_a_stack_and_of_what_changes_in_it(previews: Previews) -> None:
    project, picture = previews.project, previews.folder / "picture.svg"
    project.runs("staging", OLD)
    state = project.stacks / "staging.json"
    document = json.loads(state.read_text())
    document["checkpoint"]["latest"]["resources"].append(
        {"urn": urn(GROUP, "web"), "type": GROUP, "custom": True}
    )
    state.write_text(json.dumps(document))
    done = project.run("diagram", "staging", "--svg", str(picture))
    assert (done.code, done.out) == (0, "")
    assert "<title>immutable staging: 1 resource</title>" in picture.read_text()
    assert "Group web" in project.run("diagram", "staging").out
    previews.told.step("create", GROUP, "api", None, {})
    log = previews.told.ends().write(previews.folder / "events.json")
    changed = project.run("diagram", "staging", "--events", str(log)).out
    assert "+ Group api" in changed
    assert "Group web" not in changed
