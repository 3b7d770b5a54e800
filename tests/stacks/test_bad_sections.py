"""Values that are wrong together, or by AWS's rules: each is refused in one line on the key to change."""

from __future__ import annotations

from typing import Any

import pytest

from components.lifecycle_hooks import Lifecycle, variables
from components.user_data import server_config
from tests.stacks.given import SMALLEST, complaint, complaints

WEB = "immutable:services.web"
TAGS = "immutable:tags"
NETWORK = "immutable:network"
NO_HOOKS = {"launchTimeoutSeconds": 0, "terminationTimeoutSeconds": 0}
API = {"port": 9090, "instanceTypes": ["m7g.large"]}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {f"{NETWORK}.cidr": "10.20.0.0"},
            "'10.20.0.0' is not an IPv4 block; write one such as 10.20.0.0/16",
        ),
        ({f"{NETWORK}.cidr": "ten"}, "'ten' is not an IPv4 block; write one"),
        (
            {f"{NETWORK}.cidr": "10.20.1.0/16"},
            "'10.20.1.0/16' is not the start of a range: write 10.20.0.0/16",
        ),
        ({f"{NETWORK}.cidr": "10.0.0.0/8"}, "10.0.0.0/8 is wider than a VPC may be"),
        (
            {f"{NETWORK}.cidr": "10.20.0.0/26"},
            "10.20.0.0/26 is too small for public, private and isolated subnets",
        ),
        ({f"{NETWORK}.cidr": "52.20.0.0/16"}, "52.20.0.0/16 is not private"),
        (
            {f"{NETWORK}.reservedCidrs": ["10.30.0.0/16", "10.0.0.0/11"]},
            "10.20.0.0/16 overlaps the reserved 10.0.0.0/11; take a block outside of it",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_refused(changes: dict[str, Any], line: str) -> None:
    assert complaint(changes).startswith(f"{NETWORK}.cidr: {line}")


def test_a_reserved_block_that_is_none_is_refused_by_its_place_in_the_list() -> None:
    for wrong in ("office", "10.40.0.1"):
        line = complaint({f"{NETWORK}.reservedCidrs": ["10.30.0.0/16", wrong]})
        assert line.startswith(f"{NETWORK}.reservedCidrs[1]: '{wrong}' is not an IPv4 block")


@pytest.mark.parametrize(
    ("route", "line"),
    [
        (
            {"priority": 100, "paths": ["/api/*"]},
            "services.web.route.priority: 100 is also that of api; give each service its own",
        ),
        (
            {"priority": 200, "paths": ["/*"]},
            "services.api.route.paths: '/*' is already routed to web, whose priority 100 comes before 200; "
            "give api the lower number, or another host or path",
        ),
        (
            {"priority": 200, "hosts": ["api.example.com"]},
            "services.api.route.hosts: 'api.example.com' is already routed to web, whose priority 100 comes "
            "before 200; give api the lower number, or another host or path",
        ),
    ],
)
def test_two_services_for_one_request_are_refused(route: dict[str, Any], line: str) -> None:
    assert complaint({"immutable:services.api": {**API, "route": route}}) == f"immutable:{line}"


def test_two_services_on_one_host_are_refused() -> None:
    host = {"hosts": ["www.example.com"]}
    api = {**API, "route": {"priority": 101, **host}}
    line = complaint({f"{WEB}.route": {"priority": 100, **host}, "immutable:services.api": api})
    assert line.startswith("immutable:services.api.route.hosts: 'www.example.com' is already routed to web")


@pytest.mark.parametrize(
    ("route", "line"),
    [
        ({}, ': has neither hosts nor paths; give it paths: ["/*"] to answer every request'),
        ({"paths": ["api"]}, ".paths[0]: 'api' cannot be matched; write one such as /api/*"),
        ({"hosts": ["web"]}, ".hosts[0]: 'web' cannot be matched; write one such as app.example.com"),
        ({"paths": ["/a", "/a"]}, ".paths[1]: '/a' stands there twice; remove one"),
        ({"paths": ["/" + "a" * 128]}, f".paths[0]: '/{'a' * 76}…' is over 128 characters; shorten it"),
        ({"paths": ["/a", "/b", "/c", "/d"]}, ".paths: has 4 entries; a listener rule takes 3"),
        (
            {"paths": ["/a", "/b", "/c"], "hosts": ["a.example", "b.example", "c.example"]},
            ": has 6 hosts and paths; a listener rule takes 5",
        ),
    ],
)  # fmt: skip
def test_a_route_that_no_rule_can_say_is_refused(route: dict[str, Any], line: str) -> None:
    assert complaint({f"{WEB}.route": {"priority": 1, **route}}) == f"{WEB}.route{line}"


@pytest.mark.parametrize(
    ("types", "line"),
    [
        (["m7g"], "instanceTypes[0]: 'm7g' is not an instance type; write one such as m7g.large"),
        (["m7g.large", "m7g.large"], "instanceTypes[1]: 'm7g.large' stands there twice; remove one"),
        (
            ["m7g.large", "m7i.large"],
            "instanceTypes[1]: 'm7i.large' and 'm7g.large' differ in architecture; one image fits one",
        ),
    ],
)
def test_instance_types_that_cannot_run_one_image_are_refused(types: list[str], line: str) -> None:
    assert complaint({f"{WEB}.instanceTypes": types}) == f"{WEB}.{line}"


@pytest.mark.parametrize(
    "types",
    [
        ["g5g.xlarge", "t4g.micro", "im4gn.large", "x2gd.large", "a1.large"],
        ["g4dn.xlarge", "c6i.large", "m7i-flex.large", "u-6tb1.metal"],
    ],
)
def test_instance_types_of_one_architecture_go_together(types: list[str]) -> None:
    assert complaints({f"{WEB}.instanceTypes": types}) == []


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ({"Action": "*"}, "[0].Action: a policy statement allows '*'"),
        ({"Action": ["s3:*"]}, "[0].Action: a policy statement allows 's3:*'"),
        ({"action": "s3:GetObject"}, "[0].action: is not a known key; did you mean Action?"),
        ({"Resource": None}, "[0].Resource: is missing; add it, spelled as IAM spells it"),
    ],
)
def test_a_policy_statement_that_allows_too_much_or_nothing_is_refused(
    statement: dict[str, Any], line: str
) -> None:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | statement
    whole = {key: value for key, value in whole.items() if value is not None}
    assert complaint({f"{WEB}.policyStatements": [whole]}).startswith(f"{WEB}.policyStatements{line}")


def test_an_environment_over_16_kb_is_refused_with_its_size() -> None:
    line = complaint({f"{WEB}.environment": {"BANNER": "words " * 3000}})
    assert line.startswith(f"{WEB}.environment: the environment of 'web' makes 18764 bytes")
    assert "EC2 takes 16384" in line


def test_the_limit_leaves_room_for_what_the_launch_template_adds() -> None:
    added = {"LOG_GROUP": "web-0123456"} | variables(8080, "/healthz", Lifecycle())
    rest = len(server_config("web", {"BANNER": ""} | added))
    longest = "b" * (16_384 - rest)
    assert complaints({f"{WEB}.environment": {"BANNER": longest}}) == []
    assert complaints({f"{WEB}.environment": {"BANNER": longest + "b"}})


@pytest.mark.parametrize(
    ("name", "place"), [("1ST", ".1ST"), ("A-B", ".A-B"), ("A B", '["A B"]'), ("", '[""]')]
)
def test_a_variable_that_a_shell_cannot_name_is_refused_where_it_stands(name: str, place: str) -> None:
    line = complaint({f"{WEB}.environment": {name: "x"}})
    assert line.startswith(f"{WEB}.environment{place}: {name!r} is no name for an environment variable")


def test_a_secret_in_the_environment_is_refused_and_not_repeated() -> None:
    line = complaint({f"{WEB}.environment.DB_PASSWORD": "correct horse battery"})
    assert line == (
        f"{WEB}.environment.DB_PASSWORD: looks like a secret (a plain value under the name of a secret); "
        "keep it in Secrets Manager or Parameter Store and name it under secrets, or name it in notSecret "
        "if it is none"
    )


def test_a_variable_vouched_for_is_taken_but_no_private_key() -> None:
    vouched = {f"{WEB}.notSecret": ["SESSION_SECRET"], f"{WEB}.environment.SESSION_SECRET": "see the vault"}
    assert complaints(vouched) == []
    line = complaint(vouched | {f"{WEB}.environment.SESSION_SECRET": "-----BEGIN RSA PRIVATE KEY-----"})
    assert "holds a private key" in line


def test_vouching_for_a_variable_that_is_not_there_is_refused() -> None:
    assert complaint({f"{WEB}.notSecret": ["GONE"]}) == (
        f"{WEB}.notSecret[0]: 'GONE' is no variable of this service; remove it"
    )


@pytest.mark.parametrize("name", ["Web", "web_1", "-web", "web-", "w" * 25, "web--1", "1web"])
def test_a_service_name_that_aws_names_cannot_hold_is_refused(name: str) -> None:
    values = {"immutable:services": {name: SMALLEST["immutable:services"]["web"]}}
    assert complaint(values).startswith(f"immutable:services.{name}: is not a service's name")


@pytest.mark.parametrize(
    ("tags", "line"),
    [
        ({"aws:cost": "1"}, 'tags["aws:cost"]: starts with aws:, which is AWS\'s own; rename it'),
        ({"owner": "AWS:me"}, "tags.owner: 'AWS:me' is not a tag's value"),
        ({"k" * 129: "1"}, f"tags.{'k' * 129}: is not a tag's key; take 1 to 128"),
        ({"owner": "v" * 257}, "tags.owner: 'vvvv"),
        ({"owner": "a, b"}, "tags.owner: 'a, b' is not a tag's value; take up to 256"),
        ({"owner": "a", "Owner": "b"}, "tags.Owner: differs from 'owner' in case alone; keep one"),
        ({"environment": "x"}, "tags.environment: is set on every resource already; remove it"),
        ({"name": "x"}, "tags.name: is set on every resource already; remove it"),
        ({f"t{n}": "x" for n in range(46)}, "tags: has 46 tags; keep 45"),
    ],
)
def test_tags_beyond_the_limits_of_aws_are_refused(tags: dict[str, str], line: str) -> None:
    assert complaint({TAGS: tags}).startswith(f"immutable:{line}")


def test_tags_at_the_limits_of_aws_are_taken() -> None:
    tags = {"k" * 128: "v" * 256, "Straße 9/a": ""} | {f"t{n}": "x" for n in range(43)}
    assert complaints({TAGS: tags, f"{WEB}.lifecycle": NO_HOOKS}) == []


@pytest.mark.parametrize("hook", ["launchTimeoutSeconds", "terminationTimeoutSeconds"])
def test_a_tag_that_servers_with_a_hook_cannot_have_is_refused(hook: str) -> None:
    line = complaint({TAGS: {"cost center": "1"}, f"{WEB}.lifecycle": NO_HOOKS | {hook: 30}})
    assert line == (
        "immutable:tags[\"cost center\"]: the tag 'cost center' keeps servers from reading their metadata, "
        "which lifecycle hooks need: take letters, digits and + - = . , _ : @, or set both lifecycle "
        "timeouts to 0"
    )
