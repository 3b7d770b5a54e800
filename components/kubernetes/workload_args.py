"""What a workload is made of, and the values that one workload hands to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pulumi import Output, ProviderResource
from pydantic import Field, StringConstraints, model_validator

from ..args import Args, DatabaseAccess, Late, Port, SecretReference
from ..server_access import DATABASE_VARIABLES, VARIABLE_NAME, url_variable
from ..target_group import HealthPath, Host, Path
from .quantities import Quantity

LONGEST_NAME = 46
"""Characters of a workload's name. A Job's name is a label of its pods, which takes 63; `-migrate-` and eight
more follow the workload's. (Kubernetes: "Labels and Selectors", "Job names".)"""

WorkloadName = Annotated[
    str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=LONGEST_NAME)
]
"""Of Deployment, Service and service account: a DNS label that begins with a letter (RFC 1035)."""

PortName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$")]
"""Kubernetes takes 15 characters, with a letter among them."""

ContainerImage = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+@sha256:[0-9a-f]{64}$"
    ),
]
"""A repository and a digest, such as `registry/shop@sha256:…`. Never a tag: what it names changes without a
diff, and then a rollback brings back something else."""

LabelName = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$")
]
LabelValue = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$", max_length=63)
]

CPU = Quantity(request="100m", limit="500m")
MEMORY = Quantity(request="128Mi", limit="128Mi")


def file_variable(secret: str) -> str:
    """The variable that says where a secret's file is."""
    return f"{secret}_FILE"


class WorkloadCallee(Args):
    """Another workload as its callers see it: `callee()`, or `Workload.callee`."""

    url: Late
    """Such as `http://billing.workloads:8080`."""
    name: WorkloadName
    port: Port


def callee(name: str, namespace: Late, port: Port) -> WorkloadCallee:
    """What callers of the workload `name` are told, before it is made: two may call each other."""
    return WorkloadCallee(
        url=Output.concat("http://", name, ".", namespace, ":", str(port)), name=name, port=port
    )


class Ingress(Args):
    """A way in by an ingress controller that the cluster has. An environment's own workloads are reached
    through its load balancer instead, and need none."""

    class_name: str
    """The controller, as an `IngressClass` names it."""
    hosts: tuple[Host, ...] = Field(min_length=1)
    paths: tuple[Path, ...] = ("/",)
    """Prefixes."""
    tls_secret_name: str | None = None
    annotations: Mapping[str, str] = Field(default_factory=dict)
    controller_namespace: str
    """Where the controller's pods run: the network policy lets them in."""


class WorkloadArgs(Args):
    """What a `Workload` is made of. Its cluster is that of the provider in `ResourceOptions(provider=…)`.

    Raises ValueError for what Kubernetes would refuse, or would take and never do. Without `port` and `ports`
    it is a worker, which nobody asks.
    """

    kubeconfig: Late
    """Of the same cluster, for the rollout, which asks it itself. JSON; holds no token."""
    namespace: Late
    """Usually `WorkloadNamespace.name`."""
    keeper: ProviderResource | None = None
    """Of the same cluster, with leave to take over what is there: usually `WorkloadNamespace.keeper`. Without
    it, a config that goes back to what it was finds its ConfigMap in the way."""
    image: ContainerImage | Output[str]
    """By digest. Another one is rolled out and watched."""
    port: Port | None = None
    """Where it is asked, by plain HTTP: the port `http` of container and Service. Above 1023, as containers
    are not root."""
    ports: Mapping[PortName, Port] = Field(default_factory=dict)
    """Further ones by name, such as `metrics`."""
    health_path: HealthPath = "/healthz"
    health_port: Port | None = None
    """One of those above; `port` without it. A workload without ports has no probes: it is judged by whether
    it stays up."""
    min_size: int = Field(default=2, ge=1)
    max_size: int = Field(default=2, ge=1)
    cpu_target_percent: int = Field(default=50, ge=1, le=100)
    """Of `cpu.request`, averaged over the pods: more of them above it, fewer below."""
    cpu: Quantity = CPU
    memory: Quantity = MEMORY
    command: tuple[str, ...] = ()
    """Instead of the image's own entry point."""
    migrate: tuple[str, ...] = ()
    """A command of the image that runs in a Job before each new version, once. It must end well on a database
    that a later image has migrated, or a rollback stops at it."""
    migrate_timeout_seconds: int = Field(default=1800, ge=10, le=86_400)
    """How long that may take, over all tries."""
    environment: Mapping[str, Late] = Field(default_factory=dict)
    """Variables. Never a secret: whoever may read ConfigMaps reads them."""
    secrets: Mapping[str, SecretReference] = Field(default_factory=dict)
    """Secrets by name: the value is the file `/mnt/secrets/NAME`, and the variable `NAME_FILE` says so."""
    database: DatabaseAccess | None = None
    """Told in `DATABASE_HOST`, `_PORT`, `_NAME`, `_SECRET`, `_SECRET_FILE` and, where there is IAM
    authentication, `_USER`."""
    database_cidrs: tuple[Late, ...] = ()
    """Where the database's addresses are: a network policy knows no names and no security groups."""
    calls: Mapping[str, WorkloadCallee] = Field(default_factory=dict)
    """Other workloads of the namespace by name: the way to `billing` is opened on both sides, and
    `BILLING_URL` is its address."""
    exposed: bool = False
    """Whether each node answers for it, on a port of the cluster's choice: `Workload.node_port`."""
    entry_cidrs: tuple[Late, ...] = ()
    """Who may ask it at that port. Those of the nodes' subnets: a node hands a request on in its own name."""
    api_cidrs: tuple[Late, ...] = ("0.0.0.0/0",)
    """Where it may call on 443, such as AWS's APIs."""
    ingress: Ingress | None = None
    log_group_name: Late | None = None
    """Where the log agent ships its lines. None: nowhere."""
    service_account_token: bool = False
    """Whether pods get a token for the Kubernetes API."""
    drain_seconds: int = Field(default=15, ge=0, le=3600)
    """How long a pod that is to go still serves, while the last requests find their way to it."""
    termination_grace_seconds: int = Field(default=60, ge=1, le=7200)
    """How long it has altogether, from the same moment; then it is killed."""
    startup_seconds: int = Field(default=120, ge=10, le=3600)
    """How long a new container may take until it first answers."""
    min_ready_seconds: int = Field(default=10, ge=0, le=600)
    """How long a new pod must stay ready before it counts, and the next one is replaced."""
    progress_deadline_seconds: int = Field(default=600, ge=30, le=7200)
    """How long a rollout may go without a step forward."""
    rollout_timeout_seconds: int = Field(default=3600, ge=60, le=86_400)
    """How long an update waits altogether."""
    max_surge: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]?|100)%$")] | int = "25%"
    """How many new pods beside those that are wanted. None of these is ever missing meanwhile."""
    user_id: int | None = Field(default=None, ge=1)
    """Whom the container runs as. None: the image's user, which has to be a number other than 0."""
    tmp_size_mib: int = Field(default=256, ge=1)
    """What may be written, in /tmp: all else is read-only."""
    labels: Mapping[LabelName, LabelValue] = Field(default_factory=dict)
    """Put on every object and every pod, beside those of `labels.py`."""

    @model_validator(mode="after")
    def _acceptable(self) -> WorkloadArgs:
        for problem in (*self._port_problems(), *self._size_problems(), *self._name_problems()):
            raise ValueError(problem)
        return self

    @property
    def served(self) -> dict[str, int]:
        """Every port by name; the one that is asked first."""
        return {**({} if self.port is None else {"http": self.port}), **self.ports}

    @property
    def asked_health_port(self) -> int | None:
        return self.health_port or self.port

    def variables(self) -> dict[str, Late]:
        """Every variable of the container but those of secrets. Names are known at once, values may be
        late."""
        found: dict[str, Late] = dict(self.environment)
        if self.database is not None:
            database = self.database
            told = (database.host, str(database.port), database.name, database.secret_arn, database.user)
            by_name = zip(DATABASE_VARIABLES, told, strict=True)
            found |= {name: value for name, value in by_name if value is not None}
        return found | {url_variable(name): callee.url for name, callee in self.calls.items()}

    def mounted(self) -> dict[str, Late]:
        """What is a file, by the file's name: where its secret lies."""
        found = {name: secret.arn for name, secret in self.secrets.items()}
        if self.database is not None:
            found["DATABASE_SECRET"] = self.database.secret_arn
        return {name: found[name] for name in sorted(found)}

    def _port_problems(self) -> Iterator[str]:
        served = self.served
        if "http" in self.ports:
            yield "ports may not name http, which is the name of port: give it another name"
        for name, port in served.items():
            if list(served.values()).count(port) > 1:
                yield f"port {port} is served twice: give each its own number"
            if port < 1024:
                yield f"port {port} is root's, and the container is not root: listen above 1023"
            if name.isdigit():
                yield f"{name} is no name for a port: it needs a letter"
        if self.health_port is not None and self.health_port not in served.values():
            known = ", ".join(map(str, served.values())) or "none"
            yield f"health_port {self.health_port} is not served: name one of port and ports ({known})"
        if self.port is None and (self.exposed or self.ingress):
            yield "without a port nobody asks it: give it one, or leave out exposed and ingress"
        if bool(self.entry_cidrs) != self.exposed:
            yield "exposed and entry_cidrs go together: give both or none"

    def _size_problems(self) -> Iterator[str]:
        if self.max_size < self.min_size:
            yield f"max_size {self.max_size} is below min_size {self.min_size}: raise it"
        if self.termination_grace_seconds <= self.drain_seconds:
            yield (
                f"termination_grace_seconds {self.termination_grace_seconds} is over before the pod has "
                f"drained for {self.drain_seconds} s: raise it"
            )
        if isinstance(self.max_surge, int) and self.max_surge < 1:
            yield f"max_surge {self.max_surge} leaves no pod to be replaced: give it 1 or more"
        if self.progress_deadline_seconds <= self.startup_seconds + self.min_ready_seconds:
            yield (
                f"progress_deadline_seconds {self.progress_deadline_seconds} is over before a pod started "
                f"({self.startup_seconds} s) and stayed ready ({self.min_ready_seconds} s): raise it"
            )
        if self.rollout_timeout_seconds < self.progress_deadline_seconds:
            yield (
                f"rollout_timeout_seconds {self.rollout_timeout_seconds} is shorter than "
                f"progress_deadline_seconds {self.progress_deadline_seconds}: raise it"
            )

    def _name_problems(self) -> Iterator[str]:
        for name in (*self.environment, *self.secrets):
            if not VARIABLE_NAME.fullmatch(name):
                yield f"{name!r} is no name for an environment variable: use letters, digits and _"
        own = [url_variable(name) for name in self.calls] + [file_variable(name) for name in self.secrets]
        if self.database is not None:
            own += [*DATABASE_VARIABLES, file_variable("DATABASE_SECRET")]
        for name in own:
            if own.count(name) > 1:
                yield f"two of secrets, database and calls make the variable {name}: rename one"
            if name in self.environment:
                yield f"{name} is set by the component: take it out of the environment"
        if (self.database is None) != (not self.database_cidrs):
            yield "database and database_cidrs go together: give both or none"
