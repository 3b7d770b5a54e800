"""Whatever is released after whatever, a deployment with maxUnavailable 0 never serves with fewer pods than
it wants, and ends with what was asked for last.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.cloud.kubernetes.testing import cluster
from rehearsal.cloud.local import running
from tests.rehearsal.cloud.kubernetes.api import (
    DEPLOYMENTS,
    GOOD,
    PODS,
    REPLICA_SETS,
    Api,
    condition,
    deployment,
)

WANTED, SURGE = 3, 1
BEHAVIOURS = ("healthy", "missing", "crash-loop", "never-ready", "slow")
RELEASES = st.lists(st.tuples(st.sampled_from(BEHAVIOURS), st.integers(0, 90)), min_size=1, max_size=6)


def counts(api: Api) -> tuple[int, int]:
    """Pods that are ready, pods that are to stay."""
    staying = [pod for pod in api.items(PODS) if not pod["metadata"].get("deletionTimestamp")]
    return sum(condition(pod, "Ready") == ("True", "") for pod in staying), len(staying)


@settings(max_examples=15, deadline=None)
@given(releases=RELEASES)
def test_no_sequence_of_releases_takes_serving_pods_away(releases: list[tuple[str, int]]) -> None:
    with running() as cloud:
        api = Api(cloud, cluster(cloud))
        api.namespace()
        api.apply(DEPLOYMENTS, deployment(GOOD, WANTED))
        cloud.step(60)
        for number, (behaviour, seconds) in enumerate(releases):
            image = f"web:{number}-{behaviour}"
            api.behaves(image, behaviour)
            api.apply(DEPLOYMENTS, deployment(image, WANTED))
            for step in (seconds / 3,) * 3:
                cloud.step(step)
                ready, staying = counts(api)
                assert ready >= WANTED
                assert staying <= WANTED + SURGE
        api.apply(DEPLOYMENTS, deployment(GOOD, WANTED))
        cloud.step(600)
        assert counts(api) == (WANTED, WANTED)
        assert {pod["spec"]["containers"][0]["image"] for pod in api.items(PODS)} == {GOOD}
        assert [each["spec"]["replicas"] for each in api.items(REPLICA_SETS) if each["spec"]["replicas"]] == [
            WANTED
        ]
        found = api.get(f"{DEPLOYMENTS}/web")
        assert condition(found, "Progressing") == ("True", "NewReplicaSetAvailable")
