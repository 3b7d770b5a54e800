"""What servers write: from their boot to the last line before they go, where their user data says."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud import hooking, scene
from tests.rehearsal.cloud.scene import BOOT, DRAIN, GOOD, HEALTHY, Scene
from tests.rehearsal.cloud.shipping import GROUP, INTERVAL, Shipping, allow
from tests.rehearsal.cloud.watching import ERRING, image_version

ENV = "/etc/immutable/web.env"
AGENT = "/etc/immutable/log-agent.json"
LOG_GROUP = f'A="b"\nLOG_GROUP="{GROUP}"\n'
HOURS = 3600


def _agent(source: str = "journald", **entry: str) -> str:
    return json.dumps({"logs": {"logs_collected": {source: {"collect_list": [entry]}}}})


def _user_data(files: dict[str, str]) -> str:
    written = [{"path": path, "content": content} for path, content in files.items()]
    return base64.b64encode(f"#cloud-config\n{json.dumps({'write_files': written})}".encode()).decode()


class Servers:
    """A group of servers whose lines are shipped, in the network of a scene."""

    def __init__(self, cloud: Local) -> None:
        self.cloud, self.shipping = cloud, Shipping(cloud)
        self.shipping.role("server", "ec2.amazonaws.com", allow("logs:PutLogEvents"))
        self.shipping.iam.create_instance_profile(InstanceProfileName="server")
        self.shipping.iam.add_role_to_instance_profile(InstanceProfileName="server", RoleName="server")
        self.scene = scene.build(cloud)

    def version(self, files: dict[str, str], image: str = GOOD, **data: Any) -> int:
        given = {
            "ImageId": image,
            "InstanceType": "m7g.large",
            "IamInstanceProfile": {"Name": "server"},
            "UserData": _user_data(files),
        } | data
        made = self.scene.ec2.create_launch_template_version(
            LaunchTemplateId=self.scene.template_id,
            LaunchTemplateData={key: value for key, value in given.items() if value is not None},
        )
        return int(made["LaunchTemplateVersion"]["VersionNumber"])

    def start(self, files: dict[str, str], count: int = 1, **data: Any) -> Scene:
        """In service and healthy."""
        self.scene.settled(count, self.version(files, **data))
        return self.scene

    def said(self, prefix: str = "i-") -> dict[str, list[str]]:
        """Messages in the log group, by stream."""
        logs = self.shipping.logs
        found = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=prefix)["logStreams"]
        streams = {}
        for stream in found:
            name = stream["logStreamName"]
            events = logs.get_log_events(logGroupName=GROUP, logStreamName=name)["events"]
            if events:
                streams[name] = [json.loads(each["message"])["body"]["MESSAGE"] for each in events]
        return streams


@pytest.fixture
def servers(cloud: Local) -> Servers:
    return Servers(cloud)


BOOTED, SERVING, LAST = f"Booted from {GOOD}.", "Serving requests.", "Leaving: this is the last line."


def test_a_server_says_that_it_booted_and_that_it_serves_once_it_is_healthy(servers: Servers) -> None:
    servers.scene.create_group(1, servers.version({ENV: LOG_GROUP}))
    servers.cloud.step(BOOT)
    server = hooking.only(servers.scene)
    assert servers.said() == {server: [BOOTED]}
    servers.cloud.step(HEALTHY)
    assert servers.said() == {server: [BOOTED, SERVING]}


def test_lines_have_the_time_at_which_they_were_said(servers: Servers) -> None:
    servers.start({ENV: LOG_GROUP})
    (server,) = servers.said()
    events = servers.shipping.logs.get_log_events(logGroupName=GROUP, logStreamName=server)["events"]
    first, second = (each["timestamp"] for each in events)
    assert second - first == HEALTHY * 1000
    # Sent every five seconds at most; without a subscription nobody waits for them.
    assert all(each["ingestionTime"] >= each["timestamp"] for each in events)


@pytest.mark.parametrize(
    "files",
    [
        {AGENT: _agent(log_group_name=GROUP), ENV: 'LOG_GROUP="other"'},
        {AGENT: _agent(log_group_name=GROUP, log_stream_name="{instance_id}")},
        {AGENT: _agent("files", log_group_name=GROUP)},
        {ENV: f"LOG_GROUP={GROUP}\n"},
    ],
)
def test_the_agents_own_configuration_says_where_or_the_environment_file(
    servers: Servers, files: dict[str, str]
) -> None:
    servers.start(files)
    assert servers.said() == {hooking.only(servers.scene): [BOOTED, SERVING]}


def test_the_stream_has_the_name_that_the_agent_is_told(servers: Servers) -> None:
    servers.start({AGENT: _agent(log_group_name=GROUP, log_stream_name="web-{instance_id}")})
    assert servers.said("web-") == {f"web-{hooking.only(servers.scene)}": [BOOTED, SERVING]}


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ({ENV: "A=b\n"}, {}),
        ({"/etc/other/web.env": LOG_GROUP}, {}),
        ({AGENT: "no JSON", ENV: "A=b"}, {}),
        ({AGENT: _agent(log_group_name="not-there")}, {}),
        ({ENV: LOG_GROUP}, {"UserData": None}),
        ({ENV: LOG_GROUP}, {"UserData": base64.b64encode(b"#!/bin/sh\n").decode()}),
        ({ENV: LOG_GROUP}, {"UserData": base64.b64encode(b"#cloud-config\n:[").decode()}),
        ({ENV: LOG_GROUP}, {"UserData": base64.b64encode(b"#cloud-config\n[a").decode()}),
        ({ENV: LOG_GROUP}, {"UserData": "no base64"}),
        ({ENV: LOG_GROUP}, {"IamInstanceProfile": None}),
    ],
)
def test_a_server_that_is_told_nothing_or_may_not_writes_nothing(
    servers: Servers, files: dict[str, str], data: dict[str, Any]
) -> None:
    servers.start(files, **data)
    assert servers.said() == {}


def test_a_role_that_may_not_write_is_noticed(servers: Servers) -> None:
    servers.shipping.may("server", allow("logs:CreateLogStream"))
    servers.start({ENV: LOG_GROUP})
    assert servers.said() == {}


def test_the_last_line_of_a_server_is_in_the_bucket_when_its_termination_hook_let_it_flush(
    servers: Servers,
) -> None:
    servers.shipping.subscribe()
    web = servers.start({AGENT: _agent(log_group_name=GROUP)})
    hooking.put(web, hooking.TERMINATION)
    server = hooking.only(web)
    web.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=server, ShouldDecrementDesiredCapacity=True
    )
    servers.cloud.step(DRAIN + hooking.FLUSH - 1)
    assert LAST not in servers.said()[server]
    servers.cloud.step(1)
    assert hooking.ec2_state(web, server) == "terminated"
    servers.cloud.step(INTERVAL + 5)
    records = [record for record in servers.shipping.records() if record["logStream"] == server]
    said = [
        json.loads(event["message"])["body"]["MESSAGE"] for record in records for event in record["logEvents"]
    ]
    assert sorted(said) == sorted([BOOTED, SERVING, LAST])


@pytest.mark.parametrize("hook", [None, {**hooking.TERMINATION, "LifecycleHookName": "not-the-agents"}])
def test_without_the_agents_termination_hook_the_last_line_is_lost(
    servers: Servers, hook: dict[str, Any] | None
) -> None:
    web = servers.start({ENV: LOG_GROUP})
    if hook:
        hooking.put(web, hook)
    server = hooking.only(web)
    web.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=server, ShouldDecrementDesiredCapacity=True
    )
    servers.cloud.step(HOURS)
    assert servers.said() == {server: [BOOTED, SERVING]}


def test_a_server_that_was_let_go_before_its_agent_was_done_says_nothing_more(servers: Servers) -> None:
    web = servers.start({ENV: LOG_GROUP})
    hooking.put(web, hooking.TERMINATION)
    server = hooking.only(web)
    web.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=server, ShouldDecrementDesiredCapacity=True
    )
    servers.cloud.step(DRAIN + 1)
    hooking.complete(web, name="termination")
    servers.cloud.step(HOURS)
    assert servers.said() == {server: [BOOTED, SERVING]}


def test_a_server_that_goes_before_it_is_healthy_never_says_that_it_serves(servers: Servers) -> None:
    servers.scene.create_group(1, servers.version({ENV: LOG_GROUP}))
    servers.cloud.step(BOOT + 1)
    server = hooking.only(servers.scene)
    servers.scene.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=server, ShouldDecrementDesiredCapacity=True
    )
    servers.cloud.step(HOURS)
    assert servers.said() == {server: [BOOTED]}


def test_a_subscription_sends_lines_that_servers_write_after_it_was_put(servers: Servers) -> None:
    servers.start({ENV: LOG_GROUP})
    servers.shipping.subscribe()
    servers.cloud.step(INTERVAL + 5)
    assert servers.shipping.records() == []


def test_a_metric_filter_counts_lines_that_servers_write_after_it_was_put(servers: Servers) -> None:
    servers.start({ENV: LOG_GROUP})
    transformation = {"metricName": "lines", "metricNamespace": "immutable", "metricValue": "1"}
    servers.shipping.logs.put_metric_filter(
        logGroupName=GROUP, filterName="lines", filterPattern="", metricTransformations=[transformation]
    )
    servers.cloud.step(INTERVAL)
    start = servers.cloud.world.clock.date(0)
    found = servers.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="immutable",
        MetricName="lines",
        StartTime=start,
        EndTime=start + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )
    assert found["Datapoints"] == []


def test_a_server_that_is_ended_by_hand_says_nothing_more(servers: Servers) -> None:
    web = servers.start({ENV: LOG_GROUP})
    hooking.put(web, hooking.TERMINATION)
    server = hooking.only(web)
    web.ec2.terminate_instances(InstanceIds=[server])
    servers.cloud.step(HOURS)
    assert servers.said()[server] == [BOOTED, SERVING]


def test_an_image_that_errs_says_so_and_its_errors_are_counted(servers: Servers) -> None:
    transformation = {"metricName": "errors", "metricNamespace": "immutable", "metricValue": "1"}
    servers.shipping.logs.put_metric_filter(
        logGroupName=GROUP,
        filterName="errors",
        filterPattern="{ $.body.PRIORITY = %^[0-3]$% }",
        metricTransformations=[transformation],
    )
    cloudwatch = servers.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="log-errors",
        Namespace="immutable",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    image_version(servers.scene, ERRING, "errors-after-minutes")
    servers.start({ENV: LOG_GROUP}, count=2, image=ERRING)

    def states() -> set[str]:
        found = cloudwatch.describe_alarms(AlarmNames=["log-errors"])["MetricAlarms"]
        return {each["StateValue"] for each in found}

    servers.scene.until(lambda: states() == {"ALARM"}, step=20, limit=600)
    assert all("ERROR: requests fail, and are answered with 500." in said for said in servers.said().values())


def test_the_first_version_of_a_template_is_read_as_every_other(servers: Servers) -> None:
    made = servers.scene.ec2.create_launch_template(
        LaunchTemplateName="first",
        LaunchTemplateData={
            "ImageId": GOOD,
            "InstanceType": "m7g.large",
            "IamInstanceProfile": {"Name": "server"},
            "UserData": _user_data({ENV: LOG_GROUP}),
        },
    )
    servers.scene.template_id = made["LaunchTemplate"]["LaunchTemplateId"]
    servers.scene.settled(1, 1)
    assert servers.said() == {hooking.only(servers.scene): [BOOTED, SERVING]}


def test_versions_of_a_template_are_read_apart(servers: Servers) -> None:
    servers.start({ENV: LOG_GROUP})
    first = hooking.only(servers.scene)
    version = servers.version({ENV: "A=b"})
    servers.scene.start(version)
    servers.scene.until_over()
    assert set(servers.said()) == {first}
    assert servers.scene.versions() == [str(version)]
