"""Wrong workloads: each is refused in one line on the key to change, before anything exists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.containers import ALONE, SHOP, SIZE, refusal, refusals
from tests.stacks.given import complaints

SHOP_KEY = "immutable:workloads.shop"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf"
CALLED = {"port": 8080, **SIZE}


def test_an_environment_with_containers_is_taken() -> None:
    assert refusals({}) == []


def test_workloads_need_no_services_and_no_image_of_servers() -> None:
    assert complaints(ALONE) == []


def test_services_need_an_image_of_servers_all_the_same() -> None:
    assert refusal({"immutable:imageId": None}) == (
        "immutable:imageId: is missing; set it to the ID of the image that servers start from, ami-..."
    )


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("port", 80, "80 is too low; the least is 1024"),
        ("cpu", None, "is missing; set it to a map with request and limit, such as 250m and 500m"),
        ("cpu", "250m", "'250m' is text; write a map of keys"),
        ("cpu.request", 1, "1 is a number, not text; put quotes around it"),
        ("cpu.request", "0", "'0' is no amount of processor; write one such as 250m, a quarter of one"),
        ("cpu.limit", "500Mi", "'500Mi' is no amount of processor; write one such as 250m, a quarter of one"),
        ("cpu.limit", "200m", "200m is below the request of 250m; raise it, or lower the request"),
        ("cpu.limit", "0.2", "0.2 is below the request of 250m; raise it, or lower the request"),
        ("memory.limit", "256m", "'256m' is no amount of memory; write one such as 256Mi or 2Gi"),
        ("memory.limit", "255Mi", "255Mi is below the request of 256Mi; raise it, or lower the request"),
        ("memory.limit", "256M", "256M is below the request of 256Mi; raise it, or lower the request"),
        ("healthPort", 9090, "9090 is not served; write one that is: 8080"),
        ("ports", {"metrics": 8080}, None),
        ("ports", {"http": 9090}, None),
        ("ports", {"42": 9090}, None),
        ("min", 5, "5 is more than max 4; lower min or raise max"),
        ("drainSeconds", 60, "60 leaves nothing of terminationGraceSeconds 60; lower it or raise that"),
        ("rollout.maxSurge", "0", '\'0\' is no number of pods; write one such as "25%" or "1"'),
        ("rollout.maxSurge", "0%", '\'0%\' is no number of pods; write one such as "25%" or "1"'),
        ("rollout.maxSurge", 1, "1 is a number, not text; put quotes around it"),
        (
            "rollout.timeoutSeconds",
            599,
            "599 is over before progressDeadlineSeconds 600; raise it or lower that",
        ),
        ("startupSeconds", 590, None),
        ("migrate", "alembic upgrade head", "'alembic upgrade head' is text; write a list"),
        ("image", "shopp", "'shopp' is no key of images; did you mean shop?"),
        ("database", "main", "'main' is no database of this file; add it under databases"),
        ("calls", ["shop"], None),
        ("calls", ["web"], None),
        ("calls", ["billing"], None),
        ("healthpath", "/up", "is not a known key; did you mean healthPath?"),
    ],
)
def test_one_wrong_value_of_a_workload_is_one_line(path: str, value: Any, line: str | None) -> None:
    place, text = {
        "ports metrics": ("ports.metrics", "8080 is also port; give each its own"),
        "ports http": ("ports.http", "is the name of port itself; give it another name"),
        "ports 42": (
            "ports.42",
            "is no name for a port; take up to 15 lower-case letters, digits, hyphens, one of them a letter",
        ),
        "startupSeconds": (
            "rollout.progressDeadlineSeconds",
            "600 is over before a pod may be ready, after 600 s of startupSeconds and minReadySeconds; "
            "raise it",
        ),
        "calls shop": ("calls[0]", "'shop' is the workload itself; remove it"),
        "calls web": (
            "calls[0]",
            "'web' is a service, and a workload calls workloads alone; call it by its route, or make both of "
            "one kind",
        ),
        "calls billing": ("calls[0]", "'billing' is no workload of this stack; known are shop"),
    }.get(f"{path} {next(iter(value))}" if isinstance(value, dict | list) else path, (path, line))
    assert refusal({f"{SHOP_KEY}.{path}": value}) == f"{SHOP_KEY}.{place}: {text}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "s" * 47,
            "has 47 characters, 46 are the most: with what is put behind it, Kubernetes takes no more for "
            "the name of a Job; shorten it",
        ),
        ("log-agent", "is kept for what every cluster has; take another name"),
        ("Shop", "is not a workload's name; take lower-case letters, digits, hyphens, a letter first"),
        ("1shop", "is not a workload's name; take lower-case letters, digits, hyphens, a letter first"),
        ("shop-", "is not a workload's name; take lower-case letters, digits, hyphens, a letter first"),
    ],
)
def test_a_name_that_kubernetes_does_not_take_is_refused(name: str, text: str) -> None:
    changes = {"immutable:workloads": {name: {**SHOP, "image": "shop"}}}
    assert refusal(changes) == f"immutable:workloads.{name}: {text}"


def test_the_longest_name_is_taken() -> None:
    assert refusals({"immutable:workloads": {"s" * 46: {**SHOP, "image": "shop"}}}) == []


def test_a_name_belongs_to_a_service_or_to_a_workload() -> None:
    changes = {"immutable:workloads": {"web": {**SIZE, "image": "shop"}}}
    assert refusal(changes) == (
        "immutable:workloads.web: is also a service's name, and both have logs and routes by it; rename one"
    )


def test_services_and_workloads_share_the_priorities_and_paths_of_routes() -> None:
    line = refusal({"immutable:services.web.route.priority": 150})
    assert (
        line == "immutable:workloads.shop.route.priority: 150 is also that of web; give each service its own"
        or (
            line
            == "immutable:services.web.route.priority: 150 is also that of shop; give each service its own"
        )
    )
    assert refusal({"immutable:services.web.route.priority": 100}) == (
        f"{SHOP_KEY}.route.paths: '/shop/*' is already routed to web, whose priority 100 comes before 150; "
        "give shop the lower number, or another host or path"
    )


def test_a_service_does_not_call_a_workload() -> None:
    changes = {
        "immutable:services.web.calls": ["shop"],
        "immutable:names": {"zoneId": "Z0123456789", "domain": "example.com"},
    }
    assert refusal(changes) == (
        "immutable:services.web.calls[0]: 'shop' is a workload, and a service calls services alone; "
        "call it by its route, or make both of one kind"
    )


def test_a_workload_that_nobody_reaches_is_refused() -> None:
    changes = {"immutable:workloads.billing": {**CALLED, "image": "shop"}}
    assert refusal(changes) == (
        "immutable:workloads.billing.route: is missing, and no workload calls this one; set it to a priority "
        "with hosts, paths or both, or name billing in the calls of another"
    )
    assert refusals(changes | {f"{SHOP_KEY}.calls": ["billing"]}) == []


def test_a_worker_is_reached_by_nobody_and_that_is_fine() -> None:
    assert (
        refusals({"immutable:workloads.mailer": {**SIZE, "image": "shop", "ports": {"metrics": 9090}}}) == []
    )
    assert refusals({"immutable:workloads.mailer": {**SIZE, "image": "shop", "healthPath": "/up"}}) == [
        "immutable:workloads.mailer.healthPath: is asked on no port; set port or healthPort, or take it out "
        "for a worker"
    ]
    assert refusal({"immutable:workloads.mailer": {**SIZE, "image": "shop", "healthPort": 9090}}) == (
        "immutable:workloads.mailer.healthPort: 9090 is not served; write port or one of ports"
    )


def test_a_route_needs_a_port() -> None:
    assert refusal({f"{SHOP_KEY}.port": None}) == (
        f"{SHOP_KEY}.port: is missing; set it to the TCP port that the container listens on, or take route "
        "out for a worker"
    )


@pytest.mark.parametrize(
    "key", ["deregistrationDelaySeconds", "alarms.errorPercent", "alarms.unhealthyHosts"]
)
def test_what_is_for_routes_is_refused_without_one(key: str) -> None:
    mailer = {"immutable:workloads.mailer": {**SIZE, "image": "shop"}}
    assert refusal(mailer | {f"immutable:workloads.mailer.{key}": 5}) == (
        f"immutable:workloads.mailer.{key}: is for workloads with a route; set route, or take it out"
    )


def test_a_time_for_a_migration_that_there_is_not_is_refused() -> None:
    assert refusal({f"{SHOP_KEY}.migrateTimeoutSeconds": 60}) == (
        f"{SHOP_KEY}.migrateTimeoutSeconds: is for workloads that migrate; set migrate, or take it out"
    )


@pytest.mark.parametrize(
    ("environment", "name", "text"),
    [
        ({"A-B": "x"}, "A-B", "'A-B' is no name for an environment variable; use letters, digits and _"),
        ({"A": "a\0b"}, "A", "the value of A holds a zero byte, which ends it; take it out"),
        ({"KEY_FILE": "x"}, "KEY_FILE", "is set by secrets: KEY; take it out"),
        (
            {"DB_PASSWORD": "correct horse battery"},
            "DB_PASSWORD",
            "looks like a secret (a plain value under the name of a secret); keep it in Secrets Manager or "
            "Parameter Store and name it under secrets, or name it in notSecret if it is none",
        ),
        (
            {"PEM": "-----BEGIN RSA PRIVATE KEY-----"},
            "PEM",
            "holds a private key, which the cluster would show; keep it in Secrets Manager or Parameter "
            "Store and name it under secrets",
        ),
    ],
)
def test_a_variable_that_cannot_be_or_holds_a_secret_is_refused(
    environment: dict[str, str], name: str, text: str
) -> None:
    secrets = {"KEY": SECRET.replace("us-east-1", "eu-central-1")}
    line = refusal({f"{SHOP_KEY}.environment": environment, f"{SHOP_KEY}.secrets": secrets})
    assert line == f"{SHOP_KEY}.environment.{name}: {text}"


def test_a_secret_of_another_region_is_refused() -> None:
    assert refusal({f"{SHOP_KEY}.secrets": {"KEY": SECRET}}) == (
        f"{SHOP_KEY}.secrets.KEY: is of us-east-1, the stack of eu-central-1; name one in eu-central-1"
    )


def test_a_statement_that_allows_too_much_is_refused() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    line = refusal({f"{SHOP_KEY}.policyStatements": [statement]})
    assert line.startswith(f"{SHOP_KEY}.policyStatements[0].Action: a policy statement allows 's3:*'")


def test_a_database_that_sleeps_has_no_workloads_that_stay_awake() -> None:
    changes = {
        "immutable:sleep": {"timeZone": "Europe/Berlin", "from": "20:00", "until": "07:00"},
        "immutable:databases": {
            "main": {"engine": "postgres", "version": "16.4", "instanceClass": "db.t4g.micro"}
        },
        f"{SHOP_KEY}.database": "main",
    }
    assert refusal(changes) == (
        f"{SHOP_KEY}.database: 'main' is stopped while the environment sleeps, and workloads stay awake; "
        "write sleep: false at databases.main"
    )
    assert refusals(changes | {"immutable:databases.main.sleep": False}) == []


def test_more_routes_than_nodes_can_stand_behind_are_refused() -> None:
    routed = {
        f"shop-{n}": {**SHOP, "image": "shop", "route": {"priority": n + 1, "paths": [f"/{n}"]}}
        for n in range(51)
    }
    assert refusal({"immutable:workloads": routed}) == (
        "immutable:workloads: has 51 with a route; the nodes' Auto Scaling group takes 50 target groups"
    )
