"""The log agent of a cluster: one pod for each node, which ships what workloads print to their log groups.

From there on it is as with servers: the group keeps the lines, and its subscription takes them to the bucket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_kubernetes import apps, core, networking
from pydantic import Field

from .. import policies
from ..args import ComponentArgs, Late
from . import system_objects
from .labels import fingerprint
from .log_agent_pod import AGENT, daemon_set
from .log_agent_settings import SETTINGS_FILE, settings
from .quantities import Quantity
from .workload_args import ContainerImage
from .workload_identity import WorkloadIdentity, WorkloadIdentityArgs

LABELS = system_objects.labels(AGENT)
READER = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
"""Looking at a pod that it knows by name, and no more."""


class LogAgentArgs(ComponentArgs):
    """What a `LogAgent` is made of. Its cluster is that of the provider in `ResourceOptions(provider=…)`."""

    image: ContainerImage
    """Fluent Bit by digest, from 4.0 on, which knows pod identities; AWS's own image (aws-for-fluent-bit) or
    another one that has it in /fluent-bit."""
    cluster_name: Late
    cluster_arn: Late
    region: str
    log_group_arns: Mapping[str, Late] = Field(default_factory=dict)
    """The log groups of the workloads, by workload: it may write to these, and to no others."""
    cpu: Quantity = Quantity(request="50m", limit="500m")
    memory: Quantity = Quantity(request="128Mi", limit="256Mi")
    api_cidrs: tuple[Late, ...] = ("0.0.0.0/0",)
    """Where it may call on 443: CloudWatch Logs and the Kubernetes API."""


class LogAgent(pulumi.ComponentResource):
    """Fluent Bit on every node, with an identity of its own.

    It sees all files below the node's /var/log and changes none. That is why its namespace, which holds
    nothing else, takes pods that are not restricted.
    """

    namespace: str
    role_arn: Output[str]

    def __init__(self, name: str, args: LogAgentArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:logagent:LogAgent", name, None, opts)
        child = ResourceOptions(parent=self)
        space = system_objects.namespace(name, AGENT, "privileged", child)
        inside = ResourceOptions(parent=self, depends_on=[space])
        identity = WorkloadIdentity(name, _identity(args), child)
        ways = networking.v1.NetworkPolicy(
            name,
            metadata=system_objects.metadata(AGENT),
            spec=system_objects.ways(args.api_cidrs),
            opts=inside,
        )
        allowed = system_objects.account(name, AGENT, READER, inside)
        text = settings(args.region)
        config = core.v1.ConfigMap(
            name,
            metadata=system_objects.metadata(AGENT, f"{AGENT}-{fingerprint(text)}"),
            data={SETTINGS_FILE: text},
            immutable=True,
            opts=inside,
        )
        apps.v1.DaemonSet(
            name,
            metadata=system_objects.metadata(AGENT),
            spec=daemon_set(args, LABELS, config.metadata["name"]),
            # A pod that starts before it has its identity never gets it.
            opts=ResourceOptions(parent=self, depends_on=[identity, ways, *allowed]),
        )
        self.namespace = AGENT
        self.role_arn = identity.role_arn
        self.register_outputs({"roleArn": self.role_arn})


def writer(log_group_arns: Sequence[str]) -> policies.Statement:
    """Writing to these log groups, in any order: not reading them, not creating others."""
    return {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": sorted(each for arn in log_group_arns for each in (arn, f"{arn}:*")),
    }


def _identity(args: LogAgentArgs) -> WorkloadIdentityArgs:
    statements: tuple[Any, ...] = ()
    if args.log_group_arns:
        every = Output.all(*args.log_group_arns.values())
        statements = ({**writer([]), "Resource": every.apply(lambda arns: writer(arns)["Resource"])},)
    return WorkloadIdentityArgs(
        cluster_name=args.cluster_name,
        cluster_arn=args.cluster_arn,
        namespace=AGENT,
        service_account=AGENT,
        policy_statements=statements,
        tags=args.tags,
    )
