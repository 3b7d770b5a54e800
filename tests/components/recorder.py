"""A Pulumi engine that makes nothing and writes everything down, for tests of components.

It refuses a resource type or a function that it does not know: a component that begins to make something else
must say so in a test.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

ACCOUNT = "123456789012"
REGION = "eu-central-1"

Outputs = Callable[[str], dict[str, Any]]


def _arn(service: str, kind: str) -> Outputs:
    return lambda name: {"arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{name}"}


def _nothing(_: str) -> dict[str, Any]:
    return {}


OUTPUTS: dict[str, Outputs] = {
    "aws:acm/certificate:Certificate": _arn("acm", "certificate"),
    "aws:acm/certificateValidation:CertificateValidation": _nothing,
    "aws:autoscaling/attachment:Attachment": _nothing,
    "aws:autoscaling/group:Group": lambda name: {
        "name": f"{name}-group",
        "arn": f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/{name}-group",
    },
    "aws:autoscaling/notification:Notification": _nothing,
    "aws:autoscaling/lifecycleHook:LifecycleHook": _nothing,
    "aws:autoscaling/policy:Policy": _nothing,
    "aws:autoscaling/schedule:Schedule": _nothing,
    "aws:budgets/budget:Budget": lambda name: {"name": f"{name}-budget"},
    "aws:cloudwatch/dashboard:Dashboard": _nothing,
    "aws:cloudwatch/eventRule:EventRule": lambda name: {"name": f"{name}-rule"},
    "aws:cloudwatch/eventTarget:EventTarget": _nothing,
    "aws:cloudwatch/logGroup:LogGroup": lambda name: {
        "name": f"{name}-log",
        "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}-log",
    },
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": _nothing,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _nothing,
    "aws:cloudwatch/logStream:LogStream": _nothing,
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda name: {"name": f"{name}-alarm"},
    "aws:cloudwatch/queryDefinition:QueryDefinition": _nothing,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _nothing,
    "aws:ec2/eip:Eip": lambda name: {"allocationId": f"eipalloc-{name}"},
    "aws:ec2/flowLog:FlowLog": _nothing,
    "aws:ec2/internetGateway:InternetGateway": _nothing,
    "aws:ec2/launchTemplate:LaunchTemplate": lambda _: {"latestVersion": 7},
    "aws:ec2/natGateway:NatGateway": _nothing,
    "aws:ec2/networkAcl:NetworkAcl": _nothing,
    "aws:ec2/route:Route": _nothing,
    "aws:ec2/routeTable:RouteTable": _nothing,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _nothing,
    "aws:ec2/securityGroup:SecurityGroup": _arn("ec2", "security-group"),
    "aws:ec2/subnet:Subnet": _nothing,
    "aws:ec2/vpc:Vpc": _arn("ec2", "vpc"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda name: {"prefixListId": f"pl-{name}"},
    "aws:eks/accessEntry:AccessEntry": _nothing,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _nothing,
    "aws:eks/addon:Addon": _nothing,
    "aws:eks/cluster:Cluster": lambda name: {
        "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}-1a2b3c4d",
        "endpoint": f"https://{name}.eks.example",
        "certificateAuthority": {"data": "Q0E="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.example/{name}"}]}],
    },
    "aws:eks/nodeGroup:NodeGroup": lambda name: {
        "nodeGroupName": f"{name}-group",
        "resources": [{"autoscalingGroups": [{"name": f"eks-{name}-group"}]}],
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _nothing,
    "aws:iam/instanceProfile:InstanceProfile": lambda name: {
        "name": f"{name}-profile",
        "arn": f"arn:profile/{name}",
    },
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": lambda _: {
        "arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    },
    "aws:iam/policy:Policy": lambda name: {"arn": f"arn:aws:iam::{ACCOUNT}:policy/delivery/{name}"},
    "aws:iam/role:Role": lambda name: {"name": f"{name}-role", "arn": f"arn:role/{name}"},
    "aws:iam/rolePolicy:RolePolicy": _nothing,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _nothing,
    "aws:imagebuilder/component:Component": lambda name: {"arn": f"arn:component/{name}"},
    "aws:imagebuilder/distributionConfiguration:DistributionConfiguration": lambda name: {
        "arn": f"arn:distribution/{name}"
    },
    "aws:imagebuilder/imagePipeline:ImagePipeline": lambda name: {"arn": f"arn:pipeline/{name}"},
    "aws:imagebuilder/imageRecipe:ImageRecipe": lambda name: {"arn": f"arn:recipe/{name}"},
    "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration": lambda name: {
        "arn": f"arn:infrastructure/{name}"
    },
    "aws:kms/grant:Grant": lambda name: {"grantId": f"grant-{name}"},
    "aws:kms/key:Key": lambda name: {
        "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}",
        "keyId": "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d",
    },
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": lambda name: {
        "name": f"{name}-stream",
        "arn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}-stream",
    },
    "aws:lb/listener:Listener": lambda name: {"arn": f"arn:listener/{name}"},
    "aws:lb/listenerRule:ListenerRule": lambda name: {"arn": f"arn:rule/{name}"},
    "aws:lb/loadBalancer:LoadBalancer": lambda name: {
        "arn": f"arn:lb/{name}",
        "arnSuffix": f"app/{name}",
        "dnsName": f"{name}.elb.example",
        "zoneId": "Z-OF-AWS",
    },
    "aws:lb/targetGroup:TargetGroup": lambda name: {
        "arn": f"arn:tg/{name}",
        "arnSuffix": f"targetgroup/{name}",
    },
    "aws:lambda/function:Function": lambda name: {
        "name": f"{name}-function",
        "arn": f"arn:function/{name}",
    },
    "aws:lambda/invocation:Invocation": lambda _: {"result": "{}"},
    "aws:lambda/permission:Permission": _nothing,
    "aws:rds/eventSubscription:EventSubscription": _nothing,
    "aws:rds/instance:Instance": lambda name: {
        "arn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
        "address": f"{name}.rds.example",
        "resourceId": f"db-{name.upper()}",
        "username": "steward",
        "masterUserSecrets": [
            {"secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-{name}"}
        ],
    },
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _nothing,
    "aws:rds/parameterGroup:ParameterGroup": lambda name: {"name": f"{name}-name"},
    "aws:rds/proxy:Proxy": lambda name: {"name": f"{name}-name", "endpoint": f"{name}.proxy.example"},
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": lambda _: {"name": "default"},
    "aws:rds/proxyTarget:ProxyTarget": _nothing,
    "aws:rds/subnetGroup:SubnetGroup": lambda name: {"name": f"{name}-name"},
    "aws:route53/record:Record": _nothing,
    "aws:route53/zone:Zone": lambda name: {"zoneId": f"{name}-zone"},
    "aws:s3/bucket:Bucket": lambda name: {"arn": f"arn:aws:s3:::{name}"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _nothing,
    "aws:s3/bucketLogging:BucketLogging": _nothing,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _nothing,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _nothing,
    "aws:s3/bucketPolicy:BucketPolicy": _nothing,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _nothing,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _nothing,
    "aws:s3/bucketVersioning:BucketVersioning": _nothing,
    "aws:scheduler/schedule:Schedule": _nothing,
    "aws:scheduler/scheduleGroup:ScheduleGroup": lambda name: {
        "name": f"{name}-schedules",
        "arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}-schedules",
    },
    "aws:secretsmanager/secret:Secret": _arn("secretsmanager", "secret"),
    "aws:secretsmanager/secretRotation:SecretRotation": _nothing,
    "aws:sns/topic:Topic": lambda name: {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}-topic"},
    "aws:sns/topicPolicy:TopicPolicy": _nothing,
    "aws:sns/topicSubscription:TopicSubscription": _nothing,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _nothing,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _nothing,
    "aws:wafv2/webAclAssociation:WebAclAssociation": _nothing,
    "kubernetes:apps/v1:DaemonSet": _nothing,
    "kubernetes:apps/v1:Deployment": _nothing,
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": _nothing,
    "kubernetes:batch/v1:Job": _nothing,
    "kubernetes:core/v1:ConfigMap": _nothing,
    "kubernetes:core/v1:Namespace": _nothing,
    "kubernetes:core/v1:Service": _nothing,
    "kubernetes:core/v1:ServiceAccount": _nothing,
    "kubernetes:networking.k8s.io/v1:Ingress": _nothing,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": _nothing,
    "kubernetes:policy/v1:PodDisruptionBudget": _nothing,
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": _nothing,
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": _nothing,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": _nothing,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": _nothing,
    "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass": _nothing,
    "pulumi:providers:kubernetes": _nothing,
    "pulumi-python:dynamic/instancerefresh:Rollout": lambda name: {
        "refresh_id": f"refresh-{name}",
        "status": "Successful",
        "reason": "",
        "previous_image_id": None,
    },
    "pulumi-python:dynamic/kubernetes:DeploymentRollout": lambda name: {
        "status": "Successful",
        "reason": "",
        "revision": "1",
        "replica_set": f"{name}-1",
        "finished_at": "2026-11-21T00:00:00Z",
        "previous_image": "",
    },
}
"""What each type adds to its inputs when it exists. Its ID is its logical name with `-id`."""


def _proofs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """As ACM lists them: a domain and its wildcard with one record, in an order of its own."""
    names = [*inputs.get("subjectAlternativeNames", ()), inputs["domainName"]]
    domains = {name: name.removeprefix("*.") for name in names}
    return {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": f"_proof.{domain}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_of.{domain}.acm-validations.aws.",
            }
            for name, domain in domains.items()
        ]
    }


def _with_uid(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"metadata": {**inputs["metadata"], "uid": f"uid-{inputs['metadata']['name']}"}}


def _with_node_ports(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """One that is exposed gets a port on every node, by the cluster's choice."""
    spec = inputs["spec"]
    if spec["type"] != "NodePort":
        return {}
    ports = [{**port, "nodePort": 30000 + number} for number, port in enumerate(spec["ports"])]
    return {"spec": {**spec, "ports": ports}}


FROM_INPUTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "kubernetes:apps/v1:Deployment": _with_uid,
    "kubernetes:core/v1:Service": _with_node_ports,
    "kubernetes:core/v1:ServiceAccount": _with_uid,
    "aws:acm/certificate:Certificate": _proofs,
    "aws:eks/cluster:Cluster": lambda inputs: {
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster"}
    },
    "aws:route53/record:Record": lambda inputs: {"fqdn": inputs["name"].rstrip(".")},
}
"""What a type makes of its inputs when it exists."""


def outputs_of(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """All outputs of a resource of a known type."""
    derive = FROM_INPUTS.get(args.typ)
    derived = derive(args.inputs) if derive else {}
    return {**args.inputs, **OUTPUTS[args.typ](args.name), **derived}


JSON_INPUTS = ("assumeRolePolicy", "eventPattern", "policy")


@dataclass(frozen=True)
class Resource:
    """One resource as the program registered it."""

    key: str
    """Type without package and module, and logical name: `Vpc net`; of a component: `the Network net`."""
    type: str
    parent: str
    """The key of its parent; `Stack` for the stack itself."""
    inputs: dict[str, Any]
    options: dict[str, Any]
    """Those that are set: `ignore_changes`, `replace_on_changes`, `retain_on_delete`, `protect`,
    `delete_before_replace`, and `timeouts` to create, update and delete."""
    after: list[str]
    """Keys of what it waits for by `depends_on` alone."""
    uses: list[str]
    """Keys of what its inputs come from."""


@dataclass
class Built:
    """All that a program registered, in order, and the outputs that it returned."""

    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def inputs(self, kind: str = "") -> dict[str, dict[str, Any]]:
        """Inputs by key, of the resources that a provider makes; of one kind only when it is given."""
        return {
            key: resource.inputs
            for key, resource in self.resources.items()
            if not resource.type.startswith("immutable:") and key.startswith(f"{kind} " if kind else "")
        }

    def parents(self) -> dict[str, str]:
        return {key: resource.parent for key, resource in self.resources.items()}

    def types(self) -> dict[str, str]:
        return {key: resource.type for key, resource in self.resources.items()}

    def options(self) -> dict[str, dict[str, Any]]:
        return {key: found.options for key, found in self.resources.items() if found.options}

    def after(self) -> dict[str, list[str]]:
        return {key: found.after for key, found in self.resources.items() if found.after}


class Recorder(mocks.MockMonitor):
    """Answers the SDK as an engine does, and keeps what it was asked."""

    def __init__(self, built: Built) -> None:
        super().__init__(_Mocks())
        self.built = built

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            resource = _resource(request)
            if resource.key in self.built.resources:
                raise AssertionError(f"two resources are {resource.key}")
            self.built.resources[resource.key] = resource
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class _Mocks(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.startswith("immutable:"):
            return "", dict(args.inputs)
        if args.typ not in OUTPUTS:
            raise AssertionError(f"{args.typ} {args.name} is a type that no test expects")
        return f"{args.name}-id", outputs_of(args)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"components call no functions: {args.token}")


def _resource(request: Any) -> Resource:
    inputs = rpc.deserialize_properties(request.object)
    options = {
        "ignore_changes": list(request.ignoreChanges),
        "replace_on_changes": list(request.replaceOnChanges),
        "retain_on_delete": request.retainOnDelete,
        "protect": request.protect,
    }
    set_options = {name: value for name, value in options.items() if value}
    if request.customTimeouts.update:
        times = request.customTimeouts
        set_options["timeouts"] = (times.create, times.update, times.delete)
    if request.deleteBeforeReplaceDefined:
        # To say no is to overrule the provider.
        set_options["delete_before_replace"] = request.deleteBeforeReplace
    by_property = {urn for found in request.propertyDependencies.values() for urn in found.urns}
    return Resource(
        key=_named(request.type, request.name),
        type=request.type,
        parent=_key(request.parent),
        inputs={name: _readable(name, value) for name, value in inputs.items()},
        options=set_options,
        after=sorted(_key(urn) for urn in set(request.dependencies) - by_property),
        uses=sorted(_key(urn) for urn in by_property),
    )


def _readable(name: str, value: Any) -> Any:
    return json.loads(value) if name in JSON_INPUTS and isinstance(value, str) else value


def _key(urn: str) -> str:
    kind, name = urn.split("::")[2:4]
    last = kind.split("$")[-1]
    return "Stack" if last == "pulumi:pulumi:Stack" else _named(last, name)


def _named(kind: str, name: str) -> str:
    """A component is told from the resource that it is named after by a `the` before it."""
    article = "the " if kind.startswith("immutable:") else ""
    if kind.startswith("immutable:index:"):
        article = "the plugin's "
    return f"{article}{kind.split(':')[-1]} {name}"


def run(program: Callable[[], Mapping[str, Any]]) -> Built:
    """Run `program` and wait for all of it; what it returns is resolved into `outputs`."""
    built = Built()

    def main() -> pulumi.Output[Any]:
        return pulumi.Output.all(**program()).apply(built.outputs.update)

    run_apart(main, Recorder(built), "test")
    return built


def run_apart(main: Callable[[], pulumi.Output[Any]], monitor: mocks.MockMonitor, stack: str) -> None:
    """Run `main` as the program of `stack`, in a context of its own.

    The SDK keeps the stack that it is in there, and a test of the engine may run later in this process.
    """

    def recorded() -> None:
        mocks.set_mocks(monitor.mocks, project="immutable", stack=stack, preview=False, monitor=monitor)
        mocks.test(main)()  # type: ignore[no-untyped-call]

    ensure_loop()
    contextvars.copy_context().run(recorded)


def ensure_loop() -> None:
    """Give this thread an event loop when it has none: the engine takes its own away when it is done."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
