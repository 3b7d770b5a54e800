from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import Scene


def test_a_protected_load_balancer_is_deleted_only_after_its_protection(scene: Scene) -> None:
    made = scene.elbv2.create_load_balancer(Name="entry", Subnets=scene.subnet_ids)
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]

    def protect(value: str) -> None:
        attributes = [{"Key": "deletion_protection.enabled", "Value": value}]
        scene.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)

    protect("true")
    with pytest.raises(ClientError, match=r"OperationNotPermitted.*deletion protection is enabled"):
        scene.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert scene.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    protect("false")
    scene.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert not scene.elbv2.describe_load_balancers()["LoadBalancers"]
