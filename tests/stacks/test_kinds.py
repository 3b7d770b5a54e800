"""Workers and jobs in a stack's file: what they become, and what is refused of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.stacks.declared import Environment, declared
from tests.stacks.given import complaint, complaints, loaded, with_changes

WORKER: dict[str, Any] = {"instanceTypes": ["m7g.large"]}
JOB: dict[str, Any] = {**WORKER, "schedule": "cron(0 3 * * ? *)"}
MAIL = "immutable:services.mail"
REPORT = "immutable:services.report"
ASKED = "is for services with a port; set port, or take it out"
STAYING = "is for services that stay, and a job has one server while it runs; take it out"


def environment(**services: dict[str, Any]) -> Environment:
    changes = {f"immutable:services.{name}": service for name, service in services.items()}
    return declared("staging", with_changes(changes))


def test_a_service_without_a_port_is_a_worker_and_with_a_schedule_a_job() -> None:
    from stacks.kinds import kind_of

    config = loaded(with_changes({MAIL: WORKER, REPORT: JOB}))
    kinds = {name: kind_of(service) for name, service in config.services.items()}
    assert kinds == {"web": "web", "mail": "worker", "report": "job"}


def test_a_worker_has_servers_and_no_place_behind_a_load_balancer() -> None:
    built = environment(mail={**WORKER, "min": 3, "max": 5})
    group = built.one("Group", "mail").inputs
    assert (group["minSize"], group["maxSize"], group["healthCheckType"]) == (3, 5, "EC2")
    ours = {each.type.split(":")[-1] for each in built.resources if each.name.startswith("mail")}
    assert not ours & {"TargetGroup", "ListenerRule", "SecurityGroupIngressRule", "Schedule"}
    assert "IMMUTABLE_PORT" not in _told(built, "mail")


def _told(built: Environment, name: str) -> str:
    return base64.b64decode(built.one("LaunchTemplate", name).inputs["userData"]).decode()


def test_a_job_is_as_configured() -> None:
    job = {
        **JOB,
        "timeZone": "Europe/Berlin",
        "timeoutMinutes": 20,
        "lifecycle": {"terminationTimeoutSeconds": 45},
    }
    built = environment(report=job)
    schedule = built.one("Schedule", "report-run").inputs
    assert schedule["scheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["scheduleExpressionTimezone"] == "Europe/Berlin"
    group = built.one("Group", "report").inputs
    assert (group["minSize"], group["maxSize"]) == (0, 1)
    assert r"IMMUTABLE_RUN_SECONDS=\"1200\"" in _told(built, "report")
    assert r"IMMUTABLE_TERMINATION_SECONDS=\"45\"" in _told(built, "report")
    assert r"IMMUTABLE_LAUNCH_SECONDS=\"0\"" in _told(built, "report")
    assert built.one("MetricAlarm", "report-overdue").inputs["evaluationPeriods"] == 10


def test_what_is_exported_of_each_kind_names_the_alarms_that_it_has() -> None:
    exported = environment(mail=WORKER, report=JOB).outputs["services"]
    assert {name: each["kind"] for name, each in exported.items()} == {
        "web": "web",
        "mail": "worker",
        "report": "job",
    }
    assert list(exported["web"]["alarms"]) == ["errors", "latency", "unhealthyHosts", "replacements"]
    assert list(exported["mail"]["alarms"]) == ["replacements"]
    assert "run" not in exported["mail"] and "run" not in exported["web"]
    run = exported["report"]["run"]
    assert (run["schedule"], run["timeZone"], run["timeoutMinutes"]) == ("cron(0 3 * * ? *)", "UTC", 60)
    assert list(run["alarms"]) == ["failed", "overdue", "notStarted"]


def test_a_sleeping_environment_takes_workers_to_no_servers_and_leaves_jobs_to_their_schedule() -> None:
    sleep = {"timeZone": "Asia/Tokyo", "from": "22:30", "until": "06:15"}
    built = declared("staging", with_changes({MAIL: WORKER, REPORT: JOB, "immutable:sleep": sleep}))
    asleep = {each.name for each in built.resources if each.type == "aws:autoscaling/schedule:Schedule"}
    assert asleep == {"web-sleep", "web-wake", "mail-sleep", "mail-wake"}


def test_a_worker_may_call_a_service_that_nobody_else_reaches() -> None:
    names = {"zoneId": "Z0123456789", "domain": "example.com"}
    billing = {"port": 8443, "instanceTypes": ["m7g.large"]}
    changes = {"immutable:names": names, "immutable:services.billing": billing}
    assert complaints({**changes, MAIL: {**WORKER, "calls": ["billing"]}}) == []
    assert complaints({**changes, REPORT: {**JOB, "calls": ["billing"]}}) == []


def test_nobody_calls_a_worker() -> None:
    names = {"zoneId": "Z0123456789", "domain": "example.com"}
    changes = {"immutable:names": names, MAIL: WORKER, "immutable:services.web.calls": ["mail"]}
    expected = "'mail' has no port, so nobody can call it; give it one, or remove it"
    assert complaint(changes) == f"immutable:services.web.calls[0]: {expected}"


@pytest.mark.parametrize(
    ("service", "key", "expected"),
    [
        ({"healthPath": "/up"}, "healthPath", ASKED),
        ({"requestsPerTarget": 600}, "requestsPerTarget", ASKED),
        ({"deregistrationDelaySeconds": 60}, "deregistrationDelaySeconds", ASKED),
        ({"slowStartSeconds": 30}, "slowStartSeconds", ASKED),
        ({"alarms": {"errorPercent": 5}}, "alarms.errorPercent", ASKED),
        ({"alarms": {"latencySeconds": 2}}, "alarms.latencySeconds", ASKED),
        ({"alarms": {"unhealthyHosts": 1}}, "alarms.unhealthyHosts", ASKED),
        ({"timeZone": "UTC"}, "timeZone", "is for jobs; set schedule, or take it out"),
        ({"timeoutMinutes": 5}, "timeoutMinutes", "is for jobs; set schedule, or take it out"),
    ],
)
def test_what_means_nothing_for_a_worker_is_refused(service: Any, key: str, expected: str) -> None:
    assert complaint({MAIL: {**WORKER, **service}}) == f"{MAIL}.{key}: {expected}"


@pytest.mark.parametrize(
    ("service", "key", "expected"),
    [
        ({"min": 1}, "min", STAYING),
        ({"max": 5}, "max", STAYING),
        ({"warmupSeconds": 60}, "warmupSeconds", STAYING),
        ({"healthCheckGraceSeconds": 300}, "healthCheckGraceSeconds", STAYING),
        ({"onDemandBaseCapacity": 1}, "onDemandBaseCapacity", STAYING),
        ({"onDemandPercentage": 100}, "onDemandPercentage", STAYING),
        ({"cpuTargetPercent": 60}, "cpuTargetPercent", STAYING),
        ({"maxInstanceLifetimeDays": 7}, "maxInstanceLifetimeDays", STAYING),
        ({"healthPath": "/up"}, "healthPath", ASKED),
        ({"lifecycle": {"launchTimeoutSeconds": 60}}, "lifecycle.launchTimeoutSeconds", STAYING),
        (
            {"lifecycle": {"terminationTimeoutSeconds": 0}},
            "lifecycle.terminationTimeoutSeconds",
            "0 would lose the last lines of every run; write 30 to 7200",
        ),
        ({"timeoutMinutes": 0}, "timeoutMinutes", "0 is too low; the least is 1"),
        ({"timeoutMinutes": 1381}, "timeoutMinutes", "1381 is too high; the most is 1380"),
        ({"timeZone": "Berlin"}, "timeZone", "'Berlin' is not a time zone; write one such as Europe/Berlin"),
        (
            {"schedule": "0 3 * * *"},
            "schedule",
            "'0 3 * * *' is no cron expression of AWS's: it is not cron(...); "
            "write one such as cron(0 3 ? * sun *)",
        ),
    ],
)
def test_what_means_nothing_for_a_job_is_refused(service: Any, key: str, expected: str) -> None:
    assert complaint({REPORT: {**JOB, **service}}) == f"{REPORT}.{key}: {expected}"


def test_a_job_has_no_port() -> None:
    expected = "is for services without a port; take port out for a job, or take this out"
    web = "immutable:services.web"
    assert complaint({f"{web}.schedule": "cron(0 3 * * ? *)"}) == f"{web}.schedule: {expected}"


def test_a_route_that_leads_to_no_port_is_refused() -> None:
    service = {**WORKER, "route": {"priority": 7, "paths": ["/mail"]}}
    assert complaint({MAIL: service}).startswith(f"{MAIL}.port: is missing; set it to the TCP port")
