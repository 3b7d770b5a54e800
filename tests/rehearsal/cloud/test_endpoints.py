"""VPC endpoints of the emulated cloud, where moto's are other than AWS's."""

from __future__ import annotations

from rehearsal.cloud.local import running


def test_a_gateway_endpoint_goes_after_the_route_table_that_it_was_in() -> None:
    with running() as cloud:
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        made = ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName="com.amazonaws.eu-central-1.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=[table],
        )["VpcEndpoint"]["VpcEndpointId"]
        ec2.delete_route_table(RouteTableId=table)
        assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
        (left,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
        assert left["State"] == "deleted"
