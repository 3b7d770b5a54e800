"""Records of the emulated Route 53 that come, go, and come again."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.local import Local

ALIAS = {"HostedZoneId": "Z215JYRZR1TBD5", "DNSName": "entry.elb.amazonaws.com", "EvaluateTargetHealth": True}


def test_an_alias_at_the_name_of_its_zone_may_be_made_again_once_it_was_deleted(cloud: Local) -> None:
    client = cloud.client("route53")
    zone = client.create_hosted_zone(Name="example.com", CallerReference="once")["HostedZone"]["Id"]
    record: dict[str, Any] = {"Name": "example.com", "Type": "A", "AliasTarget": ALIAS}
    for action in ("CREATE", "DELETE", "CREATE"):
        change = {"Action": action, "ResourceRecordSet": record}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    found = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [each["Type"] for each in found] == ["A", "NS", "SOA"]
