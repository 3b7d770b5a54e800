"""A load balancer before the scene's target group, and alarms over what it measures."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.cloud.scene import Scene

ERRING, CRASHING, SLOW = "ami-0000000000000e440", "ami-0000000000000c4a5", "ami-00000000000051000"


def balanced(scene: Scene) -> list[dict[str, str]]:
    """Puts a load balancer before the target group; returns the dimensions of their metrics."""
    balancer = scene.elbv2.create_load_balancer(Name="web", Subnets=scene.subnet_ids)["LoadBalancers"][0]
    arn = balancer["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": scene.target_group_arn}]
    scene.elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=forward)
    return [
        {"Name": "LoadBalancer", "Value": arn.split(":loadbalancer/")[1]},
        {"Name": "TargetGroup", "Value": scene.target_group_arn.rsplit(":", 1)[1]},
    ]


def image_version(scene: Scene, image_id: str, behaviour: str) -> int:
    """A version of the scene's template with an image that behaves so."""
    scene.cloud.image(image_id, rehearsal_behaviour=behaviour)
    version = scene.ec2.create_launch_template_version(
        LaunchTemplateId=scene.template_id,
        LaunchTemplateData={"ImageId": image_id, "InstanceType": "m7g.large"},
    )
    return int(version["LaunchTemplateVersion"]["VersionNumber"])


class Alarms:
    """CloudWatch as a person sees it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.client = scene, scene.cloud.client("cloudwatch")
        self.dimensions = balanced(scene)

    def put(self, metric: str, threshold: float, **settings: Any) -> str:
        """An alarm over one metric of the target group: above the threshold for one minute."""
        name = str(settings.pop("AlarmName", metric))
        given: dict[str, Any] = {
            "MetricName": metric,
            "Namespace": "AWS/ApplicationELB",
            "Dimensions": self.dimensions,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        given |= settings
        kept = {key: value for key, value in given.items() if value is not None}
        self.client.put_metric_alarm(AlarmName=name, **kept)
        return name

    def put_expression(self, expression: str, threshold: float, **settings: Any) -> str:
        """`errors` and `requests` of the target group, a minute's sums, put together by the expression."""
        counted = {"errors": "HTTPCode_Target_5XX_Count", "requests": "RequestCount"}
        metrics: list[dict[str, Any]] = [
            {"Id": name, "ReturnData": False, "MetricStat": self.stat(metric)}
            for name, metric in counted.items()
        ]
        metrics.append({"Id": "percent", "Expression": expression, "ReturnData": True})
        self.client.put_metric_alarm(
            AlarmName="errors",
            Metrics=metrics,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            **(
                {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching"}
                | settings
            ),
        )
        return "errors"

    def stat(self, metric: str, stat: str = "Sum", period: int = 60) -> dict[str, Any]:
        of = {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": self.dimensions}
        return {"Metric": of, "Period": period, "Stat": stat}

    def alarm(self, name: str) -> dict[str, Any]:
        return dict(self.client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0])

    def state(self, name: str) -> str:
        return str(self.alarm(name)["StateValue"])
