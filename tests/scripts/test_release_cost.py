"""`scripts/release cost`: what an environment costs a month, from its state and a dated price table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import prices
from scripts.releases.backend import SECRET, SECRET_SIGNATURE, SIGNATURE_KEY, CommandBackend
from scripts.releases.cost import Estimate, make
from scripts.releases.cost_hours import MONTH_HOURS, Switch, awake_hours
from scripts.releases.cost_parts import State, parts
from scripts.releases.errors import ReleaseError
from tests.scripts.release_project import ReleaseProject, checkpoint

TABLE = {
    "currency": "USD",
    "of": "for tests",
    "regions": {
        "eu-central-1": {
            "date": "2026-01-01",
            "source": "a test",
            "perHour": {"m7g.large": 0.1},
            "others": [
                {
                    "date": "2026-02-02",
                    "source": "another test",
                    "prices": {
                        "volumeGp3GibMonth": 0.1,
                        "loadBalancerHour": 0.02,
                        "publicIpv4Hour": 0.005,
                        "natGatewayHour": 0.05,
                        "interfaceEndpointHour": 0.01,
                        "postgres db.t4g.medium hour": 0.08,
                        "postgres db.t4g.medium Multi-AZ hour": 0.16,
                        "databaseGp3GibMonth": 0.1,
                        "databaseGp3MultiAZGibMonth": 0.2,
                        "keyMonth": 1,
                        "secretMonth": 0.4,
                        "hostedZoneMonth": 0.5,
                        "logGib": 0.6,
                    },
                }
            ],
        }
    },
}
NIGHTS = "MON,TUE,WED,THU,FRI"


def resource(kind: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    key = inputs.pop("id", f"{name}-id")
    urn = f"urn:pulumi:staging::immutable::{kind}::{name}"
    return {"urn": urn, "custom": True, "type": kind, "id": key, "inputs": inputs, "outputs": dict(inputs)}


def group(name: str = "web", least: int = 2, most: int = 4, kind: str = "m7g.large") -> list[dict[str, Any]]:
    wanted = {"launchTemplateSpecification": {"launchTemplateId": f"lt-{name}", "version": "1"}}
    overrides = [{"instanceType": kind}, {"instanceType": "m6g.large"}]
    disk = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "volumeType": "gp3"}}
    return [
        resource("aws:ec2/launchTemplate:LaunchTemplate", name, id=f"lt-{name}", blockDeviceMappings=[disk]),
        resource(
            "aws:autoscaling/group:Group",
            name,
            name=f"{name}-group",
            minSize=least,
            maxSize=most,
            mixedInstancesPolicy={"launchTemplate": {**wanted, "overrides": overrides}},
        ),
    ]


def nightly(name: str = "web", days: str = NIGHTS) -> list[dict[str, Any]]:
    return [
        resource(
            "aws:autoscaling/schedule:Schedule",
            f"{name}-{action}",
            autoscalingGroupName=f"{name}-group",
            desiredCapacity=size,
            recurrence=f"0 {hour} * * {days}",
        )
        for action, size, hour in (("sleep", 0, 20), ("wake", 2, 7))
    ]


def database(name: str = "main", **changed: Any) -> dict[str, Any]:
    inputs = {
        "identifier": f"{name}-1",
        "engine": "postgres",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 100,
        "storageType": "gp3",
        "multiAz": False,
        "manageMasterUserPassword": True,
        **changed,
    }
    return resource("aws:rds/instance:Instance", name, **inputs)


def stopping(identifier: str) -> list[dict[str, Any]]:
    return [
        resource(
            "aws:scheduler/schedule:Schedule",
            f"main-{verb}",
            scheduleExpression=f"cron(30 {hour} ? * {NIGHTS} *)",
            target={
                "arn": f"arn:aws:scheduler:::aws-sdk:rds:{verb}DBInstance",
                "input": json.dumps({"DbInstanceIdentifier": identifier}),
            },
        )
        for verb, hour in (("stop", 20), ("start", 6))
    ]


def estimated(*resources: dict[str, Any], log_gib: float | None = None) -> Estimate:
    table = prices.Prices.model_validate(TABLE)
    return make("staging", "eu-central-1", list(resources), table, log_gib)


def amounts(estimate: Estimate) -> dict[str, tuple[float, float] | None]:
    """Rounded, by part and what it is."""
    return {
        f"{line.part.part}: {line.part.detail}": None
        if line.least is None or line.most is None
        else (round(line.least, 2), round(line.most, 2))
        for line in estimate.lines
    }


def test_servers_are_counted_at_their_fewest_and_most_with_their_volumes() -> None:
    assert amounts(estimated(*group())) == {
        "servers web: 2 to 4 m7g.large": (146.0, 292.0),
        "volumes web: 2 to 4 of 20 GiB gp3": (4.0, 8.0),
    }


def test_hours_asleep_cost_no_servers_and_no_volumes() -> None:
    # Awake are 13 hours on each of five days, of 168.
    hours = MONTH_HOURS * 65 / 168
    assert amounts(estimated(*group(), *nightly())) == {
        "servers web: 2 to 4 m7g.large, 282 of 730 hours": (
            round(0.2 * hours, 2),
            round(0.4 * hours, 2),
        ),
        "volumes web: 2 to 4 of 20 GiB gp3, 282 of 730 hours": (1.55, 3.1),
    }
    # Another group's hours are its own.
    other = amounts(estimated(*group("api"), *nightly("web")))
    assert other["servers api: 2 to 4 m7g.large"] == (146.0, 292.0)


def test_a_group_that_sleeps_right_now_counts_as_it_was_declared() -> None:
    template, there = group()
    there["outputs"] |= {"minSize": 0, "desiredCapacity": 0}
    assert amounts(estimated(template, there))["servers web: 2 to 4 m7g.large"] == (146.0, 292.0)


def test_a_load_balancer_pays_for_an_address_in_each_zone_where_it_faces_the_internet() -> None:
    public = resource("aws:lb/loadBalancer:LoadBalancer", "entry", internal=False, subnets=["a", "b", "c"])
    inside = resource("aws:lb/loadBalancer:LoadBalancer", "api", internal=True, subnets=["a", "b"])
    assert amounts(estimated(public, inside)) == {
        "load balancers: entry": (14.6, 14.6),
        "public addresses: 3 of entry": (10.95, 10.95),
        "load balancers: api": (14.6, 14.6),
    }


def test_a_network_pays_for_gateways_their_addresses_and_each_endpoint_in_each_zone() -> None:
    endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint"
    found = estimated(
        resource("aws:ec2/natGateway:NatGateway", "a"),
        resource("aws:ec2/natGateway:NatGateway", "b"),
        resource("aws:ec2/eip:Eip", "a"),
        resource("aws:ec2/eip:Eip", "b"),
        resource(endpoint, "ssm", vpcEndpointType="Interface", subnetIds=["a", "b"]),
        resource(endpoint, "logs", vpcEndpointType="Interface", subnetIds=["a", "b"]),
        resource(endpoint, "s3", vpcEndpointType="Gateway"),
    )
    assert amounts(found) == {
        "NAT gateways: 2": (73.0, 73.0),
        "public addresses: 2 of NAT gateways": (7.3, 7.3),
        "endpoints: 2 services, 4 interfaces": (29.2, 29.2),
    }


def test_a_database_pays_for_hours_storage_and_its_password() -> None:
    assert amounts(estimated(database())) == {
        "database main: postgres db.t4g.medium": (58.4, 58.4),
        "storage of main: 100 GiB gp3": (10.0, 10.0),
        "secrets: 1 secret": (0.4, 0.4),
    }


def test_a_second_zone_has_prices_of_its_own() -> None:
    found = amounts(estimated(database(multiAz=True, manageMasterUserPassword=False)))
    assert found == {
        "database main: postgres db.t4g.medium Multi-AZ": (116.8, 116.8),
        "storage of main: 100 GiB gp3 Multi-AZ": (20.0, 20.0),
    }


def test_a_replica_is_another_instance_of_its_sources_engine_and_size() -> None:
    replica = resource(
        "aws:rds/instance:Instance", "main-replica-1", identifier="main-1-replica-1",
        instanceClass="db.t4g.medium", replicateSourceDb="main-1", storageType="gp3",
    )  # fmt: skip
    found = amounts(estimated(database(), replica))
    assert found["database main-replica-1: postgres db.t4g.medium"] == (58.4, 58.4)
    assert found["storage of main-replica-1: 100 GiB gp3"] == (10.0, 10.0)


def test_a_stopped_database_costs_its_storage_and_no_hours() -> None:
    found = amounts(estimated(database(), *stopping("main-1")))
    hours = MONTH_HOURS * 70 / 168
    assert found["database main: postgres db.t4g.medium, 304 of 730 hours"] == (
        round(0.08 * hours, 2),
        round(0.08 * hours, 2),
    )
    assert found["storage of main: 100 GiB gp3"] == (10.0, 10.0)
    # The schedules of another one are not its own.
    assert "database main: postgres db.t4g.medium" in amounts(estimated(database(), *stopping("other-1")))


def test_keys_secrets_and_zones_are_counted_and_logs_where_somebody_knows_how_many() -> None:
    found = estimated(
        resource("aws:kms/key:Key", "logs"),
        resource("aws:kms/key:Key", "alerts"),
        resource("aws:secretsmanager/secret:Secret", "sessions"),
        resource("aws:route53/zone:Zone", "internal"),
        log_gib=50,
    )
    assert amounts(found) == {
        "keys: 2 customer keys": (2.0, 2.0),
        "secrets: 1 secret": (0.4, 0.4),
        "names: 1 hosted zone": (0.5, 0.5),
        "logs: 50 GiB a month come in": (30.0, 30.0),
    }


def test_what_the_table_does_not_know_is_said_and_never_guessed() -> None:
    found = estimated(*group(kind="x9.huge"), resource("aws:cloudwatch/metricAlarm:MetricAlarm", "a"))
    assert amounts(found) == {
        "servers web: 2 to 4 x9.huge": None,
        "volumes web: 2 to 4 of 20 GiB gp3": (4.0, 8.0),
        "alarms: 1 alarm": None,
    }
    assert (found.least, found.most) == (4.0, 8.0)
    assert [line.part.price for line in found.unknown] == ["x9.huge", "alarmMonth"]
    assert found.dates == ("2026-02-02",)


def test_another_region_has_no_prices_of_this_one() -> None:
    table = prices.Prices.model_validate(TABLE)
    found = make("staging", "us-west-2", [*group(), database()], table, None)
    assert {line.price for line in found.lines} == {None}


@pytest.mark.parametrize(
    ("switches", "hours"),
    [
        ([], 168),
        ([("0 20 * * MON,TUE,WED,THU,FRI", False), ("0 7 * * MON,TUE,WED,THU,FRI", True)], 65),
        ([("cron(0 20 ? * MON,TUE,WED,THU,FRI *)", False), ("cron(0 7 ? * MON *)", True)], 13),
        ([("0 20 * * *", False), ("0 8 * * *", True)], 84),
        # Over the end of the week, and in small letters.
        ([("30 6 * * sun", True), ("30 6 * * mon", False)], 24),
        # Asleep by day.
        ([("0 8 * * MON", False), ("0 20 * * MON", True)], 156),
        # Nothing ever wakes it.
        ([("0 20 * * FRI", False)], 0),
    ],
)
def test_a_weeks_schedules_say_how_much_of_a_month_something_runs(
    switches: list[tuple[str, bool]], hours: int
) -> None:
    found = awake_hours([Switch(*each) for each in switches])
    assert found == pytest.approx(MONTH_HOURS * hours / 168)


@pytest.mark.parametrize("cron", ["0 20 1 * *", "rate(1 day)", "0 20 * * XYZ", "*/5 * * * *", ""])
def test_schedules_that_are_no_weekly_ones_are_said_to_be_none(cron: str) -> None:
    assert awake_hours([Switch(cron, False)]) is None
    schedules = nightly()
    schedules[0]["inputs"]["recurrence"] = cron
    details = [part.detail for part in parts(State([*group(), *schedules]), None)]
    assert details[0] == "2 to 4 m7g.large, all hours: its schedules are no weekly ones"


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    made = ReleaseProject(tmp_path)
    (tmp_path / "prices.json").write_text(json.dumps(TABLE))
    return made


def deploy(project: ReleaseProject, *resources: dict[str, Any]) -> None:
    document = checkpoint("staging", {})
    document["checkpoint"]["latest"]["resources"] += resources
    (project.stacks / "staging.json").write_text(json.dumps(document))


def cost(project: ReleaseProject, *arguments: str) -> tuple[str, ...]:
    return "cost", "staging", "--prices", str(project.directory.parent / "prices.json"), *arguments


def test_the_command_shows_a_table_with_its_total_and_what_it_leaves_out(project: ReleaseProject) -> None:
    deploy(project, *group(), resource("aws:cloudwatch/metricAlarm:MetricAlarm", "a"))
    done = project.run(*cost(project))
    assert done.code == 0, done.error
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[:5] == [
        "part what a month at most",
        "servers web 2 to 4 m7g.large 146.00 292.00",
        "volumes web 2 to 4 of 20 GiB gp3 4.00 8.00",
        "alarms 1 alarm no price no price",
        "total of what has a price 150.00 300.00",
    ]
    assert "in USD for 730 hours, with the fewest servers and with the most" in lines
    assert "the price table does not know of eu-central-1: alarmMonth; give it with --prices FILE" in lines
    assert any(line.startswith("left out, because only use makes it: traffic") for line in lines)
    assert "prices of 2026-01-01, 2026-02-02; prices.json says where they are from" in lines


def test_a_program_gets_the_same_as_json(project: ReleaseProject) -> None:
    deploy(project, *group(kind="x9.huge"))
    told = project.json(*cost(project, "--log-gib", "10"))
    assert {key: told[key] for key in told if key != "parts"} == {
        "ok": True,
        "environment": "staging",
        "region": "eu-central-1",
        "currency": "USD",
        "hours": 730,
        "least": 10.0,
        "most": 14.0,
        "unknown": ["x9.huge"],
        "pricesOf": ["2026-02-02"],
    }
    assert told["parts"][-1] == {
        "part": "logs", "what": "10 GiB a month come in", "price": "logGib", "unit": 0.6, "least": 6.0,
        "most": 6.0,
    }  # fmt: skip
    assert told["parts"][0]["least"] is None


def test_what_is_about_to_be_deleted_costs_nothing(project: ReleaseProject) -> None:
    deploy(project, *group(), {**resource("aws:kms/key:Key", "old"), "delete": True})
    assert not [part for part in project.json(*cost(project))["parts"] if part["part"] == "keys"]


def test_bad_input_is_one_line(project: ReleaseProject) -> None:
    missing = project.refused("cost", "staging")
    assert missing == "staging has no state: run `pulumi up -s staging` first"
    assert "there is no environment 'nowhere'" in project.refused("cost", "nowhere")
    deploy(project, *group())
    for amount in ("-1", "inf", "nan"):
        refusal = project.refused("cost", "staging", f"--log-gib={amount}")
        assert refusal.startswith(f"--log-gib: {float(amount)} is no amount")
    assert "cannot be read" in project.refused("cost", "staging", "--prices", "/nowhere.json")
    text = project.file("staging").read_text().replace("  aws:region: eu-central-1\n", "")
    project.file("staging").write_text(text)
    assert "has no aws:region" in project.refused("cost", "staging")


def test_the_pulumi_command_is_asked_for_the_whole_state(tmp_path: Path) -> None:
    secret = {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": "v1:x"}
    exported = {"version": 3, "deployment": {"resources": [{"type": "a", "outputs": {"password": secret}}]}}
    command = tmp_path / "pulumi"
    command.write_text(
        f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\ncat <<'END'\n{json.dumps(exported)}\nEND\n"
    )
    command.chmod(0o755)
    found = CommandBackend(str(command), tmp_path).resources("staging")
    assert found == [{"type": "a", "outputs": {"password": SECRET}}]
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("stack export ")
    assert "--stack=staging" in asked
    command.write_text("#!/bin/sh\necho '[]'\n")
    with pytest.raises(ReleaseError, match="printed no state"):
        CommandBackend(str(command), tmp_path).resources("staging")


def test_the_projects_own_table_says_of_every_price_when_and_where_it_was_read() -> None:
    table = prices.read(prices.OWN)
    frankfurt = table.regions["eu-central-1"]
    assert frankfurt.others
    names = [name for other in frankfurt.others for name in other.prices]
    assert len(names) == len(set(names))
    assert all(len(other.source) > 40 for other in frankfurt.others)
    for name in ("natGatewayHour", "loadBalancerHour", "volumeGp3GibMonth", "publicIpv4Hour", "keyMonth"):
        assert table.other("eu-central-1", name)
