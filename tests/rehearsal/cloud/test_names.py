"""Hosted zones and certificates as AWS has them: proven before they are issued, in use or gone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.test_admin import call

ZONE = "Z0123456789ABCDEFGHIJ"
NAMES = ["example.test", "*.example.test", "*.internal.example.test"]


@pytest.fixture
def zone(cloud: Local) -> str:
    assert call(cloud, "zones", {"zoneId": ZONE, "domain": "example.test"}) == (200, {"zoneId": ZONE})
    return ZONE


def requested(cloud: Local) -> str:
    made = cloud.client("acm").request_certificate(
        DomainName=NAMES[0], SubjectAlternativeNames=NAMES[1:], ValidationMethod="DNS"
    )
    return str(made["CertificateArn"])


def certificate(cloud: Local, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def proofs(cloud: Local, arn: str) -> list[dict[str, str]]:
    """The records that it wants, each once."""
    options = certificate(cloud, arn)["DomainValidationOptions"]
    return list({each["ResourceRecord"]["Name"]: each["ResourceRecord"] for each in options}.values())


def change(cloud: Local, zone: str, action: str, proof: dict[str, str], ttl: int = 300) -> None:
    record = {
        "Name": proof["Name"],
        "Type": proof["Type"],
        "TTL": ttl,
        "ResourceRecords": [{"Value": proof["Value"]}],
    }
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def load_balancer(cloud: Local) -> str:
    ec2 = cloud.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    made = cloud.client("elbv2").create_load_balancer(Name="entry", Subnets=[s["SubnetId"] for s in subnets])
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def listen(cloud: Local, balancer: str, arn: str) -> str:
    made = cloud.client("elbv2").create_listener(
        LoadBalancerArn=balancer,
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    return str(made["Listeners"][0]["ListenerArn"])


def test_a_certificate_is_issued_when_all_its_names_are_proven(cloud: Local, zone: str) -> None:
    arn = requested(cloud)
    first, second = proofs(cloud, arn)
    cloud.world.clock.step(86_400)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"
    change(cloud, zone, "CREATE", first)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"
    change(cloud, zone, "CREATE", second)
    assert certificate(cloud, arn)["Status"] == "ISSUED"


def test_what_only_a_network_knows_proves_nothing(cloud: Local) -> None:
    vpc = {"VPCId": cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"], "VPCRegion": "eu-central-1"}
    private = cloud.client("route53").create_hosted_zone(
        Name="example.test", CallerReference="1", VPC=vpc, HostedZoneConfig={"PrivateZone": True}
    )["HostedZone"]["Id"]
    arn = requested(cloud)
    for proof in proofs(cloud, arn):
        change(cloud, private, "CREATE", proof)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"


# The code is AWS's, and not in its own list of errors.
@pytest.mark.filterwarnings("ignore:Exception.UnsupportedCertificateError")
def test_a_listener_takes_no_certificate_before_it_is_issued(cloud: Local, zone: str) -> None:
    arn, balancer = requested(cloud), load_balancer(cloud)
    with pytest.raises(ClientError, match="UnsupportedCertificate"):
        listen(cloud, balancer, arn)
    for proof in proofs(cloud, arn):
        change(cloud, zone, "CREATE", proof)
    certificate(cloud, arn)
    listen(cloud, balancer, arn)


def test_a_certificate_that_a_listener_uses_is_not_deleted(cloud: Local, zone: str) -> None:
    arn, balancer = requested(cloud), load_balancer(cloud)
    for proof in proofs(cloud, arn):
        change(cloud, zone, "CREATE", proof)
    certificate(cloud, arn)
    listener, acm = listen(cloud, balancer, arn), cloud.client("acm")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    cloud.client("elbv2").delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=arn)
    assert arn not in [each["CertificateArn"] for each in acm.list_certificates()["CertificateSummaryList"]]


def test_a_record_is_created_once_and_overwritten_only_when_told_so(cloud: Local, zone: str) -> None:
    proof = {"Name": "a.example.test.", "Type": "CNAME", "Value": "b.example.test."}
    change(cloud, zone, "CREATE", proof)
    with pytest.raises(ClientError, match="already exists"):
        change(cloud, zone, "CREATE", {**proof, "Value": "c.example.test."})
    change(cloud, zone, "UPSERT", proof, ttl=60)
    change(cloud, zone, "DELETE", proof, ttl=60)
    with pytest.raises(ClientError, match="was not found"):
        change(cloud, zone, "DELETE", proof, ttl=60)


def test_a_private_zone_needs_a_network_that_there_is(cloud: Local) -> None:
    with pytest.raises(ClientError, match="InvalidVPCId"):
        cloud.client("route53").create_hosted_zone(
            Name="example.test", CallerReference="1", VPC={"VPCId": "vpc-1", "VPCRegion": "eu-central-1"}
        )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"zoneId": "zone", "domain": "example.test"}, "not the ID of a hosted zone"),
        ({"zoneId": ZONE, "domain": "example.test"}, "already there"),
    ],
)
def test_a_zone_that_cannot_be_put_there_is_refused(
    cloud: Local, zone: str, body: dict[str, str], says: str
) -> None:
    status, answer = call(cloud, "zones", body)
    assert (status, says in answer["error"]) == (400, True)
