"""What is not as declared is found, each kind of it; and nothing is where everything is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.release_project import service
from tests.scripts.servers_environment import Staging, staging


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with staging(tmp_path, monkeypatch) as made:
        made.settled()
        yield made


def drift(there: Staging, *options: str) -> list[dict[str, Any]]:
    """The findings; the exit code says whether there are any, and nothing was changed."""
    there.writes.clear()
    done = there.live.run("drift", "staging", "--json", *options)
    document = json.loads(done.out)
    assert done.code == (1 if document["findings"] else 0), done.error
    assert document["drift"] is bool(document["findings"])
    assert there.writes == []
    return list(document["findings"])


def kinds(findings: list[dict[str, Any]]) -> list[str]:
    return sorted(each["kind"] for each in findings)


def test_what_is_as_declared_has_no_drift(there: Staging) -> None:
    assert drift(there, "--max-age-days", "30") == []
    done = there.live.run("drift", "staging")
    assert (done.code, done.out) == (0, "staging: no drift among 2 servers\n")


def test_servers_of_another_image_and_version_are_found(there: Staging) -> None:
    there.live.project.state(
        "staging", {"web": service(BETTER) | {"launchTemplateVersion": "2", "group": "web"}}
    )
    found = drift(there)
    assert kinds(found) == ["image", "image", "setting", "template-version", "template-version"]
    image = next(each for each in found if each["kind"] == "image")
    assert (image["declared"], image["actual"], image["service"]) == (BETTER, GOOD, "web")
    version = next(each for each in found if each["kind"] == "template-version")
    assert (version["declared"], version["actual"]) == ("2", "1")


def test_versions_of_pulumi_and_of_aws_are_the_same_number(there: Staging) -> None:
    there.live.project.state(
        "staging", {"web": service(GOOD) | {"launchTemplateVersion": 1.0, "group": "web"}}
    )
    assert drift(there) == []


def test_a_server_that_someone_was_on_is_found(there: Staging) -> None:
    first, second = there.ids()
    ssm = there.scene.cloud.client("ssm")
    over = ssm.start_session(Target=first)["SessionId"]
    ssm.terminate_session(SessionId=over)
    still = ssm.start_session(Target=second)["SessionId"]
    found = drift(there)
    assert kinds(found) == ["login", "login"]
    assert {each["subject"]: each["actual"] for each in found} == {first: over, second: still}
    assert "user/rehearsal" in found[0]["text"]


def test_a_server_older_than_allowed_is_found(there: Staging) -> None:
    there.scene.cloud.step(9 * 86_400)
    assert kinds(drift(there, "--max-age-days", "8")) == ["age", "age"]
    assert drift(there, "--max-age-days", "10") == []
    assert drift(there) == [], "the group's own limit is 30 days"


def test_without_an_age_the_lifetime_of_the_group_is_the_limit(there: Staging) -> None:
    """The group stopped to renew its servers: someone suspended what ends them."""
    there.scene.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Terminate"])
    there.scene.cloud.step(30.2 * 86_400)
    assert kinds(drift(there)) == ["suspended"], "a group needs its time for all of them"
    there.scene.cloud.step(0.2 * 86_400)
    found = drift(there)
    assert kinds(found) == ["age", "age", "suspended"]
    assert "30.4 days old, allowed are 30 (the lifetime of web)" in found[-1]["text"]


@pytest.mark.parametrize(
    ("change", "setting", "actual"),
    [
        ({"MinSize": 1}, "the least number of servers", "1"),
        ({"MaxSize": 9}, "the greatest number of servers", "9"),
        ({"HealthCheckType": "EC2"}, "the health check", "EC2"),
        (
            {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 110}},
            "the percentage kept healthy",
            "50 to 110",
        ),
        ({"MaxInstanceLifetime": 7 * 86_400}, "the days that a server may live", "7"),
        ({"MaxInstanceLifetime": 0}, "the days that a server may live", None),
    ],
)
def test_a_group_changed_by_hand_is_found(
    there: Staging, change: dict[str, Any], setting: str, actual: str
) -> None:
    there.scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", **change)
    (found,) = drift(there)
    assert (found["kind"], found["subject"], found["actual"]) == ("setting", "web", actual)
    assert setting in found["text"]


def test_sizes_in_the_config_are_what_is_declared(there: Staging) -> None:
    there.live.image(GOOD, "      min: 1\n      max: 9\n")
    assert [each["declared"] for each in drift(there)] == ["1", "9"]


def test_suspended_processes_and_standby_are_found(there: Staging) -> None:
    autoscaling = there.scene.autoscaling
    autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["ReplaceUnhealthy"])
    aside = there.ids()[0]
    autoscaling.enter_standby(
        InstanceIds=[aside], AutoScalingGroupName="web", ShouldDecrementDesiredCapacity=False
    )
    found = drift(there)
    assert kinds(found) == ["standby", "suspended"]
    assert {each["actual"] for each in found} == {"Standby", "ReplaceUnhealthy"}


def test_a_group_that_is_gone_is_found(there: Staging) -> None:
    there.scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert kinds(drift(there)) == ["missing-group"]


def outsider(there: Staging, **settings: Any) -> str:
    made = there.scene.ec2.run_instances(
        ImageId=GOOD, MinCount=1, MaxCount=1, **({"SubnetId": there.scene.subnet_ids[0]} | settings)
    )
    return str(made["Instances"][0]["InstanceId"])


TAGS = [{"Key": "environment", "Value": "staging"}, {"Key": "project", "Value": "immutable"}]


def test_a_server_with_the_environments_tags_outside_its_groups_is_found(there: Staging) -> None:
    outsider(there)
    assert drift(there) == [], "one without tags and rules of ours is no one's concern"
    alone = outsider(there, TagSpecifications=[{"ResourceType": "instance", "Tags": TAGS}])
    assert [(each["kind"], each["subject"]) for each in drift(there)] == [("outside", alone)]


def test_a_server_in_the_environments_security_group_outside_its_groups_is_found(there: Staging) -> None:
    subnet = there.scene.ec2.describe_subnets(SubnetIds=there.scene.subnet_ids)["Subnets"][0]
    group = there.scene.ec2.create_security_group(
        GroupName="web-servers", Description="x", VpcId=subnet["VpcId"],
        TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
    )  # fmt: skip
    alone = outsider(there, SecurityGroupIds=[group["GroupId"]])
    assert [(each["kind"], each["subject"]) for each in drift(there)] == [("outside", alone)]


def test_a_quarantined_server_is_a_note_until_its_day_has_passed(there: Staging) -> None:
    sick = there.ids()[0]
    assert there.live.run("quarantine", "staging", sick, "--why", "odd traffic").code == 0
    there.scene.cloud.step(200)
    done = there.live.run("drift", "staging")
    assert done.code == 0, done.out
    assert f"note: {sick} is in quarantine until" in done.out
    there.scene.ec2.create_tags(Resources=[sick], Tags=[{"Key": "quarantine:until", "Value": "2020-01-01"}])
    assert [(each["kind"], each["subject"]) for each in drift(there)] == [("overdue", sick)]


def test_what_cannot_be_looked_at_is_not_called_free_of_drift(there: Staging) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeSessions")
    there.reject["DescribeSessions"] = denied
    done = there.live.run("drift", "staging")
    assert done.code == 1
    assert done.error == "release: AWS refused DescribeSessions: AccessDeniedException: no\n"


def test_an_age_of_no_days_is_refused(there: Staging) -> None:
    assert there.refused("drift", "staging", "--max-age-days", "0").startswith("--max-age-days 0 is not")
