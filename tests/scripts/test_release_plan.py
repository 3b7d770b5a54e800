"""`plan`: what it says before a release, and that the release then goes like that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import prices
from tests.rehearsal.cloud.scene import BETTER, BOOT, DRAIN, GOOD, HEALTHY, WARM
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.release_project import service

PREFERENCES = {"minHealthyPercentage": 100, "maxHealthyPercentage": 110, "autoRollback": True}
UP = {**service(GOOD), "group": "web"}


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        made.project.state("staging", {"web": UP | {"refreshPreferences": PREFERENCES}})
        yield made


def plan(live: LiveEnvironment, *arguments: str) -> Any:
    return live.json("plan", "staging", *arguments)["services"]["web"]


def test_a_plan_is_what_then_happens(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    planned = plan(live)
    live.scene.start(2)
    most = []
    while live.scene.refresh()["Status"] in ("Pending", "InProgress"):
        live.scene.cloud.step(5)
        most.append(len(live.scene.versions()))
    refresh = live.scene.refresh()
    took = (refresh["EndTime"] - refresh["StartTime"]).total_seconds()
    assert planned["batches"] == 3
    assert planned["seconds"] == pytest.approx(took, abs=15)
    assert (planned["lowest"], planned["highest"]) == (3, max(most))


def test_the_numbers_of_a_plan(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    planned = plan(live)
    batch = BOOT + WARM
    assert (planned["image"], planned["runs"]) == (BETTER, GOOD)
    assert (planned["servers"], planned["desired"], planned["replaced"]) == (3, 3, 3)
    assert (planned["bootSeconds"], planned["batchSeconds"], planned["seconds"]) == (BOOT, batch, 3 * batch)
    assert planned["cost"]["extraHours"] == pytest.approx((3 * batch + 3 * DRAIN) / 3600)
    assert planned["cost"]["instanceType"] == "m7g.large"
    assert planned["cost"]["amount"] == pytest.approx(planned["cost"]["extraHours"] * 0.0978)
    assert planned["failure"] == {
        "image": GOOD,
        "firstBatchSeconds": 0.0,
        "lastBatchSeconds": 3 * batch,
        "lowest": 3,
    }


def test_a_plan_in_words(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    done = live.run("plan", "staging")
    assert (done.code, done.error) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == [
        "service", "image", "servers", "replaced", "batches", "minutes", "fewest", "most", "extra", "hours",
        "cost",
    ]  # fmt: skip
    assert lines[1].split() == f"web {BETTER} 3 of 3 3 3 5 3 4 0.11 0.0106 USD".split()
    assert lines[2:] == [
        "web: 100% to 110% healthy; a batch takes 1.7 min (launches took 40 s lately; warm-up 60 s)",
        "web: a server that goes takes 30 s at most to drain and flush (no termination of late to measure); "
        "until then it runs and costs beside the new one",
        f"web: if it fails, {GOOD} comes back by itself: at once when the first batch fails, in 5 min "
        "when the last one does; 3 servers serve all the while",
        "web: no alarm stops it",
        f"pre-flight passed: {BETTER}: recipe unknown, commit unknown, tests passed, findings critical=0 "
        "high=0 medium=0",
        "prices of 2025-03-02, preferred types only: On-demand Linux servers with shared tenancy, per hour, "
        "without taxes, volumes and traffic.",
    ]


def test_the_config_overrides_what_the_stack_last_used(live: LiveEnvironment) -> None:
    live.settled(desired=4)
    more = "      warmupSeconds: 200\n      healthCheckGraceSeconds: 300\n"
    live.image(BETTER, "      refresh: {minHealthyPercentage: 50}\n" + more)
    planned = plan(live)
    assert planned["preferences"]["minHealthyPercentage"] == 50
    assert planned["preferences"]["maxHealthyPercentage"] == 110
    assert (planned["batches"], planned["lowest"], planned["batchSeconds"]) == (2, 2, BOOT + 200)


def test_limits_in_the_config_move_the_capacity_first(live: LiveEnvironment) -> None:
    live.settled(desired=2)
    live.image(BETTER, "      min: 5\n      max: 9\n")
    assert plan(live)["desired"] == 5


def test_without_preferences_in_the_stack_the_groups_policy_counts_and_is_named(
    live: LiveEnvironment,
) -> None:
    policy = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 150}
    live.settled(desired=4, InstanceMaintenancePolicy=policy)
    live.project.state("staging", {"web": UP})
    document = live.json("plan", "staging")
    chosen = document["services"]["web"]["preferences"]
    assert (chosen["minHealthyPercentage"], chosen["maxHealthyPercentage"]) == (50, 150)
    assert document["services"]["web"]["failure"]["image"] is None
    assert document["remarks"] == [
        "web: its stack says no preferences yet; so the group's own policy is counted with, and the next "
        "`up` may use another"
    ]


def test_a_state_that_cannot_be_read_is_told_and_the_plan_made_without_it(live: LiveEnvironment) -> None:
    live.settled()
    (live.project.stacks / "staging.json").write_text("{")
    (remark,) = live.json("plan", "staging")["remarks"]
    assert "staging.json is damaged" in remark
    assert "the group's own policy is counted with" in remark


def test_another_image_can_be_planned(live: LiveEnvironment) -> None:
    live.settled()
    planned = plan(live, "--image", GOOD)
    assert (planned["image"], planned["replaced"], planned["batches"], planned["seconds"]) == (
        GOOD,
        0,
        0,
        0.0,
    )
    out = live.run("plan", "staging", "--image", GOOD).out
    assert f"web: every server runs {GOOD}; this image needs no refresh" in out


def test_a_service_with_an_image_of_its_own_is_planned_with_it(live: LiveEnvironment) -> None:
    live.settled()
    live.image(GOOD, f"      imageId: {BETTER}\n")
    assert plan(live, "--image", GOOD)["image"] == BETTER
    assert plan(live, "--image", GOOD, "--service", "web")["image"] == GOOD


def test_a_server_that_has_the_image_already_is_left_alone(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    live.scene.start(2)
    live.scene.until(lambda: live.scene.refresh()["PercentageComplete"] == 33)
    live.scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    live.scene.cloud.step(200)
    planned = plan(live)
    on_it = live.scene.versions().count("2")
    assert on_it
    assert planned["replaced"] == planned["servers"] - on_it


def test_a_running_refresh_is_told(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    assert plan(live)["refreshing"] is True
    assert "a refresh is running already" in live.run("plan", "staging").out


def test_a_service_without_a_group_is_remarked(live: LiveEnvironment) -> None:
    live.settled()
    live.image(BETTER, "    api: {port: 9090}\n")
    assert live.json("plan", "staging")["remarks"] == [
        f"api: has no group yet; its servers start on {BETTER}"
    ]


def test_a_type_without_a_price_is_said_and_not_guessed(live: LiveEnvironment, tmp_path: Path) -> None:
    live.settled()
    table = tmp_path / "prices.json"
    known = {"date": "2026-01-01", "source": "a contract", "perHour": {"m6g.large": 0.5}}
    document = {"currency": "EUR", "of": "What we pay.", "regions": {"eu-central-1": known}}
    table.write_text(json.dumps(document))
    assert plan(live, "--prices", str(table))["cost"]["amount"] is None
    out = live.run("plan", "staging", "--prices", str(table)).out
    assert "no price" in out
    assert "web: the price table does not know m7g.large in eu-central-1; give one with --prices FILE" in out


def test_a_price_table_of_ones_own_counts(live: LiveEnvironment, tmp_path: Path) -> None:
    live.settled()
    table = tmp_path / "prices.json"
    known = {"date": "2026-01-01", "source": "a contract", "perHour": {"m7g.large": 3600}}
    document = {"currency": "EUR", "of": "What we pay.", "regions": {"eu-central-1": known}}
    table.write_text(json.dumps(document))
    cost = plan(live, "--prices", str(table))["cost"]
    assert (cost["amount"], cost["currency"]) == (pytest.approx(2 * (BOOT + WARM) + 2 * DRAIN), "EUR")
    assert cost["pricesOf"] == "2026-01-01"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--image", "latest"], "--image: 'latest' is not an AMI ID"),
        (
            ["--image", "ami-000000000000000ff"],
            "Pulumi.staging.yaml, immutable:imageId: ami-000000000000000ff is not to be seen in eu-central-1",
        ),
        (["--service", "wep"], "Pulumi.staging.yaml has no service 'wep'; known: web"),
        (["--prices", "/nowhere.json"], "--prices: /nowhere.json cannot be read: No such file or directory"),
    ],
)
def test_bad_input_is_refused(live: LiveEnvironment, arguments: list[str], line: str) -> None:
    live.settled()
    assert live.refused("plan", "staging", *arguments).startswith(line)


def test_a_plan_is_refused_as_the_release_would_be_and_says_what_passed(live: LiveEnvironment) -> None:
    live.settled()
    ec2, untested = live.scene.ec2, "ami-0000000000000000f"
    live.scene.cloud.image(untested)
    own = f"    api:\n      imageId: {untested}\n"
    live.image(BETTER, own)
    # Only what is about to be replaced is looked at.
    (passed,) = live.json("plan", "staging")["preflight"]
    assert passed.startswith(f"{BETTER}: recipe unknown")
    live.image(BETTER, f"      imageId: {untested}\n")
    line = f"Pulumi.staging.yaml, immutable:services / web / imageId: {untested} has no scan on record"
    ec2.create_tags(Resources=[untested], Tags=[{"Key": "immutable:tests", "Value": "passed"}])
    assert live.refused("plan", "staging").startswith(line)
    live.image(BETTER)
    assert live.refused("plan", "staging", "--image", untested, "--service", "web").startswith(line)


def test_a_damaged_price_table_is_refused(live: LiveEnvironment, tmp_path: Path) -> None:
    live.settled()
    table = tmp_path / "prices.json"
    table.write_text('{"currency": "EUR", "of": "", "regions": {"eu-central-1": {"date": "soon"}}}')
    refusal = live.refused("plan", "staging", "--prices", str(table))
    assert refusal.startswith(f"--prices: {table}: regions.eu-central-1.date: ")


def test_the_projects_own_prices_say_when_and_where_they_are_from() -> None:
    own = prices.read(prices.OWN)
    assert own.currency == "USD"
    assert own.an_hour("eu-central-1", "t4g.small") == 0.0192
    assert own.an_hour("us-east-1", "m7g.large") == 0.0816
    assert own.an_hour("eu-central-1", "m6g.large") is None
    assert own.an_hour("eu-west-9", "t4g.small") is None
    assert all(region.source and region.date for region in own.regions.values())


def test_health_checks_that_take_longer_than_the_warm_up_count(live: LiveEnvironment) -> None:
    live.settled(DefaultInstanceWarmup=0)
    assert plan(live)["batchSeconds"] == BOOT + HEALTHY


def test_a_server_on_its_way_out_is_not_counted(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    live.scene.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=live.scene.group()["Instances"][0]["InstanceId"], ShouldDecrementDesiredCapacity=True
    )
    assert "Terminating" in live.scene.states()
    assert (plan(live)["servers"], plan(live)["desired"]) == (2, 2)
