"""What a month costs before an update and after it."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.releases import engine_events, preview_cost, preview_words, prices
from scripts.releases.cost_hours import MONTH_HOURS
from scripts.releases.preview_cost import Costs
from tests.scripts.told_events import GROUP, ROLLOUT, TEMPLATE, UNKNOWN, ToldEvents

SCHEDULE = "aws:autoscaling/schedule:Schedule"
GATEWAY = "aws:ec2/natGateway:NatGateway"
SMALL = 0.0192  # t4g.small in eu-central-1


def costs(told: ToldEvents) -> Costs | None:
    events = engine_events.parse(told.documents)
    return preview_cost.make("staging", "eu-central-1", events, prices.read(prices.OWN))


def known(told: ToldEvents) -> Costs:
    found = costs(told)
    assert found is not None
    return found


def group(most: int, template: str = "lt-1", **more: Any) -> dict[str, Any]:
    specification = {"launchTemplateSpecification": {"launchTemplateId": template}}
    mixed = {"launchTemplate": {**specification, "overrides": [{"instanceType": "t4g.small"}]}}
    return {"minSize": 2, "maxSize": most, "mixedInstancesPolicy": mixed, **more}


def template(size: int = 20) -> dict[str, Any]:
    return {"blockDeviceMappings": [{"ebs": {"volumeSize": size, "volumeType": "gp3"}}]}


def test_more_servers_cost_more_at_most_and_the_same_at_least() -> None:
    told = ToldEvents()
    told.step("same", TEMPLATE, "web", {}, {}, id="lt-1")
    told.step("update", GROUP, "web", group(4), group(6), id="web")
    found = known(told)
    assert found.more.least == 0
    assert found.more.most == pytest.approx(2 * SMALL * MONTH_HOURS)
    assert found.rows == [("servers web", "2 to 4 t4g.small", "2 to 6 t4g.small")]


def test_what_does_not_change_is_no_row() -> None:
    told = ToldEvents()
    told.step("same", GROUP, "web", group(4), group(4), id="web")
    assert known(told).rows == []
    assert preview_words.cost(known(told)).startswith("The cost stays as it is: 28.03 to 56.06 USD a month")


def test_what_is_made_and_what_goes_is_counted_on_one_side() -> None:
    told = ToldEvents()
    told.step("create", GATEWAY, "b", None, {})
    told.step("delete", GROUP, "web", group(4), None, id="web")
    found = known(told)
    assert found.rows == [("servers web", "2 to 4 t4g.small", ""), ("NAT gateways", "", "1")]
    assert found.more.least == pytest.approx((0.052 - 2 * SMALL) * MONTH_HOURS)


def test_a_new_group_is_made_of_the_new_template_of_its_name() -> None:
    told = ToldEvents()
    told.step("create", TEMPLATE, "web", None, template())
    told.step("create", TEMPLATE, "api", None, template(50))
    told.step("create", GROUP, "web", None, group(2, template=UNKNOWN))
    found = known(told)
    assert ("volumes web", "", "2 of 20 GiB gp3") in found.rows
    assert found.before is None


def test_the_schedule_of_a_new_group_lets_it_sleep_and_no_other() -> None:
    told = ToldEvents()
    for name in ("web", "api"):
        told.step("create", GROUP, name, None, group(2), parent=f"parent-{name}")
    for name, hour, desired in (("sleep", 20, 0), ("wake", 8, 2)):
        recurrence = f"0 {hour} * * 1-5"
        inputs = {"recurrence": recurrence, "desiredCapacity": desired, "autoscalingGroupName": UNKNOWN}
        told.step("create", SCHEDULE, name, None, inputs, parent="parent-web")
    details = {part: then for part, _, then in known(told).rows}
    assert details["servers api"] == "2 t4g.small"
    assert details["servers web"].startswith("2 t4g.small, ")


def test_a_list_that_nobody_knows_yet_is_none() -> None:
    """Its placeholder is a text of 36 letters, which are no zones."""
    told = ToldEvents()
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    told.step("create", balancer, "entry", None, {"subnets": UNKNOWN}, outputs={"subnets": UNKNOWN})
    assert [part for part, _, _ in known(told).rows] == ["load balancers"]


def test_nothing_that_costs_by_the_hour_has_no_estimate() -> None:
    told = ToldEvents()
    told.step("create", "aws:iam/role:Role", "web", None, {})
    told.step("same", "aws:iam/role:Role", "api", {}, {}, id="api")
    assert costs(told) is None
    assert costs(ToldEvents()) is None


def test_the_sentence_says_how_much_more_and_how_much_in_all() -> None:
    told = ToldEvents()
    told.step("update", GROUP, "web", group(4), group(6), id="web")
    assert preview_words.cost(known(told)) == (
        "It costs the same a month with the fewest servers and 28.03 more with the most: 28.03 to 84.10 USD "
        "a month instead of 28.03 to 56.06, as far as there are prices."
    )


def test_what_becomes_cheaper_says_less() -> None:
    told = ToldEvents()
    told.step("update", GROUP, "web", group(6), group(4), id="web")
    assert "28.03 less with the most" in preview_words.cost(known(told))


def test_a_price_that_is_missing_is_named_when_its_part_changes_and_not_otherwise() -> None:
    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    told = ToldEvents()
    told.step("same", alarm, "a", {}, {}, id="a")
    told.step("create", GATEWAY, "b", None, {})
    assert list(preview_words.unpriced(known(told))) == []
    told.step("create", alarm, "c", None, {})
    assert list(preview_words.unpriced(known(told))) == [
        "the price table does not know of eu-central-1: alarmMonth"
    ]


def test_what_has_a_price_on_one_side_alone_makes_nothing_cheaper() -> None:
    database = "aws:rds/instance:Instance"
    small, huge = ({"engine": "postgres", "instanceClass": f"db.{size}"} for size in ("t4g.micro", "huge"))
    told = ToldEvents()
    told.step("update", database, "main", small, huge, id="main")
    told.step("same", GATEWAY, "a", {}, {}, id="a")
    found = known(told)
    assert found.unpriced == ("database main",)
    assert preview_words.cost(found) == (
        "The cost stays as it is: 37.96 to 37.96 USD a month, as far as there are prices. That is without "
        "database main."
    )


def test_a_rollout_costs_nothing_by_the_month() -> None:
    told = ToldEvents()
    told.step("update", ROLLOUT, "web", {"a": 1}, {"a": 2})
    assert costs(told) is None
