"""The program that completes lifecycle hooks on a server, run for real."""

from __future__ import annotations

import configparser
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

from components.lifecycle_hooks import Lifecycle, hooks, variables
from tests.images.machine import LONGEST_SECONDS, NOT_WAITING, PROGRAM, Machine, machine

COMPLETED = "aws autoscaling complete-lifecycle-action --lifecycle-hook-name {} --lifecycle-action-result {}"
LAUNCHED, LEFT = (COMPLETED.format(hook, "CONTINUE") for hook in ("launch", "termination"))
HEARTBEAT = "aws autoscaling record-lifecycle-action-heartbeat --lifecycle-hook-name termination"
STOPPED = ["systemctl stop web.service", "systemctl stop amazon-cloudwatch-agent.service"]
STATE = "autoscaling/target-lifecycle-state"
HEALTH = "/healthz"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        yield made


def test_a_server_is_in_service_once_it_is_healthy_and_told_once(server: Machine) -> None:
    server.health = 503
    server.start()
    server.until(lambda: server.asked.count(HEALTH) >= 3)
    assert server.events() == []
    server.health = 200
    server.until(lambda: server.events() == [LAUNCHED])
    looks = len(server.asked)
    server.until(lambda: len(server.asked) > looks + 4)
    assert server.events() == [LAUNCHED]


def test_aws_is_asked_in_the_servers_own_region_about_itself_and_its_group(server: Machine) -> None:
    server.start()
    server.until(lambda: bool(server.events()))
    (call,) = (server.directory / "events").read_text().splitlines()
    for argument in ("--region eu-central-1", "--auto-scaling-group-name web-group", "--instance-id i-1"):
        assert argument in call


@pytest.mark.parametrize("health", [204, 302, 404, 500])
def test_no_answer_but_200_is_good_enough(server: Machine, health: int) -> None:
    server.health = health
    server.start()
    server.until(lambda: server.asked.count(HEALTH) >= 3)
    assert server.events() == []


def test_a_server_that_is_never_healthy_completes_nothing_and_still_leaves_in_order(server: Machine) -> None:
    """AWS gives it up when the hook's time is over; why it failed is in the logs, which get away."""
    server.health = 500
    server.start(IMMUTABLE_LAUNCH_SECONDS="1")
    server.until(lambda: HEALTH in server.asked)
    server.until(lambda: server.asked[-4:] == [f"/latest/meta-data/{STATE}"] * 4)
    server.metadata[STATE] = "Terminated"
    code, said = server.ended()
    assert (code, server.events()) == (0, [HEARTBEAT, *STOPPED, LEFT])
    assert said.count(f"not in service after 1 s: {server.url}/healthz") == 1


def test_aws_may_not_be_waiting_yet_when_a_server_is_ready(server: Machine) -> None:
    server.refuse("complete-lifecycle-action", NOT_WAITING, NOT_WAITING)
    server.start()
    server.until(lambda: len(server.events()) == 3)
    looks = len(server.asked)
    server.until(lambda: len(server.asked) > looks + 4)
    assert server.events() == [LAUNCHED] * 3


def test_the_same_refusal_is_said_once(server: Machine) -> None:
    server.refuse("complete-lifecycle-action", NOT_WAITING, NOT_WAITING, "Throttling")
    server.start()
    server.until(lambda: len(server.events()) == 4)
    server.metadata[STATE] = "Terminated"
    said = server.ended()[1]
    assert said.count("No active Lifecycle Action") == 1
    assert said.count("Throttling") == 1


def test_metadata_that_does_not_answer_at_first_is_asked_again(server: Machine) -> None:
    server.slow_answers = 4
    server.start()
    server.until(lambda: server.events() == [LAUNCHED])


def test_a_server_whose_tags_are_not_shown_says_so_and_waits(server: Machine) -> None:
    name = server.metadata.pop("tags/instance/aws:autoscaling:groupName")
    server.start()
    server.until(lambda: len(server.asked) >= 9)
    assert server.events() == []
    server.metadata["tags/instance/aws:autoscaling:groupName"] = name
    server.until(lambda: server.events() == [LAUNCHED])
    server.metadata[STATE] = "Terminated"
    assert "no metadata yet; tags have to be allowed in it" in server.ended()[1]


def test_a_server_that_goes_stops_its_service_then_its_logs_and_then_says_so(server: Machine) -> None:
    server.start()
    server.until(lambda: server.events() == [LAUNCHED])
    server.metadata[STATE] = "Terminated"
    assert server.ended()[0] == 0
    assert server.events() == [LAUNCHED, HEARTBEAT, *STOPPED, LEFT]


def test_the_service_runs_on_while_the_load_balancer_lets_requests_end(server: Machine) -> None:
    server.metadata[STATE] = "Terminated"
    server.refuse("record-lifecycle-action-heartbeat", *[NOT_WAITING] * 20)
    server.start()
    assert server.ended()[0] == 0
    assert server.events() == [HEARTBEAT] * 21 + [*STOPPED, LEFT]


def test_a_refusal_that_will_not_pass_holds_a_server_for_a_minute_only(server: Machine) -> None:
    server.metadata[STATE] = "Terminated"
    server.refuse("record-lifecycle-action-heartbeat", *["AccessDenied"] * 30)
    server.start()
    code, said = server.ended()
    assert (code, server.events()) == (0, [HEARTBEAT] * 12 + [*STOPPED, LEFT])
    assert "no heartbeat: AccessDenied" in said


def test_a_server_that_is_to_go_before_it_was_ready_goes(server: Machine) -> None:
    server.health = 500
    server.start()
    server.until(lambda: HEALTH in server.asked)
    server.metadata[STATE] = "Terminated"
    assert server.ended()[0] == 0
    assert server.events() == [HEARTBEAT, *STOPPED, LEFT]


def test_a_service_that_does_not_stop_has_half_of_the_time_and_the_logs_a_quarter(server: Machine) -> None:
    server.metadata[STATE] = "Terminated"
    server.mark("hangs-web.service")
    server.mark("hangs-amazon-cloudwatch-agent.service")
    server.start(IMMUTABLE_TERMINATION_SECONDS="4")
    before = time.monotonic()
    code, said = server.ended()
    assert 2.9 < time.monotonic() - before < LONGEST_SECONDS
    assert (code, server.events()) == (0, [HEARTBEAT, *STOPPED, LEFT])
    assert "web.service did not stop in time" in said
    assert "amazon-cloudwatch-agent.service did not stop in time" in said


def test_another_log_agent_is_the_images_choice_and_none_is_no_failure(server: Machine) -> None:
    server.metadata[STATE] = "Terminated"
    server.mark("missing-vector.service")
    server.start(IMMUTABLE_LOG_AGENT="vector.service")
    assert server.ended()[0] == 0
    assert server.events() == [HEARTBEAT, STOPPED[0], "systemctl stop vector.service", LEFT]


def test_leaving_is_told_again_until_aws_takes_it(server: Machine) -> None:
    server.metadata[STATE] = "Terminated"
    server.refuse("complete-lifecycle-action", "Throttling", "Throttling")
    server.start()
    assert server.ended()[0] == 0
    assert server.events()[-3:] == [LEFT] * 3


def test_after_its_time_a_server_says_no_more_and_fails(server: Machine) -> None:
    """systemd then starts it again."""
    server.metadata[STATE] = "Terminated"
    server.refuse("complete-lifecycle-action", *["Throttling"] * 1000)
    server.start(IMMUTABLE_TERMINATION_SECONDS="1")
    assert server.ended()[0] == 1


def test_without_a_launch_hook_there_is_nothing_to_complete_at_launch(server: Machine) -> None:
    server.start(IMMUTABLE_LAUNCH_SECONDS="0")
    server.until(lambda: len(server.asked) > 8)
    assert HEALTH not in server.asked
    server.metadata[STATE] = "Terminated"
    server.ended()
    assert server.events() == [HEARTBEAT, *STOPPED, LEFT]


def test_without_a_termination_hook_there_is_nothing_to_do_at_the_end(server: Machine) -> None:
    server.start(IMMUTABLE_TERMINATION_SECONDS="0")
    server.until(lambda: server.events() == [LAUNCHED])
    server.metadata[STATE] = "Terminated"
    assert server.ended()[0] == 0
    assert server.events() == [LAUNCHED]


@pytest.mark.parametrize("seconds", ["0", ""])
def test_without_hooks_it_ends_at_once(server: Machine, seconds: str) -> None:
    server.start(IMMUTABLE_LAUNCH_SECONDS=seconds, IMMUTABLE_TERMINATION_SECONDS=seconds)
    assert server.ended() == (0, "immutable-lifecycle: no lifecycle hooks\n")
    assert server.asked == []


@pytest.mark.parametrize("arguments", [("",), ("web", "api")])
def test_it_is_for_one_service(server: Machine, arguments: tuple[str, ...]) -> None:
    server.start(*arguments)
    assert server.ended() == (2, "immutable-lifecycle: usage: immutable-lifecycle SERVICE\n")


def test_it_looks_at_its_own_pace_all_the_way(server: Machine) -> None:
    """At each of the three places where it waits: metadata, the state, AWS."""
    name = server.metadata.pop("tags/instance/aws:autoscaling:groupName")
    server.start(IMMUTABLE_POLL_SECONDS="0.5")
    server.until(lambda: "/latest/meta-data/instance-id" in server.asked)
    time.sleep(1.2)
    assert server.asked.count("/latest/meta-data/instance-id") <= 4
    server.metadata["tags/instance/aws:autoscaling:groupName"] = name
    server.until(lambda: server.events() == [LAUNCHED])
    looks = server.asked.count(f"/latest/meta-data/{STATE}")
    time.sleep(1.2)
    assert server.asked.count(f"/latest/meta-data/{STATE}") - looks <= 3
    server.refuse("record-lifecycle-action-heartbeat", NOT_WAITING, NOT_WAITING)
    server.metadata[STATE] = "Terminated"
    before = time.monotonic()
    server.ended()
    assert time.monotonic() - before > 0.9


def test_a_proxy_of_the_service_stands_not_between_a_server_and_itself(server: Machine) -> None:
    server.start(http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9")
    server.until(lambda: server.events() == [LAUNCHED])


def test_its_calls_are_operations_of_auto_scaling_with_arguments_that_they_take(server: Machine) -> None:
    server.start()
    server.until(lambda: server.events() == [LAUNCHED])
    server.metadata[STATE] = "Terminated"
    server.ended()
    service: Any = Session().get_service_model("autoscaling")
    operations = {xform_name(name, "-"): service.operation_model(name) for name in service.operation_names}
    calls = (server.directory / "events").read_text().splitlines()
    for _, _, operation, *arguments in (call.split() for call in calls if call.startswith("aws ")):
        taken = {xform_name(name, "-") for name in operations[operation].input_shape.members}
        taken |= {"region", "cli-connect-timeout", "cli-read-timeout"}
        assert {name.removeprefix("--") for name in arguments[::2]} <= taken


def test_it_asks_for_the_variables_and_hooks_that_the_components_make() -> None:
    program = PROGRAM.read_text()
    for name in variables(8080, "/healthz", Lifecycle()):
        assert f"${{{name}:-" in program
    for hook in hooks(Lifecycle()):
        assert f"tell {hook.name}" in program


def test_its_unit_starts_it_for_a_service_with_that_services_environment() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(PROGRAM.parent / "immutable-lifecycle@.service")
    assert unit["Service"]["EnvironmentFile"] == "/etc/immutable/%i.env"
    assert unit["Service"]["ExecStart"] == "/usr/local/libexec/immutable-lifecycle %i.service"
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_it_is_a_program_that_any_posix_shell_runs() -> None:
    assert PROGRAM.stat().st_mode & 0o111
    assert PROGRAM.read_text().startswith("#!/bin/sh\n")
    shellcheck = str(Path(sys.executable).with_name("shellcheck"))
    checked = subprocess.run([shellcheck, str(PROGRAM)], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
