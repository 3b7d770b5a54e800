"""A cluster for tests and demonstrations, without EKS: its nodes and add-ons are what it is given."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.kubernetes.clusters import ANY_ROLE, Cluster, Node

if TYPE_CHECKING:
    from rehearsal.cloud.local import Local
    from rehearsal.cloud.world import World

REGION = "eu-central-1"


class Given:
    """Facts that a test may change: `nodes_now`, `add_ons_now`, `roles` by ARN; roles of pods by
    namespace and service account, and of all others.
    """

    def __init__(self, version: str, nodes: Sequence[Node], add_ons: Collection[str]) -> None:
        self.version = version
        self.nodes_now = list(nodes)
        self.add_ons_now = set(add_ons)
        self.roles: dict[str, str] = {}
        self.pod_roles: dict[tuple[str, str], str] = {}
        self.other_pods_role: str | None = ANY_ROLE

    def nodes(self) -> Sequence[Node]:
        return self.nodes_now

    def add_ons(self) -> Collection[str]:
        return self.add_ons_now

    def pod_role(self, namespace: str, service_account: str) -> str | None:
        return self.pod_roles.get((namespace, service_account), self.other_pods_role)

    def access(self, principal_arn: str) -> str | None:
        return self.roles.get(principal_arn)


class TestCluster:
    """A cluster that answers, and how to reach it."""

    __test__ = False

    def __init__(self, cluster: Cluster, facts: Given, token: str, url: str) -> None:
        self.cluster, self.facts, self.token = cluster, facts, token
        self.endpoint = f"{url}{cluster.path}"

    @property
    def nodes(self) -> list[Node]:
        """As they are; another list is taken in at once."""
        return list(self.facts.nodes_now)

    @nodes.setter
    def nodes(self, nodes: Sequence[Node]) -> None:
        with self.cluster.world.lock:
            self.facts.nodes_now = list(nodes)
            self.cluster.refresh()

    @property
    def kubeconfig(self) -> dict[str, Any]:
        return kubeconfig(self.cluster.name, self.endpoint, self.token)

    @property
    def api(self) -> Any:
        """A client of the `kubernetes` package."""
        from kubernetes import client

        configuration = client.Configuration(host=self.endpoint)
        configuration.api_key = {"authorization": f"Bearer {self.token}"}
        return client.ApiClient(configuration)


def kubeconfig(name: str, endpoint: str, token: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def nodes_of(count: int, zones: Sequence[str] = ("a", "b", "c"), region: str = REGION) -> list[Node]:
    """So many nodes, over the zones in turn."""
    return [
        Node(
            name=f"ip-10-0-{number + 1}-10.{region}.compute.internal",
            instance_id=f"i-{number:017x}",
            zone=f"{region}{zones[number % len(zones)]}",
            node_group="workers",
            internal_ip=f"10.0.{number + 1}.10",
        )
        for number in range(count)
    ]


def open_cluster(
    world: World, name: str, *, region: str = REGION, version: str = "1.36", nodes: int = 3,
    add_ons: Collection[str] = (),
) -> tuple[Cluster, Given, str]:  # fmt: skip
    """Raises ValueError for a version that has no schemas."""
    facts = Given(version, nodes_of(nodes, region=region), add_ons)
    world.kubernetes.open(region, name, facts)
    cluster = world.kubernetes.clusters[(region, name)]
    token = secrets.token_hex(16)
    cluster.tokens[token] = "admin"
    return cluster, facts, token


def cluster(
    cloud: Local, name: str = "demo", *, version: str = "1.36", nodes: int = 3, add_ons: Collection[str] = ()
) -> TestCluster:
    """In a cloud of the own process, in its region."""
    with cloud.cloud.lock:
        made, facts, token = open_cluster(
            cloud.world, name, region=cloud.region, version=version, nodes=nodes, add_ons=add_ons
        )
    return TestCluster(made, facts, token, cloud.url)


def opened(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """What the cloud's own interface answers. Raises KeyError without a name, ValueError for a wrong
    version.
    """
    made, _, token = open_cluster(
        world,
        str(body["name"]),
        region=str(body.get("region", REGION)),
        version=str(body.get("version", "1.36")),
        nodes=int(body.get("nodes", 3)),
        add_ons=[str(each) for each in body.get("addOns", ())],
    )
    config = kubeconfig(made.name, made.endpoint, token)
    return {"endpoint": made.endpoint, "token": token, "kubeconfig": config}
