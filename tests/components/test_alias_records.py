"""Names that lead to a load balancer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.alias_records import AliasRecords, AliasRecordsArgs
from components.args import AliasTarget
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]


@pytest.mark.parametrize(
    ("dual_stack", "expected"),
    [
        (False, {"entry-example.com": ("example.com", "A"), "entry-*.example.com": ("*.example.com", "A")}),
        (
            True,
            {
                "entry-example.com": ("example.com", "A"),
                "entry-example.com-ipv6": ("example.com", "AAAA"),
                "entry-*.example.com": ("*.example.com", "A"),
                "entry-*.example.com-ipv6": ("*.example.com", "AAAA"),
            },
        ),
    ],
)
def test_every_host_leads_to_the_load_balancer_by_all_its_addresses(
    build: Build, dual_stack: bool, expected: dict[str, tuple[str, str]]
) -> None:
    def program() -> Mapping[str, Any]:
        target = AliasTarget(dns_name="entry.elb", zone_id="Z-OF-AWS", dual_stack=dual_stack)
        args = AliasRecordsArgs(zone_id="Z1", hosts=("example.com", "*.example.com"), target=target)
        AliasRecords("entry", args)
        return {}

    built = build(program)
    records = built.inputs("Record")
    assert {key.split()[1]: (each["name"], each["type"]) for key, each in records.items()} == expected
    alias = {"name": "entry.elb", "zoneId": "Z-OF-AWS", "evaluateTargetHealth": True}
    for record in records.values():
        assert (record["zoneId"], record["aliases"]) == ("Z1", [alias])
        # Who has a record of the name already wants it to lead where it does.
        assert "allowOverwrite" not in record
    assert set(built.parents().values()) == {"Stack", "the AliasRecords entry"}
    assert built.types()["the AliasRecords entry"] == "immutable:aliasrecords:AliasRecords"
