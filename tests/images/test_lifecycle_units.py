"""The lifecycle program on the server of a worker and of a job, which nobody asks: it looks at their unit."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

from components.job_schedule import FAILED_PATTERN
from components.lifecycle_hooks import Lifecycle, variables
from rehearsal.cloud.logs.patterns import compiled
from tests.images.machine import PROGRAM, Machine, machine
from tests.images.test_lifecycle import HEARTBEAT, LAUNCHED, LEFT, STATE, STOPPED

ILL = "aws autoscaling set-instance-health --health-status Unhealthy"
DISMISSED = "aws autoscaling terminate-instance-in-auto-scaling-group --should-decrement-desired-capacity"
RUNNING: dict[str, str | int] = {
    "ActiveState": "activating",
    "SubState": "start",
    "ExecMainExitTimestampMonotonic": 0,
}
SUCCEEDED: dict[str, str | int] = {
    "ActiveState": "inactive",
    "SubState": "dead",
    "ExecMainExitTimestampMonotonic": 60_000_000,
    "Result": "success",
    "ExecMainStatus": 0,
}
FAILED: dict[str, str | int] = {
    **SUCCEEDED,
    "ActiveState": "failed",
    "SubState": "failed",
    "Result": "exit-code",
    "ExecMainStatus": 3,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        (tmp_path / "system").write_text("running\n")
        yield made


def uptime_microseconds() -> int:
    return int(float(Path("/proc/uptime").read_text().split()[0]) * 1_000_000)


def worker(server: Machine, **environment: str) -> None:
    server.start(
        **{
            "IMMUTABLE_PORT": "",
            "IMMUTABLE_HEALTH_PATH": "",
            "IMMUTABLE_STEADY_SECONDS": "2",
            "IMMUTABLE_ILL_SECONDS": "2",
            **environment,
        }
    )


def job(server: Machine, **environment: str) -> None:
    worker(server, **{"IMMUTABLE_RUN_SECONDS": "600", "IMMUTABLE_LAUNCH_SECONDS": "0", **environment})


def test_a_workers_server_is_in_service_once_its_unit_has_run_for_a_while(server: Machine) -> None:
    server.unit(ActiveState="active", ActiveEnterTimestampMonotonic=uptime_microseconds())
    worker(server)
    time.sleep(0.7)
    assert server.events() == []
    server.until(lambda: server.events() == [LAUNCHED])
    assert server.asked.count("/healthz") == 0


def test_a_worker_that_starts_again_and_again_is_never_in_service(server: Machine) -> None:
    worker(server, IMMUTABLE_LAUNCH_SECONDS="3")
    end = time.monotonic() + 3.5
    while time.monotonic() < end:
        server.unit(ActiveState="active", ActiveEnterTimestampMonotonic=uptime_microseconds())
        time.sleep(0.1)
    server.metadata[STATE] = "Terminated"
    code, said = server.ended()
    assert (code, LAUNCHED in server.events()) == (0, False)
    assert "not in service after 3 s: web.service\n" in said


def test_a_worker_that_stops_working_has_its_server_replaced(server: Machine) -> None:
    server.unit(ActiveState="active", ActiveEnterTimestampMonotonic=0)
    worker(server)
    server.until(lambda: server.events() == [LAUNCHED])
    server.unit(ActiveState="failed")
    server.until(lambda: server.events() == [LAUNCHED, ILL])
    server.metadata[STATE] = "Terminated"
    assert server.ended()[0] == 0
    assert server.events() == [LAUNCHED, ILL, HEARTBEAT, *STOPPED, LEFT]


def test_a_worker_that_restarts_once_is_left_alone(server: Machine) -> None:
    server.unit(ActiveState="active", ActiveEnterTimestampMonotonic=0)
    worker(server, IMMUTABLE_STEADY_SECONDS="1", IMMUTABLE_ILL_SECONDS="4")
    server.until(lambda: server.events() == [LAUNCHED])
    server.unit(ActiveEnterTimestampMonotonic=uptime_microseconds())
    time.sleep(5)
    assert server.events() == [LAUNCHED]


def test_a_refused_report_is_said_once_and_made_again(server: Machine) -> None:
    server.refuse("set-instance-health", "AccessDenied", "AccessDenied")
    server.unit(ActiveState="failed")
    worker(server, IMMUTABLE_LAUNCH_SECONDS="0", IMMUTABLE_ILL_SECONDS="1")
    server.until(lambda: len(server.events()) >= 3)
    server.metadata[STATE] = "Terminated"
    assert server.ended()[1].count("not reported as unhealthy yet: AccessDenied") == 1


def test_a_service_with_a_port_never_reports_itself(server: Machine) -> None:
    server.unit(ActiveState="failed")
    server.start(IMMUTABLE_ILL_SECONDS="1", IMMUTABLE_STEADY_SECONDS="1")
    server.until(lambda: server.events() == [LAUNCHED])
    time.sleep(2)
    assert server.events() == [LAUNCHED]


def test_the_server_of_a_job_goes_when_the_job_is_over_and_hands_its_logs_over(server: Machine) -> None:
    server.unit(**RUNNING)
    job(server)
    time.sleep(0.5)
    assert server.events() == []
    server.unit(**SUCCEEDED)
    server.until(lambda: server.events() == [DISMISSED])
    server.metadata[STATE] = "Terminated"
    code, said = server.ended()
    assert (code, server.events()) == (0, [DISMISSED, HEARTBEAT, *STOPPED, LEFT])
    assert "run succeeded" in said


def test_a_job_that_is_active_when_it_has_exited_is_over_too(server: Machine) -> None:
    """A unit with RemainAfterExit=yes."""
    server.unit(**{**SUCCEEDED, "ActiveState": "active", "SubState": "exited"})
    job(server)
    server.until(lambda: server.events() == [DISMISSED])


CASES: list[tuple[dict[str, Any], dict[str, str], str]] = [
    (FAILED, {}, "run failed: web.service ended with exit-code, status 3"),
    (RUNNING, {"IMMUTABLE_RUN_SECONDS": "1"}, "run failed: not over within 1 s, or told to go before"),
    (
        {**SUCCEEDED, "ExecMainExitTimestampMonotonic": 0},
        {},
        "run failed: web.service was not started; look at what it requires",
    ),
]


@pytest.mark.parametrize(("unit", "environment", "expected"), CASES)
def test_a_job_that_did_not_end_well_says_so_with_the_priority_of_an_error_and_goes(
    server: Machine, unit: dict[str, Any], environment: dict[str, str], expected: str
) -> None:
    server.unit(**unit)
    job(server, **environment)
    server.until(lambda: server.events() == [DISMISSED])
    server.metadata[STATE] = "Terminated"
    code, said = server.ended()
    assert (code, server.events()[-1]) == (0, LEFT)
    assert f"<3>immutable-lifecycle: {expected}\n" in said


def test_a_job_is_not_given_up_while_the_machine_still_starts(server: Machine) -> None:
    (server.directory / "system").write_text("starting\n")
    server.unit(**{**SUCCEEDED, "ExecMainExitTimestampMonotonic": 0})
    job(server)
    time.sleep(0.7)
    assert server.events() == []
    (server.directory / "system").write_text("degraded\n")
    server.until(lambda: server.events() == [DISMISSED])


def test_a_server_that_auto_scaling_does_not_let_go_yet_asks_again(server: Machine) -> None:
    """It is not in service yet: a job may be over before that."""
    server.refuse("terminate-instance-in-auto-scaling-group", "ScalingActivityInProgress", "Throttling")
    server.unit(**SUCCEEDED)
    job(server)
    server.until(lambda: server.events() == [DISMISSED] * 3)
    server.metadata[STATE] = "Terminated"
    assert server.ended()[0] == 0


def test_a_job_that_is_told_to_go_goes_without_ending_itself(server: Machine) -> None:
    server.unit(**RUNNING)
    job(server)
    time.sleep(0.3)
    server.metadata[STATE] = "Terminated"
    code, said = server.ended()
    assert (code, server.events()) == (0, [HEARTBEAT, *STOPPED, LEFT])
    assert "run failed: " in said


def test_the_line_of_a_failed_run_is_what_the_alarm_counts(server: Machine) -> None:
    server.unit(**FAILED)
    job(server)
    server.until(lambda: server.events() == [DISMISSED])
    server.metadata[STATE] = "Terminated"
    said = server.ended()[1]
    (line,) = (line.removeprefix("<3>") for line in said.splitlines() if "run failed" in line)
    counts = compiled(FAILED_PATTERN)

    def message(text: str) -> str:
        return json.dumps({"body": {"MESSAGE": text, "SYSLOG_IDENTIFIER": PROGRAM.name}})

    assert counts(message(line))
    assert not counts(message("immutable-lifecycle: run succeeded"))


def test_its_calls_are_operations_of_auto_scaling_with_arguments_that_they_take(server: Machine) -> None:
    server.unit(**FAILED)
    job(server)
    server.until(lambda: DISMISSED in server.events())
    service: Any = Session().get_service_model("autoscaling")
    operations = {xform_name(name, "-"): service.operation_model(name) for name in service.operation_names}
    for call in ILL, DISMISSED:
        _, _, operation, *arguments = call.split()
        taken = {xform_name(name, "-") for name in operations[operation].input_shape.members}
        assert {each.removeprefix("--") for each in arguments if each.startswith("--")} <= taken


def test_it_asks_for_the_variables_that_the_components_make_of_a_job() -> None:
    given = variables(None, None, Lifecycle(), 60)
    assert "IMMUTABLE_PORT" not in given and "IMMUTABLE_HEALTH_PATH" not in given
    for name in given:
        assert f"${{{name}:-" in PROGRAM.read_text()
